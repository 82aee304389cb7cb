//! How each state is reached: by user calls and segments, never by writing into the record.

use tcpspec_core::event::{Actions, Call, Event, Remote};
use tcpspec_core::{Context, Control, Instant, Profile, Segment, SeqNumber, State, Tcb, step};

/// Our initial send sequence number.
pub(crate) const ISS: SeqNumber = SeqNumber(1000);
/// The peer's.
pub(crate) const IRS: SeqNumber = SeqNumber(5000);
/// Octets that each end takes.
pub(crate) const WINDOW: u16 = 1000;
/// What the users send.
pub(crate) const TEXT: [u8; 10] = [7; 10];

/// A state, and for SYN-RECEIVED the way to it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Goal {
    /// The state.
    pub(crate) state: State,
    /// OPEN without `active`.
    pub(crate) passive: bool,
}

/// What has happened before, so that each timer and each answer has its occasion.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// Ten octets were sent and not acknowledged, where the state lets that be.
    InFlight,
    /// Ten octets arrived and were not read; none were sent.
    Unread,
    /// The peer has closed its window; ten octets wait.
    ClosedWindow,
    /// The peer takes five octets; ten wait.
    NarrowWindow,
}

impl Occasion {
    /// All of them, the usual one first.
    pub(crate) const ALL: [Self; 4] = [Self::InFlight, Self::Unread, Self::ClosedWindow, Self::NarrowWindow];

    /// A word for it in tables.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::InFlight => "",
            Self::Unread => ", text unread",
            Self::ClosedWindow => ", window 0",
            Self::NarrowWindow => ", window 5",
        }
    }
}

/// A connection on its way to a state.
pub(crate) struct Journey {
    /// The record.
    pub(crate) tcb: Tcb,
    /// The steps, in words.
    pub(crate) steps: Vec<String>,
    actions: Actions,
}

/// Takes a connection to `goal`; none if the occasion does not exist there.
pub(crate) fn reach(goal: Goal, occasion: Occasion) -> Option<Journey> {
    let profile = Profile {
        receive_buffer: WINDOW.into(),
        send_buffer: WINDOW.into(),
        announced_mss: 536,
        ..Profile::default()
    };
    let mut journey = Journey { tcb: Tcb::closed(profile), steps: Vec::new(), actions: Actions::default() };
    journey.open(goal);
    if goal.state.is_synchronized() {
        journey.arrange(occasion);
        journey.close(goal.state);
    } else if occasion != Occasion::InFlight {
        return None;
    }
    (journey.tcb.state == goal.state).then_some(journey)
}

impl Journey {
    fn open(&mut self, goal: Goal) {
        let remote = Remote::Specified;
        match goal.state {
            State::Closed => return,
            State::Listen => {
                return self.call("OPEN passive", Call::OpenPassive { remote: Remote::Unspecified });
            }
            State::SynReceived if goal.passive => {
                self.call("OPEN passive", Call::OpenPassive { remote: Remote::Unspecified });
                return self.arrives("SYN", Control::SYN, IRS, SeqNumber(0), WINDOW, &[]);
            }
            _ => self.call("OPEN active", Call::OpenActive { remote }),
        }
        match goal.state {
            State::SynSent => {}
            State::SynReceived => self.arrives("SYN", Control::SYN, IRS, SeqNumber(0), WINDOW, &[]),
            _ => self.arrives("SYN,ACK", Control::SYN | Control::ACK, IRS, ISS + 1, WINDOW, &[]),
        }
    }

    fn arrange(&mut self, occasion: Occasion) {
        let window = match occasion {
            Occasion::InFlight => return self.send(),
            Occasion::Unread => {
                let (seq, ack) = (self.tcb.rcv.nxt, self.tcb.snd.una);
                return self.arrives("text", Control::ACK, seq, ack, WINDOW, &TEXT);
            }
            Occasion::ClosedWindow => 0,
            Occasion::NarrowWindow => 5,
        };
        self.peer("window", Control::ACK, self.tcb.snd.una, window);
        self.send();
    }

    fn close(&mut self, state: State) {
        let fin = Control::FIN | Control::ACK;
        let wnd = u16::try_from(self.tcb.snd.wnd).unwrap_or(u16::MAX);
        if matches!(state, State::FinWait1 | State::FinWait2 | State::Closing | State::TimeWait) {
            self.call("CLOSE", Call::Close);
        }
        if matches!(state, State::FinWait2 | State::TimeWait) {
            self.peer("ACK of all", Control::ACK, self.tcb.snd.nxt, wnd);
        }
        if matches!(state, State::CloseWait | State::Closing | State::LastAck | State::TimeWait) {
            self.peer("FIN", fin, self.tcb.snd.una, wnd);
        }
        if state == State::LastAck {
            self.call("CLOSE", Call::Close);
        }
    }

    fn send(&mut self) {
        let call =
            Call::Send { text: &TEXT, push: true, urgent: false, timeout: None, remote: Remote::Unspecified };
        self.call("SEND 10", call);
    }

    fn peer(&mut self, what: &str, ctl: Control, ack: SeqNumber, wnd: u16) {
        self.arrives(what, ctl, self.tcb.rcv.nxt, ack, wnd, &[]);
    }

    fn arrives(&mut self, what: &str, ctl: Control, seq: SeqNumber, ack: SeqNumber, wnd: u16, text: &[u8]) {
        self.steps.push(format!("{what} arrives"));
        let segment = Segment { seq, ack, ctl, wnd, text, ..Segment::default() };
        self.step(Event::SegmentArrives(&segment));
    }

    fn call(&mut self, what: &str, call: Call<'_>) {
        self.steps.push(what.to_owned());
        self.step(Event::Call(call));
    }

    fn step(&mut self, event: Event<'_>) {
        let context = Context { now: Instant::ZERO, iss: ISS };
        step(&mut self.tcb, context, event, &mut self.actions);
    }
}
