//! What ICMP reports of a connection (RFC 9293 §3.9.2.2).
//!
//! The host finds the connection (MUST-54). An error concerns it only if the segment that it quotes can still be on its
//! way: anybody can forge a message, few can guess the number (V-58). Left out: errors that tell of a smaller path, since
//! path MTU discovery is not part of the reference.

use crate::event::{CallError, IcmpError, Signal};
use crate::processing::Processing;
use crate::rule::Rule;
use crate::seq::SeqNumber;
use crate::state::State;

/// An error arrived that quotes a segment with this sequence number.
pub(crate) fn error_arrives(step: &mut Processing<'_>, error: IcmpError, seq: SeqNumber) {
    if matches!(step.tcb.state, State::Closed | State::Listen) {
        return;
    }
    if error == IcmpError::SourceQuench {
        return step.fire(Rule::Icmp3);
    }
    let snd = &step.tcb.snd;
    let in_flight = snd.una.le(seq) && seq.lt(snd.nxt);
    if !in_flight {
        return;
    }
    match error {
        IcmpError::Soft => {
            step.fire(Rule::Icmp1);
            step.signal(Signal::DeliveryTrouble);
        }
        IcmpError::Hard => {
            step.fire(Rule::Icmp2);
            step.close_connection(CallError::DestinationUnreachable);
            step.signal(Signal::DestinationUnreachable);
        }
        IcmpError::SourceQuench => {}
    }
}
