//! Segments that no honest peer sends, on either side of every edge: nothing panics, every invariant holds.

use proptest::prelude::*;

use tcpspec_core::profile::TimeWaitReuse;
use tcpspec_core::{Call, Control, Profile, SeqNumber, State, Timer};

use crate::fixture::{Connection, Remote, Seg, When, arrives};

/// What a hostile network, user or clock may do next, relative to where the connection stands.
#[derive(Clone, Debug)]
enum Move {
    /// A segment: offsets from RCV.NXT and SND.UNA, control bits, window, urgent pointer, octets of text.
    Segment {
        seq: i32,
        ack: i32,
        ctl: u8,
        wnd: u16,
        up: u16,
        len: usize,
    },
    Call(Call<'static>),
    Timer(usize),
}

static TEXT: [u8; 64] = *b"the quick brown fox jumps over the lazy dog, and then once more.";

/// Near, mostly; `farthest` is the far end of the sequence space.
fn offset(farthest: i32) -> impl Strategy<Value = i32> {
    prop_oneof![6 => -3_i32..=3, 4 => -20_i32..=20, 1 => any::<i32>(), 1 => Just(farthest), 1 => Just(i32::MAX)]
}

fn call() -> impl Strategy<Value = Call<'static>> {
    let remote = prop_oneof![Just(Remote::Specified), Just(Remote::Unspecified)];
    prop_oneof![
        1 => remote.clone().prop_map(|remote| Call::OpenPassive { remote }),
        1 => remote.clone().prop_map(|remote| Call::OpenActive { remote }),
        4 => (0_usize..=TEXT.len(), any::<bool>(), any::<bool>(), remote).prop_map(|(len, push, urgent, remote)| {
            Call::Send { text: &TEXT[..len], push, urgent, timeout: None, remote }
        }),
        3 => (0_u32..20).prop_map(|max| Call::Receive { max }),
        2 => Just(Call::Close),
        1 => Just(Call::Abort),
        1 => Just(Call::Status),
    ]
}

fn next_move() -> impl Strategy<Value = Move> {
    let wnd = prop_oneof![2 => 0_u16..4, 2 => 0_u16..100, 1 => any::<u16>()];
    // Most segments carry ACK; with every bit equally likely hardly any would get past the SYN and RST checks.
    let ctl =
        prop_oneof![5 => Just(0x10_u8), 3 => Just(0x11), 2 => Just(0x18), 1 => Just(0x12), 1 => any::<u8>()];
    let up = prop_oneof![4 => 0_u16..20, 1 => any::<u16>()];
    prop_oneof![
        // A number exactly half the space away is neither before nor after another one; an acknowledgment there has no
        // meaning that an invariant could hold it to.
        8 => (offset(i32::MIN), offset(-i32::MAX), ctl, wnd, up, 0_usize..12)
            .prop_map(|(seq, ack, ctl, wnd, up, len)| Move::Segment { seq, ack, ctl, wnd, up, len }),
        3 => call().prop_map(Move::Call),
        2 => (0..Timer::ALL.len()).prop_map(Move::Timer),
    ]
}

fn profile() -> impl Strategy<Value = Profile> {
    let sizes = (0_u32..40, 0_u32..80, 0_u8..3, prop_oneof![Just(0_u16), 1_u16..8, Just(u16::MAX)]);
    (sizes, any::<[bool; 8]>()).prop_map(|((receive_buffer, send_buffer, queued_receives, mss), flags)| {
        Profile {
            receive_buffer,
            send_buffer,
            queued_receives,
            default_mss: mss,
            announced_mss: mss,
            exact_resets: flags[0],
            challenge_syns: flags[1],
            acknowledgment_range: flags[2],
            ignore_resets_in_time_wait: flags[3],
            time_wait_reuse: if flags[4] {
                TimeWaitReuse::HigherSequenceNumber
            } else {
                TimeWaitReuse::Refused
            },
            nagle: flags[5],
            half_duplex_close: flags[6],
            delayed_ack: flags[7].then_some(std::time::Duration::from_millis(200)),
            ..Profile::default()
        }
    })
}

fn when(connection: &Connection, next: &Move) -> When {
    match *next {
        Move::Call(call) => When::Calls(call),
        Move::Timer(index) => When::TimesOut(Timer::ALL[index]),
        Move::Segment { seq, ack, ctl, wnd, up, len } => arrives(Seg {
            seq: connection.tcb.rcv.nxt.0.wrapping_add_signed(seq),
            ack: connection.tcb.snd.una.0.wrapping_add_signed(ack),
            ctl: Control(ctl),
            wnd,
            up,
            text: TEXT[..len].to_vec(),
            ..Seg::default()
        }),
    }
}

proptest! {
    #[test]
    fn no_sequence_of_events_panics_or_breaks_an_invariant(
        profile in profile(),
        iss in prop_oneof![Just(u32::MAX), Just(u32::MAX - 10), any::<u32>()],
        moves in prop::collection::vec(next_move(), 1..60),
        active: bool,
    ) {
        let mut connection = Connection::closed(profile);
        connection.context.iss = SeqNumber(iss);
        connection.on(if active { crate::fixture::open_active() } else { crate::fixture::open_passive() });
        for next in &moves {
            let event = when(&connection, next);
            connection.on(event);
            // Rendering reads the text of every segment sent: it has to be where the segment says.
            let _ = (connection.sent(), connection.told());
        }
    }
}

#[test]
fn every_pair_of_control_bits_and_edges_is_survived_in_every_state() {
    for state in State::ALL {
        let given = Connection::in_state(state);
        let (nxt, edge) = (given.tcb.rcv.nxt.0, given.tcb.right_edge().0);
        for seq in [nxt.wrapping_sub(1), nxt, nxt.wrapping_add(1), edge.wrapping_sub(1), edge] {
            for ctl in 0..=u8::MAX {
                for len in [0, 1, 2] {
                    let text = TEXT[..len].to_vec();
                    let acknowledged = given.tcb.snd.nxt.0;
                    let segment =
                        Seg { seq, ack: acknowledged, ctl: Control(ctl), up: 1, text, ..Seg::default() };
                    let after = given.clone().after(arrives(segment));
                    assert!(!after.actions.rules.is_empty(), "every segment meets a rule");
                }
            }
        }
    }
}
