//! Stories that span many rows.
