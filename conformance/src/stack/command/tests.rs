//! Programs that misbehave in every way that we could think of, as short shell scripts.

use std::process;
use std::time::Duration;

use super::{Command, Limits};
use crate::bench::{self, Family, Run};
use crate::scenario::{self, Scenario};
use crate::stack::{Choice, Declaration, NextTimer, Setup, Stack};
use crate::verdict::Verdict;

const HELLO: &str = r#"{"n":1,"protocol":1,"name":"t","version":"1","msl":1000,"msl_source":"a test"}"#;

/// Long for a reply on any machine, short for a test.
const SHORT: Limits = Limits {
    reply: Duration::from_secs(3),
    case: Duration::from_secs(60),
    silences_in_a_row: 1,
    silences: 20,
};

fn shell(script: &str) -> String {
    format!("sh -c {}", shlex::try_quote(script).expect("no zero octet"))
}

/// Runs a script that answers `hello` as it should and then reads a request before each of its parts.
fn after_hello(parts: &[&str]) -> Command {
    let script = format!("read -r l\necho '{HELLO}'\nread -r l\n{}", parts.join("\nread -r l\n"));
    Command::start(&shell(&script), SHORT).expect("it says hello")
}

fn echo(reply: &str) -> String {
    format!("echo '{reply}'")
}

fn scenario(steps: &str) -> Scenario {
    scenario::parse_one(&format!("tcpspec 1\n\nscenario a\n\n{steps}\n")).expect("valid")
}

fn play(stack: &mut Command) -> Run {
    bench::run(stack, &scenario("+0 open passive -> ok\n+0 < S\n+0~+1 > S."), Family::V4)
}

/// What a run of such a script comes to.
fn seen(parts: &[&str]) -> String {
    match play(&mut after_hello(parts)).verdict {
        Verdict::Fail(failure) => failure.what,
        verdict => panic!("{verdict}: {:?}", verdict.explanation()),
    }
}

/// Whether a process runs. One that has ended and that nobody has reaped does not.
fn is_alive(process: &str) -> bool {
    let look = format!("kill -0 {process} && ! grep -q '^State:.Z' /proc/{process}/status");
    let mut shell = process::Command::new("sh");
    shell.args(["-c", &look]).stderr(process::Stdio::null()).status().is_ok_and(|status| status.success())
}

fn trouble(line: &str, limits: Limits) -> String {
    Command::start(line, limits).expect_err("it cannot run")
}

#[test]
fn what_never_introduces_itself_is_an_error_with_its_reason() {
    let hello = |reply: &str| trouble(&shell(&format!("read -r l; {}", echo(reply))), SHORT);
    for (trouble, expected) in [
        (trouble("", SHORT), "there is no program"),
        (trouble("sh -c 'x", SHORT), "a quote is not closed"),
        (trouble("/no/such/program", SHORT), "/no/such/program does not start: No such file"),
        (
            trouble(&shell("echo cannot open the device >&2; exit 3"), SHORT),
            "the stack exited with code 3 while it was asked what it is\n  standard error: cannot open the device",
        ),
        (
            trouble(&shell("exec sleep 600"), Limits { reply: Duration::from_millis(300), ..SHORT }),
            "no reply for 0.3 s",
        ),
        (trouble("cat /dev/zero", SHORT), "more than a reply can be"),
        (hello("Welcome!"), "expected value at line 1 column 1; it said `Welcome!`"),
        (hello(""), "EOF while parsing"),
        (hello("[1]"), "does not name the `protocol`"),
        (
            hello(&HELLO.replace("\"protocol\":1", "\"protocol\":2")),
            "version 2 of the protocol, this tcpspec version 1",
        ),
        (hello(&HELLO.replace("\"n\":1", "\"n\":4")), "answers request 4, not 1"),
        (hello(&HELLO.replace("\"msl\":1000,", "")), "missing field `msl`"),
        (hello(&HELLO.replace("1000", "\"1 s\"")), "invalid type: string \"1 s\", expected u64"),
        (hello(&HELLO.replace("a test", "")), "`msl_source` is empty"),
        (hello(&HELLO.replace("}", ",\"setle\":3}")), "unknown field `setle`"),
        (
            hello(&HELLO.replace("}", ",\"lacks\":{\"urgnt\":\"x\"}}")),
            "`lacks` names `urgnt`; there are tells-resets",
        ),
        (hello(&HELLO.replace("}", ",\"lacks\":{\"urgent\":\" \"}}")), "no reason for `urgent`"),
        (
            hello(&HELLO.replace("}", ",\"chooses\":[{\"choice\":{\"backlog\":3},\"source\":\"\"}]}")),
            "without a source",
        ),
    ] {
        assert!(trouble.contains(expected), "{expected:?} is not in {trouble:?}");
    }
}

#[test]
fn a_program_that_ends_is_a_finding_with_its_last_words() {
    assert_eq!(seen(&["exit 7"]), "the stack exited with code 7 while it started over");
    let crash = "echo \"assertion failed: snd_una <= snd_nxt\" >&2; kill -SEGV $$";
    let run = play(&mut after_hello(&[&echo("{\"n\":2}"), crash]));
    let Verdict::Fail(failure) = run.verdict else { panic!("{}", run.verdict) };
    assert_eq!(failure.what, "the stack was ended by signal 11 (SIGSEGV) while it let time pass");
    assert_eq!((failure.step, failure.trace_line), (Some(0), Some(0)));
    assert!(
        run.trace.to_string().contains("standard error: assertion failed: snd_una <= snd_nxt"),
        "{}",
        run.trace
    );
    assert_eq!(
        seen(&["exec >&-; sleep 600"]),
        "the stack closed its standard input or output while it started over"
    );
}

#[test]
fn a_program_that_does_not_come_back_is_a_finding_and_then_given_up() {
    let mut stack = after_hello(&["while :; do :; done"]);
    for (word, expected) in [
        ("FAIL", "the stack gave no reply for 3 s while it started over"),
        (
            "INCONCLUSIVE",
            "the stack was given up, silent or not to be started in 1 cases before step 1 (`open passive -> ok`) was over",
        ),
    ] {
        let verdict = play(&mut stack).verdict;
        assert_eq!((verdict.word(), verdict.explanation()), (word, Some(expected)));
    }
}

#[test]
fn a_program_that_does_not_start_again_is_a_finding_and_then_given_up() {
    let file = std::env::temp_dir().join(format!("tcpspec-{}-again", process::id()));
    let path = file.display();
    let script = format!("[ -e {path} ] && exit 9; touch {path}; read -r l; echo '{HELLO}'; read -r l");
    let mut stack = Command::start(&shell(&script), SHORT).expect("it says hello");
    let verdicts = [(); 3].map(|()| play(&mut stack).verdict);
    std::fs::remove_file(&file).expect("it is there");
    let said = verdicts.iter().map(|verdict| (verdict.word(), verdict.explanation().unwrap_or_default()));
    let expected = [
        ("FAIL", "the stack exited with code 0 while it started over"),
        ("FAIL", "the stack exited with code 9 while it was asked what it is"),
        ("INCONCLUSIVE", "the stack was given up, silent or not to be started in 1 cases before step 1"),
    ];
    for ((word, what), (expected_word, expected)) in said.zip(expected) {
        assert!(word == expected_word && what.starts_with(expected), "{word}: {what}");
    }
}

#[test]
fn a_program_that_reads_nothing_blocks_nobody() {
    let replies = [2, 3, 4]
        .map(|n| echo(&format!("{{\"n\":{n},\"outcome\":{{\"opened\":0}},\"now\":0,\"next_timer\":null}}")));
    let parts: Vec<_> =
        replies.iter().map(String::as_str).take(2).chain([&*replies[2], "sleep 600"]).collect();
    let mut stack = after_hello(&parts);
    let verdict = bench::run(&mut stack, &scenario("+0 open passive\n+0 send 1048576"), Family::V4).verdict;
    let what = verdict.explanation().unwrap_or_default();
    assert!(what.starts_with("the stack gave no reply for 3 s while it took the call"), "{what}");
}

#[test]
fn noise_costs_neither_memory_nor_time() {
    let flood = "i=0; while [ $i -lt 3000 ]; do echo \"$i ..........................................................\" >&2; i=$((i+1)); done; exit 1";
    let run = play(&mut after_hello(&[flood]));
    let trace = run.trace.to_string();
    assert_eq!(trace.matches("standard error").count(), 12, "{trace}");
    assert!(trace.contains("standard error: 2999 ..."), "{trace}");
    assert_eq!(
        seen(&["cat /dev/zero"]),
        "the stack said more than a reply can be, without an end of line, while it started over"
    );
    let babble = seen(&["while :; do echo '{\"n\":2}'; done"]);
    assert!(
        babble.contains("`{\"n\":2}` unasked") || babble.contains("answers request 2, not 3"),
        "{babble}"
    );
}

#[test]
fn what_is_no_reply_is_said_with_the_reason() {
    let opened = r#"{"n":3,"outcome":{"opened":0},"next_timer":null}"#;
    let reset = r#"{"n":2,"next_timer":null}"#;
    for (replies, expected) in [
        (vec!["not JSON"], "started over: expected ident at line 1 column 2; it said `not JSON`"),
        (vec![r#"{"n":1}"#], "it answers request 1, not 2"),
        (vec![r#"{"packets":[]}"#], "missing field `n`"),
        (vec![r#"{"n":2,"packets":["4x"]}"#], "Invalid character 'x' at position 1"),
        (vec![r#"{"n":2,"packets":"45"}"#], "invalid type: string \"45\", expected a sequence"),
        (vec![r#"{"n":2,"next_timer":-1}"#], "invalid value: integer `-1`, expected u64"),
        (vec![r#"{"n":2,"nxt_timer":1}"#], "unknown field `nxt_timer`"),
        (vec![r#"{"n":2,"states":{"0":"SYN_SENT"}}"#], "`SYN_SENT` is no state of RFC 9293"),
        (vec![reset, r#"{"n":3}"#], "took the call `open passive`: the answer to a call needs an `outcome`"),
        (vec![reset, r#"{"n":3,"outcome":{"sent":1}}"#], "`1` is no answer to that call"),
        (vec![reset, r#"{"n":3,"outcome":"okay"}"#], "unknown variant `okay`"),
        (vec![reset, opened, r#"{"n":4}"#, r#"{"n":5}"#], "the answer to `run` needs `now`"),
        (
            vec![reset, opened, r#"{"n":4}"#, r#"{"n":5,"now":7}"#],
            "from 0 it was to run until 10000, or until it sends, not until 7",
        ),
    ] {
        let parts: Vec<_> = replies.iter().map(|reply| echo(reply)).collect();
        let parts: Vec<_> = parts.iter().map(String::as_str).chain(["sleep 600"]).collect();
        let what = seen(&parts);
        assert!(what.contains(expected), "{expected:?} is not in {what:?}");
    }
}

#[test]
fn what_a_program_has_started_ends_with_it() {
    let file = std::env::temp_dir().join(format!("tcpspec-{}-offspring", process::id()));
    let offspring = format!("sleep 600 & echo $! > {}; exit 1", file.display());
    assert_eq!(seen(&[&offspring]), "the stack exited with code 1 while it started over");
    let number = std::fs::read_to_string(&file).expect("the script wrote it");
    std::fs::remove_file(&file).expect("it is there");
    // Its signal is on its way.
    let gone = (0..1000).any(|_| !is_alive(number.trim()));
    assert!(gone, "process {number} is alive");
}

#[test]
fn a_program_that_changes_its_mind_about_itself_is_a_finding() {
    let file = std::env::temp_dir().join(format!("tcpspec-{}-mind", process::id()));
    let path = file.display();
    let other = HELLO.replace("1000", "2000");
    let script = format!(
        "read -r l; if [ -e {path} ]; then echo '{other}'; read -r l; else touch {path}; echo '{HELLO}'; fi; read -r l"
    );
    let mut stack = Command::start(&shell(&script), SHORT).expect("it says hello");
    let first = play(&mut stack).verdict;
    let second = play(&mut stack).verdict;
    std::fs::remove_file(&file).expect("it is there");
    assert_eq!(first.explanation(), Some("the stack exited with code 0 while it started over"));
    let what = second.explanation().unwrap_or_default();
    assert!(what.contains("declares something else than when it was started first"), "{what}");
}

#[test]
fn time_without_a_timer_costs_no_round_trip_and_the_next_request_tells_it() {
    let setup = Setup {
        local: [192, 0, 2, 1].into(),
        peer: [192, 0, 2, 2].into(),
        seed: u64::MAX,
        receive_buffer: 1,
        send_buffer: 2,
        mtu: 3,
        nagle: true,
        congestion_control: false,
    };
    let second = r#"case $l in *'"now":5000000,"do":"deliver","packet":"0aff"'*) echo '{"n":3,"next_timer":9000000,"packets":["00","01"]}';; esac"#;
    let third =
        r#"case $l in *'"do":"run","until":9000000'*) echo '{"n":4,"now":8999999,"packets":["02"]}';; esac"#;
    let mut stack = after_hello(&[&echo(r#"{"n":2,"next_timer":null}"#), second, third]);
    stack.reset(&setup);
    let at = |seconds: u64| tcpspec_core::Instant(seconds * 1_000_000);
    assert_eq!((stack.next_timer(), stack.run_until(at(5))), (NextTimer::Never, at(5)));
    stack.deliver(&[0x0a, 0xff]);
    assert_eq!(stack.run_until(at(6)), at(5), "there is output");
    let mut packet = vec![9];
    for expected in [Some(0), Some(1), None] {
        assert_eq!(stack.emit(&mut packet).then(|| packet[0]), expected);
    }
    assert_eq!(stack.run_until(at(6)), at(6));
    assert_eq!(stack.run_until(at(9)), tcpspec_core::Instant(8_999_999), "it stopped because it sent");
    assert_eq!(stack.next_timer(), NextTimer::Unknown);
}

#[test]
fn whose_connection_was_accepted_is_remembered() {
    use crate::stack::{CallOutcome, SocketId, UserCall};
    let reset = echo(r#"{"n":2,"next_timer":null}"#);
    let accepted =
        echo(r#"{"n":3,"outcome":{"accepted":{"socket":5,"remote":"2001:db8::2","remote_port":7}}}"#);
    let mut stack = after_hello(&[&reset, &accepted, "read -r l"]);
    let [local, peer] = ["2001:db8::1", "2001:db8::2"].map(|address| address.parse().expect("an address"));
    let (receive_buffer, send_buffer) = (1, 1);
    stack.reset(&Setup {
        local,
        peer,
        seed: 1,
        receive_buffer,
        send_buffer,
        mtu: 1500,
        nagle: true,
        congestion_control: false,
    });
    let listener = SocketId(1);
    assert_eq!(stack.call(UserCall::Accept { listener }), CallOutcome::Opened(SocketId(5)));
    assert_eq!(stack.remote(SocketId(5)), Some((peer, 7).into()));
    assert_eq!(stack.remote(listener), None);
}

#[test]
fn a_declaration_is_taken_over_word_by_word() {
    let hello = HELLO.replace(
        '}',
        r#","settle":1000,"clock":"real","lacks":{"urgent":"why"},"chooses":[{"choice":"silent-when-closed","source":"a"},
           {"choice":{"throttled-acknowledgments":{"limit":1,"interval":2}},"source":"b"},{"choice":{"fin-wait-2-timeout":3},"source":"c"},
           {"choice":{"half-open-timeout":4},"source":"d"},{"choice":{"backlog":5},"source":"e"},
           {"choice":"reset-on-unread-text","source":"f"},{"choice":{"delayed-acknowledgment":6},"source":"g"},
           {"choice":{"reassembles":7},"source":"h"}]}"#,
    );
    let script = format!("read -r l; {}; read -r l", echo(&hello.replace('\n', " ")));
    let stack = Command::start(&shell(&script), SHORT).expect("it says hello");
    let Declaration { name, msl, settle, clock, lacks, chooses, .. } = stack.declaration();
    let micros = Duration::from_micros;
    assert_eq!((name.as_ref(), *msl, *settle), ("t", micros(1000), micros(1000)));
    assert_eq!((*clock, lacks.len()), (crate::stack::Clock::Real, 1));
    let choices: Vec<_> = chooses.iter().map(|(choice, source)| (*choice, source.as_ref())).collect();
    assert_eq!(
        choices,
        [
            (Choice::SilentWhenClosed, "a"),
            (Choice::ThrottledAcknowledgments { limit: 1, interval: micros(2) }, "b"),
            (Choice::FinWait2Timeout(micros(3)), "c"),
            (Choice::HalfOpenTimeout(micros(4)), "d"),
            (Choice::Backlog(5), "e"),
            (Choice::ResetOnUnreadText, "f"),
            (Choice::DelayedAcknowledgment(micros(6)), "g"),
            (Choice::Reassembles(7), "h"),
        ]
    );
}
