//! A table per state: every class of segments, every user call, every timeout.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use tcpspec_core::event::{Call, Event, Remote, Timer};
use tcpspec_core::{Control, Rule, Segment, SeqNumber, State, Tcb};

use crate::events::{Effect, effect};
use crate::states::{Goal, IRS, Occasion, TEXT, WINDOW, reach};

/// Columns of a line at most.
const WIDTH: usize = 110;
/// Columns of the event, of the response and of the next state.
const COLUMNS: [usize; 3] = [25, 43, 12];
/// What stands between columns.
const GAP: &str = "  ";

/// Classes of segments: control bits and octets of text.
const CLASSES: [(Control, usize); 8] = [
    (Control::NONE, 0),
    (Control::ACK, 0),
    (Control::SYN, 0),
    (Control(Control::SYN.0 | Control::ACK.0), 0),
    (Control(Control::FIN.0 | Control::ACK.0), 0),
    (Control::RST, 0),
    (Control(Control::RST.0 | Control::ACK.0), 0),
    (Control(Control::PSH.0 | Control::ACK.0), TEXT.len()),
];

/// Rows that say whether a segment updates the send window. They would split every line in two.
const WINDOW_ROWS: [Rule; 2] = [Rule::Ack10, Rule::Ack11];

#[test]
fn closed() {
    review("CLOSED", State::Closed, false);
}

#[test]
fn listen() {
    review("LISTEN", State::Listen, true);
}

#[test]
fn syn_sent() {
    review("SYN-SENT", State::SynSent, false);
}

#[test]
fn syn_received_from_listen() {
    review("SYN-RECEIVED-from-LISTEN", State::SynReceived, true);
}

#[test]
fn syn_received_from_syn_sent() {
    review("SYN-RECEIVED-from-SYN-SENT", State::SynReceived, false);
}

#[test]
fn established() {
    review("ESTABLISHED", State::Established, false);
}

#[test]
fn fin_wait_1() {
    review("FIN-WAIT-1", State::FinWait1, false);
}

#[test]
fn fin_wait_2() {
    review("FIN-WAIT-2", State::FinWait2, false);
}

#[test]
fn close_wait() {
    review("CLOSE-WAIT", State::CloseWait, false);
}

#[test]
fn closing() {
    review("CLOSING", State::Closing, false);
}

#[test]
fn last_ack() {
    review("LAST-ACK", State::LastAck, false);
}

#[test]
fn time_wait() {
    review("TIME-WAIT", State::TimeWait, false);
}

/// The table of one state, as text.
struct Table {
    text: String,
    used: BTreeSet<Rule>,
}

fn review(name: &str, state: State, passive: bool) {
    let goal = Goal { state, passive };
    let journey = reach(goal, Occasion::InFlight).expect("every state is reached");
    let mut table = Table { text: String::new(), used: BTreeSet::new() };
    table.head(name, &journey.tcb, &journey.steps);
    table.segments(&journey.tcb);
    table.calls(goal);
    table.timeouts(goal);
    table.legend();
    for line in table.text.lines() {
        assert!(line.chars().count() <= WIDTH, "a line of {name} is too long: {line}");
    }
    crate::review("tables", name, &table.text);
}

impl Table {
    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn head(&mut self, name: &str, tcb: &Tcb, steps: &[String]) {
        let steps =
            if steps.is_empty() { "nothing: there is no connection".to_owned() } else { steps.join(", ") };
        self.line(&format!("{name}: what the reference answers to each class of events (RFC 9293 §3.10)"));
        self.line(&format!("Reached by {steps}."));
        if !positions_of_seq(tcb, 0).is_empty() {
            self.line("SEQ: <NXT all before RCV.NXT, in 100 octets into the window, last its last octet, edge one beyond.");
        }
        if !positions_of_ack(tcb).is_empty() {
            self.line("ACK: <<UNA below SND.UNA-MAX.SND.WND, <UNA just below SND.UNA, in inside the flight, >NXT beyond.");
            if !tcb.outstanding() {
                self.line("Nothing is in flight: SND.UNA is SND.NXT.");
            }
        }
        self.line("Segments are written - . S S. F. R R. for their control bits; P. carries 10 octets.");
        self.line("Outcomes that are equal share a line. The last column names the rows of the decision table, without");
        self.line("those that only say whether SND.WND is taken from the segment (ACK-10, ACK-11).");
        self.row("event", &["response".to_owned()], "next state", "rows");
    }

    /// One line, and further ones for cells that need them.
    fn row(&mut self, event: &str, response: &[String], next: &str, rules: &str) {
        let mut lines = wrapped(response.iter().map(String::as_str), COLUMNS[1]);
        let left = WIDTH - COLUMNS.iter().sum::<usize>() - COLUMNS.len() * GAP.len();
        let rules = wrapped(rules.split(' '), left);
        lines.resize(lines.len().max(rules.len()), String::new());
        let [event_width, response_width, next_width] = COLUMNS;
        for (index, response) in lines.iter().enumerate() {
            let (event, next) = if index == 0 { (event, next) } else { ("", "") };
            let rules = rules.get(index).map_or("", String::as_str);
            self.line(&format!(
                "{event:<event_width$}{GAP}{response:<response_width$}{GAP}{next:<next_width$}{GAP}{rules}"
            ));
        }
    }

    fn effect(&mut self, event: &str, effect: &Effect) {
        self.used.extend(&effect.rules);
        let nothing = ["-".to_owned()];
        let response = if effect.response.is_empty() { &nothing[..] } else { &effect.response[..] };
        self.row(event, response, effect.next, &rows(&effect.rules));
    }

    fn segments(&mut self, tcb: &Tcb) {
        self.line("");
        let classes: Vec<Vec<Line>> =
            CLASSES.iter().map(|(ctl, len)| lines_of_class(tcb, *ctl, *len)).collect();
        let names = |alike: &[usize]| {
            let names: Vec<_> = alike.iter().map(|index| CLASSES[*index].0.to_string()).collect();
            names.join(" ")
        };
        let groups = groups(&classes);
        let width = groups.iter().map(|alike| names(alike).len()).max().unwrap_or_default();
        self.row(&format!("{:<width$} {:<9} ACK", "SEG.", "SEQ"), &[], "", "");
        for alike in groups {
            let names = names(&alike);
            for Line { seq, ack, effect } in &classes[alike[0]] {
                self.effect(&format!("{names:<width$} {seq:<9} {ack}"), effect);
            }
        }
    }

    fn calls(&mut self, goal: Goal) {
        self.line("");
        self.row("CALL", &[], "", "");
        let mut usual: Vec<(String, Effect)> = Vec::new();
        for occasion in [Occasion::InFlight, Occasion::Unread] {
            let Some(journey) = reach(goal, occasion) else { continue };
            // Of calls that differ in a detail and are answered alike, the first stands for the others.
            for (family, calls) in user_calls() {
                let mut outcomes: Vec<(String, Effect)> = calls
                    .iter()
                    .map(|(name, call)| (format!("{family}{name}"), effect(&journey.tcb, Event::Call(*call))))
                    .collect();
                let count = outcomes.len();
                outcomes.dedup_by(|(_, later), (_, earlier)| later == earlier);
                if outcomes.len() == 1 && count > 1 {
                    family.clone_into(&mut outcomes[0].0);
                }
                for outcome in outcomes {
                    if !usual.contains(&outcome) {
                        self.effect(&format!("{}{}", outcome.0, occasion.name()), &outcome.1);
                        usual.push(outcome);
                    }
                }
            }
        }
    }

    fn timeouts(&mut self, goal: Goal) {
        self.line("");
        self.row("TIMEOUT", &[], "", "");
        let mut idle = Vec::new();
        for timer in Timer::ALL {
            let name = timer.name().trim_end_matches(" TIMEOUT");
            let journeys =
                Occasion::ALL.into_iter().filter_map(|occasion| Some((occasion, reach(goal, occasion)?)));
            let mut running = journeys.filter(|(_, journey)| journey.tcb.timers.has(timer));
            if let Some((occasion, journey)) = running.next() {
                let outcome = effect(&journey.tcb, Event::Timeout(timer));
                self.effect(&format!("{name}{}", occasion.name()), &outcome);
            } else {
                idle.push(name);
            }
        }
        if !idle.is_empty() {
            self.line(&format!("Not running here: {}.", idle.join(", ")));
        }
    }

    /// The rows that the table names: clause and condition.
    fn legend(&mut self) {
        self.line("");
        for rule in std::mem::take(&mut self.used) {
            let row = rule.row();
            let mut line = String::new();
            let _ = write!(line, "{:<11}{:<36}{GAP}", row.id, shortened(row.clause, 36));
            let left = WIDTH - line.chars().count();
            line.push_str(&shortened(row.condition, left));
            self.line(&line);
        }
    }
}

/// User calls by family, each with what distinguishes it.
fn user_calls() -> [(&'static str, Vec<(&'static str, Call<'static>)>); 6] {
    static TOO_MUCH: [u8; WINDOW as usize + 1] = [0; WINDOW as usize + 1];
    let send = |remote, text| Call::Send { text, push: true, urgent: false, timeout: None, remote };
    [
        (
            "OPEN",
            vec![
                (" passive", Call::OpenPassive { remote: Remote::Unspecified }),
                (" active", Call::OpenActive { remote: Remote::Specified }),
                (" active, no remote", Call::OpenActive { remote: Remote::Unspecified }),
            ],
        ),
        (
            "SEND",
            vec![
                (" 10", send(Remote::Unspecified, &TEXT[..])),
                (" 10 to a remote", send(Remote::Specified, &TEXT[..])),
                (" too much", send(Remote::Specified, &TOO_MUCH[..])),
            ],
        ),
        ("RECEIVE", vec![("", Call::Receive { max: 100 })]),
        ("CLOSE", vec![("", Call::Close)]),
        ("ABORT", vec![("", Call::Abort)]),
        ("STATUS", vec![("", Call::Status)]),
    ]
}

/// A line about segments of one class.
#[derive(PartialEq)]
struct Line {
    seq: String,
    ack: String,
    effect: Effect,
}

/// What comes of a class of segments at every position, equal outcomes together.
fn lines_of_class(tcb: &Tcb, ctl: Control, len: usize) -> Vec<Line> {
    let mut seqs = positions_of_seq(tcb, len);
    if seqs.is_empty() {
        seqs.push(("any", IRS));
    }
    let mut acks = if ctl.has(Control::ACK) { positions_of_ack(tcb) } else { Vec::new() };
    if acks.is_empty() {
        acks.push(("any", SeqNumber(77)));
    }
    let outcome = |seq, ack| {
        let segment = Segment { seq, ack, ctl, wnd: WINDOW, text: &TEXT[..len], ..Segment::default() };
        let mut effect = effect(tcb, Event::SegmentArrives(&segment));
        WINDOW_ROWS.iter().for_each(|row| _ = effect.rules.remove(row));
        effect
    };
    let effects: Vec<Vec<Effect>> =
        seqs.iter().map(|(_, seq)| acks.iter().map(|(_, ack)| outcome(*seq, *ack)).collect()).collect();
    let mut lines = Vec::new();
    for alike in groups(&effects) {
        let effects = &effects[alike[0]];
        for same in groups(effects) {
            let effect = effects[same[0]].clone();
            lines.push(Line { seq: label(&seqs, &alike), ack: label(&acks, &same), effect });
        }
    }
    lines
}

/// Names of rows, those of one family together: `SEQ-3,21 ACK-7`.
fn rows(rules: &BTreeSet<Rule>) -> String {
    let mut text = String::new();
    let mut before = "";
    for rule in rules {
        let (family, number) = rule.id().rsplit_once('-').expect("ids are FAMILY-number");
        if family == before {
            let _ = write!(text, ",{number}");
        } else {
            let _ = write!(text, " {family}-{number}");
        }
        before = family;
    }
    text.trim_start().to_owned()
}

/// Sequence numbers of interest and their names; none in a state without RCV.NXT.
fn positions_of_seq(tcb: &Tcb, len: usize) -> Vec<(&'static str, SeqNumber)> {
    if matches!(tcb.state, State::Closed | State::Listen | State::SynSent) {
        return Vec::new();
    }
    let (nxt, wnd) = (tcb.rcv.nxt, tcb.rcv.wnd);
    let before = u32::try_from(len).expect("short texts").max(1);
    vec![
        ("<NXT", nxt - before),
        ("NXT", nxt),
        ("in", nxt + 100),
        ("last", nxt + (wnd - 1)),
        ("edge", nxt + wnd),
    ]
}

/// Acknowledgment numbers of interest and their names; none in a state without SND.UNA.
fn positions_of_ack(tcb: &Tcb) -> Vec<(&'static str, SeqNumber)> {
    if matches!(tcb.state, State::Closed | State::Listen) {
        return Vec::new();
    }
    let (una, nxt) = (tcb.snd.una, tcb.snd.nxt);
    let mut positions = vec![("<UNA", una - 1)];
    if tcb.snd.max_wnd > 0 {
        positions.insert(0, ("<<UNA", una - tcb.snd.max_wnd - 1));
    }
    match nxt.since(una) {
        0 => positions.push(("NXT", nxt)),
        1 => positions.extend([("UNA", una), ("NXT", nxt)]),
        _ => positions.extend([("UNA", una), ("in", una + 5), ("NXT", nxt)]),
    }
    positions.push((">NXT", nxt + 1));
    positions
}

/// Indices of equal items, grouped, in the order of their first.
fn groups<T: PartialEq>(items: &[T]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match groups.iter_mut().find(|group| items[group[0]] == *item) {
            Some(group) => group.push(index),
            None => groups.push(vec![index]),
        }
    }
    groups
}

/// Names of the positions at `indices`; three or more neighbours as a range, all of them as `any`, all but one as
/// `not` that one.
fn label(positions: &[(&str, SeqNumber)], indices: &[usize]) -> String {
    if indices.len() == positions.len() {
        return "any".to_owned();
    }
    if indices.len() > 2 && indices.len() + 1 == positions.len() {
        let missing = (0..positions.len()).find(|index| !indices.contains(index)).unwrap_or_default();
        return format!("not {}", positions[missing].0);
    }
    let runs = indices.chunk_by(|left, right| left + 1 == *right);
    let named = runs.map(|run| match run {
        [first, _, .., last] => format!("{}..{}", positions[*first].0, positions[*last].0),
        few => few.iter().map(|index| positions[*index].0).collect::<Vec<_>>().join(","),
    });
    named.collect::<Vec<_>>().join(",")
}

/// Fills lines of `width` columns with `parts`; a part that is too long is broken between words.
fn wrapped<'p>(parts: impl Iterator<Item = &'p str>, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let words = |part: &'p str| if part.len() > width { part.split(' ').collect() } else { vec![part] };
    for part in parts.flat_map(words) {
        let line = lines.last_mut().expect("there is always a line");
        if line.is_empty() {
            line.push_str(part);
        } else if line.len() + 1 + part.len() <= width {
            line.push(' ');
            line.push_str(part);
        } else {
            lines.push(part.to_owned());
        }
    }
    lines
}

/// At most `width` columns of `text`, cut after a word.
fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let cut: String = text.chars().take(width - 2).collect();
    let end = cut.rfind(' ').unwrap_or(cut.len());
    format!("{} …", cut[..end].trim_end_matches([',', ';', ' ']))
}
