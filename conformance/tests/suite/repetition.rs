//! How the same octets are cut into segments, and whether a segment comes again, makes no difference to what a user
//! gets (P-19, P-20).

use crate::stories::cases;
use proptest::prelude::*;
use tcpspec_core::event::{Actions, Call, Event, Remote};
use tcpspec_core::invariants::checked_step;

use tcpspec_core::{Context, Control, Instant, Profile, Segment, SeqNumber, State, Tcb};

const IRS: SeqNumber = SeqNumber(u32::MAX - 20);
const ISS: SeqNumber = SeqNumber(77);

/// What a scripted peer sends: some octets of its stream, perhaps with the FIN behind them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Piece {
    start: u32,
    len: u32,
    fin: bool,
}

/// One end, opened passively by a scripted peer.
struct Receiver {
    tcb: Tcb,
    actions: Actions,
    read: Vec<u8>,
}

impl Receiver {
    fn open(profile: Profile) -> Self {
        let mut receiver = Self { tcb: Tcb::closed(profile), actions: Actions::default(), read: Vec::new() };
        receiver.step(Event::Call(Call::OpenPassive { remote: Remote::Unspecified }));
        receiver.arrives(&Segment { seq: IRS, ctl: Control::SYN, wnd: 4096, ..Segment::default() });
        receiver.arrives(&Segment {
            seq: IRS + 1,
            ack: ISS + 1,
            ctl: Control::ACK,
            wnd: 4096,
            ..Segment::default()
        });
        assert_eq!(receiver.tcb.state, State::Established);
        receiver
    }

    fn step(&mut self, event: Event<'_>) {
        let context = Context { now: Instant::ZERO, iss: ISS };
        checked_step(&mut self.tcb, context, event, &mut self.actions)
            .unwrap_or_else(|broken| panic!("{broken}"));
        self.read.extend_from_slice(&self.actions.octets);
    }

    fn arrives(&mut self, segment: &Segment<'_>) {
        self.step(Event::SegmentArrives(segment));
    }

    fn take(&mut self, piece: Piece) {
        let text: Vec<u8> = (piece.start..piece.start + piece.len).map(|at| (at % 251) as u8).collect();
        let fin = if piece.fin { Control::FIN } else { Control::NONE };
        let ctl = Control::ACK | Control::PSH | fin;
        let seq = IRS + 1 + piece.start;
        self.arrives(&Segment { seq, ack: ISS + 1, ctl, wnd: 4096, text: &text, ..Segment::default() });
    }

    /// Everything that the user can get, the state, and the next number expected.
    fn outcome(mut self) -> (Vec<u8>, State, SeqNumber) {
        if !self.tcb.receive_queue.is_empty() {
            self.step(Event::Call(Call::Receive { max: u32::MAX }));
        }
        (self.read, self.tcb.state, self.tcb.rcv.nxt)
    }
}

/// A stream cut into pieces, with a FIN at its end or none.
fn pieces() -> impl Strategy<Value = Vec<Piece>> {
    (proptest::collection::vec(1..100_u32, 1..12), any::<bool>()).prop_map(|(lengths, fin)| {
        let last = lengths.len() - 1;
        let mut start = 0;
        let cut = |(index, len)| {
            let piece = Piece { start, len, fin: fin && index == last };
            start += len;
            piece
        };
        lengths.into_iter().enumerate().map(cut).collect()
    })
}

/// Cuts pieces in two, and melts neighbours into one.
fn cut_anew(pieces: &[Piece], choices: &[(u8, u8)]) -> Vec<Piece> {
    let mut cut = pieces.to_vec();
    for &(index, at) in choices {
        let index = usize::from(index) % cut.len();
        let (piece, at) = (cut[index], u32::from(at));
        match cut.get(index + 1).copied() {
            Some(next) if at % 2 == 0 => {
                cut[index] = Piece { len: piece.len + next.len, fin: next.fin, ..piece };
                cut.remove(index + 1);
            }
            _ if piece.len > 0 => {
                let first = at % (piece.len + u32::from(piece.fin));
                cut[index] = Piece { len: first, fin: false, ..piece };
                let rest = Piece { start: piece.start + first, len: piece.len - first, fin: piece.fin };
                cut.insert(index + 1, rest);
            }
            _ => {}
        }
    }
    cut
}

fn deliver(profile: Profile, pieces: &[Piece], order: &[u8]) -> Receiver {
    let mut left = pieces.to_vec();
    let mut receiver = Receiver::open(profile);
    let mut order = order.iter().cycle();
    while !left.is_empty() {
        let index = order.next().map_or(0, |choice| usize::from(*choice) % left.len().min(4));
        receiver.take(left.remove(index));
    }
    receiver
}

fn profiles() -> impl Strategy<Value = Profile> {
    any::<[bool; 2]>().prop_map(|[rfc793, at_once]| {
        let base = if rfc793 { Profile::rfc793() } else { Profile::default() };
        Profile { delayed_ack: base.delayed_ack.filter(|_| !at_once), ..base }
    })
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn segments_may_be_cut_and_melted_anew(
        profile in profiles(),
        pieces in pieces(),
        choices in proptest::collection::vec(any::<(u8, u8)>(), 0..12),
        orders in any::<[[u8; 8]; 2]>(),
    ) {
        let anew = cut_anew(&pieces, &choices);
        let total: u32 = pieces.iter().map(|piece| piece.len).sum();
        prop_assert_eq!(anew.iter().map(|piece| piece.len).sum::<u32>(), total);
        let outcome = deliver(profile, &pieces, &orders[0]).outcome();
        prop_assert_eq!(outcome.0.len(), total as usize, "all of it");
        prop_assert_eq!(outcome, deliver(profile, &anew, &orders[1]).outcome());
    }

    #[test]
    fn a_segment_that_comes_again_changes_nothing(
        profile in profiles(),
        pieces in pieces(),
        again in proptest::collection::vec(any::<(u8, u8, bool)>(), 0..20),
    ) {
        let once = deliver(profile, &pieces, &[0]).outcome();
        let mut receiver = Receiver::open(profile);
        for (taken, piece) in pieces.iter().enumerate() {
            receiver.take(*piece);
            for &(_, which, read) in again.iter().filter(|(when, ..)| usize::from(*when) % pieces.len() == taken) {
                let before = (receiver.tcb.receive_queue.clone(), receiver.tcb.state, receiver.tcb.rcv.nxt);
                receiver.take(pieces[usize::from(which) % (taken + 1)]);
                let after = (receiver.tcb.receive_queue.clone(), receiver.tcb.state, receiver.tcb.rcv.nxt);
                prop_assert_eq!(before, after);
                if read && !receiver.tcb.receive_queue.is_empty() {
                    receiver.step(Event::Call(Call::Receive { max: 17 }));
                }
            }
        }
        prop_assert_eq!(receiver.outcome(), once);
    }
}
