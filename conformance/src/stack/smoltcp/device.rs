//! The wire that smoltcp sees: one packet in, a queue of packets out, no delay and no loss.
//!
//! It leaves out everything that is not TCP: what smoltcp says in ICMP does not go out, because nothing above
//! this adapter could read it. Buffers are used again, so that a long run does not allocate for each packet.

use std::collections::VecDeque;

use ::smoltcp::phy::{self, DeviceCapabilities, Medium};
use ::smoltcp::time::Instant;

use crate::wire::carries_tcp;

/// Most packets that may wait to be taken. smoltcp keeps the rest and asks for another poll at once; without
/// a limit a fault of smoltcp's that sends for ever would never come back from a poll.
const MAX_WAITING: usize = 4096;

/// One end of a wire that carries whole IP packets.
#[derive(Debug)]
pub(super) struct Device {
    mtu: usize,
    incoming: Vec<u8>,
    arrived: bool,
    outgoing: Outgoing,
    /// It takes nothing to send.
    refusing: bool,
}

impl Device {
    /// An empty wire whose largest packet has `mtu` octets.
    pub(super) fn new(mtu: u16) -> Self {
        Self {
            mtu: usize::from(mtu),
            incoming: Vec::new(),
            arrived: false,
            outgoing: Outgoing::default(),
            refusing: false,
        }
    }

    /// Lets `packet` arrive at the next poll.
    pub(super) fn put(&mut self, packet: &[u8]) {
        self.incoming.clear();
        self.incoming.extend_from_slice(packet);
        self.arrived = true;
    }

    /// Whether it takes nothing to send now.
    pub(super) const fn refuses(&self) -> bool {
        self.refusing
    }

    /// From now on takes nothing to send, or takes it again. The answer to a packet that arrives goes out all the same:
    /// smoltcp's devices keep room for one with each packet that they hand over.
    pub(super) const fn refuse(&mut self, refuse: bool) {
        self.refusing = refuse;
    }

    /// Whether a TCP packet waits to be taken.
    pub(super) fn has_output(&self) -> bool {
        !self.outgoing.queue.is_empty()
    }

    /// Moves the oldest TCP packet into `packet`; clears it and answers false if there is none.
    pub(super) fn take(&mut self, packet: &mut Vec<u8>) -> bool {
        let Some(next) = self.outgoing.queue.pop_front() else {
            packet.clear();
            return false;
        };
        self.outgoing.spare.push(std::mem::replace(packet, next));
        true
    }
}

impl phy::Device for Device {
    type RxToken<'a> = Received<'a>;
    type TxToken<'a> = &'a mut Outgoing;

    fn receive(&mut self, _now: Instant) -> Option<(Received<'_>, &mut Outgoing)> {
        std::mem::take(&mut self.arrived).then_some((Received(&self.incoming), &mut self.outgoing))
    }

    fn transmit(&mut self, _now: Instant) -> Option<&mut Outgoing> {
        (!self.refusing && self.outgoing.queue.len() < MAX_WAITING).then_some(&mut self.outgoing)
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = self.mtu;
        capabilities
    }
}

/// The packet that has arrived.
#[derive(Debug)]
pub(super) struct Received<'a>(&'a [u8]);

impl phy::RxToken for Received<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(self.0)
    }
}

/// Packets that wait to be taken, and buffers that were given back.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    queue: VecDeque<Vec<u8>>,
    spare: Vec<Vec<u8>>,
}

impl phy::TxToken for &mut Outgoing {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, write: F) -> R {
        let mut packet = self.spare.pop().unwrap_or_default();
        packet.clear();
        packet.resize(len, 0);
        let result = write(&mut packet);
        if carries_tcp(&packet) {
            self.queue.push_back(packet);
        } else {
            self.spare.push(packet);
        }
        result
    }
}
