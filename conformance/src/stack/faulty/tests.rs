//! No fault is a fault in name only: each makes a difference somewhere, whether a case shows it or not.

use std::net::SocketAddr;
use std::time::Duration;

use tcpspec_core::event::Remote;
use tcpspec_core::segment::Integrity;
use tcpspec_core::{Call, IcmpError, SeqNumber};

use super::*;
use crate::stack::{CallFailure, Knob};
use crate::wire;

/// Numbers that look random and are the same in every run (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u32::try_from(self.0 >> 33).unwrap_or_default() % end
    }

    fn one_in(&mut self, end: u32) -> bool {
        self.below(end) == 0
    }

    fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(u32::try_from(list.len()).unwrap_or(1)) as usize]
    }

    /// A number at one of these or next to it.
    fn near(&mut self, list: &[SeqNumber]) -> SeqNumber {
        let number = self.of(list);
        if self.one_in(2) { number } else { number + self.below(5) - 2 }
    }
}

const TEXT: [u8; 3000] = [7; 3000];

const OPTIONS: [&[u8]; 16] = [
    &[],
    &[],
    &[2, 4, 0, 100],
    &[2, 4, 9, 0],
    &[1, 2, 4, 0, 100],
    &[1, 1, 0, 0],
    &[0, 2, 4, 0, 50],
    &[253, 4, 2, 2, 2, 4, 0, 100],
    &[253, 5, 2, 4, 1, 2, 4, 0, 100],
    &[3, 0],
    &[2, 9],
    &[8, 10, 0, 0, 0, 0, 0, 0, 0, 0],
    &[2, 4, 2, 0, 1, 1, 4, 2, 1, 3, 3, 2],
    &[1, 3, 3, 15],
    &[1, 1, 4, 2],
    &[1, 1, 5, 10, 0, 0, 0, 1, 0, 0, 0, 200],
];

/// An acknowledgment that says once more what the last one said.
fn duplicate(tcb: &Tcb) -> Segment<'static> {
    Segment {
        seq: tcb.rcv.nxt,
        ack: tcb.snd.una,
        ctl: Control::ACK,
        wnd: u16::try_from(tcb.snd.wnd).unwrap_or(u16::MAX),
        up: 0,
        reserved: 0,
        options: &[],
        text: &[],
        integrity: Integrity::Sound,
    }
}

/// A segment that is meant for this connection, or nearly.
fn segment(dice: &mut Dice, tcb: &Tcb) -> Segment<'static> {
    if tcb.text_in_flight() > 0 && dice.one_in(3) {
        return duplicate(tcb);
    }
    let (snd, rcv) = (tcb.snd, tcb.rcv);
    let held = tcb.reassembly.ranges().next().map_or(rcv.nxt, |(start, _)| start);
    let syn = matches!(tcb.state, State::Listen | State::SynSent | State::Closed) || dice.one_in(12);
    let plain =
        dice.of(&[Control::ACK, Control::ACK, Control::ACK, Control::ACK | Control::FIN, Control::NONE]);
    let ctl =
        if syn { dice.of(&[Control::SYN, Control::SYN, Control::SYN | Control::ACK, plain]) } else { plain };
    let crossing = tcb.state == State::SynReceived && dice.one_in(4);
    let ctl = if crossing { Control::SYN | Control::ACK } else { ctl };
    let extra = dice.of(&[Control::RST, Control::URG, Control::PSH, Control::FIN, Control::ECE]);
    let len = dice.of(&[0, 0, 0, 1, 2, 5, 10, 11, 1460]);
    let far = dice.near(&[rcv.nxt + (1 << 31), rcv.irs, SeqNumber(u32::MAX), SeqNumber(0), SeqNumber(3)]);
    let seq = match dice.below(16) {
        _ if crossing => rcv.irs,
        0..8 if tcb.state == State::Closing => rcv.nxt - 1,
        0..8 => rcv.nxt,
        8..10 => dice.near(&[rcv.nxt]),
        10..12 => dice.near(&[tcb.right_edge(), tcb.right_edge() - len]),
        12..14 => rcv.nxt - dice.below(len + 2),
        14 => held - len,
        _ => far,
    };
    let oldest = snd.una - snd.max_wnd;
    let acknowledged = [snd.nxt, snd.nxt, snd.nxt, snd.una, snd.iss + 1, oldest, snd.fin.unwrap_or(snd.nxt)];
    Segment {
        seq,
        ack: if dice.one_in(2) { snd.nxt } else { dice.near(&acknowledged) },
        ctl: if dice.one_in(4) { ctl | extra } else { ctl },
        wnd: dice.of(&[0, 1, 5, 100, 1000, 4000, 0x8000, 65_535]),
        up: if dice.one_in(6) { 3 } else { 0 },
        reserved: u8::from(dice.one_in(20)),
        options: if syn || dice.one_in(6) { dice.of(&OPTIONS) } else { &[] },
        text: &TEXT[..len as usize],
        integrity: match dice.below(30) {
            0 => Integrity::BadChecksum,
            1 => Integrity::BadDataOffset,
            _ => Integrity::Sound,
        },
    }
}

fn call(dice: &mut Dice) -> Call<'static> {
    let len = dice.of(&[0, 1, 10, 600, 1500, 3000]);
    match dice.below(13) {
        0..6 => Call::Send {
            text: &TEXT[..len],
            push: !dice.one_in(4),
            urgent: dice.one_in(4),
            timeout: Some(Duration::from_secs(9)).filter(|_| dice.one_in(20)),
            remote: Remote::Unspecified,
        },
        6..10 => Call::Receive { max: dice.of(&[1, 10, 4096]) },
        10 => Call::Close,
        11 => Call::KeepAlive { interval: (!dice.one_in(4)).then_some(Duration::from_secs(20)) },
        _ => {
            if dice.one_in(4) {
                Call::Abort
            } else {
                Call::Close
            }
        }
    }
}

/// A connection that has nothing behind it yet, on one of several kinds of endpoints.
fn endpoint(dice: &mut Dice) -> (Tcb, Call<'static>) {
    let profile = Profile {
        receive_buffer: dice.of(&[10, 4096, 65_535, 100_001]),
        nagle: !dice.one_in(4),
        congestion_control: dice.one_in(2),
        user_timeout: Some(Duration::from_secs(300)),
        ..if dice.one_in(2) { Profile::extended() } else { Profile::default() }
    };
    let open = if dice.one_in(2) {
        Call::OpenPassive { remote: Remote::Unspecified }
    } else {
        Call::OpenActive { remote: Remote::Specified }
    };
    (Tcb::closed(profile), open)
}

/// Lets the reference wander, and each fault of `unseen` with it for a step, until all have made a difference.
fn wander(unseen: &mut Vec<&'static Fault>, steps: u32) {
    let mut dice = Dice(0x1234_5678_9abc_def1);
    let (mut tcb, open) = endpoint(&mut dice);
    let mut next = Some(open);
    let (mut right, mut wrong) = (Actions::default(), Actions::default());
    let mut now = Instant::ZERO;
    for number in 0..steps {
        if number % 50 == 49 || (tcb.state == State::Closed && dice.one_in(4)) {
            let (fresh, open) = endpoint(&mut dice);
            (tcb, next) = (fresh, Some(open));
        }
        now = now + dice.of(&[Duration::ZERO, Duration::from_millis(10), Duration::from_secs(1)]);
        let iss = dice.of(&[SeqNumber(300), SeqNumber(u32::MAX - 20), SeqNumber((1 << 31) - 20)]);
        let context = Context { now, iss };
        let arrives = segment(&mut dice, &tcb);
        let running: Vec<Timer> = tcb.timers.iter().collect();
        let event = match (next.take(), dice.below(10)) {
            (Some(open), _) => Event::Call(open),
            (None, 0..6) => Event::SegmentArrives(&arrives),
            (None, 6 | 7) if !running.is_empty() => Event::Timeout(dice.of(&running)),
            (None, 8) if dice.one_in(10) => {
                let error = dice.of(&[IcmpError::Soft, IcmpError::Hard, IcmpError::SourceQuench]);
                Event::Icmp { error, seq: tcb.snd.una }
            }
            _ => Event::Call(call(&mut dice)),
        };
        let before = tcb.clone();
        step(&mut tcb, context, event, &mut right);
        unseen.retain(|fault| {
            if fault.rule.is_some_and(|rule| !right.rules.has(rule)) {
                return true;
            }
            let mut other = before.clone();
            faulty_step(fault.hook, &mut other, context, event, &mut wrong);
            // Other choices make no difference by being other choices.
            other.profile = tcb.profile;
            (&other, &wrong.list, &wrong.octets) == (&tcb, &right.list, &right.octets)
        });
        if unseen.is_empty() {
            return;
        }
    }
}

#[test]
fn every_fault_around_a_step_makes_a_difference_to_some_step() {
    let around = |fault: &&Fault| {
        matches!(fault.hook, Hook::Arrives(_) | Hook::Steps(..) | Hook::Chooses(_) | Hook::Told(_))
    };
    let mut unseen: Vec<_> = all().iter().filter(around).collect();
    let count = unseen.len();
    // It ends as soon as all were seen; far fewer steps do as a rule.
    wander(&mut unseen, 1_000_000);
    let names: Vec<_> = unseen.iter().map(|fault| &fault.name).collect();
    assert!(names.is_empty(), "{} of {count} change nothing: {names:#?}", names.len());
}

fn socket(last: u8, port: u16) -> SocketAddr {
    SocketAddr::new(Ipv4Addr::new(192, 0, 2, last).into(), port)
}

/// A packet from the peer, or to it, with this in its header.
fn packet(from: SocketAddr, to: SocketAddr, segment: &Segment<'_>) -> Vec<u8> {
    let mut packet = Vec::new();
    let endpoints = wire::Endpoints { source: from, destination: to };
    let header = wire::Header::of_segment(segment);
    wire::build(&endpoints, &header, [segment.text, &[]], &mut packet).expect("it fits");
    packet
}

#[test]
fn every_fault_of_packets_alters_some_packet() {
    let (here, there) = (socket(1, 80), socket(2, 50_000));
    let text = Segment { ctl: Control::ACK, text: &[1, 2, 3], ..Segment::default() };
    let syn = Segment { ctl: Control::SYN, options: &[2, 0], ..Segment::default() };
    let everybody = SocketAddr::new(Ipv4Addr::BROADCAST.into(), 80);
    let mut with_options = packet(there, here, &text);
    wire::add_ip_options(&mut with_options);
    let quoted = packet(here, there, &text);
    let endpoints = wire::Endpoints { source: here, destination: there };
    let routers = [Ipv4Addr::new(192, 0, 2, 3), Ipv4Addr::new(192, 0, 2, 77)];
    let mut routed = packet(here, there, &text);
    wire::leave_by(&mut routed, &routers);
    let mut arrived = packet(there, here, &text);
    wire::arrive_by(&mut arrived, &routers);
    let endpoints_out = wire::Endpoints { source: here, destination: there };
    let header = wire::Header { ttl: 17, ..wire::Header::of_segment(&text) };
    let mut short_lived = Vec::new();
    wire::build(&endpoints_out, &header, [text.text, &[]], &mut short_lived).expect("it fits");
    let lies = wire::Lies { ip_length: Some(wire::length_with(&endpoints, 13)), ..wire::Lies::default() };
    let header = wire::Header { lies, ..header };
    let mut cut = Vec::new();
    wire::build(&endpoints_out, &header, [text.text, &[]], &mut cut).expect("it fits");
    let packets = [
        cut,
        with_options,
        routed.clone(),
        arrived.clone(),
        short_lived,
        wire::icmp_error((3, 1), endpoints, &quoted),
        packet(here, there, &text),
        packet(there, here, &syn),
        packet(there, everybody, &text),
        packet(everybody, here, &text),
        packet(there, socket(1, 81), &text),
    ];
    for fault in all() {
        let altered = |original: &Vec<u8>| {
            let mut packet = original.clone();
            match fault.hook {
                Hook::Leaves(alter) => alter(&mut packet),
                Hook::Enters(alter) => alter(&mut Memory::new(here.ip(), there.ip()), &mut packet),
                Hook::Crosses(alter) => {
                    let mut memory = Memory::new(here.ip(), there.ip());
                    alter(&mut memory, Way::In, &mut arrived.clone());
                    alter(&mut memory, Way::Out, &mut packet);
                }
                _ => return true,
            }
            packet != *original
        };
        assert!(packets.iter().any(altered), "{} alters nothing", fault.name);
    }
}

#[test]
fn every_fault_of_answers_alters_some_answer() {
    let socket = SocketId(1);
    let calls = [
        UserCall::Listen { port: 80 },
        UserCall::Connect { port: 80, remote: self::socket(2, 80), route: &[] },
        UserCall::Accept { listener: socket },
        UserCall::Send { socket, text: &[1, 2], urgent: false },
        UserCall::Receive { socket, max: 10 },
        UserCall::Close { socket },
        UserCall::Abort { socket },
    ];
    let mut outcomes = vec![
        CallOutcome::Ok,
        CallOutcome::Opened(socket),
        CallOutcome::Sent(2),
        CallOutcome::Sent(1),
        CallOutcome::Received(vec![1, 2]),
        CallOutcome::WouldBlock,
        CallOutcome::EndOfStream,
    ];
    use CallFailure::{Closing, NoConnection, Refused, Reset, TimedOut};
    outcomes.extend([Closing, NoConnection, Refused, Reset, TimedOut].map(CallOutcome::Error));
    for fault in all() {
        let Hook::Answers(alter) = fault.hook else { continue };
        let altered = calls.iter().any(|call| outcomes.iter().any(|told| alter(call, told.clone()) != *told));
        assert!(altered, "{} alters nothing", fault.name);
    }
}

/// What a stack answers its user and the network, in a life with every call in it.
fn life(stack: &mut dyn Stack) -> Vec<String> {
    let (here, there) = (socket(1, 80), socket(2, 50_000));
    stack.reset(&Setup {
        local: here.ip(),
        peer: there.ip(),
        seed: 1,
        receive_buffer: 4096,
        send_buffer: 4096,
        mtu: 1500,
        nagle: true,
        congestion_control: false,
    });
    let mut said = Vec::new();
    let listen = |stack: &mut dyn Stack, said: &mut Vec<String>| {
        let outcome = stack.call(UserCall::Listen { port: 80 });
        said.push(outcome.to_string());
        outcome
    };
    let CallOutcome::Opened(listener) = listen(stack, &mut said) else { return said };
    listen(stack, &mut said);
    let everybody = SocketAddr::new(Ipv4Addr::BROADCAST.into(), 80);
    said.push(stack.call(UserCall::Connect { port: 1, remote: everybody, route: &[] }).to_string());
    let route = &[Ipv4Addr::new(192, 0, 2, 3)];
    said.push(stack.call(UserCall::Connect { port: 2, remote: there, route }).to_string());
    let mut request = Vec::new();
    while stack.emit(&mut request) {
        said.push(format!("{:?}", wire::parse(&request)));
    }
    for close in [true, false] {
        let peer = SocketAddr::new(there.ip(), if close { 50_000 } else { 50_001 });
        let request = Segment { ctl: Control::SYN, wnd: 1000, ..Segment::default() };
        stack.deliver(&packet(peer, here, &request));
        let mut answer = Vec::new();
        stack.emit(&mut answer);
        let seq = wire::parse(&answer).map(|parsed| parsed.segment.seq).unwrap_or_default();
        let ack = Segment { seq: SeqNumber(1), ack: seq + 1, ctl: Control::ACK, ..request };
        stack.deliver(&packet(peer, here, &ack));
        if let CallOutcome::Opened(socket) = stack.call(UserCall::Accept { listener }) {
            stack.call(UserCall::Set { socket, knob: Knob::TrafficClass(46) });
            stack.call(UserCall::Set { socket, knob: Knob::TimeToLive(17) });
            stack.call(UserCall::Set { socket, knob: Knob::Nagle(false) });
            stack.call(UserCall::Set { socket, knob: Knob::UserTimeout(Some(Duration::from_secs(1))) });
            for urgent in [false, true] {
                said.push(stack.call(UserCall::Send { socket, text: &[1, 2], urgent }).to_string());
            }
            let trouble = [false, true].map(|on| {
                stack.call(UserCall::Set { socket, knob: Knob::ErrorReports(on) });
                let endpoints = wire::Endpoints { source: here, destination: peer };
                let lost = packet(here, peer, &Segment { seq: seq + 1, ctl: Control::ACK, ..request });
                stack.deliver(&wire::icmp_error((3, 1), endpoints, &lost));
                stack.call(UserCall::Report { socket }).to_string()
            });
            said.extend(trouble);
            let end = if close { UserCall::Close { socket } } else { UserCall::Abort { socket } };
            said.push(stack.call(end).to_string());
        }
        while stack.emit(&mut answer) {
            said.push(format!("{:?}", wire::parse(&answer)));
        }
    }
    let minute = Instant::ZERO + Duration::from_secs(60);
    while stack.run_until(minute) < minute {
        let mut late = Vec::new();
        while stack.emit(&mut late) {
            said.push(format!("{:?}", wire::parse(&late)));
        }
    }
    said
}

#[test]
fn every_fault_of_calls_shows_in_a_life_with_every_call() {
    let right = life(&mut Reference::new());
    for fault in all() {
        if let Hook::Calls(_) = fault.hook {
            assert_ne!(life(&mut Faulty::new(fault)), right, "{} changes nothing", fault.name);
        }
    }
}
