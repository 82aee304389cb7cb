//! The rows of variations that are about opening, resets and requests.

use std::time::Duration;

use tcpspec_core::Control;

use super::Row;
use crate::monitor::tests::false_alarms::{Pair, alters, chooses, deaf, declares, faulty};
use crate::stack::Choice;

pub(super) const ROWS: &[Row] = &[
    Row {
        variation: 3,
        counted: true,
        stories: Pair {
            about: "a refusal whose SEQ is compared with a RCV.NXT that does not exist yet",
            may: || faulty("permitted/refusal-judged-by-its-number"),
            story: "+0 open active\n+0 < R. ack 1\n+2 receive\n",
            may_not: || deaf(|segment| segment.has(Control::RST)),
            near_miss: "+0 open active\n+0 < R. =0 ack 1\n+2 receive\n",
            rule: "I-120",
        },
    },
    Row {
        variation: 4,
        counted: true,
        stories: Pair {
            about: "the SYN,ACK of a simultaneous open opens the connection",
            may: || alters(|number, _, _| usize::from(number != 2)),
            story: "+0 open active\n+0 < S\n+0 < S. 0 ack 1\n+0.5 < .\n+0.1 receive\n",
            may_not: || deaf(|segment| segment.ctl == Control::SYN | Control::ACK),
            near_miss: "+0 open passive\n+0 < S\n+0 < S. 0 ack 1\n+1 receive\n",
            rule: "I-045",
        },
    },
    Row {
        variation: 5,
        counted: true,
        stories: Pair {
            about: "a repeated request is answered by the SYN,ACK",
            may: || faulty("permitted/repeated-request-gets-the-same-answer"),
            story: "+0 open passive\n+0 < S\n+0.1 < S 0\n+0.5 receive\n",
            may_not: || alters(|number, _, _| usize::from(number != 1)),
            near_miss: "+0 open passive\n+0 < S\n+0.1 < S 0\n+0.5 receive\n",
            rule: "I-045",
        },
    },
    Row {
        variation: 6,
        counted: true,
        stories: Pair {
            about: "a new SYN while the connection is half open is challenged",
            may: || faulty("permitted/request-while-half-open-challenged"),
            story: "+0 open passive\n+0 < S\n+0.1 < S peer.nxt+10\n+0.1 < .\n+0 receive\n",
            may_not: || deaf(|segment| segment.ctl == Control::SYN && segment.wnd == 77),
            near_miss: "+0 open passive\n+0 < S\n+0.1 < S peer.nxt+10 win 77\n+0.1 < .\n+1 receive\n",
            rule: "I-034",
        },
    },
    Row {
        variation: 7,
        counted: false,
        stories: Pair {
            about: "the window is that of the segment that opened the connection",
            may: || chooses(|_| {}),
            story: "+0 open active\n+0 < S. win 100\n+0 send 500\n+0.3 receive\n",
            may_not: || faulty("window/ignored"),
            near_miss: "+0 open active\n+0 < S. win 100\n+0 send 500\n+0.3 receive\n",
            rule: "I-087",
        },
    },
    Row {
        variation: 9,
        counted: false,
        stories: Pair {
            about: "TIME-WAIT is not started over by a FIN that is repeated",
            may: || faulty("permitted/time-wait-not-started-over"),
            story: "+0 open passive\n+0 < S\n+0 < .\n+0 close\n+0 < F.\n+1msl < F. peer.nxt-1\n+1msl+1 < . \n+0 receive\n",
            may_not: || alters(|number, _, _| usize::from(number < 3)),
            near_miss: "+0 open passive\n+0 < S\n+0 < .\n+0 close\n+0 < F.\n+1msl < F. peer.nxt-1\n+1 receive\n",
            rule: "I-065",
        },
    },
    Row {
        variation: 10,
        counted: true,
        stories: Pair {
            about: "a reset does not end TIME-WAIT",
            may: || chooses(|profile| profile.ignore_resets_in_time_wait = true),
            story: "+0 open passive\n+0 < S\n+0 < .\n+0 close\n+0 < F.\n+0 < R\n+0 < F. peer.nxt-1\n+0 receive\n",
            may_not: || deaf(|segment| segment.has(Control::RST)),
            near_miss: "+0 open passive\n+0 < S\n+0 < .\n+0 < R\n+0 receive\n",
            rule: "I-073",
        },
    },
    Row {
        variation: 13,
        counted: true,
        stories: Pair {
            about: "any reset in the window resets",
            may: || chooses(|profile| profile.exact_resets = false),
            story: "+0 open passive\n+0 < S\n+0 < .\n+0 < R rcv.nxt+10\n+0 receive\n+0 < .\n",
            may_not: || deaf(|segment| segment.has(Control::RST)),
            near_miss: "+0 open passive\n+0 < S\n+0 < .\n+0 < R rcv.nxt+10\n+0.5 receive\n",
            rule: "I-073",
        },
    },
    Row {
        variation: 14,
        counted: true,
        stories: Pair {
            about: "a SYN in the window resets",
            may: || chooses(|profile| profile.challenge_syns = false),
            story: "+0 open passive\n+0 < S\n+0 < .\n+0 < S rcv.nxt+10\n+0.5 receive\n",
            may_not: || deaf(|segment| segment.ctl == Control::SYN && segment.wnd == 77),
            near_miss: "+0 open passive\n+0 < S\n+0 < .\n+0 < S rcv.nxt+10 win 77\n+0.5 receive\n",
            rule: "I-051",
        },
    },
    Row {
        variation: 15,
        counted: true,
        stories: Pair {
            about: "a request in TIME-WAIT with old numbers is refused without a word",
            may: || faulty("permitted/time-wait-drops-old-requests"),
            story: "+0 open passive\n+0 < S\n+0 < .\n+0 close\n+0 < F.\n+0 < S peer.nxt-10\n+0.5 receive\n",
            may_not: || deaf(|segment| segment.ctl == Control::SYN && segment.wnd == 77),
            near_miss: "+0 open passive\n+0 < S\n+0 < .\n+0 close\n+0 < F.\n+0 < S peer.nxt+10 win 77\n+0.5 receive\n",
            rule: "I-051",
        },
    },
    Row {
        variation: 23,
        counted: false,
        stories: Pair {
            about: "CLOSE waits until the connection is open",
            may: || faulty("permitted/close-waits-for-the-handshake"),
            story: "+0 open active\n+0 < S\n+0 close\n+0.1 < .\n+1 < .\n",
            may_not: || alters(|_, _, header| usize::from(!header.ctl.has(Control::FIN))),
            near_miss: "+0 open active\n+0 < S\n+0.1 < .\n+0 close\n+0.1 < .\n+5 receive\n",
            rule: "I-091",
        },
    },
    Row {
        variation: 24,
        counted: true,
        stories: Pair {
            about: "a request with a FIN is discarded",
            may: || faulty("permitted/request-with-fin-refused"),
            story: "+0 open passive\n+0 < SF\n+1 < .\n",
            may_not: || deaf(|segment| segment.has(Control::SYN | Control::FIN)),
            near_miss: "+0 open passive\n+0 < SF.\n+1 receive\n",
            rule: "I-034",
        },
    },
    Row {
        variation: 35,
        counted: true,
        stories: Pair {
            about: "segments for a port on which nobody listens are not answered, as declared",
            may: || declares(Choice::SilentWhenClosed, |_, _, _| 0),
            story: "+0 < . 1\n+1 < . 1\n",
            may_not: || alters(|_, _, _| 0),
            near_miss: "+0 < . 1\n+1 < . 1\n",
            rule: "I-032",
        },
    },
    Row {
        variation: 36,
        counted: true,
        stories: Pair {
            about: "more requests than may wait are dropped, as declared",
            may: || declares(Choice::Backlog(0), |_, _, _| 0),
            story: "+0 open passive\n+0 < S\n+1 receive\n",
            may_not: || alters(|_, _, _| 0),
            near_miss: "+0 open passive\n+0 < S\n+1 receive\n",
            rule: "I-035",
        },
    },
    Row {
        variation: 41,
        counted: false,
        stories: Pair {
            about: "the reset of ABORT acknowledges",
            may: || faulty("permitted/abort-acknowledges"),
            story: "+0 open passive\n+0 < S\n+0 < .\n+0 abort\n+0 < .\n",
            may_not: || faulty("answer-seq-high/ABORT-5"),
            near_miss: "+0 open passive\n+0 < S\n+0 < .\n+0 abort\n+0 < .\n",
            rule: "I-068",
        },
    },
    Row {
        variation: 42,
        counted: false,
        stories: Pair {
            about: "options come in any order",
            may: || faulty("permitted/options-in-another-order"),
            story: "+0 open passive\n+0 < S\n+0 < .\n+1 receive\n",
            may_not: || faulty("option/mss-on-every-segment"),
            near_miss: "+0 open passive\n+0 < S\n+0 < .\n+0 < P. 1(10)\n+1 receive\n",
            rule: "I-095",
        },
    },
    Row {
        variation: 46,
        counted: true,
        stories: Pair {
            about: "an unacceptable acknowledgment while the connection is half open is acknowledged",
            may: || faulty("permitted/bad-acknowledgment-while-half-open-acknowledged"),
            story: "+0 open passive\n+0 < S\n+0.1 < . ack 9\n+0.1 < .\n",
            may_not: || alters(|number, _, _| usize::from(number != 1)),
            near_miss: "+0 open passive\n+0 < S\n+0.1 < . ack 9\n+0.1 < .\n",
            rule: "I-042",
        },
    },
    Row {
        variation: 51,
        counted: true,
        stories: Pair {
            about: "a segment with an illegal option is dropped",
            may: || faulty("permitted/malformed-options-drop-the-segment"),
            story: "+0 open passive\n+0 < S\n+0 < .\n+0 < P. 1(10) <raw fe28>\n+1 < .\n",
            may_not: || deaf(|segment| !segment.text.is_empty()),
            near_miss: "+0 open passive\n+0 < S\n+0 < .\n+0 < P. 1(10) <raw fe02>\n+1 < .\n",
            rule: "I-103",
        },
    },
    Row {
        variation: 52,
        counted: false,
        stories: Pair {
            about: "a size that leaves no room for text is not honoured",
            may: || faulty("permitted/no-less-than-64-octets-a-segment"),
            story: "+0 open passive\n+0 < S <mss 1>\n+0 < .\n+0 send 200\n+0.5 < .\n",
            may_not: || faulty("mss/option-ignored"),
            near_miss: "+0 open passive\n+0 < S <mss 100>\n+0 < .\n+0 send 200\n+0.5 < .\n",
            rule: "I-088",
        },
    },
    Row {
        variation: 55,
        counted: false,
        stories: Pair {
            about: "the SYN,ACK is acknowledged along with the first text",
            may: || chooses(|_| {}),
            story: "+0 open active\n+0 send 10\n+0 < S.\n+0.1 < .\n",
            may_not: || alters(|number, _, _| usize::from(number != 1)),
            near_miss: "+0 open active\n+0 < S.\n+1 send 10\n+0.1 < .\n",
            rule: "I-040",
        },
    },
    Row {
        variation: 60,
        counted: false,
        stories: Pair {
            about: "back in LISTEN nobody is told of a connection that was half open",
            may: || chooses(|_| {}),
            story: "+0 open passive\n+0 < S\n+0 < R\n+0.1 < S\n+0 < .\n+0 receive\n",
            may_not: || deaf(|segment| segment.wnd == 77),
            near_miss: "+0 open passive\n+0 < S\n+0 < R\n+0.1 < S win 77\n+0.1 receive\n",
            rule: "I-035",
        },
    },
    Row {
        variation: 64,
        counted: false,
        stories: Pair {
            about: "TIME-WAIT is as long as the stack declares",
            may: || chooses(|profile| profile.msl = Duration::from_secs(5)),
            story: "+0 open passive\n+0 < S\n+0 < .\n+0 close\n+0 < F.\n+11 < F. peer.nxt-1\n+1 receive\n",
            may_not: || faulty("timer-early/time-wait-after-one-lifetime"),
            near_miss: "+0 open passive\n+0 < S\n+0 < .\n+0 close\n+0 < F.\n+1msl+1 < F. peer.nxt-1\n+1 receive\n",
            rule: "I-064",
        },
    },
];
