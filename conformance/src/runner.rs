//! The suite as tests of your own crate: a named test for each case, run by `cargo test`, in parallel, over IPv4 and IPv6.
//!
//! In `Cargo.toml`:
//!
//! ```toml
//! [dev-dependencies]
//! tcpspec = "0.1"
//!
//! [[test]]
//! name = "tcpspec"
//! harness = false
//! ```
//!
//! And in `tests/tcpspec.rs`, for a stack that departs in places that you know (an empty list for one that does not):
//!
//! ```
//! use tcpspec::stack::{Stack, reference::Reference as MyStack};
//!
//! fn main() -> std::process::ExitCode {
//! # let _ = || -> std::process::ExitCode {
//!     tcpspec::runner::main(MyStack::new, "")
//! # };
//! # std::process::ExitCode::SUCCESS
//! }
//! ```
//!
//! It takes the arguments of any test of Rust's: `cargo test --test tcpspec -- ipv6/3.6 --list`. What a stack lacks, and
//! what cannot be judged, is counted as ignored, with its reason. It leaves out everything that the `tcpspec` command
//! can do besides.

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Completion, Failed, Trial, run};

use crate::bench::{self, Family};
use crate::cases::{self, Case};
use crate::deviation::Deviations;
use crate::report::terminal;
use crate::stack::Stack;
use crate::suite;
use crate::verdict::Verdict;

/// Plays every case to a stack of its own, as the arguments of the command line ask for. `deviations` is a list of known
/// deviations, in TOML: what is in it does not fail, and what is no longer true does.
///
/// A list that cannot be read, or that has an entry that can never apply, is said on standard error and ends with exit
/// code 2.
pub fn main<S: Stack>(make: impl Fn() -> S + Send + Sync + 'static, deviations: &str) -> ExitCode {
    let arguments = Arguments::from_args();
    let list = Deviations::parse(deviations).map_err(|error| error.to_string());
    match list.and_then(|list| list.check().map(|()| list)) {
        Ok(list) => {
            bench::keep_panics_of_stacks_quiet();
            run(&arguments, trials(make, list)).exit_code()
        }
        Err(error) => {
            eprintln!("tcpspec: the list of known deviations: {}", error.trim_end());
            ExitCode::from(2)
        }
    }
}

/// A test for each case over each family, as `ipv4/3.6/close-sends-a-fin`.
fn trials<S: Stack>(make: impl Fn() -> S + Send + Sync + 'static, deviations: Deviations) -> Vec<Trial> {
    let context = Arc::new((make, deviations));
    let trial = |family: Family, case: &'static Case| {
        let context = Arc::clone(&context);
        let name = match family {
            Family::V4 => format!("ipv4/{}", case.id),
            Family::V6 => format!("ipv6/{}", case.id),
        };
        Trial::ignorable_test(name, move || {
            let (make, deviations) = &*context;
            test(&mut make(), case, family, deviations)
        })
    };
    let families = [Family::V4, Family::V6].into_iter();
    families
        .flat_map(|family| cases::all().iter().map(move |case| (family, case)))
        .map(|(f, c)| trial(f, c))
        .collect()
}

/// Plays a case.
fn test(
    stack: &mut dyn Stack,
    case: &'static Case,
    family: Family,
    deviations: &Deviations,
) -> Result<Completion, Failed> {
    let results = suite::play(stack, std::iter::once(case), family, deviations, |_| {});
    for result in &results {
        match &result.verdict {
            Verdict::Pass | Verdict::KnownDeviation { .. } => {}
            Verdict::Skipped(reason) | Verdict::Inconclusive(reason) => {
                return Ok(Completion::ignored_with(format!("{}: {reason}", result.verdict)));
            }
            Verdict::Fail(_) | Verdict::FixedDeviation { .. } => return Err(terminal::finding(result).into()),
        }
    }
    Ok(Completion::Completed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::smoltcp::Smoltcp;
    use std::collections::BTreeSet;

    /// What comes of a case on smoltcp: nothing, why it was ignored, or what has failed.
    fn outcome(id: &str, deviations: &Deviations) -> Result<Option<String>, String> {
        let case = cases::all().iter().find(|case| case.id == id).expect("a case");
        match test(&mut Smoltcp::new(), case, Family::V6, deviations) {
            Ok(Completion::Completed) => Ok(None),
            Ok(Completion::Ignored { reason }) => Ok(reason),
            Err(failed) => Err(failed.message().unwrap_or_default().to_owned()),
        }
    }

    #[test]
    fn a_known_deviation_is_no_failure_but_a_new_one_and_a_fixed_one_are() {
        let (list, none) = (Deviations::built_in("smoltcp"), Deviations::default());
        let known = &list.entries()[0].case;
        assert_eq!(outcome("3.5/passive-open", &none), Ok(None));
        assert_eq!(outcome(known, &list), Ok(None));
        let report = outcome(known, &none).expect_err("it departs");
        assert!(report.starts_with(&format!("FAIL {known} (")) && report.contains("Seen: "), "{report}");
        let entry = "[[cause]]\nversions = \"*\"\nreason = \"Made up.\"\n\
                     cases = [{ case = \"3.5/passive-open\", at = \"end\" }]";
        let fixed = outcome("3.5/passive-open", &Deviations::parse(entry).expect("valid"));
        assert!(fixed.is_err_and(|report| report.starts_with("FIXED 3.5/passive-open")));
    }

    #[test]
    fn every_case_is_a_test_over_both_families_with_a_name_of_its_own() {
        let trials = trials(Smoltcp::new, Deviations::default());
        let names: BTreeSet<_> = trials.iter().map(Trial::name).collect();
        assert_eq!((names.len(), trials.len()), (2 * cases::all().len(), 2 * cases::all().len()));
        assert!(names.contains("ipv4/3.5/passive-open") && names.contains("ipv6/3.5/passive-open"));
    }
}
