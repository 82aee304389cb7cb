//! What can happen to the connection of a story.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use arbitrary::Arbitrary;

use super::{Run, octet};
use crate::event::{Call, Event, IcmpError, Remote, Timer};
use crate::invariants::Violation;
use crate::segment::{Control, Integrity, Segment};
use crate::seq::SeqNumber;
use crate::state::State;
use crate::tcb::{Tcb, octets};

/// One thing that happens.
#[derive(Clone, PartialEq, Eq, Debug, Arbitrary)]
pub enum Stimulus {
    /// Whatever brings the connection a step further: an OPEN, or what a peer would answer.
    Proceed {
        /// From CLOSED: the user asks for a connection instead of waiting for one.
        active: bool,
    },
    /// The peer acknowledges everything that was sent to it.
    AcknowledgeAll(Window),
    /// The peer sends text at RCV.NXT, or a little off it.
    Text(PeerText),
    /// The peer closes: a FIN that acknowledges everything.
    Fin {
        /// If its FIN was taken already, it comes again instead of a second one behind it.
        again: bool,
    },
    /// The user calls.
    Call(UserCall),
    /// A segment of which every field is chosen.
    Segment(Crafted),
    /// Time passes.
    Wait(Pause),
    /// One of the timers that run goes off in its time.
    FireArmed(u8),
    /// Any timer goes off.
    FireAny(u8),
}

/// Text of the peer, with the current acknowledgment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Arbitrary)]
pub struct PeerText {
    /// Distance of its first octet from RCV.NXT, in octets.
    pub offset: i8,
    /// Octets of text.
    pub len: u8,
    /// So many times the length.
    pub longer: u8,
    /// With PSH.
    pub push: bool,
    /// With a FIN behind it.
    pub fin: bool,
}

/// What the user calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Arbitrary)]
pub enum UserCall {
    /// OPEN.
    Open {
        /// Active rather than passive.
        active: bool,
        /// Which remote socket; most choices are a specified one.
        remote: u8,
    },
    /// SEND.
    Send {
        /// Octets of text.
        len: u16,
        /// PUSH flag.
        push: bool,
        /// URGENT flag, one time in eight.
        urgent: u8,
        /// A new user timeout in seconds, if below eight.
        timeout: u8,
        /// Which remote socket.
        remote: u8,
    },
    /// RECEIVE.
    Receive {
        /// Size of the user's buffer in octets.
        max: u16,
    },
    /// CLOSE.
    Close,
    /// ABORT, one time in four; keep-alives switched, one in six; an ICMP error, one in thirty-two; else STATUS.
    Rare(u8),
}

/// A segment of which every field is chosen.
#[derive(Clone, PartialEq, Eq, Debug, Arbitrary)]
pub struct Crafted {
    /// SEG.SEQ
    pub seq: Seq,
    /// SEG.ACK
    pub ack: Ack,
    /// The control bits, as they stand in a header.
    pub control: u8,
    /// SEG.WND
    pub wnd: Window,
    /// SEG.UP
    pub up: Urgent,
    /// The options.
    pub options: Options,
    /// Octets of text, up to the window or so.
    pub text: u16,
    /// Damage, seldom: 0 the checksum, 1 the data offset.
    pub damage: u8,
    /// The reserved bits, seldom set.
    pub reserved: u8,
}

/// A sequence number relative to the live connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Arbitrary)]
pub enum Seq {
    /// RCV.NXT
    Next,
    /// Around RCV.NXT, in octets.
    AroundNext(i8),
    /// IRS, that is, the peer's SYN again.
    Initial,
    /// Around the right edge of the window; -1 is its last octet.
    AroundEdge(i8),
    /// So many two-hundred-and-fifty-sixths of the window from its left edge.
    Inside(u8),
    /// Anywhere.
    Anywhere(u32),
}

/// An acknowledgment number relative to the live connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Arbitrary)]
pub enum Ack {
    /// SND.NXT
    All,
    /// Around SND.UNA, in octets.
    AroundUna(i8),
    /// Around SND.NXT, in octets.
    AroundNext(i8),
    /// So many two-hundred-and-fifty-sixths of the way from SND.UNA to SND.NXT.
    Between(u8),
    /// Around the oldest that RFC 5961 §5 accepts.
    AroundOldest(i8),
    /// Anywhere.
    Anywhere(u32),
}

/// A window field.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Arbitrary)]
pub enum Window {
    /// Ample.
    Open,
    /// Closed.
    Closed,
    /// A few octets.
    Small(u8),
    /// Any.
    Any(u16),
}

/// An urgent pointer field.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Arbitrary)]
pub enum Urgent {
    /// Zero.
    Zero,
    /// In or near the segment.
    Near(u8),
    /// Any.
    Any(u16),
}

/// An option list.
#[derive(Clone, PartialEq, Eq, Debug, Arbitrary)]
pub enum Options {
    /// None.
    None,
    /// Maximum Segment Size.
    Mss(u16),
    /// What a stack of today sends on a SYN.
    Usual,
    /// One of a kind that nobody knows, then Maximum Segment Size.
    Unknown(u8),
    /// One whose length is wrong.
    Malformed(u8),
    /// Any octets, up to forty.
    Octets(Vec<u8>),
}

/// How long.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Arbitrary)]
pub enum Pause {
    /// Milliseconds.
    Milliseconds(u16),
    /// Seconds.
    Seconds(u8),
    /// Until everything has settled or been given up.
    Hours(u8),
    /// Until long after the end of all clocks.
    Aeons(u64),
}

impl Run {
    /// Lets `stimulus` happen.
    pub(super) fn take(&mut self, stimulus: &Stimulus) -> Result<(), Violation> {
        match stimulus {
            Stimulus::Proceed { active } => self.proceed(*active),
            Stimulus::AcknowledgeAll(window) => {
                let segment = Segment { wnd: window.field(), ..self.answer(Control::ACK) };
                self.segment(segment, 0)
            }
            Stimulus::Text(text) => self.peer_text(*text),
            Stimulus::Fin { again } => self.fin(*again),
            Stimulus::Call(call) => self.call(*call),
            Stimulus::Segment(crafted) => self.crafted(crafted),
            Stimulus::Wait(pause) => self.wait(pause.duration()),
            Stimulus::FireArmed(index) => self.fire_armed(*index),
            Stimulus::FireAny(index) => self.fire_any(Timer::ALL[usize::from(*index) % Timer::ALL.len()]),
        }
    }

    /// What an honest peer would send next, without text.
    fn answer(&self, ctl: Control) -> Segment<'static> {
        let seq = if self.peer_is_known() { self.tcb.rcv.nxt } else { self.irs };
        Segment { seq, ack: self.tcb.snd.nxt, ctl, wnd: 8192, ..Segment::default() }
    }

    fn peer_is_known(&self) -> bool {
        !matches!(self.tcb.state, State::Closed | State::Listen | State::SynSent)
    }

    fn proceed(&mut self, active: bool) -> Result<(), Violation> {
        let remote = Remote::Specified;
        match self.tcb.state {
            State::Closed if active => self.step(Event::Call(Call::OpenActive { remote })),
            State::Closed => self.step(Event::Call(Call::OpenPassive { remote })),
            State::Listen => self.segment(self.answer(Control::SYN), 0),
            State::SynSent => self.segment(self.answer(Control::SYN | Control::ACK), 0),
            State::Established if active => self.step(Event::Call(Call::Close)),
            State::CloseWait => self.step(Event::Call(Call::Close)),
            State::FinWait2 => self.segment(self.answer(Control::FIN | Control::ACK), 0),
            State::TimeWait => self.fire_armed(0),
            State::FinWait1 if self.tcb.syn_outstanding() => {
                // The SYN and no more: our FIN left before the handshake was over.
                let ack = self.tcb.snd.una + 1;
                self.segment(Segment { ack, ..self.answer(Control::ACK) }, 0)
            }
            State::SynReceived | State::Established | State::FinWait1 | State::Closing | State::LastAck => {
                self.segment(self.answer(Control::ACK), 0)
            }
        }
    }

    fn fin(&mut self, again: bool) -> Result<(), Violation> {
        let answer = self.answer(Control::FIN | Control::ACK);
        let seq = answer.seq - u32::from(again && self.tcb.rcv.fin);
        self.segment(Segment { seq, ..answer }, 0)
    }

    fn peer_text(&mut self, text: PeerText) -> Result<(), Violation> {
        let mut ctl = Control::ACK;
        if text.push {
            ctl |= Control::PSH;
        }
        if text.fin {
            ctl |= Control::FIN;
        }
        let answer = self.answer(ctl);
        // Half of all text is where it should be.
        let offset = if text.offset < 0 { text.offset + 64 } else { 0 };
        let seq = SeqNumber(answer.seq.0.wrapping_add_signed(offset.into()));
        self.segment(Segment { seq, ..answer }, usize::from(text.len) * usize::from(1 + text.longer % 8))
    }

    /// A segment with so many octets of the peer's stream.
    fn segment(&mut self, segment: Segment<'_>, len: usize) -> Result<(), Violation> {
        let start = segment.seq + u32::from(segment.has(Control::SYN));
        let mut text = core::mem::take(&mut self.text);
        fill(&mut text, start, len);
        let outcome = self.step(Event::SegmentArrives(&Segment { text: &text, ..segment }));
        self.text = text;
        outcome
    }

    fn call(&mut self, call: UserCall) -> Result<(), Violation> {
        match call {
            UserCall::Open { active: true, remote } => {
                self.step(Event::Call(Call::OpenActive { remote: which_remote(remote) }))
            }
            UserCall::Open { active: false, remote } => {
                self.step(Event::Call(Call::OpenPassive { remote: which_remote(remote) }))
            }
            UserCall::Send { len, push, urgent, timeout, remote } => {
                let mut text = core::mem::take(&mut self.text);
                fill(&mut text, self.next_to_queue(), usize::from(len % 6000));
                let timeout = (timeout < 8).then_some(Duration::from_secs(timeout.into()));
                let (urgent, remote) = (urgent < 32, which_remote(remote));
                let outcome =
                    self.step(Event::Call(Call::Send { text: &text, push, urgent, timeout, remote }));
                self.text = text;
                outcome
            }
            UserCall::Receive { max } => self.step(Event::Call(Call::Receive { max: max.into() })),
            UserCall::Close => self.step(Event::Call(Call::Close)),
            UserCall::Rare(0..64) => self.step(Event::Call(Call::Abort)),
            UserCall::Rare(64..96) => {
                let interval = Some(Duration::from_secs(10));
                self.step(Event::Call(Call::KeepAlive { interval }))
            }
            // Seldom, and about something in flight as often as not: an error message instead of a call.
            UserCall::Rare(which @ 104..112) => {
                let error = [IcmpError::Soft, IcmpError::Hard, IcmpError::SourceQuench, IcmpError::Soft];
                let error = error[usize::from(which % 4)];
                self.step(Event::Icmp { error, seq: self.tcb.snd.una + u32::from(which / 110) })
            }
            UserCall::Rare(96..104) => self.step(Event::Call(Call::KeepAlive { interval: None })),
            UserCall::Rare(which @ 112..120) => self.step(Event::Call(Call::Nagle { on: which % 2 == 0 })),
            UserCall::Rare(which @ 120..128) => {
                self.step(Event::LargestText([10, 536, 1420, 1460][usize::from(which % 4)]))
            }
            UserCall::Rare(_) => self.step(Event::Call(Call::Status)),
        }
    }

    /// The number of the next octet that SEND queues.
    fn next_to_queue(&self) -> SeqNumber {
        match self.tcb.state {
            State::Closed | State::Listen => self.iss + 1,
            _ => self.tcb.send_queue_start() + octets(self.tcb.send_queue.len()),
        }
    }

    fn crafted(&mut self, crafted: &Crafted) -> Result<(), Violation> {
        let options = crafted.options.octets();
        let segment = Segment {
            seq: if self.peer_is_known() {
                crafted.seq.number(&self.tcb)
            } else {
                crafted.seq.unanchored(self.irs)
            },
            ack: crafted.ack.number(&self.tcb),
            ctl: Control(crafted.control),
            wnd: crafted.wnd.field(),
            up: crafted.up.field(),
            reserved: if crafted.reserved < 16 { crafted.reserved } else { 0 },
            options: &options,
            text: &[],
            integrity: match crafted.damage {
                0 => Integrity::BadChecksum,
                1 => Integrity::BadDataOffset,
                _ => Integrity::Sound,
            },
        };
        // A quarter has no text at all; the rest may pass the right edge of the window.
        let room = usize::try_from(self.tcb.rcv.wnd).unwrap_or(0).min(2000) + 20;
        let len = if crafted.text < 1 << 14 { 0 } else { usize::from(crafted.text) % room };
        self.segment(segment, len)
    }
}

/// Makes `text` the `len` octets of the stream from `start` on.
fn fill(text: &mut Vec<u8>, start: SeqNumber, len: usize) {
    text.clear();
    text.extend((0..octets(len)).map(|offset| octet(start + offset)));
}

const fn which_remote(choice: u8) -> Remote {
    match choice {
        0..=31 => Remote::Unspecified,
        32..=47 => Remote::Invalid,
        _ => Remote::Specified,
    }
}

fn moved(from: SeqNumber, by: i8) -> SeqNumber {
    SeqNumber(from.0.wrapping_add_signed(by.into()))
}

impl Seq {
    fn number(self, tcb: &Tcb) -> SeqNumber {
        match self {
            Self::Next => tcb.rcv.nxt,
            Self::AroundNext(by) => moved(tcb.rcv.nxt, by),
            Self::Initial => tcb.rcv.irs,
            Self::AroundEdge(by) => moved(tcb.right_edge(), by),
            Self::Inside(share) => tcb.rcv.nxt + tcb.rcv.wnd / 256 * u32::from(share),
            Self::Anywhere(number) => SeqNumber(number),
        }
    }

    /// The number where the connection knows none of the peer's.
    fn unanchored(self, irs: SeqNumber) -> SeqNumber {
        match self {
            Self::Next | Self::Initial | Self::Inside(_) => irs,
            Self::AroundNext(by) | Self::AroundEdge(by) => moved(irs, by),
            Self::Anywhere(number) => SeqNumber(number),
        }
    }
}

impl Ack {
    fn number(self, tcb: &Tcb) -> SeqNumber {
        let snd = &tcb.snd;
        match self {
            Self::All => snd.nxt,
            Self::AroundUna(by) => moved(snd.una, by),
            Self::AroundNext(by) => moved(snd.nxt, by),
            Self::Between(share) => {
                let flight = u64::from(snd.nxt.since(snd.una));
                snd.una + u32::try_from(flight * u64::from(share) / 256).unwrap_or(0)
            }
            Self::AroundOldest(by) => moved(snd.una - snd.max_wnd, by),
            Self::Anywhere(number) => SeqNumber(number),
        }
    }
}

impl Window {
    fn field(self) -> u16 {
        match self {
            Self::Open => 8192,
            Self::Closed => 0,
            Self::Small(octets) => octets.into(),
            Self::Any(field) => field,
        }
    }
}

impl Urgent {
    fn field(self) -> u16 {
        match self {
            Self::Zero => 0,
            Self::Near(octets) => octets.into(),
            Self::Any(field) => field,
        }
    }
}

impl Options {
    fn octets(&self) -> Vec<u8> {
        match self {
            Self::None => Vec::new(),
            Self::Mss(size) => mss(*size).to_vec(),
            Self::Usual => [&mss(1460)[..], &[4, 2, 8, 10, 0, 0, 0, 9, 0, 0, 0, 0, 1, 3, 3, 7]].concat(),
            Self::Unknown(kind) => [&[(*kind).max(9), 4, 0, 0][..], &mss(500)].concat(),
            Self::Malformed(length) => [&[2, length % 4 + 6 * (length / 128)][..], &mss(400)].concat(),
            Self::Octets(octets) => octets[..octets.len().min(40)].to_vec(),
        }
    }
}

const fn mss(size: u16) -> [u8; 4] {
    let [high, low] = size.to_be_bytes();
    [2, 4, high, low]
}

impl Pause {
    const fn duration(self) -> Duration {
        match self {
            Self::Milliseconds(count) => Duration::from_millis(count as u64),
            Self::Seconds(count) => Duration::from_secs(count as u64),
            Self::Hours(count) => Duration::from_secs(3600 * count as u64),
            Self::Aeons(microseconds) => Duration::from_micros(microseconds),
        }
    }
}

impl fmt::Display for Stimulus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proceed { active } => write!(f, "proceed{}", if *active { " (actively)" } else { "" }),
            Self::AcknowledgeAll(window) => write!(f, "peer: <ACK=SND.NXT><WND={window:?}>"),
            Self::Text(PeerText { offset, len, longer, push, fin }) => {
                let offset = if *offset < 0 { offset + 64 } else { 0 };
                let len = usize::from(*len) * usize::from(1 + longer % 8);
                write!(f, "peer: {len} octets at RCV.NXT{offset:+}")?;
                f.write_str(if *push { ", PSH" } else { "" })?;
                f.write_str(if *fin { ", FIN" } else { "" })
            }
            Self::Fin { again } => {
                write!(
                    f,
                    "peer: <ACK=SND.NXT><CTL=FIN,ACK>{}",
                    if *again { " (again, if taken)" } else { "" }
                )
            }
            Self::Call(call) => write!(f, "user: {call:?}"),
            Self::Segment(crafted) => crafted.fmt(f),
            Self::Wait(pause) => write!(f, "wait {:?}", pause.duration()),
            Self::FireArmed(index) => write!(f, "wait for running timer {index}"),
            Self::FireAny(index) => f.write_str(Timer::ALL[usize::from(*index) % Timer::ALL.len()].name()),
        }
    }
}

impl fmt::Display for Crafted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seq, ack, control, wnd, up, options, text, damage, reserved } = self;
        let control = Control(*control);
        write!(f, "segment: <SEQ={seq:?}><ACK={ack:?}><CTL={control}> WND={wnd:?} UP={up:?} {options:?}")?;
        write!(f, " text={text} damage={damage} reserved={reserved}")
    }
}
