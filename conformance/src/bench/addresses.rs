//! The addresses of the network that the bench imitates: one for each sort that scenarios can name.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Family;
use crate::scenario::{AddressClass, Route};

/// The two ends, and what else is there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Addresses {
    pub(super) family: Family,
    /// The stack's own.
    pub(super) stack: IpAddr,
    /// The scripted peer's.
    pub(super) peer: IpAddr,
}

impl Addresses {
    pub(super) const fn of(family: Family) -> Self {
        Self { family, stack: host(family, 1), peer: host(family, 2) }
    }

    /// The routers of a source route; none over IPv6, which has no such routes.
    pub(super) fn route(self, route: &Route) -> impl Iterator<Item = Ipv4Addr> {
        route.hops().filter_map(move |class| match self.of_class(class) {
            IpAddr::V4(address) => Some(address),
            IpAddr::V6(_) => None,
        })
    }

    /// The address of this sort.
    pub(super) const fn of_class(self, class: AddressClass) -> IpAddr {
        match (class, self.family) {
            (AddressClass::Peer, _) => self.peer,
            (AddressClass::Stack, _) => self.stack,
            (AddressClass::Other, family) => host(family, 77),
            (AddressClass::Router, family) => host(family, 3),
            (AddressClass::Broadcast, Family::V4) => IpAddr::V4(Ipv4Addr::BROADCAST),
            (AddressClass::SubnetBroadcast, Family::V4) => host(Family::V4, 255),
            (AddressClass::Multicast, Family::V4) => IpAddr::V4(Ipv4Addr::new(224, 0, 0, 1)),
            // Link-local, all nodes: what IPv6 has in the place of broadcasts (RFC 4291 §2.7.1).
            (
                AddressClass::Broadcast | AddressClass::SubnetBroadcast | AddressClass::Multicast,
                Family::V6,
            ) => IpAddr::V6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1)),
            (AddressClass::Unspecified, Family::V4) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            (AddressClass::Unspecified, Family::V6) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
            (AddressClass::Loopback, Family::V4) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            (AddressClass::Loopback, Family::V6) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        }
    }
}

/// A host of the network; its prefix is reserved for documentation (RFC 5737, RFC 3849).
const fn host(family: Family, last: u8) -> IpAddr {
    match family {
        Family::V4 => IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)),
        Family::V6 => IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last as u16)),
    }
}
