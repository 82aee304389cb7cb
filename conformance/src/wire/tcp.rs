//! TCP headers (RFC 9293 §3.1). Options stay raw octets here; [`tcpspec_core::options`] reads them.

use tcpspec_core::segment::Integrity;
use tcpspec_core::{Control, Segment, SeqNumber};

use super::{Endpoints, Header, NotTcp};

/// Octets of a header without options.
pub(super) const FIXED_HEADER: usize = 20;

/// Where the checksum stands in the header, in octets.
pub(super) const CHECKSUM_AT: usize = 16;

/// The fields of a segment that do not stand in [`Segment`].
pub(super) struct Ports {
    pub(super) source: u16,
    pub(super) destination: u16,
}

/// Reads a segment. `checksum_right` is what the caller found, because only it knows the pseudo-header.
pub(super) fn read(octets: &[u8], checksum_right: bool) -> Result<(Ports, Segment<'_>, u8), NotTcp> {
    let fixed = octets.first_chunk::<FIXED_HEADER>().ok_or(NotTcp::SegmentTooShort)?;
    let data_offset = fixed[12] >> 4;
    let header_length = usize::from(data_offset) * 4;
    let parts = octets
        .split_at_checked(header_length)
        .and_then(|(header, text)| header.get(FIXED_HEADER..).map(|options| (options, text)));
    let integrity = match (checksum_right, parts) {
        (false, _) => Integrity::BadChecksum,
        (true, None) => Integrity::BadDataOffset,
        (true, Some(_)) => Integrity::Sound,
    };
    // Where the offset lies nobody can say where the options end and the text begins.
    let (options, text) = parts.unwrap_or_default();
    let segment = Segment {
        seq: SeqNumber(long(fixed, 4)),
        ack: SeqNumber(long(fixed, 8)),
        ctl: Control(fixed[13]),
        wnd: short(fixed, 14),
        up: short(fixed, 18),
        reserved: fixed[12] & 0x0f,
        options,
        text,
        integrity,
    };
    let ports = Ports { source: short(fixed, 0), destination: short(fixed, 2) };
    Ok((ports, segment, data_offset))
}

const fn short(header: &[u8; FIXED_HEADER], at: usize) -> u16 {
    u16::from_be_bytes([header[at], header[at + 1]])
}

const fn long(header: &[u8; FIXED_HEADER], at: usize) -> u32 {
    u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
}

/// Octets of the header with its options, padded to whole words. The caller has checked that they fit.
pub(super) const fn header_length(header: &Header<'_>) -> usize {
    FIXED_HEADER + header.options.len().next_multiple_of(4)
}

/// Appends a header with its options; the checksum field is zero.
pub(super) fn write(endpoints: &Endpoints, header: &Header<'_>, out: &mut Vec<u8>) {
    let Header { seq, ack, ctl, wnd, up, reserved, options, ttl: _, traffic_class: _, lies } = *header;
    let length = header_length(header);
    let data_offset = lies.data_offset.unwrap_or((length / 4) as u8); // at most 15
    let mut fixed = [0; FIXED_HEADER];
    fixed[0..2].copy_from_slice(&endpoints.source.port().to_be_bytes());
    fixed[2..4].copy_from_slice(&endpoints.destination.port().to_be_bytes());
    fixed[4..8].copy_from_slice(&seq.0.to_be_bytes());
    fixed[8..12].copy_from_slice(&ack.0.to_be_bytes());
    fixed[12] = data_offset << 4 | reserved & 0x0f;
    fixed[13] = ctl.0;
    fixed[14..16].copy_from_slice(&wnd.to_be_bytes());
    fixed[18..20].copy_from_slice(&up.to_be_bytes());
    let end = out.len() + length;
    out.extend_from_slice(&fixed);
    out.extend_from_slice(options);
    out.resize(end, 0);
}
