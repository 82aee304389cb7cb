//! The either-or choices of a stack, as masks of what it was seen to take.
//!
//! A hypothesis that explains something by a choice takes that choice. One that would have to take both sides is none:
//! a stack decides once (I-049).

/// One side of an either-or choice.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Side {
    /// Only a reset at RCV.NXT resets a half-open connection (RFC 5961 §3).
    ExactResetHalfOpen,
    /// Any reset in the window does (RFC 9293 §3.5.3).
    WindowResetHalfOpen,
    /// Only a reset at RCV.NXT resets a synchronized connection.
    ExactReset,
    /// Any reset in the window does.
    WindowReset,
    /// A SYN on a synchronized connection is challenged (RFC 5961 §4).
    SynChallenged,
    /// One in the window resets it (RFC 9293 §3.10.7.4, step 4).
    SynResets,
    /// A reset ends TIME-WAIT.
    ResetEndsTimeWait,
    /// It does not (RFC 1337 §3).
    TimeWaitIgnoresResets,
    /// The acknowledgment of a segment beyond RCV.NXT counts at once while the connection is half open.
    BeyondCountsHalfOpen(Brings),
    /// Such a segment is dropped whole (V-38).
    BeyondDroppedHalfOpen(Brings),
    /// The acknowledgment of a segment beyond RCV.NXT counts at once.
    BeyondCounts(Brings),
    /// Such a segment is dropped whole (V-38).
    BeyondDropped(Brings),
}

/// What a segment beyond RCV.NXT brings: a stack may keep text that it cannot deliver yet and no FIN, or the reverse.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Brings {
    /// Text alone.
    Text,
    /// A FIN alone.
    Fin,
    /// Both.
    TextAndFin,
}

impl Brings {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Text, Self::Fin, Self::TextAndFin];
}

impl Side {
    /// Its bit in a mask; each even one with the odd one after it makes a choice.
    pub(super) const fn bit(self) -> u32 {
        1 << match self {
            Self::ExactResetHalfOpen => 0,
            Self::WindowResetHalfOpen => 1,
            Self::ExactReset => 2,
            Self::WindowReset => 3,
            Self::SynChallenged => 4,
            Self::SynResets => 5,
            Self::ResetEndsTimeWait => 6,
            Self::TimeWaitIgnoresResets => 7,
            Self::BeyondCountsHalfOpen(brings) => 8 + 2 * brings as u32,
            Self::BeyondDroppedHalfOpen(brings) => 9 + 2 * brings as u32,
            Self::BeyondCounts(brings) => 14 + 2 * brings as u32,
            Self::BeyondDropped(brings) => 15 + 2 * brings as u32,
        }
    }
}

/// Whether a mask takes no choice both ways.
pub(super) const fn is_consistent(takes: u32) -> bool {
    const EVEN: u32 = 0x5555_5555;
    takes & takes >> 1 & EVEN == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both sides of each choice.
    fn choices() -> Vec<[Side; 2]> {
        let mut choices = vec![
            [Side::ExactResetHalfOpen, Side::WindowResetHalfOpen],
            [Side::ExactReset, Side::WindowReset],
            [Side::SynChallenged, Side::SynResets],
            [Side::ResetEndsTimeWait, Side::TimeWaitIgnoresResets],
        ];
        for brings in Brings::ALL {
            choices.push([Side::BeyondCountsHalfOpen(brings), Side::BeyondDroppedHalfOpen(brings)]);
            choices.push([Side::BeyondCounts(brings), Side::BeyondDropped(brings)]);
        }
        choices
    }

    #[test]
    fn a_choice_is_taken_one_way_or_the_other() {
        let mask = |sides: &[Side]| sides.iter().fold(0, |mask, side| mask | side.bit());
        let sides: Vec<Side> = choices().into_iter().flatten().collect();
        assert_eq!(mask(&sides).count_ones(), 20, "a bit for each side");
        for [one, other] in choices() {
            assert!(is_consistent(one.bit()) && is_consistent(other.bit()));
            assert!(!is_consistent(mask(&[one, other])), "{one:?} and {other:?}");
        }
        let first_sides: Vec<Side> = choices().into_iter().map(|[one, _]| one).collect();
        assert!(is_consistent(mask(&first_sides)));
        assert!(is_consistent(mask(&[Side::WindowResetHalfOpen, Side::ExactReset])), "two choices");
    }
}
