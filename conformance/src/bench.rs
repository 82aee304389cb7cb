//! The bench: a stack, a scripted peer and the time between them; out comes a trace with a verdict.
//!
//! The bench owns time. It performs a scenario's steps one by one, resolves what they name from the peer's
//! [`ledger`], writes everything down and compares what the stack sends with what the scenario expects. Whatever the
//! scenario says, every segment of the stack must be well formed, come from the right sockets and carry the octets
//! that its user sent; and what the scenario does not expect must not come, other than bare acknowledgments and
//! retransmissions (V-28), and a reset when the user calls CLOSE or ABORT (V-41).
//!
//! It leaves out rules of its own about TCP beyond these: what is right is for the scenario to say.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use tcpspec_core::Instant;

use crate::deviation::place;
use crate::requirement::{self, Level};
use crate::scenario::{Scenario, Step, What};
use crate::stack::{Setup, Stack};
use crate::trace::{Entry, Happening, Trace};
use crate::verdict::{Failure, Verdict};
use addresses::Addresses;
use broke::Broke;
pub(crate) use broke::without_numbers;
use connection::Connection;
pub(crate) use connection::{peer_iss, sockets_of};
use emission::Emission;
use tally::Tally;
use time::Moment;

mod addresses;
mod broke;
mod connection;
mod emission;
mod expectation;
mod guard;
pub mod ledger;
mod matching;
mod peer;
mod streams;
mod tally;
#[cfg(test)]
mod tests;
mod time;
mod user;
mod watch;

pub use crate::scenario::Family;
pub(crate) use expectation::PATIENCE;
pub use guard::keep_panics_of_stacks_quiet;
pub use time::longest;
pub use watch::Watcher;

/// Octets of buffer in each direction, unless a scenario asks for another number.
const BUFFER: u32 = 4096;

/// What came of a scenario.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Run {
    /// What happened.
    pub trace: Trace,
    /// What it means.
    pub verdict: Verdict,
}

/// Plays a scenario to a stack.
pub fn run(stack: &mut dyn Stack, scenario: &Scenario, family: Family) -> Run {
    run_watched(stack, scenario, family, None)
}

/// Plays a scenario to a stack while a judge watches. The first departure ends the run, whoever finds it.
pub fn run_watched<'s>(
    stack: &'s mut dyn Stack,
    scenario: &Scenario,
    family: Family,
    watcher: Option<&'s mut dyn Watcher>,
) -> Run {
    let lacking = scenario.all_needs().find_map(|need| stack.declaration().lack(need));
    if let Some(reason) = lacking {
        return Run { trace: Trace::default(), verdict: Verdict::Skipped(reason.to_owned()) };
    }
    if let Some(only) = scenario.setup.network.filter(|only| *only != family) {
        let reason = format!("about {} only", only.name());
        return Run { trace: Trace::default(), verdict: Verdict::Skipped(reason) };
    }
    let mut bench = Bench::new(stack, scenario, family, watcher);
    let outcome = bench.begin().and_then(|()| bench.perform(scenario));
    let verdict = match outcome {
        Ok(()) => Verdict::Pass,
        Err(Departure { undecided: false, panicked: false, .. }) if bench.was_late() => {
            Verdict::Inconclusive(bench.lateness())
        }
        Err(Departure { what, step, undecided: true, .. }) => {
            let place = match step {
                Some(index) => format!("step {} (`{}`) was over", index + 1, place(scenario, step)),
                None => "the time after the last step was over".to_owned(),
            };
            Verdict::Inconclusive(format!("{what} before {place}"))
        }
        Err(Departure { found: Some(failure), step, trace_line, .. }) => Verdict::Fail(Failure {
            step: failure.step.or(step),
            trace_line: failure.trace_line.or(trace_line),
            ..*failure
        }),
        Err(Departure { what, step, trace_line, undecided: false, found: None, broke, .. }) => {
            let state = bench.trace.entries.iter().rev().find_map(|entry| entry.left);
            Verdict::Fail(Failure {
                requirements: scenario.checks.clone(),
                level: requirement::gravest(scenario.checks.iter().map(String::as_str))
                    .unwrap_or(Level::Must),
                what,
                step,
                trace_line,
                cause: broke.map(|broke| broke.cause(state)),
            })
        }
    };
    Run { trace: bench.trace, verdict }
}

/// Something that the stack should not have done, or should have; it ends the run.
#[derive(Debug)]
struct Departure {
    what: String,
    step: Option<usize>,
    trace_line: Option<usize>,
    /// It ends the run, but nothing says that the stack may not do it.
    undecided: bool,
    /// The stack broke down: no lateness of ours can be the cause.
    panicked: bool,
    /// A watcher found it.
    found: Option<Box<Failure>>,
    /// What of all that must be true whatever the scenario says.
    broke: Option<Broke>,
}

impl Departure {
    fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            step: None,
            trace_line: None,
            undecided: false,
            panicked: false,
            found: None,
            broke: None,
        }
    }

    fn broke(self, broke: Broke) -> Self {
        Self { broke: Some(broke), ..self }
    }

    fn undecided(what: impl Into<String>) -> Self {
        Self { undecided: true, ..Self::new(what) }
    }

    fn at_line(mut self, line: usize) -> Self {
        self.trace_line = Some(line);
        self
    }
}

struct Bench<'s> {
    stack: &'s mut dyn Stack,
    watcher: Option<&'s mut dyn Watcher>,
    setup: Setup,
    settle: Duration,
    msl: Duration,
    now: Instant,
    /// The stack was asked and does nothing more by itself at the present time. Whatever it is told may change that.
    at_rest: bool,
    /// Since when what the stack has to send now may have been waiting.
    unseen_since: Instant,
    /// When the step before this one happened.
    previous: Moment,
    /// How often the stack was run in a row without time passing or a segment coming.
    standstill: u32,
    /// How much later than it wanted the bench was at worst, on a clock that does not wait for it.
    late: Duration,
    /// By how much the steps of the story were late, all together.
    late_in_all: Duration,
    trace: Trace,
    addresses: Addresses,
    connections: Vec<Connection>,
    /// The scenario says what the stack has to send.
    expects: bool,
    /// What the stack has sent and no step has taken, in a scenario that says what it has to send.
    pending: VecDeque<Emission>,
    tally: Tally,
    packet: Vec<u8>,
}

/// Octets of the longest IP packet that the network between the two takes.
fn mtu(asked_for: Option<u16>, family: Family) -> u16 {
    /// No link that IPv6 knows has less (RFC 8200 §5).
    const LEAST_OF_IPV6: u16 = 1280;
    let mtu = asked_for.unwrap_or(1500);
    match family {
        Family::V4 => mtu,
        Family::V6 => mtu.max(LEAST_OF_IPV6),
    }
}

impl<'s> Bench<'s> {
    fn new(
        stack: &'s mut dyn Stack,
        scenario: &Scenario,
        family: Family,
        watcher: Option<&'s mut dyn Watcher>,
    ) -> Self {
        let addresses = Addresses::of(family);
        let setup = &scenario.setup;
        let setup_of_stack = Setup {
            local: addresses.stack,
            peer: addresses.peer,
            seed: setup.seed.unwrap_or(1),
            receive_buffer: setup.receive_buffer.or(setup.buffer).unwrap_or(BUFFER),
            send_buffer: setup.send_buffer.or(setup.buffer).unwrap_or(BUFFER),
            mtu: mtu(setup.mtu, family),
            nagle: setup.nagle.unwrap_or(true),
            congestion_control: setup.congestion.unwrap_or(false),
        };
        let (settle, msl) = (stack.declaration().settle, stack.declaration().msl);
        Self {
            stack,
            watcher,
            setup: setup_of_stack,
            settle,
            msl,
            now: Instant::ZERO,
            at_rest: false,
            unseen_since: Instant::ZERO,
            previous: Moment::at(Instant::ZERO),
            standstill: 0,
            late: Duration::ZERO,
            late_in_all: Duration::ZERO,
            // Most steps are answered by one segment at most.
            trace: Trace::with_capacity(2 * scenario.steps.len()),
            addresses,
            connections: Connection::all_of(scenario, addresses),
            expects: scenario
                .steps
                .iter()
                .any(|step| matches!(step.what, What::Expect(_) | What::Quiet(_) | What::AtMost { .. })),
            pending: VecDeque::new(),
            tally: Tally::default(),
            packet: Vec::new(),
        }
    }

    /// Lets the stack start over. What goes wrong then is the first step's.
    fn begin(&mut self) -> Result<(), Departure> {
        let setup = self.setup;
        self.guarded(|stack| stack.reset(&setup))
            .map_err(|departure| Departure { step: Some(0), ..departure })?;
        if let Some(watcher) = &mut self.watcher {
            watcher.begin(self.stack.declaration(), &setup);
        }
        let _ = self.stack.take_rules();
        Ok(())
    }

    fn perform(&mut self, scenario: &Scenario) -> Result<(), Departure> {
        for (index, step) in scenario.steps.iter().enumerate() {
            self.perform_step(step)
                .map_err(|departure| Departure { step: departure.step.or(Some(index)), ..departure })?;
        }
        self.advance(self.now + self.settle)?;
        self.end_watch()?;
        // A stack may go on sending the text that its user gave it after the story's last step has been told.
        self.pending.retain(|emission| !emission.is_mere_text());
        self.nothing_unexpected(None)
    }

    fn perform_step(&mut self, step: &Step) -> Result<(), Departure> {
        let connection = self.index_of(step.connection);
        match &step.what {
            What::Call { call, expected } => {
                self.wait_for(step.when)?;
                self.nothing_unexpected(Some(connection))?;
                self.user_call(connection, *call, expected)
            }
            What::Segment(spec) => {
                self.wait_for(step.when)?;
                self.nothing_unexpected(Some(connection))?;
                self.peer_sends(connection, spec)
            }
            What::Icmp(spec) => {
                self.wait_for(step.when)?;
                self.nothing_unexpected(Some(connection))?;
                self.icmp_arrives(connection, *spec)
            }
            What::Expect(patterns) => self.expect(connection, step.when, patterns),
            What::Quiet(span) => {
                self.wait_for(step.when)?;
                self.forgive_before(self.now);
                self.silence(self.now + span.resolve(self.msl))
            }
            What::AtMost { octets, span } => {
                self.wait_for(step.when)?;
                self.at_most(connection, *octets, self.now + span.resolve(self.msl))
            }
            What::Device { refuses } => {
                self.wait_for(step.when)?;
                self.device(*refuses)
            }
        }
    }

    /// The network device refuses packets from now on, or takes them again.
    fn device(&mut self, refuses: bool) -> Result<(), Departure> {
        self.guarded(|stack| stack.refuse_packets(refuses))?;
        self.note(format!("the device {} packets", if refuses { "refuses" } else { "accepts" }));
        self.watch(|watcher, now| watcher.device_refuses(now, refuses))?;
        self.stimulated()
    }

    /// The connection with this label; every label of the scenario has one.
    fn index_of(&self, label: u8) -> usize {
        self.connections.iter().position(|connection| connection.label == label).unwrap_or_default()
    }

    /// Writes an event of a connection down with the stack's state after it; returns its line.
    fn write_down(&mut self, connection: usize, happening: Happening) -> usize {
        let of = &self.connections[connection];
        let left = of.socket.or(of.listener).and_then(|socket| {
            catch_unwind(AssertUnwindSafe(|| self.stack.state(socket))).unwrap_or_default()
        });
        let rules = self.stack.take_rules();
        self.trace.current = of.numbering;
        self.trace.push(Entry { time: self.now, happening, left, right: None, rules });
        self.connections[connection].numbering = self.trace.current;
        self.trace.entries.len() - 1
    }

    fn note(&mut self, note: String) {
        let rules = tcpspec_core::RuleSet::default();
        let happening = Happening::Note(note);
        self.trace.push(Entry { time: self.now, happening, left: None, right: None, rules });
    }
}
