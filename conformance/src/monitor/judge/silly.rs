//! Silly windows: segments of a few octets where patience would make large ones (RFC 9293 §3.8.6.2).
//!
//! The standard wants both ends to avoid them (MUST-38, MUST-39) and suggests how; what fraction of a window is worth a
//! segment, and how long patience lasts, is free (V-57). So only what no fraction in use and no timer explains is judged.

use std::time::Duration;

use tcpspec_core::Control;

use super::sending::{LEAST_SIZE, MOST_OPTIONS, largest};
use crate::monitor::emission::Emission;
use crate::monitor::hypothesis::Hypothesis;
use crate::monitor::objection::{Judgement, object};
use crate::monitor::pair::Pair;
use crate::monitor::terms::Terms;

/// A few octets are so small a part of the largest window, or of what is worth a segment: a half is recommended.
const A_FEW: u32 = 8;

/// A short segment waits for company at least so long, less a tick (§3.8.6.2.1).
const LEAST_OVERRIDE: Duration = Duration::from_millis(99);

/// A full segment, unless the peer named an absurd size: what becomes of that is free (V-52).
fn sendable(pair: &Pair, terms: &Terms) -> Option<u32> {
    pair.peer_options.filter(|peer| peer.mss.is_none_or(|size| size >= LEAST_SIZE))?;
    largest(pair, 0, terms)
}

/// I-109: a few octets of window are not filled at once while more text waits.
pub(super) fn filled(pair: &Pair, segment: &Emission, terms: &Terms) -> Judgement {
    let Some(iss) = pair.iss.filter(|_| !terms.real && !pair.user_unknown) else { return Ok(()) };
    let apart = Control(Control::SYN.0 | Control::FIN.0 | Control::URG.0);
    let waits = (iss + 1 + pair.written).gt(segment.end());
    // No timer has run for as long as the text has waited.
    let soon = segment.now.since(pair.queued_at) < LEAST_OVERRIDE;
    if segment.seq != pair.snd_max || segment.ctl.0 & apart.0 != 0 || !waits || !soon {
        return Ok(());
    }
    let Some(most) = sendable(pair, terms) else { return Ok(()) };
    let few = |one: &Hypothesis| {
        let fills = one.edge == segment.end() && one.edge_most == segment.end();
        one.state.is_synchronized() && fills && segment.text.saturating_mul(A_FEW) <= one.widest
    };
    if segment.text + MOST_OPTIONS >= most || !pair.hypotheses.all(few) {
        return Ok(());
    }
    let what = format!(
        "expected patience with a window of {} octets while more text waits, seen `{segment}`",
        segment.text
    );
    object("I-109", "text", "a silly window is filled", what)
}

/// I-110: a closed window does not open by a few octets.
pub(super) fn opened(pair: &Pair, segment: &Emission, terms: &Terms) -> Judgement {
    let Some(known) = pair.offered.filter(|_| terms.exact_buffers && segment.has(Control::ACK)) else {
        return Ok(());
    };
    let edge = pair.offer_of(segment);
    // A FIN takes a number and no room; what a shift cannot say is rounded (V-30).
    let fin = pair.hypotheses.any(|one| one.fin_taken || !one.state.is_synchronized());
    if edge.le(known) || fin || segment.has(Control::SYN) || pair.granularity() != 1 {
        return Ok(());
    }
    // What is worth a window may be measured by what the stack itself can send (§3.8.6.2.2).
    let Some(sends) = sendable(pair, terms) else { return Ok(()) };
    let size = pair.own_options.and_then(|options| options.mss).unwrap_or(536);
    let worth = terms.setup.receive_buffer.min(u32::from(size)).min(sends);
    let by = edge.since(known);
    if by.max(u32::from(segment.wnd)).saturating_mul(A_FEW) > worth {
        return Ok(());
    }
    let what = format!(
        "expected the window to open by about {worth} octets or half the buffer, or not at all, seen {by}"
    );
    object("I-110", "window", "opens by a few octets", what)
}
