//! The judges: one file for each kind of thing that can be right or wrong.

pub(super) mod arrive;
pub(super) mod beginnings;
mod closing;
pub(super) mod emission;
pub(super) mod explain;
pub(super) mod liveness;
pub(super) mod overdue;
pub(super) mod recovery;
pub(super) mod reports;
pub(super) mod sending;
pub(super) mod silly;
pub(super) mod steps;
pub(super) mod unasked;
pub(super) mod user;
mod window;
