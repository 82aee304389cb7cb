//! Stories that span many rows of the decision table.

mod acknowledgments;
mod closing;
mod congestion;
mod extensions;
mod figures;
mod hostile;
mod keep_alive;
mod lifecycle;
mod probing;
mod retransmission;
mod sending;
mod urgent;
