//! What must be true of every stack in every run, whatever a scenario says: the bench's own rules, which have a cause
//! of their own when they are broken.

use tcpspec_core::State;

use crate::verdict::Cause;

/// What of it was broken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Broke {
    /// The stack panicked, with this message.
    Panic(String),
    /// It sent something that is no TCP segment.
    NotTcp,
    /// A checksum is wrong (MUST-2).
    Checksum,
    /// A data offset is wrong.
    DataOffset,
    /// Options are malformed, or stand where they must not (MUST-65, MUST-68, MUST-69).
    Options,
    /// A segment went between sockets that nobody opened.
    Sockets,
    /// Octets in a segment are not those of the user (I-086).
    OctetsSent,
    /// Octets that the user got are not those of the peer.
    OctetsReceived,
    /// It did not stop sending.
    Flood,
    /// Its clock does not go on.
    Standstill,
}

impl Broke {
    /// The cause, with the state that the stack showed last.
    pub(super) fn cause(self, state: Option<State>) -> Cause {
        let (rule, class, differed) = match self {
            Self::Panic(message) => ("panic", "any", without_numbers(&message).into()),
            Self::NotTcp => ("wire", "packet sent", "no TCP".into()),
            Self::Checksum => ("MUST-2", "segment sent", "checksum".into()),
            Self::DataOffset => ("wire", "segment sent", "data offset".into()),
            Self::Options => ("wire", "segment sent", "options".into()),
            Self::Sockets => ("wire", "segment sent", "sockets".into()),
            Self::OctetsSent => ("I-086", "segment sent", "octets".into()),
            Self::OctetsReceived => ("octets", "RECEIVE", "octets".into()),
            Self::Flood => ("flood", "segments sent", "no end".into()),
            Self::Standstill => ("flood", "time", "stands still".into()),
        };
        // These are the same wherever the connection that happened to be looked at stood.
        let state = state.filter(|_| !["panic", "flood"].contains(&rule));
        Cause { rule: rule.into(), state, class: class.into(), differed }
    }
}

/// A message on one line with `#` for each number in it: the same panic at another place of the stream is the same.
pub(crate) fn without_numbers(message: &str) -> String {
    let mut text = String::new();
    for c in message.chars().take(200) {
        match c {
            '0'..='9' if text.ends_with('#') => {}
            '0'..='9' => text.push('#'),
            c if c.is_control() => text.push(' '),
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_panic_is_one_cause_wherever_it_happens() {
        let cause =
            |message: &str| Broke::Panic(message.to_owned()).cause(Some(State::Established)).to_string();
        assert_eq!(cause("index 17 of 16\n"), "panic: any: index # of # ");
        assert_eq!(cause("index 17 of 16"), cause("index 3 of 2"));
    }
}
