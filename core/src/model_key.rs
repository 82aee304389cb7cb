//! What a model checker has to remember of a connection: records with equal keys have equal futures.
//!
//! Two connections that differ only in where their sequence numbers begin do the same things for ever, with other
//! numbers. So do two that differ in an instant that nothing depends on. A [`ModelKey`] leaves such differences out:
//! numbers count from two origins that the caller names, one per direction, and clockwork that can no longer tell is
//! dropped. It is a view of the record, made to be hashed and compared.
//!
//! What it deliberately leaves out: the profile. Keys are compared between endpoints that have the same one.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use crate::congestion::Congestion;
use crate::event::TimerSet;
use crate::retransmission::{Retransmission, RoundTrip, Timed};
use crate::seq::SeqNumber;
use crate::state::State;
use crate::tcb::{KeepAlive, Origin, ReceiveSequence, SendSequence, Tcb, Throttle};

/// Where the numbers of each direction count from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Origins {
    /// Zero for the numbers that this end sends.
    pub own: SeqNumber,
    /// Zero for the numbers that its peer sends.
    pub peer: SeqNumber,
}

impl Origins {
    fn own(self, number: SeqNumber) -> SeqNumber {
        SeqNumber(number.since(self.own))
    }

    fn peer(self, number: SeqNumber) -> SeqNumber {
        SeqNumber(number.since(self.peer))
    }

    fn send(self, snd: SendSequence) -> SendSequence {
        let SendSequence { una, nxt, wnd, up, wl1, wl2, iss, max_wnd, mss, shift, syn, fin, .. } = snd;
        SendSequence {
            una: self.own(una),
            nxt: self.own(nxt),
            wnd,
            up: up.map(|up| self.own(up)),
            // Both are taken from the segment that acknowledges our SYN, whatever they are before.
            wl1: if syn { SeqNumber(0) } else { self.peer(wl1) },
            wl2: if syn { SeqNumber(0) } else { self.own(wl2) },
            iss: self.own(iss),
            max_wnd,
            mss,
            shift,
            syn,
            fin: fin.map(|fin| self.own(fin)),
            push: self.own(snd.push),
            ..snd
        }
    }

    fn receive(self, rcv: ReceiveSequence) -> ReceiveSequence {
        let ReceiveSequence { nxt, wnd, up, irs, acknowledged, advertised, push, fin, shift, .. } = rcv;
        ReceiveSequence {
            nxt: self.peer(nxt),
            wnd,
            up: up.map(|up| self.peer(up)),
            irs: self.peer(irs),
            acknowledged: self.peer(acknowledged),
            advertised: self.peer(advertised),
            push: push.map(|push| self.peer(push)),
            fin,
            shift,
            sack_permitted: rcv.sack_permitted,
            above_gap: rcv.above_gap.map(|start| start.map(|start| self.peer(start))),
        }
    }
}

/// The clockwork as far as it can still tell.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Clockwork {
    /// The timeout in force stands for the doublings: beyond the longest one, and R1, they make no difference.
    timeout: Duration,
    /// Timeouts in a row as far as R1 counts them.
    up_to_threshold: u8,
    round_trip: Option<RoundTrip>,
    timed: Option<Timed>,
    syn_timed_out: bool,
    cautious: bool,
    recover: Option<SeqNumber>,
}

impl Clockwork {
    fn of(tcb: &Tcb, origins: Origins) -> Self {
        let Retransmission { round_trip, doublings, timed, syn_timed_out, cautious, recover } =
            tcb.retransmission;
        let profile = &tcb.profile;
        let up_to_threshold = profile.first_threshold.map_or(0, |most| doublings.min(most));
        let timeout = tcb.retransmission.timeout(profile);
        let recover = recover.map(|recover| origins.own(recover));
        if profile.minimum_rto >= profile.maximum_rto {
            // Every timeout is the same: nothing that was measured or doubled shows.
            let (round_trip, timed, syn_timed_out, cautious) = (None, None, false, false);
            return Self { timeout, up_to_threshold, round_trip, timed, syn_timed_out, cautious, recover };
        }
        let timed = timed.map(|Timed { end, sent }| Timed { end: origins.own(end), sent });
        Self { timeout, up_to_threshold, round_trip, timed, syn_timed_out, cautious, recover }
    }
}

/// What decides a connection's future, given its profile.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ModelKey<'t> {
    state: State,
    origin: Origin,
    snd: SendSequence,
    rcv: ReceiveSequence,
    send_queue: &'t VecDeque<u8>,
    receive_queue: &'t VecDeque<u8>,
    held: Vec<(SeqNumber, &'t [u8])>,
    held_fin: Option<SeqNumber>,
    receives: &'t VecDeque<u32>,
    clockwork: Clockwork,
    congestion: Option<(Congestion, bool)>,
    reopened: Option<(SendSequence, ReceiveSequence)>,
    unacknowledged: u32,
    throttle: Throttle,
    keep_alive: Option<KeepAlive>,
    user_timeout: Option<Duration>,
    timers: TimerSet,
}

impl Tcb {
    /// What decides the connection's future, numbers counted from `origins`.
    ///
    /// Instants are left in where something depends on them: with round trips measured, with congestion control, and with a
    /// limit on challenge acknowledgments.
    #[must_use]
    pub fn model_key(&self, origins: Origins) -> ModelKey<'_> {
        let Self {
            state,
            origin,
            snd,
            rcv,
            send_queue,
            receive_queue,
            reassembly,
            receives,
            retransmission,
            congestion,
            reopened,
            unacknowledged,
            throttle,
            keep_alive,
            user_timeout,
            timers,
            profile,
        } = self;
        // Numbers that have no meaning yet are zero and stay so.
        let numbered = !matches!(state, State::Closed | State::Listen);
        let synchronizing = numbered && *state != State::SynSent;
        let limited = profile.challenge_limit.is_some();
        ModelKey {
            state: *state,
            origin: *origin,
            snd: if numbered { origins.send(*snd) } else { *snd },
            rcv: if synchronizing { origins.receive(*rcv) } else { *rcv },
            send_queue,
            receive_queue,
            held: reassembly.runs().map(|(start, text)| (origins.peer(start), text)).collect(),
            held_fin: reassembly.fin().map(|fin| origins.peer(fin)),
            receives,
            clockwork: Clockwork::of(self, origins),
            congestion: congestion.map(|congestion| {
                let recover = congestion.recover.map(|recover| origins.own(recover));
                // Only the first timeout of a segment tells of the path.
                (Congestion { recover, ..congestion }, retransmission.doublings == 0)
            }),
            reopened: reopened.map(|(snd, rcv)| (origins.send(snd), origins.receive(rcv))),
            unacknowledged: *unacknowledged,
            throttle: if limited { *throttle } else { Throttle::default() },
            keep_alive: *keep_alive,
            user_timeout: *user_timeout,
            timers: *timers,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Action, Actions, Call, Event, Remote, Timer};
    use crate::processing::{Context, step};
    use crate::profile::{Profile, TimeWaitReuse};
    use crate::segment::{Control, Outgoing, Segment};
    use crate::time::Instant;
    use proptest::prelude::*;
    use std::collections::HashMap;
    use std::format;
    use std::string::String;

    /// What happens to a connection, its numbers relative to what it knows.
    #[derive(Clone, Copy, Debug)]
    enum Stimulus {
        Open { active: bool },
        Send(u8),
        Receive(u8),
        Close,
        Abort,
        Timeout(usize),
        Segment { ctl: u8, seq: i32, ack: i32, wnd: u16, len: usize, up: u16 },
    }

    fn stimulus() -> impl Strategy<Value = Stimulus> {
        let controls = prop::sample::select(
            &[0x02, 0x12, 0x10, 0x10, 0x10, 0x18, 0x11, 0x11, 0x04, 0x14, 0x30, 0x01][..],
        );
        let near = prop_oneof![4 => Just(0), 1 => -3..6, 1 => any::<i32>()];
        let segment = (controls, near.clone(), near, 0_u16..6, 0_usize..4, 0_u16..5)
            .prop_map(|(ctl, seq, ack, wnd, len, up)| Stimulus::Segment { ctl, seq, ack, wnd, len, up });
        prop_oneof![
            2 => any::<bool>().prop_map(|active| Stimulus::Open { active }),
            2 => (0_u8..4).prop_map(Stimulus::Send),
            1 => (1_u8..4).prop_map(Stimulus::Receive),
            1 => Just(Stimulus::Close),
            1 => (0_u8..20).prop_map(|n| if n == 0 { Stimulus::Abort } else { Stimulus::Receive(9) }),
            3 => (0..Timer::ALL.len()).prop_map(Stimulus::Timeout),
            9 => segment,
        ]
    }

    fn small(fixed_timeout: bool) -> Profile {
        let second = Duration::from_secs(1);
        Profile {
            receive_buffer: 4,
            send_buffer: 6,
            announced_mss: 2,
            largest_text: 2,
            delayed_ack: None,
            measure_round_trips: false,
            congestion_control: false,
            maximum_rto: if fixed_timeout { second } else { 4 * second },
            time_wait_reuse: TimeWaitReuse::HigherSequenceNumber,
            user_timeout: None,
            // A model that counts no timeouts lets more records meet.
            first_threshold: if fixed_timeout { None } else { Some(2) },
            ..Profile::default()
        }
    }

    /// What a stimulus gives in both numberings: that of `tcb`, and one shifted by `shift`.
    fn take(pair: &mut [Tcb; 2], shift: Origins, now: [Instant; 2], stimulus: Stimulus) -> [String; 2] {
        let text = [7, 8, 9, 10];
        let known = pair[0].clone();
        let mut told = [String::new(), String::new()];
        for (index, tcb) in pair.iter_mut().enumerate() {
            let by = if index == 0 { Origins::default() } else { shift };
            let mut actions = Actions::default();
            let context = Context { now: now[index], iss: SeqNumber(1000) + by.own.0 };
            let segment;
            let remote = Remote::Specified;
            let event = match stimulus {
                Stimulus::Open { active: true } => Event::Call(Call::OpenActive { remote }),
                Stimulus::Open { active: false } => Event::Call(Call::OpenPassive { remote }),
                Stimulus::Send(len) => Event::Call(Call::Send {
                    text: &text[..len.into()],
                    push: len == 1,
                    urgent: len == 2,
                    timeout: None,
                    remote,
                }),
                Stimulus::Receive(max) => Event::Call(Call::Receive { max: max.into() }),
                Stimulus::Close => Event::Call(Call::Close),
                Stimulus::Abort => Event::Call(Call::Abort),
                Stimulus::Timeout(timer) => Event::Timeout(Timer::ALL[timer]),
                Stimulus::Segment { ctl, seq, ack, wnd, len, up } => {
                    let unknown = matches!(known.state, State::Closed | State::Listen | State::SynSent);
                    let next = if unknown { SeqNumber(5000) } else { known.rcv.nxt };
                    segment = Segment {
                        seq: next + seq.cast_unsigned() + by.peer.0,
                        ack: known.snd.nxt + ack.cast_unsigned() + by.own.0,
                        ctl: Control(ctl),
                        wnd,
                        up,
                        text: &text[..len],
                        ..Segment::default()
                    };
                    Event::SegmentArrives(&segment)
                }
            };
            step(tcb, context, event, &mut actions);
            told[index] = tell(&actions, by);
        }
        told
    }

    /// Actions, numbers counted from `origins`. A RST for a segment without ACK has the number zero, whoever's
    /// numbers those are, and one without ACK has a copied number.
    fn tell(actions: &Actions, origins: Origins) -> String {
        let told: Vec<_> = actions
            .list
            .iter()
            .map(|action| match *action {
                Action::Transmit(segment) => {
                    let acknowledges = segment.ctl.has(Control::ACK);
                    let zero = segment.ctl.has(Control::RST) && acknowledges && segment.seq == SeqNumber(0);
                    Action::Transmit(Outgoing {
                        seq: if zero { segment.seq } else { origins.own(segment.seq) },
                        ack: if acknowledges { origins.peer(segment.ack) } else { segment.ack },
                        ..segment
                    })
                }
                other => other,
            })
            .collect();
        format!("{told:?} {:?} {:?}", actions.octets, actions.rules)
    }

    proptest! {
        #[test]
        fn a_shift_of_both_numberings_and_of_the_clock_changes_nothing(
            own: u32, peer: u32, late in 0_u64..1 << 40, fixed: bool,
            stimuli in prop::collection::vec(stimulus(), 1..40),
        ) {
            let shift = Origins { own: SeqNumber(own), peer: SeqNumber(peer) };
            let mut pair = [Tcb::closed(small(fixed)), Tcb::closed(small(fixed))];
            for (index, stimulus) in (0..).zip(stimuli) {
                let now = [Instant(index * 10), Instant(index * 10 + late)];
                let [told, shifted] = take(&mut pair, shift, now, stimulus);
                prop_assert_eq!(told, shifted, "{:?}", stimulus);
                prop_assert_eq!(pair[0].model_key(Origins::default()), pair[1].model_key(shift), "{:?}", stimulus);
            }
        }

        #[test]
        fn equal_keys_have_equal_futures(
            fixed: bool,
            past in prop::collection::vec(stimulus(), 1..25),
            timeouts in 1_usize..6,
            future in prop::collection::vec(stimulus(), 1..25),
        ) {
            let mut tcb = Tcb::closed(small(fixed));
            let now = [Instant::ZERO; 2];
            for stimulus in past {
                let mut pair = [tcb.clone(), tcb];
                let _ = take(&mut pair, Origins::default(), now, stimulus);
                [tcb, _] = pair;
            }
            // Another past that may lead to the same key: more timeouts.
            let mut other = tcb.clone();
            for _ in 0..timeouts {
                let mut actions = Actions::default();
                step(&mut other, Context::default(), Event::Timeout(Timer::Retransmission), &mut actions);
            }
            if tcb.model_key(Origins::default()) != other.model_key(Origins::default()) {
                return Ok(());
            }
            let mut pair = [tcb, other];
            for stimulus in future {
                let [one, two] = take(&mut pair, Origins::default(), now, stimulus);
                prop_assert_eq!(one, two, "{:?}", stimulus);
                prop_assert_eq!(pair[0].model_key(Origins::default()), pair[1].model_key(Origins::default()));
            }
        }
    }

    /// What a small peer can do, in many orders: records that meet in one key go on alike.
    #[test]
    fn records_that_share_a_key_but_differ_go_on_alike() {
        let segment = |ctl, seq, ack, len| Stimulus::Segment { ctl, seq, ack, wnd: 3, len, up: 0 };
        let stimuli = [
            Stimulus::Open { active: true },
            Stimulus::Open { active: false },
            Stimulus::Send(2),
            Stimulus::Close,
            Stimulus::Timeout(Timer::Retransmission as usize),
            segment(0x02, 0, 0, 0),
            segment(0x12, 0, 0, 0),
            segment(0x10, 0, 0, 0),
            segment(0x10, 0, -1, 1),
            segment(0x11, 0, 0, 0),
        ];
        let start = Tcb::closed(small(true));
        let key = |tcb: &Tcb| format!("{:?}", tcb.model_key(Origins::default()));
        let futures = |tcb: &Tcb| {
            stimuli.map(|stimulus| {
                let mut pair = [tcb.clone(), tcb.clone()];
                let [told, _] = take(&mut pair, Origins::default(), [Instant::ZERO; 2], stimulus);
                (told, key(&pair[0]), pair)
            })
        };
        let mut known: HashMap<String, (Tcb, [(String, String); 10])> = HashMap::new();
        let mut unlike = 0;
        let mut pending = std::vec![start];
        while let Some(tcb) = pending.pop().filter(|_| known.len() < 2000) {
            let next = futures(&tcb);
            let future = next.clone().map(|(told, key, _)| (told, key));
            match known.get(&key(&tcb)) {
                Some((same, _)) if *same == tcb => {}
                Some((_, expected)) => {
                    unlike += 1;
                    assert_eq!(*expected, future, "{tcb:?}");
                }
                None => {
                    known.insert(key(&tcb), (tcb, future));
                    let small = |tcb: &Tcb| {
                        let sent = tcb.snd.nxt.since(tcb.snd.iss);
                        tcb.retransmission.doublings < 3 && sent < 6 && tcb.rcv.nxt.since(tcb.rcv.irs) < 4
                    };
                    pending.extend(next.into_iter().map(|(_, _, [tcb, _])| tcb).filter(small));
                }
            }
        }
        assert!(known.len() > 50 && unlike > 50, "{} keys, {unlike} records met another", known.len());
    }
}
