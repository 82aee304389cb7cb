//! What the reference does, written down for people to review: traces of the RFC's figures in `traces/`, a table per
//! state in `tables/`, what the standard permits in the same states in `expectations/`, and what appears when a rule is
//! taken away in `counterexamples/`.
//!
//! There is no code here: the tests in `snapshots.rs` make the texts and compare them with the reviewed ones. A
//! change of behaviour shows as a difference in `cargo test`; `cargo insta review` accepts or rejects it. The package
//! is a member of its own because that command looks for snapshots in packages.
#![forbid(unsafe_code)]
