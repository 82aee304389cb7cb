//! Objections that were wrong: each story is accepted now, and a near miss is still objected to.

use std::time::Duration;

use tcpspec_core::{Control, Profile, Segment, SeqNumber};

use super::Monitor;
use super::altered::{Alter, altered, broken, play_watched};
use crate::stack::faulty::{self, Faulty};
use crate::stack::smoltcp::Smoltcp;
use crate::stack::{Capability, Choice, Stack};
use crate::wire::{Endpoints, Header};

/// Makes a stack.
pub(super) type Make = fn() -> Box<dyn Stack>;

/// A story in which a stack does what it may, and one in which a stack does not: it breaks the rule.
pub(super) struct Pair {
    pub(super) about: &'static str,
    pub(super) may: Make,
    pub(super) story: &'static str,
    pub(super) may_not: Make,
    pub(super) near_miss: &'static str,
    pub(super) rule: &'static str,
}

/// The reference with this fault.
pub(super) fn faulty(name: &str) -> Box<dyn Stack> {
    Box::new(Faulty::new(faulty::find(name).expect("a fault of this name")))
}

/// The reference as it is, but for segments that do not reach it.
pub(super) fn deaf(loses: fn(&Segment<'_>) -> bool) -> Box<dyn Stack> {
    let mut stack = altered(|_| {}, |_, _, _| 1);
    stack.loses = loses;
    Box::new(stack)
}

/// The reference with what it sends altered.
pub(super) fn alters(alter: Alter) -> Box<dyn Stack> {
    Box::new(altered(|_| {}, alter))
}

/// The reference with what it sends altered, which declares a choice.
pub(super) fn declares(choice: Choice, alter: Alter) -> Box<dyn Stack> {
    let mut stack = altered(|_| {}, alter);
    stack.declaration.chooses.push((choice, "for this story".into()));
    Box::new(stack)
}

/// The reference with the extensions of today, and what it sends altered.
pub(super) fn scales(alter: Alter) -> Box<dyn Stack> {
    Box::new(altered(|profile| *profile = Profile::extended(), alter))
}

/// After a request and four repetitions of its answer, the next segment is refused.
const fn refuse_the_sixth(number: usize, _: &mut Endpoints, header: &mut Header<'_>) -> usize {
    if number == 5 {
        (header.ctl, header.ack) = (Control::RST, SeqNumber(0));
    }
    1
}

/// The reference with other choices.
pub(super) fn chooses(profile: fn(&mut Profile)) -> Box<dyn Stack> {
    Box::new(altered(profile, |_, _, _| 1))
}

/// The reference with four times the buffer, of which it offers what it should have.
fn roomy(says_so: bool) -> Box<dyn Stack> {
    let mut stack = altered(
        |_| {},
        |_, _, header| {
            header.wnd = header.wnd.min(1000);
            1
        },
    );
    stack.roomier = 4;
    if says_so {
        stack.declaration.lacks.push((Capability::ExactBuffers, "this test".into()));
    }
    Box::new(stack)
}

const FALSE_ALARMS: &[Pair] = &[
    Pair {
        about: "SND.NXT has gone back, and then on with what was acknowledged (V-50)",
        may: || Box::new(Smoltcp::new()),
        story: "setup congestion=on\n+0 open active\n+0 < S. <mss 128>\n+0 send 1000\n\
                +1 < . peer.nxt+1(1) ack snd.mid\n",
        may_not: || {
            alters(|number, _, header| {
                header.seq = header.seq - if number > 1 { 50 } else { 0 };
                1
            })
        },
        near_miss: "+0 open passive\n+0 < S\n+0 < .\n+0 send 100\n+0.01 < . (1)\n+0 < . (1)\n+1 < .\n",
        rule: "I-084",
    },
    Pair {
        about: "SND.NXT has gone back, and is where the last of the segments sent again ends (V-50)",
        may: || Box::new(Smoltcp::new()),
        story: "setup congestion=on\n+0 open active\n+0 < S. <mss 1>\n+0 send 100\n+1 < . peer.nxt-1\n",
        may_not: || Box::new(Smoltcp::new()),
        near_miss: "setup buffer=1200\n+0 open passive\n+0 < S\n+0 < . (1200)\n+0 send 100\n\
                    +0 < F. ack snd.una win 10\n+1 < F.\n+0 < .\n",
        rule: "I-084",
    },
    Pair {
        about: "the octet that probed a closed window goes again with more behind it, and is not retransmitted yet",
        may: || Box::new(Smoltcp::new()),
        story: "setup buffer=65536\n+0 open passive\n+0 < S\n+0 < . win 0\n+1 send 7500\n+0 < . ack snd.una\n\
                +0 < . ack snd.una\n+0 < . ack snd.una\n+0 < . ack snd.una\n",
        may_not: || faulty("congestion/every-duplicate-counts-as-the-third"),
        near_miss: "setup congestion=on nagle=off\n+0 open passive\n+0 < S\n+0 < .\n+0 send 100\n+0 send 100\n\
                    +0 send 100\n+0 send 100\n+0 send 100\n+0 send 100\n+0 < . ack 1\n+0 < . ack 1\n\
                    +0 < . ack 1\n+0 < . ack 1\n",
        rule: "I-123.2",
    },
    Pair {
        about: "the octet that probed a closed window goes again alone, which is no retransmission either",
        may: || alters(|_, _, _| 1),
        story: "setup congestion=on nagle=off send.buffer=131072\n+0 open passive\n+0 < S <mss 500>\n+0 < .\n\
                +0 send 7000\n+0 < . ack snd.una+2000 win 0\n+1.01 < . ack snd.una\n+0 < . ack snd.una\n\
                +0 < . ack snd.una\n+0 < . ack snd.una\n+0 < . ack snd.una\n",
        may_not: || faulty("congestion/every-duplicate-counts-as-the-third"),
        near_miss: "setup congestion=on nagle=off\n+0 open passive\n+0 < S\n+0 < . win 0\n+0 < .\n+0 send 100\n\
                    +0 send 100\n+0 send 100\n+0 send 100\n+0 send 100\n+0 send 100\n+0 < . ack 1\n+0 < . ack 1\n\
                    +0 < . ack 1\n+0 < . ack 1\n",
        rule: "I-123.2",
    },
    Pair {
        about: "text beyond the window may be taken where there is room, and what room there is may be unknown",
        may: || roomy(true),
        story: "setup buffer=1000\n+0 open passive\n+0 < S\n+0 < .\n+0 < . (1000)\n+0 < . (1000)\n+1 receive\n",
        may_not: || roomy(false),
        near_miss: "setup buffer=1000\n+0 open passive\n+0 < S\n+0 < .\n+0 < . (1000)\n+0 < . (1000)\n+1 receive\n",
        rule: "I-045",
    },
    Pair {
        about: "a reset with an illegal option may be dropped like any other segment",
        may: || faulty("ignore/PRE-5"),
        story: "+0 open passive\n+0 < S\n+0 < .\n+0 < R. <raw fe28>\n+0 receive\n+1 < .\n+1 receive\n",
        may_not: || deaf(|segment| segment.has(Control::RST)),
        near_miss: "+0 open passive\n+0 < S\n+0 < .\n+0 < R.\n+0 receive\n",
        rule: "I-073",
    },
    Pair {
        about: "a SYN,ACK with an illegal option may be dropped in TIME-WAIT",
        may: || faulty("ignore/PRE-5"),
        story: "+0 open passive\n+0 < S\n+0 < .\n+0 close\n+0 < F.\n+0 < S. <raw 6700>\n+1 receive\n",
        may_not: || deaf(|segment| segment.has(Control::SYN | Control::ACK)),
        near_miss: "+0 open passive\n+0 < S\n+0 < .\n+0 close\n+0 < F.\n+0 < S.\n+1 receive\n",
        rule: "I-051",
    },
    Pair {
        about: "a request with a FIN may be discarded, one with an ACK is refused before",
        may: || faulty("permitted/request-with-fin-refused"),
        story: "+0 open passive\n+0 < SF\n+1 < SF.\n+1 receive\n",
        may_not: || deaf(|segment| segment.has(Control::SYN | Control::FIN)),
        near_miss: "+0 open passive\n+0 < SF.\n+1 receive\n",
        rule: "I-034",
    },
    Pair {
        about: "text beyond RCV.NXT may be dropped whole where a FIN beyond it counts",
        may: || faulty("ignore/TEXT-5"),
        story: "+0 open active\n+0 < S. win 1\n+0 < S\n+0 send 1500\n+0 < F.\n+1 < . (1)\n+5 receive\n",
        may_not: || deaf(|segment| segment.text.len() == 7),
        near_miss: "+0 open active\n+0 < S. win 1\n+0 < S\n+0 send 1500\n+0 < . (1)\n+1 < . (7)\n+5 receive\n",
        rule: "I-023",
    },
    Pair {
        about: "text beyond RCV.NXT may count while the connection opens and be dropped whole later",
        may: || faulty("permitted/text-above-a-gap-not-kept"),
        story: "+0 open active\n+0 < S\n+0 send 1500\n+0 < S\n+0 < . (1)\n+0 < . (1)\n+2 receive\n",
        may_not: || deaf(|segment| segment.text.len() == 7),
        near_miss: "+0 open active\n+0 < S\n+0 send 1\n+0 < S\n+0 < . (7)\n+1 < . (1)\n+1 receive\n",
        rule: "I-030",
    },
    Pair {
        about: "text that fills a gap only if more was kept than anybody saw is not owed an acknowledgment",
        may: || faulty("ignore/TEXT-5"),
        story: "+0 open passive\n+0 < S\n+0 < . (1) ack snd.una\n+0 < .\n+0 < . (1)\n+1 receive\n",
        may_not: || alters(|number, _, _| usize::from(number == 0)),
        near_miss: "+0 open passive\n+0 < S\n+0 < .\n+0 < . (1)\n+1 receive\n",
        rule: "I-103",
    },
    Pair {
        about: "where nobody can tell whose octets the user read, any number of them may have made room",
        may: || faulty("permitted/window-never-opens"),
        story: "setup buffer=16\n+0 open passive\n+0 < S\n+0 @2 < S\n+0 @2 < .\n+0 < . (10)\n+0 receive\n\
                +0 < . (10)\n+0 receive\n+1 receive\n",
        may_not: || {
            alters(|number, _, header| {
                header.ack += u32::from(number == 3);
                1
            })
        },
        near_miss: "setup buffer=16\n+0 open passive\n+0 < S\n+0 @2 < S\n+0 @2 < .\n+0 < . (10)\n+0 receive\n\
                    +0 < . (10)\n+0 receive\n+1 receive\n",
        rule: "I-083",
    },
    Pair {
        about: "where nobody can tell on which connection the user sent, text may have waited for the user timeout",
        may: || chooses(|_| {}),
        story: "+0 open passive\n+0 < S win 0\n+0 < . win 0\n+0 @2 < S win 0\n+0 @2 < . win 0\n+0 send 1\n\
                +0 set user-timeout 1\n+1.1 < . win 10\n+1 receive\n",
        may_not: || {
            alters(|number, _, header| {
                if number == 2 {
                    (header.ctl, header.ack) = (Control::RST, SeqNumber(0));
                }
                1
            })
        },
        near_miss: "+0 open passive\n+0 < S win 0\n+0 < . win 0\n+0 @2 < S win 0\n+0 @2 < . win 0\n+0 send 1\n\
                    +0 set user-timeout 5\n+1.1 < . win 10\n+1 receive\n",
        rule: "I-120",
    },
    Pair {
        about: "what may have been dropped whole does not keep a connection from being idle",
        may: || faulty("ignore/TEXT-5"),
        story: "+0 open passive\n+0 < S\n+0 < .\n+0 set keep-alive 10\n+0 < S\n+0.1 < . (1)\n+11 receive\n",
        may_not: || deaf(|segment| segment.wnd == 77),
        near_miss: "+0 open passive\n+0 < S\n+0 < .\n+0 set keep-alive 10\n+5 < . win 77\n+6 receive\n",
        rule: "I-111",
    },
    Pair {
        about: "V-46: a SYN,ACK in SYN-RECEIVED that acknowledges nothing sent is reset, and the attempt goes on",
        may: || Box::new(Smoltcp::new()),
        story: "+0 open active\n+0 < S\n+0 < S. ack snd.nxt+1\n+1 < .\n",
        may_not: || {
            alters(|number, _, header| {
                if number == 2 {
                    header.ctl = Control::RST;
                }
                1
            })
        },
        near_miss: "+0 open active\n+0 < S\n+0 < S. ack snd.nxt+1\n+1 < .\n",
        rule: "I-120",
    },
    Pair {
        about: "V-23, V-60: with the listening socket its half-open connection is closed, and is in FIN-WAIT-1",
        may: || Box::new(Smoltcp::new()),
        story: "+0 open passive\n+0 < S\n+0 close\n+0 < . ack snd.una\n",
        may_not: || alters(|number, _, _| usize::from(number == 0)),
        near_miss: "+0 open passive\n+0 < S\n+0 < . ack snd.una\n+1 receive\n",
        rule: "I-042",
    },
    Pair {
        about: "V-59: the segment that ends LAST-ACK is acknowledged for the text that it brings",
        may: || Box::new(Smoltcp::new()),
        story: "+0 open passive\n+0 < S\n+0 < F.\n+0 close\n+0 < . peer.nxt+1(1)\n+1 < .\n",
        may_not: || {
            alters(|number, _, header| {
                if number == 3 {
                    (header.ctl, header.ack) = (Control::ACK, SeqNumber(1002));
                }
                1
            })
        },
        near_miss: "+0 open passive\n+0 < S\n+0 < F.\n+0 close\n+0 < .\n+0.1 < .\n+1 receive\n",
        rule: "I-120",
    },
    Pair {
        about: "V-12: an acknowledgment that nothing called for uses up the budget as well",
        may: || Box::new(Smoltcp::new()),
        story: "+0 open active\n+0 < S.\n+0 < F.\n+0 close\n+0 < . ack snd.una\n+0 < . peer.nxt-1\n",
        may_not: || alters(|number, _, header| usize::from(number < 3 || header.ctl != Control::ACK)),
        near_miss: "+0 open active\n+0 < S.\n+0 < F.\n+0 close\n+0 < . peer.nxt-1\n+1 receive\n",
        rule: "I-045",
    },
    Pair {
        about: "whoever closes a connection that may be gone need not be told how it went",
        may: || Box::new(Smoltcp::new()),
        story: "+0 open active\n+0 < S.\n+0 < . rcv.edge\n+0 < R 2\n+0 close\n+0 < R rcv.nxt\n+0 receive\n",
        may_not: || faulty("user/reset-reported-as-no-connection"),
        near_miss: "+0 open active\n+0 < S.\n+0 < . rcv.edge\n+0 < R 2\n+0 < R rcv.nxt\n+0 receive\n",
        rule: "I-073",
    },
    Pair {
        about: "what is half open may be given up as soon as the stack declares, and is no connection then",
        may: || declares(Choice::HalfOpenTimeout(Duration::from_secs(20)), refuse_the_sixth),
        story: "+0 open passive\n+0 < S\n+25 < . rcv.nxt-10\n+0.1 receive\n",
        may_not: || declares(Choice::HalfOpenTimeout(Duration::from_secs(30)), refuse_the_sixth),
        near_miss: "+0 open passive\n+0 < S\n+25 < . rcv.nxt-10\n+0.1 receive\n",
        rule: "I-120",
    },
    Pair {
        about: "V-50: what goes out while a timer sends everything again has the number that was reached",
        may: || Box::new(Smoltcp::new()),
        story: "+0 open passive\n+0 < S <mss 1>\n+0 < .\n+0 send 1\n+0 send 100\n+1 < . peer.nxt-1\n",
        may_not: || {
            alters(|number, _, header| {
                header.seq = header.seq - if number == 2 { 4 } else { 0 };
                1
            })
        },
        near_miss: "+0 open passive\n+0 < S\n+0 < .\n+0 send 10\n+0 < . peer.nxt-1\n",
        rule: "I-084",
    },
    Pair {
        about: "whose socket ACCEPT returns is not known where a connection of the port is not followed (V-60)",
        may: || Box::new(Smoltcp::new()),
        story: "+0 open passive\n+0 < S from stack\n+0 @2 < .\n+0 close\n+0 close\n+0 open passive\n+0 @2 < S\n\
                +0 @2 < F.\n+0 @2 < R.\n+0 < S\n+0 < F. ack snd.una\n+0 < .\n+0 receive\n",
        may_not: || faulty("user/end-early"),
        near_miss: "+0 open passive\n+0 @2 < S\n+0 @2 < F.\n+0 @2 receive\n+0 < S\n+0 < .\n+0 receive\n",
        rule: "P-02",
    },
    Pair {
        about: "a peer that sends FINs at five places is not followed: the stack may reach any of them",
        may: || Box::new(Smoltcp::new()),
        story: "+0 open passive\n+0 < S\n+0 < F. (1) ack snd.una\n+0 < F.\n+0 < F.\n+0 < F.\n+0 < F. 1\n+0 receive\n",
        may_not: || faulty("user/end-early"),
        near_miss: "+0 open passive\n+0 < S\n+0 < .\n+0 < F. 3\n+0 < F. 4\n+0 < F. 5\n+0 < F. 6\n+0 receive\n",
        rule: "P-02",
    },
    Pair {
        about: "what comes from the broadcast address of the host's network is to be dropped (RFC 1122 §3.2.1.3)",
        may: || Box::new(Smoltcp::new()),
        story: "+0 < . from subnet-broadcast\n",
        may_not: || deaf(|segment| !segment.has(Control::RST)),
        near_miss: "+0 < . from other\n",
        rule: "I-032",
    },
    Pair {
        about: "a window of one segment is counted from the last timeout, also of a head that something disturbed",
        may: || Box::new(Smoltcp::new()),
        story: "setup congestion=on\n\n+0 open passive\n+0 < S\n+0 < .\n+0 send 536\n+1 < . peer.nxt-1\n\
                +10 send 1000\n+0 close\n",
        may_not: || faulty("congestion/timeout-sends-everything-again"),
        near_miss: "setup congestion=on\n\n+0 open passive\n+0 < S <mss 100>\n+0 < .\n+0 send 400\n\
                    +1 < . peer.nxt-1\n+10 receive\n",
        rule: "I-017",
    },
    Pair {
        about: "V-23: closed in SYN-RECEIVED, it is in FIN-WAIT-1, where a duplicate brings text and a FIN",
        may: || Box::new(Smoltcp::new()),
        story: "+0 open active\n+0 < S\n+0 close\n+0 < . (1) ack snd.una\n+0 receive\n+0 < F. ack snd.una\n",
        may_not: || {
            alters(|number, _, header| {
                if number == 2 {
                    (header.ctl, header.seq, header.ack, header.wnd) =
                        (Control::ACK, header.seq + 1, SeqNumber(1002), 4096);
                }
                1
            })
        },
        near_miss: "+0 open active\n+0 < S\n+0 < F. ack snd.una\n",
        rule: "I-083",
    },
];

/// What is wrong with a pair of stories; the first is told to this monitor.
pub(super) fn wrong(pair: &Pair, monitor: &mut Monitor) -> Vec<String> {
    let Pair { about, may, story, may_not, near_miss, rule } = pair;
    let mut wrong = Vec::new();
    let run = play_watched(&mut *may(), story, monitor);
    if broken(&run).is_some() {
        wrong.push(format!("{about}: {:?}\n{}", run.verdict, run.trace));
    }
    let run = play_watched(&mut *may_not(), near_miss, &mut Monitor::new());
    if broken(&run) != Some(*rule) {
        wrong.push(format!("{about}: expected {rule}, seen {:?}\n{}", run.verdict, run.trace));
    }
    wrong
}

#[test]
fn what_was_wrongly_objected_to_is_accepted_and_a_near_miss_is_not() {
    let wrong: Vec<String> = FALSE_ALARMS.iter().flat_map(|pair| wrong(pair, &mut Monitor::new())).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
