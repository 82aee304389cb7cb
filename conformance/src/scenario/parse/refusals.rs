//! What is refused, and with which words.
//!
//! Leaves out what every text has in common (no panic, a place within the text): the properties in
//! `round_trip` see to it.

use super::{parse, parse_one};
use crate::scenario::{MAX_OCTETS, MAX_STEPS, MAX_TEXT, MIN_MTU, print_file};

/// The message for a file.
fn refusal(text: &str) -> String {
    let error = parse(text).expect_err(text);
    format!("{}:{}: {}", error.line(), error.column(), error.message())
}

/// Messages for files.
const FILES: &[(&str, &str)] = &[
    ("", "1:1: found no scenarios, expected the version line `tcpspec 1`"),
    ("// nothing\n", "1:1: found no scenarios, expected the version line `tcpspec 1`"),
    ("\n scenario a", "2:2: found `scenario a`, expected the version line `tcpspec 1` before all else"),
    ("tcpspec", "1:1: found `tcpspec`, expected the version line `tcpspec 1` before all else"),
    ("tcpspec 2", "1:1: found `tcpspec 2`, expected `tcpspec 1`, the only version so far"),
    ("tcpspec 1", "1:10: found the end of the line, expected a line `scenario NAME` below it"),
    ("tcpspec 1\n+0 close", "2:1: found `+0 close`, expected `scenario NAME` before it"),
    ("tcpspec 1\ntitle A", "2:1: found `title A`, expected `scenario NAME` before it"),
    ("tcpspec 1\nscenario", "2:9: found the end of the line, expected the scenario's name"),
    ("tcpspec 1\nscenario a b", "2:12: found `b`, expected nothing after the scenario's name"),
    ("tcpspec 1\nscenario a\ntitle T", "2:1: found `scenario a` without steps, expected at least one step"),
    (
        "tcpspec 1\nscenario a\n+0 close\nscenario a\n+0 close",
        "4:10: found `a` a second time, expected another name than on line 2",
    ),
    (
        "tcpspec 1\nscenario a\n+0 close\ntcpspec 1",
        "4:1: found a second version line, expected one, at the top of the file",
    ),
    (
        "tcpspec 1\nscenario a\n+0 close\ntitle T",
        "4:1: found `title T` after a step, expected header lines before steps",
    ),
];

/// Messages for the third line of a file, below a version line and the scenario's name.
const LINES: &[(&str, &str)] = &[
    (
        "titel A",
        "1: found `titel`, expected a step (`+0 ...`) or one of scenario, title, checks, needs, setup, \
         connection; did you mean `title`?",
    ),
    ("open passive", "1: found `open`, expected its time before it, such as `+0`"),
    ("< S", "1: found `<`, expected its time before it, such as `+0`"),
    ("0.1 < S", "1: found `0.1`, expected a time counted from the step before, such as `+0.1`"),
    // Header lines.
    ("title // gone", "6: found the end of the line, expected a sentence"),
    ("title a\tb", "7: found `a\\tb`, expected a sentence without control characters"),
    ("checks", "7: found the end of the line, expected requirement ids"),
    (
        "checks MUST-1,MUST-2",
        "8: found `MUST-1,MUST-2`, expected requirement ids such as `MUST-13`, with spaces between them",
    ),
    ("checks MUST-1 MUST-1", "15: found `MUST-1` a second time, expected different requirement ids"),
    (
        "needs tells-reset",
        "7: found `tells-reset`, expected one of tells-resets, urgent, active-open, half-close, several-connections, \
         refusing-device, keep-alive, user-timeout, traffic-class, ttl, source-route, return-route, reports, \
         icmp, congestion-control, window-scaling, selective-acknowledgment, exact-buffers; did you mean `tells-resets`?",
    ),
    (
        "setup",
        "6: found the end of the line, expected KEY=VALUE, KEY one of buffer, receive.buffer, send.buffer, mtu, peer.iss, seed, nagle, congestion, network",
    ),
    (
        "setup bufer=1",
        "7: found `bufer`, expected KEY=VALUE, KEY one of buffer, receive.buffer, send.buffer, mtu, peer.iss, seed, nagle, congestion, network; did you mean \
         `buffer`?",
    ),
    ("setup mtu 1500", "11: found `1500`, expected `=` after `mtu`"),
    ("setup mtu=65536", "11: found `65536`, expected octets of an IP packet, a number from 68 to 65535"),
    ("setup mtu=67", "11: found `67`, expected octets of an IP packet, a number from 68 to 65535"),
    ("setup buffer=0", "14: found `0`, expected octets of buffer, a number from 1 to 1048576"),
    ("setup buffer=1048577", "14: found `1048577`, expected octets of buffer, a number from 1 to 1048576"),
    ("setup seed=1 seed=2", "14: found `seed` a second time, expected it once"),
    ("setup nagle=no", "13: found `no`, expected `on` or `off`; did you mean `on`?"),
    ("setup send.buffer=0", "19: found `0`, expected octets of buffer, a number from 1 to 1048576"),
    ("connection", "11: found the end of the line, expected a connection, a number from 1 to 16"),
    ("connection 0 peer=other", "12: found `0`, expected a connection, a number from 1 to 16"),
    ("connection 17 peer=other", "12: found `17`, expected a connection, a number from 1 to 16"),
    ("connection 2", "13: found the end of the line, expected KEY=VALUE, KEY one of service, client, peer"),
    ("connection 2 client=0", "21: found `0`, expected a port, a number from 1 to 65535"),
    (
        "connection 2 peer=multicats",
        "19: found `multicats`, expected an address: peer, stack, other, router, broadcast, subnet-broadcast, multicast, \
         unspecified, loopback; did you mean `multicast`?",
    ),
    // Labels.
    ("@2 close", "1: found `@2`, expected its time before it, such as `+0`"),
    ("+0 @ close", "6: found `close`, expected a connection, a number from 1 to 16"),
    ("+0 @0 close", "5: found `0`, expected a connection, a number from 1 to 16"),
    ("+0 @17 close", "5: found `17`, expected a connection, a number from 1 to 16"),
    ("+0 @2 quiet 1", "4: found `@2`, expected no label: silence and the device concern all connections"),
    (
        "+0 @2 device refuses",
        "4: found `@2`, expected no label: silence and the device concern all connections",
    ),
    // The device.
    ("device refuses", "1: found `device`, expected its time before it, such as `+0`"),
    ("+0 device refused", "11: found `refused`, expected `refuses` or `accepts`; did you mean `refuses`?"),
    (
        "* device accepts",
        "1: found `*`, expected a plain `+D`: ranges and `*` are for what the stack must send",
    ),
    // Times.
    ("+", "2: found the end of the line, expected a length of time such as 0.5, 500ms, 20us or 2msl"),
    ("+ close", "3: found `close`, expected a length of time such as 0.5, 500ms, 20us or 2msl"),
    ("+1h close", "2: found `1h`, expected a length of time such as 0.5, 500ms, 20us or 2msl"),
    ("+2mls close", "2: found `2mls`, expected a length of time such as 0.5, 500ms, 20us or 2msl"),
    ("+0.0000001 close", "2: found `0.0000001`, expected nothing finer than a microsecond"),
    ("+1.5msl close", "2: found `1.5msl`, expected a whole number of lifetimes, at most 1000"),
    ("+400000000 close", "2: found `400000000`, expected at most a year of 365 days, 31536000s"),
    ("+999msl+2msl close", "2: found `999msl+2msl`, expected at most 1000msl and a year of 365 days"),
    ("+1-2 close", "2: found `1-2`, expected no time below zero"),
    ("+0~1 > .", "4: found `1`, expected `+` and the end of the range, as in `+0~+0.5`"),
    (
        "+0.5 > .",
        "1: found `+0.5`, expected `+0` (at once), a range such as `+0~+0.5` (within half a second), or `*` \
         before what the stack must send",
    ),
    ("+2~+1 > .", "1: found `+2~+1`, expected a range that ends after it begins"),
    ("* close", "1: found `*`, expected a plain `+D`: ranges and `*` are for what the stack must send"),
    ("+0~+1 < S", "1: found `+0~+1`, expected a plain `+D`: ranges and `*` are for what the stack must send"),
    // Calls.
    (
        "+0",
        "3: found the end of the line, expected `<`, `>`, quiet, at-most, device or a call: open, send, receive, close, abort, set",
    ),
    (
        "+0 recieve",
        "4: found `recieve`, expected `<`, `>`, quiet, at-most, device or a call: open, send, receive, close, abort, set; did you \
         mean `receive`?",
    ),
    ("+0 open", "8: found the end of the line, expected `passive` or `active`"),
    ("+0 open pasive", "9: found `pasive`, expected `passive` or `active`; did you mean `passive`?"),
    ("+0 send", "8: found the end of the line, expected octets to send, a number from 0 to 1048576"),
    ("+0 send -> ok", "9: found `->`, expected octets to send, a number from 0 to 1048576"),
    ("+0 send 1048577", "9: found `1048577`, expected octets to send, a number from 0 to 1048576"),
    ("+0 receive all", "12: found `all`, expected most octets to receive, a number from 0 to 4294967295"),
    ("+0 send 5 urgently", "11: found `urgently`, expected the end of the line; did you mean `urgent`?"),
    (
        "+0 set keepalive 5",
        "8: found `keepalive`, expected what to set: nagle, keep-alive, user-timeout, traffic-class, ttl, error-reports; did you mean \
         `keep-alive`?",
    ),
    ("+0 set nagle 1", "14: found `1`, expected `on` or `off`"),
    ("+0 set keep-alive on", "19: found `on`, expected a length of time such as 0.5, 500ms, 20us or 2msl"),
    ("+0 set traffic-class 64", "22: found `64`, expected the Diffserv field, a number from 0 to 63"),
    ("+0 close now", "10: found `now`, expected the end of the line"),
    (
        "+0 close ->",
        "12: found the end of the line, expected an outcome: a number of octets, ok, nothing, end, reset, \
         refused, closing, no-connection, timed-out, failure, urgent-text, urgent-text-ends, delivery-trouble",
    ),
    (
        "+0 close -> rest",
        "13: found `rest`, expected an outcome: a number of octets, ok, nothing, end, reset, refused, \
         closing, no-connection, timed-out, failure, urgent-text, urgent-text-ends, delivery-trouble; did you mean `reset`?",
    ),
    ("+0 close -> ok reset", "16: found `reset`, expected the end of the line"),
    ("+0 quiet", "9: found the end of the line, expected a length of time such as 0.5, 500ms, 20us or 2msl"),
    ("+0 at-most", "11: found the end of the line, expected octets of text, a number from 0 to 4294967295"),
    ("+0 at-most 5 within 1", "14: found `within`, expected `in` and a length of time"),
    (
        "* at-most 5 in 1",
        "1: found `*`, expected a plain `+D`: ranges and `*` are for what the stack must send",
    ),
    // Segments.
    (
        "+0 <",
        "5: found the end of the line, expected flags: letters of SFRPUEW once each, `.` for ACK, or `-` for \
         none",
    ),
    ("+0 < SX", "6: found `SX`, expected flags: letters of SFRPUEW once each, `.` for ACK, or `-` for none"),
    ("+0 < SS", "6: found `SS`, expected flags: letters of SFRPUEW once each, `.` for ACK, or `-` for none"),
    (
        "+0 < . peer.nx",
        "8: found `peer.nx`, expected a sequence number: N, =N, peer.nxt, rcv.nxt, rcv.mid, rcv.last, \
         rcv.edge, seg.seq, seg.end, seg.ack; or ack, win, urg, from, to, by, bad-checksum, offset, reserved, ip-options, cut; did you mean \
         `peer.nxt`?",
    ),
    (
        "+0 < . ack snd.nx",
        "12: found `snd.nx`, expected a sequence number: N, =N, snd.una, snd.mid, snd.nxt, snd.old, snd.was, seg.ack, \
         seg.seq, seg.end; did you mean `snd.nxt`?",
    ),
    (
        "+0 > . ack snd.nxt",
        "12: found `snd.nxt`, expected a sequence number: N, =N, peer.nxt, rcv.nxt, rcv.mid, rcv.last, \
         rcv.edge, seg.seq, seg.end, seg.ack",
    ),
    ("+0 < . 4294967296", "8: found `4294967296`, expected a sequence number, a number from 0 to 4294967295"),
    ("+0 < . =", "9: found the end of the line, expected a sequence number, a number from 0 to 4294967295"),
    ("+0 < . peer.nxt+", "17: found the end of the line, expected octets, a number from 0 to 4294967295"),
    ("+0 < . 1:5", "11: found the end of the line, expected `(LEN)` after `START:END`"),
    ("+0 < . 1:5(5)", "9: found `:5(5)`, expected `:6(5)`"),
    ("+0 < . peer.nxt:5(5)", "16: found `:`, expected the end of the line"),
    ("+0 < . (65456)", "9: found `65456`, expected octets of text, a number from 0 to 65455"),
    ("+0 < . (5", "10: found the end of the line, expected `)`"),
    (
        "+0 < . ack",
        "11: found the end of the line, expected a sequence number: N, =N, snd.una, snd.mid, snd.nxt, \
         snd.old, snd.was, seg.ack, seg.seq, seg.end",
    ),
    ("+0 < . win 65536", "12: found `65536`, expected the window, a number from 0 to 65535"),
    ("+0 < . win >5", "12: found `>`, expected the window, a number from 0 to 65535"),
    (
        "+0 < . win 5 ack 1",
        "14: found `ack`, expected each field once and in the order SEQ(LEN), ack, win, urg, <OPTIONS>, \
         from, to, by, damage",
    ),
    (
        "+0 < . bad-checksum <nop>",
        "21: found `<`, expected each field once and in the order SEQ(LEN), ack, win, urg, <OPTIONS>, from, to, by, damage",
    ),
    (
        "+0 < . offset 4 offset 5",
        "17: found `offset`, expected each field once and in the order SEQ(LEN), ack, win, urg, <OPTIONS>, \
         from, to, by, damage",
    ),
    (
        "+0 < . win 5 bad-cheksum",
        "14: found `bad-cheksum`, expected the end of the line; did you mean `bad-checksum`?",
    ),
    (
        "+0 < . from nowhere",
        "13: found `nowhere`, expected an address: peer, stack, other, router, broadcast, subnet-broadcast, multicast, \
         unspecified, loopback",
    ),
    (
        "+0 < . to other from other",
        "17: found `from`, expected each field once and in the order SEQ(LEN), ack, win, urg, <OPTIONS>, from, to, by, damage",
    ),
    ("+0 < . offset 16", "15: found `16`, expected the data offset in words, a number from 0 to 15"),
    ("+0 < . reserved 16", "17: found `16`, expected the reserved bits, a number from 0 to 15"),
    // Options.
    (
        "+0 < S <",
        "9: found the end of the line, expected an option: mss, wscale, sackOK, sack, TS, nop, eol, raw",
    ),
    (
        "+0 < S <sackok>",
        "9: found `sackok`, expected an option: mss, wscale, sackOK, sack, TS, nop, eol, raw; did you mean \
         `sackOK`?",
    ),
    ("+0 < S <mss 1460 nop>", "18: found `nop`, expected `,` and another option, or `>`"),
    ("+0 < S <wscale 256>", "16: found `256`, expected a window shift, a number from 0 to 255"),
    ("+0 < S <TS 1 ecr 2>", "12: found `1`, expected `val`, as in `TS val 1 ecr 2`"),
    ("+0 < S <TS val 1>", "17: found `>`, expected `ecr`, as in `TS val 1 ecr 2`"),
    ("+0 < S <raw 020>", "13: found `020`, expected octets, two hexadecimal digits each"),
    ("+0 < S <raw>", "12: found `>`, expected octets, two hexadecimal digits each"),
    (
        "+0 < S <TS val 1 ecr 2,TS val 1 ecr 2,TS val 1 ecr 2,TS val 1 ecr 2,nop>",
        "8: found `<TS val 1 ecr 2,TS val 1 ecr 2,TS val 1 ...`, which takes 41 octets, expected at most 40",
    ),
    // Expectations.
    (
        "+0 > . offset 1",
        "8: found `offset`, expected a sequence number: N, =N, snd.una, snd.mid, snd.nxt, snd.old, snd.was, seg.ack, \
         seg.seq, seg.end; or ack, win, urg, class, ttl, by, or",
    ),
    ("+0 > S ~1", "8: found `~`, expected the end of the line"),
    (
        "+0 > S 1~",
        "10: found the end of the line, expected a sequence number: N, =N, snd.una, snd.mid, snd.nxt, snd.old, snd.was, seg.ack, seg.seq, seg.end",
    ),
    ("+0 < S 1~2", "9: found `~`, expected the end of the line"),
    (
        "+0 < icmp unreachable",
        "11: found `unreachable`, expected an error: net-unreachable, host-unreachable, protocol-unreachable, \
         port-unreachable, time-exceeded, parameter-problem, source-quench",
    ),
    ("+0 < icmp source-quench 1 2", "27: found `2`, expected the end of the line"),
    ("setup network=ipv5", "15: found `ipv5`, expected `ipv6` or `ipv4`; did you mean `ipv6`?"),
    ("+0 > U. urg 65536", "13: found `65536`, expected the urgent pointer, a number from 0 to 65535"),
    ("+0 > . ttl 256", "12: found `256`, expected the time to live, a number from 0 to 255"),
    ("+0 set ttl 0", "12: found `0`, expected the time to live, a number from 1 to 255"),
    (
        "+0 open active by",
        "18: found the end of the line, expected an address: peer, stack, other, router, broadcast, subnet-broadcast, multicast, unspecified, loopback",
    ),
    (
        "+0 < S by peer,peer,peer,peer,peer,peer,peer,peer,peer,peer",
        "11: found `peer,peer,peer,peer,peer,peer,peer,peer,...`, expected at most 9 routers",
    ),
    ("+0 > . class 64", "14: found `64`, expected the Diffserv field, a number from 0 to 63"),
    (
        "+0 > . or",
        "10: found the end of the line, expected flags: letters of SFRPUEW once each, `.` for ACK, or `-` \
         for none",
    ),
    (
        "+0 > . <nop> ack 1",
        "14: found `ack`, expected each field once and in the order SEQ(LEN), ack, win, urg, <OPTIONS>, class, ttl, by",
    ),
    (
        "+0 > FE.",
        "6: found `FE.`, expected letters of SFRPU, `.` or `-`: whether the stack sets E or W is not looked at",
    ),
    (
        "+0 > R or EW",
        "11: found `EW`, expected letters of SFRPU, `.` or `-`: whether the stack sets E or W is not looked at",
    ),
    ("+0 > S. <>", "9: found `<>`, expected an option that must be there, or no list at all"),
    // Signs.
    ("+0 < . [5]", "8: found `[`, which has no meaning in a scenario"),
];

#[test]
fn files_are_refused_with_these_words() {
    for (text, expected) in FILES {
        assert_eq!(refusal(text), *expected, "{text}");
    }
}

#[test]
fn lines_are_refused_with_these_words() {
    for (line, expected) in LINES {
        let text = format!("tcpspec 1\nscenario a\n{line}\n+0 close\n");
        assert_eq!(refusal(&text), format!("3:{expected}"), "{line}");
    }
}

#[test]
fn names_are_refused_unless_words_are_joined_one_by_one() {
    for name in ["a", "rfc9293/3.10.7.4-x", "0-a.b/c"] {
        assert_eq!(parse_one(&format!("tcpspec 1\nscenario {name}\n+0 close")).unwrap().name, name);
    }
    for name in ["-", "A", "a-", "-a", "a--b", "a..b", "../a", "/a", "a_b", "é"] {
        assert_eq!(
            refusal(&format!("tcpspec 1\nscenario {name}\n+0 close")),
            format!(
                "2:10: found `{name}`, expected a name: words of lower-case letters and digits, joined by \
                 single `-`, \
                 `.` or `/`"
            )
        );
    }
}

#[test]
fn a_header_line_is_refused_the_second_time() {
    for line in ["title A", "checks MUST-1", "needs urgent", "setup seed=1"] {
        assert_eq!(
            refusal(&format!("tcpspec 1\nscenario a\n{line}\n{line}\n+0 close")),
            format!("4:1: found `{line}`, expected only one line of this sort")
        );
    }
}

#[test]
fn a_connection_is_described_once() {
    let file = |label| {
        let lines = format!("connection 2 service=81\nconnection {label} peer=other");
        format!("tcpspec 1\nscenario a\n{lines}\n+0 close")
    };
    assert_eq!(parse_one(&file(3)).map(|scenario| scenario.connections.len()), Ok(2));
    assert_eq!(refusal(&file(2)), "4:12: found connection `2` a second time, expected another one");
}

#[test]
fn a_second_scenario_is_refused_when_one_is_asked_for() {
    let two = "tcpspec 1\nscenario a\n+0 close\nscenario b // more\n+0 close\n";
    assert_eq!(
        parse_one(two).unwrap_err().to_string(),
        "4:1: found `scenario b`, expected only one scenario\n4 | scenario b // more\n  | ^^^^^^^^^^"
    );
    let none = parse_one("tcpspec 1 // empty").unwrap_err();
    assert_eq!(none.message(), "found the end of the line, expected a line `scenario NAME` below it");
    assert_eq!(
        none.to_string().lines().skip(1).collect::<Vec<_>>(),
        ["1 | tcpspec 1 // empty", "  |          ^"]
    );
}

#[test]
fn one_step_over_the_limit_is_refused() {
    let with_steps = |count| format!("tcpspec 1\nscenario a\n{}", "+0 close\n".repeat(count));
    assert_eq!(parse_one(&with_steps(MAX_STEPS)).unwrap().steps.len(), MAX_STEPS);
    assert_eq!(
        refusal(&with_steps(MAX_STEPS + 1)),
        "1003:1: found `+0 close`, expected no more than 1000 steps"
    );
}

#[test]
fn limits_themselves_are_accepted() {
    for line in [
        format!("+0      < . ({MAX_TEXT})"),
        format!("+0      < S <raw {}>", "ff".repeat(40)),
        "+31536000 < R peer.nxt-4294967295".to_owned(),
        "+1000msl-31536000 close".to_owned(),
        format!("+0      send {MAX_OCTETS}"),
        "+0      > SFRPU. 1".to_owned(),
        "+0      @16 close".to_owned(),
        "+0      set traffic-class 63".to_owned(),
        "+0      set ttl 255".to_owned(),
        "+0      open active by other,peer,peer,peer,peer,peer,peer,peer,router".to_owned(),
    ] {
        let text = format!("tcpspec 1\n\nscenario a\n\n{line}\n");
        assert_eq!(print_file(&parse(&text).unwrap()), text);
    }
    for setup in [format!("buffer=1 mtu={MIN_MTU}"), format!("buffer={MAX_OCTETS} mtu=65535")] {
        let text = format!("tcpspec 1\n\nscenario a\nsetup   {setup}\n\n+0      close\n");
        assert_eq!(print_file(&parse(&text).unwrap()), text);
    }
}

#[test]
fn the_place_is_shown_under_the_line() {
    let error = parse("tcpspec 1\nscenario a\n+0\t< . peer.nx // soon\n").unwrap_err();
    let shown = error.to_string();
    let mut lines = shown.lines().skip(1);
    assert_eq!(lines.next(), Some("3 | +0\t< . peer.nx // soon"));
    assert_eq!(lines.next(), Some("  |   \t    ^^^^^^^"));
    assert_eq!(lines.next(), None);
}
