//! One connection of a host: its record, its deadlines, and what its user has still to learn.

use alloc::collections::VecDeque;

use super::{ConnectionId, SocketPair, opens};
use crate::event::{Action, Actions, CallError, Signal, Timer};
use crate::profile::Profile;
use crate::state::State;
use crate::tcb::Tcb;
use crate::time::Instant;

/// How a connection ended, as its user may learn it (MUST-12).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Ending {
    /// In good order, or by the user's own ABORT or CLOSE.
    Closed,
    /// It was reset, refused or given up.
    Failed(CallError),
}

/// Most reports that wait for the user of one connection.
const MOST_REPORTS: usize = 16;

/// One connection of a host.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Its name.
    pub id: ConnectionId,
    /// Its sockets.
    pub pair: SocketPair,
    /// Its record.
    pub tcb: Tcb,
    /// Text that the user may still read although the record is gone (§3.9.1.4).
    pub unread: VecDeque<u8>,
    /// How it ended, if it has.
    pub ending: Option<Ending>,
    /// The peer's FIN was taken: after the text comes the end of the stream.
    pub peer_closed: bool,
    /// What its user is still to be told, the oldest first: urgent text (MUST-32, MUST-33) and delivery trouble (MUST-47).
    /// What comes when `MOST_REPORTS` wait displaces the oldest.
    pub reports: VecDeque<Signal>,
    /// Its user wants to hear of delivery trouble (SHLD-20).
    pub reports_errors: bool,
    /// It has been ESTABLISHED.
    pub(super) opened: bool,
    /// The listener that spawned it, until it is accepted.
    pub(super) listener: Option<ConnectionId>,
    /// The user wants nothing more of it.
    pub(super) released: bool,
    deadlines: [Option<Instant>; Timer::ALL.len()],
}

impl Connection {
    pub(super) fn new(
        id: ConnectionId,
        pair: SocketPair,
        listener: Option<ConnectionId>,
        profile: Profile,
    ) -> Self {
        Self {
            id,
            pair,
            tcb: Tcb::closed(profile),
            unread: VecDeque::new(),
            ending: None,
            peer_closed: false,
            reports: VecDeque::new(),
            reports_errors: true,
            opened: false,
            listener,
            released: false,
            deadlines: [None; Timer::ALL.len()],
        }
    }

    /// Whether it was spawned by `listener` and not accepted yet.
    pub(super) fn waits_for(&self, listener: ConnectionId) -> bool {
        self.listener == Some(listener)
    }

    /// Whether nothing is left of it and nobody asks for it.
    pub(super) fn is_over(&self) -> bool {
        self.released && self.tcb.state == State::Closed
    }

    /// When `timer` goes off, if it runs.
    #[must_use]
    pub const fn deadline(&self, timer: Timer) -> Option<Instant> {
        self.deadlines[timer as usize]
    }

    /// The earliest deadline.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.iter().flatten().min().copied()
    }

    /// Takes a timer whose deadline is `deadline` off the list.
    pub(super) fn due_timer(&mut self, deadline: Instant) -> Option<Timer> {
        let timer = Timer::ALL.into_iter().find(|&timer| self.deadline(timer) == Some(deadline))?;
        self.deadlines[timer as usize] = None;
        Some(timer)
    }

    /// Does what a step asks of the driver, sending left out.
    pub(super) fn take(&mut self, now: Instant, actions: &Actions) {
        for action in &actions.list {
            match *action {
                Action::Arm(timer, duration) => self.deadlines[timer as usize] = Some(now + duration),
                Action::Stop(timer) => self.deadlines[timer as usize] = None,
                Action::Signal(signal) => self.learn(signal),
                // An orderly end hands over its text last.
                Action::Unread(len) => {
                    let start = actions.octets.len() - len as usize;
                    self.unread.extend(&actions.octets[start..]);
                }
                Action::Transmit(_) | Action::Reply(_) | Action::Complete(_) => {}
            }
        }
        if self.tcb.state == State::Closed {
            self.ending.get_or_insert(Ending::Closed);
        }
    }

    fn learn(&mut self, signal: Signal) {
        self.opened |= opens(signal);
        match signal {
            Signal::ConnectionClosing => self.peer_closed = true,
            Signal::ConnectionReset => self.fail(CallError::ConnectionReset),
            Signal::ConnectionRefused => self.fail(CallError::ConnectionRefused),
            Signal::UserTimeout => self.fail(CallError::UserTimeout),
            Signal::DestinationUnreachable => self.fail(CallError::DestinationUnreachable),
            Signal::DeliveryTrouble if !self.reports_errors => {}
            Signal::DeliveryTrouble | Signal::UrgentText | Signal::UrgentTextEnds => self.report(signal),
            Signal::Established => {}
        }
    }

    fn report(&mut self, signal: Signal) {
        if self.reports.len() >= MOST_REPORTS {
            self.reports.pop_front();
        }
        self.reports.push_back(signal);
    }

    fn fail(&mut self, error: CallError) {
        self.ending = Some(Ending::Failed(error));
    }
}
