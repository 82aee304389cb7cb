//! What a campaign does with a new cause: the first story that shows it is made as short as it gets, and kept.
//!
//! It leaves out what makes a story shorter ([`shrink`]).

use std::collections::{BTreeSet, HashSet};
use std::io;

use super::Campaign;
use super::Event;
use crate::engine::cause::{CauseRecord, Cluster};
use crate::engine::task::Judged;
use crate::engine::telling::{Told, seen_of_death};
use crate::engine::{Finding, numbers, shrink};
use crate::scenario::Scenario;
use crate::verdict::Cause;

/// How many candidates are tried to shrink one finding, and how many of them may cost a process.
const SHRINKING: (usize, usize) = (3000, 16);

impl Campaign<'_> {
    /// Shrinks what no earlier round had. The first story of a cluster that is not explained by the list stands for it.
    pub(super) fn shrink_new(&mut self, first: &[(u64, CauseRecord)]) -> io::Result<()> {
        // What was heard of after the stack was given up does not count.
        let counted: HashSet<_> = first.iter().map(|(_, cause)| Cluster::of(cause)).collect();
        self.findings.retain(|cluster, finding| finding.shortened || counted.contains(cluster));
        for (index, cause) in first {
            let cluster = Cluster::of(cause);
            let Some(finding) = self.findings.get(&cluster).filter(|finding| !finding.shortened) else {
                continue;
            };
            let (index, story) = (*index, self.corpus.story(*index));
            let mut finding = Finding { index, story, cause: cause.clone(), ..finding.clone() };
            self.shrink(&cluster, &mut finding)?;
            if !self.is_overdue() && !self.due_to(&finding.cause, &finding.story).is_empty() {
                self.explain(&cluster, cause)?;
                continue;
            }
            finding.shortened = true;
            (self.told)(Event::Shrunk(&finding))?;
            self.findings.insert(cluster, finding);
        }
        Ok(())
    }

    fn due_to(&self, cause: &CauseRecord, story: &Scenario) -> BTreeSet<usize> {
        (self.due_to)(&Cause::from(cause), story)
    }

    /// Takes a cause of a cluster for known: its shortest story is listed. What else was found of the cluster is not.
    fn explain(&mut self, cluster: &Cluster, cause: &CauseRecord) -> io::Result<()> {
        self.explained.insert(cause.clone());
        let Some(mut finding) = self.findings.remove(cluster) else { return Ok(()) };
        let hits = finding.variants.remove(cause).unwrap_or_default();
        finding.hits -= hits;
        *self.known.entry(cause.clone()).or_default() += hits;
        self.progress.known += hits;
        if finding.variants.is_empty() {
            return (self.told)(Event::Explained(&finding));
        }
        self.findings.insert(cluster.clone(), finding);
        Ok(())
    }

    /// A story without the steps that bring a listed departure about, and the same with the numbers that the other steps
    /// had; none if it has no such steps.
    fn without_listed(&self, cause: &CauseRecord, story: &Scenario) -> Vec<Scenario> {
        let due = self.due_to(cause, story);
        let steps = story.steps.iter().enumerate().filter(|(index, _)| !due.contains(index));
        let steps = Vec::from_iter(steps.map(|(_, step)| step.clone()));
        if due.is_empty() || steps.is_empty() {
            return Vec::new();
        }
        let numbered = numbers::without(story, &|index| due.contains(&index));
        vec![Scenario { steps, ..story.clone() }, numbered]
    }

    fn shrink(&mut self, cluster: &Cluster, finding: &mut Finding) -> io::Result<()> {
        let (budget, most_deaths) = SHRINKING;
        let (mut trouble, mut deaths) = (None, 0);
        let (mut cause, mut judged) = (finding.cause.clone(), None);
        let story = finding.story.clone();
        // What the stack did when the same story was told once more.
        finding.repeats = match self.tell(&story)? {
            Told::Left => true,
            again => again.cause().as_ref() == Some(&cause),
        };
        let others = self.without_listed(&cause, &story);
        let mut same = |story: &Scenario| {
            if trouble.is_some() || deaths >= most_deaths || self.is_overdue() {
                return false;
            }
            let told = self.tell(story).unwrap_or_else(|error| {
                trouble = Some(error);
                Told::Left
            });
            if matches!(told, Told::Died(_)) {
                // Nobody waits for a stack that hangs when time is up.
                deaths = if self.is_late() { most_deaths } else { deaths + 1 };
            }
            let same =
                |seen: &CauseRecord| Cluster::of(seen) == *cluster && !(self.listed)(&Cause::from(seen));
            let Some(seen) = told.cause().filter(same) else { return false };
            (cause, judged) = (seen, Some(told));
            true
        };
        // What happens without the steps that a list blames has another reason.
        let begin = others.into_iter().find(&mut same).unwrap_or(story);
        let short = shrink(begin, budget, &mut same);
        if let Some(error) = trouble {
            return Err(error);
        }
        (finding.story, finding.cause) = (short, cause);
        finding.judged = self.seen(&finding.story, judged)?;
        Ok(())
    }

    /// What can be said of a finding's story, given what came of it if it was just told.
    fn seen(&mut self, story: &Scenario, told: Option<Told>) -> io::Result<Option<Judged>> {
        let told = match told {
            Some(told) => told,
            None => self.tell(story)?,
        };
        match told {
            Told::Judged(judged) => Ok(Some(*judged)),
            Told::Died(death) => {
                let how = (self.stack, self.options.patience);
                seen_of_death(&mut self.pool, story, &death, how).map(Some)
            }
            Told::Left => Ok(None),
        }
    }
}
