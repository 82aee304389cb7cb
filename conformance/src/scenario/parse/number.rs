//! Numbers and lengths of time.
//!
//! Left out: numbers in sequence space, which stand in segments only.

use std::ops::RangeInclusive;

use super::super::error::ParseError;
use super::super::lexer::{Cursor, Kind};
use super::super::{MAX_MICROS, MAX_MSL, Span};

/// A whole number from 0 to `most`, which the type must be able to hold; `what` is its name in messages.
pub(super) fn up_to<T: TryFrom<u64>>(
    cursor: &mut Cursor<'_>,
    what: &str,
    most: u64,
) -> Result<T, ParseError> {
    within(cursor, what, 0..=most)
}

/// A whole number in `range`, which the type must be able to hold; `what` is its name in messages.
pub(super) fn within<T: TryFrom<u64>>(
    cursor: &mut Cursor<'_>,
    what: &str,
    range: RangeInclusive<u64>,
) -> Result<T, ParseError> {
    cursor
        .take_known(|word| {
            whole(word).filter(|number| range.contains(number)).and_then(|number| T::try_from(number).ok())
        })
        .ok_or_else(|| {
            cursor.unexpected(&format!("{what}, a number from {} to {}", range.start(), range.end()))
        })
}

/// The number that the decimal digits say; none if there is anything else or too much of it.
fn whole(digits: &str) -> Option<u64> {
    if digits.bytes().all(|octet| octet.is_ascii_digit()) { digits.parse().ok() } else { None }
}

/// A length of time: lifetimes and seconds, added and subtracted.
pub(super) fn span(cursor: &mut Cursor<'_>) -> Result<Span, ParseError> {
    const TOO_LONG: &str = "expected at most 1000msl and a year of 365 days";
    const NEGATIVE: &str = "expected no time below zero";
    let start = cursor.used();
    let (mut msl, mut micros, mut sign) = (0_i64, 0_i64, 1);
    loop {
        let (lifetimes, rest) = term(cursor)?;
        // No overflow: a term keeps the limits, and so did the sum before it.
        msl += sign * lifetimes;
        micros += sign * rest;
        if msl > MAX_MSL.into() || micros.abs() > MAX_MICROS {
            return Err(cursor.error_since(start, |found| format!("found {found}, {TOO_LONG}")));
        }
        if cursor.take(Kind::Plus) {
            sign = 1;
        } else if cursor.take(Kind::Minus) {
            sign = -1;
        } else {
            break;
        }
    }
    match u32::try_from(msl) {
        Ok(msl) if msl > 0 || micros >= 0 => Ok(Span { msl, micros }),
        _ => Err(cursor.error_since(start, |found| format!("found {found}, {NEGATIVE}"))),
    }
}

/// One term of a length of time, in lifetimes or in microseconds.
fn term(cursor: &mut Cursor<'_>) -> Result<(i64, i64), ParseError> {
    const EXPECTED: &str = "a length of time such as 0.5, 500ms, 20us or 2msl";
    let Some(word) = cursor.peek_word() else { return Err(cursor.unexpected(EXPECTED)) };
    let digits_end = word.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(word.len());
    let (number, unit) = word.split_at(digits_end);
    let term = match (number, unit) {
        ("", "msl") => Ok((1, 0)),
        (_, "msl") => whole(number)
            .filter(|count| *count <= MAX_MSL.into())
            .and_then(|count| i64::try_from(count).ok())
            .map(|count| (count, 0))
            .ok_or("a whole number of lifetimes, at most 1000"),
        (_, "" | "s") => microseconds(number, 1_000_000),
        (_, "ms") => microseconds(number, 1000),
        (_, "us") => microseconds(number, 1),
        _ => Err(EXPECTED),
    };
    match term {
        Ok(term) => {
            cursor.take(Kind::Word);
            Ok(term)
        }
        Err(expected) => Err(cursor.unexpected(expected)),
    }
}

/// A decimal number of units, `unit` microseconds each; the error is what was expected instead.
fn microseconds(number: &str, unit: u64) -> Result<(i64, i64), &'static str> {
    const TOO_LONG: &str = "at most a year of 365 days, 31536000s";
    let (units, fraction) = match number.split_once('.') {
        Some((units, fraction)) => (units, Some(fraction)),
        None => (number, None),
    };
    let is_digits = |part: &str| part.bytes().all(|octet| octet.is_ascii_digit());
    if number.is_empty() || fraction == Some("") || !is_digits(units) || !fraction.is_none_or(is_digits) {
        return Err("a length of time such as 0.5, 500ms, 20us or 2msl");
    }
    let mut micros = match units {
        "" => 0,
        _ => units.parse::<u64>().ok().and_then(|units| units.checked_mul(unit)).ok_or(TOO_LONG)?,
    };
    let mut place = unit;
    for digit in fraction.unwrap_or("").trim_end_matches('0').bytes() {
        if !place.is_multiple_of(10) {
            return Err("nothing finer than a microsecond");
        }
        place /= 10;
        micros = micros.saturating_add(u64::from(digit - b'0') * place);
    }
    i64::try_from(micros)
        .ok()
        .filter(|micros| *micros <= MAX_MICROS)
        .map(|micros| (0, micros))
        .ok_or(TOO_LONG)
}

#[cfg(test)]
mod tests {
    use super::super::super::lexer::Line;
    use super::*;

    fn read(text: &str) -> Result<Span, String> {
        let mut cursor = Cursor::new(Line { number: 1, text }).unwrap();
        span(&mut cursor).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn lengths_of_time_are_exact() {
        for (text, msl, micros) in [
            ("0", 0, 0),
            ("2", 0, 2_000_000),
            ("0.5", 0, 500_000),
            (".1", 0, 100_000),
            ("1.000001s", 0, 1_000_001),
            ("0.1234560000", 0, 123_456),
            ("500ms", 0, 500_000),
            ("0.5ms", 0, 500),
            ("20us", 0, 20),
            ("msl", 1, 0),
            ("2msl", 2, 0),
            ("2msl-1ms", 2, -1000),
            ("2msl+0.5", 2, 500_000),
            ("2msl-msl", 1, 0),
            ("1-0.5+msl", 1, 500_000),
            ("31536000", 0, MAX_MICROS),
            ("1000msl", MAX_MSL, 0),
        ] {
            assert_eq!(read(text), Ok(Span { msl, micros }), "{text}");
        }
    }

    #[test]
    fn the_smallest_step_over_a_limit_is_refused() {
        for text in [
            "31536000.000001",
            "31536000+1us",
            "1001msl",
            "1000msl+msl",
            "0-1us",
            "msl-2msl",
            "0.0000001",
            "0.0001ms",
            "0.5us",
            "1.5msl",
            "5.",
            ".",
            "1.2.3",
            "",
            "+1",
            "-1",
            "1h",
            "99999999999999999999",
            "18446744073709551615",
            "1_0",
        ] {
            assert!(read(text).is_err(), "{text} is {:?}", read(text));
        }
    }

    #[test]
    fn numbers_have_digits_only() {
        let read = |text| up_to::<u16>(&mut Cursor::new(Line { number: 1, text }).unwrap(), "N", 70_000).ok();
        assert_eq!(read("65535"), Some(65_535));
        assert_eq!(read("007"), Some(7));
        for text in ["65536", "70001", "0x10", "1.0", "-1", "+1", "99999999999999999999", ""] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
