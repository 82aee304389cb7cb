//! A connection in its stride allocates nothing: queues and sinks keep their memory.
//!
//! A test binary of its own, because it counts what the whole process allocates.

use tcpspec_core::event::{Outcome, Remote};
use tcpspec_core::{
    Actions, Call, Context, Control, Event, Instant, Profile, Segment, SeqNumber, State, Tcb, step,
};

const TEXT: [u8; 500] = [7; 500];

/// A connection and its peer, who acknowledges everything and never loses anything.
struct Pair {
    tcb: Tcb,
    actions: Actions,
    peer_nxt: SeqNumber,
    now: u64,
}

impl Pair {
    fn established() -> Self {
        let mut pair = Self {
            tcb: Tcb::closed(Profile::default()),
            actions: Actions::default(),
            peer_nxt: SeqNumber(1000),
            now: 0,
        };
        pair.step(Event::Call(Call::OpenPassive { remote: Remote::Unspecified }));
        pair.peer_sends(Control::SYN, &[]);
        pair.peer_sends(Control::ACK, &[]);
        assert_eq!(pair.tcb.state, State::Established);
        pair
    }

    fn step(&mut self, event: Event<'_>) {
        self.now += 1_000;
        let context = Context { now: Instant(self.now), iss: SeqNumber(300) };
        step(&mut self.tcb, context, event, &mut self.actions);
    }

    fn peer_sends(&mut self, ctl: Control, text: &[u8]) {
        let segment = Segment {
            seq: self.peer_nxt,
            ack: self.tcb.snd.nxt,
            ctl,
            wnd: 8_000,
            text,
            ..Segment::default()
        };
        self.peer_nxt = segment.end();
        self.step(Event::SegmentArrives(&segment));
    }

    /// Text comes and is read, text goes and is acknowledged.
    fn exchange(&mut self) {
        self.peer_sends(Control::ACK, &TEXT);
        self.step(Event::Call(Call::Receive { max: 500 }));
        assert_eq!(self.actions.reply(), Some(Outcome::Received { len: 500, push: false, urgent: false }));
        let remote = Remote::Unspecified;
        self.step(Event::Call(Call::Send { text: &TEXT, push: true, urgent: false, timeout: None, remote }));
        assert_eq!(self.actions.segments().count(), 1);
        self.peer_sends(Control::ACK, &[]);
    }
}

#[test]
fn a_steady_exchange_allocates_nothing() {
    let mut pair = Pair::established();
    (0..20).for_each(|_| pair.exchange());
    let measured = allocation_counter::measure(|| (0..1_000).for_each(|_| pair.exchange()));
    assert_eq!(measured.count_total, 0, "{measured:?}");
}
