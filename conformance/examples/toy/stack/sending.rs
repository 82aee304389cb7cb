//! What a connection of the toy has to send, when, and when again (RFC 9293 §3.8, RFC 6298).

use super::connection::{SECOND, diff};
use super::wire::{ACK, FIN, PSH, Segment};

const RTO_MIN: u64 = SECOND;
const RTO_MAX: u64 = 60 * SECOND;

/// How long a small segment waits for company (section 3.8.6.2.1).
const OVERRIDE: u64 = SECOND / 2;

/// How long nothing may be acknowledged before the connection is given up (section 3.8.3).
const R2_TEXT: u64 = 120 * SECOND;
const R2_SYN: u64 = 200 * SECOND;

#[derive(Debug)]
pub(super) struct Sending {
    pub(super) iss: u32,
    pub(super) snd_una: u32,
    pub(super) snd_nxt: u32,
    pub(super) largest_window: u16,
    pub(super) mss: usize,
    pub(super) nagle: bool,
    /// The user has closed: a FIN follows the text.
    pub(super) closing: bool,
    pub(super) retransmit_at: Option<u64>,
    snd_wnd: u16,
    snd_wl1: u32,
    snd_wl2: u32,
    /// Text from `queue_seq` on: unacknowledged, then unsent.
    queue: Vec<u8>,
    queue_seq: u32,
    fin_seq: Option<u32>,
    rto: u64,
    /// Smoothed round-trip time and its variation.
    measured: Option<(u64, u64)>,
    /// What will acknowledge the segment whose round trip is measured, and when it was sent.
    timed: Option<(u32, u64)>,
    /// Since when nothing has been acknowledged.
    waiting_since: u64,
    syn_sent_again: bool,
}

impl Sending {
    pub(super) const fn new(iss: u32, mss: usize, nagle: bool) -> Self {
        Self {
            iss,
            snd_una: iss,
            snd_nxt: iss,
            largest_window: 0,
            mss,
            nagle,
            closing: false,
            retransmit_at: None,
            snd_wnd: 0,
            snd_wl1: 0,
            snd_wl2: 0,
            queue: Vec::new(),
            queue_seq: iss.wrapping_add(1),
            fin_seq: None,
            rto: SECOND,
            measured: None,
            timed: None,
            waiting_since: 0,
            syn_sent_again: false,
        }
    }

    /// The SYN is sent.
    pub(super) const fn begin(&mut self, now: u64) {
        self.snd_nxt = self.iss.wrapping_add(1);
        self.waiting_since = now;
        self.timed = Some((self.snd_nxt, now));
        self.retransmit_at = Some(now + self.rto);
    }

    pub(super) const fn handshake_is_over(&mut self) {
        if self.syn_sent_again && self.measured.is_none() {
            self.rto = 3 * SECOND;
        }
    }

    /// Takes text as far as there is room for it; says how much.
    pub(super) fn queue(&mut self, text: &[u8], room: usize) -> usize {
        let taken = text.len().min(room.saturating_sub(self.queue.len()));
        self.queue.extend(&text[..taken]);
        taken
    }

    // --- what arrives ----------------------------------------------------------------------------------------------

    /// SND.UNA advances: what was in flight has arrived.
    pub(super) fn acknowledged(&mut self, ack: u32, now: u64) {
        self.snd_una = ack;
        let gone = usize::try_from(diff(ack, self.queue_seq)).unwrap_or(0).min(self.queue.len());
        self.queue.drain(..gone);
        self.queue_seq = self.queue_seq.wrapping_add(gone as u32);
        if let Some((_, sent)) = self.timed.take_if(|(seq, _)| diff(ack, *seq) >= 0) {
            let rtt = now - sent;
            let (smoothed, variation) = self.measured.map_or((rtt, rtt / 2), |(smoothed, variation)| {
                ((7 * smoothed + rtt) / 8, (3 * variation + smoothed.abs_diff(rtt)) / 4)
            });
            self.measured = Some((smoothed, variation));
            // A timeout that has doubled stays so until then (Karn).
            self.rto = (smoothed + 4 * variation).clamp(RTO_MIN, RTO_MAX);
        }
        self.waiting_since = now;
        self.retransmit_at = (self.snd_una != self.snd_nxt).then_some(now + self.rto);
    }

    pub(super) fn update_window(&mut self, segment: &Segment, now: u64) {
        let newer = diff(segment.seq, self.snd_wl1);
        if newer > 0 || newer == 0 && diff(segment.ack, self.snd_wl2) >= 0 {
            self.take_window(segment);
            if segment.window == 0 {
                // A peer that answers is not given up (section 3.8.6.1).
                self.waiting_since = now;
            }
        }
    }

    pub(super) fn take_window(&mut self, segment: &Segment) {
        (self.snd_wnd, self.snd_wl1, self.snd_wl2) = (segment.window, segment.seq, segment.ack);
        self.largest_window = self.largest_window.max(segment.window);
    }

    pub(super) fn fin_is_acknowledged(&self) -> bool {
        self.fin_seq.is_some_and(|fin| diff(self.snd_una, fin) > 0)
    }

    // --- what may be sent now --------------------------------------------------------------------------------------

    /// The next segment that there is reason to send.
    pub(super) fn next(&mut self, now: u64) -> Option<Segment> {
        self.next_segment(false, now)
    }

    /// The next segment; `forced` sends an octet even where the window or its smallness forbids.
    fn next_segment(&mut self, forced: bool, now: u64) -> Option<Segment> {
        if self.fin_seq.is_some() {
            return None;
        }
        let (unsent, usable) = (self.unsent(), self.usable());
        let size = unsent.min(if forced { usable.max(1) } else { usable }).min(self.mss);
        let whole = size == unsent;
        let idle = self.snd_una == self.snd_nxt;
        let worth_it = size == self.mss
            || whole && (idle || !self.nagle || self.closing)
            || idle && 2 * size >= usize::from(self.largest_window);
        let fin = self.closing && whole && (size < usable || unsent == 0 || forced);
        if !fin && (size == 0 || !worth_it && !forced) {
            return None;
        }
        let seq = self.snd_nxt;
        self.snd_nxt = seq.wrapping_add(size as u32 + u32::from(fin));
        self.timed.get_or_insert((self.snd_nxt, now));
        self.fin_seq = fin.then(|| self.snd_nxt.wrapping_sub(1));
        if idle {
            self.waiting_since = now;
        }
        if idle || self.retransmit_at.is_none() {
            self.retransmit_at = Some(now + self.rto);
        }
        Some(self.segment(seq, size, fin))
    }

    fn segment(&self, seq: u32, size: usize, fin: bool) -> Segment {
        let start = usize::try_from(diff(seq, self.queue_seq)).unwrap_or(0);
        let text = self.queue[start..start + size].to_vec();
        let push = if size > 0 && start + size == self.queue.len() { PSH } else { 0 };
        Segment { seq, flags: ACK | push | if fin { FIN } else { 0 }, text, ..Segment::default() }
    }

    fn sent(&self) -> usize {
        usize::try_from(diff(self.snd_nxt, self.queue_seq)).unwrap_or(0).min(self.queue.len())
    }

    fn unsent(&self) -> usize {
        self.queue.len() - self.sent()
    }

    fn usable(&self) -> usize {
        let edge = self.snd_una.wrapping_add(u32::from(self.snd_wnd));
        usize::try_from(diff(edge, self.snd_nxt)).unwrap_or(0)
    }

    /// With nothing in flight, a timer sends what the window or its smallness holds back.
    pub(super) fn watch_over_what_is_unsent(&mut self, now: u64) {
        let held_back = self.fin_seq.is_none() && (self.unsent() > 0 || self.closing);
        if held_back && self.snd_una == self.snd_nxt && self.retransmit_at.is_none() {
            self.retransmit_at = Some(now + if self.usable() > 0 { OVERRIDE } else { self.rto });
        }
    }

    // --- time ------------------------------------------------------------------------------------------------------

    /// Whether nobody has answered for too long.
    pub(super) fn gives_up(&self, now: u64, handshake: bool) -> bool {
        let patience = if handshake { R2_SYN } else { R2_TEXT };
        self.snd_una != self.snd_nxt && now - self.waiting_since >= patience
    }

    /// A SYN is sent again.
    pub(super) fn back_off(&mut self, now: u64) {
        self.syn_sent_again = self.snd_una == self.iss;
        self.timed = None;
        self.rto = (2 * self.rto).min(RTO_MAX);
        self.retransmit_at = Some(now + self.rto);
    }

    /// The timer expired: the oldest segment in flight again, or what was held back.
    pub(super) fn again(&mut self, now: u64) -> Option<Segment> {
        self.retransmit_at = None;
        if self.snd_una == self.snd_nxt {
            return self.next_segment(true, now);
        }
        self.back_off(now);
        let size = self.sent().min(self.mss).min(usize::from(self.snd_wnd.max(1)));
        let fin = self.fin_seq.is_some() && size == self.queue.len();
        Some(self.segment(self.snd_una, size, fin))
    }
}
