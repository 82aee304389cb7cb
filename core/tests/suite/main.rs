//! Core, held to RFC 9293: row by row of the decision table, and in stories that span many rows.
//!
//! Rows are data ([`table::Row`]): the rule, a sentence, a connection in its state, one event, and exactly what has
//! to follow. Whatever a test is about, every step of it keeps all invariants. Hosts with several connections have
//! their tests beside their module.

mod decision_table;
mod fixture;
mod pair;
mod stories;
mod table;
