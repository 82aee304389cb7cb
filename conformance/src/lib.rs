//! tcpspec finds where a TCP stack departs from RFC 9293.
//!
//! Lower modules never use higher ones:
//!
//! | layer | modules |
//! | --- | --- |
//! | vocabulary of testing | [`requirement`], [`verdict`], [`wire`], [`trace`] |
//! | stacks under test | [`stack`] and its adapters |
//! | input | [`scenario`] |
//! | two stacks and what is between them | [`network`], [`peers`] |
//! | stories of two references | [`transfer`] |
//! | two references explored exhaustively | `model` (feature of the same name) |
//! | running | [`mod@bench`] |
//! | judging | [`monitor`] |
//! | two stacks compared | [`differential`] |
//! | the suite | [`cases`], [`deviation`], [`suite`], [`grid`], [`profile`], [`standing`] |
//! | fuzzing | [`engine`] |
//! | output | [`report`] |
//! | the suite in other crates | [`runner`] |
//!
//! What it leaves out: the reference itself, which lives in `tcpspec-core` and never sees this crate.
#![forbid(unsafe_code)]

pub mod bench;
pub mod cases;
pub mod deviation;
pub mod differential;
pub mod engine;
pub mod grid;
#[cfg(feature = "model")]
pub mod model;
pub mod monitor;
pub mod network;
pub mod peers;
pub mod profile;
pub mod promises;
pub mod report;
pub mod requirement;
pub mod runner;
pub mod scenario;
pub mod stack;
pub mod standing;
pub mod suite;
pub mod trace;
pub mod transfer;
pub mod verdict;
pub mod wire;
