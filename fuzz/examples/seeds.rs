//! Writes the seeds of the target `differential`: octets of random stories, each of which reaches something that those
//! before it do not.
//!
//! `cargo run --release -p tcpspec-fuzz --example seeds`, after the generator has changed. Whatever octets there are
//! choose some story, so old seeds are never wrong; they only reach less.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::PathBuf;

use tcpspec::bench::Family;
use tcpspec::engine::octets::{Target, seed};
use tcpspec::engine::{coverage, judge};
use tcpspec::stack;

/// How many seeds are kept: those that reach most.
const SEEDS: usize = 48;

/// How many stories they are chosen from.
const STORIES: u64 = 4000;

fn main() -> io::Result<()> {
    let usual = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("seeds/differential");
    let folder = std::env::args_os().nth(1).map_or_else(usual, PathBuf::from);
    let mut stack = stack::by_name("smoltcp").expect("built in");
    let target = Target::new("smoltcp").expect("built in");
    let mut stories: Vec<_> = (0..STORIES)
        .map(|index| {
            let octets = seed(1, index, stack.declaration());
            let story = target.story(&octets);
            let run = judge(&mut *stack, &story, Family::V4);
            let mut reached = BTreeSet::new();
            coverage::features(&story, &run.trace, |feature| {
                reached.insert(feature);
            });
            (octets, reached)
        })
        .collect();
    fs::create_dir_all(&folder)?;
    for number in 0..SEEDS {
        // Of those that reach equally much, the first.
        let best = (0..stories.len()).rev().max_by_key(|index| stories[*index].1.len());
        let (octets, reached) = stories.swap_remove(best.expect("enough stories"));
        fs::write(folder.join(format!("{number:02}")), octets)?;
        stories.iter_mut().for_each(|(_, others)| others.retain(|feature| !reached.contains(feature)));
    }
    Ok(())
}
