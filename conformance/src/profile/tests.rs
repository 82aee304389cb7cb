use std::time::Duration;

use super::*;
use crate::report;
use crate::stack::faulty::{self, Faulty};
use crate::stack::reference::Reference;
use crate::stack::smoltcp::Smoltcp;
use tcpspec_core::Profile;
use tcpspec_core::profile::TimeWaitReuse;

/// What was inferred of a topic.
fn of<'i>(inferences: &'i [Inference], topic: &str) -> &'i str {
    let found = inferences.iter().find(|inference| inference.topic == topic).expect(topic);
    match &found.value {
        Ok(value) | Err(value) => value,
    }
}

/// What a reference with this profile must be seen to choose.
fn configured(profile: &Profile) -> Vec<(&'static str, String)> {
    let pick = |choice: bool, yes: &str, no: &str| if choice { yes } else { no }.to_owned();
    let reuse = profile.time_wait_reuse == TimeWaitReuse::HigherSequenceNumber;
    // The bench asks for Nagle's algorithm by itself.
    vec![
        ("RST in the window", pick(profile.exact_resets, "challenged", "resets")),
        ("SYN in the window", pick(profile.challenge_syns, "challenged", "resets")),
        ("text with an old ACK", pick(profile.acknowledgment_range, "refused", "taken")),
        ("RST in TIME-WAIT", pick(profile.ignore_resets_in_time_wait, "ignored", "ends it")),
        ("SYN in TIME-WAIT", pick(reuse, "reopens", "challenged")),
        ("text after CLOSE", pick(profile.half_duplex_close, "half-duplex, reset", "full-duplex")),
        ("CLOSE with unread text", pick(profile.half_duplex_close, "resets", "sends FIN")),
        ("text above a gap", "kept".to_owned()),
        ("options in SYN,ACK", "MSS 1460".to_owned()),
        ("acknowledgment delay", reading::time(profile.delayed_ack.unwrap_or_default())),
        (
            "throttle of challenges",
            match profile.challenge_limit {
                _ if !profile.exact_resets => "no answers".to_owned(),
                Some((limit, _)) => format!("{limit} of 12 in 120 ms"),
                None => "none".to_owned(),
            },
        ),
        ("length of TIME-WAIT", reading::time(profile.msl * 2)),
        ("initial sequence numbers", "a clock, one in 4.0 us".to_owned()),
        ("keep-alive by default", "off for three hours".to_owned()),
    ]
}

#[test]
fn the_inferred_profile_of_the_reference_is_the_configured_one() {
    let standard = Profile::default();
    let profiles = [
        standard,
        Profile::rfc793(),
        Profile { ignore_resets_in_time_wait: true, msl: Duration::from_secs(30), ..standard },
        Profile { time_wait_reuse: TimeWaitReuse::HigherSequenceNumber, delayed_ack: None, ..standard },
        Profile { half_duplex_close: true, msl: Duration::from_millis(2500), ..standard },
        Profile { challenge_limit: Some((3, Duration::from_secs(5))), ..standard },
        Profile { delayed_ack: Some(Duration::from_millis(40)), acknowledgment_range: false, ..standard },
    ];
    for profile in profiles {
        let inferences = infer(&mut Reference::with_profile(profile), Family::V4);
        for (topic, value) in configured(&profile) {
            assert_eq!(of(&inferences, topic), value, "{topic} of {profile:?}");
        }
        for inference in &inferences {
            assert!(inference.agrees != Some(false), "{inference:?}");
            assert!(inference.value.is_ok(), "{inference:?}");
        }
    }
}

#[test]
fn timeouts_and_back_off_are_read_from_the_repetitions() {
    let profile = Profile {
        initial_rto: Duration::from_secs(3),
        minimum_rto: Duration::from_millis(200),
        user_timeout: Some(Duration::from_secs(150)),
        ..Profile::default()
    };
    let inferences = infer(&mut Reference::with_profile(profile), Family::V4);
    assert_eq!(of(&inferences, "repetition of SYN"), "after 3 s, 6 s, 12 s, 24 s, 48 s");
    assert_eq!(of(&inferences, "repetition of text"), "after 200 ms, 400 ms, 800 ms, 1.6 s, 3.2 s, 6.4 s");
    assert!(of(&inferences, "giving up").starts_with("within 1300 s"));
}

#[test]
fn the_base_is_the_standard_with_or_without_rfc_5961_or_something_between() {
    let base = |profile| of(&infer(&mut Reference::with_profile(profile), Family::V4), "base").to_owned();
    assert_eq!(base(Profile::default()), "RFC 9293 with RFC 5961");
    assert_eq!(base(Profile::rfc793()), "RFC 793");
    let between = Profile { exact_resets: true, ..Profile::rfc793() };
    assert_eq!(base(between), "neither RFC 793 nor RFC 5961 in all three checks");
}

#[test]
fn smoltcp_is_as_its_adapter_declares_over_both_families() {
    for family in [Family::V4, Family::V6] {
        let inferences = infer(&mut Smoltcp::new(), family);
        let table = report::profile::render(Smoltcp::new().declaration(), &inferences);
        assert!(report::profile::is_as_declared(&inferences), "{table}");
        let of_trace = |line: &str| line.starts_with("     ");
        let mut lines = table.lines().filter(|line| !of_trace(line));
        assert!(lines.all(|line| line.chars().count() <= 80), "wider than 80 columns: {table}");
        assert_eq!(of(&inferences, "acknowledgment delay"), "10 ms");
        assert_eq!(of(&inferences, "length of TIME-WAIT"), "10 s");
        assert_eq!(of(&inferences, "throttle of refusals"), "1 of 12 in 120 ms");
    }
}

#[test]
fn a_stack_that_is_not_as_declared_is_told_so() {
    let fault = faulty::find("timer-early/time-wait-after-one-lifetime").expect("a fault of TIME-WAIT");
    let inferences = infer(&mut Faulty::new(fault), Family::V4);
    assert_eq!(of(&inferences, "length of TIME-WAIT"), "120 s");
    assert!(!report::profile::is_as_declared(&inferences), "{inferences:?}");
}
