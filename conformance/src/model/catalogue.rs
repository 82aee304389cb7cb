//! The models, a file per question.

use super::definition::{Ask, Definition, Task, When};

mod opening;

/// All models.
#[must_use]
pub fn definitions() -> Vec<Definition> {
    opening::definitions()
}

/// A user call at a time.
const fn task(when: When, call: Ask) -> Task {
    Task { when, call }
}

const LISTEN: Task = task(When::Whenever, Ask::Listen);
const CONNECT: Task = task(When::Whenever, Ask::Connect);
