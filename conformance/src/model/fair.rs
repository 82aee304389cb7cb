//! What happens when the network turns kind: everything under way is lost, and from then on nothing is.
//!
//! Liveness is asked of every reachable state: a run that is fair and leaves no choice has to reach the goal within
//! [`LONGEST`] moves. That is sound where a checker's "eventually" is not, which knows no cycles; and it asks for more,
//! since the goal must be reachable whatever happened before.

use std::collections::VecDeque;

use tcpspec_core::Timer;

use super::definition::Reading;
use super::moves::{Action, Effects, Moves};
use super::network::{Network, Packet};
use super::world::{BOTH, World, index};

/// Most moves of a fair run.
pub const LONGEST: usize = 160;

/// How a fair run ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stop {
    /// Nothing is left to do.
    Quiet,
    /// It went on for [`LONGEST`] moves.
    TooLong,
}

/// Runs until nothing is left to do. Segments arrive in the order in which they were sent; users do what they have to
/// as soon as they may; a timer goes off when nothing else happens, TIME-WAIT's last. `each` is told every move, and the
/// state before it.
pub fn run(moves: &Moves<'_>, world: &World, each: impl FnMut(&World, Action)) -> (World, Stop) {
    let mut world = world.clone();
    world.network = Network::default();
    go_on(moves, world, VecDeque::new(), each)
}

/// As [`run`], but what is under way is not lost: it arrives first.
pub fn run_delivering(moves: &Moves<'_>, world: &World, each: impl FnMut(&World, Action)) -> (World, Stop) {
    let mut world = world.clone();
    let under_way = std::mem::take(&mut world.network).packets().iter().copied().collect();
    go_on(moves, world, under_way, each)
}

fn go_on(
    moves: &Moves<'_>,
    mut world: World,
    mut under_way: VecDeque<Packet>,
    mut each: impl FnMut(&World, Action),
) -> (World, Stop) {
    (world.losses, world.duplicates, world.forged) = (0, 0, u8::MAX);
    let mut due = VecDeque::new();
    for endpoint in &mut world.ends {
        (endpoint.chosen, endpoint.crashes) = (u8::MAX, 0);
    }
    for _ in 0..LONGEST {
        let Some(action) = next(moves, &world, &mut under_way, &mut due) else { return (world, Stop::Quiet) };
        each(&world, action);
        let mut effects = Effects::default();
        moves.apply(&mut world, action, &mut effects);
        under_way.extend(effects.sent);
    }
    (world, Stop::TooLong)
}

fn next(
    moves: &Moves<'_>,
    world: &World,
    under_way: &mut VecDeque<Packet>,
    due: &mut VecDeque<Action>,
) -> Option<Action> {
    while let Some(packet) = under_way.pop_front() {
        let cut_off = moves.definition.one_way && packet.from == crate::trace::End::Right;
        if !cut_off {
            return Some(Action::Arrive(packet));
        }
    }
    for end in BOTH {
        if let Some(ask) = moves.next_call(world, end) {
            return Some(Action::Call(end, ask));
        }
        let reads = moves.definition.ends[index(end)].reading == Reading::Whenever;
        if reads && !world.end(end).tcb.receive_queue.is_empty() {
            return Some(Action::Read(end));
        }
    }
    let runs =
        |action: &Action| matches!(*action, Action::Timeout(end, timer) if moves.goes_off(world, end, timer));
    while let Some(action) = due.pop_front() {
        if runs(&action) {
            return Some(action);
        }
    }
    // Every timer gets its turn before any gets a second one.
    let all = BOTH.into_iter().flat_map(|end| Timer::ALL.map(|timer| Action::Timeout(end, timer)));
    let is_last = |action: &Action| matches!(action, Action::Timeout(_, Timer::TimeWait));
    due.extend(all.clone().filter(|action| runs(action) && !is_last(action)));
    due.pop_front()
        .or_else(|| all.clone().find(|action| runs(action)))
        .or_else(|| time_passes(moves, world).then_some(Action::Tick))
}

/// Whether a timer will go off if time passes.
fn time_passes(moves: &Moves<'_>, world: &World) -> bool {
    let live = |timer: Timer| !moves.definition.dead_timers.contains(&timer);
    moves.definition.clock.is_some() && world.ends.iter().any(|endpoint| endpoint.timers().iter().any(live))
}
