//! Random scenarios without expectations: what the monitor must be able to follow.

use std::time::Duration;

use tcpspec_core::{Control, Profile};

use crate::scenario::{
    Anchor, Damage, OptionSpec, Scenario, ScenarioCall, ScenarioSetup, SegmentSpec, SeqExpr, Span, Step,
    What, When,
};

/// A sequence of numbers from a seed (SplitMix64).
pub(super) struct Dice(u64);

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::try_from(self.below(from.len() as u64)).unwrap_or(0)]
    }

    fn number(&mut self, limit: u64) -> u32 {
        u32::try_from(self.below(limit)).unwrap_or(0)
    }
}

/// One of the profiles that the reference can have.
pub(super) fn profile(dice: &mut Dice) -> Profile {
    let base = if dice.one_in(4) { Profile::rfc793() } else { Profile::default() };
    Profile {
        exact_resets: if dice.one_in(4) { !base.exact_resets } else { base.exact_resets },
        challenge_syns: if dice.one_in(4) { !base.challenge_syns } else { base.challenge_syns },
        acknowledgment_range: if dice.one_in(4) {
            !base.acknowledgment_range
        } else {
            base.acknowledgment_range
        },
        ignore_resets_in_time_wait: dice.one_in(3),
        time_wait_reuse: if dice.one_in(2) {
            tcpspec_core::profile::TimeWaitReuse::HigherSequenceNumber
        } else {
            tcpspec_core::profile::TimeWaitReuse::Refused
        },
        delayed_ack: dice.pick(&[None, Some(Duration::from_millis(200)), Some(Duration::from_millis(499))]),
        half_duplex_close: dice.one_in(4),
        msl: Duration::from_secs(dice.pick(&[1, 30, 120])),
        measure_round_trips: !dice.one_in(4),
        user_timeout: dice.pick(&[None, Some(Duration::from_secs(300)), Some(Duration::from_secs(100))]),
        ..base
    }
}

/// A scenario of some sixteen steps.
pub(super) fn scenario(dice: &mut Dice) -> Scenario {
    let active = dice.one_in(2);
    let mut steps = Vec::new();
    let mut step = |what, when| steps.push(Step { when, connection: 1, what });
    let now = When::After(Span::default());
    let call = |call| What::Call { call, expected: Vec::new() };
    step(call(if active { ScenarioCall::OpenActive } else { ScenarioCall::OpenPassive }), now);
    if !dice.one_in(4) {
        let ctl = if active { Control::SYN | Control::ACK } else { Control::SYN };
        step(What::Segment(SegmentSpec { options: options(dice, true), ..plain(ctl) }), now);
        if !active && !dice.one_in(8) {
            let wnd = Some(u16::try_from(window(dice)).unwrap_or(0));
            step(What::Segment(SegmentSpec { wnd, ..plain(Control::ACK) }), now);
        }
    }
    for _ in 0..4 + dice.below(14) {
        let when = When::After(span(dice));
        if dice.one_in(3) {
            step(call(user_call(dice)), when);
        } else {
            step(What::Segment(segment(dice)), when);
        }
    }
    if dice.one_in(3) {
        let open = if active { ScenarioCall::OpenActive } else { ScenarioCall::OpenPassive };
        step(call(open), When::After(span(dice)));
        step(What::Segment(plain(Control::SYN)), now);
    }
    step(call(ScenarioCall::Receive(65_535)), When::After(span(dice)));
    Scenario {
        name: "random".into(),
        title: String::new(),
        checks: Vec::new(),
        needs: Vec::new(),
        connections: Vec::new(),
        setup: ScenarioSetup {
            buffer: dice.pick(&[None, Some(1), Some(10), Some(100), Some(1000), Some(65_536), Some(200_000)]),
            mtu: dice.pick(&[None, None, Some(576), Some(100)]),
            peer_iss: dice.pick(&[None, Some(u32::MAX), Some(u32::MAX - 100), Some(0x7fff_ffff), Some(0)]),
            seed: Some(dice.below(1 << 40)),
            nagle: dice.pick(&[None, Some(false)]),
            ..ScenarioSetup::default()
        },
        steps,
    }
}

fn plain(ctl: Control) -> SegmentSpec {
    SegmentSpec {
        ctl,
        seq: None,
        len: 0,
        ack: None,
        wnd: None,
        up: 0,
        options: None,
        damage: Damage::default(),
        from: None,
        to: None,
        route: None,
    }
}

fn window(dice: &mut Dice) -> u32 {
    dice.pick(&[0, 0, 1, 10, 100, 1000, 4096, 65_535, 65_535])
}

fn span(dice: &mut Dice) -> Span {
    let micros = dice.pick(&[0, 0, 0, 0, 1, 100_000, 500_000, 1_000_000, 3_000_000, 30_000_000, 200_000_000]);
    if dice.one_in(30) { Span { msl: 1 + dice.number(2), micros: 0 } } else { Span { msl: 0, micros } }
}

fn user_call(dice: &mut Dice) -> ScenarioCall {
    match dice.below(12) {
        0..4 => ScenarioCall::Send(dice.pick(&[1, 10, 100, 536, 1460, 3000, 10_000])),
        4..9 => ScenarioCall::Receive(dice.pick(&[1, 10, 100, 65_535])),
        9..11 => ScenarioCall::Close,
        _ => ScenarioCall::Abort,
    }
}

fn options(dice: &mut Dice, syn: bool) -> Option<Vec<OptionSpec>> {
    if !dice.one_in(3) {
        return None;
    }
    let mut list = Vec::new();
    if syn && !dice.one_in(4) {
        list.push(OptionSpec::MaximumSegmentSize(dice.pick(&[0, 1, 10, 100, 536, 1460, 65_535])));
    }
    if syn && dice.one_in(2) {
        list.push(OptionSpec::WindowScale(dice.pick(&[0, 1, 7, 14, 15, 255])));
    }
    if syn && dice.one_in(3) {
        list.push(OptionSpec::SackPermitted);
    }
    if dice.one_in(3) {
        list.push(OptionSpec::NoOperation);
        list.push(OptionSpec::Timestamps { value: dice.number(1 << 32), echo_reply: 0 });
    }
    if dice.one_in(6) {
        list.push(OptionSpec::Raw(match dice.below(3) {
            0 => vec![254, 4, 1, 2],
            1 => vec![254, 0],
            _ => vec![2, 3, 1],
        }));
    }
    Some(list)
}

fn segment(dice: &mut Dice) -> SegmentSpec {
    const USUAL: [Control; 10] = [
        Control::ACK,
        Control::ACK,
        Control::ACK,
        Control(0x18),
        Control(0x11),
        Control(0x19),
        Control::RST,
        Control(0x14),
        Control::SYN,
        Control(0x12),
    ];
    let ctl =
        if dice.one_in(6) { Control(u8::try_from(dice.below(64)).unwrap_or(0)) } else { dice.pick(&USUAL) };
    let offset = |dice: &mut Dice| dice.pick(&[0, 0, 0, 1, -1, 10, 100, -100, 1 << 30]);
    let seq = match dice.below(4) {
        0 | 1 => None,
        2 => Some(SeqExpr::Anchor(Anchor::PeerNxt, offset(dice))),
        _ => Some(SeqExpr::Anchor(dice.pick(&Anchor::OF_PEER), offset(dice))),
    };
    let ack = match dice.below(4) {
        0 | 1 => None,
        _ => Some(SeqExpr::Anchor(dice.pick(&Anchor::OF_STACK), offset(dice))),
    };
    SegmentSpec {
        seq,
        len: if dice.one_in(2) { dice.pick(&[1, 2, 10, 100, 1000, 1460]) } else { 0 },
        ack,
        wnd: if dice.one_in(3) { Some(u16::try_from(window(dice)).unwrap_or(0)) } else { None },
        up: if dice.one_in(8) { dice.pick(&[0, 1, 10, 65_535]) } else { 0 },
        options: options(dice, ctl.has(Control::SYN)),
        damage: Damage {
            bad_checksum: dice.one_in(30),
            data_offset: if dice.one_in(40) { Some(dice.pick(&[0, 4, 15])) } else { None },
            reserved: if dice.one_in(20) { 15 } else { 0 },
            ip_options: false,
            cut: None,
        },
        ..plain(ctl)
    }
}
