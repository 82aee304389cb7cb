//! The judges: one file for each kind of thing that can be right or wrong.

pub(super) mod emission;
pub(super) mod user;
