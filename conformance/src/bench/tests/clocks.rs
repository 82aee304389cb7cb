//! Stacks on other clocks: one that runs by itself, and one that does not know when it will act next.

use super::*;

/// A stack that sends one segment at a time of its own choice. It does not say when, and on a real clock each look at
/// it may take longer than was asked for.
struct Clockwork {
    declaration: Declaration,
    sockets: Option<Endpoints>,
    now: Instant,
    due: Option<Instant>,
    begin: Instant,
    /// How much longer the looks take, the latest first; the last of them for ever.
    lags: Vec<Duration>,
    looks: u32,
    stands_still: bool,
}

impl Stack for Clockwork {
    fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    fn reset(&mut self, setup: &Setup) {
        self.sockets = Some(Endpoints {
            source: SocketAddr::new(setup.local, 80),
            destination: SocketAddr::new(setup.peer, 49_152),
        });
        (self.now, self.due) = (Instant::ZERO, Some(self.begin));
    }

    fn call(&mut self, _call: UserCall<'_>) -> CallOutcome {
        CallOutcome::Ok
    }

    fn deliver(&mut self, _packet: &[u8]) {}

    fn emit(&mut self, packet: &mut Vec<u8>) -> bool {
        let Some(sockets) = self.sockets.filter(|_| self.due.is_some_and(|due| due <= self.now)) else {
            return false;
        };
        self.due = None;
        let segment = tcpspec_core::Segment { ctl: Control::SYN, ..Default::default() };
        wire::build(&sockets, &wire::Header::of_segment(&segment), [&[], &[]], packet).expect("no text");
        true
    }

    fn run_until(&mut self, time: Instant) -> Instant {
        self.looks += 1;
        if self.stands_still {
            return self.now;
        }
        let real = self.declaration.clock == Clock::Real;
        // A real clock wakes on output; the other goes where it is told.
        let wakes = self.due.filter(|due| real && *due > self.now).map_or(time, |due| due.min(time));
        let lag = if self.lags.len() > 1 { self.lags.pop() } else { self.lags.first().copied() };
        self.now = self.now.max(wakes) + lag.unwrap_or_default();
        self.now
    }

    fn next_timer(&self) -> NextTimer {
        NextTimer::Unknown
    }

    fn state(&self, _socket: SocketId) -> Option<tcpspec_core::State> {
        None
    }
}

/// What becomes of these steps with a stack that sends a SYN after so many milliseconds; `lags` in milliseconds.
fn told_to(clock: Clock, due: u64, lags: &[u64], steps: &str) -> (Run, u32) {
    let declaration = Declaration {
        name: "clockwork".into(),
        version: "1.0.0".into(),
        msl: Duration::from_secs(120),
        msl_source: "this test".into(),
        settle: Duration::from_millis(5),
        clock,
        lacks: Vec::new(),
        chooses: Vec::new(),
    };
    let mut stack = Clockwork {
        declaration,
        sockets: None,
        now: Instant::ZERO,
        due: None,
        begin: Instant::ZERO + Duration::from_millis(due),
        lags: lags.iter().copied().map(Duration::from_millis).collect(),
        looks: 0,
        stands_still: false,
    };
    let scenario = parse_one(&format!("tcpspec 1\nscenario a\n{steps}\n")).expect("valid");
    let run = run(&mut stack, &scenario, Family::V4);
    (run, stack.looks)
}

#[test]
fn a_stack_that_does_not_know_its_next_timer_is_looked_at_on_a_schedule() {
    let (run, looks) = told_to(Clock::Virtual, 1000, &[], "+0~+2 > S");
    assert_eq!(verdict(&run), "PASS: ");
    assert!((100..110).contains(&looks), "{looks} looks in a second");
    assert_eq!(
        verdict(&told_to(Clock::Virtual, 1000, &[], "+0.5~+0.9 > S").0),
        "FAIL: expected `> S` between \
         0.5 and 0.9 s after the step before, nothing was sent"
    );
    let early = verdict(&told_to(Clock::Virtual, 300, &[], "+0.5~+0.9 > S").0);
    assert!(early.contains("it came too early"), "{early}");
}

#[test]
fn what_may_have_come_in_time_on_a_real_clock_is_not_late() {
    // Sent at 100 ms, seen at 108 ms: the end of the range is between the two.
    let (run, _) = told_to(Clock::Real, 100, &[8], "+0~+0.095 > S");
    assert_eq!(verdict(&run), "PASS: ", "{}", run.trace);
    let late = verdict(&told_to(Clock::Real, 130, &[1], "+0~+0.095 > S").0);
    assert_eq!(late, "FAIL: expected `> S` between 0 and 0.095 s after the step before, nothing was sent");
}

#[test]
fn what_came_after_the_end_of_a_silence_does_not_break_it() {
    let (run, _) = told_to(Clock::Real, 101, &[3], "+0 quiet 0.1\n+0~+0.1 > S");
    assert_eq!(verdict(&run), "PASS: ", "{}", run.trace);
    let broken = verdict(&told_to(Clock::Real, 60, &[3], "+0 quiet 0.1").0);
    assert!(broken.ends_with("nothing may be sent here"), "{broken}");
}

#[test]
fn a_machine_that_keeps_the_bench_waiting_lets_it_judge_nothing() {
    let (run, _) = told_to(Clock::Real, 30, &[0, 500], "+0 quiet 0.1\n+0 > R");
    assert_eq!(
        verdict(&run),
        "INCONCLUSIVE: the machine kept the bench waiting for 500 ms; nothing follows from what it saw"
    );
    let (run, _) = told_to(Clock::Real, 30, &[0, 500], "* > S");
    assert_eq!(verdict(&run), "PASS: ", "what was right is right, however late it was seen");
}

#[test]
fn a_clock_that_stands_still_is_a_departure() {
    let mut stack = Clockwork {
        declaration: Declaration { clock: Clock::Virtual, ..Reference::new().declaration().clone() },
        sockets: None,
        now: Instant::ZERO,
        due: None,
        begin: Instant(u64::MAX),
        lags: Vec::new(),
        looks: 0,
        stands_still: true,
    };
    let scenario = parse_one("tcpspec 1\nscenario a\n+1 quiet 1\n").expect("valid");
    let run = run(&mut stack, &scenario, Family::V4);
    assert_eq!(verdict(&run), "FAIL: the stack's clock stands still at 0.000000");
}

#[test]
fn what_comes_just_before_the_end_of_a_lifetime_comes_before_it_on_a_real_clock_too() {
    let arrives = |clock, lag| {
        let (run, _) = told_to(clock, u64::MAX / 1000, &[lag], "+1msl-1ms < S");
        run.trace.entries[0].time
    };
    assert_eq!(arrives(Clock::Virtual, 0), Instant(119_999_000));
    let late = arrives(Clock::Real, 4);
    assert!((Instant(119_990_000)..Instant(120_000_000)).contains(&late), "{late}");
}
