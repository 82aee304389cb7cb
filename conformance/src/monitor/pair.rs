//! What is known for sure of a pair of sockets: what went over the wire, in numbers, and what the ends may be like.

use std::net::IpAddr;
use std::time::Duration;

use tcpspec_core::{Control, Instant, SeqNumber, State};

use super::arrival::{Arrival, Class, Options};
use super::emission::Emission;
use super::excuses::Excuses;
use super::hypothesis::{Hypotheses, Hypothesis};
use super::judge::overdue::Missing;
use super::judge::recovery::Flight;
use super::judge::reports::Reports;
use super::judge::unasked::Unasked;
use super::ways::Way;
use crate::wire::Endpoints;

/// The largest shift of a window (RFC 7323 §2.3).
const MOST_SHIFT: u8 = 14;

/// A pair of sockets and its present incarnation.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    /// From the stack to its peer.
    pub(super) endpoints: Endpoints,
    /// SEQ of the stack's SYN.
    pub(super) iss: Option<SeqNumber>,
    /// Just past everything that the stack has sent.
    pub(super) snd_max: SeqNumber,
    /// SEQ of the stack's FIN, once sent.
    pub(super) fin: Option<SeqNumber>,
    /// The highest acknowledgment number that the stack has sent.
    pub(super) last_ack: Option<SeqNumber>,
    /// The right edge of the widest window that the stack has offered.
    pub(super) offered: Option<SeqNumber>,
    /// The window field of the stack's SYN.
    pub(super) window_of_syn: u16,
    /// Options of the stack's SYN.
    pub(super) own_options: Option<Options>,
    /// Options of the peer's SYN.
    pub(super) peer_options: Option<Options>,
    /// Options of the latest request that may begin another incarnation.
    pub(super) request_options: Option<Options>,
    /// The streams of the incarnation.
    pub(super) stream: Option<usize>,
    /// The user's socket is not the stack's only way to be closed: what the user did is not known.
    pub(super) user_unknown: bool,
    /// The user is done with it.
    pub(super) aborted: bool,
    /// The user has called CLOSE.
    pub(super) closed: bool,
    /// The user was told that the connection failed.
    pub(super) told: bool,
    /// Octets that the user has sent.
    pub(super) written: u32,
    /// Where the urgent text ends that the user has sent, in octets of its stream.
    pub(super) urgent: Option<u32>,
    /// The user asked for keep-alives after so long.
    pub(super) keep_alive: Option<Duration>,
    /// When anything last arrived that was certainly acceptable.
    pub(super) heard_at: Instant,
    /// Segments that went out since then.
    pub(super) unanswered: u32,
    /// When anything last arrived that certainly acknowledged what was known already, or more.
    pub(super) answered_at: Instant,
    /// How long text may stay unacknowledged, if the user said so.
    pub(super) patience: Option<Duration>,
    /// How long the user has certainly said, and when.
    pub(super) timeout_of_user: Option<(Duration, Instant)>,
    /// Bare acknowledgments that something has called for.
    pub(super) credit: u32,
    /// When a bare acknowledgment last left.
    pub(super) acknowledged_at: Instant,
    /// Acknowledgments that repeated SND.UNA since it last moved.
    pub(super) repeated_acks: u32,
    /// When a segment last went either way.
    pub(super) active: Instant,
    /// When a segment last arrived.
    pub(super) arrived_at: Instant,
    /// What was sent last, if it was new text and shorter than it might have been, and how long it might have been.
    pub(super) short: Option<(Emission, u32)>,
    /// The highest acknowledgment number sent when the oldest of what is outstanding was first sent, or one before.
    pub(super) acknowledged_then: Option<SeqNumber>,
    /// When the stack last sent text or control.
    pub(super) sent_at: Instant,
    /// Where what it sent then ends.
    pub(super) sent_to: SeqNumber,
    /// When the stack last sent what is at SND.UNA.
    pub(super) head_at: Instant,
    /// How often it was sent again with nothing arriving meanwhile.
    pub(super) repetitions: u32,
    /// It was sent again since SND.UNA last moved.
    pub(super) repeated: bool,
    /// Something arrived, or the user called, since then: what is sent again need not be a timer's doing.
    pub(super) disturbed: bool,
    /// The time between the last two times.
    pub(super) interval: Duration,
    /// The longest time between two such times: how far the timeout may have grown.
    pub(super) longest_interval: Duration,
    /// The longest time that anything took to be acknowledged.
    pub(super) longest_round_trip: Duration,
    /// The initial sequence number of the incarnation before, and when it was chosen.
    pub(super) iss_before: Option<(SeqNumber, Instant)>,
    /// When the stack's SYN left.
    pub(super) begun_at: Instant,
    /// Variations that earlier incarnations made use of.
    pub(super) excused: Excuses,
    /// What has happened to the text under way.
    pub(super) flight: Flight,
    /// Nagle's algorithm is on or off, if the user said so.
    pub(super) nagle: Option<bool>,
    /// It was off when the user last sent something: text that waited before need not go because it is switched off.
    pub(super) without_nagle: bool,
    /// When text began to wait for being sent, with none waiting before.
    pub(super) queued_at: Instant,
    /// When the user last sent something.
    pub(super) asked_at: Instant,
    /// What its selective acknowledgments said.
    pub(super) reports: Reports,
    /// What the user should have been told unasked.
    pub(super) unasked: Unasked,
    /// The way that its segments have to take.
    pub(super) way: Way,
    /// What arrived last.
    pub(super) class: Class,
    /// What was due and did not come, when nothing explained that but a connection that ended without a word.
    pub(super) suspicion: Option<(Hypothesis, Missing)>,
    /// What the ends may be like.
    pub(super) hypotheses: Hypotheses,
}

impl Pair {
    pub(super) fn new(endpoints: Endpoints) -> Self {
        Self {
            endpoints,
            iss: None,
            snd_max: SeqNumber(0),
            fin: None,
            last_ack: None,
            offered: None,
            window_of_syn: 0,
            own_options: None,
            peer_options: None,
            request_options: None,
            stream: None,
            user_unknown: false,
            aborted: false,
            closed: false,
            told: false,
            written: 0,
            urgent: None,
            keep_alive: None,
            heard_at: Instant(0),
            unanswered: 0,
            answered_at: Instant(0),
            patience: None,
            timeout_of_user: None,
            credit: 0,
            acknowledged_at: Instant(u64::MAX),
            repeated_acks: 0,
            active: Instant(0),
            arrived_at: Instant(u64::MAX),
            short: None,
            acknowledged_then: None,
            sent_at: Instant(0),
            sent_to: SeqNumber(0),
            head_at: Instant(0),
            repetitions: 0,
            repeated: false,
            disturbed: false,
            interval: Duration::ZERO,
            longest_interval: Duration::ZERO,
            longest_round_trip: Duration::ZERO,
            iss_before: None,
            begun_at: Instant(0),
            excused: Excuses::NONE,
            flight: Flight::default(),
            nagle: None,
            without_nagle: false,
            queued_at: Instant(0),
            asked_at: Instant(0),
            reports: Reports::default(),
            unasked: Unasked::default(),
            way: Way::UNKNOWN,
            class: Class::NONE,
            suspicion: None,
            hypotheses: Hypotheses::start(),
        }
    }

    /// Everything but the hypotheses and what concerns the pair as such begins anew.
    pub(super) fn begin_incarnation(&mut self, stream: Option<usize>) {
        *self = Self {
            stream,
            credit: self.credit,
            active: self.active,
            excused: self.excuses(),
            class: self.class,
            iss_before: self.iss.map(|iss| (iss, self.begun_at)).or(self.iss_before),
            hypotheses: std::mem::replace(&mut self.hypotheses, Hypotheses::none()),
            ..Self::new(self.endpoints)
        };
    }

    /// What comes from the peer's address may be dropped. The stack's own is not named among those that must be (RFC 1122
    /// §3.2.1.3): what comes from there went astray, or is of a connection that the host has with itself. That of a
    /// directed broadcast is, but a host knows it by its network's mask, which no TCP need know.
    pub(super) fn may_be_ignored(&self) -> bool {
        let (own, peer) = (self.endpoints.source.ip(), self.endpoints.destination.ip());
        own == peer || is_broadcast_to_the_network_of(own, peer)
    }

    /// The variations that were made use of.
    pub(super) fn excuses(&self) -> Excuses {
        self.excused.joined(self.hypotheses.excuses())
    }

    /// Both ends sent a Window Scale option, so windows are scaled (RFC 7323 §2.2).
    fn shifts(&self) -> Option<(u8, u8)> {
        let own = self.own_options?.shift?;
        let peer = self.peer_options?.shift?;
        Some((own.min(MOST_SHIFT), peer.min(MOST_SHIFT)))
    }

    /// Both SYNs carried timestamps (RFC 7323 §3.2).
    pub(super) fn agreed_on_timestamps(&self) -> bool {
        let offers = |options: Option<Options>| options.is_some_and(|options| options.timestamps.is_some());
        offers(self.own_options) && offers(self.peer_options)
    }

    /// The window that the peer's segment offers, in octets.
    pub(super) fn window_of(&self, segment: &Arrival) -> u32 {
        let shift = self.shifts().filter(|_| !segment.has(Control::SYN)).map_or(0, |(_, peer)| peer);
        u32::from(segment.wnd) << shift
    }

    /// How far the stack's segment lets the peer send.
    pub(super) fn offer_of(&self, segment: &Emission) -> SeqNumber {
        let shift = self.shifts().filter(|_| !segment.has(Control::SYN)).map_or(0, |(own, _)| own);
        segment.ack + (u32::from(segment.wnd) << shift)
    }

    /// The granularity of the stack's window field in octets.
    pub(super) fn granularity(&self) -> u32 {
        self.shifts().map_or(1, |(own, _)| 1 << own)
    }

    /// Octets in two full-sized segments, as far as the stack announced a size.
    pub(super) fn two_segments(&self) -> u32 {
        let size = self.own_options.and_then(|options| options.mss).unwrap_or(536);
        2 * u32::from(size)
    }

    /// The stack's segment, explained, becomes part of what is known.
    pub(super) fn note(&mut self, segment: &Emission) {
        self.active = segment.now;
        self.unanswered = self.unanswered.saturating_add(1);
        if segment.has(Control::RST) {
            return;
        }
        if segment.has(Control::SYN) {
            if self.iss.is_none() {
                self.snd_max = segment.seq;
                self.begun_at = segment.now;
            }
            self.iss = Some(segment.seq);
            self.window_of_syn = segment.wnd;
            self.own_options = Some(segment.options);
        }
        if segment.end() != segment.seq {
            // Nothing that arrived has brought it; the first time it may be a probe of another algorithm (V-56).
            let timeout = self.repetitions > 0 && segment.now != self.arrived_at;
            Flight::note_emission(self, segment, timeout);
            self.note_times(segment);
        }
        if segment.end().gt(self.snd_max) && self.hypotheses.all(|one| one.una == self.snd_max) {
            self.acknowledged_then = self.last_ack;
        }
        self.snd_max = self.snd_max.later(segment.end());
        if segment.has(Control::FIN) {
            self.fin = Some(segment.end() - 1);
        }
        if segment.has(Control::ACK) {
            let offer = self.offer_of(segment);
            self.offered = Some(self.offered.map_or(offer, |edge| edge.later(offer)));
            self.last_ack = Some(self.last_ack.map_or(segment.ack, |ack| ack.later(segment.ack)));
        }
    }

    /// When what was sent, and how often.
    fn note_times(&mut self, segment: &Emission) {
        let una = self.hypotheses.first().una;
        let head = segment.seq.le(una) && segment.end().gt(una);
        let again = segment.seq.lt(self.snd_max);
        if again {
            self.longest_interval = self.longest_interval.max(segment.now.since(self.sent_at));
        }
        if head && again {
            self.interval = segment.now.since(self.head_at);
            // New text may have left meanwhile: the timeout is that of the head.
            self.longest_interval = self.longest_interval.max(self.interval);
            self.repetitions = if self.disturbed { 0 } else { self.repetitions + 1 };
            self.repeated = true;
            self.unasked.note_repetition();
        } else if head {
            self.repetitions = 0;
        }
        if head {
            self.head_at = segment.now;
            self.disturbed = false;
        }
        (self.sent_at, self.sent_to) = (segment.now, segment.end());
    }

    /// SND.UNA has moved: times are counted anew.
    pub(super) fn acknowledged(&mut self, now: Instant) {
        self.longest_round_trip = self.longest_round_trip.max(now.since(self.head_at));
        (self.repetitions, self.repeated) = (0, false);
        self.interval = Duration::ZERO;
        self.head_at = self.sent_at;
    }

    /// The peer's SYN that a hypothesis took brings its options. Different ones for the same SYN leave everything open.
    pub(super) fn note_peer_options(&mut self, options: Options) {
        let doubtful = options.malformed || options.repeated;
        if doubtful || self.peer_options.is_some_and(|known| known != options) {
            self.hypotheses.blind = true;
        }
        self.peer_options = Some(options);
    }

    /// Whether something that the user or the protocol sends waits for the peer, or may: of a user who cannot be followed
    /// nobody knows what was sent.
    pub(super) fn unfinished(&self, hypothesis: &Hypothesis) -> bool {
        if self.user_unknown {
            return true;
        }
        let Some(iss) = self.iss else { return true };
        let closing = matches!(hypothesis.state, State::FinWait1 | State::Closing | State::LastAck);
        hypothesis.una.lt(iss + 1 + self.written) || hypothesis.una.lt(self.snd_max) || closing
    }

    /// Whether the pair has a connection that is certainly there.
    pub(super) fn is_alive(&self) -> bool {
        self.hypotheses.all(|hypothesis| hypothesis.state != State::Closed)
    }
}

/// Whether an address is that of all hosts of the network of another, as the bench has it.
fn is_broadcast_to_the_network_of(own: IpAddr, address: IpAddr) -> bool {
    const HOSTS: u32 = 0xff;
    match (own, address) {
        (IpAddr::V4(own), IpAddr::V4(address)) => address.to_bits() == own.to_bits() | HOSTS,
        _ => false,
    }
}
