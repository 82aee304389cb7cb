//! What SYN-RECEIVED and the synchronized states make of a segment, up to the fifth check (I-045 to I-058).

use super::super::Invariant;
use super::super::observation::Before;
use crate::event::{Call, Event, Signal};
use crate::profile::Profile;
use crate::segment::{Control, Segment};
use crate::state::State;
use crate::tcb::Origin;

pub(in crate::invariants) const I_045: Invariant = Invariant {
    id: "I-045",
    clause: "§3.10.7.4 step 1, §3.4 table 6, §3.5.2",
    sentence: "a segment outside the window that is no RST changes nothing and gets exactly \
               <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>",
    holds: |t| {
        let Some(segment) = t.segment_in_other_states() else { return true };
        let before = t.before;
        let other_rule = segment.has(Control::RST)
            || before.lets_pass(segment)
            || before.is_crossing_syn(segment)
            || before.is_reopening(segment);
        other_rule || (t.unchanged() && t.only_acknowledgment())
    },
};

pub(in crate::invariants) const I_046: Invariant = Invariant {
    id: "I-046",
    clause: "§3.10.7.4 steps 1 and 2",
    sentence: "a RST whose own number is outside the window is ignored",
    holds: |t| {
        let Some(segment) = t.segment_in_other_states() else { return true };
        let rcv = &t.before.rcv;
        let placed = segment.seq == rcv.nxt || segment.seq.in_window(rcv.nxt, rcv.wnd);
        !segment.has(Control::RST) || placed || t.ignored()
    },
};

pub(in crate::invariants) const I_047: Invariant = Invariant {
    id: "I-047",
    clause: "RFC 5961 §3, §3.10.7.4 step 2",
    sentence: "with exact resets, a RST at RCV.NXT resets and one elsewhere in the window is challenged",
    holds: |t| {
        let Some(segment) = t.segment_in_other_states() else { return true };
        let before = t.before;
        if !before.profile.exact_resets || !segment.has(Control::RST) {
            return true;
        }
        if segment.seq == before.rcv.nxt {
            return before.ignores_resets() || t.after.state != before.state;
        }
        if !segment.seq.in_window(before.rcv.nxt, before.rcv.wnd) {
            return true;
        }
        if before.ignores_resets() { t.ignored() } else { t.challenged() }
    },
};

pub(in crate::invariants) const I_048: Invariant = Invariant {
    id: "I-048",
    clause: "§3.5.3, §3.10.7.4 step 2, RFC 1337 §3",
    sentence: "a RST that counts resets the connection without an answer, unless the endpoint guards its \
               TIME-WAIT",
    holds: |t| {
        let Some(segment) = t.segment_in_other_states() else { return true };
        let before = t.before;
        if !before.counts_reset(segment) || before.state == State::SynReceived {
            return true;
        }
        if before.ignores_resets() { t.ignored() } else { t.after.state == State::Closed && t.silent() }
    },
};

pub(in crate::invariants) const I_049: Invariant = Invariant {
    id: "I-049",
    clause: "§3.10.7.4 step 2",
    sentence: "no step changes the endpoint's choices, the rules for RST among them, but for those that the user or \
               IP changes by it",
    holds: |t| {
        let before = t.before.profile;
        let asked = match *t.event {
            Event::Call(Call::Nagle { on }) if !t.refused() => Profile { nagle: on, ..before },
            Event::LargestText(octets) => Profile { largest_text: octets, ..before },
            _ => before,
        };
        t.after.profile == asked
    },
};

pub(in crate::invariants) const I_050: Invariant = Invariant {
    id: "I-050",
    clause: "§3.4 MUST-66, §3.8.6.1, §3.10.7.4 step 1",
    sentence: "a closed window still lets the RST, the acknowledgment and the urgent pointer of a segment at \
               RCV.NXT through, and none of its text",
    holds: |t| {
        let before = t.before;
        let Some(segment) = t.segment_in_other_states() else { return true };
        if before.rcv.wnd != 0 || segment.seq != before.rcv.nxt {
            return true;
        }
        if segment.has(Control::RST) {
            return before.ignores_resets() || t.after.state != before.state;
        }
        if t.accepted().is_none() || t.after.state == State::Closed {
            return true;
        }
        let acknowledged = t.after.snd.una == before.snd.una.later(segment.ack);
        let nothing_taken = t.after.rcv.nxt == before.rcv.nxt;
        acknowledged && nothing_taken && takes_urgent_pointer(before, segment, t.after.rcv.up)
    },
};

/// Whether RCV.UP afterwards is at least what the segment's urgent pointer says, if that counts at all.
fn takes_urgent_pointer(before: &Before, segment: &Segment<'_>, up: Option<crate::seq::SeqNumber>) -> bool {
    let urgent = segment.seq + u32::from(segment.up);
    let counts = segment.has(Control::URG) && before.state.accepts_text() && urgent.gt(before.consumed());
    !counts || up.is_some_and(|up| up.ge(urgent))
}

pub(in crate::invariants) const I_051: Invariant = Invariant {
    id: "I-051",
    clause: "RFC 5961 §4, §3.10.7.4 step 4",
    sentence: "with challenged SYNs, a SYN anywhere changes nothing and gets a challenge acknowledgment",
    holds: |t| {
        let Some(segment) = t.segment_in_other_states() else { return true };
        let before = t.before;
        let passive = before.state == State::SynReceived && before.origin != Origin::Active;
        let other_rule = !before.profile.challenge_syns
            || !before.counts_syn(segment)
            || passive
            || before.is_crossing_syn(segment)
            || before.is_reopening(segment);
        other_rule || t.challenged()
    },
};

pub(in crate::invariants) const I_052: Invariant = Invariant {
    id: "I-052",
    clause: "RFC 793 p. 71, §3.10.7.4 step 4",
    sentence: "without challenged SYNs, a SYN inside the window gets a RST, closes the connection and tells \
               the user",
    holds: |t| {
        let Some(segment) = t.segment_in_other_states() else { return true };
        let before = t.before;
        let applies = before.state.is_synchronized() || before.origin == Origin::Active;
        if before.profile.challenge_syns
            || !before.counts_syn(segment)
            || !applies
            || before.is_reopening(segment)
        {
            return true;
        }
        let told = t.told(Signal::ConnectionReset);
        t.after.state == State::Closed && t.only_reset().is_some() && told
    },
};

pub(in crate::invariants) const I_053: Invariant = Invariant {
    id: "I-053",
    clause: "§3.10.7.4 step 4, RFC 1122 §4.2.2.20 (e)",
    sentence: "after a passive OPEN, a SYN inside the window leads from SYN-RECEIVED back to LISTEN without \
               an answer",
    holds: |t| match t.segment_in(State::SynReceived) {
        Some(segment) if t.before.counts_syn(segment) => match t.before.origin {
            Origin::Passive => t.after.state == State::Listen && t.silent(),
            Origin::TimeWait => t.after.state == State::TimeWait && t.silent(),
            Origin::Active => true,
        },
        _ => true,
    },
};

pub(in crate::invariants) const I_054: Invariant = Invariant {
    id: "I-054",
    clause: "§3.10.7.4 step 5",
    sentence: "a segment inside the window without ACK, SYN and RST is ignored",
    holds: |t| {
        let Some(segment) = t.segment_in_other_states() else { return true };
        let any = Control::ACK | Control::SYN | Control::RST;
        let plain = segment.ctl.0 & any.0 == 0 && t.before.acceptable(segment);
        !plain || t.ignored()
    },
};

/// Whether the segment comes to the fifth check of a synchronized state with its ACK bit set.
fn reaches_fifth_check(before: &Before, segment: &Segment<'_>) -> bool {
    let counts = segment.has(Control::RST) || before.counts_syn(segment);
    before.state.is_synchronized() && before.lets_pass(segment) && !counts && segment.has(Control::ACK)
}

pub(in crate::invariants) const I_055: Invariant = Invariant {
    id: "I-055",
    clause: "§3.10.7.4 step 5, §3.5.2",
    sentence: "an acknowledgment of what was never sent changes nothing and gets an acknowledgment",
    holds: |t| match t.segment() {
        Some(segment) if reaches_fifth_check(t.before, segment) && segment.ack.gt(t.before.snd.nxt) => {
            t.challenged()
        }
        _ => true,
    },
};

pub(in crate::invariants) const I_056: Invariant = Invariant {
    id: "I-056",
    clause: "RFC 5961 §5, §3.10.7.4 step 5 MAY-12",
    sentence: "where the range of acknowledgments is checked, one below SND.UNA - MAX.SND.WND discards its \
               segment and gets an acknowledgment",
    holds: |t| match t.segment() {
        Some(segment) if reaches_fifth_check(t.before, segment) && t.before.profile.acknowledgment_range => {
            let oldest = t.before.snd.una - t.before.snd.max_wnd;
            !segment.ack.lt(oldest) || t.challenged()
        }
        _ => true,
    },
};

pub(in crate::invariants) const I_057: Invariant = Invariant {
    id: "I-057",
    clause: "§3.10.7.3 fourth check, §3.10.7.4 step 5",
    sentence: "SND.UNA moves only to SEG.ACK of a segment that acknowledges something outstanding, never \
               back",
    holds: |t| {
        let (before, after) = (&t.before.snd, &t.after.snd);
        if !t.same_send_side() || before.una == after.una {
            return true;
        }
        t.segment().is_some_and(|segment| {
            let moves = before.una.lt(segment.ack) && segment.ack.le(before.nxt);
            segment.has(Control::ACK) && !segment.has(Control::RST) && moves && after.una == segment.ack
        })
    },
};

pub(in crate::invariants) const I_058: Invariant = Invariant {
    id: "I-058",
    clause: "§3.10.7.4 step 5, RFC 1122 §4.2.2.20 (g)",
    sentence: "a segment that is not older than the last one to do so sets the send window, and no other \
               does",
    holds: |t| {
        let (before, after) = (&t.before.snd, &t.after.snd);
        // The handshake is I-044's; before it ends there is nothing to compare with.
        if !t.same_connection() || t.before.syn_outstanding() {
            return true;
        }
        let newer = t.accepted().filter(|segment| {
            let seq = t.before.trimmed_seq(segment);
            let in_order = before.wl1.lt(seq) || (before.wl1 == seq && before.wl2.le(segment.ack));
            segment.ack.ge(before.una) && in_order
        });
        let expected = newer.map_or((before.wnd, before.wl1, before.wl2), |segment| {
            (t.window_of(segment), t.before.trimmed_seq(segment), segment.ack)
        });
        (after.wnd, after.wl1, after.wl2) == expected
    },
};
