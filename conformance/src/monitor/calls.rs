//! What the user's calls mean for the connections that they concern.

use std::net::SocketAddr;
use std::time::Duration;

use tcpspec_core::{Instant, State};

use super::Monitor;
use super::arrival::{Called, Came, Class};
use super::hypothesis::Due;
use super::hypothesis::{Ending, Form, Hypotheses, Hypothesis, Reset, Why};
use super::judge::explain::LEAST_R2;
use super::judge::{unasked, user};
use super::objection::{Judgement, Objection};
use super::pair::Pair;
use super::sockets::Role;
use super::stream::Stream;
use crate::stack::{CallFailure, CallOutcome, Knob, SocketId, UserCall};
use crate::wire::Endpoints;

impl Monitor {
    /// Judges the answer to a call and takes note of it.
    pub(super) fn call(&mut self, now: Instant, call: UserCall<'_>, outcome: &CallOutcome) -> Judgement {
        self.note_call(&call);
        match (call, outcome) {
            (UserCall::Listen { port }, CallOutcome::Opened(socket)) => {
                self.sockets.set(*socket, Role::Listener(port));
                self.listens_again(port);
                Ok(())
            }
            (UserCall::Connect { port, remote, route }, CallOutcome::Opened(socket)) => {
                self.connected(now, port, remote, *socket)?;
                self.goes_by(port, remote, route);
                Ok(())
            }
            (UserCall::Connect { port, remote, .. }, CallOutcome::Ok) => self.opened_twice(port, remote),
            (UserCall::Accept { listener }, CallOutcome::Opened(socket)) => {
                self.accepted(listener, *socket);
                Ok(())
            }
            (UserCall::Close { socket }, CallOutcome::Ok) => {
                self.ended(now, socket, false);
                Ok(())
            }
            (UserCall::Abort { socket }, CallOutcome::Ok) => {
                self.ended(now, socket, true);
                Ok(())
            }
            (UserCall::Set { socket, knob }, CallOutcome::Ok) => {
                self.knob_set(now, socket, knob);
                Ok(())
            }
            (UserCall::Send { socket, text, urgent }, CallOutcome::Sent(taken)) if *taken > 0 => {
                self.sent(socket, &text[..(*taken).min(text.len())], urgent, now)
            }
            (UserCall::Receive { socket, max }, answer) => self.read(socket, max, answer),
            (UserCall::Report { socket }, answer) => self.reported(socket, answer),
            (UserCall::Accept { listener }, CallOutcome::WouldBlock) => self.not_accepted(listener),
            (
                UserCall::Send { socket, .. } | UserCall::Close { socket } | UserCall::Abort { socket },
                CallOutcome::Error(failure),
            ) => self.refused(socket, "call", failure),
            _ => Ok(()),
        }
    }

    /// What comes next may be the call's doing.
    fn note_call(&mut self, call: &UserCall<'_>) {
        let (socket, called) = match call {
            UserCall::Send { socket, .. } => (socket, Called::Send),
            UserCall::Receive { socket, .. } => (socket, Called::Receive),
            UserCall::Close { socket } => (socket, Called::Close),
            UserCall::Abort { socket } => (socket, Called::Abort),
            UserCall::Listen { .. }
            | UserCall::Connect { .. }
            | UserCall::Accept { .. }
            | UserCall::Report { .. }
            | UserCall::Set { .. } => {
                return;
            }
        };
        if let Some((_, Some(index))) = self.stream_of(*socket) {
            self.pairs[index].class = Class { came: Came::Call(called), ..Class::NONE };
            self.pairs[index].disturbed = true;
            self.pairs[index].short = None;
        }
    }

    /// The stream of a socket and, if it is that of the pair's present incarnation, the pair.
    fn stream_of(&self, socket: SocketId) -> Option<(usize, Option<usize>)> {
        let Some(Role::Connection(stream)) = self.sockets.role(socket) else { return None };
        let pair = self.streams.all[stream].pair;
        Some((stream, (self.pairs[pair].stream == Some(stream)).then_some(pair)))
    }

    /// The pair of a socket if what the user does there is judged.
    fn judged_pair(&self, socket: SocketId) -> Option<usize> {
        let (_, pair) = self.stream_of(socket)?;
        pair.filter(|pair| {
            let pair = &self.pairs[*pair];
            !pair.hypotheses.blind && !pair.aborted && !pair.user_unknown
        })
    }

    /// A new listener on the port: that older sockets were used up does not matter any more.
    fn listens_again(&mut self, port: u16) {
        for pair in &mut self.pairs[..self.pairs_in_use] {
            if pair.endpoints.source.port() == port {
                for hypothesis in pair.hypotheses.as_mut_slice() {
                    hypothesis.consumed = false;
                }
            }
        }
    }

    /// An active OPEN (§3.10.1).
    fn connected(&mut self, now: Instant, port: u16, remote: SocketAddr, socket: SocketId) -> Judgement {
        let Some(terms) = self.terms else { return Ok(()) };
        if remote.ip() == terms.setup.local {
            // What the host says to itself need not be seen by anybody.
            (self.blind, self.inconclusive) = (true, self.inconclusive + 1);
            return Ok(());
        }
        let endpoints = Endpoints { source: SocketAddr::new(terms.setup.local, port), destination: remote };
        let stream = self.streams.begin();
        let Some((index, stream)) = self.pair(endpoints).zip(stream) else {
            self.sockets.set(socket, Role::Unknown);
            return Ok(());
        };
        super::judge::overdue::expire(&mut self.pairs[index], now);
        let pair = &mut self.pairs[index];
        let (alive, blind, first) = (pair.is_alive(), pair.hypotheses.blind, *pair.hypotheses.first());
        // That it is not refused says that there was none: only what was taken for granted of that still is.
        let gone = pair.hypotheses.as_slice().iter().filter(|hypothesis| hypothesis.state == State::Closed);
        let takes = gone.map(|hypothesis| hypothesis.takes).reduce(|all, takes| all & takes);
        pair.begin_incarnation(Some(stream));
        let mut begun = Hypotheses::none();
        begun.push(Hypothesis {
            state: State::SynSent,
            waiting_since: now,
            busy_since: now,
            takes: takes.unwrap_or(first.takes),
            ..Hypothesis::CLOSED
        });
        pair.hypotheses = begun;
        self.streams.all[stream].pair = index;
        self.streams.all[stream].socket = Some(socket);
        self.sockets.set(socket, Role::Connection(stream));
        if alive && !blind { Err(open_taken(&first)) } else { Ok(()) }
    }

    /// OPEN has succeeded and gives no new socket: then it is the one of a connection that is there already (I-074).
    fn opened_twice(&self, port: u16, remote: SocketAddr) -> Judgement {
        let Some(terms) = self.terms else { return Ok(()) };
        let endpoints = Endpoints { source: SocketAddr::new(terms.setup.local, port), destination: remote };
        let known = self.pairs[..self.pairs_in_use].iter().find(|pair| pair.endpoints == endpoints);
        match known.filter(|pair| pair.is_alive() && !pair.hypotheses.blind) {
            Some(pair) => Err(open_taken(pair.hypotheses.first())),
            None => Ok(()),
        }
    }

    /// The streams of the connections of a port that nobody has accepted: open ones, or half-open ones as well.
    fn waiting(&self, port: u16, half_open: bool) -> impl Iterator<Item = usize> {
        let asks = |hypothesis: &Hypothesis| hypothesis.passive && hypothesis.state == State::SynReceived;
        let waits = move |(index, stream): (usize, &Stream)| {
            let pair = &self.pairs[stream.pair];
            let on_port = pair.endpoints.source.port() == port;
            let there = || pair.stream == Some(index) && pair.hypotheses.any(asks);
            (on_port && stream.socket.is_none() && (stream.opened || half_open && there())).then_some(index)
        };
        self.streams.all[..self.streams.in_use].iter().enumerate().filter_map(waits)
    }

    /// A socket for one of the connections that a listening socket got: which one is known if there is only one.
    fn accepted(&mut self, listener: SocketId, socket: SocketId) {
        let (port, open) = match self.sockets.role(listener) {
            Some(Role::Listener(port)) => (port, true),
            Some(Role::Closed(port)) => (port, false),
            _ => return,
        };
        // One that is half open may be handed out as well (§3.10.2, §3.10.3, V-60): a stack that does so is known by giving
        // one when there is no other.
        let several = self.terms.is_some_and(|terms| terms.several);
        self.gives_half_open |= several && self.waiting(port, false).next().is_none();
        let waiting = {
            let mut all = self.waiting(port, self.gives_half_open);
            (all.next(), all.next())
        };
        let Self { pairs, pairs_in_use, streams, .. } = self;
        // Of a pair that is not followed nobody knows whether it has a connection that waits.
        let on_port = |pair: &Pair| pair.endpoints.source.port() == port;
        let followed = !pairs[..*pairs_in_use].iter().any(|pair| on_port(pair) && pair.hypotheses.blind);
        let role = match waiting {
            (Some(stream), None) if open && followed => Role::Connection(stream),
            // What a closed listener still hands out is the stack's affair (V-60).
            _ => Role::Unknown,
        };
        if let Role::Connection(stream) = role {
            streams.all[stream].socket = Some(socket);
            let pair = &mut pairs[streams.all[stream].pair];
            if pair.stream == Some(stream) {
                let reset = |hypothesis: &&mut Hypothesis| hypothesis.ending == Ending::Reset;
                for hypothesis in pair.hypotheses.as_mut_slice().iter_mut().filter(reset) {
                    hypothesis.ending = Ending::ResetUnheard;
                }
            }
        } else {
            for pair in &mut pairs[..*pairs_in_use] {
                pair.user_unknown |= pair.endpoints.source.port() == port;
            }
        }
        self.sockets.set(socket, role);
    }

    /// CLOSE or ABORT.
    fn ended(&mut self, now: Instant, socket: SocketId, abort: bool) {
        let Some(terms) = self.terms else { return };
        match self.sockets.role(socket) {
            Some(Role::Listener(port)) => {
                self.sockets.set(socket, Role::Closed(port));
                self.listener_ended(now, port, abort);
            }
            Some(Role::Connection(_)) => {
                if let Some((stream, Some(index))) = self.stream_of(socket) {
                    let read = u32::try_from(self.streams.all[stream].read).unwrap_or(u32::MAX);
                    let unread = terms.reset_on_unread || !terms.half_close;
                    // Nobody can read after a half-duplex CLOSE.
                    self.streams.all[stream].aborted |= abort || unread;
                    let unread = unread.then_some(read);
                    end_connection(&mut self.pairs[index], now, now + terms.settle, abort, unread);
                }
            }
            Some(Role::Unknown) => {
                for pair in &mut self.pairs[..self.pairs_in_use] {
                    pair.hypotheses.blind |= pair.user_unknown;
                }
            }
            Some(Role::Closed(port)) if !terms.several => self.listener_ended(now, port, abort),
            Some(Role::Closed(_)) | None => {}
        }
    }

    /// A listening socket is closed: what becomes of connections that nobody has accepted is not said (V-60).
    fn listener_ended(&mut self, now: Instant, port: u16, abort: bool) {
        let Some(terms) = self.terms else { return };
        let Self { pairs, pairs_in_use, streams, .. } = self;
        for pair in &mut pairs[..*pairs_in_use] {
            let unaccepted = pair.stream.is_some_and(|stream| streams.all[stream].socket.is_none());
            let passive = pair.hypotheses.any(|hypothesis| hypothesis.passive);
            if pair.endpoints.source.port() != port || !passive || !unaccepted {
                continue;
            }
            if !terms.several {
                // The socket is the connection.
                end_connection(pair, now, now + terms.settle, abort, None);
                continue;
            }
            let mut after = pair.hypotheses.clone();
            let mut aborted = pair.clone();
            end_connection(&mut aborted, now, now + terms.settle, true, None);
            for hypothesis in aborted.hypotheses.as_slice() {
                let hypothesis = hypothesis.excused_by(60);
                after.push(hypothesis);
                after.push(Hypothesis { resets: [None; 2], ..hypothesis });
            }
            let half_open = |hypothesis: &&Hypothesis| hypothesis.state == State::SynReceived && !abort;
            for hypothesis in pair.hypotheses.as_slice().iter().filter(half_open) {
                // It may be closed along with the listening socket (V-23).
                after.push(user::close(hypothesis, pair, now));
            }
            pair.hypotheses = after;
            pair.user_unknown = true;
        }
    }

    fn knob_set(&mut self, now: Instant, socket: SocketId, knob: Knob) {
        if let Some(Role::Listener(_)) = self.sockets.role(socket) {
            let shortest = |known: Option<Duration>, new| [known, new].into_iter().flatten().min();
            match knob {
                Knob::UserTimeout(timeout) => {
                    self.patience_of_listeners = shortest(self.patience_of_listeners, timeout);
                }
                Knob::KeepAlive(interval) => {
                    self.keep_alive_of_listeners = shortest(self.keep_alive_of_listeners, interval);
                }
                _ => {}
            }
        }
        self.trouble_unjudged |=
            matches!(knob, Knob::ErrorReports(_)) && !matches!(self.stream_of(socket), Some((_, Some(_))));
        // As long as nobody can tell which connection the user means, what is set may hold for any of them.
        let known = matches!(self.stream_of(socket), Some((_, Some(_))));
        let meant = match self.stream_of(socket) {
            Some((_, Some(index))) => index..index + 1,
            Some((_, None)) | None => 0..self.pairs_in_use,
        };
        if let (Knob::Nagle(true), false, Some(terms)) = (knob, known, &mut self.terms) {
            terms.setup.nagle = true;
        }
        for pair in &mut self.pairs[meant] {
            match knob {
                Knob::Nagle(on) if known || on => {
                    pair.nagle = Some(on);
                    pair.without_nagle &= !on;
                }
                Knob::Nagle(_) | Knob::TrafficClass(_) | Knob::TimeToLive(_) => {}
                Knob::ErrorReports(wants) if known => pair.unasked.wants_to_know(wants),
                Knob::ErrorReports(_) => pair.unasked.may_not_want_to_know(),
                Knob::KeepAlive(interval) if known => pair.keep_alive = interval,
                Knob::KeepAlive(interval) => {
                    let shorter = |known: Duration| interval.map_or(known, |interval| interval.min(known));
                    pair.keep_alive = pair.keep_alive.map(shorter).or(interval);
                }
                Knob::UserTimeout(timeout) if known => {
                    pair.patience = timeout;
                    pair.timeout_of_user = timeout.map(|timeout| (timeout, now));
                }
                Knob::UserTimeout(timeout) => {
                    pair.timeout_of_user = None;
                    pair.patience =
                        [pair.patience, timeout].into_iter().map(|time| time.unwrap_or(LEAST_R2)).min();
                }
            }
        }
    }

    fn sent(&mut self, socket: SocketId, text: &[u8], urgent: bool, now: Instant) -> Judgement {
        let Some((stream, pair)) = self.stream_of(socket) else { return self.sent_to_nobody(socket) };
        if self.streams.all[stream].aborted {
            return user::sent_without_connection(State::Closed);
        }
        self.streams.all[stream].send(text);
        let Some(index) = pair else { return Ok(()) };
        let nagle = self.terms.is_none_or(|terms| terms.setup.nagle);
        let pair = &mut self.pairs[index];
        for hypothesis in pair.hypotheses.as_mut_slice() {
            let iss = pair.iss.map(|iss| iss + 1 + pair.written);
            if iss.is_some_and(|end| hypothesis.una == end) {
                hypothesis.waiting_since = now;
                hypothesis.busy_since = now;
            }
        }
        if pair.iss.is_none_or(|iss| (iss + 1 + pair.written).le(pair.snd_max)) {
            pair.queued_at = now;
        }
        pair.asked_at = now;
        pair.without_nagle = !pair.nagle.unwrap_or(nagle);
        pair.written = pair.written.saturating_add(u32::try_from(text.len()).unwrap_or(u32::MAX));
        if urgent {
            pair.urgent = Some(pair.written);
        }
        if self.judged_pair(socket).is_some() { user::sent(&mut self.pairs[index]) } else { Ok(()) }
    }

    /// SEND took octets on a socket that is no connection: on one that listens, and that never becomes one (I-074.2).
    fn sent_to_nobody(&self, socket: SocketId) -> Judgement {
        let listens = matches!(self.sockets.role(socket), Some(Role::Listener(_)));
        let becomes_none = self.terms.is_some_and(|terms| terms.several);
        if listens && becomes_none { user::sent_without_connection(State::Listen) } else { Ok(()) }
    }

    fn read(&mut self, socket: SocketId, max: usize, answer: &CallOutcome) -> Judgement {
        let Some(terms) = self.terms else { return Ok(()) };
        let Some((stream, _)) = self.stream_of(socket) else { return Ok(()) };
        let judged = self.judged_pair(socket);
        if let (_, Some(index)) = self.stream_of(socket).unwrap_or_default() {
            self.pairs[index].credit += 1;
        }
        let Self { pairs, streams, .. } = self;
        let stream = &mut streams.all[stream];
        let pair = judged.map(|index| &mut pairs[index]);
        match answer {
            CallOutcome::Received(octets) => user::received(stream, pair, octets),
            // After ABORT there is no stream to end well or badly.
            CallOutcome::EndOfStream if !stream.aborted => user::ended(stream, pair),
            CallOutcome::WouldBlock if max > 0 => {
                pair.map_or(Ok(()), |pair| user::nothing(stream, pair, &terms))
            }
            CallOutcome::Error(failure) => {
                pair.map_or(Ok(()), |pair| user::failed(pair, "RECEIVE", failure, &terms))
            }
            _ => Ok(()),
        }
    }

    /// REPORT: whether the user is told what there is to tell.
    fn reported(&mut self, socket: SocketId, answer: &CallOutcome) -> Judgement {
        let Some(index) = self.judged_pair(socket) else { return Ok(()) };
        let pair = &mut self.pairs[index];
        let read = pair.stream.map_or(0, |stream| self.streams.all[stream].read);
        let read = u32::try_from(read).unwrap_or(u32::MAX);
        match answer {
            CallOutcome::Reported(report) => unasked::told(pair, *report),
            CallOutcome::WouldBlock => {
                // What a connection that is gone had announced can be read no more.
                let open = pair.hypotheses.all(|one| one.state != State::Closed);
                unasked::nothing(pair, open.then(|| pair.hypotheses.first().irs + 1 + read))
            }
            _ => Ok(()),
        }
    }

    /// ACCEPT has found nothing: then no connection is certainly open that nobody has accepted (I-030.2).
    fn not_accepted(&self, listener: SocketId) -> Judgement {
        let Some(Role::Listener(port)) = self.sockets.role(listener) else { return Ok(()) };
        let judged = self.terms.is_some_and(|terms| !terms.real && terms.backlog.is_none());
        let open = |hypothesis: &Hypothesis| {
            hypothesis.passive && hypothesis.state.is_synchronized() && !hypothesis.fresh
        };
        let waits = |pair: &&Pair| {
            let unaccepted = pair.stream.is_some_and(|stream| self.streams.all[stream].socket.is_none());
            // MAY-2: whose socket a connection is that follows another without a pause is the stack's affair.
            let known = !pair.hypotheses.blind && !pair.user_unknown && pair.iss_before.is_none();
            pair.endpoints.source.port() == port && unaccepted && known && pair.hypotheses.all(open)
        };
        match self.pairs[..self.pairs_in_use].iter().find(waits).filter(|_| judged) {
            None => Ok(()),
            Some(pair) => {
                let state = Some(pair.hypotheses.first().state);
                let what = "a connection is open, and the user who asks is not given it".to_owned();
                let (rule, class, differed) = ("I-030.2", "ACCEPT".into(), "nothing to accept");
                Err(Box::new(Objection { rule, state, class, differed, what }))
            }
        }
    }

    fn refused(&mut self, socket: SocketId, class: &'static str, failure: &CallFailure) -> Judgement {
        match (self.judged_pair(socket), self.terms) {
            (Some(index), Some(terms)) => user::failed(&mut self.pairs[index], class, failure, &terms),
            _ => Ok(()),
        }
    }
}

/// OPEN of a pair of sockets that has a connection.
fn open_taken(hypothesis: &Hypothesis) -> Box<Objection> {
    let what = format!("OPEN must be refused while the connection is in {}", hypothesis.state);
    let (rule, class, differed) = ("I-074", "OPEN".into(), "taken");
    Box::new(Objection { rule, state: Some(hypothesis.state), class, differed, what })
}

/// The user closes or aborts a connection. Octets left unread by a stack that resets then are counted from `unread`.
fn end_connection(pair: &mut Pair, now: Instant, by: Instant, abort: bool, unread: Option<u32>) {
    let mut after = Hypotheses::none();
    after.blind = pair.hypotheses.blind;
    let due = |why| Due { by, why, class: pair.class };
    for hypothesis in pair.hypotheses.as_slice() {
        let form = Form::Ending { una: hypothesis.una, max: pair.snd_max.later(hypothesis.una) };
        if abort {
            let ended = hypothesis.closed(Ending::Closed);
            let resets = matches!(
                hypothesis.state,
                State::SynReceived
                    | State::Established
                    | State::FinWait1
                    | State::FinWait2
                    | State::CloseWait
            );
            if hypothesis.state == State::Closed {
                after.push(*hypothesis);
            } else {
                after.push(ended.owing_reset(Reset { form, required: resets, due: due(Why::Abort) }));
            }
            continue;
        }
        let loses = unread.filter(|read| {
            let text = hypothesis.nxt_most - u32::from(hypothesis.fin_taken);
            hypothesis.state.is_synchronized() && text.gt(hypothesis.irs + 1 + *read)
        });
        let closed = user::close(hypothesis, pair, now);
        if hypothesis.state == State::SynSent {
            // V-41: a reset is the user's to ask for at any time.
            after.push(closed.owing_reset(Reset { form, required: false, due: due(Why::Abort) }));
        } else {
            after.push(closed);
        }
        if loses.is_some() {
            let ended = hypothesis.excused_by(22).closed(Ending::Closed);
            after.push(ended.owing_reset(Reset { form, required: true, due: due(Why::LostText) }));
        }
    }
    pair.aborted |= abort;
    pair.closed = true;
    pair.hypotheses = after;
}
