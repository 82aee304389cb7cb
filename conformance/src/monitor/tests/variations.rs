//! Every permitted variation of `docs/variations.md`: a story in which it excuses, and a near miss in which it does not.

use std::collections::BTreeSet;

use super::Monitor;
use super::altered::play_watched;
use super::false_alarms::{Pair, wrong};

mod opening;
mod transfer;

/// A variation, whether its uses are counted (those of degree are not), and its stories.
struct Row {
    variation: usize,
    counted: bool,
    stories: Pair,
}

fn rows() -> impl Iterator<Item = &'static Row> {
    opening::ROWS.iter().chain(transfer::ROWS)
}

/// Why a variation has no stories.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Outside {
    /// The options that it is about are not judged: timestamps, marks of congestion, what is in a selective
    /// acknowledgment.
    NotJudged,
    /// Nothing that an onlooker sees tells the variants apart.
    NotSeen,
    /// The standard has decided, or the page itself calls all but one variant a deviation: the monitor holds a stack to
    /// what is right.
    Decided,
    /// No evidence could show that it was at work, and nobody declares it: the monitor objects.
    NoEvidence,
    /// Where it may be at work the monitor gives up, and counts the run as not followed.
    GivenUp,
}

const OUTSIDE: &[(usize, Outside)] = &[
    (1, Outside::Decided),
    (2, Outside::NotSeen),
    (11, Outside::Decided),
    (17, Outside::NotJudged),
    (20, Outside::Decided),
    (21, Outside::NotSeen),
    (25, Outside::NoEvidence),
    (29, Outside::NotJudged),
    (31, Outside::NotSeen),
    (33, Outside::NotSeen),
    (34, Outside::NotSeen),
    (39, Outside::NotJudged),
    (43, Outside::GivenUp),
    (44, Outside::NotJudged),
    (47, Outside::NotJudged),
    (54, Outside::NoEvidence),
    (58, Outside::GivenUp),
    (61, Outside::Decided),
];

/// The numbers in the first column of the page's table.
fn documented() -> BTreeSet<usize> {
    let page = include_str!("../../../../docs/variations.md");
    let ids = page.lines().filter_map(|line| line.strip_prefix("| V-")?.split(' ').next()?.parse().ok());
    ids.collect()
}

#[test]
fn every_variation_of_the_page_has_its_stories_or_a_reason_why_not() {
    let mut known = BTreeSet::new();
    for number in rows().map(|row| row.variation).chain(OUTSIDE.iter().map(|(number, _)| *number)) {
        assert!(known.insert(number), "V-{number} is there twice");
    }
    assert_eq!(known, documented());
}

#[test]
fn each_variation_excuses_in_its_story_and_not_in_a_near_miss() {
    let mut wrongs = Vec::new();
    for Row { variation, counted, stories } in rows() {
        let mut monitor = Monitor::new();
        let mut found = wrong(stories, &mut monitor);
        let used = monitor.uses().iter().any(|(number, _)| number == *variation);
        if used != *counted {
            let run = play_watched(&mut *(stories.may)(), stories.story, &mut Monitor::new());
            found.push(format!("its use is {}counted\n{}", if used { "" } else { "not " }, run.trace));
        }
        wrongs.extend(found.into_iter().map(|what| format!("V-{variation}: {what}")));
    }
    assert!(wrongs.is_empty(), "{}", wrongs.join("\n"));
}
