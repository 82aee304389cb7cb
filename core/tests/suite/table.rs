//! What a row of a test table says, and how it is checked.

use std::time::Duration;

use tcpspec_core::{Rule, SeqNumber, State, Timer};

use crate::fixture::{Connection, When};

/// One row of the decision table at work, in one state.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// The row that the step has to report.
    pub(crate) rule: Rule,
    /// What happens, in a sentence.
    pub(crate) story: &'static str,
    /// The connection before the event.
    pub(crate) given: Connection,
    /// The event.
    pub(crate) when: When,
    /// Exactly what is sent, in the RFC's notation; SND.NXT, SND.UNA and RCV.NXT are those before the event.
    pub(crate) sent: &'static [&'static str],
    /// The state after the event.
    pub(crate) state: State,
    /// Exactly what the user is told.
    pub(crate) told: &'static [&'static str],
    /// What matters besides.
    pub(crate) also: &'static [Also],
}

impl Row {
    /// A row that sends nothing, tells the user nothing and expects nothing else: the rest of a row that says more.
    pub(crate) fn quiet() -> Self {
        Self {
            rule: Rule::Status3,
            story: "",
            given: Connection::in_state(State::Listen),
            when: crate::fixture::status(),
            sent: &[],
            state: State::Listen,
            told: &[],
            also: &[],
        }
    }
}

/// A further expectation of a row.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Also {
    /// SND.UNA
    SndUna(u32),
    /// SND.NXT
    SndNxt(u32),
    /// SND.WND
    SndWnd(u32),
    /// RCV.NXT
    RcvNxt(u32),
    /// RCV.WND
    RcvWnd(u32),
    /// The timer was started, for so many milliseconds.
    Starts(Timer, u64),
    /// The timer runs.
    Runs(Timer),
    /// The timer does not run.
    Rests(Timer),
    /// This row is reported as well.
    Uses(Rule),
    /// This row is not reported.
    UsesNot(Rule),
    /// So many octets wait for a RECEIVE.
    Unread(usize),
    /// So many octets wait for an acknowledgment or to be sent.
    Unsent(usize),
    /// The last segment sent offers this window.
    Offers(u16),
    /// Nothing but the timers and the profile is left.
    Forgotten,
    /// Nothing in the record has changed.
    Unchanged,
    /// Nothing in the record has changed but SND.WL1 and SND.WL2, which note where the last window came from.
    WindowNoted,
}

/// The states from one to another in the RFC's order, as the decision table's `A..B`.
pub(crate) fn from_to(first: State, last: State) -> impl Iterator<Item = State> {
    State::ALL.into_iter().filter(move |state| (first..=last).contains(state))
}

/// The same row in each of several states.
pub(crate) fn in_each(states: impl IntoIterator<Item = State>, row: impl Fn(State) -> Row) -> Vec<Row> {
    states.into_iter().map(row).collect()
}

/// Checks all rows and reports everything that does not hold, by rule and story.
pub(crate) fn check(rows: Vec<Row>) {
    assert!(!rows.is_empty(), "a table without rows proves nothing");
    let failures: Vec<String> = rows.into_iter().filter_map(failure).collect();
    assert!(failures.is_empty(), "{} rows do not hold:\n{}", failures.len(), failures.join("\n"));
}

fn failure(row: Row) -> Option<String> {
    let Row { rule, story, given, when, sent, state, told, also } = row;
    let after = given.clone().after(when);
    let mut wrong = Vec::new();
    if !after.used(rule) {
        wrong.push(format!("the rule is not reported; reported are {:?}", after.actions.rules));
    }
    let expected: Vec<String> = sent.iter().map(|segment| resolve(segment, &given)).collect();
    if after.sent() != expected {
        wrong.push(format!("sent {:?}, expected {expected:?}", after.sent()));
    }
    if after.tcb.state != state {
        wrong.push(format!("went to {}, expected {state}", after.tcb.state));
    }
    if after.told() != told {
        wrong.push(format!("told the user {:?}, expected {told:?}", after.told()));
    }
    for &also in also {
        if !holds(also, &given, &after) {
            wrong.push(format!("does not hold: {also:?}; the record is {:?}", after.tcb));
        }
    }
    (!wrong.is_empty())
        .then(|| format!("{rule} in {} ({story}):\n    {}", given.tcb.state, wrong.join("\n    ")))
}

/// Puts numbers for the variables that the RFC's notation names.
fn resolve(notation: &str, given: &Connection) -> String {
    let (snd, rcv) = (&given.tcb.snd, &given.tcb.rcv);
    [("SND.NXT", snd.nxt), ("SND.UNA", snd.una), ("RCV.NXT", rcv.nxt)]
        .iter()
        .fold(notation.to_owned(), |line, (name, number)| line.replace(name, &number.to_string()))
}

fn holds(also: Also, given: &Connection, after: &Connection) -> bool {
    let tcb = &after.tcb;
    match also {
        Also::SndUna(number) => tcb.snd.una == SeqNumber(number),
        Also::SndNxt(number) => tcb.snd.nxt == SeqNumber(number),
        Also::SndWnd(octets) => tcb.snd.wnd == octets,
        Also::RcvNxt(number) => tcb.rcv.nxt == SeqNumber(number),
        Also::RcvWnd(octets) => tcb.rcv.wnd == octets,
        Also::Starts(timer, milliseconds) => {
            after.armed(timer) == Some(Duration::from_millis(milliseconds)) && after.runs(timer)
        }
        Also::Runs(timer) => after.runs(timer),
        Also::Rests(timer) => !after.runs(timer),
        Also::Uses(rule) => after.used(rule),
        Also::UsesNot(rule) => !after.used(rule),
        Also::Unread(octets) => tcb.receive_queue.len() == octets,
        Also::Unsent(octets) => tcb.send_queue.len() == octets,
        Also::Offers(window) => after.offered() == Some(window),
        Also::Forgotten => *tcb == tcpspec_core::Tcb::closed(tcb.profile),
        Also::Unchanged => *tcb == given.tcb,
        Also::WindowNoted => {
            let mut noted = given.tcb.clone();
            (noted.snd.wl1, noted.snd.wl2) = (tcb.snd.wl1, tcb.snd.wl2);
            *tcb == noted
        }
    }
}
