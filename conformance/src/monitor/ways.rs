//! The way that a connection's segments have to take: the source route that the user named, or the one by which the peer's
//! segments came, turned round (RFC 9293 §3.9.2.1; RFC 1122 §3.2.1.8).
//!
//! A route that may not have been looked at may count or not: nothing is judged then, until one comes that certainly counts.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use tcpspec_core::{Control, State};

use super::Monitor;
use super::arrival::{Arrival, Place};
use super::emission::Emission;
use super::objection::{Judgement, object};
use super::pair::Pair;
use super::terms::Terms;
use crate::wire::{Endpoints, MAX_HOPS, Parsed, SourceRoute};

/// The routers that a packet passes, in this order; none on the usual way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Hops {
    routers: [Ipv4Addr; MAX_HOPS],
    count: usize,
}

impl Hops {
    const NONE: Self = Self { routers: [Ipv4Addr::UNSPECIFIED; MAX_HOPS], count: 0 };

    fn of(routers: impl Iterator<Item = Ipv4Addr>) -> Self {
        let mut hops = Self::NONE;
        for router in routers.take(MAX_HOPS) {
            hops.routers[hops.count] = router;
            hops.count += 1;
        }
        hops
    }

    fn as_slice(&self) -> &[Ipv4Addr] {
        &self.routers[..self.count]
    }
}

/// Who decides which way the segments of a connection take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Guide {
    /// The user, who named a route with OPEN.
    User,
    /// The peer, by the way that its segments come.
    Peer,
}

/// The way that the segments of a connection have to take, as far as it is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Way {
    guide: Option<Guide>,
    /// It has to be this one.
    hops: Hops,
    /// It was this one before a later segment brought another.
    before: Hops,
    /// Something arrived that may have changed it.
    doubtful: bool,
}

impl Way {
    pub(super) const UNKNOWN: Self =
        Self { guide: None, hops: Hops::NONE, before: Hops::NONE, doubtful: true };

    /// A request begins a connection on a port where somebody listens.
    pub(super) const PASSIVE: Self = Self { guide: Some(Guide::Peer), doubtful: false, ..Self::UNKNOWN };

    /// A segment of the peer came by a route; `certain` says that the stack has looked at it.
    fn came_by(&mut self, route: SourceRoute<'_>, ends: [IpAddr; 2], first: bool, certain: bool) {
        if self.guide != Some(Guide::Peer) {
            return;
        }
        // What has not arrived, and what passed one of the ends, has no way back that everybody would write alike.
        let odd = |router: Ipv4Addr| ends.contains(&IpAddr::V4(router));
        let clear = route.is_complete() && route.passed().next().is_some() && !route.passed().any(odd);
        let back = Hops::of(route.passed().rev());
        if !clear || !first && !certain {
            self.doubtful |= !clear || back != self.hops;
            return;
        }
        if !first && !self.doubtful && back != self.hops {
            self.before = self.hops;
        }
        (self.hops, self.doubtful) = (back, false);
    }
}

/// A segment of the peer arrives; it is the `first` one of a connection on a port where somebody listens.
pub(super) fn arrives(pair: &mut Pair, segment: &Arrival, packet: &Parsed<'_>, first: bool) {
    if first {
        pair.way = Way::PASSIVE;
    }
    let Some(route) = packet.route else { return };
    let plain = segment.has(Control::ACK) && segment.ctl.0 & (Control::SYN | Control::RST).0 == 0;
    let regular = !segment.options.malformed && !pair.agreed_on_timestamps();
    let inside = pair.offered.is_some_and(|edge| segment.end().le(edge));
    let in_order = inside && pair.class.seq == Place::At && pair.class.ack == Place::Inside;
    let open = pair.hypotheses.all(|one| one.state == State::Established && one.nxt == one.nxt_most);
    let ends = [packet.endpoints.source.ip(), packet.endpoints.destination.ip()];
    pair.way.came_by(route, ends, first, plain && regular && in_order && open);
}

/// I-131: which way a segment of a connection goes. Resets may answer what belongs to none.
pub(super) fn taken(pair: &Pair, segment: &Emission, packet: &Parsed<'_>, terms: &Terms) -> Judgement {
    let Way { guide, hops, before, doubtful } = &pair.way;
    let Some(guide) = guide.filter(|_| !doubtful && (hops.count > 0 || before.count > 0)) else {
        return Ok(());
    };
    // What leaves on a real clock may have been on its way already.
    let judged = guide == Guide::User || terms.returns_by_routes && !terms.real;
    let there = |state| !matches!(state, State::Closed | State::Listen);
    let of_it = pair.hypotheses.all(|one| there(one.state) && !one.fresh);
    let seen = || packet.route.iter().flat_map(SourceRoute::hops);
    if segment.has(Control::RST) || !judged || !of_it || seen().eq(hops.as_slice().iter().copied()) {
        return Ok(());
    }
    let (rule, differed) = match guide {
        Guide::User => ("I-131.3", "not the user's route"),
        Guide::Peer if before.count > 0 && seen().eq(before.as_slice().iter().copied()) => {
            ("I-131.2", "the way back of an earlier segment")
        }
        Guide::Peer => ("I-131", "not the way back"),
    };
    let what = format!(
        "expected a segment by way of {:?}, seen `{segment}` by way of {:?}",
        hops.as_slice(),
        seen().collect::<Vec<_>>()
    );
    object(rule, "any segment", differed, what)
}

impl Monitor {
    /// The user has opened a connection by this route.
    pub(super) fn goes_by(&mut self, port: u16, remote: SocketAddr, route: &[Ipv4Addr]) {
        let Some(terms) = self.terms.filter(|_| !route.is_empty()) else { return };
        let endpoints = Endpoints { source: SocketAddr::new(terms.setup.local, port), destination: remote };
        let used = &mut self.pairs[..self.pairs_in_use];
        if let Some(pair) = used.iter_mut().find(|pair| pair.endpoints == endpoints) {
            let hops = Hops::of(route.iter().copied());
            pair.way = Way { guide: Some(Guide::User), hops, doubtful: false, ..Way::UNKNOWN };
        }
    }
}
