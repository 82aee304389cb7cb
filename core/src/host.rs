//! Several connections on one host: what one connection record cannot say (RFC 9293 §3.9.1.1, §3.9.2.3, §3.10.7.1).
//!
//! The host sorts segments by their pair of sockets, keeps listeners that outlive the connections they spawn,
//! answers for connections that do not exist, refuses to open a pair of sockets that is still in use (TIME-WAIT
//! included) and owns the deadlines of all timers. It has no clock and sends nothing itself: the caller passes the
//! time and a place to put datagrams.

use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

use crate::event::{Actions, Call, CallError, Event, IcmpError, Outcome, Remote, Signal};
use crate::invariants::checked_step;
use crate::processing::{Context, step};
use crate::profile::Profile;
use crate::rule::{Rule, RuleSet};
use crate::segment::{Outgoing, Segment};
use crate::seq::SeqNumber;
use crate::state::State;
use crate::tcb::Tcb;
use crate::time::Instant;

mod connection;
#[cfg(test)]
mod tests;

pub use connection::{Connection, Ending};

/// Both ends of a connection, seen from this host (§3.3.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct SocketPair {
    /// This end.
    pub local: SocketAddr,
    /// The other end.
    pub remote: SocketAddr,
}

/// Names a connection or a listener of a host, never used twice.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ConnectionId(pub u32);

/// Where initial send sequence numbers come from (§3.4.1).
#[derive(Clone, Copy, Debug)]
pub enum IssSource {
    /// Always this one. For tests and models.
    Fixed(SeqNumber),
    /// The driver's function of pair, time and secret: RFC 6528 wants a clock plus a keyed hash (SHLD-1).
    Function {
        /// The function.
        choose: fn(&SocketPair, Instant, u64) -> SeqNumber,
        /// Its secret.
        secret: u64,
    },
}

/// What a host is like.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The host's only address.
    pub address: IpAddr,
    /// The choices of its TCP endpoint.
    pub profile: Profile,
    /// Connections that a listener may hold before the user accepts them; a SYN beyond is dropped (V-36).
    pub backlog: usize,
    /// Records of connections, closed ones that the user has not released included.
    pub most_connections: usize,
    /// Initial send sequence numbers.
    pub iss: IssSource,
}

/// A passive OPEN that spawns a connection per request (§3.9.1.1, MUST-41).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Listener {
    /// Its name.
    pub id: ConnectionId,
    /// Local port.
    pub port: u16,
    /// The only remote socket that it will talk to, if the OPEN named one.
    pub remote: Option<SocketAddr>,
}

/// A segment on its way out. The text is borrowed from the connection's send queue.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// Sockets, seen from this host: `local` is the source.
    pub pair: SocketPair,
    /// Header.
    pub segment: &'a Outgoing,
    /// Text, in two parts of a ring.
    pub text: (&'a [u8], &'a [u8]),
}

/// Takes datagrams from the host, in order.
pub type Emit<'e> = dyn FnMut(Datagram<'_>) + 'e;

/// How a connection takes one event: [`step`], or something of the same form around it.
pub type Step = fn(&mut Tcb, Context, Event<'_>, &mut Actions);

/// A host with one address and one TCP endpoint.
///
/// Every event of every connection goes through one function. Whoever wants to know what a host does without one of
/// its rules puts another in its place, and leaves the rules alone.
#[derive(Clone, Debug)]
pub struct Host<S = Step> {
    settings: Settings,
    step: S,
    listeners: Vec<Listener>,
    connections: Vec<Connection>,
    next_id: u32,
    actions: Actions,
    rules: RuleSet,
}

impl Host {
    /// A host without connections that does what the standard says.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self::with_step(settings, asserted_step)
    }
}

impl<S: FnMut(&mut Tcb, Context, Event<'_>, &mut Actions)> Host<S> {
    /// A host without connections whose connections take their events by `step`. No invariant is asserted of them.
    #[must_use]
    pub fn with_step(settings: Settings, step: S) -> Self {
        Self {
            settings,
            step,
            listeners: Vec::new(),
            connections: Vec::new(),
            next_id: 0,
            actions: Actions::default(),
            rules: RuleSet::default(),
        }
    }

    /// Starts over with other settings: no connections, no listeners.
    pub fn start_over(&mut self, settings: Settings) {
        self.settings = settings;
        self.listeners.clear();
        self.connections.clear();
        self.next_id = 0;
        self.rules = RuleSet::default();
    }

    /// The rows of the decision table that were used since this was last asked.
    pub fn take_rules(&mut self) -> RuleSet {
        core::mem::take(&mut self.rules)
    }

    /// The connection with this name, until it is released.
    #[must_use]
    pub fn connection(&self, id: ConnectionId) -> Option<&Connection> {
        self.connections.iter().find(|connection| connection.id == id)
    }

    /// The listener with this name, until it is closed.
    #[must_use]
    pub fn listener(&self, id: ConnectionId) -> Option<&Listener> {
        self.listeners.iter().find(|listener| listener.id == id)
    }

    /// All connections.
    #[must_use]
    pub fn connections(&self) -> &[Connection] {
        &self.connections
    }

    /// Passive OPEN (§3.10.1). Other connections on the port do not matter (MUST-41, MUST-42); a second listener
    /// for the same port and remote socket does.
    ///
    /// # Errors
    /// What §3.10.1 says: no room, a remote socket that cannot be, a listener that exists.
    pub fn listen(&mut self, port: u16, remote: Option<SocketAddr>) -> Result<ConnectionId, CallError> {
        if remote.is_some_and(|remote| !is_unicast(remote.ip())) {
            self.rules.insert(Rule::Open4);
            return Err(CallError::RemoteSocketInvalid);
        }
        self.rules.insert(if self.listeners.is_empty() && self.connections.is_empty() {
            Rule::Open5
        } else {
            Rule::Open11
        });
        if self.listeners.iter().any(|listener| listener.port == port && listener.remote == remote) {
            return Err(CallError::AlreadyExists);
        }
        if self.listeners.len() >= self.settings.most_connections {
            self.rules.insert(Rule::Open3);
            return Err(CallError::InsufficientResources);
        }
        let id = self.new_id();
        self.listeners.push(Listener { id, port, remote });
        Ok(id)
    }

    /// Active OPEN (§3.10.1). A pair of sockets is taken until its connection is CLOSED, TIME-WAIT included.
    ///
    /// # Errors
    /// What §3.10.1 says: no room, a remote socket that cannot be, a connection that exists.
    pub fn connect(
        &mut self,
        now: Instant,
        local_port: u16,
        remote: SocketAddr,
        emit: &mut Emit<'_>,
    ) -> Result<ConnectionId, CallError> {
        let pair = SocketPair { local: SocketAddr::new(self.settings.address, local_port), remote };
        if self.find(&pair).is_some() {
            self.rules.insert(Rule::Open12);
            return Err(CallError::AlreadyExists);
        }
        let Some(index) = self.add(pair, None) else {
            self.rules.insert(Rule::Open3);
            return Err(CallError::InsufficientResources);
        };
        let remote = if is_unicast(remote.ip()) { Remote::Specified } else { Remote::Invalid };
        match self.step(now, index, Event::Call(Call::OpenActive { remote }), emit) {
            Some(Outcome::Error(error)) => {
                self.connections.remove(index);
                Err(error)
            }
            _ => Ok(self.connections[index].id),
        }
    }

    /// The oldest connection of the listener that has opened and was not accepted yet.
    pub fn accept(&mut self, listener: ConnectionId) -> Option<ConnectionId> {
        let waiting = |connection: &&mut Connection| connection.waits_for(listener) && connection.opened;
        let connection = self.connections.iter_mut().find(waiting)?;
        connection.listener = None;
        Some(connection.id)
    }

    /// The newest connection of the listener that was not accepted yet, open or not.
    #[must_use]
    pub fn unaccepted(&self, listener: ConnectionId) -> Option<&Connection> {
        self.connections.iter().rev().find(|connection| connection.waits_for(listener))
    }

    /// Any call but OPEN on a connection, or CLOSE and ABORT on a listener. Octets received are
    /// in [`Host::octets`] until the next call.
    pub fn call(&mut self, now: Instant, id: ConnectionId, call: Call<'_>, emit: &mut Emit<'_>) -> Outcome {
        self.actions.clear();
        if let Some(index) = self.connections.iter().position(|connection| connection.id == id) {
            if let (Call::Receive { max }, connection) = (call, &mut self.connections[index])
                && !connection.unread.is_empty()
            {
                // The record is gone, what it left is not (§3.9.1.4).
                let len = connection.unread.len().min(max as usize);
                self.actions.octets.extend(connection.unread.drain(..len));
                return Outcome::Received { len: crate::tcb::octets(len), push: false, urgent: false };
            }
            let outcome = self.step(now, index, Event::Call(call), emit);
            return outcome.unwrap_or(Outcome::Error(CallError::DoesNotExist));
        }
        let Some(index) = self.listeners.iter().position(|listener| listener.id == id) else {
            return Outcome::Error(CallError::DoesNotExist);
        };
        match call {
            Call::Close | Call::Abort => {
                let listener = self.listeners.remove(index).id;
                self.rules.insert(if call == Call::Close { Rule::Close3 } else { Rule::Abort3 });
                self.abort_unaccepted(now, listener, emit);
                Outcome::Ok
            }
            Call::Status => {
                self.rules.insert(Rule::Status3);
                Outcome::Status(State::Listen)
            }
            // Connections of a listener are read and written through what `accept` returns.
            _ => Outcome::Error(CallError::DoesNotExist),
        }
    }

    /// Octets that the latest [`Host::call`] of RECEIVE gave.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.actions.octets
    }

    /// What the user of a connection is told next, if anything waits (§3.8.5, §3.9.1.8).
    pub fn next_report(&mut self, id: ConnectionId) -> Option<Signal> {
        self.connections.iter_mut().find(|connection| connection.id == id)?.reports.pop_front()
    }

    /// Whether the user of a connection is told of delivery trouble from now on (§3.9.1.8, SHLD-20).
    pub fn set_error_reports(&mut self, id: ConnectionId, on: bool) {
        if let Some(connection) = self.connections.iter_mut().find(|connection| connection.id == id) {
            connection.reports_errors = on;
        }
    }

    /// Changes the largest text that IP lets the live connection of a pair send (§3.7.1): IP options have come or gone,
    /// which count (MUST-16).
    pub fn limit_text(&mut self, now: Instant, pair: &SocketPair, octets: u16, emit: &mut Emit<'_>) {
        if let Some(index) = self.find(pair) {
            self.step(now, index, Event::LargestText(octets), emit);
        }
    }

    /// The user is done with a connection: its record goes as soon as the connection is CLOSED.
    pub fn release(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.iter_mut().find(|connection| connection.id == id) {
            connection.released = true;
        }
        self.connections.retain(|connection| !connection.is_over());
    }

    /// A segment arrived from `source` for `destination` (§3.10.7).
    pub fn segment_arrives(
        &mut self,
        now: Instant,
        source: SocketAddr,
        destination: SocketAddr,
        segment: &Segment<'_>,
        emit: &mut Emit<'_>,
    ) {
        if !is_unicast(destination.ip()) {
            return self.rules.insert(Rule::Pre2);
        }
        // A loopback address stays inside its host (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3).
        let astray = source.ip().is_loopback() && !self.settings.address.is_loopback();
        if astray || !is_unicast(source.ip()) {
            return self.rules.insert(Rule::Pre3);
        }
        if destination.ip() != self.settings.address {
            return;
        }
        let pair = SocketPair { local: destination, remote: source };
        let event = Event::SegmentArrives(segment);
        if let Some(index) = self.find(&pair) {
            self.step(now, index, event, emit);
            return self.forget_half_open(index);
        }
        match self.listener_for(&pair) {
            Some(listener) => self.request_arrives(now, listener, pair, segment, emit),
            None => {
                let request = segment.is_request();
                if request && self.listeners.iter().any(|listener| listener.port == pair.local.port()) {
                    self.rules.insert(Rule::Listen8);
                }
                self.answer_without_connection(now, &pair, event, emit);
            }
        }
    }

    /// ICMP reports that a segment from `local` to `remote` with this sequence number met an error: the connection that
    /// sent it learns of it, nobody else (§3.9.2.2, MUST-54).
    pub fn icmp_error(
        &mut self,
        now: Instant,
        pair: &SocketPair,
        seq: SeqNumber,
        error: IcmpError,
        emit: &mut Emit<'_>,
    ) {
        if let Some(index) = self.find(pair) {
            self.step(now, index, Event::Icmp { error, seq }, emit);
            self.forget_half_open(index);
        }
    }

    /// The earliest deadline of any timer.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.connections.iter().filter_map(Connection::next_deadline).min()
    }

    /// Lets every timer go off whose deadline is not after `now`, earliest first.
    pub fn timeouts(&mut self, now: Instant, emit: &mut Emit<'_>) {
        loop {
            let due = self
                .connections
                .iter()
                .enumerate()
                .filter_map(|(index, connection)| Some((connection.next_deadline()?, index)))
                .min()
                .filter(|(deadline, _)| *deadline <= now);
            let Some((deadline, index)) = due else { return };
            let Some(timer) = self.connections[index].due_timer(deadline) else { return };
            self.step(now, index, Event::Timeout(timer), emit);
            self.forget_half_open(index);
        }
    }

    /// A listener gets a segment for a pair of sockets without connection: a child takes it (§3.10.7.2, V-60).
    fn request_arrives(
        &mut self,
        now: Instant,
        listener: ConnectionId,
        pair: SocketPair,
        segment: &Segment<'_>,
        emit: &mut Emit<'_>,
    ) {
        let waiting = self.connections.iter().filter(|connection| connection.waits_for(listener)).count();
        if segment.is_request() && waiting >= self.settings.backlog {
            return;
        }
        let Some(index) = self.add(pair, Some(listener)) else { return };
        self.step(now, index, Event::Call(Call::OpenPassive { remote: Remote::Unspecified }), emit);
        self.step(now, index, Event::SegmentArrives(segment), emit);
        self.forget_half_open(index);
    }

    /// CLOSED: there is no record, so one is made for the length of the answer (§3.10.7.1).
    fn answer_without_connection(
        &mut self,
        now: Instant,
        pair: &SocketPair,
        event: Event<'_>,
        emit: &mut Emit<'_>,
    ) {
        let mut none = Tcb::closed(self.settings.profile);
        (self.step)(&mut none, Context { now, iss: SeqNumber::default() }, event, &mut self.actions);
        self.rules.merge(self.actions.rules);
        for segment in self.actions.segments() {
            emit(Datagram { pair: *pair, segment, text: (&[], &[]) });
        }
    }

    /// One step of one connection: its segments go out, its deadlines move, its user's side is kept.
    fn step(&mut self, now: Instant, index: usize, event: Event<'_>, emit: &mut Emit<'_>) -> Option<Outcome> {
        let connection = &mut self.connections[index];
        // Only from these states can an incarnation begin, and a passive OPEN begins none; a keyed hash for every segment
        // would be dear.
        let may_begin = matches!(connection.tcb.state, State::Closed | State::Listen | State::TimeWait)
            && !matches!(event, Event::Call(Call::OpenPassive { .. }));
        let iss = match self.settings.iss {
            IssSource::Fixed(iss) => iss,
            IssSource::Function { choose, secret } if may_begin => choose(&connection.pair, now, secret),
            IssSource::Function { .. } => SeqNumber::default(),
        };
        let context = Context { now, iss };
        (self.step)(&mut connection.tcb, context, event, &mut self.actions);
        self.rules.merge(self.actions.rules);
        connection.take(now, &self.actions);
        for segment in self.actions.segments() {
            emit(Datagram { pair: connection.pair, segment, text: connection.tcb.text(segment.text) });
        }
        self.actions.reply()
    }

    /// A child that never opened and is back in LISTEN or CLOSED is forgotten (V-60).
    fn forget_half_open(&mut self, index: usize) {
        let Some(connection) = self.connections.get(index) else { return };
        let half_open = connection.listener.is_some() && !connection.opened;
        let ended = matches!(connection.tcb.state, State::Closed | State::Listen);
        if (half_open && ended) || connection.is_over() {
            self.connections.remove(index);
        }
    }

    /// A listener goes, and with it the connections that nobody can accept any more.
    fn abort_unaccepted(&mut self, now: Instant, listener: ConnectionId, emit: &mut Emit<'_>) {
        while let Some(index) = self.connections.iter().position(|connection| connection.waits_for(listener))
        {
            self.step(now, index, Event::Call(Call::Abort), emit);
            self.connections.remove(index);
        }
    }

    /// The live connection of a pair of sockets.
    fn find(&self, pair: &SocketPair) -> Option<usize> {
        let live =
            |connection: &Connection| connection.pair == *pair && connection.tcb.state != State::Closed;
        self.connections.iter().position(live)
    }

    /// The listener that takes requests for this pair: one that names the remote socket goes before one that does
    /// not (§3.9.1.1).
    fn listener_for(&self, pair: &SocketPair) -> Option<ConnectionId> {
        let on_port = || self.listeners.iter().filter(|listener| listener.port == pair.local.port());
        on_port()
            .find(|listener| listener.remote == Some(pair.remote))
            .or_else(|| on_port().find(|listener| listener.remote.is_none()))
            .map(|listener| listener.id)
    }

    /// A new record in CLOSED, if there is room.
    fn add(&mut self, pair: SocketPair, listener: Option<ConnectionId>) -> Option<usize> {
        if self.connections.len() >= self.settings.most_connections {
            return None;
        }
        let id = self.new_id();
        self.connections.push(Connection::new(id, pair, listener, self.settings.profile));
        Some(self.connections.len() - 1)
    }

    fn new_id(&mut self) -> ConnectionId {
        self.next_id += 1;
        ConnectionId(self.next_id)
    }
}

/// [`step`], with every invariant asserted in debug builds.
fn asserted_step(tcb: &mut Tcb, context: Context, event: Event<'_>, actions: &mut Actions) {
    if cfg!(debug_assertions) {
        // A broken invariant is a fault of the reference itself: whatever test this is, it must not go on.
        if let Err(violation) = checked_step(tcb, context, event, actions) {
            panic!("{violation}");
        }
    } else {
        step(tcb, context, event, actions);
    }
}

/// Whether an address can be one end of a connection (§3.9.2.3, MUST-46, MUST-57, MUST-63).
fn is_unicast(address: IpAddr) -> bool {
    let broadcast = matches!(address, IpAddr::V4(v4) if v4.is_broadcast());
    !(broadcast || address.is_multicast() || address.is_unspecified())
}

/// Whether a signal says that the connection is open.
const fn opens(signal: Signal) -> bool {
    matches!(signal, Signal::Established)
}
