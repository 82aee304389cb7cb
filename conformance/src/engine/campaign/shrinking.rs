//! What a campaign does with a new cause: the first story that shows it is made as short as it gets, and kept.
//!
//! It leaves out what makes a story shorter ([`shrink`]).

use std::collections::HashSet;
use std::io;

use super::Campaign;
use super::Event;
use crate::engine::cause::{CauseRecord, Cluster};
use crate::engine::task::Judged;
use crate::engine::telling::{Told, seen_of_death};
use crate::engine::{Finding, shrink};
use crate::scenario::Scenario;
use crate::verdict::Cause;

/// How many candidates are tried to shrink one finding, and how many of them may cost a process.
const SHRINKING: (usize, usize) = (3000, 16);

impl Campaign<'_> {
    /// Shrinks what no earlier round had. The first story of a cluster stands for it.
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
            finding.shortened = true;
            (self.told)(Event::Shrunk(&finding))?;
            self.findings.insert(cluster, finding);
        }
        Ok(())
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
        let short = shrink(story, budget, &mut |story| {
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
        });
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
