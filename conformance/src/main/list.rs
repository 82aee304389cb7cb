//! `tcpspec check --list`: the cases, and what each is sensitive to.

use std::fmt::Write;

use tcpspec::bench::Family;
use tcpspec::stack::faulty::{self, Excuse, Fault};
use tcpspec::suite::Selection;
use tcpspec::suite::sensitivity::{self, Matrix, Reaction};

/// The cases, one a line, with the number of faults that each finds; with their names and those of the survivors if
/// `faults` asks for them.
pub(crate) fn list(selection: &Selection, family: Family, faults: bool) -> String {
    let matrix = sensitivity::play(selection.cases(), faulty::all().iter(), family);
    let mut text = String::new();
    for (case, found) in matrix.cases() {
        let count = found.len();
        let _ = writeln!(text, "{}  {}  {count} faults", case.id, case.scenario.checks.join(" "));
        for fault in found.iter().filter(|_| faults) {
            let _ = writeln!(text, "    {}", fault.name);
        }
    }
    for (case, verdict) in matrix.left_out() {
        let why = verdict.explanation().unwrap_or_default();
        let checks = case.scenario.checks.join(" ");
        let _ = writeln!(text, "{}  {checks}  not for the reference: {why}", case.id);
    }
    if faults {
        text.push_str(&not_found(&matrix));
    }
    let _ = write!(text, "\n{}\n{} cases\n", totals(&matrix), selection.cases().count());
    text
}

/// The faults that no case finds, each with the reason.
fn not_found(matrix: &Matrix) -> String {
    let mut text = String::from("\nfound by none of these cases\n");
    for (fault, reason) in matrix.survivors() {
        let _ = writeln!(text, "    {}: {reason}", fault.name);
    }
    let mut excused = |title: &str, reason: fn(&Fault) -> Option<&'static str>| {
        let _ = writeln!(text, "\n{title}");
        for (fault, reason) in matrix.faults().filter_map(|(fault, _)| Some((fault, reason(fault)?))) {
            let _ = writeln!(text, "    {}: {reason}", fault.name);
        }
    };
    excused("permitted, not to be found", |fault| match fault.excuse {
        Some(Excuse::Permitted(variation)) => Some(variation),
        _ => None,
    });
    excused("invisible", |fault| match fault.excuse {
        Some(Excuse::Invisible(reason)) => Some(reason),
        _ => None,
    });
    text
}

/// `201 of 250 faults found, 49 survive`
fn totals(matrix: &Matrix) -> String {
    let faults = matrix.faults().filter(|(fault, _)| fault.excuse.is_none());
    let (mut all, mut found) = (0, 0);
    for (_, reaction) in faults {
        all += 1;
        found += usize::from(reaction == Reaction::Finds);
    }
    format!("{found} of {all} faults found, {} survive", all - found)
}
