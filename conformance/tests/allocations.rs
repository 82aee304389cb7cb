//! What a story costs in memory: a segment more is an allocation more, for its text.
//!
//! A test binary of its own, because it counts what the whole process allocates.

use tcpspec::bench::{self, Family};
use tcpspec::monitor::Monitor;
use tcpspec::scenario::{self, Scenario};
use tcpspec::stack::reference::Reference;
use tcpspec::verdict::Verdict;

/// A story in which the peer sends so many segments with text in order, and the user reads nothing.
fn story(segments: usize) -> Scenario {
    let opening = "tcpspec 1\n\nscenario texts\n\n+0 open passive\n+0 < S 0\n+0 < . 1 ack 1\n";
    let texts: String = (0..segments).map(|index| format!("+0.01 < P. {}(10)\n", 1 + 10 * index)).collect();
    scenario::parse_one(&format!("{opening}{texts}")).expect("a story")
}

/// Allocations of a story under the monitor, when stack and monitor have seen one like it.
fn allocations(story: &Scenario) -> u64 {
    let (mut stack, mut monitor) = (Reference::new(), Monitor::new());
    let mut play = || bench::run_watched(&mut stack, story, Family::V4, Some(&mut monitor));
    assert_eq!(play().verdict, Verdict::Pass);
    allocation_counter::measure(|| drop(play())).count_total
}

/// Queues of octets that may double between twenty and forty segments: the stack's, the monitor's, and what the peer has sent.
const QUEUES: u64 = 3;

#[test]
fn one_more_segment_costs_one_allocation() {
    let (few, more) = (allocations(&story(20)), allocations(&story(40)));
    // Its text is made for it. The trace has room from the beginning, and what is known of the connection stays small.
    assert!(more <= few + 20 + QUEUES, "{few} allocations for 20 segments, {more} for 40");
}
