//! Printing and parsing are inverse, and parsing is total: properties over arbitrary scenarios and arbitrary
//! texts.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use tcpspec_core::Control;

use super::*;

fn names() -> impl Strategy<Value = String> {
    "[a-z0-9]{1,5}([-./][a-z0-9]{1,5}){0,4}"
}

/// Any sentence on one line that neither begins with a comment nor holds one.
fn titles() -> impl Strategy<Value = String> {
    let sentences = "\\PC{0,40}".prop_map(|sentence| sentence.replace('/', "|"));
    prop_oneof![Just(String::new()), "[A-Za-z][a-z]{1,8}( [a-z]{1,8}|://[a-z]{1,8}){0,5}", sentences]
        .prop_map(|title| title.trim().to_owned())
}

fn spans() -> impl Strategy<Value = Span> {
    let micros = prop_oneof![
        Just(0),
        1_i64..1_000_000,
        (0_i64..100_000).prop_map(|seconds| seconds * 1_000_000),
        0..=MAX_MICROS
    ];
    (prop_oneof![Just(0), 1..=MAX_MSL], micros, any::<bool>())
        .prop_map(|(msl, micros, less)| Span { msl, micros: if less && msl > 0 { -micros } else { micros } })
}

fn numbers(anchors: &'static [Anchor]) -> impl Strategy<Value = SeqExpr> {
    let offsets = prop_oneof![Just(0), -10_i64..10, -i64::from(u32::MAX)..=i64::from(u32::MAX)];
    prop_oneof![
        any::<u32>().prop_map(SeqExpr::Relative),
        any::<u32>().prop_map(SeqExpr::Absolute),
        (select(anchors), offsets).prop_map(|(anchor, offset)| SeqExpr::Anchor(anchor, offset)),
    ]
}

fn option_specs(anchors: &'static [Anchor]) -> impl Strategy<Value = OptionSpec> {
    prop_oneof![
        any::<u16>().prop_map(OptionSpec::MaximumSegmentSize),
        any::<u8>().prop_map(OptionSpec::WindowScale),
        Just(OptionSpec::SackPermitted),
        (numbers(anchors), numbers(anchors)).prop_map(|block| OptionSpec::Sack(vec![block])),
        any::<(u32, u32)>().prop_map(|(value, echo_reply)| OptionSpec::Timestamps { value, echo_reply }),
        Just(OptionSpec::NoOperation),
        Just(OptionSpec::EndOfList),
        vec(any::<u8>(), 1..10).prop_map(OptionSpec::Raw),
    ]
}

/// Lists that fit into a header: none of the options above takes more than ten octets. One list fills it.
fn option_lists(anchors: &'static [Anchor]) -> impl Strategy<Value = Option<Vec<OptionSpec>>> {
    let full = vec(any::<u8>(), MAX_OPTION_OCTETS).prop_map(|octets| vec![OptionSpec::Raw(octets)]);
    option::of(prop_oneof![4 => vec(option_specs(anchors), 0..=4), 1 => full])
}

fn flags() -> impl Strategy<Value = Control> {
    any::<u8>().prop_map(Control)
}

fn damages() -> impl Strategy<Value = Damage> {
    (any::<bool>(), option::of(0_u8..=15), 0_u8..=15, any::<bool>(), option::of(0..=Damage::MAX_CUT))
        .prop_map(|(bad_checksum, data_offset, reserved, ip_options, cut)| Damage {
            bad_checksum,
            data_offset,
            reserved,
            ip_options,
            cut,
        })
}

fn address_classes() -> impl Strategy<Value = AddressClass> {
    select(AddressClass::ALL.to_vec())
}

fn routes() -> impl Strategy<Value = Option<Route>> {
    option::of(vec(address_classes(), 1..=Route::MAX_HOPS))
        .prop_map(|hops| hops.map(|hops| Route::new(&hops).expect("neither none nor too many")))
}

fn segments() -> impl Strategy<Value = SegmentSpec> {
    (
        flags(),
        option::of(numbers(&Anchor::OF_PEER)),
        prop_oneof![Just(0), 0..=MAX_TEXT],
        option::of(numbers(&Anchor::OF_STACK)),
        option::of(any::<u16>()),
        prop_oneof![Just(0), any::<u16>()],
        option_lists(&Anchor::OF_STACK),
        (option::of(address_classes()), option::of(address_classes()), routes()),
        damages(),
    )
        .prop_map(|(ctl, seq, len, ack, wnd, up, options, (from, to, route), damage)| SegmentSpec {
            ctl,
            seq,
            len,
            ack,
            wnd,
            up,
            options,
            from,
            to,
            route,
            damage,
        })
}

fn patterns() -> impl Strategy<Value = SegmentPattern> {
    let windows = prop_oneof![
        any::<u16>().prop_map(WindowPattern::Exactly),
        any::<u16>().prop_map(WindowPattern::Above)
    ];
    (
        flags().prop_map(|ctl| ctl.without(Control::ECE | Control::CWR)),
        option::of((numbers(&Anchor::OF_STACK), option::of(numbers(&Anchor::OF_STACK)))),
        option::of(0..=MAX_TEXT),
        option::of(numbers(&Anchor::OF_PEER)),
        option::of(windows),
        option::of(any::<u16>()),
        (option_lists(&Anchor::OF_PEER), option::of(select(OptionKind::ALL.to_vec()))).prop_map(
            |(list, without)| {
                let list = list.into_iter().flatten().chain(without.map(OptionSpec::Without)).collect();
                Some(list).filter(|list: &Vec<_>| !list.is_empty())
            },
        ),
        (option::of(0..=MAX_TRAFFIC_CLASS), option::of(any::<u8>()), routes()),
    )
        .prop_map(|(ctl, seq, len, ack, wnd, up, options, (traffic_class, ttl, route))| SegmentPattern {
            ctl,
            seq: seq.map(|(from, _)| from),
            seq_to: seq.and_then(|(_, to)| to),
            len,
            ack,
            wnd,
            up,
            options,
            traffic_class,
            ttl,
            route,
        })
}

fn calls() -> impl Strategy<Value = ScenarioCall> {
    prop_oneof![
        Just(ScenarioCall::OpenPassive),
        Just(ScenarioCall::OpenActive),
        routes().prop_map(|route| route.map_or(ScenarioCall::OpenActive, ScenarioCall::OpenActiveBy)),
        (0..=MAX_OCTETS).prop_map(ScenarioCall::Send),
        (0..=MAX_OCTETS).prop_map(ScenarioCall::SendUrgent),
        any::<u32>().prop_map(ScenarioCall::Receive),
        Just(ScenarioCall::Receive(DEFAULT_RECEIVE)),
        Just(ScenarioCall::Close),
        Just(ScenarioCall::Abort),
        Just(ScenarioCall::Report),
        knobs().prop_map(ScenarioCall::Set),
    ]
}

fn knobs() -> impl Strategy<Value = ScenarioKnob> {
    prop_oneof![
        any::<bool>().prop_map(ScenarioKnob::Nagle),
        option::of(spans()).prop_map(ScenarioKnob::KeepAlive),
        option::of(spans()).prop_map(ScenarioKnob::UserTimeout),
        (0..=MAX_TRAFFIC_CLASS).prop_map(ScenarioKnob::TrafficClass),
        (1..=u8::MAX).prop_map(ScenarioKnob::TimeToLive),
        any::<bool>().prop_map(ScenarioKnob::ErrorReports),
    ]
}

fn outcomes() -> impl Strategy<Value = ExpectedOutcome> {
    let failures = vec![
        CallFailure::Reset,
        CallFailure::Refused,
        CallFailure::Closing,
        CallFailure::NoConnection,
        CallFailure::TimedOut,
    ];
    prop_oneof![
        Just(ExpectedOutcome::Ok),
        any::<u32>().prop_map(ExpectedOutcome::Octets),
        Just(ExpectedOutcome::Nothing),
        Just(ExpectedOutcome::EndOfStream),
        select(failures).prop_map(ExpectedOutcome::Failure),
        Just(ExpectedOutcome::AnyFailure),
        select(Report::ALL.to_vec()).prop_map(ExpectedOutcome::Reported),
    ]
}

/// Times for what the stack must send; a range never ends before it begins.
fn times_of_expectations() -> impl Strategy<Value = When> {
    prop_oneof![
        Just(When::After(Span::default())),
        (spans(), spans()).prop_map(|(a, b)| {
            let backwards = a.msl >= b.msl && a.micros >= b.micros;
            if backwards { When::Between(b, a) } else { When::Between(a, b) }
        }),
        Just(When::Whenever),
    ]
}

fn labels() -> impl Strategy<Value = u8> {
    prop_oneof![Just(1), 1..=MAX_CONNECTIONS]
}

fn steps() -> impl Strategy<Value = Step> {
    let stimuli = prop_oneof![
        (calls(), vec(outcomes(), 0..4)).prop_map(|(call, expected)| What::Call { call, expected }),
        segments().prop_map(What::Segment),
        (select(IcmpKind::ALL.to_vec()), option::of(numbers(&Anchor::OF_STACK)))
            .prop_map(|(kind, seq)| What::Icmp(IcmpSpec { kind, seq })),
        (any::<u32>(), spans()).prop_map(|(octets, span)| What::AtMost { octets, span }),
    ];
    let of_all = prop_oneof![
        spans().prop_map(What::Quiet),
        any::<bool>().prop_map(|refuses| What::Device { refuses }),
    ];
    prop_oneof![
        2 => (spans(), labels(), stimuli)
            .prop_map(|(span, connection, what)| Step { when: When::After(span), connection, what }),
        1 => (spans(), of_all).prop_map(|(span, what)| Step { when: When::After(span), connection: 1, what }),
        1 => (times_of_expectations(), labels(), vec(patterns(), 1..4))
            .prop_map(|(when, connection, patterns)| Step { when, connection, what: What::Expect(patterns) }),
    ]
}

/// Connections with something to say of their sockets, no label twice.
fn connections() -> impl Strategy<Value = Vec<ConnectionSetup>> {
    let sockets = (option::of(1..=u16::MAX), option::of(1..=u16::MAX), option::of(address_classes()));
    proptest::collection::btree_map(1..=MAX_CONNECTIONS, sockets, 0..3).prop_map(|connections| {
        connections
            .into_iter()
            .map(|(label, (service, client, peer))| ConnectionSetup { label, service, client, peer })
            .filter(|setup| *setup != ConnectionSetup { label: setup.label, ..ConnectionSetup::default() })
            .collect()
    })
}

fn setups() -> impl Strategy<Value = ScenarioSetup> {
    let buffers = || option::of(1..=MAX_OCTETS);
    (
        (buffers(), buffers(), buffers()),
        option::of(MIN_MTU..=u16::MAX),
        option::of(any::<u32>()),
        option::of(any::<u64>()),
        option::of(any::<bool>()),
        option::of(any::<bool>()),
        option::of(select(vec![Family::V4, Family::V6])),
    )
        .prop_map(|(buffers, mtu, peer_iss, seed, nagle, congestion, network)| {
            let (buffer, receive_buffer, send_buffer) = buffers;
            ScenarioSetup {
                buffer,
                receive_buffer,
                send_buffer,
                mtu,
                peer_iss,
                seed,
                nagle,
                congestion,
                network,
            }
        })
}

fn scenarios() -> impl Strategy<Value = Scenario> {
    let ids = proptest::collection::btree_set("[A-Za-z][A-Za-z0-9._-]{0,12}", 0..4);
    let needs = subsequence(Capability::ALL.to_vec(), 0..=Capability::ALL.len());
    (names(), titles(), ids, needs, setups(), connections(), vec(steps(), 1..12)).prop_map(
        |(name, title, checks, needs, setup, connections, steps)| Scenario {
            name,
            title,
            checks: checks.into_iter().collect(),
            needs,
            setup,
            connections,
            steps,
        },
    )
}

/// Files of scenarios with different names.
fn files() -> impl Strategy<Value = Vec<Scenario>> {
    vec(scenarios(), 1..4).prop_map(|mut scenarios| {
        for (index, scenario) in scenarios.iter_mut().enumerate() {
            scenario.name.push_str(&format!("-{index}"));
        }
        scenarios
    })
}

/// Small damage to a text, as a slip of the hand or a bad merge does it.
#[derive(Clone, Debug)]
enum Slip {
    Drop(Index, usize),
    Insert(Index, String),
    RepeatLine(Index, Index),
    Cut(Index),
}

fn slips() -> impl Strategy<Value = Slip> {
    let pieces = prop_oneof![
        "[-+*~=:,()<>./ \t\r\n0-9a-zA-Z]{1,4}",
        "\\PC{1,3}",
        select(vec![
            "ack ",
            "win >",
            " or ",
            "->",
            "msl",
            "999999999999999999999",
            "quiet ",
            "at-most ",
            "//",
            "é",
            "scenario "
        ])
        .prop_map(str::to_owned),
    ];
    prop_oneof![
        (any::<Index>(), 1_usize..6).prop_map(|(at, count)| Slip::Drop(at, count)),
        (any::<Index>(), pieces).prop_map(|(at, piece)| Slip::Insert(at, piece)),
        any::<(Index, Index)>().prop_map(|(from, to)| Slip::RepeatLine(from, to)),
        any::<Index>().prop_map(Slip::Cut),
    ]
}

fn slipped(text: &str, slip: &Slip) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    let place = |at: &Index| at.index(letters.len() + 1);
    match slip {
        Slip::Drop(at, count) => {
            let start = place(at);
            let end = (start + count).min(letters.len());
            letters.drain(start..end);
        }
        Slip::Insert(at, piece) => {
            let start = place(at);
            letters.splice(start..start, piece.chars());
        }
        Slip::RepeatLine(from, to) => {
            let mut lines: Vec<&str> = text.split('\n').collect();
            let line = lines[from.index(lines.len())];
            lines.insert(to.index(lines.len() + 1), line);
            return lines.join("\n");
        }
        Slip::Cut(at) => letters.truncate(place(at)),
    }
    letters.into_iter().collect()
}

/// Whatever a text is: it is refused with a message that has its place, or it is a file that prints and
/// parses to itself.
fn judge(text: &str) -> Result<(), TestCaseError> {
    match parse(text) {
        Ok(scenarios) => {
            let canonical = print_file(&scenarios);
            let again = parse(&canonical);
            prop_assert_eq!(again.as_ref(), Ok(&scenarios), "{}", canonical);
        }
        Err(error) => {
            let line = text.trim_start_matches('\u{feff}').lines().nth(error.line() - 1).unwrap_or("");
            prop_assert!(error.column() <= line.chars().count() + 1, "{error}");
            prop_assert!(error.to_string().lines().count() == 3, "{error}");
        }
    }
    Ok(())
}

/// Pieces of lines, a space three times as often as any other.
const SIGNS: &str = "+|0|1|.5|65535|4294967295|4294967296|msl|2msl|ms|~|*|<|>|-|->|=|:|(|)|,|.|S|S.|R|ack|\
                     win|urg|or|mss|TS|val|ecr|raw|0204|nop|open|active|send|receive|close|quiet|at-most|in|ok|end|\
                     peer.nxt|rcv.mid|snd.una|seg.end|offset|reserved|bad-checksum|@|2|urgent|set|nagle|\
                     keep-alive|on|off|ttl|by|router|device|refuses|from|to|other|class|icmp|source-quench|ip-options|cut|//| | | ";

proptest! {
    #[test]
    fn what_is_printed_parses_to_the_same_value(scenarios in files()) {
        let text = print_file(&scenarios);
        let read = parse(&text);
        prop_assert_eq!(read.as_ref(), Ok(&scenarios), "{}", text);
        prop_assert_eq!(parse_one(&text).is_ok(), scenarios.len() == 1);
    }

    #[test]
    fn a_canonical_text_prints_to_itself(scenarios in files()) {
        let text = print_file(&scenarios);
        let again = print_file(&parse(&text).expect("canonical"));
        prop_assert_eq!(again, text);
    }

    #[test]
    fn a_slip_of_the_hand_is_refused_or_understood(scenarios in files(), slips in vec(slips(), 1..5)) {
        let text = slips.iter().fold(print_file(&scenarios), |text, slip| slipped(&text, slip));
        judge(&text)?;
    }

    #[test]
    fn any_text_is_refused_or_understood(text in any::<String>()) {
        judge(&text)?;
        judge(&format!("tcpspec 1\nscenario a\n+0 {text}"))?;
    }

    #[test]
    fn any_line_of_known_signs_is_refused_or_understood(
        words in vec(select(SIGNS.split('|').collect::<Vec<_>>()), 0..16)
    ) {
        judge(&format!("tcpspec 1\nscenario a\n+0 close\n+0{}", words.concat()))?;
        judge(&format!("tcpspec 1\nscenario a\n+0 < S{}", words.concat()))?;
        judge(&format!("tcpspec 1\nscenario a\n+0 > .{}", words.concat()))?;
    }
}
