//! The connection record, with the RFC's names: `tcb.snd.una` is SND.UNA (RFC 9293 §3.3.1).

use alloc::collections::VecDeque;
use core::time::Duration;

use crate::congestion::Congestion;
use crate::event::TimerSet;
use crate::extensions::MOST_BLOCKS;
use crate::profile::Profile;
use crate::reassembly::Reassembly;
use crate::retransmission::Retransmission;
use crate::seq::SeqNumber;
use crate::state::State;
use crate::time::Instant;

/// How SYN-RECEIVED was reached, to be remembered until it is left (MUST-11).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Origin {
    /// By a passive OPEN, through LISTEN.
    #[default]
    Passive,
    /// By an active OPEN, through SYN-SENT.
    Active,
    /// By a SYN that reopened a connection in TIME-WAIT; an old duplicate must lead back there (MAY-2 (2)).
    TimeWait,
}

/// Send sequence variables (RFC 9293 §3.3.1, Table 2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct SendSequence {
    /// SND.UNA: oldest unacknowledged number.
    pub una: SeqNumber,
    /// SND.NXT: next number to send. Never pulled back: a retransmission leaves it alone.
    pub nxt: SeqNumber,
    /// SND.WND: octets that the peer will take, counted from SND.UNA.
    pub wnd: u32,
    /// SND.UP: the number after the last urgent octet, while there is one ahead of SND.UNA.
    pub up: Option<SeqNumber>,
    /// SND.WL1: SEG.SEQ of the last window update.
    pub wl1: SeqNumber,
    /// SND.WL2: SEG.ACK of the last window update.
    pub wl2: SeqNumber,
    /// Snd.Wind.Shift: how far the peer's window fields are to be shifted (RFC 7323 §2.3).
    pub shift: u8,
    /// ISS: our initial send sequence number.
    pub iss: SeqNumber,
    /// MAX.SND.WND: the largest window that the peer has offered (RFC 5961 §5.2, RFC 9293 §3.8.6.2.1).
    pub max_wnd: u32,
    /// SendMSS: what the peer's option says, or the default (§3.7.1, MUST-15).
    pub mss: u16,
    /// Our SYN was sent and is not acknowledged. SND.UNA = ISS alone does not say so: after 2^32 octets it holds again.
    pub syn: bool,
    /// The number of our FIN, once sent.
    pub fin: Option<SeqNumber>,
    /// The user's CLOSE waits for the text before it, or for the connection to open (§3.10.4).
    pub close_queued: bool,
    /// Octets before this number were pushed by the user (§3.9.1.2, MUST-61).
    pub push: SeqNumber,
    /// A short segment waited for long enough and must go (§3.8.6.2.1).
    pub override_fired: bool,
}

/// Receive sequence variables (RFC 9293 §3.3.1, Table 3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct ReceiveSequence {
    /// RCV.NXT: next number expected.
    pub nxt: SeqNumber,
    /// RCV.WND: octets that we have offered to take, counted from RCV.NXT.
    pub wnd: u32,
    /// RCV.UP: the number after the last urgent octet, while it is ahead of what the user has read.
    pub up: Option<SeqNumber>,
    /// IRS: the peer's initial send sequence number.
    pub irs: SeqNumber,
    /// The acknowledgment number last sent (Last.ACK.sent of RFC 7323 §4.3).
    pub acknowledged: SeqNumber,
    /// The right edge last sent.
    pub advertised: SeqNumber,
    /// The number after the last octet that arrived with a PUSH.
    pub push: Option<SeqNumber>,
    /// The peer's FIN was taken: RCV.NXT is past it.
    pub fin: bool,
    /// Rcv.Wind.Shift, once both SYNs have agreed on window scaling (RFC 7323 §2.3).
    pub shift: Option<u8>,
    /// Both SYNs permitted selective acknowledgments (RFC 2018 §2).
    pub sack_permitted: bool,
    /// Where the latest segments above a gap began, the latest first; for selective acknowledgments (RFC 2018 §4).
    pub above_gap: [Option<SeqNumber>; MOST_BLOCKS],
}

/// Challenge acknowledgments sent in the current interval (RFC 5961 §7).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Throttle {
    /// Start of the interval; none before the first challenge.
    pub since: Option<Instant>,
    /// Challenges sent since then.
    pub sent: u32,
}

/// Keep-alives of a connection whose user asked for them (§3.8.4).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct KeepAlive {
    /// How long nothing may arrive before the peer is asked.
    pub interval: Duration,
    /// Probes in a row that nothing has answered.
    pub unanswered: u8,
}

/// Transmission control block: all that is remembered of one connection (RFC 9293 §3.3.1).
///
/// A record in CLOSED stands for "no record": everything but the profile is at its default.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Tcb {
    /// Where the connection stands.
    pub state: State,
    /// How it was opened.
    pub origin: Origin,
    /// Send sequence variables.
    pub snd: SendSequence,
    /// Receive sequence variables.
    pub rcv: ReceiveSequence,
    /// Text from SND.UNA on (leaving out our SYN), sent or not.
    pub send_queue: VecDeque<u8>,
    /// Text that arrived in order and was not read yet; ends at RCV.NXT (leaving out the peer's FIN).
    pub receive_queue: VecDeque<u8>,
    /// Text and FIN that arrived out of order.
    pub reassembly: Reassembly,
    /// Sizes of the user's buffers whose RECEIVE waits for text, oldest first.
    pub receives: VecDeque<u32>,
    /// The retransmission queue's clockwork.
    pub retransmission: Retransmission,
    /// Congestion control, from ESTABLISHED on, if the profile has it.
    pub congestion: Option<Congestion>,
    /// The incarnation in TIME-WAIT that a SYN is reopening, to return to if the SYN was an old duplicate (MAY-2 (2)).
    pub reopened: Option<(SendSequence, ReceiveSequence)>,
    /// Octets received since the last acknowledgment, for "every second segment" (§3.8.6.3, SHLD-19).
    pub unacknowledged: u32,
    /// Limits challenge acknowledgments.
    pub throttle: Throttle,
    /// Keep-alives, off unless the user asks for them (MUST-25).
    pub keep_alive: Option<KeepAlive>,
    /// The user timeout in force (§3.9.1.1).
    pub user_timeout: Option<Duration>,
    /// The timers that run.
    pub timers: TimerSet,
    /// The choices of this endpoint.
    pub profile: Profile,
}

impl Tcb {
    /// No connection, on an endpoint with these choices.
    #[must_use]
    pub fn closed(profile: Profile) -> Self {
        Self { profile, ..Self::default() }
    }

    /// Deletes the record: CLOSED, nothing remembered. Keeps the memory of the queues.
    pub(crate) fn delete(&mut self) {
        let Self {
            state,
            origin,
            snd,
            rcv,
            send_queue,
            receive_queue,
            reassembly,
            receives,
            retransmission,
            congestion,
            reopened,
            unacknowledged,
            throttle,
            keep_alive,
            user_timeout,
            timers,
            profile: _,
        } = self;
        *state = State::Closed;
        *origin = Origin::default();
        *snd = SendSequence::default();
        *rcv = ReceiveSequence::default();
        send_queue.clear();
        receive_queue.clear();
        reassembly.clear();
        receives.clear();
        *retransmission = Retransmission::default();
        *congestion = None;
        *reopened = None;
        *unacknowledged = 0;
        *throttle = Throttle::default();
        *keep_alive = None;
        *user_timeout = None;
        *timers = TimerSet::default();
    }

    /// Whether our SYN was sent and is not acknowledged.
    #[must_use]
    pub const fn syn_outstanding(&self) -> bool {
        self.snd.syn
    }

    /// Whether our FIN was sent and is not acknowledged.
    #[must_use]
    pub fn fin_outstanding(&self) -> bool {
        self.snd.fin.is_some_and(|fin| self.snd.una.le(fin))
    }

    /// Whether our FIN was sent and is acknowledged.
    #[must_use]
    pub fn fin_acknowledged(&self) -> bool {
        self.snd.fin.is_some_and(|fin| self.snd.una.gt(fin))
    }

    /// Whether anything sent is unacknowledged: the retransmission queue is not empty.
    #[must_use]
    pub fn outstanding(&self) -> bool {
        self.snd.una != self.snd.nxt
    }

    /// Octets of text sent and not acknowledged; zero in a record that contradicts itself.
    #[must_use]
    pub fn text_in_flight(&self) -> u32 {
        let controls = u32::from(self.syn_outstanding()) + u32::from(self.fin_outstanding());
        self.snd.nxt.since(self.snd.una).saturating_sub(controls)
    }

    /// Octets of text queued and never sent; zero in a record that contradicts itself.
    #[must_use]
    pub fn unsent(&self) -> u32 {
        octets(self.send_queue.len()).saturating_sub(self.text_in_flight())
    }

    /// The sequence number of the first octet in the send queue.
    #[must_use]
    pub fn send_queue_start(&self) -> SeqNumber {
        self.snd.una + u32::from(self.syn_outstanding())
    }

    /// The text of `range` in the send queue, as the two parts of a ring.
    #[must_use]
    pub fn text(&self, range: crate::segment::TextRange) -> (&[u8], &[u8]) {
        let (start, end) = (range.start as usize, (range.start + range.len) as usize);
        let (front, back) = self.send_queue.as_slices();
        let part = |slice: &'_ [u8], offset: usize| {
            (start.saturating_sub(offset).min(slice.len()), end.saturating_sub(offset).min(slice.len()))
        };
        let (from, to) = part(front, 0);
        let (back_from, back_to) = part(back, front.len());
        (&front[from..to], &back[back_from..back_to])
    }

    /// Eff.snd.MSS: the largest text of one segment without options (§3.7.1, MUST-16).
    ///
    /// A peer that announces less than one octet is taken to accept one (V-52): the RFC gives no floor.
    #[must_use]
    pub fn effective_mss(&self) -> u32 {
        u32::from(self.snd.mss.min(self.profile.largest_text).max(1))
    }

    /// IP carries at most so many octets of text in a segment from now on (§3.7.1). The congestion window has room for
    /// one segment at least, also where segments grow (RFC 5681 §3.1).
    pub(crate) fn fit_text_to(&mut self, octets: u16) {
        self.profile.largest_text = octets;
        let smss = self.effective_mss();
        if let Some(congestion) = &mut self.congestion {
            congestion.window = congestion.window.max(smss);
        }
    }

    /// The right edge of the window that we have offered.
    #[must_use]
    pub fn right_edge(&self) -> SeqNumber {
        self.rcv.nxt + self.rcv.wnd
    }
}

/// A length as a number of octets of sequence space; queues are bounded far below its limit.
pub(crate) fn octets(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
