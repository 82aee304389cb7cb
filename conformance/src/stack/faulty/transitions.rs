//! Faults in transitions, made by walking the decision table: skipped with or without their answer, or the wrong
//! state entered.

use std::iter;

use tcpspec_core::event::Action;
use tcpspec_core::tcb::Origin;
use tcpspec_core::{Call, Event, Rule, State};

use super::{Fault, Stepped, Steps};

/// Why the rows of the host have no faults of their own.
pub(super) const DECIDED_BY_THE_HOST: &str = "the host decides it, not the connection";

/// Why no stack behind this interface can show what becomes of a row, if none can.
pub(super) const fn out_of_reach(rule: Rule) -> Option<&'static str> {
    if rule.out_of_scope().is_some() || rule.never_used().is_some() {
        return Some("the reference never uses it");
    }
    match rule {
        Rule::Open4
        | Rule::Open5
        | Rule::Open6
        | Rule::Open8
        | Rule::Open9
        | Rule::Open11
        | Rule::Open12
        | Rule::Listen8
        | Rule::Close3
        | Rule::Abort3
        | Rule::Pre2
        | Rule::Pre3
        | Rule::Open3 => Some(DECIDED_BY_THE_HOST),
        Rule::Send3 | Rule::Send5 => Some("no user call says it"),
        Rule::Receive3 | Rule::Receive4 | Rule::Receive5 | Rule::Receive6 => Some("no RECEIVE waits"),
        Rule::Status2 | Rule::Status3 => Some("nobody asks for STATUS"),
        Rule::Rst11 | Rule::Syn6 => Some("the profile has no limit for challenge acknowledgments"),
        Rule::Syn4 => Some("the profile challenges SYNs"),
        Rule::Syn11 | Rule::Rst15 => Some("the profile does not reopen from TIME-WAIT"),
        Rule::Close13 | Rule::Text8 => Some("the profile closes one direction at a time"),
        Rule::Timeout6 => Some("the host lets only timers go off that run"),
        _ => None,
    }
}

/// Transitions skipped, and wrong ones.
pub(super) fn faults() -> impl Iterator<Item = Fault> {
    let walked = Rule::all().filter(|rule| out_of_reach(*rule).is_none() && changes_the_record(*rule));
    walked
        .flat_map(|rule| {
            let ignored = Fault::at(
                "ignore",
                rule,
                match rule {
                    // Of a segment that opens the connection its own row is about more than the FIN (V-38).
                    Rule::Fin12 => |step| {
                        if step.before.state != State::SynReceived {
                            ignore(step);
                        }
                    },
                    _ => ignore,
                },
            );
            let skipped = moves(rule).then(|| Fault::at("skip-transition", rule, undo));
            iter::once(ignored).chain(skipped)
        })
        .chain(NO_REASON_TO_ABORT.iter().map(|rule| Fault::at("abort", *rule, abort)))
        .chain(NO_REASON_TO_END.iter().map(|rule| Fault::at("vanish", *rule, vanish)))
        .chain(LIST.iter().map(|(kind, rule, alter)| Fault::at(kind, *rule, *alter)))
}

/// What arrived leaves nothing behind and is not answered.
fn ignore(step: &mut Stepped<'_>) {
    step.undo();
    step.actions.list.retain(|action| matches!(action, Action::Reply(_)));
}

/// Whether a row has a state of its own behind it.
fn moves(rule: Rule) -> bool {
    let row = rule.row();
    let next = row.next_state;
    State::ALL.iter().any(|state| next.starts_with(state.name()) && !row.states.eq(state.name()))
}

/// Rows that leave something behind: a state, a number, text.
fn changes_the_record(rule: Rule) -> bool {
    let lasting = matches!(
        rule,
        Rule::Send6
            | Rule::Send8
            | Rule::Send9
            | Rule::Send11
            | Rule::Send13
            | Rule::Receive7
            | Rule::Receive9
            | Rule::Receive10
            | Rule::Receive12
            | Rule::Close6
            | Rule::Close8
            | Rule::Close11
            | Rule::Ack6
            | Rule::Ack10
            | Rule::Ack22
            | Rule::Ack25
            | Rule::Urg1
            | Rule::Urg5
            | Rule::Text1
            | Rule::Text2
            | Rule::Text3
            | Rule::Text4
            | Rule::Text5
            | Rule::Text6
            | Rule::Text9
            | Rule::Fin4
            | Rule::Fin12
            | Rule::Seq1
            | Rule::Seq3
            | Rule::Seq6
            | Rule::Seq7
            | Rule::Seq11
            | Rule::Seq15
            | Rule::Seq23
            | Rule::Rst12
            | Rule::Rst13
            | Rule::Pre5
            | Rule::Pre6
            | Rule::Pre7
    );
    lasting || moves(rule)
}

type Wrong = (&'static str, Rule, Steps);

/// Wrong transitions that are known from real stacks and from older texts.
static LIST: &[Wrong] = &[
    // RFC 793's error: CLOSING instead of LAST-ACK.
    ("enter-closing", Rule::Close10, |step| wrong_state(step, State::LastAck, State::Closing)),
    // No TIME-WAIT at all.
    ("no-time-wait", Rule::Fin5, vanish),
    ("no-time-wait", Rule::Fin7, vanish),
    ("no-time-wait", Rule::Ack16, vanish),
    ("enter-time-wait", Rule::Fin6, |step| wrong_state(step, State::Closing, State::TimeWait)),
    ("enter-close-wait", Rule::Fin6, |step| wrong_state(step, State::Closing, State::CloseWait)),
    ("stay-in-time-wait", Rule::Ack18, |step| {
        step.undo();
        step.tcb.state = State::TimeWait;
    }),
    // Where SYN-RECEIVED came from is forgotten (MUST-11).
    ("wrong-origin", Rule::Listen5, |step| step.tcb.origin = Origin::Active),
    ("wrong-origin", Rule::SynSent11, |step| step.tcb.origin = Origin::Passive),
    // ESTABLISHED too early or not at all.
    ("establish-at-once", Rule::Listen5, |step| wrong_state(step, State::SynReceived, State::Established)),
    ("establish-at-once", Rule::SynSent11, |step| wrong_state(step, State::SynReceived, State::Established)),
    ("establish-at-once", Rule::Ack5, |step| wrong_state(step, State::SynReceived, State::Established)),
    // The window of the segment that opens the connection is not taken.
    ("window-not-taken", Rule::Ack4, window_not_taken),
    ("window-not-taken", Rule::SynSent8, window_not_taken),
    ("window-not-taken", Rule::Ack10, window_not_taken),
    ("window-taken", Rule::Ack11, |step| {
        if let Some(wnd) = step.segment().map(|segment| segment.wnd) {
            step.tcb.snd.wnd = wnd.into();
        }
    }),
    // The user's side of the connection ends with the peer's.
    ("close-with-the-peer", Rule::Fin3, |step| step.then(Event::Call(Call::Close))),
    ("close-with-the-peer", Rule::Fin2, |step| step.then(Event::Call(Call::Close))),
];

/// Rows after which the connection stands, and at which stacks are known to reset it.
static NO_REASON_TO_ABORT: &[Rule] = &[
    Rule::Ack1,
    Rule::Ack2,
    Rule::Ack8,
    Rule::Ack9,
    Rule::Seq4,
    Rule::Seq8,
    Rule::Syn2,
    Rule::Syn3,
    Rule::Syn5,
    Rule::Rst8,
    Rule::Text7,
    Rule::Fin8,
    Rule::Timeout4,
];

/// Rows after which the connection stands, or where its end has still to be waited for.
static NO_REASON_TO_END: &[Rule] = &[
    Rule::Rst1,
    Rule::Seq10,
    Rule::Rst7,
    Rule::Rst8,
    Rule::Rst9,
    Rule::Rst10,
    Rule::SynSent1,
    Rule::SynSent2,
    Rule::SynSent5,
    Rule::SynSent13,
    Rule::SynSent14,
    Rule::SynSent15,
    Rule::Ack5,
    Rule::Seq14,
    Rule::Ack12,
    Rule::Close10,
    Rule::Timeout2,
    Rule::Timeout3,
    Rule::Timeout5,
];

fn vanish(step: &mut Stepped<'_>) {
    step.vanish();
}

fn undo(step: &mut Stepped<'_>) {
    step.undo();
}

fn abort(step: &mut Stepped<'_>) {
    step.then(Event::Call(Call::Abort));
}

fn wrong_state(step: &mut Stepped<'_>, right: State, wrong: State) {
    if step.tcb.state == right {
        step.tcb.state = wrong;
    }
}

fn window_not_taken(step: &mut Stepped<'_>) {
    let before = step.before.snd;
    (step.tcb.snd.wnd, step.tcb.snd.max_wnd) = (before.wnd, before.max_wnd);
    (step.tcb.snd.wl1, step.tcb.snd.wl2) = (before.wl1, before.wl2);
}
