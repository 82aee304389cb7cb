//! What holds across the crate, seen from outside.

mod cases;
mod docs;
