//! Telling a transfer: the users' acts, the network's turn, and what must hold.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tcpspec_core::{Instant, State};

use super::refusals::{MOST_REFUSALS, refusals_in_a_row};
use super::{
    Act, BrokenPromise, Deed, END_OF_STREAM, LONGEST, Opening, PROGRESS, Promise, REST, SILENCE, STREAM,
    Transfer,
};
use crate::network::{LinkOptions, Ratio};
use crate::peers::{EndOptions, Peers, Stop, octet};
use crate::scenario::ScenarioCall;
use crate::stack::{CallOutcome, Stack};
use crate::trace::End;

const BOTH: [End; 2] = [End::Left, End::Right];

/// A user sends no more than so many windows, so that tiny ones come to an end.
const MOST_WINDOWS: u32 = 100;

/// What a story may take once the network is fair. A retransmission or a probe may have backed off to a minute at each
/// end when the network turns fair, and so may what follows it once more: the handshake, text, a window, a FIN.
const PATIENCE: Duration = Duration::from_secs(8 * 60);

/// What a window's worth of text may take: overriding the sender's silly window avoidance, the delayed acknowledgment
/// and three round trips.
const PATIENCE_PER_WINDOW: Duration = Duration::from_secs(3);

/// What a full segment may take, for lost ones are sent again one in a round trip.
const PATIENCE_PER_SEGMENT: Duration = Duration::from_millis(750);

/// Segments, departures and arrivals counted, that a story may take once the network is fair.
const SEGMENTS: u32 = 300;

/// Segments that a window's worth of text may take besides one for each full segment of it.
const SEGMENTS_PER_WINDOW: u32 = 30;

/// Segments that a full segment of text may take: itself, its acknowledgment and the window update that reading brings,
/// each departing and arriving, and all that once more for the copy that was late and not lost.
const SEGMENTS_PER_SEGMENT: u32 = 16;

/// Most exchanges of one story that an outage cuts off.
const MOST_OUTAGES: u32 = 100;

/// What an outage may cost: its own time, and that every timer that went off meanwhile has backed off to a minute.
const PATIENCE_PER_OUTAGE: Duration = Duration::from_secs(90);

/// Segments that an outage may cost: what the links hold, and the refusals before it is recognised.
const SEGMENTS_PER_OUTAGE: u32 = 10_000;

/// Where and when a story takes place; nothing that TCP does depends on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Setting {
    /// The sockets of A and of B, of one address family.
    pub sockets: [SocketAddr; 2],
    /// When it begins.
    pub begin: Duration,
}

impl Setting {
    /// IPv6 addresses reserved for documentation (RFC 3849), and time zero.
    #[must_use]
    pub fn over_ipv6() -> Self {
        let socket = |host, port| SocketAddr::from((Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, host), port));
        Self { sockets: [socket(1, 49_152), socket(2, 80)], begin: Duration::ZERO }
    }
}

impl Default for Setting {
    /// IPv4 addresses reserved for documentation (RFC 5737), and time zero.
    fn default() -> Self {
        let socket = |host, port| SocketAddr::from((Ipv4Addr::new(192, 0, 2, host), port));
        Self { sockets: [socket(1, 49_152), socket(2, 80)], begin: Duration::ZERO }
    }
}

impl Transfer {
    /// Tells the story, asserts what must hold at each point, and gives the two ends as they are when all is over.
    ///
    /// # Errors
    /// The first promise that was not kept.
    pub fn tell(&self) -> Result<Peers, Box<BrokenPromise>> {
        self.tell_in(&Setting::default())
    }

    /// As [`Transfer::tell`], elsewhere or later.
    ///
    /// # Errors
    /// The first promise that was not kept.
    pub fn tell_in(&self, setting: &Setting) -> Result<Peers, Box<BrokenPromise>> {
        let [a, b] = self.ends.map(|choice| choice.reference(self.msl()));
        self.tell_between([Box::new(a), Box::new(b)], setting)
    }

    /// Tells the story of two other stacks, A's first. Of the choices for an end they follow those of its setup.
    ///
    /// A stack that refuses the way in which the connection opens promises nothing: the story ends there.
    ///
    /// # Errors
    /// The first promise that was not kept.
    pub fn tell_between(
        &self,
        stacks: [Box<dyn Stack>; 2],
        setting: &Setting,
    ) -> Result<Peers, Box<BrokenPromise>> {
        let mut telling = Telling::new(self, stacks, setting);
        match telling.tell() {
            Ok(()) => Ok(telling.peers),
            Err(Broken { promise: Promise { id, sentence }, detail }) => {
                Err(Box::new(BrokenPromise { id, sentence, detail, trace: telling.peers.trace }))
            }
        }
    }

    fn msl(&self) -> Duration {
        Duration::from_secs(self.msl.max(1).into())
    }

    fn end_options(&self, setting: &Setting, index: u8, lifetime: Duration) -> EndOptions {
        let choice = &self.ends[usize::from(index)];
        let socket = setting.sockets[usize::from(index)];
        let headers = if socket.is_ipv4() { 40 } else { 60 };
        EndOptions {
            socket,
            seed: index.into(),
            receive_buffer: choice.receive_buffer.octets(),
            send_buffer: choice.send_buffer.octets(),
            mtu: choice.segments.octets() + headers,
            nagle: choice.nagle,
            congestion_control: choice.congestion_control,
            link: self.network.hostile(index, lifetime),
        }
    }

    /// Octets that may be under way from an end at once, as far as buffers and segments go.
    fn window(&self, from: End) -> u32 {
        let (sender, receiver) = match from {
            End::Left => (&self.ends[0], &self.ends[1]),
            End::Right => (&self.ends[1], &self.ends[0]),
        };
        receiver.receive_buffer.octets().min(sender.send_buffer.octets())
    }
}

/// A promise that was not kept, without the trace.
struct Broken {
    promise: Promise,
    detail: String,
}

/// What one user has done and seen.
#[derive(Clone, Copy, Default)]
struct User {
    /// It opened by listening.
    passive: bool,
    reads_all: bool,
    /// Octets read whose values have been looked at.
    checked: usize,
    /// CLOSE was taken, after so many octets.
    closed_after: Option<u32>,
    /// It gave the connection up: ABORT, or CLOSE before the connection was open.
    gave_up: bool,
    /// It has been told of the end of the stream.
    at_the_end: bool,
    /// RECEIVE fails from now on.
    failed: bool,
}

struct Telling<'s> {
    story: &'s Transfer,
    peers: Peers,
    users: [User; 2],
    /// How long a segment may be under way: no longer than either end takes it to be (RFC 9293 §3.4.2).
    lifetime: Duration,
    /// How long the longer TIME-WAIT may last, twice over: it may begin anew.
    time_wait: Duration,
    phase: Phase,
    /// How often an exchange without end was cut off.
    outages: u32,
}

/// What the network is like.
#[derive(Clone, Copy)]
enum Phase {
    Hostile,
    Fair,
    /// Nothing gets through.
    Outage,
}

impl<'s> Telling<'s> {
    fn new(story: &'s Transfer, stacks: [Box<dyn Stack>; 2], setting: &Setting) -> Self {
        let [a, b] = stacks.each_ref().map(|stack| stack.declaration().msl);
        let lifetime = story.msl().min(a).min(b);
        let mut peers =
            Peers::unlike(stacks, [0, 1].map(|index| story.end_options(setting, index, lifetime)));
        peers.run_for(setting.begin);
        let users = [User::default(); 2];
        Self { story, peers, users, lifetime, time_wait: a.max(b) * 4, phase: Phase::Hostile, outages: 0 }
    }

    fn tell(&mut self) -> Result<(), Broken> {
        if !self.open()? {
            return Ok(());
        }
        for act in self.story.acts.iter().take(LONGEST) {
            self.wait(act.after.duration())?;
            self.act(act)?;
        }
        self.come_to_rest()
    }

    fn user(&mut self, end: End) -> &mut User {
        &mut self.users[usize::from(index(end))]
    }

    /// Opens the connection. Says whether the stacks open it in this way.
    fn open(&mut self) -> Result<bool, Broken> {
        Ok(match self.story.opening {
            Opening::PassiveActive => self.listen(End::Right) && self.connect(End::Left),
            Opening::BothPassive => BOTH.into_iter().all(|end| self.listen(end)) && self.connect(End::Left),
            Opening::Simultaneous => BOTH.into_iter().all(|end| self.connect(end)),
            Opening::Early { late, active } => {
                let connects = self.connect(End::Left);
                self.wait(late.duration())?;
                connects && if active { self.connect(End::Right) } else { self.listen(End::Right) }
            }
        })
    }

    fn listen(&mut self, end: End) -> bool {
        self.user(end).passive = true;
        matches!(self.peers.call(end, ScenarioCall::OpenPassive), CallOutcome::Opened(_))
    }

    fn connect(&mut self, end: End) -> bool {
        self.user(end).passive = false;
        matches!(self.peers.call(end, ScenarioCall::OpenActive), CallOutcome::Opened(_))
    }

    fn act(&mut self, act: &Act) -> Result<(), Broken> {
        let end = act.end();
        match act.deed {
            Deed::Send(size) => self.send(end, size.octets()),
            Deed::Read(size) => return self.read(end, size.octets()),
            Deed::ReadAll => {
                self.user(end).reads_all = true;
                return self.read(end, u32::MAX);
            }
            Deed::StopReading => self.user(end).reads_all = false,
            Deed::Close => self.close(end),
            Deed::Abort => {
                self.user(end).gave_up = true;
                self.peers.call(end, ScenarioCall::Abort);
            }
        }
        Ok(())
    }

    fn send(&mut self, end: End, len: u32) {
        let most = self.story.window(end).saturating_mul(MOST_WINDOWS);
        let len = len.min(most.saturating_sub(self.peers.sent(end)));
        if len > 0 {
            self.peers.call(end, ScenarioCall::Send(len));
        }
    }

    /// CLOSE. Before the connection is open it means to give up (RFC 9293 §3.10.4), and so it does for a listener.
    fn close(&mut self, end: End) {
        let sent = self.peers.sent(end);
        let gives_up = !self.is_open(end);
        if self.peers.call(end, ScenarioCall::Close) == CallOutcome::Ok {
            let user = self.user(end);
            user.gave_up |= gives_up;
            user.closed_after.get_or_insert(sent);
        }
    }

    /// Whether a CLOSE would come after the text instead of giving the connection up.
    fn is_open(&self, end: End) -> bool {
        match self.peers.state(end) {
            Some(State::Listen | State::SynSent) => false,
            Some(State::SynReceived) => !self.users[usize::from(index(end))].passive,
            _ => true,
        }
    }

    /// RECEIVE: what is read is what was sent (P-01), and the end comes after all of it (P-02).
    fn read(&mut self, end: End, max: u32) -> Result<(), Broken> {
        let outcome = self.peers.look(end, max);
        let received = self.peers.received(end);
        let user = &mut self.users[usize::from(index(end))];
        let fresh = &received[user.checked..];
        let first = u32::try_from(user.checked).unwrap_or(u32::MAX);
        let sent = self.peers.sent(end.other());
        let right = (first..).zip(fresh).all(|(at, found)| *found == octet(end.other(), at));
        if !right || received.len() > sent as usize {
            let detail = format!("{} has read {} octets of {sent}", end.letter(), received.len());
            return Err(Broken { promise: STREAM, detail });
        }
        user.checked = received.len();
        match outcome {
            CallOutcome::EndOfStream => user.at_the_end = true,
            CallOutcome::Error(_) => user.failed = true,
            _ => return Ok(()),
        }
        // Who has aborted is owed no text, and no particular word about it.
        let (at_the_end, received) = (user.at_the_end && !user.gave_up, received.len());
        let closed = self.users[usize::from(index(end.other()))].closed_after.map(|octets| octets as usize);
        if at_the_end && closed != Some(received) {
            let detail = format!("{} is at the end after {received} octets, not {closed:?}", end.letter());
            return Err(Broken { promise: END_OF_STREAM, detail });
        }
        Ok(())
    }

    /// A user who reads everything reads as soon as something happens.
    fn read_eagerly(&mut self) -> Result<(), Broken> {
        for end in BOTH {
            let user = self.users[usize::from(index(end))];
            if user.reads_all && !user.at_the_end && !user.failed {
                self.read(end, u32::MAX)?;
            }
        }
        Ok(())
    }

    /// What follows an event: users read, and an exchange that would never end is cut off.
    fn follow(&mut self) -> Result<(), Broken> {
        self.read_eagerly()?;
        if refusals_in_a_row(&self.peers.trace) < MOST_REFUSALS {
            return Ok(());
        }
        self.outages += 1;
        if self.outages > MOST_OUTAGES {
            return Err(self.runaway("and no outage ends it"));
        }
        BOTH.into_iter().for_each(|end| self.connect_link(end, Phase::Outage));
        let until = self.peers.now() + self.lifetime + Duration::from_secs(1);
        while self.peers.run_to_next(until).is_none() {
            self.read_eagerly()?;
        }
        let phase = self.phase;
        BOTH.into_iter().for_each(|end| self.connect_link(end, phase));
        Ok(())
    }

    /// What carries the segments of an end from now on.
    fn connect_link(&mut self, end: End, phase: Phase) {
        let (network, lifetime) = (&self.story.network, self.lifetime);
        let options = match phase {
            Phase::Hostile => network.hostile(index(end), lifetime),
            Phase::Fair => network.fair(lifetime),
            Phase::Outage => LinkOptions { loss: Ratio::ALWAYS, ..network.fair(lifetime) },
        };
        self.peers.set_link(end, options);
    }

    /// Lets time pass.
    fn wait(&mut self, duration: Duration) -> Result<(), Broken> {
        let until = self.peers.now() + duration;
        loop {
            match self.peers.run_to_next(until) {
                None => self.follow()?,
                Some(Stop::Runaway) => return Err(self.runaway("while the network was hostile")),
                Some(Stop::Quiet | Stop::TimeIsUp) => break,
            }
        }
        self.peers.run_for(until.since(self.peers.now()));
        self.read_eagerly()
    }

    /// The network turns fair, everybody reads and closes; both ends come to rest.
    fn come_to_rest(&mut self) -> Result<(), Broken> {
        self.phase = Phase::Fair;
        for end in BOTH {
            self.connect_link(end, Phase::Fair);
            self.user(end).reads_all = true;
        }
        let limits = Limits::of(self);
        let outages_before = self.outages;
        loop {
            self.follow()?;
            BOTH.into_iter().for_each(|end| self.close_in_time(end));
            let told = self.peers.trace.entries.len();
            let outages = self.outages - outages_before;
            let stop = self.peers.run_to_next(limits.time + PATIENCE_PER_OUTAGE * outages);
            if self.peers.segments() > limits.segments + SEGMENTS_PER_OUTAGE * outages {
                return Err(self.runaway(&format!("on a fair network, past {}", limits.segments)));
            }
            match stop {
                None => {}
                // What happened last may have been what a user waited for.
                Some(Stop::Quiet) if told < self.peers.trace.entries.len() => {}
                Some(Stop::Quiet) => break,
                Some(Stop::TimeIsUp) => return self.stuck(PROGRESS, "timers still run"),
                Some(Stop::Runaway) => return Err(self.runaway("on a fair network")),
            }
        }
        self.is_at_rest()
    }

    /// Once the network is fair a user closes as soon as that means no more than "I have sent all".
    fn close_in_time(&mut self, end: End) {
        if self.users[usize::from(index(end))].closed_after.is_some()
            || self.users[usize::from(index(end))].gave_up
        {
            return;
        }
        let nobody_comes = self.is_closed(end.other()) && self.peers.state(end) == Some(State::Listen);
        if (self.is_open(end) && !self.is_closed(end)) || nobody_comes {
            self.close(end);
        }
    }

    /// A listening socket that was closed shows no state.
    fn is_closed(&self, end: End) -> bool {
        matches!(self.peers.state(end), None | Some(State::Closed))
    }

    /// Nothing is under way and no timer runs.
    fn is_at_rest(&self) -> Result<(), Broken> {
        if self.users.iter().any(|user| user.gave_up) {
            // An end that gave up is silent from then on; the other may wait for ever (RFC 9293 §3.5.1).
            return Ok(());
        }
        if !BOTH.into_iter().all(|end| self.is_closed(end)) {
            return self.stuck(REST, "nothing runs any more");
        }
        if matches!(self.story.opening, Opening::Early { .. }) {
            return Ok(());
        }
        for end in BOTH {
            let (received, sent) = (self.peers.received(end).len(), self.peers.sent(end.other()));
            if received != sent as usize {
                let detail = format!("{} has read {received} octets of {sent}", end.letter());
                return Err(Broken { promise: REST, detail });
            }
        }
        Ok(())
    }

    fn stuck(&self, promise: Promise, detail: &str) -> Result<(), Broken> {
        let states = BOTH.map(|end| self.peers.state(end).map_or("none", State::name));
        Err(Broken { promise, detail: format!("{detail}; A is {}, B is {}", states[0], states[1]) })
    }

    fn runaway(&self, when: &str) -> Broken {
        Broken { promise: SILENCE, detail: format!("{} segments, {when}", self.peers.segments()) }
    }
}

/// Until when a story must be over, and after how many segments.
struct Limits {
    time: Instant,
    segments: u32,
}

impl Limits {
    fn of(telling: &Telling<'_>) -> Self {
        let Telling { story, peers, time_wait, .. } = telling;
        let (mut windows, mut full_segments) = (0, 0);
        for end in BOTH {
            let received = u32::try_from(peers.received(end.other()).len()).unwrap_or(u32::MAX);
            let left = peers.sent(end).saturating_sub(received);
            let smallest = story.ends.map(|choice| u32::from(choice.segments.octets())).into_iter().min();
            windows += left.div_ceil(story.window(end).div_ceil(2).max(1));
            full_segments += left.div_ceil(smallest.unwrap_or(1));
        }
        Self {
            time: peers.now()
                + PATIENCE
                + *time_wait
                + PATIENCE_PER_WINDOW * windows
                + PATIENCE_PER_SEGMENT * full_segments,
            // What was sent before may still be under way, twice, and be answered, with an arrival each time.
            segments: 5 * peers.segments()
                + SEGMENTS
                + SEGMENTS_PER_WINDOW * windows
                + SEGMENTS_PER_SEGMENT * full_segments,
        }
    }
}

const fn index(end: End) -> u8 {
    match end {
        End::Left => 0,
        End::Right => 1,
    }
}
