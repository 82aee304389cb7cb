//! Faults of what the user chooses for IP, the time to live and source routes (RFC 9293 §3.9.2), and of what the user
//! wants to be told (§3.9.1.8).

use std::net::Ipv4Addr;

use tcpspec_core::Control;

use super::{Calls, Crosses, Enters, Entry, Fault, Hook, Leaves, UserCall, Way, listed};
use crate::stack::{CallOutcome, Knob};
use crate::wire;

pub(super) fn faults() -> impl Iterator<Item = Fault> {
    listed(CALLS, Hook::Calls)
        .chain(listed(ENTERING, Hook::Enters))
        .chain(listed(LEAVING, Hook::Leaves))
        .chain(listed(CROSSING, Hook::Crosses))
}

static CALLS: &[Entry<Calls>] = &[
    ("call/time-to-live-ignored", &["MUST-49"], |stack, _, call| match call {
        UserCall::Set { knob: Knob::TimeToLive(_), .. } => CallOutcome::Ok,
        _ => stack.call(*call),
    }),
    ("call/error-reports-not-switched-off", &["SHLD-20"], |stack, _, call| match call {
        UserCall::Set { knob: Knob::ErrorReports(_), .. } => CallOutcome::Ok,
        _ => stack.call(*call),
    }),
    ("call/reports-switched-off-for-good", &["SHLD-20"], |stack, _, call| match *call {
        UserCall::Set { socket, knob: Knob::ErrorReports(_) } => {
            stack.call(UserCall::Set { socket, knob: Knob::ErrorReports(false) })
        }
        other => stack.call(other),
    }),
    ("call/route-ignored", &["MUST-51"], |stack, _, call| match *call {
        UserCall::Connect { port, remote, .. } => stack.call(UserCall::Connect { port, remote, route: &[] }),
        other => stack.call(other),
    }),
];

static ENTERING: &[Entry<Enters>] = &[
    ("route/not-kept", &["MUST-53", "SHLD-24"], |_, packet| wire::take_straight_way(packet)),
    ("route/first-one-stays", &["SHLD-24"], |_, packet| {
        if !is_request(packet) {
            wire::take_straight_way(packet);
        }
    }),
];

static LEAVING: &[Entry<Leaves>] = &[
    ("route/not-turned-round", &["MUST-53"], |packet| {
        let hops: Vec<_> = hops(packet).into_iter().rev().collect();
        reroute(packet, &hops);
    }),
    ("route/of-the-answer-only", &["MUST-53", "MUST-51"], |packet| {
        if !is_request(packet) {
            wire::take_straight_way(packet);
        }
    }),
    ("packet/time-to-live-always-the-same", &["MUST-49"], |packet| {
        if packet.first() == Some(&0x45) {
            // What the field loses the checksum loses too, in one's complement.
            let [ttl, _, high, low] = packet[8..12] else { return };
            let sum = u32::from(u16::from_be_bytes([high, low])) + (u32::from(ttl) << 8);
            let sum = sum + 0xffff - (u32::from(wire::DEFAULT_TTL) << 8);
            let folded = (sum & 0xffff) + (sum >> 16);
            packet[8] = wire::DEFAULT_TTL;
            packet[10..12].copy_from_slice(&(folded as u16).to_be_bytes());
        }
    }),
];

static CROSSING: &[Entry<Crosses>] =
    &[("route/that-arrives-displaces-the-users", &["MUST-52"], |memory, way, packet| match way {
        Way::In => {
            let parsed = wire::parse(packet);
            if let Some(route) =
                parsed.ok().and_then(|parsed| parsed.route).filter(wire::SourceRoute::is_complete)
            {
                memory.route = route.passed().rev().collect();
            }
        }
        Way::Out if memory.route.is_empty() => {}
        Way::Out => reroute(packet, &memory.route),
    })];

fn is_request(packet: &[u8]) -> bool {
    wire::parse(packet).is_ok_and(|parsed| parsed.segment.ctl.has(Control::SYN))
}

/// The routers that a packet has still to pass.
pub(super) fn hops(packet: &[u8]) -> Vec<Ipv4Addr> {
    wire::parse(packet)
        .ok()
        .and_then(|parsed| parsed.route)
        .map_or(Vec::new(), |route| route.hops().collect())
}

/// Sends a packet another way.
fn reroute(packet: &mut Vec<u8>, hops: &[Ipv4Addr]) {
    wire::take_straight_way(packet);
    wire::leave_by(packet, hops);
}
