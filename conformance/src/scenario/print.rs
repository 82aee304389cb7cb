//! From scenarios to text: the canonical form.
//!
//! A canonical text is what these functions write: one step per line, words at column 8, every default left
//! out, every number in decimal. What [`super::parse`] reads from it is the value that was written, as long
//! as that value keeps the limits. A value that breaks one prints as a text that is refused; only a title may
//! lose what cannot stand in one, and [`CallFailure::Other`] prints as `failure`. Left out: colour, and the
//! results of a run.

use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};

use super::{
    AddressClass, ConnectionSetup, DEFAULT_RECEIVE, Damage, ExpectedOutcome, IcmpSpec, OptionSpec, Route,
    Scenario, ScenarioCall, ScenarioKnob, ScenarioSetup, SegmentPattern, SegmentSpec, SeqExpr, Span, Step,
    What, When, WindowPattern,
};
use crate::stack::{CallFailure, CallOutcome, Capability};

/// A whole file: the version line, then the scenarios with a blank line before each.
///
/// For scenarios that keep the limits, with no name twice and at least one of them, this is the inverse of
/// [`super::parse`].
#[must_use]
pub fn print_file(scenarios: &[Scenario]) -> String {
    let mut text = String::from("tcpspec 1\n");
    for scenario in scenarios {
        text.push('\n');
        text.push_str(&scenario.to_string());
        text.push('\n');
    }
    text
}

/// The scenario without the version line, and without a line feed after its last step.
impl Display for Scenario {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { name, title, checks, needs, setup, connections, steps } = self;
        write!(f, "scenario {}", one_line(name))?;
        let needs: Vec<_> = needs.iter().map(|need| Capability::name(*need)).collect();
        let lines = [
            ("title", title.clone()),
            ("checks", checks.join(" ")),
            ("needs", needs.join(" ")),
            ("setup", setup_words(*setup)),
        ];
        for (word, value) in lines.into_iter().filter(|(_, value)| !value.is_empty()) {
            write!(f, "\n{word:7} {}", one_line(&value))?;
        }
        connections.iter().try_for_each(|connection| write!(f, "\n{connection}"))?;
        if !steps.is_empty() {
            writeln!(f)?;
        }
        steps.iter().try_for_each(|step| write!(f, "\n{step}"))
    }
}

/// A line feed in a header must not turn the rest into steps.
fn one_line(value: &str) -> String {
    value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn setup_words(setup: ScenarioSetup) -> String {
    let ScenarioSetup {
        buffer,
        receive_buffer,
        send_buffer,
        mtu,
        peer_iss,
        seed,
        nagle,
        congestion,
        network,
    } = setup;
    let words = [
        buffer.map(|octets| format!("buffer={octets}")),
        receive_buffer.map(|octets| format!("receive.buffer={octets}")),
        send_buffer.map(|octets| format!("send.buffer={octets}")),
        mtu.map(|octets| format!("mtu={octets}")),
        peer_iss.map(|number| format!("peer.iss={number}")),
        seed.map(|seed| format!("seed={seed}")),
        nagle.map(|on| format!("nagle={}", on_or_off(on))),
        congestion.map(|on| format!("congestion={}", on_or_off(on))),
        network.map(|family| format!("network={}", family.name())),
    ];
    words.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

const fn on_or_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

/// `connection N KEY=VALUE...`
impl Display for ConnectionSetup {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { label, service, client, peer } = self;
        write!(f, "connection {label}")?;
        service.iter().try_for_each(|port| write!(f, " service={port}"))?;
        client.iter().try_for_each(|port| write!(f, " client={port}"))?;
        peer.iter().try_for_each(|class| write!(f, " peer={}", class.name()))
    }
}

/// `TIME ACTION`, on one line without its end.
impl Display for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:7} {}", self.when.to_string(), self.action())
    }
}

impl Step {
    /// The step without its time: the connection's label, if it is not the first, and what is done or expected.
    #[must_use]
    pub fn action(&self) -> String {
        match self.connection {
            1 => self.what.to_string(),
            label => format!("@{label} {}", self.what),
        }
    }
}

/// `+D`, `+A~+B` or `*`.
impl Display for When {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::After(span) => write!(f, "+{span}"),
            Self::Between(from, to) => write!(f, "+{from}~+{to}"),
            Self::Whenever => f.write_str("*"),
        }
    }
}

/// Lifetimes first, then seconds: `2msl-0.001`.
impl Display for Span {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.msl {
            0 => {}
            1 => f.write_str("msl")?,
            many => write!(f, "{many}msl")?,
        }
        let sign = match (self.msl, self.micros) {
            (1.., 0) => return Ok(()),
            (_, ..0) => "-",
            (1.., _) => "+",
            (0, _) => "",
        };
        let micros = self.micros.unsigned_abs();
        write!(f, "{sign}{}", micros / 1_000_000)?;
        let fraction = format!("{:06}", micros % 1_000_000);
        match fraction.trim_end_matches('0') {
            "" => Ok(()),
            digits => write!(f, ".{digits}"),
        }
    }
}

/// The action of a step: a call with its outcomes, `< SEGMENT`, `> PATTERN or PATTERN`, `quiet D`,
/// `at-most N in D`, or what the device does.
impl Display for What {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call { call, expected } if expected.is_empty() => call.fmt(f),
            Self::Call { call, expected } => write!(f, "{call} -> {}", alternatives(expected)),
            Self::Segment(segment) => write!(f, "< {segment}"),
            Self::Icmp(IcmpSpec { kind, seq: None }) => write!(f, "< icmp {}", kind.name()),
            Self::Icmp(IcmpSpec { kind, seq: Some(seq) }) => write!(f, "< icmp {} {seq}", kind.name()),
            Self::Expect(patterns) => write!(f, "> {}", alternatives(patterns)),
            Self::Quiet(span) => write!(f, "quiet {span}"),
            Self::AtMost { octets, span } => write!(f, "at-most {octets} in {span}"),
            Self::Device { refuses } => {
                f.write_str(if *refuses { "device refuses" } else { "device accepts" })
            }
        }
    }
}

fn alternatives(items: &[impl Display]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
}

/// The call without its outcomes.
impl Display for ScenarioCall {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl ScenarioCall {
    /// The call as scenarios write it.
    pub(crate) fn text(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::OpenPassive => "open passive",
            Self::OpenActive => "open active",
            Self::OpenActiveBy(route) => return format!("open active by {route}").into(),
            Self::Send(octets) => return format!("send {octets}").into(),
            Self::SendUrgent(octets) => return format!("send {octets} urgent").into(),
            Self::Receive(DEFAULT_RECEIVE) => "receive",
            Self::Receive(octets) => return format!("receive {octets}").into(),
            Self::Close => "close",
            Self::Abort => "abort",
            Self::Set(knob) => return format!("set {knob}").into(),
            Self::Report => "report",
        })
    }
}

/// The knob and its value.
impl Display for ScenarioKnob {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nagle(on) => write!(f, "nagle {}", on_or_off(*on)),
            Self::KeepAlive(None) => f.write_str("keep-alive off"),
            Self::KeepAlive(Some(span)) => write!(f, "keep-alive {span}"),
            Self::UserTimeout(None) => f.write_str("user-timeout default"),
            Self::UserTimeout(Some(span)) => write!(f, "user-timeout {span}"),
            Self::TrafficClass(class) => write!(f, "traffic-class {class}"),
            Self::TimeToLive(ttl) => write!(f, "ttl {ttl}"),
            Self::ErrorReports(on) => write!(f, "error-reports {}", on_or_off(*on)),
        }
    }
}

impl ExpectedOutcome {
    /// The outcome's word in scenarios; empty for a number of octets, which has none.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Octets(_) => "",
            Self::Nothing => "nothing",
            Self::EndOfStream => "end",
            Self::Reported(report) => report.name(),
            Self::Failure(CallFailure::Reset) => "reset",
            Self::Failure(CallFailure::Refused) => "refused",
            Self::Failure(CallFailure::Closing) => "closing",
            Self::Failure(CallFailure::NoConnection) => "no-connection",
            Self::Failure(CallFailure::TimedOut) => "timed-out",
            Self::Failure(CallFailure::Other(_)) | Self::AnyFailure => "failure",
        }
    }
}

/// The outcome's word, or its number of octets.
impl Display for ExpectedOutcome {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Octets(octets) => octets.fmt(f),
            other => f.write_str(other.word()),
        }
    }
}

/// What a call came to, in the words in which scenarios expect it; octets as their number.
impl Display for CallOutcome {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl CallOutcome {
    /// What [`Display`] writes.
    pub(crate) fn text(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Ok | Self::Opened(_) => ExpectedOutcome::Ok.word(),
            Self::Sent(octets) => return octets.to_string().into(),
            Self::Received(octets) => return octets.len().to_string().into(),
            Self::WouldBlock => ExpectedOutcome::Nothing.word(),
            Self::EndOfStream => ExpectedOutcome::EndOfStream.word(),
            Self::Reported(report) => report.name(),
            Self::Error(CallFailure::Other(text)) => return text.clone(),
            Self::Error(failure) => ExpectedOutcome::Failure(failure.clone()).word(),
        })
    }
}

/// `N`, `=N`, `anchor`, `anchor+N` or `anchor-N`.
impl Display for SeqExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Relative(number) => number.fmt(f),
            Self::Absolute(number) => write!(f, "={number}"),
            Self::Anchor(anchor, 0) => f.write_str(anchor.name()),
            Self::Anchor(anchor, offset) => write!(f, "{}{offset:+}", anchor.name()),
        }
    }
}

/// The segment without the `<` before it.
impl Display for SegmentSpec {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { ctl, seq, len, ack, wnd, up, options, from, to, route, damage } = self;
        ctl.fmt(f)?;
        numbers(f, (*seq, None), (*len > 0).then_some(*len), *ack)?;
        wnd.iter().try_for_each(|wnd| write!(f, " win {wnd}"))?;
        if *up > 0 {
            write!(f, " urg {up}")?;
        }
        option_list(f, options.as_deref())?;
        from.iter().try_for_each(|class| write!(f, " from {}", class.name()))?;
        to.iter().try_for_each(|class| write!(f, " to {}", class.name()))?;
        route.iter().try_for_each(|route| write!(f, " by {route}"))?;
        let Damage { bad_checksum, data_offset, reserved, ip_options, cut } = damage;
        if *bad_checksum {
            f.write_str(" bad-checksum")?;
        }
        data_offset.iter().try_for_each(|words| write!(f, " offset {words}"))?;
        if *reserved > 0 {
            write!(f, " reserved {reserved}")?;
        }
        if *ip_options {
            f.write_str(" ip-options")?;
        }
        cut.iter().try_for_each(|octets| write!(f, " cut {octets}"))
    }
}

/// The pattern without the `>` before it.
impl Display for SegmentPattern {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { ctl, seq, seq_to, len, ack, wnd, up, options, traffic_class, ttl, route } = self;
        ctl.fmt(f)?;
        numbers(f, (*seq, *seq_to), *len, *ack)?;
        match wnd {
            None => {}
            Some(WindowPattern::Exactly(wnd)) => write!(f, " win {wnd}")?,
            Some(WindowPattern::Above(wnd)) => write!(f, " win >{wnd}")?,
        }
        up.iter().try_for_each(|up| write!(f, " urg {up}"))?;
        option_list(f, options.as_deref())?;
        traffic_class.iter().try_for_each(|class| write!(f, " class {class}"))?;
        ttl.iter().try_for_each(|ttl| write!(f, " ttl {ttl}"))?;
        route.iter().try_for_each(|route| write!(f, " by {route}"))
    }
}

/// The routers, with commas between them.
impl Display for Route {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hops().map(AddressClass::name).collect::<Vec<_>>().join(","))
    }
}

/// ` SEQ~SEQ(LEN) ack ACK`, each part only if it is there.
fn numbers(
    f: &mut Formatter<'_>,
    (seq, seq_to): (Option<SeqExpr>, Option<SeqExpr>),
    len: Option<u32>,
    ack: Option<SeqExpr>,
) -> fmt::Result {
    if seq.is_some() || len.is_some() {
        f.write_str(" ")?;
    }
    seq.iter().try_for_each(|seq| seq.fmt(f))?;
    seq_to.iter().try_for_each(|seq| write!(f, "~{seq}"))?;
    len.iter().try_for_each(|len| write!(f, "({len})"))?;
    ack.iter().try_for_each(|ack| write!(f, " ack {ack}"))
}

fn option_list(f: &mut Formatter<'_>, options: Option<&[OptionSpec]>) -> fmt::Result {
    let Some(options) = options else { return Ok(()) };
    write!(f, " <{}>", options.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))
}

/// The option in packetdrill's words.
impl Display for OptionSpec {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::MaximumSegmentSize(octets) => write!(f, "mss {octets}"),
            Self::WindowScale(shift) => write!(f, "wscale {shift}"),
            Self::SackPermitted => f.write_str("sackOK"),
            Self::Sack(blocks) => {
                f.write_str("sack")?;
                blocks.iter().try_for_each(|(start, end)| write!(f, " {start}:{end}"))
            }
            Self::Timestamps { value, echo_reply } => write!(f, "TS val {value} ecr {echo_reply}"),
            Self::NoOperation => f.write_str("nop"),
            Self::EndOfList => f.write_str("eol"),
            Self::Without(kind) => f.write_str(kind.forbidden()),
            Self::Raw(octets) => {
                f.write_str("raw ")?;
                octets.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Anchor, parse, parse_one};
    use super::*;
    use tcpspec_core::Control;

    const WHOLE: &str = "\
tcpspec 1

scenario rfc9293/3.10.7.4-example
title   One of each
checks  MUST-13 R9293-3.10.7.4-x
needs   tells-resets urgent
setup   buffer=4096 receive.buffer=1 send.buffer=2 mtu=1500 peer.iss=1000 seed=18446744073709551615 nagle=off congestion=on network=ipv6
connection 2 service=81 client=65535 peer=subnet-broadcast
connection 16 peer=other

+0      open passive -> ok
+0      open active -> refused or timed-out or failure
+2msl-0.001 < S 0 ack snd.nxt-1 win 0 urg 7 <mss 9,nop,wscale 7> bad-checksum offset 4 reserved 15
+0.25   < SFRPUEW. =5(10) <sackOK,TS val 1 ecr 2>
+0      < - (3) <>
+0      > S. 0(0) ack 1 win >5 <mss 536> or R. or - seg.ack ack seg.end+1
+msl~+3msl+0.5 > . win 0
*       > . <raw 1e02,eol>
+0.000001 send 100 -> 100
+0      receive
+0      receive 1 -> end or nothing or reset or closing or no-connection
+0      close
+0      abort
+0      quiet 2msl
+0      @2 send 10 urgent -> 10
+0      @16 < . <nop> from other to multicast bad-checksum
+0~+1   @2 > PU. 1(10) win 5 urg 10 <nop> class 63 or R
+0      set nagle off -> ok
+0      set keep-alive off
+0      @2 set keep-alive 2msl
+0      set user-timeout default
+0      set user-timeout 5
+0      set traffic-class 46
+0      device refuses
+0.5    device accepts
+0      < icmp port-unreachable
+0      @2 < icmp source-quench snd.nxt-1
+0      < . reserved 1 ip-options cut 13
+0      > S snd.was+1~snd.was+500000(0) or S 1~=5

scenario another

+0      close
";

    #[test]
    fn every_part_has_its_place() {
        assert_eq!(print_file(&parse(WHOLE).unwrap()), WHOLE);
    }

    #[test]
    fn defaults_and_spellings_are_made_canonical() {
        let text = "tcpspec 1\nscenario a // story\nneeds  urgent\n\ttitle  A  b\n+0 receive 65535\n\
                    +00.50s < .S 0:0(0) urg 0 <raw FF> reserved 0 \n +2msl-msl-1ms<R peer.nxt+0(007) ack =01";
        let canonical = "tcpspec 1\n\nscenario a\ntitle   A  b\nneeds   urgent\n\n+0      receive\n\
                         +0.5    < S. 0 <raw ff>\n+msl-0.001 < R peer.nxt(7) ack =1\n";
        assert_eq!(print_file(&parse(text).unwrap()), canonical);
    }

    fn scenario(what: What) -> Scenario {
        Scenario {
            name: "a".to_owned(),
            title: String::new(),
            checks: Vec::new(),
            needs: Vec::new(),
            setup: ScenarioSetup::default(),
            connections: Vec::new(),
            steps: vec![Step { when: When::After(Span::default()), connection: 1, what }],
        }
    }

    fn close() -> Scenario {
        scenario(What::Call { call: ScenarioCall::Close, expected: Vec::new() })
    }

    fn is_refused(scenario: Scenario) -> bool {
        parse_one(&print_file(&[scenario])).is_err()
    }

    #[test]
    fn what_breaks_a_limit_prints_as_what_is_refused() {
        let spec = SegmentSpec {
            ctl: Control::ACK,
            seq: None,
            len: 0,
            ack: None,
            wnd: None,
            up: 0,
            options: None,
            from: None,
            to: None,
            route: None,
            damage: Damage::default(),
        };
        let segment = |spec| is_refused(scenario(What::Segment(spec)));
        let numbered = |number| segment(SegmentSpec { seq: Some(number), ..spec.clone() });
        let with_options = |options| segment(SegmentSpec { options: Some(options), ..spec.clone() });
        let damaged = |damage| segment(SegmentSpec { damage, ..spec.clone() });
        assert!(!segment(spec.clone()) && !is_refused(close()));

        assert!(segment(SegmentSpec { len: super::super::MAX_TEXT + 1, ..spec.clone() }));
        assert!(numbered(SeqExpr::Anchor(Anchor::PeerNxt, 1 << 32)));
        assert!(numbered(SeqExpr::Anchor(Anchor::PeerNxt, i64::MIN)));
        assert!(numbered(SeqExpr::Anchor(Anchor::SndNxt, 0)));
        assert!(with_options(vec![OptionSpec::Raw(Vec::new())]));
        assert!(with_options(vec![OptionSpec::Raw(vec![1; 41])]));
        assert!(damaged(Damage { data_offset: Some(16), ..Damage::default() }));
        assert!(damaged(Damage { reserved: 16, ..Damage::default() }));
        assert!(is_refused(scenario(What::Expect(Vec::new()))));
        assert!(is_refused(scenario(What::Quiet(Span { msl: 0, micros: -1 }))));
        assert!(is_refused(scenario(What::Quiet(Span { msl: 1, micros: i64::MIN }))));
        assert!(is_refused(scenario(What::Quiet(Span { msl: u32::MAX, micros: 0 }))));
        assert!(is_refused(scenario(What::AtMost { octets: 1, span: Span { msl: 0, micros: -1 } })));
        assert!(is_refused(Scenario { steps: Vec::new(), ..close() }));
        assert!(is_refused(Scenario { name: "a\n+0 abort".to_owned(), ..close() }));
        assert!(is_refused(Scenario { checks: vec!["MUST-1\n+0 abort".to_owned()], ..close() }));
        let pattern = SegmentPattern {
            ctl: Control::ACK,
            seq: None,
            seq_to: Some(SeqExpr::Relative(1)),
            len: None,
            ack: None,
            wnd: None,
            up: None,
            options: None,
            ttl: None,
            route: None,
            traffic_class: None,
        };
        assert!(is_refused(scenario(What::Expect(vec![pattern]))));
        let connection = |connection| is_refused(Scenario { connections: vec![connection], ..close() });
        let other = ConnectionSetup { label: 2, service: Some(81), ..ConnectionSetup::default() };
        assert!(!connection(other) && !connection(ConnectionSetup { label: 16, ..other }));
        assert!(connection(ConnectionSetup { label: 0, ..other }));
        assert!(connection(ConnectionSetup { label: 17, ..other }));
        assert!(connection(ConnectionSetup { client: Some(0), ..other }));
        assert!(connection(ConnectionSetup { service: None, ..other }));
        assert!(is_refused(Scenario { connections: vec![other, other], ..close() }));
        for what in [What::Quiet(Span::default()), What::Device { refuses: true }] {
            let mut labelled = scenario(what);
            assert!(!is_refused(labelled.clone()));
            labelled.steps[0].connection = 2;
            assert!(is_refused(labelled));
        }
        let mut labelled = close();
        labelled.steps[0].connection = 17;
        assert!(is_refused(labelled));
    }

    #[test]
    fn a_title_of_two_lines_is_printed_on_one() {
        let read =
            parse_one(&print_file(&[Scenario { title: "A\n+0 abort".to_owned(), ..close() }])).unwrap();
        assert_eq!(read, Scenario { title: "A +0 abort".to_owned(), ..close() });
    }

    #[test]
    fn a_failure_in_the_words_of_a_stack_prints_as_any_failure() {
        let expected = vec![ExpectedOutcome::Failure(CallFailure::Other("odd".into()))];
        let what = What::Call { call: ScenarioCall::Close, expected };
        assert_eq!(what.to_string(), "close -> failure");
    }
}
