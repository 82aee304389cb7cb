//! The report for machines that count tests: JUnit's XML, as continuous integration systems read it.
//!
//! A section is a test suite and a case is a test. JUnit knows neither known deviations nor verdicts that cannot be
//! reached: both are tests that were skipped, with the reason. It holds no times, so that the same run is the same text.

use quick_junit::{NonSuccessKind, Report as Document, TestCase, TestCaseStatus, TestSuite};

use super::{Report, terminal};
use crate::suite::{CaseResult, Gone};
use crate::verdict::Verdict;

/// The whole report.
#[must_use]
pub fn render(report: &Report) -> String {
    let stack = &report.stack;
    let name = format!("tcpspec: {} {} over {}", stack.name, stack.version, report.network());
    let mut document = Document::new(name);
    for results in report.results.chunk_by(|a, b| a.case.section == b.case.section) {
        let case = results[0].case;
        let mut suite = TestSuite::new(format!("{} {}", case.section, case.topic));
        suite.add_test_cases(results.iter().map(|result| test_case(report, result)));
        document.add_test_suite(suite);
    }
    if !report.gone.is_empty() {
        let mut suite = TestSuite::new("known deviations");
        suite.add_test_cases(report.gone.iter().map(|gone| no_longer(report, gone)));
        document.add_test_suite(suite);
    }
    document.to_string().expect("plain text can always be written as XML")
}

/// A listed departure that does not happen in its story any more.
fn no_longer(report: &Report, gone: &Gone) -> TestCase {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type("FIXED");
    status.set_message("a listed deviation is gone");
    status.set_description(terminal::gone(&gone.entry));
    let mut test_case = TestCase::new(gone.entry.rules.join(", "), status);
    test_case.set_classname(format!("{}.known-deviations", report.stack.name));
    test_case
}

fn test_case(report: &Report, result: &CaseResult) -> TestCase {
    let mut status = match &result.verdict {
        Verdict::Pass => TestCaseStatus::success(),
        Verdict::Fail(_) | Verdict::FixedDeviation { .. } => {
            TestCaseStatus::non_success(NonSuccessKind::Failure)
        }
        Verdict::Skipped(_) | Verdict::Inconclusive(_) | Verdict::KnownDeviation { .. } => {
            TestCaseStatus::skipped()
        }
    };
    match &result.verdict {
        Verdict::Pass => {}
        Verdict::Fail(failure) => {
            status.set_type(failure.level.to_string());
            status.set_message(failure.what.as_str());
            status.set_description(terminal::finding(result));
        }
        Verdict::FixedDeviation { .. } => {
            status.set_type(result.verdict.word());
            status.set_message("a listed deviation is gone");
            status.set_description(terminal::finding(result));
        }
        Verdict::Skipped(reason) | Verdict::Inconclusive(reason) | Verdict::KnownDeviation { reason, .. } => {
            status.set_message(format!("{}: {reason}", result.verdict));
        }
    }
    let mut test_case = TestCase::new(result.case.scenario.name.as_str(), status);
    test_case.set_classname(format!("{}.{}", report.stack.name, result.case.section));
    test_case
}
