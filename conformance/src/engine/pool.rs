//! The near side of a campaign's processes: starts them, gives them orders, takes their answers, and finds out how
//! they ended.
//!
//! It leaves out what the orders are about.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::cause::Death;
use super::task::{Answer, Order};
use super::worker::{HUNG, MARK};
use crate::bench::without_numbers;

/// Octets of a dying process's last words that are kept.
const LAST_WORDS: usize = 4096;

/// How long a process may take that is asked to end, and how often is looked.
const PATIENCE: Duration = Duration::from_millis(500);
const LOOK: Duration = Duration::from_millis(2);

/// What a process does: answer, or end.
#[derive(Debug)]
pub(super) enum News {
    Answer(Box<Answer>),
    Death(Death),
}

/// The processes of a campaign, by number.
pub(super) struct Pool<'c> {
    start: &'c dyn Fn() -> Command,
    workers: Vec<Worker>,
    news: Receiver<(usize, u64, Option<Answer>)>,
    tell: Sender<(usize, u64, Option<Answer>)>,
}

struct Worker {
    process: Child,
    orders: Option<ChildStdin>,
    words: Option<JoinHandle<Vec<u8>>>,
    /// Which of the processes with this number it is: what an earlier one had to say is of no interest.
    incarnation: u64,
}

impl<'c> Pool<'c> {
    /// Starts so many processes.
    ///
    /// # Errors
    /// A process that cannot be started.
    pub(super) fn new(start: &'c dyn Fn() -> Command, jobs: usize) -> io::Result<Self> {
        let (tell, news) = mpsc::channel();
        let mut pool = Self { start, workers: Vec::new(), news, tell };
        for number in 0..jobs.max(1) {
            let worker = pool.started(number, 0)?;
            pool.workers.push(worker);
        }
        Ok(pool)
    }

    pub(super) fn len(&self) -> usize {
        self.workers.len()
    }

    /// Which of the processes with this number it is. A new one knows nothing.
    pub(super) fn incarnation(&self, worker: usize) -> u64 {
        self.workers[worker].incarnation
    }

    /// Gives an order. If the process has ended, that is told as news.
    pub(super) fn order(&mut self, worker: usize, order: &Order) {
        let line = serde_json::to_string(order).expect("plain numbers and strings always serialize");
        if let Some(orders) = &mut self.workers[worker].orders {
            // A pipe that is broken means a process that has ended, of which its reader tells.
            let _ = writeln!(orders, "{line}").and_then(|()| orders.flush());
        }
    }

    /// The next thing that a process does; none if nothing does anything for so long.
    ///
    /// # Errors
    /// A process whose end cannot be found out.
    pub(super) fn next(&mut self, timeout: Duration) -> io::Result<Option<(usize, News)>> {
        loop {
            match self.news.recv_timeout(timeout) {
                Ok((number, incarnation, _)) if self.workers[number].incarnation != incarnation => {}
                Ok((number, _, Some(answer))) => return Ok(Some((number, News::Answer(Box::new(answer))))),
                Ok((number, _, None)) => {
                    let death = self.workers[number].death()?;
                    return Ok(Some((number, News::Death(death))));
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return Ok(None),
            }
        }
    }

    /// Starts a process anew in place of one that has ended or is ended now.
    ///
    /// # Errors
    /// A process that cannot be started.
    pub(super) fn restart(&mut self, number: usize) -> io::Result<()> {
        let worker = &mut self.workers[number];
        worker.end();
        let incarnation = worker.incarnation + 1;
        self.workers[number] = self.started(number, incarnation)?;
        Ok(())
    }

    fn started(&self, number: usize, incarnation: u64) -> io::Result<Worker> {
        let mut command = (self.start)();
        // An interrupt from the terminal is for whoever runs the campaign, who ends its processes.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| io::Error::new(error.kind(), format!("cannot start a process: {error}")))?;
        let (out, errors) = (process.stdout.take(), process.stderr.take());
        let tell = self.tell.clone();
        thread::spawn(move || {
            for answer in out.map(BufReader::new).into_iter().flat_map(answers) {
                // The campaign may be over.
                let _ = tell.send((number, incarnation, Some(answer)));
            }
            let _ = tell.send((number, incarnation, None));
        });
        let words = errors.map(|errors| thread::spawn(move || last_words(errors)));
        Ok(Worker { orders: process.stdin.take(), process, words, incarnation })
    }
}

/// The answers among whatever else is printed.
fn answers(out: impl BufRead) -> impl Iterator<Item = Answer> {
    out.split(b'\n')
        .map_while(Result::ok)
        .filter_map(|line| serde_json::from_slice(line.strip_prefix(MARK.as_bytes())?).ok())
}

/// The end of what a process prints, however much that is.
fn last_words(mut errors: impl Read) -> Vec<u8> {
    let (mut words, mut buffer) = (Vec::new(), [0; LAST_WORDS]);
    while let Ok(read) = errors.read(&mut buffer) {
        if read == 0 {
            break;
        }
        words.extend_from_slice(&buffer[..read]);
        words.drain(..words.len().saturating_sub(LAST_WORDS));
    }
    words
}

impl Worker {
    /// How the process ended. Its output is closed, so it is ending if it has not.
    fn death(&mut self) -> io::Result<Death> {
        self.orders = None;
        let status = self.process.wait()?;
        let words = self.words.take().and_then(|words| words.join().ok()).unwrap_or_default();
        Ok(death(status, &String::from_utf8_lossy(&words)))
    }

    fn end(&mut self) {
        self.orders = None;
        // It may have ended already. If not, it is asked first: it may have started a program that is to end with it.
        self.ask_to_end();
        for _ in 0..PATIENCE.as_millis() / LOOK.as_millis() {
            if !matches!(self.process.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(LOOK);
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    #[cfg(unix)]
    fn ask_to_end(&mut self) {
        use rustix::process::{Pid, Signal, kill_process};
        // One that was waited for is no more, and its number may be another's.
        if let Ok(None) = self.process.try_wait() {
            let _ = kill_process(Pid::from_child(&self.process), Signal::TERM);
        }
    }

    #[cfg(not(unix))]
    fn ask_to_end(&mut self) {
        let _ = self.process.kill();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.end();
    }
}

/// What an exit status and the last words mean.
fn death(status: ExitStatus, words: &str) -> Death {
    /// What the Rust runtime exits with after a panic.
    const PANICKED: i32 = 101;
    match status.code() {
        _ if words.contains("memory allocation of ") => Death::Memory,
        Some(HUNG) => Death::Hang,
        Some(PANICKED) if words.contains("panicked at ") => {
            let told = words.split_once("panicked at ").map_or("", |(_, told)| told);
            let mut lines = told.lines().map(|line| line.trim_end_matches(':'));
            let (place, message) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
            Death::Ours(format!("{place}: {}", without_numbers(message)))
        }
        Some(code) => Death::Exit(code),
        None => Death::Signal(signal(status)),
    }
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> i32 {
    std::os::unix::process::ExitStatusExt::signal(&status).unwrap_or_default()
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> i32 {
    0
}
