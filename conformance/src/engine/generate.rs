//! Scenarios from nothing: an opening that works, calls and segments that a peer might send, and hostile ones.
//!
//! Plausible comes first: most stories open a connection properly and go on with numbers near the live ones, which
//! the anchors of scenarios give; only from there do strange segments reach anything. No story expects anything: what
//! is right is for the judge to say.
//!
//! It leaves out what other stories were good for ([`super::mutate`]).

use tcpspec_core::Control;

use super::draw::Draw;
use crate::scenario::{
    DEFAULT_RECEIVE, IcmpKind, IcmpSpec, MAX_TRAFFIC_CLASS, OptionSpec, Scenario, ScenarioCall, ScenarioKnob,
    ScenarioSetup, SegmentSpec, Span, Step, What, When,
};
use crate::stack::{Capability, Declaration};

mod segment;

pub(super) use segment::{change_segment, hostile, plausible};

/// Most steps of a story; a longer one shows nothing that a person would read.
pub(super) const MOST_STEPS: usize = 48;

/// How the peer of one story behaves where it has a choice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct PeerProfile {
    /// The window that it usually offers; none: the largest.
    pub(super) window: Option<u16>,
    /// What it puts on its SYN.
    pub(super) options: SynOptions,
    /// Octets of text that its segments usually have.
    pub(super) text: u32,
}

/// The options of a peer's SYN.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum SynOptions {
    /// A Maximum Segment Size of 1460.
    Usual,
    /// None at all.
    None,
    /// A Maximum Segment Size.
    Mss(u16),
    /// The usual one and a window scale.
    Scaled(u8),
    /// The usual one and SACK-permitted.
    Selective,
    /// All that a present-day host asks for.
    Everything,
}

impl SynOptions {
    fn list(self) -> Option<Vec<OptionSpec>> {
        let usual = OptionSpec::MaximumSegmentSize(1460);
        match self {
            Self::Usual => None,
            Self::None => Some(Vec::new()),
            Self::Mss(mss) => Some(vec![OptionSpec::MaximumSegmentSize(mss)]),
            Self::Scaled(shift) => Some(vec![usual, OptionSpec::WindowScale(shift)]),
            Self::Selective => Some(vec![usual, OptionSpec::SackPermitted]),
            Self::Everything => Some(vec![
                usual,
                OptionSpec::SackPermitted,
                OptionSpec::Timestamps { value: 1000, echo_reply: 0 },
                OptionSpec::NoOperation,
                OptionSpec::WindowScale(7),
            ]),
        }
    }
}

impl PeerProfile {
    pub(super) fn draw(draw: &mut Draw<'_>) -> Self {
        Self {
            window: draw.weighted(&[
                (8, None),
                (2, Some(0)),
                (1, Some(1)),
                (2, Some(10)),
                (2, Some(1000)),
                (2, Some(4096)),
            ]),
            options: draw.weighted(&[
                (12, SynOptions::Usual),
                (2, SynOptions::None),
                (1, SynOptions::Mss(0)),
                (1, SynOptions::Mss(1)),
                (2, SynOptions::Mss(64)),
                (1, SynOptions::Mss(536)),
                (1, SynOptions::Mss(u16::MAX)),
                (1, SynOptions::Scaled(0)),
                (1, SynOptions::Scaled(2)),
                (1, SynOptions::Scaled(14)),
                (1, SynOptions::Scaled(15)),
                (1, SynOptions::Selective),
                (1, SynOptions::Everything),
            ]),
            text: draw.weighted(&[(3, 1), (4, 10), (3, 100), (1, 536), (2, 1000), (1, 1460)]),
        }
    }
}

/// What a story plays with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stage<'a> {
    /// What the stack can do.
    pub(super) stack: &'a Declaration,
    /// What the peers are like.
    pub(super) peer: PeerProfile,
    /// The highest label of a connection.
    pub(super) connections: u8,
}

impl Stage<'_> {
    fn can(&self, capability: Capability) -> bool {
        self.stack.lack(capability).is_none()
    }

    /// A weight for what needs a capability.
    fn if_can(&self, capability: Capability, weight: u32) -> u32 {
        if self.can(capability) { weight } else { 0 }
    }

    fn connection(&self, draw: &mut Draw<'_>) -> u8 {
        1 + u8::try_from(draw.below(self.connections.into())).unwrap_or_default()
    }
}

/// A story from nothing.
pub(super) fn scenario(draw: &mut Draw<'_>, stack: &Declaration) -> Scenario {
    let connections = draw.weighted(&[(12, 1), (2, 2), (1, 3)]);
    let stage = Stage { stack, peer: PeerProfile::draw(draw), connections };
    let setup = setup(draw, stack);
    let mut steps = Vec::new();
    for connection in 1..=connections {
        let before = steps.len();
        opening(draw, &stage, &mut steps);
        steps[before..].iter_mut().for_each(|step| step.connection = connection);
    }
    let wanted = steps.len() + draw.below(10) as usize;
    advance(draw, &stage, &mut steps);
    // Half of the stories are those of an honest peer on a bad network; the other half meets anything.
    let hostile = draw.one_in(2);
    while steps.len() < wanted {
        let step = step(draw, &stage, hostile);
        steps.push(step);
    }
    rest(draw, &mut steps);
    Scenario {
        name: String::new(),
        title: String::new(),
        checks: Vec::new(),
        needs: Vec::new(),
        setup,
        connections: Vec::new(),
        steps,
    }
}

pub(super) fn setup(draw: &mut Draw<'_>, stack: &Declaration) -> ScenarioSetup {
    let buffer = match draw.weighted(&[(50, 0), (10, 1), (10, 2), (10, 3), (4, 4), (1, 5)]) {
        0 => None,
        1 => Some(6 + draw.below(15)),
        2 => Some(draw.of_these(&[64, 100, 536, 1000, 1460, 2920])),
        3 => Some(1 + draw.below(8192)),
        4 => Some(draw.of_these(&[65_535, 65_536, 100_000])),
        _ => Some(1 << 20),
    };
    let mtu = draw.weighted(&[
        (16, None),
        (1, Some(68)),
        (2, Some(576)),
        (1, Some(1280)),
        (1, Some(9000)),
        (1, Some(u16::MAX)),
    ]);
    let near =
        |draw: &mut Draw<'_>, point: u32| point.wrapping_sub(1 + draw.below(40)).wrapping_add(draw.below(20));
    let peer_iss = match draw.weighted(&[(5, 0), (2, 1), (2, 2), (1, 3)]) {
        0 => None,
        1 => Some(near(draw, 0)),
        2 => Some(near(draw, 1 << 31)),
        _ => Some(draw.any()),
    };
    let seed = if draw.one_in(3) { Some(u64::from(draw.any())) } else { None };
    let nagle = draw.weighted(&[(4, None), (1, Some(false))]);
    let apart = draw.one_in(8);
    let congestion = stack.lack(Capability::CongestionControl).is_none() && draw.one_in(6);
    let receive_buffer = apart.then(|| draw.of_these(&[1, 6, 100, 1000, 70_000]));
    let send_buffer = (apart && draw.one_in(2)).then(|| draw.of_these(&[1, 6, 100, 1000, 70_000]));
    // How much is under way shows only where there is more to send than may be.
    let ample = congestion && draw.one_in(2);
    ScenarioSetup {
        buffer,
        receive_buffer,
        send_buffer: if ample { Some(200_000) } else { send_buffer },
        mtu,
        peer_iss,
        seed,
        nagle,
        congestion: congestion.then_some(true),
        network: None,
    }
}

/// What opens the connection, if anything does.
fn opening(draw: &mut Draw<'_>, stage: &Stage<'_>, steps: &mut Vec<Step>) {
    let (active, peer) = (stage.can(Capability::ActiveOpen), stage.peer);
    let syn = SegmentSpec { options: peer.options.list(), ..segment(Control::SYN, peer.window) };
    let ack = segment(Control::ACK, peer.window);
    let answer = SegmentSpec { ctl: Control::SYN | Control::ACK, ..syn.clone() };
    let way = draw.weighted(&[(40, 0), (24, 1), (5, 2), (6, 3), (6, 4), (4, 5), (4, 6), (2, 7)]);
    match way {
        0 => steps.extend([call(ScenarioCall::OpenPassive), sends(syn), sends(ack)]),
        1 if active => steps.extend([call(ScenarioCall::OpenActive), sends(answer)]),
        2 if active => steps.extend([call(ScenarioCall::OpenActive), sends(syn), sends(ack)]),
        3 => steps.extend([call(ScenarioCall::OpenPassive), sends(syn)]),
        4 if active => steps.push(call(ScenarioCall::OpenActive)),
        5 if active => steps.extend([call(ScenarioCall::OpenActive), sends(syn)]),
        6 => steps.push(call(ScenarioCall::OpenPassive)),
        7 => {}
        _ => steps.extend([call(ScenarioCall::OpenPassive), sends(syn), sends(ack)]),
    }
}

/// Some of what leads on from there: text either way, then the ways of closing.
fn advance(draw: &mut Draw<'_>, stage: &Stage<'_>, steps: &mut Vec<Step>) {
    use ScenarioCall::{Close, Receive, Send};
    let peer = stage.peer;
    let ack = segment(Control::ACK, peer.window);
    let fin = segment(Control::FIN | Control::ACK, peer.window);
    // Acknowledges all but the last: with nothing but a FIN in flight, not the FIN.
    let early_fin =
        SegmentSpec { ack: Some(segment::ack_of(crate::scenario::Anchor::SndUna, 0)), ..fin.clone() };
    if draw.one_in(3) {
        steps.push(call(Send(octets(draw))));
        if draw.one_in(2) {
            steps.push(sends(ack.clone()));
        }
    }
    if draw.one_in(3) {
        steps.push(sends(SegmentSpec { len: peer.text, ..ack.clone() }));
        if draw.one_in(2) {
            steps.push(call(Receive(DEFAULT_RECEIVE)));
        }
    }
    if draw.one_in(8) {
        stream(draw, peer, steps);
    }
    match draw.below(16) {
        0 => steps.push(call(Close)),
        1 => steps.extend([call(Close), sends(ack)]),
        2 => steps.push(sends(fin)),
        3 => steps.extend([sends(fin), call(Close)]),
        4 => steps.extend([call(Close), sends(early_fin)]),
        5 => steps.extend([call(Close), sends(fin)]),
        6 => steps.extend([call(Close), sends(ack), sends(fin)]),
        7 => steps.extend([sends(fin), call(Close), sends(ack)]),
        _ => {}
    }
}

/// A stretch of a long transfer: text that the peer sends in a row, maybe with one segment missing, or text of the user
/// that the peer acknowledges in rounds.
fn stream(draw: &mut Draw<'_>, peer: PeerProfile, steps: &mut Vec<Step>) {
    let ack = segment(Control::ACK, peer.window);
    let rounds = 2 + draw.below(5);
    if draw.one_in(2) {
        let missing = if draw.one_in(2) { draw.below(rounds) } else { rounds };
        let text = SegmentSpec { len: peer.text, ..ack };
        for round in 0..rounds {
            let ahead = i64::from(peer.text) * i64::from(round - missing.min(round));
            let seq = (round > missing).then(|| segment::ack_of(crate::scenario::Anchor::PeerNxt, ahead));
            if round != missing {
                steps.push(sends(SegmentSpec { seq, ..text.clone() }));
            }
        }
        return;
    }
    let pause = draw.of_these(&[1_000, 100_000, 400_000]);
    steps.push(call(ScenarioCall::Send(octets(draw))));
    for _ in 0..rounds {
        let when = When::After(Span { msl: 0, micros: pause });
        steps.push(Step { when, ..sends(ack.clone()) });
    }
}

/// One more thing that happens.
pub(super) fn step(draw: &mut Draw<'_>, stage: &Stage<'_>, anything: bool) -> Step {
    let hostility = if anything { 32 } else { 0 };
    let device = stage.if_can(Capability::RefusingDevice, 1);
    let icmp = if anything { stage.if_can(Capability::Icmp, 1) } else { 0 };
    let mut connection = stage.connection(draw);
    let what = match draw.weighted(&[(20, 0), (12, 1), (hostility, 2), (device, 3), (icmp, 4)]) {
        0 => What::Segment(plausible(draw, stage.peer)),
        1 => What::Call { call: any_call(draw, stage), expected: Vec::new() },
        2 => What::Segment(hostile(draw, stage.peer)),
        4 => What::Icmp(IcmpSpec {
            kind: draw.of_these(&IcmpKind::ALL),
            seq: draw.one_in(2).then(|| segment::ack_of(crate::scenario::Anchor::SndNxt, 0)),
        }),
        _ => {
            connection = 1;
            What::Device { refuses: draw.one_in(2) }
        }
    };
    Step { when: When::After(pause(draw)), connection, what }
}

/// A call, mostly of those that go on.
pub(super) fn any_call(draw: &mut Draw<'_>, stage: &Stage<'_>) -> ScenarioCall {
    let active = stage.if_can(Capability::ActiveOpen, 2);
    let urgent = stage.if_can(Capability::Urgent, 2);
    match draw.weighted(&[(16, 0), (10, 1), (8, 2), (2, 3), (2, 4), (active, 5), (urgent, 6), (1, 7)]) {
        0 => ScenarioCall::Send(octets(draw)),
        1 => ScenarioCall::Receive(draw.weighted(&[(4, DEFAULT_RECEIVE), (1, 1), (1, 10), (1, 1000)])),
        2 => ScenarioCall::Close,
        3 => ScenarioCall::Abort,
        4 => ScenarioCall::OpenPassive,
        5 => ScenarioCall::OpenActive,
        6 => ScenarioCall::SendUrgent(octets(draw)),
        _ => ScenarioCall::Set(knob(draw, stage)),
    }
}

fn knob(draw: &mut Draw<'_>, stage: &Stage<'_>) -> ScenarioKnob {
    let keep_alive = stage.if_can(Capability::KeepAlive, 2);
    let user_timeout = stage.if_can(Capability::UserTimeout, 2);
    let span = |draw: &mut Draw<'_>, choices: &[i64]| match draw.of_these(choices) {
        0 => None,
        seconds => Some(Span { msl: 0, micros: seconds * 1_000_000 }),
    };
    let class = stage.if_can(Capability::TrafficClass, 1);
    match draw.weighted(&[(2, 0), (keep_alive, 1), (user_timeout, 2), (class, 3)]) {
        0 => ScenarioKnob::Nagle(draw.one_in(2)),
        1 => ScenarioKnob::KeepAlive(span(draw, &[10, 60, 7200, 0])),
        2 => ScenarioKnob::UserTimeout(span(draw, &[100, 300, 1, 0])),
        _ => ScenarioKnob::TrafficClass(
            u8::try_from(draw.below(u32::from(MAX_TRAFFIC_CLASS) + 1)).unwrap_or_default(),
        ),
    }
}

/// Octets that a user sends.
fn octets(draw: &mut Draw<'_>) -> u32 {
    match draw.weighted(&[(6, 0), (3, 1), (1, 2)]) {
        0 => draw.of_these(&[1, 2, 10, 100]),
        1 => draw.of_these(&[536, 1000, 1460, 3000, 4096, 5000]),
        _ => draw.of_these(&[0, 20_000, 70_000]),
    }
}

/// How long after the step before: mostly at once.
pub(super) fn pause(draw: &mut Draw<'_>) -> Span {
    let micros = |micros| Span { msl: 0, micros };
    match draw.weighted(&[(30, 0), (8, 1), (8, 2), (2, 3), (1, 4)]) {
        0 => Span::default(),
        1 => micros(draw.of_these(&[1, 1000, 10_000, 50_000, 100_000])),
        2 => micros(draw.of_these(&[200_000, 500_000, 1_000_000, 1_100_000, 3_000_000])),
        3 => micros(draw.of_these(&[10_000_000, 60_000_000, 120_000_000, 600_000_000])),
        _ => draw.of_these(&[
            Span { msl: 1, micros: 0 },
            Span { msl: 2, micros: -1000 },
            Span { msl: 2, micros: 0 },
            Span { msl: 2, micros: 100_000 },
        ]),
    }
}

/// Time at the end, in which what is owed falls due.
fn rest(draw: &mut Draw<'_>, steps: &mut Vec<Step>) {
    if steps.is_empty() || draw.one_in(2) {
        let micros = draw.of_these(&[600_000, 1_200_000, 5_000_000, 130_000_000]);
        let what = What::Call { call: ScenarioCall::Receive(DEFAULT_RECEIVE), expected: Vec::new() };
        steps.push(Step { when: When::After(Span { msl: 0, micros }), connection: 1, what });
    }
}

pub(super) const fn call(call: ScenarioCall) -> Step {
    let when = When::After(Span { msl: 0, micros: 0 });
    Step { when, connection: 1, what: What::Call { call, expected: Vec::new() } }
}

pub(super) const fn sends(segment: SegmentSpec) -> Step {
    Step { when: When::After(Span { msl: 0, micros: 0 }), connection: 1, what: What::Segment(segment) }
}

/// A segment with the right numbers.
pub(super) const fn segment(ctl: Control, window: Option<u16>) -> SegmentSpec {
    let damage = crate::scenario::Damage {
        bad_checksum: false,
        data_offset: None,
        reserved: 0,
        ip_options: false,
        cut: None,
    };
    SegmentSpec {
        ctl,
        seq: None,
        len: 0,
        ack: None,
        wnd: window,
        up: 0,
        options: None,
        from: None,
        to: None,
        route: None,
        damage,
    }
}
