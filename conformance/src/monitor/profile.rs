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
    /// The acknowledgment of a segment beyond RCV.NXT counts at once.
    BeyondCounts,
    /// Such a segment is dropped whole (V-38).
    BeyondDropped,
}

impl Side {
    /// All sides; each even one with the odd one after it makes a choice.
    pub const ALL: [Self; 10] = [
        Self::ExactResetHalfOpen,
        Self::WindowResetHalfOpen,
        Self::ExactReset,
        Self::WindowReset,
        Self::SynChallenged,
        Self::SynResets,
        Self::ResetEndsTimeWait,
        Self::TimeWaitIgnoresResets,
        Self::BeyondCounts,
        Self::BeyondDropped,
    ];

    /// Its bit in a mask.
    pub(super) const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// Whether a mask takes no choice both ways.
pub(super) const fn is_consistent(takes: u16) -> bool {
    const EVEN: u16 = 0x5555;
    takes & takes >> 1 & EVEN == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_taken_one_way_or_the_other() {
        let mask = |sides: &[Side]| sides.iter().fold(0, |mask, side| mask | side.bit());
        assert!(is_consistent(mask(&[Side::ExactReset, Side::SynResets, Side::ResetEndsTimeWait])));
        for choice in Side::ALL.chunks(2) {
            assert!(is_consistent(choice[0].bit()) && is_consistent(choice[1].bit()));
            assert!(!is_consistent(mask(choice)), "{choice:?}");
        }
        assert!(is_consistent(mask(&[Side::WindowResetHalfOpen, Side::ExactReset])), "two choices");
    }
}
