//! How long chance takes to find what the deterministic suite cannot see.
//!
//! Each fault of `faulty` that no case of the suite finds, and that the standard does not permit, meets the stories of a
//! campaign: the same generator, the same guidance, the same judge, in one thread. What counts is the time until the
//! judge objects for the first time.
//!
//! ```text
//! cargo run --release --example time_to_find              # at most ten seconds for each fault, from seed 1
//! cargo run --release --example time_to_find -- 60 7      # at most a minute, from seed 7
//! cargo run --release --example time_to_find -- 10 1 RST  # those with this in their name, whatever the suite finds
//! ```
//!
//! A fault that is not found is shown with the reason why nothing objects, if that is known
//! (`conformance/src/monitor/tests/survivors.rs`). The exit code is 1 if there is one without a reason.
//!
//! It leaves out shrinking: `tcpspec fuzz --stack faulty:NAME` does that.
#![forbid(unsafe_code)]

use std::collections::HashSet;
use std::env;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use tcpspec::bench::Family;
use tcpspec::cases;
use tcpspec::engine::{Corpus, Entry, Judge, coverage};
use tcpspec::scenario;
use tcpspec::stack::Stack;
use tcpspec::stack::faulty::{self, Excuse, Fault, Faulty};
use tcpspec::suite::sensitivity;

#[path = "../src/monitor/tests/survivors.rs"]
mod survivors;

/// Stories between two looks at what was reached, as in campaigns.
const ROUND: u64 = 2048;

/// What was found of a fault.
struct Found {
    after: Duration,
    stories: u64,
    what: String,
    story: String,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let number = |index: usize| arguments.get(index).and_then(|argument| argument.parse::<u64>().ok());
    let (limit, seed) = (Duration::from_secs(number(0).unwrap_or(10)), number(1).unwrap_or(1));
    let faults = chosen(arguments.get(2).map(String::as_str));
    let (mut times, mut excused, mut missed) = (Vec::new(), 0, 0);
    for fault in &faults {
        if let Some(found) = hunt(fault, seed, limit) {
            let Found { after, stories, what, story } = found;
            println!("{:9.3} s {stories:8} stories  {}: {what}", after.as_secs_f64(), fault.name);
            if arguments.len() > 2 {
                println!("{story}");
            }
            times.push(after);
            continue;
        }
        let allowed = survivors::lists(&fault.name);
        let why = if allowed { "what is seen is allowed" } else { "NOT FOUND" };
        *if allowed { &mut excused } else { &mut missed } += 1;
        println!("        -                     {}: {why}", fault.name);
    }
    times.sort();
    println!(
        "{} faults, {} found, {excused} not, with a reason, {missed} not found",
        faults.len(),
        times.len()
    );
    println!("{}", distribution(&times));
    if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The faults that count: those that the suite misses, or those that are asked for.
fn chosen(text: Option<&str>) -> Vec<&'static Fault> {
    let permitted = |fault: &Fault| matches!(fault.excuse, Some(Excuse::Permitted(_)));
    match text {
        Some(text) => {
            let asked = |fault: &&Fault| fault.name.contains(text) && !permitted(fault);
            faulty::all().iter().filter(asked).collect()
        }
        None => {
            let matrix = sensitivity::play(cases::all().iter(), faulty::all().iter(), Family::V4);
            matrix.survivors().map(|(fault, _)| fault).collect()
        }
    }
}

/// Tells a fault's stack the stories of a campaign until somebody objects.
fn hunt(fault: &'static Fault, seed: u64, limit: Duration) -> Option<Found> {
    let begun = Instant::now();
    let mut stack = Faulty::new(fault);
    let mut corpus = Corpus::new(seed, stack.declaration());
    let (mut judge, mut known, mut reached) = (Judge::default(), HashSet::new(), Vec::new());
    for index in 0.. {
        if begun.elapsed() >= limit {
            break;
        }
        let story = corpus.story(index);
        let run = judge.judge(&mut stack, &story, Family::V4);
        if let Some(failure) = run.verdict.failure() {
            let what = failure.cause.as_ref().map_or_else(|| failure.what.clone(), ToString::to_string);
            let text = scenario::print_file(std::slice::from_ref(&story));
            let story = format!("{text}\n{}", run.trace);
            return Some(Found { after: begun.elapsed(), stories: index + 1, what, story });
        }
        let mut new = false;
        coverage::features(&story, &run.trace, |feature| new |= known.insert(feature));
        if new {
            reached.push(Entry { index, kept: story.steps.len() });
        }
        if (index + 1) % ROUND == 0 {
            corpus.add(&reached);
            reached.clear();
        }
    }
    None
}

/// Some quantiles of times in order.
fn distribution(times: &[Duration]) -> String {
    let at = |percent: usize| {
        let index = (times.len().saturating_sub(1) * percent).div_ceil(100);
        times.get(index).copied().unwrap_or_default().as_secs_f64()
    };
    let quantiles = [50, 75, 90, 95, 99, 100].map(|percent| format!("{percent} %: {:.3} s", at(percent)));
    quantiles.join(", ")
}
