//! Several connections of one scenario, and what concerns none of them: addresses and the device.

use tcpspec_core::Profile;

use super::*;

/// A scenario with these lines, told to the reference.
fn story(lines: &str) -> Run {
    let scenario = parse_one(&format!("tcpspec 1\nscenario a\n{lines}\n")).expect("valid");
    run(&mut Reference::new(), &scenario, Family::V4)
}

/// Two connections through one listener.
const TWO: &str = "+0 open passive\n+0 < S\n+0 > S. 0 ack 1\n+0 < .\n\
                   +0 @2 < S\n+0 @2 > S. 0 ack 1\n+0 @2 < .\n";

#[test]
fn each_connection_has_its_own_numbers_streams_and_calls() {
    let run = story(&format!(
        "{TWO}+0 send 10 -> 10\n+0 > . 1(10)\n+0 @2 send 20 -> 20\n+0 @2 > . 1(20)\n\
         +0 < P. 1(5) ack 11\n+0 @2 < P. 1(7) ack 21\n+0~+0.5 > . 11(0) ack 6\n+0~+0.5 @2 > . 21(0) ack 8\n\
         +0 @2 receive -> 7\n+0 receive -> 5\n+0 @2 abort\n+0 @2 > R 21 or R. 21\n\
         +0 send 1 -> 1\n+0 > . 11(1)"
    ));
    assert_eq!(verdict(&run), "PASS: ", "{}", run.trace);
    let lines: Vec<_> = run.trace.lines().collect();
    assert!(lines.iter().any(|line| line.ends_with("@2 > P. 1:21(20) ack 1 win 4096")), "{}", run.trace);
}

#[test]
fn connections_are_accepted_by_their_sockets_and_not_by_the_order_of_calls() {
    let run = story(&format!(
        "{TWO}+0 @2 < P. (7)\n+0~+0.5 @2 > . 1(0) ack 8\n+0 @2 receive -> 7\n+0 receive -> nothing"
    ));
    assert_eq!(verdict(&run), "PASS: ", "{}", run.trace);
}

#[test]
fn what_another_connection_sends_is_not_what_this_one_must_send() {
    let run = story(&format!("{TWO}+0 send 10 -> 10\n+0 @2 > . 1(10)"));
    assert_eq!(verdict(&run), "FAIL: expected `> . 1(10)` at once, nothing was sent");
}

#[test]
fn a_silence_is_one_of_all_connections() {
    let run = story(&format!("{TWO}+0 @2 send 10 -> 10\n+0 quiet 1"));
    assert_eq!(
        verdict(&run),
        "FAIL: the stack sent `P. 1:11(10) ack 1 win 4096` on @2; nothing may be sent here"
    );
}

#[test]
fn ports_and_peers_are_those_that_the_scenario_names() {
    let run = story(
        "connection 2 service=81 client=5000 peer=other\n\
         +0 open passive -> ok\n+0 @2 open passive -> ok\n+0 @2 < S\n+0 @2 > S. 0 ack 1\n+0 < S\n+0 > S. 0 ack 1",
    );
    assert_eq!(verdict(&run), "PASS: ", "{}", run.trace);
    let closed = story("connection 2 service=82\n+0 open passive\n+0 @2 < S\n+0 @2 > R. =0 ack seg.end");
    assert_eq!(verdict(&closed), "PASS: ", "{}", closed.trace);
    let refused = story("connection 1 peer=multicast\n+0 open active -> failure\n+0 quiet 1");
    assert_eq!(verdict(&refused), "PASS: ", "{}", refused.trace);
}

#[test]
fn an_answer_to_an_address_of_nobody_fails_the_story() {
    let run = story("+0 open passive\n+0 < S from other\n+0 quiet 1");
    assert!(
        verdict(&run).ends_with("a segment went between the wrong sockets: 192.0.2.1:80 > 192.0.2.77:49152"),
        "{}",
        verdict(&run)
    );
    let astray = story("+0 open passive\n+0 < S to other\n+0 quiet 1\n+0 < S 0\n+0 > S. 0 ack 1");
    assert_eq!(verdict(&astray), "PASS: ", "what goes astray is not counted\n{}", astray.trace);
}

#[test]
fn a_device_that_refuses_packets_keeps_them_back() {
    let run = story(&format!(
        "{TWO}+0 device refuses\n+0 send 10 -> 10\n+0 quiet 0.5\n+0 device accepts\n+0 > . 1(10)\n+0 < . ack 11"
    ));
    assert_eq!(verdict(&run), "PASS: ", "{}", run.trace);
    assert!(run.trace.to_string().contains("* the device refuses packets"), "{}", run.trace);
}

#[test]
fn what_a_step_cannot_do_without_is_a_need() {
    for (step, need) in [
        ("open active", "active-open"),
        ("send 1 urgent", "urgent"),
        ("set keep-alive 1", "keep-alive"),
        ("set user-timeout 1", "user-timeout"),
        ("set traffic-class 1", "traffic-class"),
        ("device refuses", "refusing-device"),
    ] {
        let scenario = parse_one(&format!("tcpspec 1\nscenario a\n+0 {step}\n")).expect("valid");
        let needs: Vec<_> = scenario.all_needs().map(crate::stack::Capability::name).collect();
        assert_eq!(needs, [need]);
    }
    let scenario = parse_one("tcpspec 1\nscenario a\nsetup congestion=on\n+0 close\n").expect("valid");
    assert_eq!(scenario.all_needs().count(), 1);
    let without_ends = Profile { half_duplex_close: true, ..Profile::default() };
    let scenario = parse_one("tcpspec 1\nscenario a\nneeds half-close\n+0 close\n").expect("valid");
    let run = run(&mut Reference::with_profile(without_ends), &scenario, Family::V4);
    assert_eq!(verdict(&run), "SKIPPED: the profile closes both ways (MAY-1)");
}

#[test]
fn an_icmp_error_reaches_the_stack_and_counts_for_nothing_else() {
    let run =
        story(&format!("{TWO}+0 send 10 -> 10\n+0 > . 1(10)\n+0 < icmp host-unreachable\n+0 < . ack 11"));
    assert_eq!(verdict(&run), "PASS: ", "{}", run.trace);
    assert!(run.trace.to_string().contains("* ICMP reports host-unreachable for ="), "{}", run.trace);
}

#[test]
fn a_scenario_about_one_family_is_skipped_over_the_other() {
    let scenario = parse_one("tcpspec 1\nscenario a\nsetup network=ipv6\n+0 quiet 0\n").expect("valid");
    let over = |family| verdict(&run(&mut Reference::new(), &scenario, family));
    assert_eq!(over(Family::V4), "SKIPPED: about ipv6 only");
    assert_eq!(over(Family::V6), "PASS: ");
}

#[test]
fn the_initial_number_of_the_incarnation_before_is_remembered() {
    let opens = "+0 open active\n+0 > S 0\n+0 < R. =0 ack 1\n+1 open active";
    let at_once = format!("{opens}\n+0 > S snd.was+200000~snd.was+300000");
    assert_eq!(verdict(&story(&at_once)), "PASS: ");
    let elsewhere = verdict(&story(&format!("{opens}\n+0 > S snd.was+1~snd.was+200000")));
    assert!(elsewhere.starts_with("FAIL: the stack sent `S 0:0(0) "), "{elsewhere}");
}

#[test]
fn calls_after_a_second_open_are_made_on_its_connection() {
    let run = story(
        "+0 open active -> ok\n+0 > S 0\n+0 < S. 0 ack 1\n+0 > . 1(0) ack 1\n+0.2 < R 1\n\
         +0 open active -> ok\n+0 > S 0\n+0 < S. rcv.nxt-1\n+0 > . 1(0) ack rcv.nxt\n+0 send 10 -> 10\n+0 > . 1(10)",
    );
    assert_eq!(verdict(&run), "PASS: ", "{}", run.trace);
}

#[test]
fn what_goes_between_other_sockets_is_in_no_ledger() {
    // The second connection's ports change places, and what it repeats is nobody's. The first one then sends much text.
    let lines = "setup buffer=65536 receive.buffer=1000 seed=2977183443\n\
                 +0 open active\n+0 < S. <mss 1>\n+0 @2 open active\n+0 @2 < S. <mss 1>\n+0 @2 send 10\n\
                 +0 @2 open passive\n+10 < .\n+0 send 70000\n";
    let scenario = parse_one(&format!("tcpspec 1\nscenario a\n{lines}\n")).expect("valid");
    let run =
        run_watched(&mut Reference::new(), &scenario, Family::V4, Some(&mut crate::monitor::Monitor::new()));
    let limit = "INCONCLUSIVE: the stack sent more than 10000 segments, the limit, before";
    assert!(verdict(&run).starts_with(limit), "{}", verdict(&run));
}
