//! A program and its three pipes: lines to it, lines from it, in bounded time and memory, and its end.
//!
//! The pipes never block and are watched together, so a program that does not read, does not answer, answers for ever or
//! floods its standard error costs no more than a deadline. The program leads a process group of its own: what it has
//! started ends with it.
//!
//! It leaves out what the lines mean.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::words::{LastWords, printable};

/// Octets of a reply. A stack may send a megabyte of text at once, at two digits an octet and a header a segment.
const LONGEST_LINE: usize = 16 << 20;

/// Octets read at a time.
const PORTION: usize = 64 << 10;

/// How long a program may take to end, once it has closed its output or was told that nothing more comes.
const LEAVE: Duration = Duration::from_millis(500);

/// How often a program that says nothing is looked at: what it has started may hold its pipes open when it is gone.
const GLANCE: Duration = Duration::from_millis(50);

/// The groups that are alive, for [`end_all`].
static ALIVE: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

/// A running program.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    /// None once it was told that nothing more comes.
    requests: Option<ChildStdin>,
    replies: ChildStdout,
    /// None once it has closed it.
    errors: Option<ChildStderr>,
    /// What was read of the reply so far, and octets of it that hold no newline.
    line: Vec<u8>,
    searched: usize,
    last_words: LastWords,
    ended: bool,
}

/// Why there is no reply.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It ended or closed its output.
    Gone,
    /// It said nothing for too long.
    Silent,
    /// It said more than a reply can be.
    TooLong,
    /// It said something before it was asked, namely this.
    Unasked(String),
}

impl Process {
    /// Starts a program.
    pub(super) fn start(program: &str, arguments: &[String]) -> Result<Self, String> {
        let mut command = Command::new(program);
        command.args(arguments).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Held until the group is on the list, so that none is missed by whoever ends them all.
        let mut alive = alive();
        let mut child = command.spawn().map_err(|error| format!("{program} does not start: {error}"))?;
        alive.push(Pid::from_child(&child));
        drop(alive);
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(requests), Some(replies), Some(errors)) = pipes else {
            unreachable!("all three were asked for")
        };
        let process = Self {
            child,
            requests: Some(requests),
            replies,
            errors: Some(errors),
            line: Vec::new(),
            searched: 0,
            last_words: LastWords::default(),
            ended: false,
        };
        process.never_block().map_err(|error| format!("the pipes of {program}: {error}"))?;
        Ok(process)
    }

    fn never_block(&self) -> rustix::io::Result<()> {
        self.requests.as_ref().map_or(Ok(()), |pipe| rustix::io::ioctl_fionbio(pipe, true))?;
        self.errors.as_ref().map_or(Ok(()), |pipe| rustix::io::ioctl_fionbio(pipe, true))?;
        rustix::io::ioctl_fionbio(&self.replies, true)
    }

    /// Says a line, which ends in a newline, and hears the one that answers it, without its newline.
    pub(super) fn exchange(&mut self, request: &[u8], patience: Duration) -> Result<&[u8], Trouble> {
        let deadline = Instant::now() + patience;
        self.forget_reply();
        let mut unsaid = request;
        if !self.line.is_empty() {
            return Err(self.unasked());
        }
        loop {
            self.say(&mut unsaid)?;
            if let Some(end) = self.newline() {
                if !unsaid.is_empty() {
                    return Err(self.unasked());
                }
                return Ok(&self.line[..end]);
            }
            if self.line.len() > LONGEST_LINE {
                return Err(Trouble::TooLong);
            }
            self.wait(!unsaid.is_empty(), deadline)?;
            self.hear_errors();
            self.hear()?;
        }
    }

    /// Drops the reply that was heard last; what came after it stays.
    fn forget_reply(&mut self) {
        if let Some(end) = self.newline() {
            self.line.drain(..=end);
        }
        self.searched = 0;
    }

    fn newline(&mut self) -> Option<usize> {
        let found = self.line[self.searched..].iter().position(|octet| *octet == b'\n');
        match found {
            Some(at) => Some(self.searched + at),
            None => {
                self.searched = self.line.len();
                None
            }
        }
    }

    fn unasked(&self) -> Trouble {
        let said = self.line.split(|octet| *octet == b'\n').next().unwrap_or_default();
        Trouble::Unasked(printable(&String::from_utf8_lossy(&said[..said.len().min(2000)])))
    }

    /// Writes as much as the pipe takes.
    fn say(&mut self, unsaid: &mut &[u8]) -> Result<(), Trouble> {
        while !unsaid.is_empty() {
            let Some(requests) = &mut self.requests else { return Err(Trouble::Gone) };
            match requests.write(unsaid) {
                Ok(octets) => *unsaid = &unsaid[octets..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Err(Trouble::Gone),
            }
        }
        Ok(())
    }

    /// Reads a portion of what there is.
    fn hear(&mut self) -> Result<(), Trouble> {
        let known = self.line.len();
        self.line.resize(known + PORTION, 0);
        let outcome = self.replies.read(&mut self.line[known..]);
        self.line.truncate(known + outcome.as_ref().map_or(0, |octets| *octets));
        match outcome {
            Ok(0) => Err(Trouble::Gone),
            Ok(_) => Ok(()),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(()),
            Err(_) => Err(Trouble::Gone),
        }
    }

    /// Reads a portion of standard error. Says whether there was any.
    fn hear_errors(&mut self) -> bool {
        let Some(errors) = &mut self.errors else { return false };
        let mut portion = [0; 4096];
        match errors.read(&mut portion) {
            Ok(0) => self.errors = None,
            Ok(octets) => {
                self.last_words.hear(&portion[..octets]);
                return true;
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(_) => self.errors = None,
        }
        false
    }

    /// Waits until a pipe is ready.
    fn wait(&self, to_say: bool, deadline: Instant) -> Result<(), Trouble> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Trouble::Silent);
        }
        let mut pipes = vec![PollFd::new(&self.replies, PollFlags::IN)];
        pipes.extend(self.errors.iter().map(|errors| PollFd::new(errors, PollFlags::IN)));
        if let Some(requests) = self.requests.as_ref().filter(|_| to_say) {
            pipes.push(PollFd::new(requests, PollFlags::OUT));
        }
        let timeout = Timespec::try_from(left.min(GLANCE)).ok();
        // An interrupted wait is a short one.
        match poll(&mut pipes, timeout.as_ref()) {
            Ok(0) if self.has_ended() => Err(Trouble::Gone),
            _ => Ok(()),
        }
    }

    /// Ends it, and everything that it has started; `leave` gives it the time to end by itself. Tells how it ended, if
    /// that was its own doing, and what it said last on standard error.
    pub(super) fn end(mut self, leave: bool) -> (Option<String>, Vec<String>) {
        let left = leave && self.leaves();
        let status = self.finish().filter(|_| left);
        let deadline = Instant::now() + LEAVE;
        while self.errors.is_some() && Instant::now() < deadline {
            if !self.hear_errors() {
                thread::sleep(Duration::from_millis(1));
            }
        }
        (status.map(described), self.last_words.take())
    }

    /// Tells it that nothing more comes, and waits for it to end. Says whether it did.
    fn leaves(&mut self) -> bool {
        self.requests = None;
        let deadline = Instant::now() + LEAVE;
        let mut pause = Duration::from_micros(100);
        while !self.has_ended() {
            if Instant::now() >= deadline {
                return false;
            }
            // It must not wait for somebody to hear what it still has to say.
            let mut portion = [0; 4096];
            if !self.hear_errors() && !matches!(self.replies.read(&mut portion), Ok(1..)) {
                thread::sleep(pause);
                pause = (pause * 2).min(Duration::from_millis(10));
            }
        }
        true
    }

    /// Whether it has ended. It stays to be reaped, so that its number is nobody else's until its group is gone.
    fn has_ended(&self) -> bool {
        let id = WaitId::Pid(Pid::from_child(&self.child));
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        !matches!(waitid(id, look), Ok(None))
    }

    /// Kills what is left of its group, and reaps it.
    fn finish(&mut self) -> Option<ExitStatus> {
        self.ended = true;
        let group = Pid::from_child(&self.child);
        let mut alive = alive();
        // Fails if nobody of the group is left.
        let _ = kill_process_group(group, Signal::KILL);
        alive.retain(|other| *other != group);
        drop(alive);
        self.child.wait().ok()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.ended {
            self.leaves();
            self.finish();
        }
    }
}

/// Kills every program that is running, with all that it has started.
pub(super) fn end_all() {
    for group in alive().drain(..) {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

fn alive() -> MutexGuard<'static, Vec<Pid>> {
    ALIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `exited with code 3`, `was ended by signal 11 (SIGSEGV)`
fn described(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exited with code {code}"),
        (None, Some(signal)) => match name(signal) {
            Some(name) => format!("was ended by signal {signal} ({name})"),
            None => format!("was ended by signal {signal}"),
        },
        (None, None) => "ended".to_owned(),
    }
}

/// The name of a signal by which stacks end.
const fn name(signal: i32) -> Option<&'static str> {
    Some(match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        _ => return None,
    })
}
