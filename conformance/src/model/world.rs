//! A state of a model: two ends, what is under way between them, and what no stack can see but a property needs.

use std::fmt;
use std::hash::{Hash, Hasher};

use tcpspec_core::event::TimerSet;
use tcpspec_core::model_key::Origins;
use tcpspec_core::{SeqNumber, State, Tcb, Timer};

use super::definition::Definition;
use super::network::{Network, Packet};
use crate::trace::End;

/// Both ends, A first.
pub const BOTH: [End; 2] = [End::Left, End::Right];

/// Where an end stands in arrays of two.
#[must_use]
pub const fn index(end: End) -> usize {
    match end {
        End::Left => 0,
        End::Right => 1,
    }
}

/// Something that has happened, and that properties are about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fact {
    /// A user read an octet that is not the next one that the peer's user sent on this connection.
    WrongOctet,
    /// A connection took a FIN of another incarnation.
    OldFin,
    /// A RST meant for another incarnation ended a connection.
    OldReset,
    /// A user read the end of the stream before all octets that were sent.
    EndBeforeText,
    /// A connection was reset.
    Reset,
    /// A RST ended TIME-WAIT.
    TimeWaitCut,
    /// A SEND was refused.
    SendRefused,
    /// A forged segment ended a connection or was read.
    Harmed,
    /// A step broke one of the reference's own invariants.
    InvariantBroken,
    /// One end has opened to an incarnation that never chose it.
    Unchosen,
    /// A RST was answered with a RST.
    ResetAnswered,
    /// An acknowledgment of another incarnation counted.
    OldAcknowledgment,
}

/// A set of [`Fact`]s.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Facts(u16);

impl Facts {
    /// Whether it has happened.
    #[must_use]
    pub const fn has(self, fact: Fact) -> bool {
        self.0 & (1 << fact as u16) != 0
    }

    pub(super) const fn insert(&mut self, fact: Fact) {
        self.0 |= 1 << fact as u16;
    }
}

/// One end: its connection, how far its user has come, and what no stack sees.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Endpoint {
    /// The connection.
    pub tcb: Tcb,
    /// Crashes so far: which list of tasks the user is at.
    pub life: u8,
    /// Tasks done in it.
    pub done: u8,
    /// Which of the things that the user may do at any time are done: one bit each.
    pub chosen: u8,
    /// Incarnations begun.
    pub incarnation: u8,
    /// The peer's incarnation that this one is connected to; zero if none is known.
    pub peers: u8,
    /// Octets that the user gave to SEND in this incarnation.
    pub sent: u8,
    /// Octets that the user has read in this incarnation.
    pub read: u8,
    /// As `peers`, of the incarnation in TIME-WAIT that a SYN is reopening.
    pub former: u8,
    /// It has been ESTABLISHED in this incarnation.
    pub opened: bool,
    /// The user has read the end of the stream.
    pub ended: bool,
    /// Pairs of incarnations, its own and its peer's, that it has ever agreed to: one bit each.
    pub agreed: u16,
    /// Retransmissions left, if they are limited.
    pub timeouts: u8,
    /// Ticks that each timer has left, where time is counted.
    pub deadlines: [u8; Timer::ALL.len()],
    /// Crashes left.
    pub crashes: u8,
}

impl Endpoint {
    fn new(definition: &Definition, end: End) -> Self {
        Self {
            tcb: Tcb::closed(definition.ends[index(end)].profile),
            life: 0,
            done: 0,
            chosen: 0,
            incarnation: 0,
            peers: 0,
            former: 0,
            sent: 0,
            read: 0,
            opened: false,
            ended: false,
            agreed: 0,
            timeouts: definition.timeouts.unwrap_or(0),
            deadlines: [0; Timer::ALL.len()],
            crashes: definition.crashes[index(end)],
        }
    }

    /// The state of its connection.
    #[must_use]
    pub const fn state(&self) -> State {
        self.tcb.state
    }

    /// The timers that run.
    #[must_use]
    pub const fn timers(&self) -> TimerSet {
        self.tcb.timers
    }

    /// The bit of [`Endpoint::agreed`] for a pair of incarnations.
    #[must_use]
    pub fn pair(own: u8, peers: u8) -> u16 {
        let at = |incarnation: u8| u16::from(incarnation.min(3));
        1 << (at(own) * 4 + at(peers))
    }

    /// Whether the user has nothing more to do.
    #[must_use]
    pub fn is_done(&self, definition: &Definition, end: End) -> bool {
        let lives = &definition.ends[index(end)].lives;
        lives.get(usize::from(self.life)).is_none_or(|tasks| usize::from(self.done) >= tasks.len())
    }

    fn hash_from<H: Hasher>(&self, origins: Origins, state: &mut H) {
        self.tcb.model_key(origins).hash(state);
        let Self { life, done, chosen, incarnation, peers, former, sent, read, timeouts, crashes, .. } =
            *self;
        let small = [life, done, chosen, incarnation, peers, former, sent, read, timeouts, crashes];
        small.hash(state);
        (self.opened, self.ended, self.agreed, self.deadlines).hash(state);
    }
}

/// A state of a model.
///
/// Its hash is that of its key: states that differ only in where sequence numbers begin count as one.
#[derive(Clone, PartialEq, Eq)]
pub struct World {
    /// A and B.
    pub ends: [Endpoint; 2],
    /// What is under way.
    pub network: Network,
    /// Losses left.
    pub losses: u8,
    /// Duplicates left.
    pub duplicates: u8,
    /// What an attacker has sent: one bit each.
    pub forged: u8,
    /// Segments that have arrived in a row and were sent because others arrived.
    pub chain: u8,
    /// What has happened.
    pub facts: Facts,
    /// Where each end begins its next incarnation.
    next_iss: [SeqNumber; 2],
}

impl World {
    /// The beginning.
    #[must_use]
    pub fn new(definition: &Definition) -> Self {
        use super::network::Discipline;
        let (losses, duplicates) = match definition.discipline {
            Discipline::Anything => (0, 0),
            Discipline::Limited { losses, duplicates, .. } => (losses, duplicates),
        };
        Self {
            ends: BOTH.map(|end| Endpoint::new(definition, end)),
            network: Network::holding(definition.leftovers.iter().copied()),
            losses,
            duplicates,
            forged: 0,
            chain: 0,
            facts: Facts::default(),
            next_iss: [definition.ends[0].next_iss(0), definition.ends[1].next_iss(0)],
        }
    }

    /// One end.
    #[must_use]
    pub const fn end(&self, end: End) -> &Endpoint {
        &self.ends[index(end)]
    }

    pub(super) const fn end_mut(&mut self, end: End) -> &mut Endpoint {
        &mut self.ends[index(end)]
    }

    /// Where an end begins its next incarnation.
    #[must_use]
    pub const fn next_iss(&self, end: End) -> SeqNumber {
        self.next_iss[index(end)]
    }

    /// An end has begun an incarnation.
    pub(super) fn count_incarnation(&mut self, definition: &Definition, end: End) {
        let endpoint = self.end_mut(end);
        endpoint.incarnation = endpoint.incarnation.saturating_add(1);
        let incarnation = endpoint.incarnation;
        self.next_iss[index(end)] = definition.ends[index(end)].next_iss(incarnation);
    }

    /// The SYN that began an incarnation was an old duplicate.
    pub(super) fn uncount_incarnation(&mut self, definition: &Definition, end: End) {
        let endpoint = self.end_mut(end);
        endpoint.incarnation = endpoint.incarnation.saturating_sub(1);
        let incarnation = endpoint.incarnation;
        self.next_iss[index(end)] = definition.ends[index(end)].next_iss(incarnation);
    }

    /// Whether both ends have no connection.
    #[must_use]
    pub fn both_over(&self) -> bool {
        self.ends.iter().all(|end| matches!(end.state(), State::Closed | State::Listen))
    }

    /// Whether both ends are open to each other, in the same incarnations and with the same numbers.
    #[must_use]
    pub fn both_open(&self) -> bool {
        let [a, b] = &self.ends;
        a.state() == State::Established && b.state() == State::Established && self.agree()
    }

    /// Whether the ends agree on both initial sequence numbers.
    #[must_use]
    pub fn agree(&self) -> bool {
        let [a, b] = &self.ends;
        a.tcb.rcv.irs == b.tcb.snd.iss && b.tcb.rcv.irs == a.tcb.snd.iss
    }
}

impl Hash for World {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [a, b] = self.next_iss;
        self.ends[0].hash_from(Origins { own: a, peer: b }, state);
        self.ends[1].hash_from(Origins { own: b, peer: a }, state);
        self.network.hash_from(self.next_iss, state);
        (self.losses, self.duplicates, self.forged, self.chain, self.facts).hash(state);
    }
}

/// What a person wants to know of a state, one thing a line.
impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for end in BOTH {
            let Endpoint { tcb, incarnation, sent, read, ended, .. } = self.end(end);
            write!(f, "{} {}", end.letter(), tcb.state)?;
            if *incarnation > 1 {
                write!(f, ", incarnation {incarnation}")?;
            }
            if !matches!(tcb.state, State::Closed | State::Listen) {
                let (snd, rcv) = (&tcb.snd, &tcb.rcv);
                write!(f, "\n  SND.UNA {} SND.NXT {} SND.WND {}", snd.una, snd.nxt, snd.wnd)?;
                write!(f, "\n  RCV.NXT {} RCV.WND {}", rcv.nxt, rcv.wnd)?;
            }
            let end_of_stream = if *ended { ", then the end" } else { "" };
            write!(f, "\n  user: sent {sent}, read {read}{end_of_stream}")?;
            let timers: Vec<_> =
                tcb.timers.iter().map(|timer| timer.name().trim_end_matches(" TIMEOUT")).collect();
            writeln!(
                f,
                "\n  timers: {}",
                if timers.is_empty() { "none".to_owned() } else { timers.join(", ") }
            )?;
        }
        writeln!(f, "under way: {}", if self.network.packets().is_empty() { "nothing" } else { "" })?;
        self.network
            .packets()
            .iter()
            .try_for_each(|packet| writeln!(f, "  {}", super::telling::packet(packet)))
    }
}

impl Packet {
    /// Whether an end's connection is neither of the incarnation that sent it nor of the one that it is meant for.
    #[must_use]
    pub fn is_old_for(&self, endpoint: &Endpoint) -> bool {
        let meant_for_another = self.to != 0 && self.to != endpoint.incarnation;
        let sent_by_another = endpoint.peers != 0 && self.of != endpoint.peers;
        meant_for_another || sent_by_another
    }
}
