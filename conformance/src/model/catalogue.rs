//! The models, a file per question.

use super::definition::{Ask, Definition, EndDefinition, Task, When};

mod closing;
mod data;
mod opening;
mod resets;
mod states;
mod time_wait;

/// All models.
#[must_use]
pub fn definitions() -> Vec<Definition> {
    let all = [
        opening::definitions(),
        closing::definitions(),
        time_wait::definitions(),
        resets::definitions(),
        data::definitions(),
        states::definitions(),
    ];
    all.into_iter().flatten().collect()
}

/// A user call at a time.
const fn task(when: When, call: Ask) -> Task {
    Task { when, call }
}

const LISTEN: Task = task(When::Whenever, Ask::Listen);
const CONNECT: Task = task(When::Whenever, Ask::Connect);
const CLOSE: Task = task(When::Whenever, Ask::Close);

/// Two endpoints with these lives of their users.
fn ends(a: &[&[Task]], b: &[&[Task]]) -> [EndDefinition; 2] {
    let [left, right] = Definition::default().ends;
    let owned = |lives: &[&[Task]]| lives.iter().map(|tasks| tasks.to_vec()).collect();
    [EndDefinition { lives: owned(a), ..left }, EndDefinition { lives: owned(b), ..right }]
}
