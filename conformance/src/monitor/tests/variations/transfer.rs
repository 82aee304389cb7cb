//! The rows of variations that are about text, windows, acknowledgments, timers and closing.

use std::time::Duration;

use tcpspec_core::{Control, Profile, SeqNumber};

use super::Row;
use crate::monitor::tests::false_alarms::{Pair, alters, chooses, deaf, declares, faulty, scales};
use crate::stack::Choice;
use crate::stack::smoltcp::Smoltcp;

pub(super) const ROWS: &[Row] = &[
    Row {
        variation: 8,
        counted: false,
        stories: Pair {
            about: "a smaller window is not taken from a segment that says nothing else that is new",
            may: || deaf(|segment| segment.wnd == 50),
            story: "+0 open passive\n+0 < S\n+0 < .\n+0 < . win 50\n+0 send 100\n+0.3 < .\n+0 receive\n",
            may_not: || faulty("window/shrinking-ignored"),
            near_miss: "+0 open passive\n+0 < S\n+0 < .\n+0 < . (10)\n+0 < . (10) win 50\n+0 send 100\n+0.3 < .\n+0 receive\n",
            rule: "I-087",
        },
    },
    Row {
        variation: 12,
        counted: true,
        stories: Pair {
            about: "an acknowledgment is left out when others have used up what the stack declares",
            may: || chooses(|profile| profile.challenge_limit = Some((1, Duration::from_secs(1)))),
            story: "+0 open passive\n+0 < S\n+0 < .\n+0 < S rcv.nxt+10\n+0.1 < S rcv.nxt+10\n+0.1 receive\n",
            may_not: || alters(|number, _, _| usize::from(number < 1)),
            near_miss: "+0 open passive\n+0 < S\n+0 < .\n+0 < . ack 9\n+0.1 receive\n",
            rule: "I-055",
        },
    },
    Row {
        variation: 16,
        counted: true,
        stories: Pair {
            about: "without an ACK nothing is looked at",
            may: || faulty("permitted/no-ack-flag-no-answer"),
            story: "+0 open passive\n+0 < S\n+0 < .\n+0 < - rcv.nxt-10\n+0.5 receive\n",
            may_not: || deaf(|segment| segment.wnd == 77),
            near_miss: "+0 open passive\n+0 < S\n+0 < .\n+0 < . rcv.nxt-10 win 77\n+0.5 receive\n",
            rule: "I-045",
        },
    },
    Row {
        variation: 18,
        counted: true,
        stories: Pair {
            about: "text that comes with an acknowledgment too old to be believed is taken",
            may: || chooses(|profile| *profile = Profile::rfc793()),
            story: "+0 open passive\n+0 < S win 10\n+0 < . win 10\n+0 send 10\n+0 < . ack 11 win 10\n+0 send 10\n+0 < . ack 21 win 10\n+0 < P. 1(5) ack 1 win 10\n+0.3 receive\n",
            may_not: || alters(|number, _, _| usize::from(number < 3)),
            near_miss: "+0 open passive\n+0 < S win 10\n+0 < . win 10\n+0 send 10\n+0 < . ack 11 win 10\n+0 send 10\n+0 < . ack 21 win 10\n+0 < P. 1(5) ack 1 win 10\n+0.3 receive\n",
            rule: "I-056",
        },
    },
    Row {
        variation: 19,
        counted: false,
        stories: Pair {
            about: "a segment that a closed window refuses acknowledges",
            may: || chooses(|_| {}),
            story: "setup buffer=10\n+0 open passive\n+0 < S\n+0 < .\n+0 < P. 1(10)\n+0 send 5\n+0.3 < . 11(1) ack 6\n+70 receive\n",
            may_not: || {
                alters(|number, _, header| {
                    header.ack += u32::from(number == 3);
                    1
                })
            },
            near_miss: "setup buffer=10\n+0 open passive\n+0 < S\n+0 < .\n+0 < P. 1(10)\n+0 send 5\n+0.3 < . 11(1) ack 6\n+1 receive\n",
            rule: "I-083",
        },
    },
    Row {
        variation: 22,
        counted: true,
        stories: Pair {
            about: "a half-duplex host resets when text is lost",
            may: || chooses(|profile| profile.half_duplex_close = true),
            story: "+0 open passive\n+0 < S\n+0 < .\n+0 < P. 1(10)\n+0.3 close\n+0.5 < .\n",
            may_not: || {
                alters(|_, _, header| {
                    if header.ctl.has(Control::FIN) {
                        (header.ctl, header.ack) = (Control::RST, SeqNumber(0));
                    }
                    1
                })
            },
            near_miss: "+0 open passive\n+0 < S\n+0 < .\n+0 < P. 1(10)\n+0.3 close\n+0.5 < .\n",
            rule: "I-120",
        },
    },
    Row {
        variation: 26,
        counted: false,
        stories: Pair {
            about: "a retransmission timeout of less than a second",
            may: || faulty("permitted/timeout-from-200-ms"),
            story: "+0 open passive\n+0 < S\n+0 < .\n+0 send 10\n+0.001 < .\n+0 send 10\n+1 receive\n",
            may_not: || faulty("timeout/first-after-100-ms"),
            near_miss: "+0 open passive\n+0 < S\n+0 < .\n+0 send 10\n+1 receive\n",
            rule: "I-018",
        },
    },
    Row {
        variation: 27,
        counted: true,
        stories: Pair {
            about: "a closed window is probed without text",
            may: || faulty("permitted/closed-window-probed-without-text"),
            story: "+0 open passive\n+0 < S\n+0 < .\n+0 < . win 0\n+0 send 10\n+5 < . win 0\n",
            may_not: || {
                alters(|number, _, header| {
                    if number > 1 {
                        header.seq = header.seq - 5;
                    }
                    1
                })
            },
            near_miss: "+0 open passive\n+0 < S\n+0 < .\n+0 < . win 0\n+0 send 10\n+5 < . win 0\n",
            rule: "I-086",
        },
    },
    Row {
        variation: 28,
        counted: false,
        stories: Pair {
            about: "text is pushed without need",
            may: || faulty("permitted/push-on-all-text"),
            story: "+0 open passive\n+0 < S <mss 100>\n+0 < .\n+0 send 250\n+0.5 < .\n",
            may_not: || {
                alters(|_, _, header| {
                    header.ctl = header.ctl.without(Control::PSH);
                    1
                })
            },
            near_miss: "+0 open passive\n+0 < S <mss 100>\n+0 < .\n+0 send 250\n+0.5 < .\n",
            rule: "I-113",
        },
    },
    Row {
        variation: 30,
        counted: false,
        stories: Pair {
            about: "a scaled window moves back by what its field cannot say",
            may: || scales(|_, _, _| 1),
            story: "setup buffer=200000\n+0 open passive\n+0 < S <mss 1460,nop,wscale 2>\n+0 < .\n+0 < P. 1(1)\n+0.3 < P. 2(1)\n+0.3 receive 1\n",
            may_not: || {
                scales(|number, _, header| {
                    header.wnd -= 2 * u16::from(number == 2);
                    1
                })
            },
            near_miss: "setup buffer=200000\n+0 open passive\n+0 < S <mss 1460,nop,wscale 2>\n+0 < .\n+0 < P. 1(1)\n+0.3 < P. 2(1)\n+0.3 receive 1\n",
            rule: "I-005",
        },
    },
    Row {
        variation: 32,
        counted: false,
        stories: Pair {
            about: "a FIN just past the right edge is taken",
            may: || Box::new(Smoltcp::new()),
            story: "setup buffer=10\n+0 open passive\n+0 < S\n+0 < .\n+0 < PF. 1(10)\n+0.6 receive\n+0 receive\n",
            may_not: || deaf(|segment| segment.wnd == 77),
            near_miss: "setup buffer=10\n+0 open passive\n+0 < S\n+0 < .\n+0 < F. 12 win 77\n+0.6 receive\n",
            rule: "I-045",
        },
    },
    Row {
        variation: 37,
        counted: false,
        stories: Pair {
            about: "a keep-alive may be empty",
            may: || chooses(|_| {}),
            story: "+0 open passive\n+0 < S\n+0 < .\n+0 set keep-alive 10\n+11 < .\n",
            may_not: || {
                alters(|number, _, header| {
                    header.seq = header.seq - u32::from(number > 0);
                    1
                })
            },
            near_miss: "+0 open passive\n+0 < S\n+0 < .\n+0 < P. 1(10)\n+1 < .\n",
            rule: "I-111",
        },
    },
    Row {
        variation: 38,
        counted: true,
        stories: Pair {
            about: "text beyond RCV.NXT is dropped whole",
            may: || deaf(|segment| segment.text.len() == 7),
            story: "+0 open passive\n+0 < S\n+0 < .\n+0 < F.\n+0.5 close\n+0.1 < . rcv.nxt+5(7) ack 2\n+5 receive\n",
            may_not: || deaf(|segment| segment.text.len() == 7),
            near_miss: "+0 open passive\n+0 < S\n+0 < .\n+0 < . rcv.nxt(7)\n+1 receive\n",
            rule: "I-103",
        },
    },
    Row {
        variation: 40,
        counted: true,
        stories: Pair {
            about: "FIN-WAIT-2 ends by itself, as declared",
            may: || {
                declares(Choice::FinWait2Timeout(Duration::from_secs(60)), |number, _, header| {
                    if number == 2 {
                        (header.ctl, header.ack) = (Control::RST, SeqNumber(0));
                    }
                    1
                })
            },
            story: "+0 open passive\n+0 < S\n+0 < .\n+0 close\n+0 < . ack 2\n+61 < . rcv.nxt-10 ack 2\n",
            may_not: || {
                alters(|number, _, header| {
                    if number == 2 {
                        (header.ctl, header.ack) = (Control::RST, SeqNumber(0));
                    }
                    1
                })
            },
            near_miss: "+0 open passive\n+0 < S\n+0 < .\n+0 close\n+0 < . ack 2\n+61 < . rcv.nxt-10 ack 2\n",
            rule: "I-120",
        },
    },
    Row {
        variation: 45,
        counted: false,
        stories: Pair {
            about: "text beyond the window that was offered is taken where there is room",
            may: || faulty("permitted/window-never-opens"),
            story: "+0 open passive\n+0 < S\n+0 < .\n+0 < P. 1(10)\n+0.5 receive\n",
            may_not: || faulty("acknowledge/what-is-above-a-gap"),
            near_miss: "+0 open passive\n+0 < S\n+0 < .\n+0 < P. 5(10)\n+0.5 receive\n",
            rule: "I-083",
        },
    },
    Row {
        variation: 48,
        counted: false,
        stories: Pair {
            about: "a second FIN is ignored",
            may: || faulty("drop-answer/FIN-14"),
            story: "+0 open passive\n+0 < S\n+0 < .\n+0 < F.\n+0.5 < F.\n+1 < .\n",
            may_not: || alters(|number, _, _| usize::from(number < 1)),
            near_miss: "+0 open passive\n+0 < S\n+0 < .\n+0 < F.\n+1 < .\n",
            rule: "I-060",
        },
    },
    Row {
        variation: 49,
        counted: true,
        stories: Pair {
            about: "a FIN is repeated as it was",
            may: || faulty("permitted/fin-repeated-unchanged"),
            story: "+0 open passive\n+0 < S\n+0 < .\n+0 close\n+0 < F. ack 1\n+2 receive\n",
            may_not: || {
                alters(|number, _, header| {
                    if number == 2 {
                        header.ack = header.ack - 1;
                    }
                    1
                })
            },
            near_miss: "+0 open passive\n+0 < S\n+0 < .\n+0 close\n+0 < F. ack 1\n+2 receive\n",
            rule: "I-081",
        },
    },
    Row {
        variation: 50,
        counted: true,
        stories: Pair {
            about: "an acknowledgment takes its SEQ from what is being sent again",
            may: || {
                alters(|number, _, header| {
                    if number == 3 {
                        header.seq = header.seq - 10;
                    }
                    1
                })
            },
            story: "+0 open passive\n+0 < S\n+0 < .\n+0 send 10\n+1.5 < . rcv.nxt-5 ack 1\n+0.2 < .\n",
            may_not: || {
                alters(|number, _, header| {
                    if number == 1 {
                        header.seq = header.seq - 5;
                    }
                    1
                })
            },
            near_miss: "+0 open passive\n+0 < S\n+0 < .\n+0 < . rcv.nxt-5\n+0.2 < .\n",
            rule: "I-084",
        },
    },
    Row {
        variation: 53,
        counted: true,
        stories: Pair {
            about: "a segment that reaches beyond both edges is cut to the window",
            may: || faulty("permitted/segment-over-the-whole-window-trimmed"),
            story: "setup buffer=10\n+0 open passive\n+0 < S\n+0 < .\n+0 < P. rcv.nxt-5(30)\n+0.5 receive\n",
            may_not: || deaf(|segment| segment.text.len() == 7),
            near_miss: "setup buffer=10\n+0 open passive\n+0 < S\n+0 < .\n+0 < P. rcv.nxt-7(7)\n+0.5 receive\n",
            rule: "I-045",
        },
    },
    Row {
        variation: 56,
        counted: false,
        stories: Pair {
            about: "the path is tried with a few segments first",
            may: || chooses(|profile| profile.congestion_control = true),
            story: "setup congestion=on\n+0 open passive\n+0 < S\n+0 < .\n+0 send 4096\n+0.5 < .\n+0.5 < .\n+1 receive\n",
            may_not: || faulty("timeout/never-doubles"),
            near_miss: "+0 open passive\n+0 < S\n+0 < .\n+0 send 10\n+10 receive\n",
            rule: "I-105",
        },
    },
    Row {
        variation: 57,
        counted: false,
        stories: Pair {
            about: "a short segment waits for a second",
            may: || faulty("permitted/short-segments-wait-a-second"),
            story: "+0 open passive\n+0 < S win 1000\n+0 < . win 1000\n+0 < . win 100\n+0 send 300\n+2 < .\n+2 receive\n",
            may_not: || alters(|number, _, _| usize::from(number < 1)),
            near_miss: "+0 open passive\n+0 < S win 1000\n+0 < . win 1000\n+0 < . win 100\n+0 send 300\n+2 < .\n+2 receive\n",
            rule: "I-023",
        },
    },
    Row {
        variation: 59,
        counted: false,
        stories: Pair {
            about: "text that is not processed is acknowledged",
            may: || faulty("permitted/text-after-the-fin-acknowledged"),
            story: "+0 open passive\n+0 < S\n+0 < .\n+0 < F.\n+0.5 < . (5)\n+0.5 < .\n",
            may_not: || alters(|number, _, _| usize::from(number < 1)),
            near_miss: "+0 open passive\n+0 < S\n+0 < .\n+0 < P. 1(5)\n+1 < .\n",
            rule: "I-103",
        },
    },
    Row {
        variation: 62,
        counted: false,
        stories: Pair {
            about: "a timer goes off late",
            may: || faulty("timer-late/retransmission"),
            story: "+0 open passive\n+0 < S\n+0 < .\n+0 send 10\n+30 receive\n",
            may_not: || faulty("timer-never/retransmission"),
            near_miss: "+0 open passive\n+0 < S\n+0 < .\n+0 send 10\n+100 receive\n",
            rule: "I-014",
        },
    },
    Row {
        variation: 63,
        counted: true,
        stories: Pair {
            about: "an acknowledgment of nothing sent is not answered in LAST-ACK",
            may: || faulty("drop-answer/ACK-9"),
            story: "+0 open passive\n+0 < S\n+0 < .\n+0 < F.\n+0.5 close\n+0 < . ack 9\n+0.5 receive\n",
            may_not: || alters(|number, _, _| usize::from(number < 1)),
            near_miss: "+0 open passive\n+0 < S\n+0 < .\n+0 < . ack 9\n+0.5 receive\n",
            rule: "I-055",
        },
    },
];
