//! A connection of the toy: what arrives, and what the user does, in the order of RFC 9293 §3.10.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;

use super::host::{Bug, Settings};
use super::sending::Sending;
use super::wire::{ACK, FIN, RST, SYN, Segment, build};

pub(super) const SECOND: u64 = 1_000_000;

/// Half of TIME-WAIT.
pub(super) const MSL: u64 = 30 * SECOND;

/// Segments beyond a gap that are kept.
const MOST_EARLY: usize = 16;

/// Packets for the network.
pub(super) type Outgoing = VecDeque<Vec<u8>>;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    Closed,
    SynSent,
    SynReceived,
    Established,
    FinWait1,
    FinWait2,
    CloseWait,
    Closing,
    LastAck,
    TimeWait,
}

impl State {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Closed => "CLOSED",
            Self::SynSent => "SYN-SENT",
            Self::SynReceived => "SYN-RECEIVED",
            Self::Established => "ESTABLISHED",
            Self::FinWait1 => "FIN-WAIT-1",
            Self::FinWait2 => "FIN-WAIT-2",
            Self::CloseWait => "CLOSE-WAIT",
            Self::Closing => "CLOSING",
            Self::LastAck => "LAST-ACK",
            Self::TimeWait => "TIME-WAIT",
        }
    }

    const fn still_receives(self) -> bool {
        matches!(self, Self::Established | Self::FinWait1 | Self::FinWait2)
    }
}

/// Why a call fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ended {
    NoConnection,
    Reset,
    Refused,
    TimedOut,
    Closing,
    Because(&'static str),
}

/// What RECEIVE gives.
pub(super) enum Read {
    Text(Vec<u8>),
    Nothing,
    End,
}

#[derive(Debug)]
pub(super) struct Connection {
    /// Local and remote socket.
    pub(super) pair: (SocketAddr, SocketAddr),
    pub(super) now: u64,
    pub(super) state: State,
    /// It was open at some time, so that it can be accepted.
    pub(super) opened: bool,
    pub(super) sending: Sending,
    settings: Settings,
    ended: Ended,
    rcv_nxt: u32,
    /// The first octet past the window that was offered.
    rcv_edge: u32,
    unread: VecDeque<u8>,
    early: Vec<Segment>,
    pub(super) ack_due: bool,
    close_at: Option<u64>,
}

/// How far `a` is after `b`, negative if it is before, modulo 2^32.
pub(super) const fn diff(a: u32, b: u32) -> i64 {
    a.wrapping_sub(b).cast_signed() as i64
}

impl Connection {
    pub(super) fn new(settings: &Settings, now: u64, pair: (SocketAddr, SocketAddr)) -> Self {
        // A clock of four microseconds and a hash of the sockets (RFC 6528).
        let mut hasher = DefaultHasher::new();
        (settings.seed, pair).hash(&mut hasher);
        let iss = (hasher.finish() as u32).wrapping_add((now / 4) as u32);
        let default_mss = if settings.address.is_ipv4() { 536 } else { 1220 };
        Self {
            pair,
            now,
            state: State::Closed,
            opened: false,
            sending: Sending::new(iss, default_mss.min(settings.largest_text), settings.nagle),
            settings: settings.clone(),
            ended: Ended::NoConnection,
            rcv_nxt: 0,
            rcv_edge: 0,
            unread: VecDeque::new(),
            early: Vec::new(),
            ack_due: false,
            close_at: None,
        }
    }

    fn has_bug(&self, bug: Bug) -> bool {
        self.settings.bugs.contains(&bug)
    }

    pub(super) const fn is_alive(&self) -> bool {
        !matches!(self.state, State::Closed)
    }

    // --- opening ---------------------------------------------------------------------------------------------------

    /// Active OPEN.
    pub(super) fn request(&mut self, outgoing: &mut Outgoing) {
        self.state = State::SynSent;
        self.sending.begin(self.now);
        self.send_syn(outgoing);
    }

    /// A listener got the peer's SYN.
    pub(super) fn is_requested(&mut self, syn: &Segment, outgoing: &mut Outgoing) {
        self.state = State::SynReceived;
        self.take_syn(syn);
        self.sending.begin(self.now);
        self.send_syn(outgoing);
    }

    pub(super) fn send_syn(&mut self, outgoing: &mut Outgoing) {
        let ack = if self.state == State::SynReceived { ACK } else { 0 };
        let mss = u16::try_from(self.settings.largest_text).unwrap_or(u16::MAX);
        let syn = Segment { seq: self.sending.iss, flags: SYN | ack, mss: Some(mss), ..Segment::default() };
        self.transmit(syn, outgoing);
    }

    /// The peer's number and MSS. Text on a SYN is left for the peer to send again.
    fn take_syn(&mut self, syn: &Segment) {
        (self.rcv_nxt, self.rcv_edge) = (syn.seq.wrapping_add(1), syn.seq.wrapping_add(1));
        if let Some(mss) = syn.mss {
            self.sending.mss = usize::from(mss.max(1)).min(self.settings.largest_text);
        }
    }

    fn establish(&mut self, segment: &Segment) {
        self.state = State::Established;
        self.opened = true;
        self.sending.take_window(segment);
        self.sending.handshake_is_over();
    }

    // --- SEGMENT ARRIVES -------------------------------------------------------------------------------------------

    pub(super) fn arrives(&mut self, segment: Segment, outgoing: &mut Outgoing) {
        if self.state == State::SynSent {
            self.arrives_in_syn_sent(&segment, outgoing);
        } else {
            self.arrives_elsewhere(segment, outgoing);
        }
        if self.is_alive() {
            self.output(outgoing);
        }
    }

    /// Section 3.10.7.3.
    fn arrives_in_syn_sent(&mut self, segment: &Segment, outgoing: &mut Outgoing) {
        let acknowledges = segment.has(ACK);
        if acknowledges && segment.ack != self.sending.snd_nxt {
            if !segment.has(RST) {
                self.send_reset(segment.ack, outgoing);
            }
        } else if segment.has(RST) {
            if acknowledges {
                self.end(Ended::Refused);
            }
        } else if segment.has(SYN) {
            self.take_syn(segment);
            if acknowledges {
                self.sending.acknowledged(segment.ack, self.now);
                self.establish(segment);
                self.ack_due = true;
            } else {
                self.state = State::SynReceived;
                self.send_syn(outgoing);
            }
        }
    }

    /// Section 3.10.7.4, its checks in their order, with the stricter tests of RFC 5961.
    fn arrives_elsewhere(&mut self, segment: Segment, outgoing: &mut Outgoing) {
        if segment.has(RST) && self.has_bug(Bug::AnyReset) {
            // Bug: whoever guesses the ports ends the connection.
            self.reset_arrives();
            return;
        }
        if !self.is_acceptable(&segment) {
            self.ack_due = !segment.has(RST);
            return;
        }
        if segment.has(RST) && segment.seq == self.rcv_nxt {
            self.reset_arrives();
            return;
        }
        if segment.has(RST) || segment.has(SYN) {
            self.ack_due = true;
            return;
        }
        if !segment.has(ACK) || !self.ack_arrives(&segment, outgoing) {
            return;
        }
        self.ack_due |= segment.length() > 0;
        if diff(segment.seq, self.rcv_nxt) > 0 {
            self.early.push(segment);
            self.early.drain(..self.early.len().saturating_sub(MOST_EARLY));
            return;
        }
        self.take(&segment);
        let ready = |early: &Segment, nxt: u32| diff(early.seq, nxt) <= 0;
        while let Some(index) = self.early.iter().position(|early| ready(early, self.rcv_nxt)) {
            let early = self.early.remove(index);
            self.take(&early);
        }
    }

    /// The first check, table 6. What fills no window at all may still carry an acknowledgment or a reset.
    fn is_acceptable(&self, segment: &Segment) -> bool {
        let (window, at) = (i64::from(self.window()), diff(segment.seq, self.rcv_nxt));
        let last = at + i64::from(segment.length()) - 1;
        if window == 0 || segment.length() == 0 {
            at == 0 || (0..window).contains(&at)
        } else {
            (0..window).contains(&at) || (0..window).contains(&last)
        }
    }

    fn reset_arrives(&mut self) {
        self.end(match self.state {
            State::SynReceived => Ended::Refused,
            State::Closing | State::LastAck | State::TimeWait => Ended::NoConnection,
            _ => Ended::Reset,
        });
    }

    /// The fifth check. Says whether the segment is looked at any further.
    fn ack_arrives(&mut self, segment: &Segment, outgoing: &mut Outgoing) -> bool {
        let sending = &mut self.sending;
        let acked = diff(segment.ack, sending.snd_una);
        let ahead = diff(segment.ack, sending.snd_nxt) > 0;
        if self.state == State::SynReceived {
            if acked <= 0 || ahead {
                self.send_reset(segment.ack, outgoing);
                return false;
            }
            sending.acknowledged(segment.ack, self.now);
            let closing = sending.closing;
            self.establish(segment);
            if closing {
                self.state = State::FinWait1;
            }
        } else if ahead || acked < -i64::from(sending.largest_window.max(1)) {
            self.ack_due = true;
            return false;
        } else {
            if acked > 0 {
                sending.acknowledged(segment.ack, self.now);
            }
            if acked >= 0 {
                sending.update_window(segment, self.now);
            }
        }
        if self.sending.fin_is_acknowledged() {
            match self.state {
                State::FinWait1 => self.state = State::FinWait2,
                State::Closing => self.wait_out(),
                State::LastAck => self.end(Ended::NoConnection),
                _ => {}
            }
        }
        self.is_alive()
    }

    /// The seventh check, and the eighth for a FIN that all text before it has reached. Nothing is missing before.
    fn take(&mut self, segment: &Segment) {
        let late = diff(self.rcv_nxt, segment.seq);
        let Some(new) = usize::try_from(late).ok().and_then(|late| segment.text.get(late..)) else { return };
        let mut left = new.len();
        if self.state.still_receives() {
            let taken = new.len().min(self.window() as usize);
            self.unread.extend(&new[..taken]);
            self.rcv_nxt = self.rcv_nxt.wrapping_add(taken as u32);
            left -= taken;
        }
        if segment.has(FIN) && left == 0 {
            self.fin_arrives();
        }
    }

    /// The eighth check.
    fn fin_arrives(&mut self) {
        if self.state.still_receives() {
            self.rcv_nxt = self.rcv_nxt.wrapping_add(1);
            if diff(self.rcv_edge, self.rcv_nxt) < 0 {
                self.rcv_edge = self.rcv_nxt;
            }
        }
        match self.state {
            State::Established => self.state = State::CloseWait,
            State::FinWait1 => self.state = State::Closing,
            State::FinWait2 | State::TimeWait => self.wait_out(),
            _ => {}
        }
    }

    // --- sending ---------------------------------------------------------------------------------------------------

    /// Sends text and FIN as far as the window lets it, and an acknowledgment if one is due.
    fn output(&mut self, outgoing: &mut Outgoing) {
        while self.may_send_text()
            && let Some(segment) = self.sending.next(self.now)
        {
            self.transmit(segment, outgoing);
        }
        if self.ack_due {
            self.send_bare(ACK, outgoing);
        }
        if self.may_send_text() {
            self.sending.watch_over_what_is_unsent(self.now);
        }
    }

    const fn may_send_text(&self) -> bool {
        matches!(
            self.state,
            State::Established | State::CloseWait | State::FinWait1 | State::Closing | State::LastAck
        )
    }

    fn window(&self) -> u32 {
        u32::try_from(diff(self.rcv_edge, self.rcv_nxt)).unwrap_or(0)
    }

    /// The edge to offer: it moves by steps that are worth it, and never back (section 3.8.6.2.2).
    fn offer(&self) -> u32 {
        let room = self.settings.receive_buffer.saturating_sub(self.unread.len());
        let grown = room.saturating_sub(self.window() as usize);
        let worth_it = (self.settings.receive_buffer / 2).min(self.sending.mss);
        if grown >= worth_it { self.rcv_nxt.wrapping_add(room.min(65535) as u32) } else { self.rcv_edge }
    }

    fn send_bare(&mut self, flags: u8, outgoing: &mut Outgoing) {
        self.transmit(Segment { seq: self.sending.snd_nxt, flags, ..Segment::default() }, outgoing);
    }

    fn send_reset(&self, seq: u32, outgoing: &mut Outgoing) {
        let reset = Segment { seq, flags: RST, ..Segment::default() };
        outgoing.push_back(build(self.pair.0, self.pair.1, &reset));
    }

    /// Sends a segment with the acknowledgment and the window of now.
    fn transmit(&mut self, mut segment: Segment, outgoing: &mut Outgoing) {
        let mut window = self.settings.receive_buffer;
        if segment.has(ACK) {
            self.rcv_edge = self.offer();
            segment.ack = self.rcv_nxt;
            window = self.window() as usize;
            self.ack_due = false;
        }
        segment.window = u16::try_from(window).unwrap_or(u16::MAX);
        outgoing.push_back(build(self.pair.0, self.pair.1, &segment));
    }

    // --- user calls ------------------------------------------------------------------------------------------------

    pub(super) fn send(&mut self, text: &[u8], outgoing: &mut Outgoing) -> Result<usize, Ended> {
        if !self.is_alive() {
            return Err(self.ended);
        }
        if self.sending.closing {
            return Err(Ended::Closing);
        }
        let taken = self.sending.queue(text, self.settings.send_buffer);
        self.output(outgoing);
        Ok(taken)
    }

    pub(super) fn receive(&mut self, max: usize, outgoing: &mut Outgoing) -> Result<Read, Ended> {
        if !self.is_alive() && self.ended != Ended::NoConnection {
            return Err(self.ended);
        }
        if !self.unread.is_empty() {
            let taken = self.unread.len().min(max);
            let text = self.unread.drain(..taken).collect();
            if self.state.still_receives() && self.offer() != self.rcv_edge {
                self.send_bare(ACK, outgoing);
            }
            return Ok(Read::Text(text));
        }
        match self.state {
            State::CloseWait | State::Closing | State::LastAck | State::TimeWait => Ok(Read::End),
            State::Closed => Err(self.ended),
            _ => Ok(Read::Nothing),
        }
    }

    pub(super) fn close(&mut self, outgoing: &mut Outgoing) -> Result<(), Ended> {
        if !self.is_alive() {
            return Err(self.ended);
        }
        if std::mem::replace(&mut self.sending.closing, true) {
            return Err(Ended::Closing);
        }
        match self.state {
            State::SynSent => self.end(Ended::NoConnection),
            State::Established => self.state = State::FinWait1,
            State::CloseWait => self.state = State::LastAck,
            _ => {}
        }
        if self.is_alive() {
            self.output(outgoing);
        }
        Ok(())
    }

    pub(super) fn abort(&mut self, outgoing: &mut Outgoing) -> Result<(), Ended> {
        if !self.is_alive() {
            return Err(self.ended);
        }
        if matches!(self.state, State::SynReceived | State::CloseWait) || self.state.still_receives() {
            self.send_bare(RST | ACK, outgoing);
        }
        self.end(Ended::NoConnection);
        Ok(())
    }

    // --- time ------------------------------------------------------------------------------------------------------

    pub(super) fn next_timer(&self) -> Option<u64> {
        [self.sending.retransmit_at, self.close_at].into_iter().flatten().min()
    }

    pub(super) fn timeouts(&mut self, outgoing: &mut Outgoing) {
        if self.close_at.is_some_and(|time| time <= self.now) {
            self.end(Ended::NoConnection);
        } else if self.sending.retransmit_at.is_some_and(|time| time <= self.now) {
            let handshake = matches!(self.state, State::SynSent | State::SynReceived);
            if self.sending.gives_up(self.now, handshake) {
                self.end(Ended::TimedOut);
            } else if handshake {
                self.sending.back_off(self.now);
                self.send_syn(outgoing);
            } else if let Some(segment) = self.sending.again(self.now) {
                self.transmit(segment, outgoing);
            }
        }
    }

    fn wait_out(&mut self) {
        self.state = State::TimeWait;
        self.sending.retransmit_at = None;
        self.close_at = Some(self.now + 2 * MSL);
        if self.has_bug(Bug::NoTimeWait) {
            // Bug: nobody is left who could acknowledge the peer's FIN again. Its first acknowledgment still goes out.
            self.close_at = Some(self.now);
        }
    }

    fn end(&mut self, ended: Ended) {
        (self.state, self.ended) = (State::Closed, ended);
        (self.sending.retransmit_at, self.close_at) = (None, None);
        if ended != Ended::NoConnection {
            self.unread.clear();
        }
    }
}
