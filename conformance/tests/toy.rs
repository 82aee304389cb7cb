//! The suite as tests of somebody's own stack: here the toy of `examples/toy`. Its author knows of one bug, which is on
//! a list, and has mended the other two.

use std::process::ExitCode;

use stack::{Bug, Toy};

#[path = "../examples/toy/stack/mod.rs"]
mod stack;

fn main() -> ExitCode {
    let [known, ..] = Bug::ALL;
    tcpspec::runner::main(move || Toy::with(&[known]), include_str!("../examples/toy/deviations.toml"))
}
