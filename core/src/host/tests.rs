//! Several connections on one host: who gets which segment, and which pairs of sockets can be opened when.

use core::net::Ipv4Addr;
use core::time::Duration;
use std::vec::Vec;

use super::*;
use crate::profile::TimeWaitReuse;
use crate::segment::Control;

const HERE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const THERE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);

/// What the host sent: pair, header and text.
type Sent = (SocketPair, Outgoing, Vec<u8>);

struct Network {
    host: Host,
    now: Instant,
    sent: Vec<Sent>,
}

fn remote(port: u16) -> SocketAddr {
    SocketAddr::new(THERE.into(), port)
}

impl Network {
    fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings {
            address: HERE.into(),
            profile: Profile { msl: Duration::from_secs(10), ..Profile::default() },
            backlog: 2,
            most_connections: 4,
            iss: IssSource::Fixed(SeqNumber(300)),
        };
        change(&mut settings);
        Self { host: Host::new(settings), now: Instant::ZERO, sent: Vec::new() }
    }

    fn new() -> Self {
        Self::with(|_| {})
    }

    /// A segment from `source` to `port`; what it is answered with.
    fn arrives(&mut self, source: SocketAddr, port: u16, segment: &Segment<'_>) -> Vec<Sent> {
        self.arrives_at(source, SocketAddr::new(HERE.into(), port), segment)
    }

    fn arrives_at(&mut self, source: SocketAddr, to: SocketAddr, segment: &Segment<'_>) -> Vec<Sent> {
        let Self { host, now, sent, .. } = self;
        sent.clear();
        host.segment_arrives(*now, source, to, segment, &mut |datagram| note(sent, &datagram));
        core::mem::take(sent)
    }

    fn connect(&mut self, port: u16, to: SocketAddr) -> Result<ConnectionId, CallError> {
        let Self { host, now, sent, .. } = self;
        host.connect(*now, port, to, &mut |datagram| note(sent, &datagram))
    }

    fn call(&mut self, id: ConnectionId, call: Call<'_>) -> Outcome {
        let Self { host, now, sent, .. } = self;
        host.call(*now, id, call, &mut |datagram| note(sent, &datagram))
    }

    /// Lets time pass; what timers send.
    fn wait(&mut self, duration: Duration) -> Vec<Sent> {
        self.now = self.now + duration;
        let Self { host, now, sent, .. } = self;
        host.timeouts(*now, &mut |datagram| note(sent, &datagram));
        core::mem::take(sent)
    }

    /// A connection from `source`, accepted.
    fn accepted(&mut self, listener: ConnectionId, source: SocketAddr) -> ConnectionId {
        assert_eq!(self.arrives(source, 80, &syn()).len(), 1);
        assert_eq!(self.host.accept(listener), None, "SYN-RECEIVED is not for the user (V-60)");
        assert_eq!(self.arrives(source, 80, &ack(1001, 301)).len(), 0);
        self.host.accept(listener).expect("it has opened")
    }

    fn state(&self, id: ConnectionId) -> Option<State> {
        self.host.connection(id).map(|connection| connection.tcb.state)
    }
}

fn note(sent: &mut Vec<Sent>, datagram: &Datagram<'_>) {
    let text = [datagram.text.0, datagram.text.1].concat();
    sent.push((datagram.pair, *datagram.segment, text));
}

fn syn() -> Segment<'static> {
    Segment { seq: SeqNumber(1000), ctl: Control::SYN, wnd: 1000, ..Segment::default() }
}

fn ack(seq: u32, ack: u32) -> Segment<'static> {
    Segment { seq: SeqNumber(seq), ack: SeqNumber(ack), ctl: Control::ACK, wnd: 1000, ..Segment::default() }
}

fn fin(seq: u32, acknowledged: u32) -> Segment<'static> {
    Segment { ctl: Control::FIN | Control::ACK, ..ack(seq, acknowledged) }
}

fn reset(seq: u32) -> Segment<'static> {
    Segment { ctl: Control::RST, ..ack(seq, 0) }
}

#[test]
fn a_listener_outlives_the_connections_that_it_spawns() {
    let mut network = Network::new();
    let listener = network.host.listen(80, None).expect("room");
    let first = network.accepted(listener, remote(1));
    let second = network.accepted(listener, remote(2));
    assert_ne!(first, second);
    let pair = |id| network.host.connection(id).map(|connection| connection.pair.remote);
    assert_eq!((pair(first), pair(second)), (Some(remote(1)), Some(remote(2))));
    assert_eq!(network.call(listener, Call::Status), Outcome::Status(State::Listen));
    let remotes: Vec<_> =
        network.host.connections().iter().map(|connection| connection.pair.remote).collect();
    assert_eq!(remotes, [remote(1), remote(2)]);
}

#[test]
fn text_goes_to_the_connection_of_its_pair_of_sockets() {
    let mut network = Network::new();
    let listener = network.host.listen(80, None).expect("room");
    let (first, second) = (network.accepted(listener, remote(1)), network.accepted(listener, remote(2)));
    network.arrives(remote(2), 80, &Segment { text: b"hello", ..ack(1001, 301) });
    assert_eq!(network.call(first, Call::Receive { max: 9 }), Outcome::Queued);
    let received = Outcome::Received { len: 5, push: false, urgent: false };
    assert_eq!(network.call(second, Call::Receive { max: 9 }), received);
    assert_eq!(network.host.octets(), b"hello");
    assert_eq!(network.call(ConnectionId(99), Call::Status), Outcome::Error(CallError::DoesNotExist));
}

#[test]
fn a_segment_for_no_connection_is_answered_from_its_own_sockets() {
    let mut network = Network::new();
    let answers = network.arrives(remote(7), 81, &ack(5, 77));
    let [(pair, answer, _)] = &answers[..] else { panic!("{answers:?}") };
    assert_eq!((pair.local, pair.remote), (SocketAddr::new(HERE.into(), 81), remote(7)));
    assert_eq!((answer.seq, answer.ctl), (SeqNumber(77), Control::RST));
    assert!(network.host.take_rules().has(Rule::Closed3));
    assert!(network.host.take_rules().is_empty());
}

#[test]
fn addresses_that_are_nobodys_are_ignored() {
    let mut network = Network::new();
    network.host.listen(80, None).expect("room");
    let broadcast = SocketAddr::new(Ipv4Addr::BROADCAST.into(), 80);
    let multicast = SocketAddr::new(Ipv4Addr::new(224, 0, 0, 1).into(), 80);
    let unspecified = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 80);
    for destination in [broadcast, multicast, unspecified] {
        assert_eq!(network.arrives_at(remote(1), destination, &syn()), []);
        assert!(network.host.take_rules().has(Rule::Pre2), "{destination}");
    }
    let loopback = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 80);
    for source in [broadcast, multicast, unspecified, loopback] {
        assert_eq!(network.arrives(source, 80, &syn()), []);
        assert!(network.host.take_rules().has(Rule::Pre3), "{source}");
    }
    let elsewhere = SocketAddr::new(THERE.into(), 80);
    assert_eq!(network.arrives_at(remote(1), elsewhere, &syn()), [], "a packet for another host");
    assert_eq!(network.host.connections().len(), 0);
    assert_eq!(network.connect(9, multicast), Err(CallError::RemoteSocketInvalid));
    assert_eq!(network.host.listen(82, Some(broadcast)), Err(CallError::RemoteSocketInvalid));
    assert!(network.host.take_rules().has(Rule::Open4));
}

#[test]
fn a_listener_that_names_a_remote_socket_talks_to_no_other() {
    let mut network = Network::new();
    let named = network.host.listen(80, Some(remote(5))).expect("room");
    let answers = network.arrives(remote(6), 80, &syn());
    assert_eq!(answers[0].1.ctl, Control::RST | Control::ACK);
    assert!(network.host.take_rules().has(Rule::Listen8));
    network.arrives(remote(6), 80, &ack(1, 2));
    network.arrives(remote(6), 81, &syn());
    assert!(!network.host.take_rules().has(Rule::Listen8), "no request, or nobody listens");
    let open = network.host.listen(80, None).expect("another remote socket, another listener (MUST-41)");
    assert!(network.host.take_rules().has(Rule::Open11));
    network.accepted(named, remote(5));
    network.accepted(open, remote(6));
    assert_eq!(network.host.listen(80, None), Err(CallError::AlreadyExists));
}

#[test]
fn a_half_open_connection_that_is_reset_leaves_nothing_behind() {
    let mut network = Network::new();
    let listener = network.host.listen(80, None).expect("room");
    network.arrives(remote(1), 80, &syn());
    assert_eq!(network.host.unaccepted(listener).map(|child| child.tcb.state), Some(State::SynReceived));
    assert_eq!(network.arrives(remote(1), 80, &reset(1001)), []);
    assert!(network.host.unaccepted(listener).is_none());
    assert_eq!(network.host.next_deadline(), None);
    network.accepted(listener, remote(1));
}

#[test]
fn a_half_open_connection_that_nobody_completes_is_given_up() {
    let mut network = Network::new();
    let listener = network.host.listen(80, None).expect("room");
    network.arrives(remote(1), 80, &syn());
    for _ in 0..30 {
        network.wait(Duration::from_secs(10));
    }
    assert!(network.host.unaccepted(listener).is_none(), "the user timeout ends it (V-40)");
    assert_eq!(network.host.accept(listener), None);
}

#[test]
fn requests_beyond_the_backlog_are_dropped_and_succeed_later() {
    let mut network = Network::new();
    let listener = network.host.listen(80, None).expect("room");
    for port in 1..=2 {
        assert_eq!(network.arrives(remote(port), 80, &syn()).len(), 1);
    }
    assert_eq!(network.arrives(remote(3), 80, &syn()), [], "a full backlog drops requests (V-36)");
    assert_eq!(network.arrives(remote(3), 80, &ack(1, 2))[0].1.ctl, Control::RST, "and nothing else");
    network.arrives(remote(1), 80, &ack(1001, 301));
    assert!(network.host.accept(listener).is_some());
    assert_eq!(network.arrives(remote(3), 80, &syn()).len(), 1);
}

#[test]
fn records_are_limited_and_released_ones_make_room() {
    let mut network = Network::with(|settings| settings.most_connections = 1);
    let first = network.connect(1, remote(80)).expect("room");
    assert_eq!(network.connect(2, remote(80)), Err(CallError::InsufficientResources));
    assert!(network.host.take_rules().has(Rule::Open3));
    network.host.listen(80, None).expect("listeners have a list of their own");
    assert_eq!(network.host.listen(81, None), Err(CallError::InsufficientResources));
    assert_eq!(network.arrives(remote(9), 80, &syn()), [], "no record, no answer");
    network.call(first, Call::Abort);
    assert_eq!(network.state(first), Some(State::Closed), "the user may still ask how it ended");
    network.host.release(first);
    assert_eq!(network.state(first), None);
    network.connect(2, remote(80)).expect("room again");
}

#[test]
fn a_released_connection_goes_when_its_time_wait_is_over() {
    let mut network = Network::new();
    let listener = network.host.listen(80, None).expect("room");
    let id = network.accepted(listener, remote(1));
    network.call(id, Call::Close);
    network.sent.clear();
    network.host.release(id);
    assert_eq!(network.arrives(remote(1), 80, &fin(1001, 302)).len(), 1);
    assert_eq!(network.state(id), Some(State::TimeWait));
    network.wait(Duration::from_secs(20));
    assert_eq!(network.state(id), None);
}

#[test]
fn a_pair_of_sockets_cannot_be_opened_again_before_time_wait_is_over() {
    let mut network = Network::new();
    let id = network.connect(9, remote(80)).expect("room");
    network.arrives(remote(80), 9, &Segment { ctl: Control::SYN | Control::ACK, ..ack(1000, 301) });
    network.call(id, Call::Close);
    network.arrives(remote(80), 9, &fin(1001, 302));
    assert_eq!(network.state(id), Some(State::TimeWait));
    assert_eq!(network.connect(9, remote(80)), Err(CallError::AlreadyExists));
    assert!(network.host.take_rules().has(Rule::Open12));
    network.wait(Duration::from_secs(19));
    assert_eq!(network.connect(9, remote(80)), Err(CallError::AlreadyExists));
    network.wait(Duration::from_secs(1));
    network.connect(9, remote(80)).expect("2 MSL have passed");
}

#[test]
fn early_reuse_of_a_pair_chooses_a_higher_initial_number() {
    let mut network =
        Network::with(|settings| settings.profile.time_wait_reuse = TimeWaitReuse::HigherSequenceNumber);
    let listener = network.host.listen(80, None).expect("room");
    let id = network.accepted(listener, remote(1));
    network.call(id, Call::Close);
    network.sent.clear();
    network.arrives(remote(1), 80, &fin(1001, 302));
    let answers = network.arrives(remote(1), 80, &Segment { seq: SeqNumber(9000), ..syn() });
    let [(_, answer, _)] = &answers[..] else { panic!("{answers:?}") };
    assert_eq!((answer.ctl, answer.ack), (Control::SYN | Control::ACK, SeqNumber(9001)));
    assert!(answer.seq.gt(SeqNumber(302)), "above every number of the old incarnation (MAY-2 (1))");
}

#[test]
fn closing_a_listener_resets_what_nobody_can_accept_any_more() {
    let mut network = Network::new();
    let listener = network.host.listen(80, None).expect("room");
    let accepted = network.accepted(listener, remote(1));
    network.arrives(remote(2), 80, &syn());
    let refused = Outcome::Error(CallError::DoesNotExist);
    assert_eq!(network.call(listener, Call::Receive { max: 1 }), refused, "a listener has no text");
    network.host.take_rules();
    assert_eq!(network.call(listener, Call::Close), Outcome::Ok);
    let rules = network.host.take_rules();
    assert!(rules.has(Rule::Close3) && !rules.has(Rule::Abort3));
    let [(pair, answer, _)] = &network.sent[..] else { panic!("{:?}", network.sent) };
    assert_eq!((pair.remote, answer.ctl), (remote(2), Control::RST));
    assert_eq!(network.state(accepted), Some(State::Established));
    assert_eq!(network.call(listener, Call::Status), refused);
}

#[test]
fn timers_go_off_at_their_deadlines_earliest_first() {
    let mut network = Network::new();
    network.connect(1, remote(80)).expect("room");
    network.now = Instant(500_000);
    network.connect(2, remote(80)).expect("room");
    network.sent.clear();
    assert_eq!(network.host.next_deadline(), Some(Instant(1_000_000)));
    assert_eq!(network.wait(Duration::from_millis(499)), []);
    let again = network.wait(Duration::from_millis(501));
    let ports: Vec<_> = again.iter().map(|(pair, segment, _)| (pair.local.port(), segment.ctl)).collect();
    assert_eq!(ports, [(1, Control::SYN), (2, Control::SYN)]);
    assert_eq!(network.host.next_deadline(), Some(Instant(3_500_000)), "doubled from when they went off");
}

#[test]
fn text_that_was_not_read_before_the_record_went_can_still_be_read() {
    let mut network = Network::new();
    let listener = network.host.listen(80, None).expect("room");
    let id = network.accepted(listener, remote(1));
    network.arrives(remote(1), 80, &Segment { text: b"last words", ..fin(1001, 301) });
    network.call(id, Call::Close);
    network.arrives(remote(1), 80, &ack(1012, 302));
    assert_eq!(network.state(id), Some(State::Closed));
    for (max, expected) in [(4, &b"last"[..]), (99, b" words")] {
        let len = expected.len() as u32;
        let received = Outcome::Received { len, push: false, urgent: false };
        assert_eq!(network.call(id, Call::Receive { max }), received);
        assert_eq!(network.host.octets(), expected);
    }
    assert_eq!(network.call(id, Call::Receive { max: 1 }), Outcome::Error(CallError::DoesNotExist));
    let connection = network.host.connection(id).expect("not released");
    assert_eq!((connection.ending, connection.peer_closed), (Some(Ending::Closed), true));
}

#[test]
fn a_failed_connection_says_why_it_ended() {
    let mut network = Network::new();
    let id = network.connect(1, remote(80)).expect("room");
    let refusal = Segment { ctl: Control::RST | Control::ACK, ..ack(0, 301) };
    network.arrives(remote(80), 1, &refusal);
    let ending = |network: &Network, id| network.host.connection(id).and_then(|connection| connection.ending);
    assert_eq!(ending(&network, id), Some(Ending::Failed(CallError::ConnectionReset)));
    let late = network.connect(2, remote(80)).expect("room");
    network.wait(Duration::from_secs(300));
    assert_eq!(ending(&network, late), Some(Ending::Failed(CallError::UserTimeout)));
}

#[test]
fn initial_numbers_come_from_the_drivers_function_if_there_is_one() {
    fn choose(pair: &SocketPair, now: Instant, secret: u64) -> SeqNumber {
        let sum = u64::from(pair.remote.port()) + now.0 + secret;
        SeqNumber(u32::try_from(sum).unwrap_or_default())
    }
    let mut network = Network::with(|settings| settings.iss = IssSource::Function { choose, secret: 40_000 });
    network.now = Instant(1_000_000);
    network.connect(1, remote(80)).expect("room");
    assert_eq!(network.sent[0].1.seq, SeqNumber(1_040_080));
    let listener = network.host.listen(80, None).expect("room");
    let answers = network.arrives(remote(5), 80, &syn());
    assert_eq!(answers[0].1.seq, SeqNumber(1_040_005));
    assert!(network.host.listener(listener).is_some());
}

#[test]
fn every_event_of_every_connection_goes_through_the_step_that_the_host_was_given() {
    let mut seen = Vec::new();
    let mute = |tcb: &mut Tcb, context: Context, event: Event<'_>, actions: &mut Actions| {
        step(tcb, context, event, actions);
        seen.push(tcb.state);
        actions.list.retain(|action| !matches!(action, crate::Action::Transmit(_)));
    };
    let settings = Network::new().host.settings;
    let mut host = Host::with_step(settings, mute);
    let pair = (remote(5000), SocketAddr::new(HERE.into(), 80));
    let mut sent = 0;
    host.segment_arrives(Instant::ZERO, pair.0, pair.1, &syn(), &mut |_| sent += 1);
    host.listen(80, None).expect("there is room");
    host.segment_arrives(Instant::ZERO, pair.0, pair.1, &syn(), &mut |_| sent += 1);
    host.timeouts(Instant::ZERO + Duration::from_secs(1), &mut |_| sent += 1);
    host.start_over(settings);
    assert_eq!((host.connections().len(), host.next_deadline(), sent), (0, None, 0));
    host.listen(80, None).expect("nobody listens any more");
    drop(host);
    assert_eq!(seen, [State::Closed, State::Listen, State::SynReceived, State::SynReceived]);
}
