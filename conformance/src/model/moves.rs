//! What can happen in a state of a model, and what comes of it: users call, segments arrive, timers go off, time
//! passes, the network loses and repeats.

use tcpspec_core::event::{Action as Asked, Remote};
use tcpspec_core::invariants::checked_step;
use tcpspec_core::{
    Actions, Call, Context, Control, Event, Instant, Outcome, Rule, RuleSet, Segment, State, Timer,
};

use super::definition::{Ask, Clock, Definition, Forgery, Reading, TICK, When};
use super::edges::Edges;
use super::network::{Discipline, FORGED, MOST_TEXT, Packet};
use super::variation::Change;
use super::world::{BOTH, Endpoint, Fact, World, index};
use crate::trace::End;

/// The octet of every forged text: no user sends it.
const FORGED_OCTET: u8 = 0xff;

/// One thing that happens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// The user makes the next call of its list.
    Call(End, Ask),
    /// The user makes one of the calls that it may make at any time, by number.
    Pick(End, u8, Ask),
    /// The user reads what is there.
    Read(End),
    /// A segment arrives.
    Arrive(Packet),
    /// A segment arrives, and a copy of it stays under way.
    ArriveCopy(Packet),
    /// A segment is lost.
    Lose(Packet),
    /// A timer goes off.
    Timeout(End, Timer),
    /// Time passes.
    Tick,
    /// A forged segment arrives at B.
    Forge(Forgery),
    /// An end loses its memory.
    Crash(End),
}

/// What came of an action, apart from the new state.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    /// Segments sent, in order.
    pub sent: Vec<Packet>,
    /// Octets that users have read, in order.
    pub read: Vec<u8>,
    /// Rows of the decision table that were used.
    pub rules: RuleSet,
    /// The answer to the user's call.
    pub reply: Option<Outcome>,
    /// Words for the users, unasked.
    pub signals: Vec<tcpspec_core::Signal>,
    actions: Actions,
}

/// The rules of one model.
#[derive(Clone, Copy, Debug)]
pub struct Moves<'m> {
    /// The model.
    pub definition: &'m Definition,
    /// The rule removed.
    pub change: Option<Change>,
    /// Where transitions are noted.
    pub edges: &'m Edges,
}

/// The octet at a position of what the user of an incarnation sends.
#[must_use]
pub const fn octet(incarnation: u8, position: u8) -> u8 {
    incarnation << 4 | position & 0xf
}

impl Moves<'_> {
    /// The first state.
    #[must_use]
    pub fn beginning(&self) -> World {
        let mut world = World::new(self.definition);
        if self.definition.begins_open {
            let mut effects = Effects::default();
            self.apply(&mut world, Action::Call(End::Right, Ask::Listen), &mut effects);
            self.apply(&mut world, Action::Call(End::Left, Ask::Connect), &mut effects);
            while let Some(packet) = effects.sent.pop() {
                self.apply(&mut world, Action::Arrive(packet), &mut effects);
            }
            world.chain = 0;
        }
        world
    }

    /// Everything that can happen, in an order that depends on nothing but the state.
    pub fn list(&self, world: &World, list: &mut Vec<Action>) {
        for end in BOTH {
            list.extend(self.next_call(world, end).map(|ask| Action::Call(end, ask)));
            let endpoint = world.end(end);
            for (at, ask) in (0..).zip(self.definition.ends[index(end)].anything_of) {
                if endpoint.chosen & (1 << at) == 0 {
                    list.push(Action::Pick(end, at, *ask));
                }
            }
            let reads = self.definition.ends[index(end)].reading == Reading::Whenever;
            if reads && !endpoint.tcb.receive_queue.is_empty() {
                list.push(Action::Read(end));
            }
        }
        self.list_arrivals(world, list);
        self.list_timeouts(world, list);
        for forgery in self.definition.forgeries {
            let b = world.end(End::Right);
            if world.forged & (1 << *forgery as u8) == 0 && b.state().is_synchronized() && b.tcb.rcv.wnd > 1 {
                list.push(Action::Forge(*forgery));
            }
        }
        for end in BOTH {
            if world.end(end).crashes > 0 && world.end(end).opened {
                list.push(Action::Crash(end));
            }
        }
    }

    fn list_arrivals(&self, world: &World, list: &mut Vec<Action>) {
        let mut last = None;
        for packet in world.network.packets() {
            // Equal segments have equal futures.
            if last.replace(*packet) == Some(*packet) {
                continue;
            }
            let cut_off = self.definition.one_way && packet.from == End::Right;
            if !cut_off {
                list.push(Action::Arrive(*packet));
            }
            if world.duplicates > 0 && !cut_off {
                list.push(Action::ArriveCopy(*packet));
            }
            if world.losses > 0 {
                list.push(Action::Lose(*packet));
            }
        }
    }

    fn list_timeouts(&self, world: &World, list: &mut Vec<Action>) {
        let mut due = false;
        for end in BOTH {
            for timer in world.end(end).timers().iter().filter(|timer| self.may_go_off(world, end, *timer)) {
                due = true;
                list.push(Action::Timeout(end, timer));
            }
        }
        // Time stands still while a timer is due, and when nothing depends on it.
        let running = |endpoint: &Endpoint| endpoint.timers().iter().any(|timer| !self.is_dead(timer));
        let waits = !world.network.packets().is_empty() || world.ends.iter().any(running);
        if !due && waits && self.definition.clock.is_some_and(|clock| expiring(world, clock) <= world.losses)
        {
            list.push(Action::Tick);
        }
    }

    fn is_dead(&self, timer: Timer) -> bool {
        self.definition.dead_timers.contains(&timer)
    }

    fn may_go_off(&self, world: &World, end: End, timer: Timer) -> bool {
        let endpoint = world.end(end);
        if self.is_dead(timer) {
            return false;
        }
        if self.definition.clock.is_some() {
            return endpoint.deadlines[timer as usize] == 1;
        }
        if timer == Timer::TimeWait {
            // Without a clock it is taken to be long enough: until the peer needs nothing any more.
            let peer = world.end(end.other()).state();
            return matches!(peer, State::Closed | State::Listen | State::TimeWait);
        }
        self.definition.timeouts.is_none() || endpoint.timeouts > 0
    }

    /// Whether a timer may go off when the network is fair: whatever was assumed about how often it does.
    pub(super) fn goes_off(&self, world: &World, end: End, timer: Timer) -> bool {
        let endpoint = world.end(end);
        let due = self.definition.clock.is_none() || endpoint.deadlines[timer as usize] == 1;
        endpoint.timers().has(timer) && !self.is_dead(timer) && due
    }

    /// The next call on the user's list, if its time has come.
    pub(super) fn next_call(&self, world: &World, end: End) -> Option<Ask> {
        let endpoint = world.end(end);
        let tasks = self.definition.ends[index(end)].lives.get(usize::from(endpoint.life))?;
        let task = tasks.get(usize::from(endpoint.done))?;
        let due = match task.when {
            When::Whenever => true,
            When::Opened => endpoint.opened,
            When::Read(octets) => endpoint.read >= octets,
            When::PeerClosed => endpoint.ended,
            When::Over => endpoint.state() == State::Closed,
        };
        due.then_some(task.call)
    }

    /// The state after an action.
    #[must_use]
    pub fn next(&self, world: &World, action: Action) -> World {
        let mut world = world.clone();
        let mut effects = Effects::default();
        self.apply(&mut world, action, &mut effects);
        match action {
            Action::Arrive(packet) | Action::Lose(packet)
                if self.definition.discipline != Discipline::Anything =>
            {
                world.network.remove(&packet);
            }
            _ => {}
        }
        for packet in effects.sent {
            world.network.insert(packet, self.definition.discipline);
        }
        world
    }

    /// Lets an action happen at the ends; what they send is left to the caller.
    pub fn apply(&self, world: &mut World, action: Action, effects: &mut Effects) {
        world.chain = match action {
            Action::Arrive(_) | Action::ArriveCopy(_) if self.definition.longest_chain.is_some() => {
                world.chain + 1
            }
            _ => 0,
        };
        match action {
            Action::Call(end, ask) => {
                world.end_mut(end).done += 1;
                self.ask(world, end, ask, effects);
            }
            Action::Pick(end, at, ask) => {
                world.end_mut(end).chosen |= 1 << at;
                self.ask(world, end, ask, effects);
            }
            Action::Read(end) => self.read(world, end, effects),
            Action::Arrive(packet) => self.arrive(world, packet, effects),
            Action::ArriveCopy(packet) => {
                world.duplicates -= 1;
                self.arrive(world, packet, effects);
            }
            Action::Lose(_) => world.losses -= 1,
            Action::Timeout(end, timer) => {
                if self.definition.timeouts.is_some() && timer != Timer::TimeWait {
                    let endpoint = world.end_mut(end);
                    endpoint.timeouts = endpoint.timeouts.saturating_sub(1);
                }
                world.end_mut(end).deadlines[timer as usize] = 0;
                self.step(world, end, Event::Timeout(timer), None, effects);
            }
            Action::Tick => self.tick(world),
            Action::Forge(forgery) => {
                world.forged |= 1 << forgery as u8;
                let packet = forged(world, forgery);
                self.arrive(world, packet, effects);
            }
            Action::Crash(end) => self.crash(world, end),
        }
    }

    fn tick(&self, world: &mut World) {
        for deadline in world.ends.iter_mut().flat_map(|endpoint| &mut endpoint.deadlines) {
            *deadline = if *deadline > 1 { *deadline - 1 } else { *deadline };
        }
        if let Some(clock) = self.definition.clock {
            world.losses = world.losses.saturating_sub(expiring(world, clock));
            world.network.age(clock.lifetime);
        }
    }

    fn crash(&self, world: &mut World, end: End) {
        let endpoint = world.end_mut(end);
        endpoint.tcb = tcpspec_core::Tcb::closed(self.definition.ends[index(end)].profile);
        endpoint.life += 1;
        endpoint.crashes -= 1;
        (endpoint.done, endpoint.peers, endpoint.sent, endpoint.read) = (0, 0, 0, 0);
        (endpoint.opened, endpoint.ended) = (false, false);
        endpoint.deadlines = [0; Timer::ALL.len()];
    }

    fn ask(&self, world: &mut World, end: End, ask: Ask, effects: &mut Effects) {
        let endpoint = world.end(end);
        let mut text = [0; MOST_TEXT];
        let incarnation = endpoint.incarnation;
        (endpoint.sent..).zip(&mut text).for_each(|(position, place)| *place = octet(incarnation, position));
        let remote = Remote::Specified;
        let call = match ask {
            Ask::Listen => Call::OpenPassive { remote: Remote::Unspecified },
            Ask::Connect => Call::OpenActive { remote },
            Ask::Send(len) => {
                let text = &text[..usize::from(len).min(MOST_TEXT)];
                Call::Send { text, push: false, urgent: false, timeout: None, remote }
            }
            Ask::Close => Call::Close,
            Ask::Abort => Call::Abort,
        };
        self.step(world, end, Event::Call(call), None, effects);
        if let Ask::Send(len) = ask {
            match effects.reply {
                Some(Outcome::Ok) => world.end_mut(end).sent += len,
                _ => world.facts.insert(Fact::SendRefused),
            }
        }
    }

    fn read(&self, world: &mut World, end: End, effects: &mut Effects) {
        self.step(world, end, Event::Call(Call::Receive { max: u32::MAX }), None, effects);
    }

    fn arrive(&self, world: &mut World, packet: Packet, effects: &mut Effects) {
        let end = packet.from.other();
        let packet = self.change.map_or(packet, |change| change.before(&world.end(end).tcb, packet));
        let mss = self.definition.ends[index(packet.from)].profile.announced_mss.to_be_bytes();
        let options = [2, 4, mss[0], mss[1]];
        let segment = Segment {
            seq: packet.seq,
            ack: packet.ack,
            ctl: packet.ctl,
            wnd: packet.wnd,
            options: if packet.ctl.has(Control::SYN) { &options } else { &[] },
            text: packet.text(),
            ..Segment::default()
        };
        let before = world.end(end).state();
        if matches!(self.change, Some(Change::AnySynReopens(_)))
            && before == State::TimeWait
            && segment.is_request()
        {
            // The record goes, and the request meets a listener.
            let profile = world.end(end).tcb.profile;
            world.end_mut(end).tcb = tcpspec_core::Tcb::closed(profile);
            self.ask(world, end, Ask::Listen, effects);
        }
        let sent_before = effects.sent.len();
        self.step(world, end, Event::SegmentArrives(&segment), Some(&packet), effects);
        self.add_what_a_variation_adds(world, packet, before, effects);
        let resets = effects.sent[sent_before..].iter().any(|answer| answer.ctl.has(Control::RST));
        if packet.ctl.has(Control::RST) && resets {
            world.facts.insert(Fact::ResetAnswered);
        }
    }

    /// What a removed rule makes happen besides.
    fn add_what_a_variation_adds(
        &self,
        world: &mut World,
        packet: Packet,
        before: State,
        effects: &mut Effects,
    ) {
        let end = packet.from.other();
        let used = |rules: &[Rule]| rules.iter().any(|rule| effects.rules.has(*rule));
        match self.change {
            Some(Change::Closes(rules)) if used(rules) => self.ask(world, end, Ask::Close, effects),
            Some(Change::TwoWay) if used(&[Rule::Listen5]) => self.open_at_once(world, packet, effects),
            Some(Change::Opens(rules)) if used(rules) => self.open_at_once(world, packet, effects),
            Some(Change::ResetsAnswerResets) if used(&[Rule::Closed1]) => {
                let (from, ctl) = (end, Control::RST | Control::ACK);
                let (seq, ack) = (packet.ack, packet.seq);
                effects.sent.push(Packet { from, seq, ack, ctl, len: 0, wnd: 0, age: 0, ..packet });
            }
            Some(Change::AcknowledgmentsAnswered)
                if before.is_synchronized() && packet.ctl == Control::ACK && packet.len == 0 =>
            {
                let endpoint = world.end(end);
                let (snd, rcv) = (endpoint.tcb.snd, endpoint.tcb.rcv);
                let (of, to) = (endpoint.incarnation, endpoint.peers);
                let (seq, ack) = (snd.nxt, rcv.nxt);
                effects.sent.push(Packet { from: end, seq, ack, of, to, age: 0, ..packet });
            }
            _ => {}
        }
    }

    /// The peer counts as having acknowledged our SYN.
    fn open_at_once(&self, world: &mut World, packet: Packet, effects: &mut Effects) {
        let tcb = &world.end(packet.from.other()).tcb;
        let (seq, ack) = (tcb.rcv.nxt, tcb.snd.nxt);
        let segment = Segment { seq, ack, ctl: Control::ACK, wnd: packet.wnd, ..Segment::default() };
        self.step(world, packet.from.other(), Event::SegmentArrives(&segment), Some(&packet), effects);
    }

    /// One step of the reference, and everything that follows from it at once.
    fn step(
        &self,
        world: &mut World,
        end: End,
        event: Event<'_>,
        cause: Option<&Packet>,
        effects: &mut Effects,
    ) {
        let endpoint = world.end(end);
        let listening = endpoint.state() == State::Listen;
        let iss = if listening {
            self.definition.ends[index(end)].next_iss(endpoint.incarnation - 1)
        } else {
            world.next_iss(end)
        };
        let context = Context { now: Instant::ZERO, iss };
        let saved = self.change.map(|_| endpoint.tcb.clone());
        let was = super::facts::Was::of(endpoint, cause);
        let mut actions = std::mem::take(&mut effects.actions);
        let tcb = &mut world.end_mut(end).tcb;
        let checked = checked_step(tcb, context, event, &mut actions);
        if let (Some(change), Some(saved)) = (self.change, saved) {
            change.after(&saved, tcb, &mut actions);
        }
        let state = tcb.state;
        if checked.is_err() {
            world.facts.insert(Fact::InvariantBroken);
        }
        self.edges.record(was.state, state);
        self.count_incarnations(world, end, &was, cause);
        super::facts::learn(world, end, &was, cause, &actions);
        self.act(world, end, cause, &actions, effects);
        effects.rules.merge(actions.rules);
        effects.actions = actions;
        let endpoint = world.end(end);
        let at_once = self.definition.ends[index(end)].reading == Reading::AtOnce;
        if at_once && !endpoint.tcb.receive_queue.is_empty() {
            self.read(world, end, effects);
        }
    }

    fn count_incarnations(
        &self,
        world: &mut World,
        end: End,
        was: &super::facts::Was,
        cause: Option<&Packet>,
    ) {
        let state = world.end(end).state();
        let unopened =
            |state| matches!(state, State::Closed | State::Listen | State::SynSent | State::TimeWait);
        let begins = was.state == State::Closed && state != State::Closed;
        let reopens = was.state == State::TimeWait && state == State::SynReceived;
        let returns = was.state == State::SynReceived && state == State::TimeWait;
        if begins || reopens {
            world.count_incarnation(self.definition, end);
        } else if returns {
            world.uncount_incarnation(self.definition, end);
        }
        let endpoint = world.end_mut(end);
        if begins || reopens {
            endpoint.former = endpoint.peers;
            (endpoint.peers, endpoint.sent, endpoint.read) = (0, 0, 0);
            (endpoint.opened, endpoint.ended) = (false, false);
        } else if returns {
            endpoint.peers = endpoint.former;
        } else if state == State::Listen && was.state != State::Listen {
            // Refused: what the user had queued went with the record.
            (endpoint.peers, endpoint.sent, endpoint.read) = (0, 0, 0);
            (endpoint.opened, endpoint.ended) = (false, false);
        }
        let took_syn =
            unopened(was.state) && matches!(state, State::SynReceived | State::Established | State::FinWait1);
        if let Some(packet) = cause.filter(|packet| took_syn && packet.ctl.has(Control::SYN)) {
            endpoint.peers = packet.of;
            endpoint.agreed |= Endpoint::pair(endpoint.incarnation, packet.of);
        }
    }

    /// Does what a step asks of its driver.
    fn act(
        &self,
        world: &mut World,
        end: End,
        cause: Option<&Packet>,
        actions: &Actions,
        effects: &mut Effects,
    ) {
        let mut octets = actions.octets.iter();
        for action in &actions.list {
            match *action {
                Asked::Transmit(segment) => {
                    let endpoint = world.end(end);
                    let answered = cause.filter(|_| segment.ctl.has(Control::RST)).map(|packet| packet.of);
                    let to = answered.unwrap_or(endpoint.peers);
                    let text = endpoint.tcb.text(segment.text);
                    effects.sent.push(Packet::sent(end, &segment, text, endpoint.incarnation, to));
                }
                Asked::Arm(timer, duration) if self.definition.clock.is_some() => {
                    let ticks = duration.as_secs() / TICK.as_secs();
                    world.end_mut(end).deadlines[timer as usize] =
                        1 + u8::try_from(ticks).unwrap_or(u8::MAX - 1);
                }
                Asked::Stop(timer) => world.end_mut(end).deadlines[timer as usize] = 0,
                Asked::Signal(signal) => effects.signals.push(signal),
                Asked::Reply(Outcome::Received { len, .. })
                | Asked::Complete(Outcome::Received { len, .. })
                | Asked::Unread(len) => {
                    for octet in octets.by_ref().take(len as usize) {
                        effects.read.push(*octet);
                        super::facts::read(world, end, *octet, FORGED_OCTET);
                    }
                }
                Asked::Reply(outcome) => effects.reply = Some(outcome),
                Asked::Arm(..) | Asked::Complete(_) => {}
            }
        }
        super::facts::end_of_stream(world, end);
    }
}

/// Segments that the next tick ends. That is a loss like any other: unless it is one of those that are lost, a segment
/// arrives within its lifetime.
fn expiring(world: &World, clock: Clock) -> u8 {
    let oldest = |packet: &&Packet| packet.age + 1 >= clock.lifetime;
    u8::try_from(world.network.packets().iter().filter(oldest).count()).unwrap_or(u8::MAX)
}

/// What an attacker sends to B, in A's name.
fn forged(world: &World, forgery: Forgery) -> Packet {
    let tcb = &world.end(End::Right).tcb;
    let (rcv, snd) = (&tcb.rcv, &tcb.snd);
    let (ctl, ack, len) = match forgery {
        Forgery::Reset => (Control::RST, snd.nxt - snd.nxt.0, 0),
        Forgery::Syn => (Control::SYN, snd.nxt - snd.nxt.0, 0),
        Forgery::Text => (Control::ACK, snd.una - (1 << 30), 1),
    };
    let seq = if forgery == Forgery::Text { rcv.nxt } else { rcv.nxt + 1 };
    let (from, wnd, text) = (End::Left, 4, [FORGED_OCTET; MOST_TEXT]);
    Packet { from, seq, ack, ctl, wnd, len, text, of: FORGED, to: 0, age: 0 }
}
