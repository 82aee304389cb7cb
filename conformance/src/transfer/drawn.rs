//! Transfers by chance: for any stack, not only for those whose choices are ours.

use super::{Act, Buffer, Deed, EndChoice, Network, Opening, Pause, Segments, Size, Transfer};
use crate::engine::Draw;

/// Most acts of one; every user reads and closes in the end, so that few are enough.
const MOST_ACTS: u32 = 10;

impl Transfer {
    /// The transfer that these choices make.
    #[must_use]
    pub fn drawn(draw: &mut Draw<'_>) -> Self {
        let opening = match draw.below(8) {
            0..=4 => Opening::PassiveActive,
            5 => Opening::Simultaneous,
            6 => Opening::BothPassive,
            _ => Opening::Early { late: Pause(octet(draw)), active: draw.one_in(2) },
        };
        Self {
            ends: [(); 2].map(|()| end(draw)),
            msl: 1 + small(draw, 8),
            network: network(draw),
            opening,
            acts: (0..draw.below(MOST_ACTS + 1)).map(|_| act(draw)).collect(),
        }
    }
}

fn end(draw: &mut Draw<'_>) -> EndChoice {
    let near = u32::from(octet(draw)) << 6;
    EndChoice {
        iss: draw.of_these(&[near.wrapping_neg(), (1 << 31) - near, near]),
        receive_buffer: buffer(draw),
        send_buffer: buffer(draw),
        segments: draw.weighted(&[(4, Segments::Usual), (2, Segments::Small), (1, Segments::Smallest)]),
        rfc793: draw.one_in(4),
        throttled: draw.one_in(4),
        ignore_resets_in_time_wait: draw.one_in(4),
        reuse_time_wait: draw.one_in(4),
        acknowledge_at_once: draw.one_in(2),
        nagle: draw.one_in(2),
        measure_round_trips: draw.one_in(2),
        congestion_control: draw.one_in(2),
    }
}

fn buffer(draw: &mut Draw<'_>) -> Buffer {
    match draw.below(8) {
        0..=3 => Buffer::Usual,
        4 | 5 => Buffer::Large,
        6 => Buffer::Small(octet(draw)),
        _ => Buffer::Tiny(octet(draw)),
    }
}

/// One network in four is fair from the start; the others do harm to at most two in five segments.
fn network(draw: &mut Draw<'_>) -> Network {
    let mut network = Network { seed: 0, delay: small(draw, 100), ..Network::default() };
    if draw.one_in(4) {
        return network;
    }
    network.seed = u16::from(octet(draw));
    let harmed = [
        &mut network.jitter,
        &mut network.loss,
        &mut network.duplication,
        &mut network.reordering,
        &mut network.corruption,
    ];
    for chance in harmed {
        *chance = if draw.one_in(2) { small(draw, 100) } else { 0 };
    }
    network.set_aside = octet(draw);
    network
}

fn act(draw: &mut Draw<'_>) -> Act {
    let deed = match draw.below(28) {
        0..=13 => Deed::Send(Size(octet(draw))),
        14..=17 => Deed::Read(Size(octet(draw))),
        18..=20 => Deed::ReadAll,
        21..=23 => Deed::StopReading,
        24..=26 => Deed::Close,
        _ => Deed::Abort,
    };
    Act { after: Pause(small(draw, 120)), left: draw.one_in(2), deed }
}

fn octet(draw: &mut Draw<'_>) -> u8 {
    small(draw, 256)
}

/// A number below a limit of at most 256.
fn small(draw: &mut Draw<'_>, limit: u32) -> u8 {
    u8::try_from(draw.below(limit)).unwrap_or(u8::MAX)
}
