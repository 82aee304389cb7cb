//! A connection that tests bring into any state by real steps, and small verbs to make it speak.
//!
//! Numbers follow the figures of RFC 9293 §3.5: our initial sequence number is 100, the peer's is 300, and the peer
//! offers a window of 1000 octets. [`numbers`] says where they stand in each state. What a step sends is rendered in
//! the notation of the RFC, `<SEQ=101><ACK=301><CTL=ACK>`; windows and options are left out, as in its figures.

use std::fmt::Write as _;
use std::time::Duration;

use tcpspec_core::invariants::checked_step;
use tcpspec_core::segment::Integrity;
use tcpspec_core::{
    Action, Actions, Call, Context, Control, Event, IcmpError, Instant, Outcome, Outgoing, Profile, Rule,
    Segment, SeqNumber, State, Tcb, Timer,
};

pub(crate) use tcpspec_core::event::Remote;

/// Our initial send sequence number.
pub(crate) const ISS: u32 = 100;
/// The peer's.
pub(crate) const IRS: u32 = 300;
/// The window that the peer offers unless a test says otherwise.
pub(crate) const PEER_WINDOW: u16 = 1000;

/// Where the sequence numbers stand when [`Connection::in_state`] hands over a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbers {
    /// SND.NXT
    pub(crate) snd: u32,
    /// SND.UNA
    pub(crate) una: u32,
    /// RCV.NXT
    pub(crate) rcv: u32,
}

/// Where a connection in `state` stands: SYN and FIN take one number each, and no text was sent.
pub(crate) const fn numbers(state: State) -> Numbers {
    let (snd, una, rcv) = match state {
        State::Closed | State::Listen => (0, 0, 0),
        State::SynSent => (101, 100, 0),
        State::SynReceived => (101, 100, 301),
        State::Established => (101, 101, 301),
        State::FinWait1 => (102, 101, 301),
        State::FinWait2 => (102, 102, 301),
        State::CloseWait => (101, 101, 302),
        State::Closing | State::LastAck => (102, 101, 302),
        State::TimeWait => (102, 102, 302),
    };
    Numbers { snd, una, rcv }
}

/// The first number past our receive window in every state that has one, with the default buffer of 4096 octets.
pub(crate) const RIGHT_EDGE: u32 = 301 + 4096;

/// A segment that owns its octets: what a test lets arrive, or what a connection sent.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Seg {
    pub(crate) seq: u32,
    pub(crate) ack: u32,
    pub(crate) ctl: Control,
    pub(crate) wnd: u16,
    pub(crate) up: u16,
    pub(crate) reserved: u8,
    pub(crate) options: Vec<u8>,
    pub(crate) text: Vec<u8>,
    pub(crate) integrity: Integrity,
}

/// A segment without ACK.
pub(crate) fn bare(seq: u32, ctl: Control) -> Seg {
    Seg { seq, ctl, wnd: PEER_WINDOW, ..Seg::default() }
}

/// An empty acknowledgment.
pub(crate) fn ack(seq: u32, ack: u32) -> Seg {
    Seg { ack, ..bare(seq, Control::ACK) }
}

/// A connection request.
pub(crate) fn syn(seq: u32) -> Seg {
    bare(seq, Control::SYN)
}

/// The answer to a connection request.
pub(crate) fn syn_ack(seq: u32, ack: u32) -> Seg {
    Seg { ack, ..bare(seq, Control::SYN | Control::ACK) }
}

/// A FIN with an acknowledgment.
pub(crate) fn fin(seq: u32, ack: u32) -> Seg {
    Seg { ack, ..bare(seq, Control::FIN | Control::ACK) }
}

/// A reset without acknowledgment.
pub(crate) fn rst(seq: u32) -> Seg {
    bare(seq, Control::RST)
}

/// Text with an acknowledgment.
pub(crate) fn text(seq: u32, acknowledged: u32, octets: &[u8]) -> Seg {
    ack(seq, acknowledged).carrying(octets)
}

impl Seg {
    pub(crate) fn carrying(self, octets: &[u8]) -> Self {
        Self { text: octets.to_vec(), ..self }
    }

    pub(crate) fn wnd(self, wnd: u16) -> Self {
        Self { wnd, ..self }
    }

    pub(crate) fn and(self, ctl: Control) -> Self {
        Self { ctl: self.ctl | ctl, ..self }
    }

    pub(crate) fn urgent(self, up: u16) -> Self {
        Self { up, ..self }.and(Control::URG)
    }

    pub(crate) fn pushed(self) -> Self {
        self.and(Control::PSH)
    }

    pub(crate) fn options(self, options: &[u8]) -> Self {
        Self { options: options.to_vec(), ..self }
    }

    pub(crate) fn damaged(self, integrity: Integrity) -> Self {
        Self { integrity, ..self }
    }

    /// The segment as it looks to the receiver.
    fn borrow(&self) -> Segment<'_> {
        Segment {
            seq: SeqNumber(self.seq),
            ack: SeqNumber(self.ack),
            ctl: self.ctl,
            wnd: self.wnd,
            up: self.up,
            reserved: self.reserved,
            options: &self.options,
            text: &self.text,
            integrity: self.integrity,
        }
    }

    /// The segment in the notation of the RFC's figures.
    pub(crate) fn notation(&self) -> String {
        let mut line = format!("<SEQ={}>", self.seq);
        if self.ctl.has(Control::ACK) {
            write!(line, "<ACK={}>", self.ack).expect("a string takes everything");
        }
        let names = [
            (Control::SYN, "SYN"),
            (Control::FIN, "FIN"),
            (Control::RST, "RST"),
            (Control::PSH, "PSH"),
            (Control::URG, "URG"),
            (Control::ACK, "ACK"),
        ];
        let controls: Vec<_> =
            names.iter().filter(|(bit, _)| self.ctl.has(*bit)).map(|(_, name)| *name).collect();
        write!(line, "<CTL={}>", controls.join(",")).expect("a string takes everything");
        if self.ctl.has(Control::URG) {
            write!(line, "<UP={}>", self.up).expect("a string takes everything");
        }
        match self.text.len() {
            0 => {}
            1..=16 => line += &format!("<DATA={}>", String::from_utf8_lossy(&self.text)),
            len => line += &format!("<DATA={len} octets>"),
        }
        line
    }
}

/// One event, as data.
#[derive(Clone, Debug)]
pub(crate) enum When {
    Arrives(Seg),
    Calls(Call<'static>),
    TimesOut(Timer),
    Reports(IcmpError, u32),
    Carries(u16),
}

pub(crate) fn arrives(segment: Seg) -> When {
    When::Arrives(segment)
}

/// ICMP reports an error about the segment with this sequence number.
pub(crate) fn reports(error: IcmpError, seq: u32) -> When {
    When::Reports(error, seq)
}

pub(crate) fn times_out(timer: Timer) -> When {
    When::TimesOut(timer)
}

pub(crate) fn open_passive() -> When {
    When::Calls(Call::OpenPassive { remote: Remote::Unspecified })
}

pub(crate) fn open_active() -> When {
    When::Calls(Call::OpenActive { remote: Remote::Specified })
}

/// SEND without any flag.
pub(crate) fn send(octets: &'static [u8]) -> When {
    send_with(octets, |request| request)
}

/// SEND with the URGENT flag.
pub(crate) fn send_urgent(octets: &'static [u8]) -> When {
    send_with(octets, |request| Request { urgent: true, ..request })
}

/// The parameters of SEND that a test may change.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    pub(crate) push: bool,
    pub(crate) urgent: bool,
    pub(crate) timeout: Option<Duration>,
    pub(crate) remote: Remote,
}

pub(crate) fn send_with(octets: &'static [u8], change: fn(Request) -> Request) -> When {
    let plain = Request { push: false, urgent: false, timeout: None, remote: Remote::Specified };
    let Request { push, urgent, timeout, remote } = change(plain);
    When::Calls(Call::Send { text: octets, push, urgent, timeout, remote })
}

pub(crate) fn receive(max: u32) -> When {
    When::Calls(Call::Receive { max })
}

pub(crate) fn close() -> When {
    When::Calls(Call::Close)
}

pub(crate) fn abort() -> When {
    When::Calls(Call::Abort)
}

pub(crate) fn keep_alive(interval: Option<Duration>) -> When {
    When::Calls(Call::KeepAlive { interval })
}

pub(crate) fn nagle(on: bool) -> When {
    When::Calls(Call::Nagle { on })
}

/// IP carries at most so many octets of text in a segment from now on.
pub(crate) fn carries(octets: u16) -> When {
    When::Carries(octets)
}

pub(crate) fn status() -> When {
    When::Calls(Call::Status)
}

/// A connection, the time it lives in, and what its last step answered.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) tcb: Tcb,
    pub(crate) context: Context,
    pub(crate) actions: Actions,
}

impl Connection {
    /// No connection, on an endpoint with these choices.
    pub(crate) fn closed(profile: Profile) -> Self {
        let context = Context { now: Instant(0), iss: SeqNumber(ISS) };
        Self { tcb: Tcb::closed(profile), context, actions: Actions::default() }
    }

    /// No connection, on an endpoint that will choose this initial sequence number.
    pub(crate) fn with_iss(iss: u32) -> Self {
        let mut connection = Self::closed(Profile::default());
        connection.context.iss = SeqNumber(iss);
        connection
    }

    /// A connection in `state`: opened actively, except that LISTEN and SYN-RECEIVED come from a passive OPEN.
    pub(crate) fn in_state(state: State) -> Self {
        Self::in_state_with(state, Profile::default())
    }

    /// A connection in `state` on an endpoint with these choices, which must let it get there.
    pub(crate) fn in_state_with(state: State, profile: Profile) -> Self {
        let path = match state {
            State::Closed => vec![],
            State::Listen => vec![open_passive()],
            State::SynSent => vec![open_active()],
            State::SynReceived => vec![open_passive(), arrives(syn(IRS))],
            State::Established => opened(&[]),
            State::FinWait1 => opened(&[close()]),
            State::FinWait2 => opened(&[close(), arrives(ack(301, 102))]),
            State::CloseWait => opened(&[arrives(fin(301, 101))]),
            State::Closing => opened(&[close(), arrives(fin(301, 101))]),
            State::LastAck => opened(&[arrives(fin(301, 101)), close()]),
            State::TimeWait => opened(&[close(), arrives(ack(301, 102)), arrives(fin(301, 102))]),
        };
        let connection = Self::closed(profile).after_all(path);
        assert_eq!(connection.tcb.state, state, "the path to {state} leads there");
        connection
    }

    /// A connection in `state` whose receive window is closed: the buffer takes no more than the peer's FIN.
    pub(crate) fn with_closed_window(state: State) -> Self {
        Self::with_closed_window_and(state, Profile::default())
    }

    /// The same on an endpoint with these choices.
    pub(crate) fn with_closed_window_and(state: State, profile: Profile) -> Self {
        let receive_buffer = u32::from(state.has_received_fin());
        let connection = Self::in_state_with(state, Profile { receive_buffer, ..profile });
        assert_eq!(connection.tcb.rcv.wnd, 0, "the window is closed in {state}");
        connection
    }

    /// SYN-RECEIVED by an active OPEN: the peer's connection request crossed ours.
    pub(crate) fn simultaneous_open(profile: Profile) -> Self {
        Self::in_state_with(State::SynSent, profile).after(arrives(syn(IRS)))
    }

    /// SYN-RECEIVED out of TIME-WAIT: a SYN with number 1000 reopened the connection, ours has number 5000.
    pub(crate) fn reopened() -> Self {
        use tcpspec_core::profile::TimeWaitReuse::HigherSequenceNumber;
        let profile = Profile { time_wait_reuse: HigherSequenceNumber, ..Profile::default() };
        let mut connection = Self::in_state_with(State::TimeWait, profile);
        connection.context.iss = SeqNumber(5000);
        connection.after(arrives(syn(1000)))
    }

    /// The connection after one more event.
    pub(crate) fn after(mut self, when: When) -> Self {
        self.on(when);
        self
    }

    /// The connection after several more events.
    pub(crate) fn after_all(self, events: impl IntoIterator<Item = When>) -> Self {
        events.into_iter().fold(self, Self::after)
    }

    /// Lets time pass; no timer goes off by itself.
    pub(crate) fn pass(&mut self, duration: Duration) {
        self.context.now = self.context.now + duration;
    }

    /// Takes one event. Every invariant is asserted of every step, whatever the test is about.
    pub(crate) fn on(&mut self, when: When) -> &mut Self {
        let Self { tcb, context, actions } = self;
        let outcome = match when {
            When::Arrives(segment) => {
                checked_step(tcb, *context, Event::SegmentArrives(&segment.borrow()), actions)
            }
            When::Calls(call) => checked_step(tcb, *context, Event::Call(call), actions),
            When::TimesOut(timer) => checked_step(tcb, *context, Event::Timeout(timer), actions),
            When::Carries(octets) => checked_step(tcb, *context, Event::LargestText(octets), actions),
            When::Reports(error, seq) => {
                checked_step(tcb, *context, Event::Icmp { error, seq: SeqNumber(seq) }, actions)
            }
        };
        if let Err(violation) = outcome {
            panic!("{violation}");
        }
        self
    }

    /// The segments that the last step sent, with their text.
    pub(crate) fn outgoing(&self) -> Vec<Seg> {
        self.actions.segments().map(|segment| self.with_text(segment)).collect()
    }

    fn with_text(&self, segment: &Outgoing) -> Seg {
        let (front, back) = self.tcb.text(segment.text);
        let octets = [front, back].concat();
        assert_eq!(octets.len(), segment.text.len as usize, "the text of {segment:?} is in the send queue");
        let options = segment.mss.map_or(Vec::new(), |mss| [&[2, 4], &mss.to_be_bytes()[..]].concat());
        Seg {
            seq: segment.seq.0,
            ack: segment.ack.0,
            ctl: segment.ctl,
            wnd: segment.wnd,
            up: segment.up,
            options,
            text: octets,
            ..Seg::default()
        }
    }

    /// The segments that the last step sent, in the RFC's notation.
    pub(crate) fn sent(&self) -> Vec<String> {
        self.outgoing().iter().map(Seg::notation).collect()
    }

    /// The only segment that the last step sent.
    pub(crate) fn only_segment(&self) -> Seg {
        let mut segments = self.outgoing();
        assert_eq!(segments.len(), 1, "one segment: {:?}", self.sent());
        segments.remove(0)
    }

    /// What the last step told the user, in the RFC's words and in order.
    pub(crate) fn told(&self) -> Vec<String> {
        let mut octets = self.actions.octets.iter().copied();
        let mut take = |len: u32| {
            String::from_utf8_lossy(&octets.by_ref().take(len as usize).collect::<Vec<_>>()).into_owned()
        };
        let mut outcome_text = |outcome: &Outcome| match *outcome {
            Outcome::Ok => "ok".to_owned(),
            Outcome::Queued => "queued".to_owned(),
            Outcome::Received { len, push, urgent } => {
                let flags = [(push, " PUSH"), (urgent, " URGENT")];
                let flags: String = flags.iter().filter(|(set, _)| *set).map(|(_, name)| *name).collect();
                match len {
                    0..=16 => format!("received {:?}{flags}", take(len)),
                    _ => format!("received {} octets{flags}", take(len).len()),
                }
            }
            Outcome::Status(state) => format!("state = {state}"),
            Outcome::Error(error) => format!("error: {}", error.text()),
        };
        let mut lines = Vec::new();
        for action in &self.actions.list {
            match action {
                Action::Reply(outcome) => lines.push(outcome_text(outcome)),
                Action::Complete(outcome) => lines.push(format!("RECEIVE: {}", outcome_text(outcome))),
                Action::Signal(signal) => lines.push(format!("signal: {}", signal.text())),
                Action::Unread(len) => lines.push(format!("unread {len}")),
                Action::Transmit(_) | Action::Arm(..) | Action::Stop(_) => {}
            }
        }
        lines
    }

    /// For how long the last step armed `timer`; the last time counts.
    pub(crate) fn armed(&self, timer: Timer) -> Option<Duration> {
        self.actions.list.iter().rev().find_map(|action| match action {
            Action::Arm(armed, duration) if *armed == timer => Some(*duration),
            _ => None,
        })
    }

    /// Whether `timer` runs.
    pub(crate) fn runs(&self, timer: Timer) -> bool {
        self.tcb.timers.has(timer)
    }

    /// Whether the last step reported this row of the decision table.
    pub(crate) fn used(&self, rule: Rule) -> bool {
        self.actions.rules.has(rule)
    }

    /// The window of the last segment sent.
    pub(crate) fn offered(&self) -> Option<u16> {
        self.outgoing().last().map(|segment| segment.wnd)
    }
}

/// The path to ESTABLISHED by an active OPEN, and on.
fn opened(rest: &[When]) -> Vec<When> {
    [&[open_active(), arrives(syn_ack(IRS, 101))], rest].concat()
}

#[test]
fn every_state_is_reached_with_its_numbers() {
    for state in State::ALL {
        let connection = Connection::in_state(state);
        let Numbers { snd, una, rcv } = numbers(state);
        assert_eq!(connection.tcb.snd.nxt, SeqNumber(snd), "SND.NXT in {state}");
        assert_eq!(connection.tcb.snd.una, SeqNumber(una), "SND.UNA in {state}");
        assert_eq!(connection.tcb.rcv.nxt, SeqNumber(rcv), "RCV.NXT in {state}");
    }
}
