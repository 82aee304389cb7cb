//! What a stack declares, as far as it excuses or times anything, in one plain record.

use std::time::Duration;

use crate::stack::{Capability, Choice, Clock, Declaration, Setup};

/// An acknowledgment may be held back for less than half a second (RFC 9293 §3.8.6.3, MUST-40).
const MOST_DELAY: Duration = Duration::from_millis(500);

/// What a stack declares, and how it is set up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Terms {
    pub(super) setup: Setup,
    /// How long the stack may take to act at once.
    pub(super) settle: Duration,
    pub(super) msl: Duration,
    /// It runs on the world's clock: what it sends may have been decided before what has just reached it.
    pub(super) real: bool,
    /// The user can tell resets from other endings.
    pub(super) tells_resets: bool,
    /// A listening socket stays when a request arrives.
    pub(super) several: bool,
    /// The user can read after CLOSE.
    pub(super) half_close: bool,
    /// A buffer holds as many octets as the setup says.
    pub(super) exact_buffers: bool,
    /// Errors that ICMP reports reach its connections.
    pub(super) hears_icmp: bool,
    /// The way that a segment came by is the way back.
    pub(super) returns_by_routes: bool,
    pub(super) silent_when_closed: bool,
    pub(super) throttle: Option<(u32, Duration)>,
    pub(super) fin_wait_2_timeout: Option<Duration>,
    pub(super) half_open_timeout: Option<Duration>,
    pub(super) backlog: Option<u32>,
    pub(super) reset_on_unread: bool,
    /// How long an acknowledgment may be held back.
    pub(super) delay: Duration,
    /// The largest packet that IP takes in, whole or in fragments (EMTU_R), in octets.
    pub(super) reassembles: u32,
}

impl Terms {
    pub(super) fn new(declaration: &Declaration, setup: &Setup) -> Self {
        let lacks = |capability| declaration.lack(capability).is_some();
        let mut terms = Self {
            setup: *setup,
            settle: declaration.settle,
            msl: declaration.msl,
            real: declaration.clock == Clock::Real,
            tells_resets: !lacks(Capability::TellsResets),
            several: !lacks(Capability::SeveralConnections),
            half_close: !lacks(Capability::HalfClose),
            exact_buffers: !lacks(Capability::ExactBuffers),
            hears_icmp: !lacks(Capability::Icmp),
            returns_by_routes: !lacks(Capability::ReturnRoute),
            silent_when_closed: false,
            throttle: None,
            fin_wait_2_timeout: None,
            half_open_timeout: None,
            backlog: None,
            reset_on_unread: false,
            delay: MOST_DELAY,
            reassembles: least_reassembled(setup).max(setup.mtu.into()),
        };
        for (choice, _) in &declaration.chooses {
            match *choice {
                Choice::SilentWhenClosed => terms.silent_when_closed = true,
                Choice::ThrottledAcknowledgments { limit, interval } => {
                    terms.throttle = Some((limit, interval));
                }
                Choice::FinWait2Timeout(timeout) => terms.fin_wait_2_timeout = Some(timeout),
                Choice::HalfOpenTimeout(timeout) => terms.half_open_timeout = Some(timeout),
                Choice::Backlog(most) => terms.backlog = Some(most),
                Choice::ResetOnUnreadText => terms.reset_on_unread = true,
                // A shorter delay is a promise to nobody: the standard's bound is the one that is judged.
                Choice::DelayedAcknowledgment(_) => {}
                Choice::Reassembles(octets) => terms.reassembles = terms.reassembles.max(octets),
            }
        }
        terms
    }
}

/// What every host reassembles, in octets (RFC 1122 §3.3.2; RFC 8200 §5).
const fn least_reassembled(setup: &Setup) -> u32 {
    if setup.local.is_ipv4() { 576 } else { 1500 }
}
