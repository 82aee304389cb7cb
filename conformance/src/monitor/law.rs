//! The rules that the monitor holds a stack to: an id, the requirements behind it and what to call it.
//!
//! Ids are those of the invariants (`I-nnn` for one endpoint, `P-nn` for what its user and its peer share). What it
//! leaves out: how a rule is judged, which is under `judge`.

use crate::requirement::{self, Level};

/// One rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Law {
    /// Its id, as findings cite it.
    pub id: &'static str,
    /// The requirements of the catalogue that it enforces; at least one.
    pub requirements: &'static [&'static str],
    /// The rule in a few words.
    pub sentence: &'static str,
}

const fn law(id: &'static str, requirements: &'static [&'static str], sentence: &'static str) -> Law {
    Law { id, requirements, sentence }
}

/// All rules, by id.
pub static LAWS: &[Law] = &[
    law("I-005", &["SHLD-14"], "the right edge of the window does not move to the left"),
    law("I-014", &["R9293-3.10.8-b", "R9293-3.6-b"], "what is unacknowledged is sent again"),
    law("I-014.2", &["R6298-5.2-a"], "what is acknowledged is not sent again"),
    law(
        "I-017",
        &["R5681-3.1-p"],
        "after a timeout no more than a segment goes before something is acknowledged",
    ),
    law("I-018", &["R6298-2.4-a"], "a retransmission timeout is not shorter than a second, or practice"),
    law("I-023", &["MUST-38", "MUST-60"], "text is not held back for ever"),
    law("I-023.2", &["R9293-3.8.6.2.1-a"], "a full segment that the peer's window takes is sent"),
    law("I-030", &["R9293-3.10.7.4-n"], "a connection passes from state to state as figure 5 has it"),
    law("I-030.2", &["R9293-3.10.7.4-n", "MUST-41"], "a connection that has opened is there to be accepted"),
    law("I-032", &["R9293-3.5.2-a"], "without a connection every segment but a reset is answered by a reset"),
    law("I-034", &["R9293-3.5.2-b"], "an acknowledgment in LISTEN is answered by a reset"),
    law("I-035", &["R9293-3.10.7.4-n"], "a connection request in LISTEN is answered by a SYN,ACK"),
    law("I-037", &["R9293-3.5.2-b"], "an acknowledgment of nothing sent in SYN-SENT is answered by a reset"),
    law("I-039", &["MUST-10"], "a request that crosses ours is answered by a SYN,ACK"),
    law("I-040", &["MUST-40"], "the SYN,ACK is acknowledged"),
    law("I-041", &["MUST-10"], "in SYN-SENT nothing is sent but the SYN"),
    law("I-042", &["R9293-3.5.2-b"], "an unacceptable acknowledgment in SYN-RECEIVED is answered by a reset"),
    law(
        "I-045",
        &["R9293-3.5.2-c", "R9293-3.10.7.4-e"],
        "an unacceptable segment is answered by an acknowledgment",
    ),
    law("I-046", &["R9293-3.10.7.4-e", "R5961-3.2-b"], "a reset outside the window is dropped in silence"),
    law("I-047", &["R9293-3.10.7.4-b"], "a reset in the window but not at RCV.NXT is challenged, or resets"),
    law("I-051", &["R9293-3.10.7.4-c"], "a SYN on an open connection is challenged, or resets"),
    law("I-054", &["R9293-3.10.7.4-i"], "a segment without ACK is dropped"),
    law("I-055", &["R9293-3.5.2-c"], "an acknowledgment of nothing sent is answered by an acknowledgment"),
    law("I-056", &["R9293-3.10.7.4-d"], "an acknowledgment too old to be believed is answered by one"),
    law("I-060", &["R9293-3.6-d"], "the peer's FIN is acknowledged"),
    law("I-061", &["R9293-3.6-d"], "no FIN leaves before the user calls CLOSE"),
    law("I-064", &["MUST-13", "R9293-3.10.8-c"], "TIME-WAIT lasts two maximum segment lifetimes"),
    law("I-065", &["R9293-3.5.2-c", "R9293-3.10.7.4-e"], "a retransmitted FIN in TIME-WAIT is acknowledged"),
    law(
        "I-066",
        &["MAY-2"],
        "a connection that follows TIME-WAIT without a pause begins above all numbers before",
    ),
    law("I-068", &["R9293-3.9.1.6-a"], "ABORT sends a reset at SND.NXT"),
    law("I-069", &["R9293-3.5.2-a"], "no reset answers a reset"),
    law("I-073", &["MUST-12"], "the user is told how the connection ended, and of nothing else"),
    law("I-074", &["R9293-3.6-c", "R9293-3.10.1-a"], "SEND after CLOSE and OPEN of what is open are refused"),
    law("I-074.2", &["R9293-3.9.1.2-a", "R9293-3.9.1.2-c"], "SEND where there is no connection is refused"),
    law("I-075", &["R9293-3.5-a"], "text reaches the user only on an open connection"),
    law("I-076", &["R9293-3.10.8-b"], "every SYN of an incarnation has SEQ=ISS"),
    law("I-078", &["SHLD-3"], "text that nobody can read is answered by a reset"),
    law("I-080", &["R9293-3.5.2-a", "R9293-3.5.2-b"], "a reset takes its number from what it answers"),
    law("I-081", &["R9293-3.1-c"], "every segment acknowledges all that arrived in order"),
    law("I-082", &["R9293-3.1-c"], "acknowledgment numbers never go back"),
    law("I-083", &["R9293-3.1-c"], "an acknowledgment covers only what arrived in order"),
    law("I-084", &["R9293-3.5.2-c"], "a bare acknowledgment has SEQ=SND.NXT"),
    law("I-085", &["R9293-3.4-a"], "no segment begins beyond SND.NXT"),
    law("I-086", &["R9293-3.10.8-b"], "an octet is the same at every transmission"),
    law("I-087", &["R9293-3.8.6.1-a", "SHLD-15"], "text stays inside the peer's window"),
    law("I-088", &["MUST-16"], "no more text in a segment than the peer takes"),
    law("I-088.2", &["SHLD-28"], "segments are as large as they can be"),
    law("I-089", &["MUST-15"], "no more text than the default for a peer that names no size"),
    law("I-090", &["R9293-3.10.4-a", "R9293-3.4-d"], "one FIN, and nothing after it"),
    law("I-091", &["R9293-3.9.1.4-a", "R9293-3.6-b"], "the FIN follows every octet that the user sent"),
    law("I-092", &["MUST-2"], "every checksum is right"),
    law("I-093", &["R9293-3.1-b", "R9293-3.1-a", "MUST-69"], "headers are well formed"),
    law("I-094", &["MUST-7"], "illegal options are survived"),
    law("I-095", &["MUST-65", "MUST-67"], "a Maximum Segment Size option only on a SYN, and not too large"),
    law("I-095.2", &["SHLD-5"], "a SYN says how large segments may be, if larger than the default"),
    law("I-096", &["R7323-2.2-c", "R7323-2.3-f"], "windows are scaled only as both ends agreed"),
    law("I-097", &["R7323-3.2-e"], "timestamps only as both ends agreed, and then on every segment"),
    law("I-102", &["R2018-2-a", "R2018-4-c"], "selective acknowledgments only as both ends agreed"),
    law(
        "I-102.2",
        &["R2018-3-a", "R2018-8-c"],
        "a block is of octets that are held above a gap, as many as touch",
    ),
    law("I-102.3", &["R2018-4-f", "R2018-8-b"], "the first block holds the segment that came last"),
    law(
        "I-102.4",
        &["R2018-4-b", "R2018-4-d", "R2018-4-g"],
        "each acknowledgment reports the blocks that fit",
    ),
    law("I-103", &["MUST-40"], "text is acknowledged within half a second"),
    law("I-103.2", &["SHLD-19"], "two full segments of text are acknowledged at once"),
    law("I-105", &["MUST-19"], "retransmission timeouts double"),
    law("I-107", &["MUST-21", "R9293-3.9.1.1-c"], "the timeout that the user sets ends the connection"),
    law("I-108", &["MUST-36", "R9293-3.8.6.1-a"], "a closed window is probed"),
    law("I-108.2", &["MUST-37"], "a connection stays open while the probes of a closed window are answered"),
    law(
        "I-109",
        &["MUST-38", "R9293-3.8.6.2.1-a"],
        "a window of a few octets is not filled while more text waits",
    ),
    law("I-109.2", &["MUST-17"], "with Nagle's algorithm off, text that fits does not wait"),
    law("I-110", &["MUST-39", "R9293-3.8.6.2.2-a"], "the window does not open by a few octets"),
    law("I-111", &["MUST-25", "MUST-26"], "keep-alives only for a user who asked, on an idle connection"),
    law("I-112", &["MUST-62", "R9293-3.9.1.2-d"], "the urgent pointer names the octet after the urgent text"),
    law("I-112.2", &["MUST-32"], "the user is told of urgent text that the peer announces, and of no other"),
    law("I-112.3", &["MUST-33"], "the user is told when no more urgent text is ahead"),
    law("I-113", &["MUST-61"], "the segment that empties the send queue carries PSH"),
    law("I-114", &["MUST-19", "R5681-3.1-a"], "what is under way is no more than slow start allows"),
    law("I-115", &["MUST-8"], "initial sequence numbers grow with time"),
    law("I-115.2", &["SHLD-1"], "initial sequence numbers of different pairs of sockets are unrelated"),
    law("I-116", &["MUST-63", "MUST-57"], "nothing that comes from an address of no host is answered"),
    law("I-117", &["MUST-47", "SHLD-25"], "the user is told of segments that were not delivered"),
    law("I-117.2", &["SHLD-20"], "a user who does not want to hear of delivery trouble is not told"),
    law("I-117.3", &["SHLD-26"], "a hard error ends an attempt to connect"),
    law("I-120", &["R9293-3.5.2-d"], "nothing is sent on a connection that is no more"),
    law("I-121", &["R5681-4.2-e"], "one acknowledgment for each segment at most"),
    law(
        "I-123",
        &["R5681-3.2-c"],
        "the third duplicate acknowledgment brings the oldest segment again, and none before it",
    ),
    law("I-123.2", &["R5681-3.2-h"], "further duplicate acknowledgments bring the oldest segment no more"),
    law("I-127", &["MUST-45"], "segments leave from the connection's sockets"),
    law("I-131", &["MUST-53"], "a connection that a peer asked for goes back the way that its segments came"),
    law("I-131.2", &["SHLD-24"], "the way back is that of the latest segment"),
    law("I-131.3", &["MUST-51", "MUST-52"], "a source route that the user names is taken, whatever arrives"),
    law("P-01", &["R9293-3.10-a"], "the user reads what the peer sent, each octet once and in order"),
    law("P-02", &["MUST-12"], "no orderly end of stream before every octet was read"),
];

impl Law {
    /// The level of the gravest requirement behind it.
    #[must_use]
    pub fn level(&self) -> Level {
        requirement::gravest(self.requirements.iter().copied()).unwrap_or(Level::Must)
    }
}

/// The rule with this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Law> {
    LAWS.iter().find(|law| law.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_rule_is_there_once_and_stands_on_requirements_of_the_catalogue() {
        let ids: BTreeSet<_> = LAWS.iter().map(|law| law.id).collect();
        assert_eq!(ids.len(), LAWS.len());
        for law in LAWS {
            assert!(!law.requirements.is_empty() && !law.sentence.is_empty(), "{law:?}");
            for id in law.requirements {
                assert!(requirement::find(id).is_some(), "{} cites {id}", law.id);
            }
        }
    }
}
