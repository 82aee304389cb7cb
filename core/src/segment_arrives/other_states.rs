//! SEGMENT ARRIVES in the other states, SYN-RECEIVED to TIME-WAIT (RFC 9293 §3.10.7.4): eight checks, a file each.
//!
//! Left out: the third check (security and compartment), which stacks without multilevel security skip (V-21).

use super::Check;
use crate::calls;
use crate::event::Timer;
use crate::processing::Processing;
use crate::segment::{Control, Segment};
use crate::seq::SeqNumber;

mod eighth_fin;
mod fifth_ack;
mod first_sequence;
mod fourth_syn;
mod second_reset;
mod seventh_text;
mod sixth_urgent;

pub(super) use fifth_ack::acknowledge_text;

/// What the first check makes of a segment: only what is new and inside the window (§3.10.7.4, step 1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Idealized<'a> {
    /// Number of the first octet of text, or of the FIN; RCV.NXT or above.
    seq: SeqNumber,
    /// SEG.ACK
    ack: SeqNumber,
    /// SEG.WND, in octets.
    wnd: u32,
    /// Control bits; a SYN or FIN outside the window is gone.
    ctl: Control,
    /// The number after the urgent text, if URG is set: SEG.SEQ + SEG.UP as they arrived.
    urgent: Option<SeqNumber>,
    /// Octets taken before were cut off the front.
    repeats: bool,
    /// Text inside the window.
    text: &'a [u8],
    /// It came without text, SYN and FIN: SEG.LEN was zero before anything was cut off.
    empty: bool,
}

/// The checks, in order. The first turns the segment into what the later ones look at.
pub(super) fn arrives(step: &mut Processing<'_>, segment: &Segment<'_>) {
    if fourth_syn::reopen_from_time_wait(step, segment) == Check::Done {
        return;
    }
    if segment.has(Control::ACK) && !segment.has(Control::RST) {
        heard_from_the_peer(step);
    }
    let Some(idealized) = first_sequence::first_check_sequence_number(step, segment) else { return };
    // A RST is judged by the sequence number that it came with, not by what trimming makes of it (§3.5.3).
    if second_reset::second_check_rst(step, segment) == Check::Done
        || fourth_syn::fourth_check_syn(step, segment, &idealized) == Check::Done
        || fifth_ack::fifth_check_ack(step, &idealized) == Check::Done
    {
        return;
    }
    from_the_sixth_check(step, &idealized);
}

/// The connection is not idle, even if what came turns out to be an old duplicate: the keep-alive interval begins anew
/// (§3.8.4, MUST-26).
fn heard_from_the_peer(step: &mut Processing<'_>) {
    if let Some(keep_alive) = &mut step.tcb.keep_alive {
        keep_alive.unanswered = 0;
        step.stop(Timer::KeepAlive);
    }
}

/// The last three checks, which a SYN,ACK in SYN-SENT comes to as well (§3.10.7.3, fourth check).
fn from_the_sixth_check(step: &mut Processing<'_>, segment: &Idealized<'_>) {
    sixth_urgent::sixth_check_urg(step, segment);
    if seventh_text::seventh_process_text(step, segment) == Check::Passed {
        eighth_fin::eighth_check_fin(step, segment);
    }
    calls::serve_queued_receives(step);
    eighth_fin::end_queued_receives(step);
}

/// Text and controls of a SYN,ACK that opened the connection (§3.10.7.3, fourth check).
///
/// The five checks that cut a segment to the window are skipped on this way, so it is cut here.
pub(super) fn process_text_of_syn(step: &mut Processing<'_>, segment: &Segment<'_>) {
    let idealized = first_sequence::trim(step.tcb, segment);
    from_the_sixth_check(step, &idealized);
}
