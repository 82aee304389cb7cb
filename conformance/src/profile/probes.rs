//! The probes, one for each choice: what is played and how it is read.

use tcpspec_core::{Control, Instant};

use super::reading::{self, Reading, after_peer, answers, gaps, last_call, last_of_peer, segments, time};
use crate::grid::{AckPosition, Cell, Flags, Life, Reply, SeqPosition, Sighting, Situation};
use crate::trace::{End, Trace};

/// What is played.
#[derive(Clone, Copy, Debug)]
pub(super) enum Story {
    /// A cell of the grid.
    Cell(Cell),
    /// A scenario, without its head.
    Text(&'static str),
}

/// A probe for one choice.
#[derive(Clone, Copy)]
pub(super) struct Probe {
    pub(super) topic: &'static str,
    pub(super) clause: &'static str,
    pub(super) story: Story,
    /// Minutes pass.
    pub(super) takes_long: bool,
    pub(super) of_sighting: fn(&Sighting, &Trace) -> Option<Reading>,
    pub(super) of_trace: fn(&Trace) -> Option<Reading>,
}

const fn cell(
    topic: &'static str,
    clause: &'static str,
    at: (Situation, Flags, u32),
    seq: SeqPosition,
    of_sighting: fn(&Sighting, &Trace) -> Option<Reading>,
) -> Probe {
    let (situation, flags, text) = at;
    let cell = Cell { situation, text, flags, seq, ack: AckPosition::Next };
    Probe { topic, clause, story: Story::Cell(cell), takes_long: false, of_sighting, of_trace: |_| None }
}

const fn text(
    topic: &'static str,
    clause: &'static str,
    text: &'static str,
    of_trace: fn(&Trace) -> Option<Reading>,
) -> Probe {
    let story = Story::Text(text);
    Probe { topic, clause, story, takes_long: false, of_sighting: |_, _| None, of_trace }
}

const fn long(probe: Probe) -> Probe {
    Probe { takes_long: true, ..probe }
}

const OLD: Cell = Cell {
    situation: Situation::Established,
    text: Cell::TEXT,
    flags: Flags::Ack,
    seq: SeqPosition::Next,
    ack: AckPosition::Old,
};

/// All probes but the one for TIME-WAIT's length, which takes several runs.
pub(super) static PROBES: [Probe; 22] = [
    cell(
        "closed port",
        "§3.10.7.1, V-35",
        (Situation::Closed, Flags::Syn, 0),
        SeqPosition::Next,
        |seen, trace| match (seen.reply, seen.life) {
            (Reply::ResetFromZero, _) => answered("reset", seen, trace),
            (Reply::Silence, Life::Mute) => answered("silent", seen, trace),
            _ => None,
        },
    ),
    cell(
        "RST in the window",
        "§3.10.7.4 second, RFC 5961 §3",
        (Situation::Established, Flags::Rst, 0),
        SeqPosition::Inside,
        |seen, trace| challenge(seen, trace, "resets"),
    ),
    cell(
        "SYN in the window",
        "§3.10.7.4 fourth, RFC 5961 §4",
        (Situation::Established, Flags::Syn, 0),
        SeqPosition::Inside,
        |seen, trace| challenge(seen, trace, "resets"),
    ),
    Probe {
        story: Story::Cell(OLD),
        ..cell(
            "text with an old ACK",
            "MAY-12, RFC 5961 §5",
            (Situation::Established, Flags::Ack, Cell::TEXT),
            SeqPosition::Next,
            |seen, trace| match (seen.taken, seen.reply) {
                (0, Reply::Ack) => answered("refused", seen, trace),
                (0, Reply::Silence) => answered("dropped in silence", seen, trace),
                (1.., _) => answered("taken", seen, trace),
                _ => None,
            },
        )
    },
    cell(
        "RST in TIME-WAIT",
        "§3.10.7.4 second, RFC 1337",
        (Situation::TimeWait, Flags::Rst, 0),
        SeqPosition::Next,
        |seen, trace| match seen.life {
            Life::None | Life::Deaf => answered("ends it", seen, trace),
            Life::Lives => answered("ignored", seen, trace),
            Life::Asks | Life::Mute => None,
        },
    ),
    cell(
        "SYN in TIME-WAIT",
        "MAY-2, RFC 6191",
        (Situation::TimeWait, Flags::Syn, 0),
        SeqPosition::Beyond,
        |seen, trace| match (seen.reply, seen.life) {
            (Reply::SynAck, _) => answered("reopens", seen, trace),
            _ => challenge(seen, trace, "resets"),
        },
    ),
    cell(
        "text after CLOSE",
        "MAY-1, SHLD-3",
        (Situation::FinWait2, Flags::Ack, Cell::TEXT),
        SeqPosition::Next,
        |seen, trace| match (seen.read, seen.life) {
            (Cell::TEXT, _) => answered("full-duplex", seen, trace),
            (_, Life::None) => answered("half-duplex, reset", seen, trace),
            (_, Life::Lives) => answered("half-duplex, text is lost", seen, trace),
            _ => None,
        },
    ),
    text("text above a gap", "SHLD-31", ABOVE_A_GAP, |trace| {
        let (line, ack) = last_ack(trace)?;
        let kept = Reading::new("kept", line);
        let lost = Reading::new("dropped", line);
        let end = segments(trace, End::Right)
            .iter()
            .map(|(_, _, segment)| segment.end())
            .max_by(|a, b| a.offset_from(*b).cmp(&0))?;
        Some(if ack == end { kept } else { lost })
    }),
    text(
        "options in SYN,ACK",
        "§3.7.1, RFC 7323, RFC 2018",
        "+0 open passive\n+0.02 < SEW <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>\n+0.1 receive\n",
        options_of_syn,
    ),
    text(
        "options in SYN",
        "§3.7.1, RFC 7323, RFC 2018",
        "needs active-open\n+0 open active\n+0.1 receive\n",
        options_of_syn,
    ),
    text("acknowledgment delay", "§3.8.6.3, SHLD-18, MUST-40", ESTABLISHED_AND_TEXT, |trace| {
        let (_, asked) = last_of_peer(trace)?;
        let (line, at, _) = after_peer(trace).into_iter().find(|(_, _, segment)| segment.len == 0)?;
        Some(Reading::new(time(at.since(asked)), line))
    }),
    text("throttle of challenges", "RFC 5961 §7, V-12", RESETS_IN_THE_WINDOW, throttle),
    text("throttle of refusals", "RFC 5961 §7, V-12", BEYOND_THE_WINDOW, throttle),
    text("Nagle's algorithm", "§3.7.4, SHLD-7", TWO_SENDS, |trace| {
        let texts: Vec<_> = after_peer(trace).into_iter().filter(|(_, _, segment)| segment.len > 0).collect();
        let (line, _, _) = *texts.last()?;
        Some(Reading::new(if texts.len() > 1 { "off" } else { "on" }, line))
    }),
    long(text(
        "repetition of SYN",
        "RFC 6298 §2.1, §5.5",
        "needs active-open\n+0 open active\n+200 receive\n",
        |trace| repetitions(trace, |_| true),
    )),
    long(text("repetition of text", "RFC 6298 §2.4, §5.5", TEXT_UNANSWERED, |trace| {
        repetitions(trace, |len| len > 0)
    })),
    long(text("giving up", "§3.8.3, SHLD-11", TEXT_UNANSWERED_FOR_LONG, |trace| {
        let (line, outcome) = last_call(trace, "receive")?;
        let texts = after_peer(trace);
        let (first, last) = (texts.first()?.1, texts.last()?.1);
        Some(match outcome {
            "nothing" => Reading::new("not within 1300 s", line),
            _ => Reading::new(
                format!("within 1300 s, last repetition after {}", time(last.since(first))),
                line,
            ),
        })
    })),
    text("CLOSE with unread text", "§3.6.1, SHLD-3", UNREAD_AND_CLOSE, |trace| {
        let (call, _) = last_call(trace, "close")?;
        let (line, _, segment) = after_peer(trace).into_iter().find(|(line, _, segment)| {
            *line > call && segment.ctl.0 & (Control::FIN | Control::RST).0 != 0
        })?;
        Some(Reading::new(if segment.ctl.has(Control::RST) { "resets" } else { "sends FIN" }, line))
    }),
    long(text("keep-alive by default", "§3.8.4, MUST-25, MUST-28", IDLE, |trace| {
        let (_, asked) = last_of_peer(trace)?;
        Some(match after_peer(trace).first() {
            Some((line, at, _)) => Reading::new(format!("on, first after {}", time(at.since(asked))), *line),
            None => Reading::unseen("off for three hours"),
        })
    })),
    long(text("probe of a closed window", "§3.8.6.1, V-27", CLOSED_WINDOW, probe_of_window)),
    long(text(
        "connection request given up",
        "MUST-23, §3.8.3",
        "needs active-open\n+0 open active\n+600 receive\n",
        |trace| {
            let (line, outcome) = last_call(trace, "receive")?;
            Some(Reading::new(if outcome == "nothing" { "not within 600 s" } else { "within 600 s" }, line))
        },
    )),
    text("initial sequence numbers", "§3.4.1, MUST-8", THREE_REQUESTS, clock),
];

const ABOVE_A_GAP: &str = "+0 open passive\n+0.02 < S\n+0.02 < .\n+0.02 < P. rcv.nxt+10(10)\n+0.6 < P. rcv.nxt(10)\n+0.6 receive 1\n";

const ESTABLISHED_AND_TEXT: &str = "+0 open passive\n+0.02 < S\n+0.02 < .\n+0.02 < P. (10)\n+0.6 receive\n";

const RESETS_IN_THE_WINDOW: &str = "+0 open passive\n+0.02 < S\n+0.02 < .\n+0.02 < R rcv.nxt+100\n\
    +0.01 < R rcv.nxt+100\n+0.01 < R rcv.nxt+100\n+0.01 < R rcv.nxt+100\n+0.01 < R rcv.nxt+100\n\
    +0.01 < R rcv.nxt+100\n+0.01 < R rcv.nxt+100\n+0.01 < R rcv.nxt+100\n+0.01 < R rcv.nxt+100\n\
    +0.01 < R rcv.nxt+100\n+0.01 < R rcv.nxt+100\n+0.01 < R rcv.nxt+100\n+0.1 receive\n";

const BEYOND_THE_WINDOW: &str = "+0 open passive\n+0.02 < S\n+0.02 < .\n+0.02 < . rcv.edge+1000\n\
    +0.01 < . rcv.edge+1000\n+0.01 < . rcv.edge+1000\n+0.01 < . rcv.edge+1000\n+0.01 < . rcv.edge+1000\n\
    +0.01 < . rcv.edge+1000\n+0.01 < . rcv.edge+1000\n+0.01 < . rcv.edge+1000\n+0.01 < . rcv.edge+1000\n\
    +0.01 < . rcv.edge+1000\n+0.01 < . rcv.edge+1000\n+0.01 < . rcv.edge+1000\n+0.1 receive\n";

const TWO_SENDS: &str =
    "+0 open passive\n+0.02 < S\n+0.02 < .\n+0.02 send 10\n+0.02 send 10\n+0.05 receive\n";

const TEXT_UNANSWERED: &str = "+0 open passive\n+0.02 < S\n+0.02 < .\n+0.02 send 10\n+200 receive\n";

const TEXT_UNANSWERED_FOR_LONG: &str =
    "+0 open passive\n+0.02 < S\n+0.02 < .\n+0.02 send 10\n+1300 receive\n";

const UNREAD_AND_CLOSE: &str =
    "+0 open passive\n+0.02 < S\n+0.02 < .\n+0.02 < P. (10)\n+0.6 close\n+0.1 receive\n";

const IDLE: &str = "+0 open passive\n+0.02 < S\n+0.02 < .\n+10800 receive\n";

const CLOSED_WINDOW: &str = "+0 open passive\n+0.02 < S\n+0.02 < . win 0\n+0.02 send 10\n+200 receive\n";

const THREE_REQUESTS: &str = "+0 open passive\n+0.02 < S\n+0 < R rcv.nxt\n+1 < S peer.nxt+100000\n+0 < R rcv.nxt\n\
    +2 < S peer.nxt+100000\n+0.02 receive\n";

/// The value, with the stack's first line after the probe, or the probe's own, as evidence. A listener's follow-ups
/// need no place here: no cell of a probe is in LISTEN.
fn answered(value: &str, seen: &Sighting, trace: &Trace) -> Option<Reading> {
    let (probe, _, _) = *segments(trace, End::Right).iter().rev().nth(1)?;
    let answer = answers(trace, 1).first().map(|(line, _)| *line);
    let answer = answer.filter(|_| seen.reply != Reply::Silence);
    Some(Reading::new(value, answer.unwrap_or(probe)))
}

/// Challenged, taken at its word, or ignored.
fn challenge(seen: &Sighting, trace: &Trace, obeyed: &str) -> Option<Reading> {
    match (seen.reply, seen.life) {
        (_, Life::None | Life::Deaf) => answered(obeyed, seen, trace),
        (Reply::Ack, Life::Lives) => answered("challenged", seen, trace),
        (Reply::Silence, Life::Lives) => answered("ignored", seen, trace),
        _ => None,
    }
}

/// How many of twelve segments in 120 ms are answered; `none` if all are.
fn throttle(trace: &Trace) -> Option<Reading> {
    let answers = segments(trace, End::Left)
        .into_iter()
        .filter(|(_, _, segment)| segment.ctl.has(Control::ACK) && !segment.ctl.has(Control::SYN));
    let lines: Vec<usize> = answers.map(|(line, _, _)| line).collect();
    let Some(last) = lines.last().copied() else { return Some(Reading::unseen("no answers")) };
    let count = lines.len();
    let value = if count == 12 { "none".to_owned() } else { format!("{count} of 12 in 120 ms") };
    Some(Reading::new(value, last))
}

fn last_ack(trace: &Trace) -> Option<(usize, tcpspec_core::SeqNumber)> {
    let (line, _, last) = *after_peer(trace).last()?;
    last.ctl.has(Control::ACK).then_some((line, last.ack))
}

fn options_of_syn(trace: &Trace) -> Option<Reading> {
    let (line, _, syn) = *segments(trace, End::Left).first()?;
    syn.ctl.has(Control::SYN).then(|| Reading::new(reading::offers(syn), line))
}

/// When the first segment of this sort was repeated, and again.
fn repetitions(trace: &Trace, sort: fn(u32) -> bool) -> Option<Reading> {
    let sent: Vec<_> =
        segments(trace, End::Left).into_iter().filter(|(_, _, segment)| sort(segment.len)).collect();
    let times: Vec<Instant> = sent.iter().map(|(_, at, _)| *at).collect();
    let (line, _, _) = *sent.get(1)?;
    Some(Reading::new(format!("after {}", gaps(&times)), line))
}

/// What probes a closed window, and when.
fn probe_of_window(trace: &Trace) -> Option<Reading> {
    let (call, _) = last_call(trace, "send")?;
    let begun = trace.entries[call].time;
    let probes: Vec<_> = after_peer(trace).into_iter().filter(|(line, _, _)| *line > call).collect();
    let (line, _, first) = *probes.first()?;
    let form = match first.len {
        0 => "an empty segment".to_owned(),
        1 => "one octet".to_owned(),
        more => format!("{more} octets"),
    };
    let times: Vec<Instant> = std::iter::once(begun).chain(probes.iter().map(|(_, at, _)| *at)).collect();
    Some(Reading::new(format!("{form} after {}", gaps(&times)), line))
}

/// Whether initial numbers of one pair of sockets grow with time.
fn clock(trace: &Trace) -> Option<Reading> {
    let syns: Vec<_> = segments(trace, End::Left)
        .into_iter()
        .filter(|(_, _, segment)| segment.ctl.has(Control::SYN))
        .collect();
    let [(_, t0, a), (_, t1, b), (line, t2, c)] = syns.as_slice() else { return None };
    let rate = |from: Instant, to: Instant, grown: u32| f64::from(grown) / to.since(from).as_secs_f64();
    let rates = (rate(*t0, *t1, b.seq.since(a.seq)), rate(*t1, *t2, c.seq.since(b.seq)));
    let steady = (rates.0 - rates.1).abs() < 0.05 * rates.0.max(1.0);
    let value = if steady && rates.0 > 1000.0 {
        format!("a clock, one in {:.1} us", 1e6 / rates.0)
    } else if steady && rates.0 < 1.0 {
        "always the same".to_owned()
    } else {
        "no clock of their own".to_owned()
    };
    Some(Reading::new(value, *line))
}
