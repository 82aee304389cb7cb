//! What holds across the crate, seen from outside.

mod campaigns;
mod cases;
mod command_line;
mod docs;
#[cfg(feature = "model")]
mod models;
mod readme;
mod relations;
mod repetition;
mod sensitivity;
#[cfg(unix)]
mod stack_command;
mod stories;
mod stream_integrity;
mod symmetries;
mod toy;
mod whole_stack;
