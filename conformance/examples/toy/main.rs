//! A TCP written by hand, with three bugs, and the report that names them:
//!
//! ```text
//! cargo run --release --example toy
//! cargo run --release --example toy -- --mended      # without the bugs
//! ```
//!
//! `stack/mod.rs` is what you would write for your own stack; the files beside it are the toy. The same stack as tests of
//! a crate, with a list of known deviations, is in `conformance/tests/toy.rs`.

use std::process::ExitCode;

use tcpspec::bench::{self, Family};
use tcpspec::deviation::Deviations;
use tcpspec::report::{Report, terminal};
use tcpspec::stack::Stack;
use tcpspec::suite::{self, Selection};

use self::stack::{Bug, Toy};

mod stack;

fn main() -> ExitCode {
    bench::keep_panics_of_stacks_quiet();
    let mended = std::env::args().any(|argument| argument == "--mended");
    let mut toy = Toy::with(if mended { &[] } else { &Bug::ALL });
    let (cases, family) = (Selection::default(), Family::V4);
    let results = suite::play(&mut toy, cases.cases(), family, &Deviations::default(), |_| {});
    let report = Report { stack: toy.declaration().clone(), family, results, gone: Vec::new() };
    print!("{}", terminal::render(&report));
    if report.is_as_expected() { ExitCode::SUCCESS } else { ExitCode::from(1) }
}
