//! The reference with exactly one fault: what a suite that claims to find faults must be able to find.
//!
//! Most faults are made by walking the decision table ([`Rule`]): for each row an answer is dropped or altered, a
//! silence is broken, a transition is skipped. The others are lists by subject: comparisons that are off by one,
//! timers, fields of what is sent, what is made of what arrives, the user's side. The hooks are here, around the step of the
//! reference, and the reference knows nothing of them.
//!
//! Some faults are none: what the standard permits ([`Excuse::Permitted`]). A case that fails on one of those would
//! raise false alarms. What it leaves out: which case finds which fault, see [`crate::suite::sensitivity`].

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::LazyLock;

use tcpspec_core::event::{Action, Timer};
use tcpspec_core::{
    Actions, Context, Control, Event, Instant, Outgoing, Profile, Rule, RuleSet, Segment, State, Tcb, step,
};

use super::reference::Reference;
use super::{CallOutcome, Capability, Declaration, NextTimer, Setup, SocketId, Stack, UserCall};

mod answers;
mod arriving;
mod comparisons;
mod congestion;
mod extensions;
mod habits;
mod routes;
mod sending;
#[cfg(test)]
mod tests;
mod timers;
mod transitions;
mod user;
mod variations;
mod violated;

/// What the name of a faulty stack begins with: `faulty:NAME`.
pub const PREFIX: &str = "faulty:";

/// One way in which a stack may be wrong.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Its kind, a slash and what it is about, for example `drop-answer/RST-8`. Stays.
    pub name: String,
    /// Ids of the requirements that it violates; see [`crate::requirement::find`].
    pub violates: Vec<&'static str>,
    /// Why no case may find it, or why none can, if so.
    pub excuse: Option<Excuse>,
    /// The only row of the decision table at which it shows, if there is one: before a connection uses that row, it
    /// behaves like the reference.
    pub rule: Option<Rule>,
    hook: Hook,
}

/// Why a fault is not found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Excuse {
    /// It is none: the standard permits it, as `docs/variations.md` says under this id. No case may fail on it.
    Permitted(&'static str),
    /// Neither segments and time nor the user's calls can show it.
    Invisible(&'static str),
}

impl Fault {
    fn new(name: impl Into<String>, violates: &[&'static str], hook: Hook) -> Self {
        Self { name: name.into(), violates: violates.to_vec(), excuse: None, rule: None, hook }
    }

    /// A fault that shows at a row of the decision table.
    fn at(kind: &str, rule: Rule, alter: Steps) -> Self {
        let name = format!("{kind}/{rule}");
        let excuse = variations::of(kind, rule).map(Excuse::Permitted);
        let hook = Hook::Steps(Some(rule), alter);
        Self { rule: Some(rule), excuse, ..Self::new(name, &violated::by(rule), hook) }
    }

    fn excused(self, excuse: Excuse) -> Self {
        Self { excuse: Some(excuse), ..self }
    }

    /// What the name says before the slash.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.name.split('/').next().unwrap_or_default()
    }
}

/// An entry of a list of faults: its name, the requirements that it violates, and what it does.
type Entry<Alter> = (&'static str, &'static [&'static str], Alter);

/// The faults of a list.
fn listed<Alter: Copy>(
    list: &'static [Entry<Alter>],
    hook: fn(Alter) -> Hook,
) -> impl Iterator<Item = Fault> {
    list.iter().map(move |(name, violates, alter)| Fault::new(*name, violates, hook(*alter)))
}

/// Alters a segment before the connection sees it, or says that the connection never does.
type Arrives = for<'s> fn(&Tcb, &mut Segment<'s>) -> Fate;

/// Alters what the reference made of an event.
type Steps = fn(&mut Stepped<'_>);

/// Alters the choices of the endpoint.
type Chooses = fn(&mut Profile);

/// Alters what the connection is told of the world.
type Told = fn(&mut Context);

/// Alters a packet on its way out.
type Leaves = fn(&mut Vec<u8>);

/// Alters a packet on its way in.
type Enters = fn(&mut Memory, &mut Vec<u8>);

/// Alters a packet that crosses the border, either way.
type Crosses = fn(&mut Memory, Way, &mut Vec<u8>);

/// Which way a packet goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    In,
    Out,
}

/// Alters the answer to a user call.
type Answers = fn(&UserCall<'_>, CallOutcome) -> CallOutcome;

/// Makes other calls than the user does.
type Calls = fn(&mut dyn Stack, &mut Memory, &UserCall<'_>) -> CallOutcome;

/// Where a fault takes hold.
#[derive(Clone, Copy, Debug)]
enum Hook {
    Arrives(Arrives),
    /// Only if the reference used the row, if there is one.
    Steps(Option<Rule>, Steps),
    Chooses(Chooses),
    Told(Told),
    Leaves(Leaves),
    Enters(Enters),
    Crosses(Crosses),
    Answers(Answers),
    Calls(Calls),
}

impl Hook {
    /// At every step.
    const fn steps(alter: Steps) -> Self {
        Self::Steps(None, alter)
    }
}

/// What a faulty stack remembers of a run beside its connections.
#[derive(Debug)]
struct Memory {
    local: IpAddr,
    peer: IpAddr,
    listeners: Vec<SocketId>,
    stopped: bool,
    /// The way back of the latest route that arrived.
    route: Vec<Ipv4Addr>,
}

impl Memory {
    const fn new(local: IpAddr, peer: IpAddr) -> Self {
        Self { local, peer, listeners: Vec::new(), stopped: false, route: Vec::new() }
    }
}

/// What becomes of a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    Seen,
    Lost,
}

/// A step of a connection: what was before, what happened and what the reference made of it.
struct Stepped<'a> {
    before: &'a Tcb,
    context: Context,
    event: Event<'a>,
    tcb: &'a mut Tcb,
    actions: &'a mut Actions,
}

impl Stepped<'_> {
    /// The segment that arrived, if one did.
    fn segment(&self) -> Option<&Segment<'_>> {
        match self.event {
            Event::SegmentArrives(segment) => Some(segment),
            Event::Call(_) | Event::Timeout(_) | Event::Icmp { .. } | Event::LargestText(_) => None,
        }
    }

    /// Alters every segment that is sent.
    fn each_segment(&mut self, alter: impl Fn(&mut Outgoing)) {
        self.actions.list.iter_mut().for_each(|action| {
            if let Action::Transmit(segment) = action {
                alter(segment);
            }
        });
    }

    /// Sends nothing, neither now nor when the delayed-acknowledgment timer goes off.
    fn send_nothing(&mut self) {
        self.actions
            .list
            .retain(|action| !matches!(action, Action::Transmit(_) | Action::Arm(Timer::DelayedAck, _)));
    }

    /// Sends a segment.
    fn send(&mut self, segment: Outgoing) {
        self.actions.list.push(Action::Transmit(segment));
    }

    /// `<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>`
    fn acknowledgment(&self) -> Outgoing {
        let Tcb { snd, rcv, .. } = &*self.tcb;
        let wnd = u16::try_from(rcv.wnd >> rcv.shift.unwrap_or(0)).unwrap_or(u16::MAX);
        Outgoing { seq: snd.nxt, ack: rcv.nxt, ctl: Control::ACK, wnd, ..Outgoing::default() }
    }

    /// The record is as if nothing had happened. What was sent and what the user was answered stands.
    fn undo(&mut self) {
        self.tcb.clone_from(self.before);
        self.actions.list.retain(|action| matches!(action, Action::Transmit(_) | Action::Reply(_)));
    }

    /// Another event happens at once; what it is answered with is not told.
    fn then(&mut self, event: Event<'_>) {
        let mut more = Actions::default();
        step(self.tcb, self.context, event, &mut more);
        more.list.retain(|action| !matches!(action, Action::Reply(_)));
        self.actions.list.append(&mut more.list);
        self.actions.octets.append(&mut more.octets);
    }

    /// The connection is gone, without a word to anybody.
    fn vanish(&mut self) {
        let profile = self.tcb.profile;
        *self.tcb = Tcb::closed(profile);
    }
}

static ALL: LazyLock<Vec<Fault>> = LazyLock::new(|| {
    let mut faults = Vec::new();
    faults.extend(answers::faults());
    faults.extend(transitions::faults());
    faults.extend(comparisons::faults());
    faults.extend(timers::faults());
    faults.extend(sending::faults());
    faults.extend(arriving::faults());
    faults.extend(extensions::faults());
    faults.extend(user::faults());
    faults.extend(habits::faults());
    faults.extend(congestion::faults());
    faults.extend(routes::faults());
    faults.extend(variations::faults());
    faults
});

/// All faults, by kind.
#[must_use]
pub fn all() -> &'static [Fault] {
    &ALL
}

/// Why a row of the decision table has no faults of its own, if it has none.
#[must_use]
pub const fn out_of_reach(rule: Rule) -> Option<&'static str> {
    transitions::out_of_reach(rule)
}

/// What [`out_of_reach`] says of rows that are used before any connection sees the event, or after.
pub const DECIDED_BY_THE_HOST: &str = transitions::DECIDED_BY_THE_HOST;

/// The fault with this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Fault> {
    all().iter().find(|fault| fault.name == name)
}

/// One step of a connection with this hook.
fn faulty_step(hook: Hook, tcb: &mut Tcb, context: Context, event: Event<'_>, actions: &mut Actions) {
    match (hook, event) {
        (Hook::Arrives(alter), Event::SegmentArrives(segment)) => {
            let mut altered = *segment;
            match alter(tcb, &mut altered) {
                Fate::Seen => step(tcb, context, Event::SegmentArrives(&altered), actions),
                Fate::Lost => actions.clear(),
            }
        }
        (Hook::Steps(rule, alter), _) => {
            let before = tcb.clone();
            step(tcb, context, event, actions);
            if rule.is_none_or(|rule| actions.rules.has(rule)) {
                alter(&mut Stepped { before: &before, context, event, tcb, actions });
            }
        }
        (Hook::Chooses(alter), _) => {
            alter(&mut tcb.profile);
            step(tcb, context, event, actions);
        }
        (Hook::Told(alter), _) => {
            let mut told = context;
            alter(&mut told);
            step(tcb, told, event, actions);
        }
        _ => step(tcb, context, event, actions),
    }
}

/// A step that a host takes instead of the reference's.
type FaultyStep = Box<dyn FnMut(&mut Tcb, Context, Event<'_>, &mut Actions)>;

/// The reference with one fault.
pub struct Faulty {
    fault: &'static Fault,
    declaration: Declaration,
    reference: Reference<FaultyStep>,
    memory: Memory,
    packet: Vec<u8>,
}

impl Faulty {
    /// The reference with this fault.
    #[must_use]
    pub fn new(fault: &'static Fault) -> Self {
        let hook = fault.hook;
        let reference: Reference<FaultyStep> = Reference::with_step(Box::new(
            move |tcb: &mut Tcb, context: Context, event: Event<'_>, actions: &mut Actions| {
                faulty_step(hook, tcb, context, event, actions);
            },
        ));
        let name = format!("{PREFIX}{}", fault.name).into();
        let mut declaration = Declaration { name, ..reference.declaration().clone() };
        if variations::hides_its_buffer(&fault.name) {
            declaration.lacks.push((Capability::ExactBuffers, "it offers less than it has (V-28)".into()));
        }
        if variations::reports_no_gaps(&fault.name) {
            let why = "it acknowledges late or keeps nothing above a gap (V-28, V-38)";
            declaration.lacks.push((Capability::SelectiveAcknowledgment, why.into()));
        }
        let memory = Memory::new(Ipv4Addr::UNSPECIFIED.into(), Ipv4Addr::UNSPECIFIED.into());
        Self { fault, declaration, reference, memory, packet: Vec::new() }
    }
}

impl Stack for Faulty {
    fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    fn reset(&mut self, setup: &Setup) {
        self.memory = Memory::new(setup.local, setup.peer);
        self.reference.reset(setup);
    }

    fn call(&mut self, call: UserCall<'_>) -> CallOutcome {
        match self.fault.hook {
            Hook::Answers(alter) => alter(&call, self.reference.call(call)),
            Hook::Calls(alter) => alter(&mut self.reference, &mut self.memory, &call),
            _ => self.reference.call(call),
        }
    }

    fn deliver(&mut self, packet: &[u8]) {
        self.packet.clear();
        self.packet.extend_from_slice(packet);
        match self.fault.hook {
            Hook::Enters(alter) => alter(&mut self.memory, &mut self.packet),
            Hook::Crosses(alter) => alter(&mut self.memory, Way::In, &mut self.packet),
            _ => {}
        }
        self.reference.deliver(&self.packet);
    }

    fn emit(&mut self, packet: &mut Vec<u8>) -> bool {
        let sent = self.reference.emit(packet);
        match self.fault.hook {
            Hook::Leaves(alter) if sent => alter(packet),
            Hook::Crosses(alter) if sent => alter(&mut self.memory, Way::Out, packet),
            _ => {}
        }
        sent
    }

    fn run_until(&mut self, time: Instant) -> Instant {
        self.reference.run_until(time)
    }

    fn next_timer(&self) -> NextTimer {
        self.reference.next_timer()
    }

    fn state(&self, socket: SocketId) -> Option<State> {
        self.reference.state(socket)
    }

    fn remote(&self, socket: SocketId) -> Option<SocketAddr> {
        self.reference.remote(socket)
    }

    fn refuse_packets(&mut self, refuse: bool) {
        self.reference.refuse_packets(refuse);
    }

    fn take_rules(&mut self) -> RuleSet {
        self.reference.take_rules()
    }
}
