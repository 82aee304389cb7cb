//! Source routes of IPv4: the routers that a packet is told to pass, and has passed (RFC 791 §3.1, RFC 1122 §3.2.1.8).
//!
//! On its way a packet is addressed to the next router; the option has the ones behind it and, last, the end of the
//! route. Where it arrives, the option has the routers that it came by. Both kinds of route are read, loose and strict;
//! only loose ones are written. What it leaves out: forwarding, and routes of IPv6, which no longer has any (RFC 5095).

use std::net::Ipv4Addr;

use super::ip;

/// Loose source and record route.
const LOOSE: u8 = 131;
/// Strict source and record route.
const STRICT: u8 = 137;
const END_OF_LIST: u8 = 0;
const NO_OPERATION: u8 = 1;

/// Kind, length and pointer.
const FIXED: usize = 3;

/// Most routers that a source route can name (40 octets of options).
pub const MAX_HOPS: usize = 9;

/// A source route in the header of an IPv4 packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SourceRoute<'a> {
    /// Where the header says that the packet goes.
    destination: Ipv4Addr,
    /// The addresses that it has used already.
    passed: &'a [[u8; 4]],
    /// The addresses that it has still to use.
    ahead: &'a [[u8; 4]],
}

impl SourceRoute<'_> {
    /// Whether the packet has arrived.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.ahead.is_empty()
    }

    /// The routers that it came by, in order.
    pub fn passed(&self) -> impl DoubleEndedIterator<Item = Ipv4Addr> {
        self.passed.iter().copied().map(Ipv4Addr::from)
    }

    /// The routers that it has still to pass, in order.
    pub fn hops(&self) -> impl Iterator<Item = Ipv4Addr> {
        let stations =
            std::iter::once(self.destination).chain(self.ahead.iter().copied().map(Ipv4Addr::from));
        stations.take(self.ahead.len())
    }

    /// Where it ends.
    pub(super) fn end(&self) -> Ipv4Addr {
        self.ahead.last().map_or(self.destination, |last| Ipv4Addr::from(*last))
    }
}

/// The first source route among the options of an IPv4 header that is addressed to `destination`. One that is malformed
/// is none.
pub(super) fn read(destination: Ipv4Addr, mut options: &[u8]) -> Option<SourceRoute<'_>> {
    loop {
        match *options.first()? {
            END_OF_LIST => return None,
            NO_OPERATION => options = &options[1..],
            kind => {
                let length = usize::from(*options.get(1)?);
                let option = options.get(..length).filter(|_| length >= 2)?;
                if matches!(kind, LOOSE | STRICT) {
                    return of_option(destination, option);
                }
                options = &options[length..];
            }
        }
    }
}

fn of_option(destination: Ipv4Addr, option: &[u8]) -> Option<SourceRoute<'_>> {
    let (addresses, odd) = option.get(FIXED..)?.as_chunks::<4>();
    // The pointer counts octets of the option, from 1.
    let used = usize::from(option[2]).checked_sub(FIXED + 1)?;
    if !odd.is_empty() || !used.is_multiple_of(4) {
        return None;
    }
    let (passed, ahead) = addresses.split_at_checked(used / 4)?;
    Some(SourceRoute { destination, passed, ahead })
}

/// A loose source route of which so many addresses have been used, padded to whole words.
fn option(addresses: impl ExactSizeIterator<Item = Ipv4Addr>, used: usize) -> Vec<u8> {
    let (length, pointer) = (FIXED + 4 * addresses.len(), FIXED + 1 + 4 * used);
    let mut octets = vec![LOOSE, length as u8, pointer as u8];
    addresses.for_each(|address| octets.extend(address.octets()));
    octets.push(END_OF_LIST);
    octets
}

/// Sends a packet of [`build`](super::build) by way of these routers, at most [`MAX_HOPS`]. A packet over IPv6, one with
/// options, and one without routers to pass is left alone.
pub fn leave_by(packet: &mut Vec<u8>, hops: &[Ipv4Addr]) {
    let Some((first, behind)) = hops.split_first() else { return };
    if !ip::is_plain_v4(packet) || hops.len() > MAX_HOPS {
        return;
    }
    let end = Ipv4Addr::new(packet[16], packet[17], packet[18], packet[19]);
    let addresses: Vec<_> = behind.iter().copied().chain([end]).collect();
    packet[16..20].copy_from_slice(&first.octets());
    ip::add_v4_options(packet, &option(addresses.into_iter(), 0));
}

/// Lets a packet of [`build`](super::build) have come by way of these routers, at most [`MAX_HOPS`]; otherwise, and over
/// IPv6, it is left alone.
pub fn arrive_by(packet: &mut Vec<u8>, passed: &[Ipv4Addr]) {
    if ip::is_plain_v4(packet) && (1..=MAX_HOPS).contains(&passed.len()) {
        ip::add_v4_options(packet, &option(passed.iter().copied(), passed.len()));
    }
}

/// Takes the source route out of a packet, and any other IPv4 option with it: it goes straight to the end of its route.
pub fn take_straight_way(packet: &mut Vec<u8>) {
    let Ok(found) = ip::read(packet) else { return };
    let Some(end) = found.route.map(|route| route.end()) else { return };
    packet[16..20].copy_from_slice(&end.octets());
    ip::remove_v4_options(packet);
}
