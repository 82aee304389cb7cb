//! A link between two hosts, one direction of it: what is sent may come late, twice, in another order, damaged or
//! not at all.
//!
//! The link is a machine without I/O or clock: packets go in with the time, come out when their time has come, and
//! [`Link::next_delivery`] says when that is. What happens to a packet is a function of the options, the seed and
//! the packets before it. For stories that are told on purpose, [`Link::lose_next`] and [`Link::hold_next`] decide
//! the fate of one packet.
//!
//! The one promise that TCP has of its network holds here too: no packet arrives later than its lifetime after it
//! was sent (RFC 9293 §3.4.2). It leaves out rates, fragments and ICMP.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use tcpspec_core::Instant;

#[cfg(test)]
mod tests;

/// How often something happens: `times` out of `of`. Integers, so that every machine decides alike.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Ratio {
    /// The cases in which it happens.
    pub times: u32,
    /// All cases. With zero of them it never happens.
    pub of: u32,
}

impl Ratio {
    /// Never.
    pub const NEVER: Self = Self { times: 0, of: 1 };
    /// Always.
    pub const ALWAYS: Self = Self { times: 1, of: 1 };
}

/// What a link does to packets. The default is perfect: at once, every packet, once and in order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct LinkOptions {
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// How long every packet takes at least.
    pub delay: Duration,
    /// How much longer a packet may take. Alone it changes no order: a packet waits for the one before it.
    pub jitter: Duration,
    /// How often a packet is lost.
    pub loss: Ratio,
    /// How often a packet comes twice. Each copy has its own jitter, reordering and corruption.
    pub duplication: Ratio,
    /// How often a packet is set aside for [`LinkOptions::set_aside`], so that later ones can overtake it.
    pub reordering: Ratio,
    /// How much longer a packet takes that is set aside.
    pub set_aside: Duration,
    /// How often one bit of a packet is flipped, anywhere in it.
    pub corruption: Ratio,
    /// A packet that would arrive later than this after it was sent is dropped: the maximum segment lifetime of RFC
    /// 9293 §3.4.2.
    pub lifetime: Duration,
    /// Packets that the link holds at most; one more is dropped.
    pub capacity: usize,
}

impl Default for LinkOptions {
    fn default() -> Self {
        Self {
            seed: 1,
            delay: Duration::ZERO,
            jitter: Duration::ZERO,
            loss: Ratio::NEVER,
            duplication: Ratio::NEVER,
            reordering: Ratio::NEVER,
            set_aside: Duration::ZERO,
            corruption: Ratio::NEVER,
            lifetime: Duration::from_secs(120),
            capacity: 1024,
        }
    }
}

/// What became of a packet that was sent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Fate {
    /// It arrives at this time, or its first copy does.
    UnderWay(Instant),
    /// It stays in the network until [`Link::release`].
    Held,
    /// It never arrives.
    Lost,
}

/// How many packets met which fate.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Counts {
    /// Packets sent.
    pub sent: u64,
    /// Packets that arrived, copies included.
    pub delivered: u64,
    /// Packets lost by chance or on purpose.
    pub lost: u64,
    /// Packets that went twice.
    pub duplicated: u64,
    /// Copies set aside.
    pub set_aside: u64,
    /// Copies with a flipped bit.
    pub corrupted: u64,
    /// Copies dropped because their lifetime was over.
    pub expired: u64,
    /// Copies dropped because the link was full.
    pub overflowed: u64,
}

/// What to do with the next packet, whatever chance says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Order {
    Lose,
    Hold,
}

#[derive(Debug)]
struct HeldPacket {
    sent: Instant,
    octets: Vec<u8>,
}

/// One direction of a link.
#[derive(Debug)]
pub struct Link {
    options: LinkOptions,
    generator: Generator,
    order: Option<Order>,
    /// Packets under way by time of arrival; the number keeps those of one time in the order of sending.
    under_way: BTreeMap<(Instant, u64), Vec<u8>>,
    /// Packets held back on purpose, oldest first.
    held: VecDeque<HeldPacket>,
    /// Latest arrival of a packet that was not set aside.
    latest: Instant,
    numbered: u64,
    counts: Counts,
    spare: Vec<Vec<u8>>,
}

impl Link {
    /// A link without packets.
    #[must_use]
    pub fn new(options: LinkOptions) -> Self {
        Self {
            options,
            generator: Generator::new(options.seed),
            order: None,
            under_way: BTreeMap::new(),
            held: VecDeque::new(),
            latest: Instant::ZERO,
            numbered: 0,
            counts: Counts::default(),
            spare: Vec::new(),
        }
    }

    /// Does something else from now on; chance goes on where it was. Packets that are under way arrive as planned.
    pub const fn set_options(&mut self, options: LinkOptions) {
        self.options = options;
    }

    /// What has happened so far.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// Takes a packet at the time `now`, which never goes back.
    pub fn send(&mut self, now: Instant, packet: &[u8]) -> Fate {
        self.counts.sent += 1;
        // Every packet takes the same draws, so that one option does not change what others do to later packets.
        let lost = self.generator.happens(self.options.loss);
        let twice = self.generator.happens(self.options.duplication);
        let copies = [self.draw_copy(packet), self.draw_copy(packet)];
        match self.order.take() {
            Some(Order::Lose) => {
                self.counts.lost += 1;
                Fate::Lost
            }
            Some(Order::Hold) => self.hold(now, packet),
            None if lost => {
                self.counts.lost += 1;
                Fate::Lost
            }
            None => {
                self.counts.duplicated += u64::from(twice);
                let first = self.send_copy(now, packet, copies[0]);
                let second = if twice { self.send_copy(now, packet, copies[1]) } else { None };
                let arrival = [first, second].into_iter().flatten().min();
                arrival.map_or(Fate::Lost, Fate::UnderWay)
            }
        }
    }

    /// When the next packet arrives, if one is under way.
    #[must_use]
    pub fn next_delivery(&self) -> Option<Instant> {
        self.under_way.keys().next().map(|(arrival, _)| *arrival)
    }

    /// The next packet that has arrived by `now`. Give its buffer back with [`Link::recycle`].
    pub fn receive(&mut self, now: Instant) -> Option<Vec<u8>> {
        let next = self.under_way.first_entry().filter(|next| next.key().0 <= now)?;
        self.counts.delivered += 1;
        Some(next.remove())
    }

    /// Takes back a buffer that [`Link::receive`] gave, to be used again.
    pub fn recycle(&mut self, buffer: Vec<u8>) {
        if self.spare.len() < self.options.capacity {
            self.spare.push(buffer);
        }
    }

    /// The next packet is lost. Replaces an order that has not met its packet yet.
    pub const fn lose_next(&mut self) {
        self.order = Some(Order::Lose);
    }

    /// The next packet stays in the network until it is released. Replaces an order that has not met its packet yet.
    pub const fn hold_next(&mut self) {
        self.order = Some(Order::Hold);
    }

    /// Lets the oldest packet go that was held: it arrives now, unless its lifetime is over. Says whether it does.
    pub fn release(&mut self, now: Instant) -> bool {
        let Some(HeldPacket { sent, octets }) = self.held.pop_front() else { return false };
        if self.is_too_old(sent, now) {
            self.recycle(octets);
            return false;
        }
        self.enqueue(now, octets);
        true
    }

    fn hold(&mut self, now: Instant, packet: &[u8]) -> Fate {
        if self.is_full() {
            return Fate::Lost;
        }
        let octets = self.buffer(packet);
        self.held.push_back(HeldPacket { sent: now, octets });
        Fate::Held
    }

    /// What chance has in store for one copy.
    fn draw_copy(&mut self, packet: &[u8]) -> CopyFate {
        let generator = &mut self.generator;
        let set_aside = generator.happens(self.options.reordering);
        let corrupt = generator.happens(self.options.corruption);
        let bit = generator.below(8 * packet.len() as u64);
        let most = u64::try_from(self.options.jitter.as_micros()).unwrap_or(u64::MAX);
        let jitter = Duration::from_micros(generator.below(most.saturating_add(1)));
        CopyFate { set_aside, flip: corrupt.then_some(bit), jitter }
    }

    /// Puts a copy on its way; none if it is dropped.
    fn send_copy(&mut self, now: Instant, packet: &[u8], fate: CopyFate) -> Option<Instant> {
        let mut arrival = now + self.options.delay + fate.jitter;
        if fate.set_aside {
            self.counts.set_aside += 1;
            arrival = arrival + self.options.set_aside;
        } else {
            arrival = arrival.max(self.latest);
        }
        if self.is_too_old(now, arrival) || self.is_full() {
            return None;
        }
        if !fate.set_aside {
            self.latest = arrival;
        }
        let mut octets = self.buffer(packet);
        if let Some(bit) = fate.flip
            && let Some(octet) = usize::try_from(bit / 8).ok().and_then(|index| octets.get_mut(index))
        {
            self.counts.corrupted += 1;
            *octet ^= 1 << (bit % 8);
        }
        self.enqueue(arrival, octets);
        Some(arrival)
    }

    fn enqueue(&mut self, arrival: Instant, octets: Vec<u8>) {
        self.under_way.insert((arrival, self.numbered), octets);
        self.numbered += 1;
    }

    /// Whether the lifetime of a packet is over before it arrives; if so, counts it.
    fn is_too_old(&mut self, sent: Instant, arrival: Instant) -> bool {
        let expired = arrival.since(sent) > self.options.lifetime;
        self.counts.expired += u64::from(expired);
        expired
    }

    /// Whether there is room for one packet more; if not, counts it.
    fn is_full(&mut self) -> bool {
        let full = self.under_way.len() + self.held.len() >= self.options.capacity;
        self.counts.overflowed += u64::from(full);
        full
    }

    fn buffer(&mut self, packet: &[u8]) -> Vec<u8> {
        let mut buffer = self.spare.pop().unwrap_or_default();
        buffer.clear();
        buffer.extend_from_slice(packet);
        buffer
    }
}

#[derive(Clone, Copy, Debug)]
struct CopyFate {
    set_aside: bool,
    flip: Option<u64>,
    jitter: Duration,
}

/// A source of chance that is the same everywhere: SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), a counter with
/// an odd increment whose values are mixed. Its period is 2^64; it keeps no secrets.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Generator {
    state: u64,
}

impl Generator {
    /// The sequence of this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`, or zero if there is none. Some numbers are more likely than others by `limit` in 2^64.
    pub fn below(&mut self, limit: u64) -> u64 {
        let product = u128::from(self.bits()) * u128::from(limit);
        u64::try_from(product >> 64).unwrap_or(u64::MAX)
    }

    /// Whether something happens that happens this often. Takes one draw, whatever the ratio.
    pub fn happens(&mut self, ratio: Ratio) -> bool {
        self.below(ratio.of.into()) < u64::from(ratio.times) && ratio.of > 0
    }
}
