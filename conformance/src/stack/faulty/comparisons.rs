//! Comparisons that are off by one, made by altering what arrives by one exactly where the comparison has its edge;
//! and comparisons that forget that numbers go round.

use tcpspec_core::{Control, Segment, SeqNumber, State, Tcb};

use super::{Arrives, Entry, Fate, Fault, Hook, listed};

type Edge = Entry<Arrives>;

pub(super) fn faults() -> impl Iterator<Item = Fault> {
    let lists = [WINDOW, RESETS, ACKNOWLEDGMENTS, OPENING, ROUND];
    lists.into_iter().flat_map(|list| listed(list, Hook::Arrives))
}

/// Moves a number to where the comparison comes out wrong, if it is at the edge.
fn mistake(number: &mut SeqNumber, at: SeqNumber, for_: SeqNumber) -> Fate {
    if *number == at {
        *number = for_;
    }
    Fate::Seen
}

/// Whether the state has numbers to compare with.
const fn compares(tcb: &Tcb) -> bool {
    !matches!(tcb.state, State::Closed | State::Listen | State::SynSent)
}

/// A segment of a live connection that is compared with the window and no RST.
fn ordinary(tcb: &Tcb, segment: &Segment<'_>) -> bool {
    compares(tcb) && !segment.has(Control::RST) && !segment.has(Control::SYN)
}

/// An acknowledgment on a live connection.
fn acknowledges(tcb: &Tcb, segment: &Segment<'_>) -> bool {
    ordinary(tcb, segment) && segment.has(Control::ACK)
}

/// The receive window (§3.4, Table 6).
static WINDOW: &[Edge] = &[
    ("off-by-one/left-edge-low", &["R9293-3.4-c", "R9293-3.5.2-c", "R9293-3.10.7.4-e"], |tcb, segment| {
        let applies = ordinary(tcb, segment) && segment.is_empty();
        if applies { mistake(&mut segment.seq, tcb.rcv.nxt - 1, tcb.rcv.nxt) } else { Fate::Seen }
    }),
    ("off-by-one/left-edge-high", &["R9293-3.4-c"], |tcb, segment| {
        let applies = ordinary(tcb, segment) && segment.is_empty();
        if applies { mistake(&mut segment.seq, tcb.rcv.nxt, tcb.rcv.nxt - 1) } else { Fate::Seen }
    }),
    ("off-by-one/right-edge-high", &["R9293-3.4-c", "R9293-3.5.2-c", "R9293-3.10.7.4-e"], |tcb, segment| {
        let (edge, applies) = (tcb.right_edge(), ordinary(tcb, segment) && tcb.rcv.wnd > 0);
        if applies { mistake(&mut segment.seq, edge, edge - 1) } else { Fate::Seen }
    }),
    ("off-by-one/right-edge-low", &["R9293-3.4-c"], |tcb, segment| {
        let (edge, applies) = (tcb.right_edge(), ordinary(tcb, segment) && tcb.rcv.wnd > 1);
        if applies { mistake(&mut segment.seq, edge - 1, edge) } else { Fate::Seen }
    }),
    ("off-by-one/text-left-edge-low", &["R9293-3.4-c", "R9293-3.10-a"], |tcb, segment| {
        if ordinary(tcb, segment) && !segment.text.is_empty() && segment.end() == tcb.rcv.nxt {
            segment.seq += 1;
        }
        Fate::Seen
    }),
    ("off-by-one/text-left-edge-high", &["R9293-3.4-c", "R9293-3.10-a"], |tcb, segment| {
        let one_new = segment.seq.lt(tcb.rcv.nxt) && segment.end() == tcb.rcv.nxt + 1;
        if ordinary(tcb, segment) && !segment.text.is_empty() && one_new {
            segment.seq = segment.seq - 1;
        }
        Fate::Seen
    }),
    ("off-by-one/trimmed-too-much", &["R9293-3.10-a"], |tcb, segment| {
        // One octet that is new goes with those that are old: the rest is held above a gap of one.
        let old = tcb.rcv.nxt.since(segment.seq) as usize;
        if ordinary(tcb, segment) && segment.seq.lt(tcb.rcv.nxt) && old + 1 < segment.text.len() {
            segment.text = &segment.text[old + 1..];
            segment.seq = tcb.rcv.nxt + 1;
        }
        Fate::Seen
    }),
    ("off-by-one/trimmed-too-little", &["R9293-3.10-a"], |tcb, segment| {
        let old = tcb.rcv.nxt.since(segment.seq) as usize;
        if ordinary(tcb, segment) && segment.seq.lt(tcb.rcv.nxt) && old < segment.text.len() {
            segment.text = &segment.text[old - 1..];
            segment.seq = tcb.rcv.nxt;
        }
        Fate::Seen
    }),
    ("off-by-one/text-right-edge-low", &["R9293-3.4-c", "R9293-3.8.6.2.2-a"], |tcb, segment| {
        if let [front @ .., _] = segment.text
            && ordinary(tcb, segment)
            && segment.seq + u32::try_from(segment.text.len()).unwrap_or(0) == tcb.right_edge()
        {
            segment.text = front;
            segment.ctl = segment.ctl.without(Control::FIN);
        }
        Fate::Seen
    }),
    ("off-by-one/fin-across-a-gap", &["R9293-3.4-d", "R9293-3.6-d", "SHLD-31"], |tcb, segment| {
        let fin = ordinary(tcb, segment) && segment.has(Control::FIN) && segment.text.is_empty();
        if fin { mistake(&mut segment.seq, tcb.rcv.nxt + 1, tcb.rcv.nxt) } else { Fate::Seen }
    }),
    ("off-by-one/fin-before-its-text", &["R9293-3.4-d", "R9293-3.6-d"], |tcb, segment| {
        if ordinary(tcb, segment) && segment.has(Control::FIN) {
            segment.text = &[];
        }
        Fate::Seen
    }),
    ("off-by-one/fin-after-a-further-octet", &["R9293-3.4-d", "R9293-3.6-d"], |tcb, segment| {
        if ordinary(tcb, segment) && segment.has(Control::FIN) && segment.text.is_empty() {
            return mistake(&mut segment.seq, tcb.rcv.nxt, tcb.rcv.nxt + 1);
        }
        Fate::Seen
    }),
];

/// A RST on a live connection.
fn resets(tcb: &Tcb, segment: &Segment<'_>) -> bool {
    compares(tcb) && segment.has(Control::RST)
}

/// Resets (§3.5.3, §3.10.7.4 step 2).
static RESETS: &[Edge] = &[
    ("off-by-one/reset-high", &["R9293-3.10.7.4-b", "R5961-3.2-d"], |tcb, segment| {
        if resets(tcb, segment) {
            mistake(&mut segment.seq, tcb.rcv.nxt + 1, tcb.rcv.nxt)
        } else {
            Fate::Seen
        }
    }),
    ("off-by-one/reset-low", &["R5961-3.2-b", "R9293-3.5.3-a", "R9293-3.10.7.4-e"], |tcb, segment| {
        if resets(tcb, segment) {
            mistake(&mut segment.seq, tcb.rcv.nxt - 1, tcb.rcv.nxt)
        } else {
            Fate::Seen
        }
    }),
    (
        "off-by-one/reset-missed-for-the-next",
        &["R9293-3.10.7.4-a", "R5961-3.2-c", "R9293-3.5.3-b"],
        |tcb, segment| {
            if resets(tcb, segment) {
                mistake(&mut segment.seq, tcb.rcv.nxt, tcb.rcv.nxt + 1)
            } else {
                Fate::Seen
            }
        },
    ),
    (
        "off-by-one/reset-missed-for-the-last",
        &["R9293-3.10.7.4-a", "R5961-3.2-c", "R9293-3.5.3-b"],
        |tcb, segment| {
            if resets(tcb, segment) {
                mistake(&mut segment.seq, tcb.rcv.nxt, tcb.rcv.nxt - 1)
            } else {
                Fate::Seen
            }
        },
    ),
    (
        "off-by-one/reset-right-edge-high",
        &["R5961-3.2-b", "R9293-3.5.3-a", "R9293-3.10.7.4-e"],
        |tcb, segment| {
            let edge = tcb.right_edge();
            if resets(tcb, segment) && tcb.rcv.wnd > 1 {
                mistake(&mut segment.seq, edge, edge - 1)
            } else {
                Fate::Seen
            }
        },
    ),
    ("off-by-one/reset-right-edge-low", &["R9293-3.10.7.4-b", "R5961-3.2-d"], |tcb, segment| {
        let edge = tcb.right_edge();
        if resets(tcb, segment) && tcb.rcv.wnd > 1 {
            mistake(&mut segment.seq, edge - 1, edge)
        } else {
            Fate::Seen
        }
    }),
    (
        "reset/anywhere",
        &["R5961-3.2-b", "R9293-3.5.3-a", "R9293-3.10.7.4-b", "R9293-3.10.7.4-e"],
        |tcb, segment| {
            if resets(tcb, segment) {
                segment.seq = tcb.rcv.nxt;
            }
            Fate::Seen
        },
    ),
    ("reset/never", &["R9293-3.5.3-b", "R9293-3.10.7.4-a", "R5961-3.2-c", "MUST-12"], |tcb, segment| {
        if resets(tcb, segment) { Fate::Lost } else { Fate::Seen }
    }),
    ("reset/only-without-text", &["SHLD-2"], |tcb, segment| {
        if resets(tcb, segment) && !segment.text.is_empty() { Fate::Lost } else { Fate::Seen }
    }),
    ("reset/not-with-a-closed-window", &["MUST-66", "R9293-3.10.7.4-f"], |tcb, segment| {
        if resets(tcb, segment) && tcb.rcv.wnd == 0 { Fate::Lost } else { Fate::Seen }
    }),
    ("reset/judged-by-its-acknowledgment", &["R9293-3.5.3-a"], |tcb, segment| {
        let stale = segment.has(Control::ACK) && segment.ack != tcb.snd.nxt;
        if resets(tcb, segment) && stale { Fate::Lost } else { Fate::Seen }
    }),
];

/// Acknowledgments (§3.10.7.4 step 5).
static ACKNOWLEDGMENTS: &[Edge] = &[
    (
        "off-by-one/ack-beyond-what-was-sent",
        &["R9293-3.4-b", "R9293-3.5.2-c", "R9293-3.10.7.4-d"],
        |tcb, segment| {
            let applies = acknowledges(tcb, segment) && tcb.state != State::SynReceived;
            if applies { mistake(&mut segment.ack, tcb.snd.nxt + 1, tcb.snd.nxt) } else { Fate::Seen }
        },
    ),
    ("off-by-one/ack-of-all-refused", &["R9293-3.4-b"], |tcb, segment| {
        let applies = acknowledges(tcb, segment) && tcb.outstanding() && tcb.state != State::SynReceived;
        if applies { mistake(&mut segment.ack, tcb.snd.nxt, tcb.snd.nxt + 1) } else { Fate::Seen }
    }),
    ("off-by-one/duplicate-ack-counts", &["R9293-3.4-b", "R9293-3.6-b"], |tcb, segment| {
        let applies = acknowledges(tcb, segment) && tcb.outstanding() && tcb.state != State::SynReceived;
        if applies { mistake(&mut segment.ack, tcb.snd.una, tcb.snd.una + 1) } else { Fate::Seen }
    }),
    ("off-by-one/ack-of-one-octet-ignored", &["R9293-3.4-b"], |tcb, segment| {
        let applies = acknowledges(tcb, segment) && tcb.outstanding() && tcb.state != State::SynReceived;
        if applies { mistake(&mut segment.ack, tcb.snd.una + 1, tcb.snd.una) } else { Fate::Seen }
    }),
    (
        "ack/of-what-was-never-sent",
        &["R9293-3.4-b", "R9293-3.5.2-c", "R9293-3.10.7.4-d", "R9293-3.6-b"],
        |tcb, segment| {
            if acknowledges(tcb, segment) && tcb.state != State::SynReceived && segment.ack.gt(tcb.snd.nxt) {
                segment.ack = tcb.snd.nxt;
            }
            Fate::Seen
        },
    ),
    ("ack/nothing-below-what-is-acknowledged", &["R9293-3.10.7.4-l", "R9293-3.10.7.4-d"], |tcb, segment| {
        if acknowledges(tcb, segment) && segment.ack.lt(tcb.snd.una) {
            segment.ack = tcb.snd.una - tcb.snd.max_wnd - 1;
        }
        Fate::Seen
    }),
    ("ack/only-of-all", &["R9293-3.4-b"], |tcb, segment| {
        let partial = segment.ack.gt(tcb.snd.una) && segment.ack.lt(tcb.snd.nxt);
        if acknowledges(tcb, segment) && partial {
            segment.ack = tcb.snd.una;
        }
        Fate::Seen
    }),
    ("ack/duplicate-takes-its-text-along", &["R9293-3.10.7.4-l"], |tcb, segment| {
        let duplicate = segment.ack.le(tcb.snd.una) && !segment.is_empty();
        if acknowledges(tcb, segment) && tcb.state != State::SynReceived && duplicate {
            return Fate::Lost;
        }
        Fate::Seen
    }),
    ("ack/not-with-a-closed-window", &["R9293-3.10.7.4-f", "R9293-3.4-e"], |tcb, segment| {
        if acknowledges(tcb, segment) && tcb.rcv.wnd == 0 { Fate::Lost } else { Fate::Seen }
    }),
    ("ack/need-not-be-there", &["R9293-3.10.7.4-i", "R9293-3.1-c"], |tcb, segment| {
        if ordinary(tcb, segment) && !segment.has(Control::ACK) {
            segment.ctl |= Control::ACK;
            segment.ack = tcb.snd.una;
        }
        Fate::Seen
    }),
    ("off-by-one/oldest-ack-refused", &["R9293-3.10.7.4-d", "R5961-5.2-b"], |tcb, segment| {
        let oldest = tcb.snd.una - tcb.snd.max_wnd;
        if acknowledges(tcb, segment) { mistake(&mut segment.ack, oldest, oldest - 1) } else { Fate::Seen }
    }),
    ("off-by-one/too-old-ack-taken", &["R9293-3.10.7.4-d", "R5961-5.2-b"], |tcb, segment| {
        let oldest = tcb.snd.una - tcb.snd.max_wnd;
        if acknowledges(tcb, segment) { mistake(&mut segment.ack, oldest - 1, oldest) } else { Fate::Seen }
    }),
    ("off-by-one/ack-of-text-counts-for-the-fin", &["R9293-3.4-d", "R9293-3.6-b"], |tcb, segment| match tcb
        .snd
        .fin
        .filter(|_| acknowledges(tcb, segment) && tcb.fin_outstanding())
    {
        Some(fin) => mistake(&mut segment.ack, fin, fin + 1),
        None => Fate::Seen,
    }),
    ("off-by-one/ack-of-the-fin-does-not-count", &["R9293-3.4-d", "R9293-3.6-b"], |tcb, segment| {
        match tcb.snd.fin.filter(|_| acknowledges(tcb, segment) && tcb.fin_outstanding()) {
            Some(fin) => mistake(&mut segment.ack, fin + 1, fin),
            None => Fate::Seen,
        }
    }),
    ("window/negative-from-32768-on", &["MUST-1"], |tcb, segment| {
        if compares(tcb) && segment.wnd >= 0x8000 {
            segment.wnd = 0;
        }
        Fate::Seen
    }),
    (
        "window/one-more-than-offered",
        &["MUST-34", "R9293-3.8.6.2.1-a", "MUST-35", "MUST-36"],
        |_, segment| {
            segment.wnd = segment.wnd.saturating_add(1);
            Fate::Seen
        },
    ),
    ("window/one-less-than-offered", &["R9293-3.8.6.2.1-a", "SHLD-28"], |_, segment| {
        segment.wnd = segment.wnd.saturating_sub(1);
        Fate::Seen
    }),
];

/// The handshake (§3.10.7.3, §3.10.7.4 step 5).
static OPENING: &[Edge] = &[
    ("off-by-one/open-on-ack-of-nothing", &["R9293-3.5.2-b", "R9293-3.4-b"], |tcb, segment| {
        let opening = tcb.state == State::SynReceived && acknowledges(tcb, segment);
        if opening { mistake(&mut segment.ack, tcb.snd.una, tcb.snd.nxt) } else { Fate::Seen }
    }),
    ("off-by-one/open-on-ack-beyond-the-syn", &["R9293-3.5.2-b", "R9293-3.4-b"], |tcb, segment| {
        let opening = tcb.state == State::SynReceived && acknowledges(tcb, segment);
        if opening { mistake(&mut segment.ack, tcb.snd.nxt + 1, tcb.snd.nxt) } else { Fate::Seen }
    }),
    ("off-by-one/do-not-open-on-ack-of-the-syn", &["R9293-3.10.7.4-n", "R9293-3.4-b"], |tcb, segment| {
        let opening = tcb.state == State::SynReceived && acknowledges(tcb, segment);
        if opening { mistake(&mut segment.ack, tcb.snd.nxt, tcb.snd.nxt + 1) } else { Fate::Seen }
    }),
    ("open/on-any-ack", &["R9293-3.5.2-b", "R9293-3.4-b"], |tcb, segment| {
        if tcb.state == State::SynReceived && acknowledges(tcb, segment) {
            segment.ack = tcb.snd.nxt;
        }
        Fate::Seen
    }),
    ("off-by-one/syn-ack-of-nothing", &["R9293-3.5.2-b", "R9293-3.4-b"], |tcb, segment| {
        let answer = answers_our_syn(tcb, segment) && !segment.has(Control::RST);
        if answer { mistake(&mut segment.ack, tcb.snd.iss, tcb.snd.nxt) } else { Fate::Seen }
    }),
    ("off-by-one/syn-ack-beyond-our-syn", &["R9293-3.5.2-b", "R9293-3.4-b"], |tcb, segment| {
        let answer = answers_our_syn(tcb, segment) && !segment.has(Control::RST);
        if answer { mistake(&mut segment.ack, tcb.snd.nxt + 1, tcb.snd.nxt) } else { Fate::Seen }
    }),
    ("off-by-one/syn-ack-refused", &["R9293-3.4-b", "R9293-3.4-d"], |tcb, segment| {
        let answer = answers_our_syn(tcb, segment) && !segment.has(Control::RST);
        if answer { mistake(&mut segment.ack, tcb.snd.nxt, tcb.snd.nxt + 1) } else { Fate::Seen }
    }),
    ("off-by-one/refused-by-ack-of-nothing", &["R9293-3.5.3-a", "R5961-3.2-e"], |tcb, segment| {
        let refusal = answers_our_syn(tcb, segment) && segment.has(Control::RST);
        if refusal { mistake(&mut segment.ack, tcb.snd.iss, tcb.snd.nxt) } else { Fate::Seen }
    }),
    ("off-by-one/refused-by-ack-beyond-our-syn", &["R9293-3.5.3-a", "R5961-3.2-e"], |tcb, segment| {
        let refusal = answers_our_syn(tcb, segment) && segment.has(Control::RST);
        if refusal { mistake(&mut segment.ack, tcb.snd.nxt + 1, tcb.snd.nxt) } else { Fate::Seen }
    }),
    ("open/refused-by-any-reset", &["R9293-3.5.3-a", "R5961-3.2-e"], |tcb, segment| {
        if tcb.state == State::SynSent && segment.has(Control::RST) {
            segment.ctl |= Control::ACK;
            segment.ack = tcb.snd.nxt;
        }
        Fate::Seen
    }),
];

/// An acknowledgment in SYN-SENT.
fn answers_our_syn(tcb: &Tcb, segment: &Segment<'_>) -> bool {
    tcb.state == State::SynSent && segment.has(Control::ACK)
}

/// Numbers go round (§3.4): comparisons of plain integers.
static ROUND: &[Edge] = &[
    ("plain-integers/new-text-looks-old", &["R9293-3.4-a"], |tcb, segment| {
        if ordinary(tcb, segment) && segment.seq.gt(tcb.rcv.nxt) && segment.seq.0 < tcb.rcv.nxt.0 {
            segment.seq = tcb.rcv.nxt - 1 - segment.len();
        }
        Fate::Seen
    }),
    ("plain-integers/old-text-looks-new", &["R9293-3.4-a"], |tcb, segment| {
        if ordinary(tcb, segment) && segment.seq.lt(tcb.rcv.nxt) && segment.seq.0 > tcb.rcv.nxt.0 {
            segment.seq = tcb.right_edge();
        }
        Fate::Seen
    }),
    ("plain-integers/window-past-zero-is-empty", &["R9293-3.4-a"], |tcb, segment| {
        let (nxt, edge) = (tcb.rcv.nxt, tcb.right_edge());
        if ordinary(tcb, segment) && edge.0 < nxt.0 && segment.seq.0 >= edge.0 {
            segment.seq = edge;
        }
        Fate::Seen
    }),
    ("plain-integers/text-past-zero-has-no-end", &["R9293-3.4-a"], |tcb, segment| {
        let crosses = segment.end().0 < segment.seq.0;
        if ordinary(tcb, segment) && crosses { Fate::Lost } else { Fate::Seen }
    }),
    ("plain-integers/new-ack-looks-old", &["R9293-3.4-a"], |tcb, segment| {
        if acknowledges(tcb, segment) && segment.ack.gt(tcb.snd.una) && segment.ack.0 < tcb.snd.una.0 {
            segment.ack = tcb.snd.una;
        }
        Fate::Seen
    }),
    ("plain-integers/old-ack-looks-new", &["R9293-3.4-a"], |tcb, segment| {
        if acknowledges(tcb, segment) && segment.ack.le(tcb.snd.nxt) && segment.ack.0 > tcb.snd.nxt.0 {
            segment.ack = tcb.snd.nxt + 1;
        }
        Fate::Seen
    }),
    ("plain-integers/half-way-round-is-new", &["R9293-3.4-a"], |tcb, segment| {
        if ordinary(tcb, segment) && segment.seq.since(tcb.rcv.nxt) == 1 << 31 {
            segment.seq = tcb.rcv.nxt;
        }
        Fate::Seen
    }),
    ("plain-integers/nothing-follows-the-last-number", &["R9293-3.4-a", "R9293-3.4-d"], |tcb, segment| {
        if tcb.state == State::Listen && segment.seq.0 == u32::MAX {
            segment.seq = segment.seq - 1;
        }
        Fate::Seen
    }),
    ("plain-integers/reset-past-zero", &["R9293-3.4-a"], |tcb, segment| {
        let crosses = tcb.right_edge().0 < tcb.rcv.nxt.0;
        if resets(tcb, segment) && crosses && segment.seq.0 < tcb.rcv.nxt.0 { Fate::Lost } else { Fate::Seen }
    }),
];
