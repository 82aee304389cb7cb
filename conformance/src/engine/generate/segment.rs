//! Segments of the scripted peer: those of an honest one, and those of anybody.

use tcpspec_core::Control;

use super::{PeerProfile, segment};
use crate::engine::draw::Draw;
use crate::scenario::{AddressClass, Anchor, Damage, OptionSpec, SegmentSpec, SeqExpr};

/// Most octets of text: what fits beside the largest headers into the largest packet that a link of ours carries.
const MOST_TEXT: u32 = 20_000;

pub(super) const fn ack_of(anchor: Anchor, offset: i64) -> SeqExpr {
    SeqExpr::Anchor(anchor, offset)
}

/// What an honest peer might send: text in order or beyond a hole, acknowledgments of some or all, a window, a FIN,
/// and any of it once more, as networks duplicate and reorder.
pub(in crate::engine) fn plausible(draw: &mut Draw<'_>, peer: PeerProfile) -> SegmentSpec {
    let mut sent = segment(Control::ACK, peer.window);
    match draw.weighted(&[(6, 0), (5, 1), (2, 2), (3, 3), (2, 4), (1, 5), (1, 6), (1, 7)]) {
        0 => {}
        1 => {
            sent.len = text(draw, peer);
            sent.ctl = draw.of_these(&[Control::ACK, Control::ACK | Control::PSH]);
        }
        2 => {
            // A hole before it; some other segment may fill it.
            sent.len = text(draw, peer);
            sent.seq = Some(ack_of(Anchor::PeerNxt, i64::from(peer.text)));
        }
        3 => {
            sent.ctl = Control::ACK | Control::FIN;
            sent.len = draw.weighted(&[(3, 0), (1, peer.text)]);
        }
        4 => {
            // Once more, and maybe more than the first time.
            sent.len = text(draw, peer);
            sent.seq = Some(ack_of(Anchor::PeerNxt, -i64::from(peer.text)));
        }
        5 => {
            sent.ctl = Control::ACK | Control::FIN;
            sent.seq = Some(ack_of(Anchor::PeerNxt, -1));
        }
        6 => {
            sent.ctl = Control::SYN;
            sent.seq = Some(SeqExpr::Relative(0));
            sent.options = peer.options.list();
        }
        _ => {
            sent.ctl = Control::RST;
            sent.seq = Some(ack_of(Anchor::RcvNxt, 0));
        }
    }
    if sent.ctl.has(Control::ACK) && draw.one_in(3) {
        sent.ack = Some(ack_of(draw.of_these(&[Anchor::SndUna, Anchor::SndMid]), 0));
    }
    if draw.one_in(4) {
        sent.wnd = window(draw);
    }
    sent
}

/// Octets of text: mostly as the peer's segments have.
fn text(draw: &mut Draw<'_>, peer: PeerProfile) -> u32 {
    match draw.weighted(&[(6, 0), (2, 1), (1, 2)]) {
        0 => peer.text,
        1 => draw.of_these(&[1, 2, 10, 100, 1000]),
        _ => peer.text.saturating_mul(2).min(MOST_TEXT),
    }
}

fn window(draw: &mut Draw<'_>) -> Option<u16> {
    draw.weighted(&[
        (4, None),
        (4, Some(0)),
        (2, Some(1)),
        (2, Some(10)),
        (1, Some(100)),
        (2, Some(1000)),
        (1, Some(30_000)),
    ])
}

/// A segment of which every field may be anything, but is near the live numbers for the most part.
pub(in crate::engine) fn hostile(draw: &mut Draw<'_>, peer: PeerProfile) -> SegmentSpec {
    let mut sent = segment(flags(draw), peer.window);
    for _ in 0..1 + draw.below(3) {
        change_segment(draw, peer, &mut sent);
    }
    sent
}

fn flags(draw: &mut Draw<'_>) -> Control {
    const A: u8 = Control::ACK.0;
    const S: u8 = Control::SYN.0;
    const F: u8 = Control::FIN.0;
    const R: u8 = Control::RST.0;
    const U: u8 = Control::URG.0;
    const P: u8 = Control::PSH.0;
    match draw.weighted(&[(20, 0), (1, 1)]) {
        0 => Control(draw.weighted(&[
            (6, A),
            (2, A | P),
            (3, F | A),
            (3, R),
            (3, R | A),
            (3, S),
            (3, S | A),
            (1, F),
            (1, 0),
            (1, S | F),
            (1, S | R),
            (1, S | F | A),
            (1, R | F | A),
            (2, U | A),
            (1, U | A | P | F),
        ])),
        _ => Control(u8::try_from(draw.below(256)).unwrap_or_default()),
    }
}

/// Changes one field of a segment.
pub(in crate::engine) fn change_segment(draw: &mut Draw<'_>, peer: PeerProfile, sent: &mut SegmentSpec) {
    match draw.weighted(&[(16, 0), (12, 1), (6, 2), (8, 3), (6, 4), (2, 5), (2, 6), (2, 7), (1, 8)]) {
        0 => sent.seq = sequence(draw),
        1 => sent.ack = acknowledgment(draw),
        2 => sent.ctl = flags(draw),
        3 => sent.len = length(draw, peer),
        4 => sent.wnd = window(draw),
        5 => {
            sent.ctl |= Control::URG;
            let end = u16::try_from(sent.len).unwrap_or(u16::MAX);
            sent.up = draw.of_these(&[0, 1, end, end.saturating_add(1), end / 2, u16::MAX]);
        }
        6 => sent.options = options(draw, peer),
        7 => sent.damage = damage(draw),
        _ => {
            let class = Some(draw.of_these(&AddressClass::ALL));
            (sent.from, sent.to) = if draw.one_in(2) { (class, sent.to) } else { (sent.from, class) };
        }
    }
}

fn sequence(draw: &mut Draw<'_>) -> Option<SeqExpr> {
    let offset = if draw.one_in(4) { i64::from(draw.below(5)) - 2 } else { 0 };
    match draw.weighted(&[(3, 0), (12, 1), (2, 2), (2, 3), (1, 4), (1, 5)]) {
        0 => None,
        1 => {
            let anchor = draw.weighted(&[
                (3, Anchor::RcvNxt),
                (2, Anchor::RcvMid),
                (2, Anchor::RcvLast),
                (3, Anchor::RcvEdge),
                (3, Anchor::PeerNxt),
                (1, Anchor::SegSeq),
                (1, Anchor::SegEnd),
            ]);
            Some(ack_of(anchor, offset))
        }
        2 => Some(SeqExpr::Relative(draw.below(3))),
        // Just to the left of the window, where duplicates are.
        3 => Some(ack_of(Anchor::RcvNxt, -1 - i64::from(draw.below(20)))),
        4 => Some(ack_of(Anchor::RcvNxt, (1 << 31) + i64::from(draw.below(3)) - 1)),
        _ => Some(SeqExpr::Absolute(draw.any())),
    }
}

fn acknowledgment(draw: &mut Draw<'_>) -> Option<SeqExpr> {
    let offset = if draw.one_in(4) { i64::from(draw.below(5)) - 2 } else { 0 };
    match draw.weighted(&[(2, 0), (12, 1), (1, 2), (2, 3), (1, 4), (1, 5)]) {
        0 => None,
        1 => {
            let anchor = draw.weighted(&[
                (3, Anchor::SndUna),
                (2, Anchor::SndMid),
                (3, Anchor::SndNxt),
                (1, Anchor::SndOld),
                (1, Anchor::SegAck),
            ]);
            Some(ack_of(anchor, offset))
        }
        2 => Some(SeqExpr::Relative(draw.below(3))),
        3 => Some(ack_of(Anchor::SndNxt, 1 + i64::from(draw.below(200)))),
        4 => Some(ack_of(Anchor::SndNxt, (1 << 31) + i64::from(draw.below(3)) - 1)),
        _ => Some(SeqExpr::Absolute(draw.any())),
    }
}

fn length(draw: &mut Draw<'_>, peer: PeerProfile) -> u32 {
    match draw.weighted(&[(3, 0), (3, 1), (2, 2), (1, 3)]) {
        0 => 0,
        1 => text(draw, peer),
        2 => draw.of_these(&[1, 2, 6, 7, 100, 536, 1000, 1460]),
        _ => draw.of_these(&[4095, 4096, 4097, MOST_TEXT]),
    }
}

fn options(draw: &mut Draw<'_>, peer: PeerProfile) -> Option<Vec<OptionSpec>> {
    match draw.below(8) {
        0 => None,
        1 => Some(Vec::new()),
        2 => peer.options.list(),
        3 => Some(vec![OptionSpec::MaximumSegmentSize(draw.of_these(&[0, 1, 8, 536, 1460, u16::MAX]))]),
        4 => Some(vec![OptionSpec::Timestamps { value: draw.any(), echo_reply: draw.any() }]),
        5 => {
            let octets = (0..1 + draw.below(12)).map(|_| u8::try_from(draw.below(256)).unwrap_or_default());
            Some(vec![OptionSpec::Raw(octets.collect())])
        }
        6 => {
            let edge = |draw: &mut Draw<'_>| {
                let anchor = draw.of_these(&[Anchor::SndUna, Anchor::SndMid, Anchor::SndNxt]);
                ack_of(anchor, i64::from(draw.below(3)) - 1)
            };
            Some(vec![OptionSpec::Sack((0..1 + draw.below(2)).map(|_| (edge(draw), edge(draw))).collect())])
        }
        // Options whose lengths lie: too short to be there, and past the end of the header.
        _ => Some(vec![OptionSpec::Raw(
            draw.of_these::<&[u8]>(&[&[2, 0], &[2, 1, 5], &[254, 40], &[2, 3, 5], &[3, 3]]).to_vec(),
        )]),
    }
}

fn damage(draw: &mut Draw<'_>) -> Damage {
    let sound = Damage::default();
    match draw.below(4) {
        0 => sound,
        1 => Damage { bad_checksum: true, ..sound },
        2 => Damage { data_offset: Some(draw.of_these(&[0, 4, 6, 15])), ..sound },
        _ => Damage { reserved: u8::try_from(1 + draw.below(15)).unwrap_or(1), ..sound },
    }
}
