//! Stacks that talk too much: how much of it is looked at, and what is made of it.

use std::net::SocketAddr;

use tcpspec_core::Control;

use super::*;
use crate::scenario::parse_one;
use crate::stack::reference::Reference;
use crate::stack::{CallFailure, CallOutcome, Clock, Declaration, NextTimer, SocketId, UserCall};
use crate::wire::{self, Endpoints};

mod clocks;
mod connections;

/// A stack that sends the same segment again and again, whatever happens.
struct Talker {
    declaration: Declaration,
    ctl: Control,
    interval: Duration,
    sockets: Option<Endpoints>,
    now: Instant,
    due: Instant,
}

impl Stack for Talker {
    fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    fn reset(&mut self, setup: &Setup) {
        self.sockets = Some(Endpoints {
            source: SocketAddr::new(setup.local, 80),
            destination: SocketAddr::new(setup.peer, 49_152),
        });
        (self.now, self.due) = (Instant::ZERO, Instant::ZERO + self.interval);
    }

    fn call(&mut self, _call: UserCall<'_>) -> CallOutcome {
        CallOutcome::Error(CallFailure::NoConnection)
    }

    fn deliver(&mut self, _packet: &[u8]) {}

    fn emit(&mut self, packet: &mut Vec<u8>) -> bool {
        let due = self.due <= self.now;
        if let Some(sockets) = self.sockets.as_ref().filter(|_| due) {
            self.due = self.due + self.interval;
            let segment = tcpspec_core::Segment { ctl: self.ctl, ..Default::default() };
            wire::build(sockets, &wire::Header::of_segment(&segment), [&[], &[]], packet).expect("no text");
        }
        due
    }

    fn run_until(&mut self, time: Instant) -> Instant {
        self.now = self.now.max(self.due.min(time));
        self.now
    }

    fn next_timer(&self) -> NextTimer {
        NextTimer::At(self.due)
    }

    fn state(&self, _socket: SocketId) -> Option<tcpspec_core::State> {
        None
    }
}

/// What becomes of these steps with a stack that sends such a segment each time so many milliseconds have passed.
fn told(ctl: Control, milliseconds: u64, steps: &str) -> Run {
    let declaration = Declaration {
        name: "talker".into(),
        version: "1.0.0".into(),
        msl: Duration::from_secs(120),
        msl_source: "this test".into(),
        settle: Duration::from_millis(1),
        clock: Clock::Virtual,
        lacks: Vec::new(),
        chooses: Vec::new(),
    };
    let interval = Duration::from_millis(milliseconds);
    let (now, due) = (Instant::ZERO, Instant::ZERO);
    let mut talker = Talker { declaration, ctl, interval, sockets: None, now, due };
    let scenario = parse_one(&format!("tcpspec 1\nscenario a\n{steps}\n")).expect("valid");
    run(&mut talker, &scenario, Family::V4)
}

/// The word for the verdict and its explanation.
fn verdict(run: &Run) -> String {
    format!("{}: {}", run.verdict, run.verdict.explanation().unwrap_or_default())
}

#[test]
fn the_first_segment_breaks_a_silence_and_ends_the_run() {
    let run = told(Control::ACK, 10, "+0 quiet 1000msl");
    let said = verdict(&run);
    assert!(
        said.starts_with("FAIL: the stack sent `. ") && said.ends_with("; nothing may be sent here"),
        "{said}"
    );
    assert_eq!(run.trace.entries.len(), 1);
}

#[test]
fn too_many_welcome_segments_over_time_permit_no_judgement() {
    let most = "INCONCLUSIVE: the stack sent more than 10000 segments, the limit, before";
    assert_eq!(verdict(&told(Control::ACK, 1, "* > S")), format!("{most} step 1 (`> S`) was over"));
    let waiting = told(Control::ACK, 1, "+0 close\n+100 close\n+0 quiet 0");
    assert_eq!(verdict(&waiting), format!("{most} step 2 (`close`) was over"));
    let fewer = told(Control::ACK, 1, "+0 close\n+9.99 close");
    assert_eq!(fewer.verdict, Verdict::Pass);
}

#[test]
fn too_many_segments_at_one_time_are_a_departure() {
    let flood = "FAIL: the stack sent more than 10000 segments at one time";
    for steps in ["+0 close", "+1 close", "* > S", "+0 quiet 1"] {
        assert_eq!(verdict(&told(Control::ACK, 0, steps)), flood, "{steps}");
    }
}

#[test]
fn a_segment_that_nothing_asked_for_is_judged_however_many_follow() {
    let said = verdict(&told(Control::RST, 1, "+100 close\n+0 quiet 0"));
    assert!(said.starts_with("FAIL: ") && said.ends_with("; nothing asked for it"), "{said}");
}

#[test]
fn much_new_text_at_one_time_is_no_departure() {
    let story = |octets: u32| {
        let steps = "+0 open passive\n+0 < S <mss 1>\n+0 > S.\n+0 < .\n+0 send";
        let text = format!("tcpspec 1\nscenario a\nsetup buffer=65535\n{steps} {octets}\n+0 > . 1(1)\n");
        let scenario = parse_one(&text).expect("valid");
        run(&mut Reference::new(), &scenario, Family::V4)
    };
    assert_eq!(story(9000).verdict, Verdict::Pass);
    let said = verdict(&story(20_000));
    assert!(
        said.starts_with("INCONCLUSIVE") && said.ends_with("before step 5 (`send 20000`) was over"),
        "{said}"
    );
}
