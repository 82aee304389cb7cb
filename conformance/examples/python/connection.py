"""One connection of the toy: RFC 9293 in the order of its section 3.10, without options but MSS.

Sequence numbers are plain integers modulo 2**32, times are microseconds.
"""

from wire import ACK, FIN, PSH, RST, SYN, Segment

SECOND = 1_000_000
MSL = 30 * SECOND
RTO_MIN, RTO_MAX = SECOND, 60 * SECOND
OVERRIDE = SECOND // 2  # how long a small segment waits for company (section 3.8.6.2.1)
R2_TEXT, R2_SYN = 120 * SECOND, 200 * SECOND
MOST_EARLY = 16  # segments beyond a gap that a connection keeps

STILL_RECEIVING = ("ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2")


def diff(a, b):
    """How far a is after b, negative if it is before, modulo 2**32."""
    return (a - b + 0x80000000 & 0xFFFFFFFF) - 0x80000000


def add(a, n):
    return a + n & 0xFFFFFFFF


class Failed(Exception):
    """A user call failed, for the reason given."""


class Connection:
    """A transmission control block (section 3.3.1) and what happens to it."""

    def __init__(self, host, port, remote, remote_port):
        self.host = host
        self.pair = (port, remote, remote_port)
        self.state = "CLOSED"
        self.listener = None
        self.opened = False
        self.ending = None
        self.nagle = host.setup["nagle"]
        self.iss = host.initial_sequence_number(self.pair)
        self.snd_una = self.snd_nxt = self.iss
        self.snd_wnd = self.snd_wl1 = self.snd_wl2 = self.largest_window = 0
        self.mss = min(host.default_mss, host.largest_text)
        self.rcv_nxt = self.rcv_edge = 0
        self.unread = b""
        self.early = []
        self.queue = b""  # text from queue_seq on: unacknowledged, then unsent
        self.queue_seq = add(self.iss, 1)
        self.closing = False  # the user has closed: a FIN follows the text
        self.fin_seq = None
        self.ack_due = False
        self.rto, self.srtt, self.rttvar = SECOND, None, 0
        self.timed = None  # (sequence number, when sent) of the segment whose round trip is measured
        self.retransmit_at = self.close_at = None
        self.waiting_since = None
        self.syn_sent_again = False

    # --- opening ----------------------------------------------------------------------------------------------

    def open(self, state):
        self.state = state
        self.snd_nxt = add(self.iss, 1)
        self.send_syn()
        self.waiting_since = self.host.now
        self.timed = (self.snd_nxt, self.host.now)
        self.arm(self.rto)

    def send_syn(self):
        self.emit(SYN | (ACK if self.state == "SYN-RECEIVED" else 0), self.iss, mss=self.host.largest_text)

    def requested(self, segment):
        """The peer's SYN: its number and its MSS. Text on it is left for the peer to send again."""
        self.rcv_nxt = self.rcv_edge = add(segment.seq, 1)
        if segment.mss is not None:
            self.mss = min(max(segment.mss, 1), self.host.largest_text)

    def establish(self, segment):
        self.state = "ESTABLISHED"
        self.opened = True
        self.take_window(segment)
        if self.syn_sent_again and self.srtt is None:
            self.rto = 3 * SECOND

    # --- SEGMENT ARRIVES --------------------------------------------------------------------------------------

    def arrives(self, segment):
        if self.state == "SYN-SENT":
            self.arrives_in_syn_sent(segment)
        else:
            self.arrives_elsewhere(segment)
        if self.state != "CLOSED":
            self.output()

    def arrives_in_syn_sent(self, segment):
        """Section 3.10.7.3."""
        acknowledged = bool(segment.flags & ACK)
        if acknowledged and segment.ack != self.snd_nxt:
            if not segment.flags & RST:
                self.host.transmit(*self.pair, Segment(segment.ack, 0, RST, 0))
            return
        if segment.flags & RST:
            if acknowledged:
                self.end("refused")
            return
        if not segment.flags & SYN:
            return
        self.requested(segment)
        if acknowledged:
            self.acknowledged(segment.ack)
            self.establish(segment)
            self.ack_due = True
        else:
            self.state = "SYN-RECEIVED"
            self.send_syn()
            self.arm(self.rto)

    def arrives_elsewhere(self, segment):
        """Section 3.10.7.4, its checks in their order, with the stricter tests of RFC 5961."""
        if not self.acceptable(segment):
            self.ack_due = not segment.flags & RST
            return
        if segment.flags & RST:
            self.reset_arrives(segment)
            return
        if segment.flags & SYN:
            self.ack_due = True
            return
        if not segment.flags & ACK or not self.ack_arrives(segment):
            return
        if segment.length:
            self.ack_due = True
        if diff(segment.seq, self.rcv_nxt) > 0:
            self.early = [*self.early, segment][-MOST_EARLY:]
            return
        self.take(segment)
        while ready := [one for one in self.early if diff(one.seq, self.rcv_nxt) <= 0]:
            self.early.remove(ready[0])
            self.take(ready[0])

    def acceptable(self, segment):
        """The first check, table 6. What fills no window at all may still carry an acknowledgment or a reset."""
        window, at = self.window(), diff(segment.seq, self.rcv_nxt)
        if window == 0 or segment.length == 0:
            return at == 0 or 0 <= at < window
        return 0 <= at < window or 0 <= at + segment.length - 1 < window

    def reset_arrives(self, segment):
        if segment.seq != self.rcv_nxt:
            self.ack_due = True
        elif self.state == "SYN-RECEIVED":
            self.end("refused")
        elif self.state in ("CLOSING", "LAST-ACK", "TIME-WAIT"):
            self.end("closed")
        else:
            self.end("reset")

    def ack_arrives(self, segment):
        """The fifth check. Says whether the segment is looked at any further."""
        acked, ahead = diff(segment.ack, self.snd_una), diff(segment.ack, self.snd_nxt)
        if self.state == "SYN-RECEIVED":
            if acked <= 0 or ahead > 0:
                self.host.transmit(*self.pair, Segment(segment.ack, 0, RST, 0))
                return False
            self.acknowledged(segment.ack)
            if self.closing:
                self.state = "FIN-WAIT-1"
                self.opened = True
                self.take_window(segment)
            else:
                self.establish(segment)
        elif ahead > 0 or acked < -max(self.largest_window, 1):
            self.ack_due = True
            return False
        else:
            if acked > 0:
                self.acknowledged(segment.ack)
            if acked >= 0:
                self.update_window(segment)
        if self.fin_seq is not None and diff(self.snd_una, self.fin_seq) > 0:
            self.fin_acknowledged()
        return self.state != "CLOSED"

    def update_window(self, segment):
        newer, same = diff(segment.seq, self.snd_wl1), diff(segment.ack, self.snd_wl2) >= 0
        if newer > 0 or newer == 0 and same:
            self.take_window(segment)
            if segment.window == 0:
                self.waiting_since = self.host.now  # a peer that answers is not given up (section 3.8.6.1)

    def take_window(self, segment):
        self.snd_wnd, self.snd_wl1, self.snd_wl2 = segment.window, segment.seq, segment.ack
        self.largest_window = max(self.largest_window, segment.window)

    def acknowledged(self, ack):
        """SND.UNA advances: what was in flight has arrived (RFC 6298, section 5)."""
        self.snd_una = ack
        gone = max(0, min(diff(ack, self.queue_seq), len(self.queue)))
        self.queue, self.queue_seq = self.queue[gone:], add(self.queue_seq, gone)
        if self.timed and diff(ack, self.timed[0]) >= 0:
            self.measure(self.host.now - self.timed[1])
            self.timed = None
            # A timeout that has doubled stays so until then (Karn).
            self.rto = min(max(self.srtt + 4 * self.rttvar, RTO_MIN), RTO_MAX)
        self.waiting_since = self.host.now
        self.retransmit_at = None
        if self.snd_una != self.snd_nxt:
            self.arm(self.rto)

    def measure(self, rtt):
        if self.srtt is None:
            self.srtt, self.rttvar = rtt, rtt // 2
        else:
            self.rttvar = (3 * self.rttvar + abs(self.srtt - rtt)) // 4
            self.srtt = (7 * self.srtt + rtt) // 8

    def fin_acknowledged(self):
        if self.state == "FIN-WAIT-1":
            self.state = "FIN-WAIT-2"
        elif self.state == "CLOSING":
            self.wait_out()
        elif self.state == "LAST-ACK":
            self.end("closed")

    def take(self, segment):
        """The seventh check, and the eighth for a FIN that all text before it has reached. Nothing is missing before."""
        late = diff(self.rcv_nxt, segment.seq)
        if late > len(segment.text):
            return
        if self.state in STILL_RECEIVING:
            taken = segment.text[late:][: self.window()]
            self.unread += taken
            self.rcv_nxt = add(self.rcv_nxt, len(taken))
            late += len(taken)
        if segment.flags & FIN and late == len(segment.text):
            self.fin_arrives()

    def fin_arrives(self):
        if self.state not in STILL_RECEIVING:
            if self.state == "TIME-WAIT":
                self.wait_out()
            return
        self.rcv_nxt = add(self.rcv_nxt, 1)
        if diff(self.rcv_edge, self.rcv_nxt) < 0:
            self.rcv_edge = self.rcv_nxt
        if self.state == "ESTABLISHED":
            self.state = "CLOSE-WAIT"
        elif self.state == "FIN-WAIT-1":
            self.state = "CLOSING"
        else:
            self.wait_out()

    # --- what may be sent now ---------------------------------------------------------------------------------

    def output(self):
        """Sends text and FIN as far as the window lets it, and an acknowledgment if one is due (section 3.8)."""
        while self.may_send_text() and self.send_next(forced=False):
            pass
        if self.ack_due:
            self.emit(ACK, self.snd_nxt)
        self.watch_over_what_is_unsent()

    def may_send_text(self):
        return self.state in ("ESTABLISHED", "CLOSE-WAIT", "FIN-WAIT-1", "CLOSING", "LAST-ACK") and self.fin_seq is None

    def unsent(self):
        return len(self.queue) - diff(self.snd_nxt, self.queue_seq)

    def usable(self):
        return max(0, diff(add(self.snd_una, self.snd_wnd), self.snd_nxt))

    def send_next(self, forced):
        """Sends one segment if there is reason to; `forced` sends at least an octet. Says whether it did."""
        unsent, usable = self.unsent(), self.usable()
        size = min(unsent, max(usable, 1) if forced else usable, self.mss)
        whole = size == unsent
        idle = self.snd_una == self.snd_nxt
        worth_it = size == self.mss or whole and (idle or not self.nagle or self.closing)
        worth_it = worth_it or idle and 2 * size >= self.largest_window
        fin = self.closing and whole and (size < usable or unsent == 0 or forced)
        if not fin and (size == 0 or not worth_it and not forced):
            return False
        if self.timed is None:
            self.timed = (add(self.snd_nxt, size + fin), self.host.now)
        if idle:
            self.waiting_since = self.host.now
        self.send_text(self.snd_nxt, size, fin)
        self.snd_nxt = add(self.snd_nxt, size + fin)
        if fin:
            self.fin_seq = add(self.snd_nxt, -1)
        if self.retransmit_at is None or idle:
            self.arm(self.rto)
        return not fin

    def send_text(self, seq, size, fin):
        start = diff(seq, self.queue_seq)
        text = self.queue[start : start + size]
        push = PSH if text and start + size == len(self.queue) else 0
        self.emit(ACK | push | (FIN if fin else 0), seq, text)

    def watch_over_what_is_unsent(self):
        """With nothing in flight, a timer sends what the window or its smallness holds back."""
        if not self.may_send_text() or self.snd_una != self.snd_nxt or self.retransmit_at is not None:
            return
        if self.unsent() or self.closing:
            self.arm(OVERRIDE if self.usable() else self.rto)

    def window(self):
        return max(0, diff(self.rcv_edge, self.rcv_nxt))

    def offer(self):
        """The window to offer: its edge moves by steps that are worth it, and never back (section 3.8.6.2.2)."""
        room = self.host.setup["receive_buffer"] - len(self.unread)
        grown = room - self.window()
        if grown >= min(self.host.setup["receive_buffer"] // 2, self.mss):
            return add(self.rcv_nxt, min(room, 65535))
        return self.rcv_edge

    def emit(self, flags, seq, text=b"", mss=None):
        ack = 0
        if flags & ACK:
            ack = self.rcv_nxt
            self.rcv_edge = self.offer()
            self.ack_due = False
        window = min(self.window() if flags & ACK else self.host.setup["receive_buffer"], 65535)
        self.host.transmit(*self.pair, Segment(seq, ack, flags, window, text, mss))

    # --- user calls -------------------------------------------------------------------------------------------

    def failure(self):
        return Failed("no-connection" if self.ending == "closed" else self.ending)

    def send(self, text):
        if self.state == "CLOSED":
            raise self.failure()
        if self.closing:
            raise Failed("closing")
        taken = text[: self.host.setup["send_buffer"] - len(self.queue)]
        self.queue += taken
        self.output()
        return len(taken)

    def receive(self, most):
        """Text; none of it at the end of the stream; None if there is nothing yet."""
        if self.state == "CLOSED" and self.ending != "closed":
            raise self.failure()
        if self.unread:
            text, self.unread = self.unread[:most], self.unread[most:]
            if self.state in STILL_RECEIVING and self.offer() != self.rcv_edge:
                self.emit(ACK, self.snd_nxt)
            return text
        if self.state in ("CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT"):
            return b""
        if self.state == "CLOSED":
            raise self.failure()
        return None

    def close(self):
        if self.state == "CLOSED":
            raise self.failure()
        if self.closing:
            raise Failed("closing")
        self.closing = True
        if self.state == "SYN-SENT":
            self.end("closed")
        elif self.state == "ESTABLISHED":
            self.state = "FIN-WAIT-1"
        elif self.state == "CLOSE-WAIT":
            self.state = "LAST-ACK"
        if self.state != "CLOSED":
            self.output()

    def abort(self):
        if self.state == "CLOSED":
            raise self.failure()
        if self.state in ("SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT"):
            self.emit(RST | ACK, self.snd_nxt)
        self.end("closed")

    # --- time -------------------------------------------------------------------------------------------------

    def arm(self, delay):
        self.retransmit_at = self.host.now + delay

    def next_timer(self):
        return min((time for time in (self.retransmit_at, self.close_at) if time is not None), default=None)

    def timeouts(self):
        if self.close_at is not None and self.close_at <= self.host.now:
            self.end("closed")
        elif self.retransmit_at is not None and self.retransmit_at <= self.host.now:
            self.retransmit_at = None
            self.retransmit()

    def retransmit(self):
        handshake = self.state in ("SYN-SENT", "SYN-RECEIVED")
        in_flight = self.snd_una != self.snd_nxt
        if in_flight and self.host.now - self.waiting_since >= (R2_SYN if handshake else R2_TEXT):
            self.end("timed-out")
            return
        if not in_flight:
            self.send_next(forced=True)
            return
        self.timed = None
        self.rto = min(2 * self.rto, RTO_MAX)
        if handshake:
            self.syn_sent_again = True
            self.send_syn()
        else:
            self.retransmit_oldest()
        self.arm(self.rto)

    def retransmit_oldest(self):
        sent = min(diff(self.snd_nxt, self.queue_seq), len(self.queue))
        size = min(sent, self.mss, max(self.snd_wnd, 1))
        fin = self.fin_seq is not None and size == len(self.queue)
        self.send_text(self.snd_una, size, fin)

    def wait_out(self):
        self.state = "TIME-WAIT"
        self.retransmit_at = None
        self.close_at = self.host.now + 2 * MSL

    def end(self, how):
        self.state, self.ending = "CLOSED", how
        self.retransmit_at = self.close_at = None
        if how != "closed":
            self.unread = b""
        if self.listener and self in self.listener.waiting:
            self.listener.waiting.remove(self)
