//! Segments that the peer sends and segments that the stack must send.
//!
//! Left out: whether the segment makes sense. Most scenarios are about segments that make none.

use tcpspec_core::Control;

use super::super::error::ParseError;
use super::super::lexer::{Cursor, Kind};
use super::super::{
    AddressClass, Anchor, Damage, IcmpKind, IcmpSpec, MAX_OPTION_OCTETS, MAX_TEXT, MAX_TRAFFIC_CLASS,
    OptionKind, OptionSpec, Route, SegmentPattern, SegmentSpec, SeqExpr, WindowPattern,
};
use super::{listed, number};

/// The words that may follow the numbers of a peer's segment.
pub(super) const FIELDS: [&str; 11] =
    ["ack", "win", "urg", "from", "to", "by", "bad-checksum", "offset", "reserved", "ip-options", "cut"];
/// The words that may follow the numbers of an expected segment.
pub(super) const PATTERN_FIELDS: [&str; 7] = ["ack", "win", "urg", "class", "ttl", "by", "or"];
const OPTION_WORDS: [&str; 8] = ["mss", "wscale", "sackOK", "sack", "TS", "nop", "eol", "raw"];
/// The largest number in a field of four bits.
const FOUR_BITS: u64 = 15;

/// Whose segment it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Peer,
    Stack,
}

impl Side {
    /// The anchors of the numbers that its segments acknowledge.
    const fn acknowledges(self) -> &'static [Anchor] {
        match self {
            Self::Peer => &Anchor::OF_STACK,
            Self::Stack => &Anchor::OF_PEER,
        }
    }
}

/// What comes after `<`.
pub(super) fn spec(cursor: &mut Cursor<'_>) -> Result<SegmentSpec, ParseError> {
    let ctl = flags(cursor)?;
    let seq = optional_seq(cursor, &Anchor::OF_PEER, &FIELDS)?;
    let len = text_len(cursor, seq)?.unwrap_or(0);
    let ack = acknowledgment(cursor, &Anchor::OF_STACK)?;
    let wnd = if cursor.take_word("win") { Some(window(cursor)?) } else { None };
    let up = urgent_pointer(cursor)?.unwrap_or(0);
    let options = options(cursor, Side::Peer)?;
    let from = if cursor.take_word("from") { Some(address_class(cursor)?) } else { None };
    let to = if cursor.take_word("to") { Some(address_class(cursor)?) } else { None };
    let route = optional_route(cursor)?;
    let damage = damage(cursor)?;
    Ok(SegmentSpec { ctl, seq, len, ack, wnd, up, options, from, to, route, damage })
}

/// What comes after `< icmp`.
pub(super) fn icmp(cursor: &mut Cursor<'_>) -> Result<IcmpSpec, ParseError> {
    let names = IcmpKind::ALL.map(IcmpKind::name);
    let kind = cursor
        .take_known(|word| IcmpKind::ALL.into_iter().find(|kind| kind.name() == word))
        .ok_or_else(|| cursor.unexpected_word(&format!("an error: {}", listed(names)), names))?;
    Ok(IcmpSpec { kind, seq: optional_seq(cursor, &Anchor::OF_STACK, &[])? })
}

fn urgent_pointer(cursor: &mut Cursor<'_>) -> Result<Option<u16>, ParseError> {
    if !cursor.take_word("urg") {
        return Ok(None);
    }
    number::up_to(cursor, "the urgent pointer", u16::MAX.into()).map(Some)
}

/// A word for a sort of address.
pub(super) fn address_class(cursor: &mut Cursor<'_>) -> Result<AddressClass, ParseError> {
    let names = AddressClass::ALL.map(AddressClass::name);
    cursor
        .take_known(|word| AddressClass::ALL.into_iter().find(|class| class.name() == word))
        .ok_or_else(|| cursor.unexpected_word(&format!("an address: {}", listed(names)), names))
}

/// What comes after `>` or after `or`.
pub(super) fn pattern(cursor: &mut Cursor<'_>) -> Result<SegmentPattern, ParseError> {
    let ctl = pattern_flags(cursor)?;
    let seq = optional_seq(cursor, &Anchor::OF_STACK, &PATTERN_FIELDS)?;
    let seq_to = if seq.is_some() && cursor.take(Kind::Tilde) {
        Some(seq_expr(cursor, &Anchor::OF_STACK, &[])?)
    } else {
        None
    };
    let len = text_len(cursor, seq.filter(|_| seq_to.is_none()))?;
    let ack = acknowledgment(cursor, &Anchor::OF_PEER)?;
    let wnd = if !cursor.take_word("win") {
        None
    } else if cursor.take(Kind::Greater) {
        Some(WindowPattern::Above(window(cursor)?))
    } else {
        Some(WindowPattern::Exactly(window(cursor)?))
    };
    let up = urgent_pointer(cursor)?;
    let before = cursor.used();
    let options = options(cursor, Side::Stack)?;
    if options.as_ref().is_some_and(Vec::is_empty) {
        // A reader would take it for "no options"; as a list of what must be there it could never fail.
        return Err(cursor.error_since(before, |found| {
            format!("found {found}, expected an option that must be there, or no list at all")
        }));
    }
    let traffic_class = if cursor.take_word("class") {
        Some(number::up_to(cursor, "the Diffserv field", MAX_TRAFFIC_CLASS.into())?)
    } else {
        None
    };
    let ttl = if cursor.take_word("ttl") {
        Some(number::up_to(cursor, "the time to live", u8::MAX.into())?)
    } else {
        None
    };
    let route = optional_route(cursor)?;
    Ok(SegmentPattern { ctl, seq, seq_to, len, ack, wnd, up, options, traffic_class, ttl, route })
}

fn optional_route(cursor: &mut Cursor<'_>) -> Result<Option<Route>, ParseError> {
    if cursor.take_word("by") { route(cursor).map(Some) } else { Ok(None) }
}

/// The routers of a source route, with commas between them.
pub(super) fn route(cursor: &mut Cursor<'_>) -> Result<Route, ParseError> {
    let start = cursor.used();
    let mut hops = vec![address_class(cursor)?];
    while cursor.take(Kind::Comma) {
        hops.push(address_class(cursor)?);
    }
    Route::new(&hops).ok_or_else(|| {
        cursor.error_since(start, |found| {
            format!("found {found}, expected at most {} routers", Route::MAX_HOPS)
        })
    })
}

fn window(cursor: &mut Cursor<'_>) -> Result<u16, ParseError> {
    number::up_to(cursor, "the window", u16::MAX.into())
}

fn flags(cursor: &mut Cursor<'_>) -> Result<Control, ParseError> {
    if cursor.take(Kind::Minus) {
        return Ok(Control::NONE);
    }
    cursor
        .take_known(known_flags)
        .ok_or_else(|| cursor.unexpected("flags: letters of SFRPUEW once each, `.` for ACK, or `-` for none"))
}

/// The flags of an expected segment.
fn pattern_flags(cursor: &mut Cursor<'_>) -> Result<Control, ParseError> {
    let before = cursor.used();
    let ctl = flags(cursor)?;
    if ctl == ctl.without(Control::ECE | Control::CWR) {
        Ok(ctl)
    } else {
        // They are not looked at; whoever writes one would believe that it is.
        Err(cursor.error_since(before, |found| {
            format!(
                "found {found}, expected letters of SFRPU, `.` or `-`: whether the stack sets E or W is not looked at"
            )
        }))
    }
}

fn known_flags(word: &str) -> Option<Control> {
    let mut ctl = Control::NONE;
    for letter in word.chars() {
        let bit = match letter {
            'S' => Control::SYN,
            'F' => Control::FIN,
            'R' => Control::RST,
            'P' => Control::PSH,
            'U' => Control::URG,
            'E' => Control::ECE,
            'W' => Control::CWR,
            '.' => Control::ACK,
            _ => return None,
        };
        if ctl.has(bit) {
            return None;
        }
        ctl |= bit;
    }
    Some(ctl)
}

/// A sequence number, unless a word that may follow it, or something else than a word, comes at once.
fn optional_seq(
    cursor: &mut Cursor<'_>,
    anchors: &[Anchor],
    followers: &[&str],
) -> Result<Option<SeqExpr>, ParseError> {
    let starts = match cursor.peek() {
        Some(token) if token.kind == Kind::Word => !followers.contains(&token.text),
        Some(token) => token.kind == Kind::Equals,
        None => false,
    };
    if starts { seq_expr(cursor, anchors, followers).map(Some) } else { Ok(None) }
}

fn acknowledgment(cursor: &mut Cursor<'_>, anchors: &[Anchor]) -> Result<Option<SeqExpr>, ParseError> {
    if cursor.take_word("ack") { seq_expr(cursor, anchors, &[]).map(Some) } else { Ok(None) }
}

/// `N`, `=N` or an anchor with something added or subtracted.
fn seq_expr(cursor: &mut Cursor<'_>, anchors: &[Anchor], followers: &[&str]) -> Result<SeqExpr, ParseError> {
    const NUMBER: &str = "a sequence number";
    if cursor.take(Kind::Equals) {
        return Ok(SeqExpr::Absolute(number::up_to(cursor, NUMBER, u32::MAX.into())?));
    }
    if cursor.peek_word().is_some_and(|word| word.starts_with(|c: char| c.is_ascii_digit())) {
        return Ok(SeqExpr::Relative(number::up_to(cursor, NUMBER, u32::MAX.into())?));
    }
    let named = cursor.take_known(|word| anchors.iter().copied().find(|anchor| anchor.name() == word));
    let Some(anchor) = named else {
        return Err(unknown_anchor(cursor, anchors, followers));
    };
    let sign = if cursor.take(Kind::Plus) {
        1
    } else if cursor.take(Kind::Minus) {
        -1
    } else {
        return Ok(SeqExpr::Anchor(anchor, 0));
    };
    let octets: u32 = number::up_to(cursor, "octets", u32::MAX.into())?;
    Ok(SeqExpr::Anchor(anchor, sign * i64::from(octets)))
}

/// There is no such anchor, or it is one of the other side's numbers.
fn unknown_anchor(cursor: &Cursor<'_>, anchors: &[Anchor], followers: &[&str]) -> ParseError {
    let names = || anchors.iter().map(|anchor| anchor.name());
    let mut expected = format!("a sequence number: N, =N, {}", listed(names()));
    if !followers.is_empty() {
        expected.push_str("; or ");
        expected.push_str(&listed(followers.iter().copied()));
    }
    let is_anchor =
        cursor.peek_word().is_some_and(|word| Anchor::ALL.iter().any(|anchor| anchor.name() == word));
    if is_anchor {
        // To propose the most similar name of the wrong side would be no help.
        return cursor.unexpected(&expected);
    }
    cursor.unexpected_word(&expected, names().chain(followers.iter().copied()))
}

/// `(LEN)`, or `:END(LEN)` after a plain number.
fn text_len(cursor: &mut Cursor<'_>, seq: Option<SeqExpr>) -> Result<Option<u32>, ParseError> {
    let start = cursor.used();
    let end: Option<u32> = match seq {
        Some(SeqExpr::Relative(_)) if cursor.take(Kind::Colon) => {
            Some(number::up_to(cursor, "a sequence number", u32::MAX.into())?)
        }
        _ => None,
    };
    if !cursor.take(Kind::Open) {
        return if end.is_none() { Ok(None) } else { Err(cursor.unexpected("`(LEN)` after `START:END`")) };
    }
    let len = number::up_to(cursor, "octets of text", MAX_TEXT.into())?;
    cursor.require(Kind::Close, "`)`")?;
    if let (Some(SeqExpr::Relative(first)), Some(end)) = (seq, end)
        && first.wrapping_add(len) != end
    {
        let right = first.wrapping_add(len);
        return Err(cursor.error_since(start, |found| format!("found {found}, expected `:{right}({len})`")));
    }
    Ok(Some(len))
}

/// `<OPTION,OPTION...>`, or nothing.
fn options(cursor: &mut Cursor<'_>, side: Side) -> Result<Option<Vec<OptionSpec>>, ParseError> {
    let start = cursor.used();
    if !cursor.take(Kind::Less) {
        return Ok(None);
    }
    let mut list = Vec::new();
    if cursor.take(Kind::Greater) {
        return Ok(Some(list));
    }
    loop {
        list.push(option(cursor, side)?);
        if cursor.take(Kind::Greater) {
            break;
        }
        cursor.require(Kind::Comma, "`,` and another option, or `>`")?;
    }
    let octets: usize = list.iter().map(option_octets).sum();
    if octets > MAX_OPTION_OCTETS {
        return Err(cursor.error_since(start, |found| {
            format!("found {found}, which takes {octets} octets, expected at most {MAX_OPTION_OCTETS}")
        }));
    }
    Ok(Some(list))
}

fn option(cursor: &mut Cursor<'_>, side: Side) -> Result<OptionSpec, ParseError> {
    let forbidden = |word: &str| OptionKind::ALL.into_iter().find(|kind| kind.forbidden() == word);
    if side == Side::Stack
        && let Some(kind) = cursor.take_known(forbidden)
    {
        return Ok(OptionSpec::Without(kind));
    }
    let Some(word) = cursor.take_known(|word| OPTION_WORDS.into_iter().find(|known| *known == word)) else {
        return Err(cursor.unexpected_word(&format!("an option: {}", listed(OPTION_WORDS)), OPTION_WORDS));
    };
    Ok(match word {
        "mss" => OptionSpec::MaximumSegmentSize(number::up_to(cursor, "a segment size", u16::MAX.into())?),
        "wscale" => OptionSpec::WindowScale(number::up_to(cursor, "a window shift", u8::MAX.into())?),
        "sackOK" => OptionSpec::SackPermitted,
        "sack" => OptionSpec::Sack(sack_blocks(cursor, side.acknowledges())?),
        "TS" => {
            let value = timestamp(cursor, "val")?;
            OptionSpec::Timestamps { value, echo_reply: timestamp(cursor, "ecr")? }
        }
        "nop" => OptionSpec::NoOperation,
        "eol" => OptionSpec::EndOfList,
        _ => OptionSpec::Raw(
            cursor
                .take_known(octets_of_hex)
                .ok_or_else(|| cursor.unexpected("octets, two hexadecimal digits each"))?,
        ),
    })
}

/// `START:END`, once or more. Octets are counted by the header's limit, as for all options.
fn sack_blocks(cursor: &mut Cursor<'_>, anchors: &[Anchor]) -> Result<Vec<(SeqExpr, SeqExpr)>, ParseError> {
    let mut blocks = Vec::new();
    loop {
        let start = seq_expr(cursor, anchors, &[])?;
        cursor.require(Kind::Colon, "`:` and the number past the block's last octet")?;
        blocks.push((start, seq_expr(cursor, anchors, &[])?));
        let ends = cursor.peek().is_none_or(|token| matches!(token.kind, Kind::Comma | Kind::Greater));
        if ends {
            return Ok(blocks);
        }
    }
}

fn timestamp(cursor: &mut Cursor<'_>, word: &str) -> Result<u32, ParseError> {
    if !cursor.take_word(word) {
        return Err(cursor.unexpected(&format!("`{word}`, as in `TS val 1 ecr 2`")));
    }
    number::up_to(cursor, "a timestamp", u32::MAX.into())
}

fn octets_of_hex(word: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> =
        word.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect::<Option<_>>()?;
    let (octets, odd) = digits.as_chunks::<2>();
    if odd.is_empty() { Some(octets.iter().map(|[high, low]| high << 4 | low).collect()) } else { None }
}

/// Octets that the option takes in the header.
fn option_octets(option: &OptionSpec) -> usize {
    match option {
        OptionSpec::MaximumSegmentSize(_) => 4,
        OptionSpec::WindowScale(_) => 3,
        OptionSpec::SackPermitted => 2,
        OptionSpec::Sack(blocks) => 2 + 8 * blocks.len(),
        OptionSpec::Timestamps { .. } => 10,
        OptionSpec::NoOperation | OptionSpec::EndOfList => 1,
        OptionSpec::Raw(octets) => octets.len(),
        OptionSpec::Without(_) => 0,
    }
}

/// The damage words, in any order, none twice.
fn damage(cursor: &mut Cursor<'_>) -> Result<Damage, ParseError> {
    let mut damage = Damage::default();
    let mut reserved = None;
    loop {
        if !damage.bad_checksum && cursor.take_word("bad-checksum") {
            damage.bad_checksum = true;
        } else if damage.data_offset.is_none() && cursor.take_word("offset") {
            damage.data_offset = Some(number::up_to(cursor, "the data offset in words", FOUR_BITS)?);
        } else if reserved.is_none() && cursor.take_word("reserved") {
            reserved = Some(number::up_to(cursor, "the reserved bits", FOUR_BITS)?);
        } else if !damage.ip_options && cursor.take_word("ip-options") {
            damage.ip_options = true;
        } else if damage.cut.is_none() && cursor.take_word("cut") {
            damage.cut =
                Some(number::up_to(cursor, "the octets that are left of a header", Damage::MAX_CUT.into())?);
        } else {
            damage.reserved = reserved.unwrap_or(0);
            return Ok(damage);
        }
    }
}
