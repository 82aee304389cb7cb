//! Core, held to RFC 9293: row by row of the decision table, and in stories that span many rows.
//!
//! Rows are data ([`table::Row`]): the rule, a sentence, a connection in its state, one event, and exactly what has
//! to follow. Hosts with several connections and the invariants have their tests beside their modules.

mod decision_table;
mod fixture;
mod stories;
mod table;
