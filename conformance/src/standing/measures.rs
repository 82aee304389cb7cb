//! Measures for requirements that neither a case nor a rule nor a cell shows: a story, and how it is read.

use tcpspec_core::Control;
use tcpspec_core::options::{self, TcpOption};

use super::choices::Measured;
use crate::bench::{self, Family};
use crate::profile::reading::{after_peer, answers, last_call, segments};
use crate::scenario;
use crate::stack::{Capability, Clock, Stack};
use crate::trace::{End, SegmentRecord, Trace};
use crate::verdict::Verdict;

/// What a measure found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Found {
    /// The stack does what is asked for.
    Meets(String),
    /// It does not.
    Departs(String),
    /// Either would be right, and this is what it does.
    Chooses(String),
    /// What is asked for is about stacks of another sort.
    NotConcerned(String),
}

/// One measure.
struct Measure {
    ids: &'static [&'static str],
    what: &'static str,
    story: &'static str,
    read: fn(&Trace) -> Option<Found>,
}

const OPEN: &str = "+0 open passive\n+0.02 < S\n+0.02 < .\n";

static MEASURES: [Measure; 4] = [
    Measure {
        ids: &["MUST-58", "MUST-59"],
        what: "a gap that is filled",
        story: "+0.02 < P. 11(10)\n+0.02 < P. 21(10)\n+0.6 < P. 1(10)\n+0.6 receive\n",
        read: gap_filled,
    },
    Measure {
        ids: &["MAY-7"],
        what: "text beyond a window that shrank",
        story: "+0.02 send 100\n+0.02 < . ack 11 win 20\n+5 receive\n",
        read: shrunk,
    },
    Measure {
        ids: &["MAY-16"],
        what: "three SENDs behind a closed window",
        story: "+0.02 < . win 0\n+0.02 send 10\n+0.02 send 10\n+0.02 send 10\n+0.02 < . win 1000\n+0.05 < .\n+0.3 receive\n",
        read: aggregated,
    },
    Measure {
        ids: &["SHLD-4"],
        what: "a SYN with a later timestamp in TIME-WAIT",
        story: "",
        read: reopened,
    },
];

const WITH_TIMESTAMPS: &str = "+0 open passive\n+0.02 < S <mss 1460,TS val 100 ecr 0>\n\
    +0.02 < . <nop,nop,TS val 101 ecr 0>\n+0.02 close\n+0.02 < . <nop,nop,TS val 102 ecr 0>\n\
    +0.02 < F. <nop,nop,TS val 103 ecr 0>\n+1 < S peer.nxt+100000 <mss 1460,TS val 1100 ecr 0>\n+0.6 receive\n";

/// Everything that can be measured.
pub(super) fn measure(stack: &mut dyn Stack, family: Family) -> Vec<Measured> {
    let mut measured = Vec::new();
    for measure in &MEASURES {
        let story = if measure.story.is_empty() {
            WITH_TIMESTAMPS.to_owned()
        } else {
            [OPEN, measure.story].concat()
        };
        let found = play(stack, family, &story).and_then(|trace| (measure.read)(&trace));
        if let Some(found) = found {
            measured.extend(measure.ids.iter().map(|id| (*id, measure.what, found.clone())));
        }
    }
    if stack.declaration().clock == Clock::Virtual {
        measured.extend(window_closed_for_long(stack, family));
        measured.extend(second_threshold(stack, family));
    }
    measured.extend(unlike_offsets(stack, family));
    let congestion = match stack.declaration().lack(Capability::CongestionControl) {
        Some(why) => Found::NotConcerned(why.to_owned()),
        None => Found::Chooses("congestion control, judged by the cases of MUST-19".to_owned()),
    };
    measured.push(("MAY-18", "what the adapter declares", congestion));
    let keep_alive = match stack.declaration().lack(Capability::KeepAlive) {
        Some(why) => Found::Chooses(format!("no keep-alives: {why}")),
        None => Found::Chooses("keep-alives, judged by the cases of MUST-24 to MUST-29".to_owned()),
    };
    measured.push(("MAY-5", "what the adapter declares", keep_alive));
    measured
}

fn play(stack: &mut dyn Stack, family: Family, story: &str) -> Option<Trace> {
    let text = format!("tcpspec 1\n\nscenario standing/measure\n{story}");
    let scenario = scenario::parse_one(&text).unwrap_or_else(|error| panic!("a measure: {error}\n{text}"));
    let run = bench::run(stack, &scenario, family);
    (run.verdict == Verdict::Pass).then_some(run.trace)
}

/// Once the gap is filled, no acknowledgment may stop short of what was held (MUST-59).
fn gap_filled(trace: &Trace) -> Option<Found> {
    let iss = segments(trace, End::Right).first()?.2.seq;
    let acks: Vec<u32> = answers(trace, 0).iter().map(|(_, segment)| segment.ack.since(iss)).collect();
    Some(match acks.as_slice() {
        [] => Found::Departs("it was not acknowledged".to_owned()),
        [31] => Found::Meets("one acknowledgment for all that was held".to_owned()),
        all if all.iter().all(|ack| *ack == 31) => Found::Meets("acknowledged as a whole".to_owned()),
        [.., 31] => Found::Departs(format!("{} acknowledgments, one step after the other", acks.len())),
        _ => Found::NotConcerned("text above a gap is not kept".to_owned()),
    })
}

fn shrunk(trace: &Trace) -> Option<Found> {
    let (una, edge) = (11, 31);
    let iss = segments(trace, End::Left).first()?.2.seq;
    let again = after_peer(trace).into_iter().filter(|(_, _, segment)| segment.len > 0);
    let ends: Vec<u32> = again.map(|(_, _, segment)| segment.end().since(iss)).collect();
    let said = match ends.iter().max() {
        None => format!("nothing from {una} on is sent again within 5 s"),
        Some(end) if *end > edge => "sent again, beyond the new edge too".to_owned(),
        Some(_) => "sent again up to the new edge".to_owned(),
    };
    Some(Found::Chooses(said))
}

fn aggregated(trace: &Trace) -> Option<Found> {
    let sizes: Vec<u32> = answers(trace, 1)
        .into_iter()
        .chain(answers(trace, 0))
        .map(|(_, segment)| segment.len)
        .filter(|len| *len > 0)
        .collect();
    let largest = *sizes.iter().max()?;
    let said = if largest > 10 { "they leave merged" } else { "they leave one by one" };
    Some(Found::Chooses(said.to_owned()))
}

fn has_timestamps(segment: &SegmentRecord) -> bool {
    options::walk(&segment.options).any(|option| matches!(option, Ok(TcpOption::Timestamps { .. })))
}

fn reopened(trace: &Trace) -> Option<Found> {
    let (_, _, first) = *segments(trace, End::Left).first()?;
    if !has_timestamps(first) {
        return Some(Found::Departs("no timestamps".to_owned()));
    }
    let answers = answers(trace, 0);
    let opened = answers.iter().any(|(_, segment)| segment.ctl.has(Control::SYN | Control::ACK));
    Some(if opened {
        Found::Meets("it opens a new connection".to_owned())
    } else {
        Found::Departs("it opens no connection".to_owned())
    })
}

/// A window that shrank to nothing and stays so for 400 s, while the peer goes on answering (SHLD-17).
fn window_closed_for_long(stack: &mut dyn Stack, family: Family) -> Option<Measured> {
    let mut story = format!("{OPEN}+0.02 send 100\n+0.02 < . ack 51 win 0\n");
    (0..40).for_each(|_| story.push_str("+10 < . ack 51 win 0\n"));
    story.push_str("+1 < P. rcv.nxt-1(1) ack 51 win 0\n+0.6 receive\n");
    let trace = play(stack, family, &story)?;
    let answers = answers(&trace, 0);
    let alive =
        answers.iter().any(|(_, segment)| segment.ctl.has(Control::ACK) && !segment.ctl.has(Control::RST));
    let told = last_call(&trace, "receive").map(|(_, outcome)| outcome);
    let found = if alive && told == Some("nothing") {
        Found::Meets("the connection lives on".to_owned())
    } else {
        Found::Departs("the connection is gone".to_owned())
    };
    Some(("SHLD-17", "a window that shrank, for 400 s", found))
}

/// Text that nobody acknowledges, while the user has set R2 (MUST-20): it is sent again some three times at least, for R1
/// comes first (SHLD-10), and then the connection is closed and the user told.
fn second_threshold(stack: &mut dyn Stack, family: Family) -> Option<Measured> {
    let what = "text unacknowledged for longer than the user allows";
    if let Some(why) = stack.declaration().lack(Capability::UserTimeout) {
        return Some(("MUST-20", what, Found::NotConcerned(why.to_owned())));
    }
    let story = format!("{OPEN}+0.02 set user-timeout 30\n+0.02 send 10\n+120 receive\n");
    let trace = play(stack, family, &story)?;
    let texts = after_peer(&trace).iter().filter(|(_, _, segment)| segment.len > 0).count();
    let told = last_call(&trace, "receive").map(|(_, outcome)| outcome)?;
    let found = match (told, texts) {
        ("nothing", _) => Found::Departs("it is never given up".to_owned()),
        (_, 0..4) => Found::Departs(format!("given up after {texts} transmissions")),
        (told, texts) => Found::Meets(format!("sent {texts} times, then given up: {told}")),
    };
    Some(("MUST-20", what, found))
}

/// How far the numbers of two pairs of sockets are apart, with two secrets: who knows one pair must not know the
/// other (MUST-9). Chance makes four runs agree once in four thousand million.
fn unlike_offsets(stack: &mut dyn Stack, family: Family) -> Option<Measured> {
    let mut apart = Vec::new();
    for seed in [1, 2] {
        let story = format!(
            "setup seed={seed}\nconnection 1 client=50000\nconnection 2 client=50001\n\n+0 open active\n\
             +0 @2 open active\n+0.1 receive\n"
        );
        let trace = play(stack, family, &story)?;
        let syns = segments(&trace, End::Left);
        let [(_, _, first), (_, _, second), ..] = syns.as_slice() else { return None };
        apart.push(first.seq.since(second.seq));
    }
    let close = |distance: u32| distance.min(distance.wrapping_neg()) < 1 << 16;
    let found = if apart[0] == apart[1] || apart.iter().any(|distance| close(*distance)) {
        Found::Departs("one pair's number gives away another's".to_owned())
    } else {
        Found::Meets("one pair's number says nothing of another's".to_owned())
    };
    Some(("MUST-9", "numbers of two pairs of sockets", found))
}
