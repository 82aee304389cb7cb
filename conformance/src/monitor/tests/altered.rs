//! Rules that no fault of the list breaks first: the reference with one thing altered by hand, one row for each.

use std::collections::VecDeque;

use tcpspec_core::profile::TimeWaitReuse;
use tcpspec_core::{Control, Instant, Profile, Segment, State};

use super::Monitor;
use crate::bench::{self, Family, Run};
use crate::scenario;
use crate::stack::reference::Reference;
use crate::stack::smoltcp::Smoltcp;
use crate::stack::{CallOutcome, Choice, Declaration, NextTimer, Setup, SocketId, Stack, UserCall};
use crate::wire::{self, Endpoints, Header};

/// Alters the packet with this number and says how many copies of it leave.
pub(super) type Alter = fn(usize, &mut Endpoints, &mut Header<'_>) -> usize;

/// The reference with what it sends altered, or with what reaches it lost.
pub(super) struct Altered {
    reference: Reference,
    pub(super) declaration: Declaration,
    alter: Alter,
    /// Segments that it does not get to see.
    pub(super) loses: fn(&Segment<'_>) -> bool,
    /// Its buffers hold so many times what they should.
    pub(super) roomier: u32,
    /// Text that arrived is given to the user at once.
    pub(super) hasty: bool,
    arrived: Vec<u8>,
    sent: usize,
    leaving: VecDeque<Vec<u8>>,
}

impl Stack for Altered {
    fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    fn reset(&mut self, setup: &Setup) {
        let receive_buffer = setup.receive_buffer * self.roomier;
        self.reference.reset(&Setup { receive_buffer, ..*setup });
    }

    fn call(&mut self, call: UserCall<'_>) -> CallOutcome {
        let answer = self.reference.call(call);
        let reads = matches!(call, UserCall::Receive { .. });
        if self.hasty && reads { CallOutcome::Received(self.arrived.clone()) } else { answer }
    }

    fn deliver(&mut self, packet: &[u8]) {
        let segment = wire::parse(packet).expect("the peer sends TCP").segment;
        self.arrived = segment.text.to_vec();
        if !(self.loses)(&segment) {
            self.reference.deliver(packet);
        }
    }

    fn emit(&mut self, packet: &mut Vec<u8>) -> bool {
        let mut original = Vec::new();
        while self.leaving.is_empty() && self.reference.emit(&mut original) {
            let parsed = wire::parse(&original).expect("the reference sends TCP");
            let (mut endpoints, mut header) = (parsed.endpoints, Header::of_segment(&parsed.segment));
            let copies = (self.alter)(self.sent, &mut endpoints, &mut header);
            self.sent += 1;
            let mut altered = Vec::new();
            wire::build(&endpoints, &header, [parsed.segment.text, &[]], &mut altered).expect("it fits");
            self.leaving.extend(std::iter::repeat_n(altered, copies));
        }
        packet.clear();
        self.leaving.pop_front().inspect(|next| packet.extend_from_slice(next)).is_some()
    }

    fn run_until(&mut self, time: Instant) -> Instant {
        self.reference.run_until(time)
    }

    fn next_timer(&self) -> NextTimer {
        self.reference.next_timer()
    }

    fn state(&self, socket: SocketId) -> Option<State> {
        self.reference.state(socket)
    }
}

/// A rule, the story, and how the stack breaks the one in the other.
struct Breach {
    rule: &'static str,
    story: &'static str,
    profile: fn(&mut Profile),
    alter: Alter,
}

const OPEN: &str = "+0 open passive\n+0 < S\n+0 < .\n";

const TIMESTAMPS: [u8; 16] = [2, 4, 2, 24, 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0];

const BREACHES: [Breach; 8] = [
    Breach {
        rule: "I-047",
        story: "+0 < R rcv.nxt+10\n+1 < R rcv.nxt+10\n+1 receive\n",
        profile: |_| {},
        alter: |number, _, _| usize::from(number != 2),
    },
    Breach {
        rule: "I-066",
        story: "+0 close\n+0 < F.\n+1 < S peer.nxt+1000\n+1 receive\n",
        profile: |profile| profile.time_wait_reuse = TimeWaitReuse::HigherSequenceNumber,
        alter: |number, _, header| {
            if number > 0 && header.ctl.has(Control::SYN) {
                header.seq = header.seq - (1 << 30);
            }
            1
        },
    },
    Breach {
        rule: "I-078",
        story: "+0 close\n+0 < P. 1(10)\n+1 receive\n",
        profile: |profile| profile.half_duplex_close = true,
        alter: |_, _, header| usize::from(!header.ctl.has(Control::RST)),
    },
    Breach {
        rule: "I-084",
        story: "+0 < P. 1(10)\n+1 receive\n",
        profile: |_| {},
        alter: |number, _, header| {
            if number > 0 {
                header.seq = header.seq - 5;
            }
            1
        },
    },
    Breach {
        rule: "I-097",
        story: "+1 receive\n",
        profile: |_| {},
        alter: |_, _, header| {
            if header.ctl.has(Control::SYN) {
                header.options = &TIMESTAMPS;
            }
            1
        },
    },
    Breach {
        rule: "I-111",
        story: "+0 < P. 1(10)\n+1 receive\n",
        profile: |_| {},
        alter: |number, _, header| {
            if number > 0 {
                header.seq = header.seq - 1;
            }
            1
        },
    },
    Breach {
        rule: "I-121",
        story: "+0 < P. 1(10)\n+1 receive\n",
        profile: |_| {},
        alter: |_, _, header| if header.ctl == Control::ACK { 4 } else { 1 },
    },
    Breach {
        rule: "I-127",
        story: "+1 receive\n",
        profile: |_| {},
        alter: |_, endpoints, _| {
            endpoints.source.set_ip([192, 0, 2, 77].into());
            1
        },
    },
];

pub(super) fn play(stack: &mut dyn Stack, opening: &str, story: &str) -> Run {
    play_watched(stack, &format!("{opening}{story}"), &mut Monitor::new())
}

pub(super) fn play_watched(stack: &mut dyn Stack, story: &str, monitor: &mut Monitor) -> Run {
    let text = format!("tcpspec 1\n\nscenario told\n\n{story}");
    let story = scenario::parse_one(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    bench::run_watched(stack, &story, Family::V4, Some(monitor))
}

pub(super) fn altered(profile: fn(&mut Profile), alter: Alter) -> Altered {
    let mut choices = Profile::default();
    profile(&mut choices);
    let reference = Reference::with_profile(choices);
    let declaration = reference.declaration().clone();
    let (arrived, leaving) = (Vec::new(), VecDeque::new());
    Altered {
        reference,
        declaration,
        alter,
        loses: |_| false,
        roomier: 1,
        hasty: false,
        arrived,
        sent: 0,
        leaving,
    }
}

/// The rule that the run broke.
pub(super) fn broken(run: &Run) -> Option<&str> {
    run.verdict.failure().and_then(|failure| failure.cause.as_ref()).map(|cause| cause.rule.as_ref())
}

/// The rules of [`BREACHES`] and of the tests beside it and in `edges`.
pub(super) fn rules() -> impl Iterator<Item = &'static str> {
    BREACHES
        .iter()
        .map(|breach| breach.rule)
        .chain(["I-056", "I-075", "I-076", "I-103.2", "I-108.2", "I-114", "I-116"])
}

#[test]
fn each_breach_breaks_its_rule_and_the_same_story_without_it_none() {
    for Breach { rule, story, profile, alter } in &BREACHES {
        let run = play(&mut altered(*profile, *alter), OPEN, story);
        assert_eq!(broken(&run), Some(*rule), "{rule}: {:?}\n{}", run.verdict, run.trace);
        let run = play(&mut altered(*profile, |_, _, _| 1), OPEN, story);
        assert_eq!(broken(&run), None, "{rule}: {:?}\n{}", run.verdict, run.trace);
    }
}

#[test]
fn text_of_a_crossing_request_is_not_for_the_user_before_the_connection_opens() {
    let story = "+0 < S (10)\n+0 receive 10\n";
    let mut stack = Altered { hasty: true, ..altered(|_| {}, |_, _, _| 1) };
    let run = play(&mut stack, "+0 open active\n", story);
    assert_eq!(broken(&run), Some("I-075"), "{:?}\n{}", run.verdict, run.trace);
    let run = play(&mut Reference::new(), "+0 open active\n", story);
    assert_eq!(broken(&run), None, "{:?}\n{}", run.verdict, run.trace);
}

#[test]
fn text_with_an_acknowledgment_too_old_to_be_believed_is_answered_or_taken() {
    let opening = "+0 open passive\n+0 < S win 10\n+0 < . win 10\n";
    let story = "+0 send 10\n+0 < . ack 11 win 10\n+0 send 10\n+0 < . ack 21 win 10\n\
                 +0 < P. 1(5) ack 1 win 10\n+1 receive\n";
    let run = play(&mut altered(|_| {}, |number, _, _| usize::from(number < 3)), opening, story);
    assert_eq!(broken(&run), Some("I-056"), "{:?}\n{}", run.verdict, run.trace);
    for profile in [Profile::default(), Profile::rfc793()] {
        let run = play(&mut Reference::with_profile(profile), opening, story);
        assert_eq!(broken(&run), None, "{:?}\n{}", run.verdict, run.trace);
    }
}

#[test]
fn a_request_that_is_repeated_keeps_its_number() {
    let other: Alter = |number, _, header| {
        header.seq += u32::from(number == 1);
        1
    };
    let run = play(&mut altered(|_| {}, other), "+0 open active\n", "+2 receive\n");
    assert_eq!(broken(&run), Some("I-076"), "{:?}\n{}", run.verdict, run.trace);
}

#[test]
fn what_comes_after_a_user_timeout_finds_no_connection_and_is_reset() {
    let story = "+0 set user-timeout 5\n+0 send 10\n+50 < P. 1(10) ack 1\n+1 receive\n";
    for stack in [&mut Reference::new() as &mut dyn Stack, &mut Smoltcp::new()] {
        let run = play(stack, OPEN, story);
        assert_eq!(broken(&run), None, "{:?}\n{}", run.verdict, run.trace);
        assert!(run.trace.to_string().contains("> R"), "{}", run.trace);
    }
    // Before the time is over nothing excuses it.
    let resets: Alter = |number, _, header| {
        if number == 2 {
            (header.ctl, header.ack) = (Control::RST, tcpspec_core::SeqNumber(0));
        }
        1
    };
    let run = play(&mut altered(|_| {}, resets), OPEN, "+0 set user-timeout 5\n+0 send 10\n+3 receive\n");
    assert_eq!(broken(&run), Some("I-120"), "{:?}\n{}", run.verdict, run.trace);
}

#[test]
fn a_user_who_closes_before_the_answer_may_reset_and_the_answer_finds_no_connection() {
    let story = "+0.1 close\n+0.1 < S. ack 1\n+1 receive\n";
    for stack in [&mut Reference::new() as &mut dyn Stack, &mut Smoltcp::new()] {
        let run = play(stack, "+0 open active\n", story);
        assert_eq!(broken(&run), None, "{:?}\n{}", run.verdict, run.trace);
    }
    // The answer must be reset, whatever was sent before it came.
    let silent: Alter = |number, _, _| usize::from(number == 0);
    let run = play(&mut altered(|_| {}, silent), "+0 open active\n", story);
    assert_eq!(broken(&run), Some("I-032"), "{:?}\n{}", run.verdict, run.trace);
}

#[test]
fn two_full_segments_are_owed_an_acknowledgment_by_the_second_rule_of_delay() {
    let mute: Alter = |number, _, _| usize::from(number == 0);
    let run = play(&mut altered(|_| {}, mute), OPEN, "+0 < . 1(1460)\n+0 < . (1460)\n+1 receive\n");
    assert_eq!(broken(&run), Some("I-103.2"), "{:?}\n{}", run.verdict, run.trace);
    let run = play(&mut altered(|_| {}, mute), OPEN, "+0 < P. 1(10)\n+1 receive\n");
    assert_eq!(broken(&run), Some("I-103"), "{:?}\n{}", run.verdict, run.trace);
}

#[test]
fn a_request_where_the_old_one_may_have_been_given_up_brings_its_own_options() {
    let large = "+0 open passive\n+0 < S <mss 1000>\n+600 < S win 1\n+0 < .\n+0 send 4000\n";
    let scaled = "+0 open passive\n+0 < S\n+600 < S <mss 1460,nop,wscale 7>\n+0 < . win 10\n+0 send 500\n";
    for story in [large, scaled] {
        let scales: fn(&mut Profile) = |profile| profile.window_scaling = true;
        let run = play(&mut altered(scales, |_, _, _| 1), "", story);
        assert_eq!(broken(&run), None, "{:?}\n{}", run.verdict, run.trace);
    }
}

#[test]
fn what_comes_from_an_address_of_no_host_is_not_answered() {
    let story = "+0 < S from loopback\n+1 < .\n";
    let run = play(&mut Smoltcp::new(), "", story);
    assert_eq!(broken(&run), Some("I-116"), "{:?}\n{}", run.verdict, run.trace);
    let run = play(&mut Reference::new(), "", story);
    assert_eq!(broken(&run), None, "{:?}\n{}", run.verdict, run.trace);
}

#[test]
fn a_request_may_count_on_what_every_host_reassembles_on_a_network_of_small_packets() {
    let announces: fn(u8) -> Altered = |octet| {
        let options: Alter = match octet {
            24 => |_, _, header| {
                header.options = &[2, 4, 2, 24];
                1
            },
            _ => |_, _, header| {
                header.options = &[2, 4, 2, 25];
                1
            },
        };
        altered(|_| {}, options)
    };
    let play = |stack: &mut Altered| {
        let story = scenario::parse_one("tcpspec 1\n\nscenario told\nsetup mtu=68\n\n+0 open active\n");
        bench::run_watched(stack, &story.expect("a story"), Family::V4, Some(&mut Monitor::new()))
    };
    // 536 octets of text and two plain headers fill the 576 octets of RFC 1122 §3.3.2.
    let run = play(&mut announces(24));
    assert_eq!(broken(&run), None, "{:?}\n{}", run.verdict, run.trace);
    let run = play(&mut announces(25));
    assert_eq!(broken(&run), Some("I-095"), "{:?}\n{}", run.verdict, run.trace);
    // Whoever declares more may say more.
    let mut declares = announces(25);
    declares.declaration.chooses.push((Choice::Reassembles(577), "this test".into()));
    let run = play(&mut declares);
    assert_eq!(broken(&run), None, "{:?}\n{}", run.verdict, run.trace);
}
