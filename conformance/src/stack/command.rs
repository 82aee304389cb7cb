//! A stack in another process, in any language: a program that answers requests on its standard input with replies on
//! its standard output (`docs/your-stack.md`).
//!
//! One event is one round trip: the reply says what came of it, what the stack sends, when its next timer is due and
//! what states its sockets are in. The program is kept from case to case, and started again after one in which it was
//! lost. A program that ends, falls silent or says what it may not has departed as a stack in this process does that
//! panics: by unwinding, with [`Lost`].
//!
//! It leaves out whether what the stack does is right.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::panic::resume_unwind;
use std::time::{Duration, Instant as RealInstant};

use tcpspec_core::{Instant, State};

use self::process::{Process, Trouble};
use self::protocol::{Action, Hello, Outcome, Reply, Request, VERSION};
use self::words::printable;
use super::{CallOutcome, Clock, Declaration, Lost, NextTimer, Setup, SocketId, Stack, UserCall};

mod process;
mod protocol;
#[cfg(test)]
mod tests;
mod words;

/// What a program may cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// How long it may take for a reply, besides the time that it was told to let pass on a real clock.
    pub reply: Duration,
    /// How long it may take for all the replies of one case.
    pub case: Duration,
    /// After being silent in so many cases in a row it is given up.
    pub silences_in_a_row: u32,
    /// And after being silent in so many cases.
    pub silences: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            reply: Duration::from_secs(10),
            case: Duration::from_secs(60),
            silences_in_a_row: 5,
            silences: 20,
        }
    }
}

/// The adapter. Any use before the first [`Stack::reset`] but for the declaration unwinds.
#[derive(Debug)]
pub struct Command {
    program: String,
    arguments: Vec<String>,
    limits: Limits,
    declaration: Declaration,
    process: Option<Process>,
    /// Number of the latest request to this process.
    requests: u64,
    /// How long the program has taken for the replies of this case.
    spent: Duration,
    silences: u32,
    silences_in_a_row: u32,
    now: Instant,
    emitted: VecDeque<Vec<u8>>,
    next_timer: NextTimer,
    states: BTreeMap<u32, State>,
    /// The remote sockets of connections that were accepted.
    remotes: BTreeMap<u32, SocketAddr>,
    request: Vec<u8>,
}

/// Why a program is not asked any further.
enum Refusal {
    /// It is gone or must go.
    Trouble(Trouble),
    /// What it said is no reply.
    Nonsense(String),
}

impl Command {
    /// Starts a program and asks it what it is. `line` is split into words as a shell does, quotes included, and is given
    /// to no shell.
    ///
    /// # Errors
    /// The line has no words, the program does not start, or what it says of itself cannot be understood.
    pub fn start(line: &str, limits: Limits) -> Result<Self, String> {
        let mut words = shlex::split(line).ok_or("a quote is not closed")?.into_iter();
        let program = words.next().ok_or("there is no program to start")?;
        let arguments = words.collect();
        let mut command = Self {
            program,
            arguments,
            limits,
            declaration: nothing_known(),
            process: None,
            requests: 0,
            spent: Duration::ZERO,
            silences: 0,
            silences_in_a_row: 0,
            now: Instant::ZERO,
            emitted: VecDeque::new(),
            next_timer: NextTimer::Unknown,
            states: BTreeMap::new(),
            remotes: BTreeMap::new(),
            request: Vec::new(),
        };
        command.declaration = command.introduced().map_err(|lost| {
            let last_words: String =
                lost.last_words.iter().map(|line| format!("\n  standard error: {line}")).collect();
            format!("{}{last_words}", lost.what)
        })?;
        Ok(command)
    }

    /// Starts the program and lets it introduce itself.
    fn introduced(&mut self) -> Result<Declaration, Lost> {
        let lost = |what| Lost { what, last_words: Vec::new(), finding: true };
        self.process = Some(Process::start(&self.program, &self.arguments).map_err(lost)?);
        self.requests = 0;
        let action = Action::Hello { protocol: VERSION };
        let declaration = self.exchange(action, Duration::ZERO, understood_hello);
        declaration.map_err(|refusal| self.lost(action, refusal))
    }

    /// Asks, and hears what the answer means.
    fn exchange<R>(
        &mut self,
        action: Action<'_>,
        to_pass: Duration,
        understood: impl FnOnce(&[u8], u64) -> Result<R, String>,
    ) -> Result<R, Refusal> {
        self.requests += 1;
        let n = self.requests;
        self.request.clear();
        let request = Request { n, now: self.now.0, action };
        serde_json::to_writer(&mut self.request, &request).expect("plain words and numbers");
        self.request.push(b'\n');
        let patience = self.limits.reply.min(self.limits.case.saturating_sub(self.spent));
        let Some(process) = &mut self.process else { return Err(Refusal::Trouble(Trouble::Gone)) };
        let begun = RealInstant::now();
        let reply = process.exchange(&self.request, patience + to_pass);
        self.spent += begun.elapsed().saturating_sub(to_pass);
        let reply = reply.map_err(Refusal::Trouble)?;
        understood(reply, n).map_err(|why| {
            let said = printable(&String::from_utf8_lossy(&reply[..reply.len().min(2000)]));
            Refusal::Nonsense(format!("{why}; it said `{said}`"))
        })
    }

    /// Ends the program, and says why.
    fn lost(&mut self, action: Action<'_>, refusal: Refusal) -> Lost {
        self.emitted.clear();
        self.states.clear();
        let Some(process) = self.process.take() else {
            let what = "the stack is gone".to_owned();
            return Lost { what, last_words: Vec::new(), finding: true };
        };
        let (ending, last_words) = process.end(matches!(refusal, Refusal::Trouble(Trouble::Gone)));
        let doing = action.what();
        let what = match refusal {
            Refusal::Nonsense(why) => format!("the stack's answer is no reply when it {doing}: {why}"),
            Refusal::Trouble(Trouble::Gone) => {
                let ending = ending.as_deref().unwrap_or("closed its standard input or output");
                format!("the stack {ending} while it {doing}")
            }
            Refusal::Trouble(Trouble::Silent) => {
                self.silences += 1;
                self.silences_in_a_row += 1;
                let Limits { reply, case, .. } = self.limits;
                if self.spent < case {
                    format!("the stack gave no reply for {} s while it {doing}", reply.as_secs_f64())
                } else {
                    format!("the stack took {} s for the replies of one case and {doing}", case.as_secs_f64())
                }
            }
            Refusal::Trouble(Trouble::TooLong) => {
                format!("the stack said more than a reply can be, without an end of line, while it {doing}")
            }
            Refusal::Trouble(Trouble::Unasked(said)) => {
                format!("the stack said `{said}` unasked, before it {doing}")
            }
        };
        Lost { what, last_words, finding: true }
    }

    /// A round trip. Takes what the stack sends and what it says of itself.
    fn round_trip(&mut self, action: Action<'_>, to_pass: Duration) -> Reply {
        let reply = self.exchange(action, to_pass, understood).unwrap_or_else(|refusal| {
            resume_unwind(Box::new(self.lost(action, refusal)));
        });
        self.take(action, reply)
    }

    /// Takes what a reply tells whatever the request was.
    fn take(&mut self, action: Action<'_>, mut reply: Reply) -> Reply {
        self.emitted.extend(reply.packets.drain(..).map(|packet| packet.0));
        self.next_timer = match reply.next_timer {
            None => NextTimer::Unknown,
            Some(None) => NextTimer::Never,
            Some(Some(time)) => NextTimer::At(Instant(time)),
        };
        self.states.clear();
        for (socket, name) in &reply.states {
            match State::from_name(name) {
                Some(state) => _ = self.states.insert(*socket, state),
                None => {
                    self.refuse(action, &format!("`{}` is no state of RFC 9293", printable(name)));
                }
            }
        }
        reply
    }

    /// Ends the run: what the program said is no reply to this.
    fn refuse(&mut self, action: Action<'_>, why: &str) -> ! {
        let lost = self.lost(action, Refusal::Nonsense(why.to_owned()));
        resume_unwind(Box::new(lost))
    }

    /// Starts the program again. It must say the same of itself as before.
    fn start_again(&mut self) {
        let given_up =
            self.silences_in_a_row >= self.limits.silences_in_a_row || self.silences >= self.limits.silences;
        if given_up {
            let count = self.silences;
            let what = format!("the stack was given up, silent or not to be started in {count} cases");
            resume_unwind(Box::new(Lost { what, last_words: Vec::new(), finding: false }));
        }
        let silences = (self.silences, self.silences_in_a_row);
        let introduced = self.introduced();
        if introduced.is_err() {
            // However it failed: this counts once.
            (self.silences, self.silences_in_a_row) = (silences.0 + 1, silences.1 + 1);
        }
        match introduced {
            Ok(declaration) if declaration == self.declaration => {}
            Ok(_) => self.refuse(
                Action::Hello { protocol: VERSION },
                "it declares something else than when it was started first",
            ),
            Err(lost) => resume_unwind(Box::new(lost)),
        }
    }
}

/// The declaration of a program that has not been asked.
fn nothing_known() -> Declaration {
    Declaration {
        name: "".into(),
        version: "".into(),
        msl: Duration::ZERO,
        msl_source: "".into(),
        settle: Duration::ZERO,
        clock: Clock::Virtual,
        lacks: Vec::new(),
        chooses: Vec::new(),
    }
}

/// Reads a reply to request `n`.
fn understood(line: &[u8], n: u64) -> Result<Reply, String> {
    let reply: Reply = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    if reply.n == n { Ok(reply) } else { Err(format!("it answers request {}, not {n}", reply.n)) }
}

/// Reads the reply to `hello`.
fn understood_hello(line: &[u8], n: u64) -> Result<Declaration, String> {
    let value: serde_json::Value = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    // Before anything else: what another version says is not for this one to read.
    let version = value.get("protocol").ok_or("it does not name the `protocol` that it speaks")?;
    if version.as_u64() != Some(VERSION.into()) {
        return Err(format!("it speaks version {version} of the protocol, this tcpspec version {VERSION}"));
    }
    let hello: Hello = serde_json::from_value(value).map_err(|error| error.to_string())?;
    if hello.n != n {
        return Err(format!("it answers request {}, not {n}", hello.n));
    }
    hello.declaration()
}

impl Stack for Command {
    fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    fn reset(&mut self, setup: &Setup) {
        (self.now, self.spent) = (Instant::ZERO, Duration::ZERO);
        self.emitted.clear();
        self.remotes.clear();
        if self.process.is_some() {
            self.silences_in_a_row = 0;
        } else {
            self.start_again();
        }
        self.round_trip(Action::reset(setup), Duration::ZERO);
    }

    fn call(&mut self, call: UserCall<'_>) -> CallOutcome {
        let action = Action::from(call);
        let reply = self.round_trip(action, Duration::ZERO);
        if let Some(Outcome::Accepted { socket, remote, remote_port }) = reply.outcome
            && matches!(call, UserCall::Accept { .. })
        {
            self.remotes.insert(socket, SocketAddr::new(remote, remote_port));
        }
        let outcome = reply.outcome.ok_or_else(|| "the answer to a call needs an `outcome`".to_owned());
        match outcome.and_then(|outcome| outcome.of(&call)) {
            Ok(outcome) => outcome,
            Err(why) => self.refuse(action, &why),
        }
    }

    fn deliver(&mut self, packet: &[u8]) {
        self.round_trip(Action::Deliver { packet }, Duration::ZERO);
    }

    fn emit(&mut self, packet: &mut Vec<u8>) -> bool {
        let next = self.emitted.pop_front();
        packet.clear();
        packet.extend_from_slice(next.as_deref().unwrap_or_default());
        next.is_some()
    }

    fn run_until(&mut self, time: Instant) -> Instant {
        if !self.emitted.is_empty() || time < self.now {
            return self.now;
        }
        let nothing_due = match self.next_timer {
            NextTimer::At(due) => due > time,
            NextTimer::Never => true,
            NextTimer::Unknown => false,
        };
        if nothing_due && self.declaration.clock == Clock::Virtual {
            // The next request tells the time.
            self.now = time;
            return time;
        }
        let to_pass = match self.declaration.clock {
            Clock::Virtual => Duration::ZERO,
            Clock::Real => time.since(self.now),
        };
        let action = Action::Run { until: time.0 };
        let reply = self.round_trip(action, to_pass);
        let Some(now) = reply.now.map(Instant) else {
            self.refuse(action, "the answer to `run` needs `now`");
        };
        let early = now < time && self.emitted.is_empty();
        let late = now > time && self.declaration.clock == Clock::Virtual;
        if now < self.now || early || late {
            let (from, to) = (self.now.0, time.0);
            let why = format!("from {from} it was to run until {to}, or until it sends, not until {}", now.0);
            self.refuse(action, &why);
        }
        self.now = now;
        now
    }

    fn next_timer(&self) -> NextTimer {
        self.next_timer
    }

    fn state(&self, socket: SocketId) -> Option<State> {
        self.states.get(&socket.0).copied()
    }

    fn remote(&self, socket: SocketId) -> Option<SocketAddr> {
        self.remotes.get(&socket.0).copied()
    }

    fn refuse_packets(&mut self, refuse: bool) {
        self.round_trip(Action::Refuse { refuse }, Duration::ZERO);
    }
}

/// Ends every program that any [`Command`] has started: for a process that is about to be ended itself.
pub fn end_all() {
    process::end_all();
}
