//! Reviewed texts: what the reference does in the RFC's figures, and in every state on every class of event.
//!
//! A reader needs RFC 9293 and nothing else. Traces have a line per event, the left column is TCP peer A, the right
//! one TCP peer B. Tables have a line per class of events. Nothing here judges; `cargo insta review` asks a person.
#![forbid(unsafe_code)]

mod closing;
mod counterexamples;
mod events;
mod expectations;
mod figures;
mod opening;
mod states;
mod tables;
mod why;

/// Compares a text with the reviewed one in `folder`.
fn review(folder: &str, name: &str, text: &str) {
    insta::with_settings!({
        snapshot_path => folder,
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, { insta::assert_snapshot!(name, text) });
}
