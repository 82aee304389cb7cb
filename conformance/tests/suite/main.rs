//! What holds across the crate, seen from outside.

mod cases;
mod command_line;
mod docs;
mod readme;
mod repetition;
mod sensitivity;
mod stories;
mod stream_integrity;
mod symmetries;
