//! What must be true of every segment that the stack sends, whatever state it is in.

use tcpspec_core::options;
use tcpspec_core::segment::Integrity;
use tcpspec_core::{Control, Segment};

use crate::monitor::can_be_a_peer;
use crate::monitor::objection::{Judgement, object};
use crate::monitor::pair::Pair;
use crate::monitor::stream::Stream;
use crate::monitor::terms::Terms;
use crate::wire::Parsed;

/// I-092, I-093, I-095, I-116, I-127: the header as such.
pub(in crate::monitor) fn header(packet: &Parsed<'_>, terms: &Terms) -> Judgement {
    let segment = &packet.segment;
    well_formed(segment)?;
    if !segment.options.is_empty() || segment.has(Control::SYN) {
        option_list(segment, terms)?;
    }
    let source = packet.endpoints.source.ip();
    if source != terms.setup.local {
        let what = format!("a segment left from {source}, an address that is not the stack's");
        return object("I-127", "any segment", "another source", what);
    }
    let destination = packet.endpoints.destination.ip();
    let asks = segment.has(Control::SYN) && !segment.has(Control::ACK);
    // Whether the user may ask such an address is what OPEN says (I-074).
    if !asks && !can_be_a_peer(destination) {
        let what = format!(
            "a segment left for {destination}, which no host has: what came from there is to be ignored"
        );
        return object("I-116", "any segment", "an answer to nobody", what);
    }
    Ok(())
}

fn well_formed(segment: &Segment<'_>) -> Judgement {
    match segment.integrity {
        Integrity::Sound => {}
        Integrity::BadChecksum => {
            let what = "the checksum of a segment is wrong".to_owned();
            return object("I-092", "any segment", "wrong checksum", what);
        }
        Integrity::BadDataOffset => {
            let what = "the data offset of a segment points outside it".to_owned();
            return object("I-093", "any segment", "wrong data offset", what);
        }
    }
    if segment.reserved != 0 {
        let what = format!("reserved bits must be zero, seen {:#x}", segment.reserved);
        return object("I-093", "any segment", "reserved bits set", what);
    }
    Ok(())
}

/// I-093, I-095: options are well formed, and a maximum segment size stands where it may and says what is so.
fn option_list(segment: &Segment<'_>, terms: &Terms) -> Judgement {
    if options::is_malformed(segment.options) {
        let what = "an option of a segment has an illegal length".to_owned();
        return object("I-093", "any segment", "illegal option length", what);
    }
    if padding(segment.options).iter().any(|octet| *octet != 0) {
        let what = "octets after the End of Option List must be zero".to_owned();
        return object("I-093", "any segment", "padding not zero", what);
    }
    let headers = if terms.setup.local.is_ipv4() { 40 } else { 60 };
    let Some(size) = options::maximum_segment_size(segment.options) else {
        return size_is_announced(segment, terms.reassembles.saturating_sub(headers), terms);
    };
    if !segment.has(Control::SYN) {
        let what = "a segment without SYN carries a Maximum Segment Size option".to_owned();
        return object("I-095", "segment without SYN", "carries a maximum segment size", what);
    }
    let packet = terms.reassembles;
    let most = packet.saturating_sub(headers);
    if u32::from(size) > most {
        let what = format!(
            "expected a Maximum Segment Size of at most {most}, as packets of {packet} octets are taken in, seen {size}"
        );
        return object("I-095", "SYN", "maximum segment size too large", what);
    }
    Ok(())
}

/// I-095.2: a SYN names the size if it is more than the default.
fn size_is_announced(segment: &Segment<'_>, most: u32, terms: &Terms) -> Judgement {
    let default = if terms.setup.local.is_ipv4() { 536 } else { 1220 };
    let syn = segment.has(Control::SYN) && !segment.has(Control::RST);
    if !syn || most <= default {
        return Ok(());
    }
    let what =
        format!("expected a Maximum Segment Size on a SYN, as up to {most} octets are taken in, seen none");
    object("I-095.2", "SYN", "no maximum segment size", what)
}

/// The octets after the End of Option List of a well-formed list.
fn padding(list: &[u8]) -> &[u8] {
    let mut rest = list;
    loop {
        rest = match *rest {
            [] => return &[],
            [0, ..] => return &rest[1..],
            [1, ..] => &rest[1..],
            [_, length, ..] => rest.get(usize::from(length).max(2)..).unwrap_or(&[]),
            [_] => return &[],
        };
    }
}

/// I-085, I-086, I-090, I-091: where the segment lies in the stack's stream, and what it carries.
pub(in crate::monitor) fn sequence(pair: &Pair, stream: Option<&Stream>, segment: &Segment<'_>) -> Judgement {
    let Some(iss) = pair.iss else { return Ok(()) };
    if segment.seq.gt(pair.snd_max) {
        let what = format!(
            "expected a segment that begins at SND.NXT ({}) or before it, seen SEQ={}",
            pair.snd_max.since(iss),
            segment.seq.since(iss)
        );
        return object("I-085", "any segment", "leaves a gap", what);
    }
    if let Some(stream) = stream.filter(|stream| !segment.text.is_empty() && !stream.overlong) {
        text(pair, stream, segment, segment.seq.offset_from(iss + 1))?;
    }
    if let Some(fin) = pair.fin {
        let moved = segment.has(Control::FIN) && segment.end() - 1 != fin;
        if moved || segment.end().gt(fin + 1) {
            let what = format!(
                "the FIN had SEQ={}; seen a segment that ends at {}{}",
                fin.since(iss),
                segment.end().since(iss),
                if moved { " with another FIN" } else { "" }
            );
            return object("I-090", "segment after FIN", "beyond the FIN", what);
        }
    } else if segment.has(Control::FIN) {
        let fin = segment.end() - 1;
        let sent = stream.filter(|stream| !stream.overlong && !pair.user_unknown);
        let sent = sent.map(|stream| stream.sent.len());
        if let Some(sent) = sent.filter(|sent| usize::try_from(fin.since(iss + 1)) != Ok(*sent)) {
            let what = format!(
                "expected the FIN at SEQ={}, after the {sent} octets that the user sent; seen it at SEQ={}",
                sent.saturating_add(1),
                fin.since(iss)
            );
            return object("I-091", "FIN", "not at the end of the text", what);
        }
    }
    Ok(())
}

/// I-086: the octets must be those of the user. A keep-alive may carry one octet of garbage at SND.NXT-1 (V-37).
fn text(pair: &Pair, stream: &Stream, segment: &Segment<'_>, position: i32) -> Judgement {
    if pair.user_unknown
        || pair.keep_alive.is_some() && segment.text.len() == 1 && segment.seq == pair.snd_max - 1
    {
        return Ok(());
    }
    let Ok(position) = usize::try_from(position) else {
        let before = position.unsigned_abs();
        let what = format!("expected text from the first octet on, seen some that begins {before} before it");
        return object("I-086", "text", "before the first octet", what);
    };
    let end = position.saturating_add(segment.text.len());
    let Some(sent) = stream.sent.get(position..end) else {
        let what = format!(
            "expected no more than the {} octets that the user sent, seen octets {position} to {end}",
            stream.sent.len()
        );
        return object("I-086", "text", "never sent by the user", what);
    };
    if sent == segment.text {
        return Ok(());
    }
    let wrong = position + sent.iter().zip(segment.text).take_while(|(sent, seen)| sent == seen).count();
    let what = format!("octet {wrong} of the stream is not the one that the user sent");
    object("I-086", "text", "other octets", what)
}
