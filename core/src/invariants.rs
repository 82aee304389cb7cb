//! What is true of a connection after every step, and of every step: the invariants of one [`Tcb`].
//!
//! Each has an id that stays, the clauses it rests on and a sentence. `structure` has what the record must
//! look like (I-001 to I-024), `transition` what a step may do (I-030 to I-078, and the two of congestion control that
//! need the window, which no wire shows). They serve unit tests, fuzz
//! targets and the model checker alike: [`checked_step`] is [`step`] with all of them asserted. The
//! predicates read the record, the event and the actions; they work out for themselves what a segment
//! deserves and never ask the code under test.
//!
//! Left out: what only a trace or the wire can show (I-080 and above), and the few ids in
//! [`NOT_IN_ONE_STEP`].

use alloc::string::String;
use core::fmt;

use crate::event::{Actions, Call, Event};
use crate::processing::{Context, step};
use crate::segment::Segment;
use crate::tcb::Tcb;

mod observation;
mod structure;
#[cfg(test)]
mod tests;
mod transition;

pub use observation::{Before, Transition};
use transition::{closing, congestion, handshake, synchronized};

/// One thing that must be true of every step.
#[derive(Clone, Copy, Debug)]
pub struct Invariant {
    /// `I-` and a number that never changes.
    pub id: &'static str,
    /// Where the standard says so; RFC 9293 unless another one is named.
    pub clause: &'static str,
    /// What must be true.
    pub sentence: &'static str,
    /// Whether it is.
    pub holds: fn(&Transition<'_>) -> bool,
}

/// Every invariant that one step can break, by id.
pub static INVARIANTS: &[Invariant] = &[
    structure::I_001,
    structure::I_002,
    structure::I_003,
    structure::I_004,
    structure::I_005,
    structure::I_006,
    structure::I_007,
    structure::I_008,
    structure::I_009,
    structure::I_010,
    structure::I_011,
    structure::I_012,
    structure::I_013,
    structure::I_014,
    structure::I_015,
    structure::I_016,
    congestion::I_017,
    structure::I_018,
    structure::I_020,
    structure::I_021,
    structure::I_022,
    structure::I_023,
    structure::I_024,
    handshake::I_030,
    handshake::I_031,
    handshake::I_032,
    handshake::I_033,
    handshake::I_034,
    handshake::I_035,
    handshake::I_036,
    handshake::I_037,
    handshake::I_038,
    handshake::I_039,
    handshake::I_040,
    handshake::I_041,
    handshake::I_042,
    handshake::I_043,
    handshake::I_044,
    synchronized::I_045,
    synchronized::I_046,
    synchronized::I_047,
    synchronized::I_048,
    synchronized::I_049,
    synchronized::I_050,
    synchronized::I_051,
    synchronized::I_052,
    synchronized::I_053,
    synchronized::I_054,
    synchronized::I_055,
    synchronized::I_056,
    synchronized::I_057,
    synchronized::I_058,
    closing::I_059,
    closing::I_060,
    closing::I_061,
    closing::I_062,
    closing::I_063,
    closing::I_064,
    closing::I_065,
    closing::I_066,
    closing::I_067,
    closing::I_068,
    closing::I_069,
    closing::I_070,
    closing::I_071,
    closing::I_072,
    closing::I_073,
    closing::I_074,
    closing::I_075,
    closing::I_076,
    closing::I_077,
    closing::I_078,
    congestion::I_114,
    congestion::I_130,
];

/// Ids of the same two families that no step of a [`Tcb`] can break, each with the reason.
pub static NOT_IN_ONE_STEP: &[(&str, &str)] = &[(
    "I-019",
    "bounds the queue of connections that wait to be accepted, which belongs to the host, not to a Tcb",
)];

/// An invariant that a step broke.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// The invariant's id.
    pub id: &'static str,
    /// Where the standard says so.
    pub clause: &'static str,
    /// What should have been true.
    pub sentence: &'static str,
    /// The step: event, numbers before and after, actions.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, clause, sentence, detail } = self;
        write!(f, "{id} ({clause}): {sentence}\n{detail}")
    }
}

impl core::error::Error for Violation {}

/// The invariants that a step broke, by id.
pub fn violated<'t>(transition: &'t Transition<'_>) -> impl Iterator<Item = &'static Invariant> + 't {
    INVARIANTS.iter().filter(|invariant| !(invariant.holds)(transition))
}

/// Checks a step against every invariant; the first one broken is reported.
///
/// # Errors
/// The violation, with the step in its detail. Allocates only then.
pub fn check(transition: &Transition<'_>) -> Result<(), Violation> {
    match violated(transition).next() {
        None => Ok(()),
        Some(&Invariant { id, clause, sentence, .. }) => {
            let Transition { before, event, actions, after } = transition;
            let happened = describe(event);
            let detail = alloc::format!(
                "{} -> {} on {happened}\nbefore: {before:?}\nafter:  {:?}\nactions: {:?}\nrules: {:?}",
                before.state,
                after.state,
                Before::of(after),
                actions.list,
                actions.rules,
            );
            Err(Violation { id, clause, sentence, detail })
        }
    }
}

/// The event without the octets it brings.
fn describe(event: &Event<'_>) -> String {
    match *event {
        Event::SegmentArrives(segment) => {
            let text = segment.text.len();
            alloc::format!("{:?} with {text} octets of text", Segment { text: &[], ..*segment })
        }
        Event::Call(Call::Send { text, push, urgent, timeout, remote }) => {
            let len = text.len();
            let call = Call::Send { text: &[], push, urgent, timeout, remote };
            alloc::format!("{call:?} with {len} octets of text")
        }
        Event::Call(call) => alloc::format!("{call:?}"),
        Event::Timeout(timer) => String::from(timer.name()),
        Event::Icmp { error, seq } => alloc::format!("ICMP {error:?} about {seq:?}"),
        Event::LargestText(octets) => alloc::format!("room for {octets} octets of text in a segment"),
    }
}

/// [`step`], and every invariant asserted of it.
///
/// # Errors
/// The first invariant that the step broke; the record and the actions are as the step left them.
pub fn checked_step(
    tcb: &mut Tcb,
    context: Context,
    event: Event<'_>,
    actions: &mut Actions,
) -> Result<(), Violation> {
    let before = Before::of(tcb);
    step(tcb, context, event, actions);
    check(&Transition { before: &before, event: &event, actions, after: tcb })
}
