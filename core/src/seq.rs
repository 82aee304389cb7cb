//! Sequence numbers and their arithmetic modulo 2^32 (RFC 9293 §3.4).
//!
//! [`SeqNumber`] deliberately has no `Ord`: "less than" on a circle is not transitive, so sorting or taking the
//! maximum of arbitrary sequence numbers has no meaning. Use the named comparisons, which are right as long as the
//! two numbers lie within half the space of each other. Exactly half the space apart, each is before the other and
//! neither after: `a.ge(b)` is then not `b.le(a)`.

use core::fmt;
use core::ops::{Add, AddAssign, Sub};

/// A point in the sequence space, in octets modulo 2^32 (RFC 9293 §3.4).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct SeqNumber(pub u32);

impl SeqNumber {
    /// Whether `self` comes before `other` (`self < other` in the RFC's notation).
    #[must_use]
    pub const fn lt(self, other: Self) -> bool {
        self.offset_from(other) < 0
    }

    /// Whether `self` comes before `other` or is `other` (`=<`).
    #[must_use]
    pub const fn le(self, other: Self) -> bool {
        self.offset_from(other) <= 0
    }

    /// Whether `self` comes after `other` (`>`).
    #[must_use]
    pub const fn gt(self, other: Self) -> bool {
        self.offset_from(other) > 0
    }

    /// Whether `self` comes after `other` or is `other` (`>=`).
    #[must_use]
    pub const fn ge(self, other: Self) -> bool {
        self.offset_from(other) >= 0
    }

    /// Octets from `earlier` forward to `self`, modulo 2^32: meaningful when `earlier` is known to come first.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u32 {
        self.0.wrapping_sub(earlier.0)
    }

    /// Signed distance in octets from `other` to `self`.
    #[must_use]
    pub const fn offset_from(self, other: Self) -> i32 {
        self.0.wrapping_sub(other.0).cast_signed()
    }

    /// Whether `start =< self < start + len`, counted forward from `start` (RFC 9293 §3.4, Table 6).
    #[must_use]
    pub const fn in_window(self, start: Self, len: u32) -> bool {
        self.since(start) < len
    }

    /// The later of two numbers.
    #[must_use]
    pub const fn later(self, other: Self) -> Self {
        if self.lt(other) { other } else { self }
    }

    /// The earlier of two numbers.
    #[must_use]
    pub const fn earlier(self, other: Self) -> Self {
        if self.lt(other) { self } else { other }
    }
}

impl Add<u32> for SeqNumber {
    type Output = Self;

    fn add(self, octets: u32) -> Self {
        Self(self.0.wrapping_add(octets))
    }
}

impl AddAssign<u32> for SeqNumber {
    fn add_assign(&mut self, octets: u32) {
        *self = *self + octets;
    }
}

impl Sub<u32> for SeqNumber {
    type Output = Self;

    fn sub(self, octets: u32) -> Self {
        Self(self.0.wrapping_sub(octets))
    }
}

impl fmt::Debug for SeqNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Display for SeqNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::SeqNumber;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn comparisons_do_not_change_when_both_numbers_are_shifted(a: u32, b: u32, shift: u32) {
            let (x, y) = (SeqNumber(a), SeqNumber(b));
            prop_assert_eq!(x.lt(y), (x + shift).lt(y + shift));
            prop_assert_eq!(x.le(y), (x + shift).le(y + shift));
            prop_assert_eq!(x.gt(y), (x + shift).gt(y + shift));
            prop_assert_eq!(x.ge(y), (x + shift).ge(y + shift));
        }

        #[test]
        fn exactly_one_of_before_same_after_holds_within_half_the_space(a: u32, d in -0x7fff_ffff_i32..=0x7fff_ffff) {
            let (x, y) = (SeqNumber(a), SeqNumber(a.wrapping_add_signed(d)));
            prop_assert_eq!(x.lt(y), d > 0);
            prop_assert_eq!(x.gt(y), d < 0);
            prop_assert_eq!(x.le(y), d >= 0);
            prop_assert_eq!(x.ge(y), d <= 0);
            prop_assert_eq!(y.offset_from(x), d);
            prop_assert_eq!(x.later(y), if d > 0 { y } else { x });
            prop_assert_eq!(x.earlier(y), if d < 0 { y } else { x });
        }

        #[test]
        fn adding_then_subtracting_returns_to_the_start(a: u32, n: u32) {
            prop_assert_eq!(SeqNumber(a) + n - n, SeqNumber(a));
            prop_assert_eq!((SeqNumber(a) + n).since(SeqNumber(a)), n);
        }

        #[test]
        fn a_window_holds_its_first_octet_and_not_the_one_past_its_end(start: u32, len in 1_u32..) {
            let left = SeqNumber(start);
            prop_assert!(left.in_window(left, len));
            prop_assert!((left + (len - 1)).in_window(left, len));
            prop_assert!(!(left + len).in_window(left, len));
            prop_assert!(!left.in_window(left, 0));
        }
    }

    #[test]
    fn the_space_wraps_after_its_last_number() {
        let last = SeqNumber(u32::MAX);
        assert_eq!(last + 1, SeqNumber(0));
        assert!(last.lt(SeqNumber(0)));
        assert!(SeqNumber(5).in_window(last, 7));
    }
}
