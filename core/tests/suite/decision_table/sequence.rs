//! First, check the sequence number (RFC 9293 §3.10.7.4 step 1, Table 6).
//!
//! Most segments here carry no ACK: those that pass the check are dropped without a word in step 5, so that a row
//! shows the first check and nothing else.

use tcpspec_core::{Control, Profile, Rule, State, Timer};

use crate::fixture::{
    Connection, RIGHT_EDGE, Seg, ack, arrives, bare, close, fin, numbers, rst, send, syn, syn_ack, text,
};
use crate::table::{Also, Row, check, from_to, in_each};

const ANSWER: &[&str] = &["<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>"];

fn all() -> impl Iterator<Item = State> {
    from_to(State::SynReceived, State::TimeWait)
}

fn synchronized() -> impl Iterator<Item = State> {
    from_to(State::Established, State::TimeWait)
}

fn open() -> impl Iterator<Item = State> {
    from_to(State::Established, State::FinWait2)
}

/// `offset` octets from RCV.NXT in `state`, without any bit.
fn at(state: State, offset: i32) -> Seg {
    bare(numbers(state).rcv.wrapping_add_signed(offset), Control::NONE)
}

fn row(rule: Rule, story: &'static str, given: Connection, segment: Seg) -> Row {
    Row {
        rule,
        story,
        state: given.tcb.state,
        given,
        when: arrives(segment),
        also: &[Also::Unchanged],
        ..Row::quiet()
    }
}

fn accepted(rule: Rule, story: &'static str, state: State, segment: Seg) -> Row {
    Row {
        also: &[Also::Unchanged, Also::Uses(Rule::Ack1)],
        ..row(rule, story, Connection::in_state(state), segment)
    }
}

fn answered(rule: Rule, story: &'static str, given: Connection, segment: Seg) -> Row {
    Row {
        sent: ANSWER,
        also: &[Also::Unchanged, Also::UsesNot(Rule::Ack1)],
        ..row(rule, story, given, segment)
    }
}

pub(super) fn rows() -> Vec<Row> {
    [
        table_6_without_text(),
        table_6_with_text(),
        both_edges(),
        resets(),
        trimmed(),
        opening(),
        old_duplicates(),
        the_fin_again(),
        closed_window(),
    ]
    .concat()
}

fn table_6_without_text() -> Vec<Row> {
    let closed = Connection::with_closed_window;
    let shut = |rule, story, state, segment| Row {
        also: &[Also::Unchanged, Also::Offers(0)],
        ..answered(rule, story, closed(state), segment)
    };
    [
        in_each(all(), |state| Row {
            also: &[Also::Unchanged, Also::Uses(Rule::Ack1)],
            ..row(Rule::Seq1, "LEN 0, closed window, at RCV.NXT", closed(state), at(state, 0))
        }),
        in_each(all(), |state| shut(Rule::Seq2, "LEN 0, closed window, one further", state, at(state, 1))),
        in_each(all(), |state| shut(Rule::Seq2, "LEN 0, closed window, far behind", state, at(state, -99))),
        in_each(all(), |state| accepted(Rule::Seq3, "LEN 0, left edge", state, at(state, 0))),
        in_each(all(), |state| {
            accepted(
                Rule::Seq3,
                "LEN 0, last octet of the window",
                state,
                bare(RIGHT_EDGE - 1, Control::NONE),
            )
        }),
        in_each(all(), |state| {
            answered(Rule::Seq4, "LEN 0, one before the window", Connection::in_state(state), at(state, -1))
        }),
        in_each(all(), |state| {
            let segment = bare(RIGHT_EDGE, Control::NONE);
            answered(Rule::Seq4, "LEN 0, one past the window", Connection::in_state(state), segment)
        }),
    ]
    .concat()
}

fn table_6_with_text() -> Vec<Row> {
    let in_state = Connection::in_state;
    [
        in_each(all(), |state| Row {
            sent: ANSWER,
            also: &[Also::Unchanged, Also::Offers(0)],
            ..row(
                Rule::Seq5,
                "text, closed window",
                Connection::with_closed_window(state),
                at(state, 0).carrying(b"abc"),
            )
        }),
        in_each(all(), |state| {
            accepted(Rule::Seq6, "text at the left edge", state, at(state, 0).carrying(b"abc"))
        }),
        in_each(all(), |state| {
            let segment = bare(RIGHT_EDGE - 3, Control::NONE).carrying(b"abc");
            accepted(Rule::Seq6, "text up to the right edge", state, segment)
        }),
        in_each(all(), |state| {
            accepted(Rule::Seq7, "text across the left edge", state, at(state, -1).carrying(b"abc"))
        }),
        in_each(all(), |state| {
            answered(Rule::Seq8, "text before the window", in_state(state), at(state, -3).carrying(b"abc"))
        }),
        in_each(all(), |state| {
            let segment = bare(RIGHT_EDGE, Control::NONE).carrying(b"abc");
            answered(Rule::Seq8, "text past the window", in_state(state), segment)
        }),
    ]
    .concat()
}

fn both_edges() -> Vec<Row> {
    let narrow =
        |state| Connection::in_state_with(state, Profile { receive_buffer: 3, ..Profile::default() });
    in_each(all(), |state| {
        let segment = at(state, -1).carrying(b"abcdef");
        answered(Rule::Seq9, "text across the whole window", narrow(state), segment)
    })
}

fn resets() -> Vec<Row> {
    let in_state = Connection::in_state;
    [
        in_each(all(), |state| {
            let segment = rst(numbers(state).rcv - 1);
            row(Rule::Seq10, "a RST before the window is not answered", in_state(state), segment)
        }),
        in_each(all(), |state| {
            row(Rule::Seq10, "a RST past the window is not answered", in_state(state), rst(RIGHT_EDGE))
        }),
        in_each(all(), |state| {
            let segment = rst(numbers(state).rcv + 1);
            row(
                Rule::Seq10,
                "a RST beside RCV.NXT, closed window",
                Connection::with_closed_window(state),
                segment,
            )
        }),
    ]
    .concat()
}

fn trimmed() -> Vec<Row> {
    let narrow =
        Connection::in_state_with(State::Established, Profile { receive_buffer: 3, ..Profile::default() });
    let with_gap = |state| Connection::in_state(state).after(arrives(text(304, numbers(state).una, b"def")));
    [
        in_each(all(), |state| {
            let segment = bare(RIGHT_EDGE - 1, Control::NONE).carrying(b"abc");
            accepted(Rule::Seq11, "text across the right edge", state, segment)
        }),
        vec![Row {
            sent: &[],
            also: &[Also::RcvNxt(304), Also::RcvWnd(0), Also::Unread(3), Also::UsesNot(Rule::Fin3)],
            ..row(
                Rule::Seq11,
                "text past the window is cut off, and the FIN with it",
                narrow,
                fin(301, 101).carrying(b"abcdef"),
            )
        }],
        in_each(all(), |state| {
            accepted(Rule::Seq12, "text above a gap", state, at(state, 1).carrying(b"abc"))
        }),
        in_each(open(), |state| Row {
            sent: &["<SEQ=SND.NXT><ACK=307><CTL=ACK>"],
            also: &[Also::RcvNxt(307), Also::Unread(6)],
            ..row(
                Rule::Text4,
                "text above a gap was held",
                with_gap(state),
                text(301, numbers(state).una, b"abc"),
            )
        }),
        in_each(all(), |state| accepted(Rule::Seq21, "no text, above a gap", state, at(state, 1))),
        in_each([State::Established], |state| Row {
            also: &[Also::SndUna(104), Also::SndWnd(900)],
            ..row(
                Rule::Seq21,
                "acknowledgment and window count above a gap",
                Connection::in_state(state).after(send(b"abc")),
                ack(311, 104).wnd(900),
            )
        }),
    ]
    .concat()
}

fn opening() -> Vec<Row> {
    let passive = || Connection::in_state(State::SynReceived);
    let active = || Connection::simultaneous_open(Profile::default());
    let opens = |rule, story, segment| Row {
        state: State::Established,
        told: &["signal: connection open"],
        also: &[Also::SndUna(101), Also::SndWnd(1000)],
        ..row(rule, story, active(), segment)
    };
    vec![
        answered(Rule::Seq14, "the peer's SYN again", passive(), syn(300)),
        answered(Rule::Seq14, "the peer's SYN again, requests crossed", active(), syn(300)),
        opens(Rule::Seq15, "the SYN,ACK of figure 7", syn_ack(300, 101)),
        row(Rule::Seq22, "the peer's SYN again, with text", passive(), syn(300).carrying(b"abc")),
        row(
            Rule::Seq22,
            "the peer's SYN again, with text, requests crossed",
            active(),
            syn(300).carrying(b"abc"),
        ),
        Row {
            also: &[Also::RcvNxt(304), Also::Unread(3), Also::Runs(Timer::DelayedAck)],
            ..opens(Rule::Seq23, "the SYN,ACK of figure 7 with text", syn_ack(300, 101).carrying(b"abc"))
        },
        Row {
            sent: &["<SEQ=101><ACK=302><CTL=ACK>"],
            state: State::CloseWait,
            told: &["signal: connection open", "signal: connection closing"],
            also: &[Also::RcvNxt(302)],
            ..opens(Rule::Seq23, "the SYN,ACK of figure 7 with a FIN", syn_ack(300, 101).and(Control::FIN))
        },
    ]
}

fn old_duplicates() -> Vec<Row> {
    let in_state = Connection::in_state;
    let una = |state| numbers(state).una;
    let before = |state| ack(numbers(state).rcv - 1, una(state));
    [
        in_each(synchronized(), |state| {
            answered(Rule::Seq16, "the peer's SYN again", in_state(state), syn(300))
        }),
        in_each(synchronized(), |state| {
            answered(Rule::Seq16, "the peer's SYN,ACK again", in_state(state), syn_ack(300, una(state)))
        }),
        in_each(synchronized(), |state| {
            answered(Rule::Seq17, "a keep-alive without text", in_state(state), before(state))
        }),
        in_each(synchronized(), |state| {
            answered(
                Rule::Seq17,
                "a keep-alive with one octet",
                in_state(state),
                before(state).carrying(b"x"),
            )
        }),
    ]
    .concat()
}

fn the_fin_again() -> Vec<Row> {
    let again = |state| fin(301, numbers(state).una);
    let mut rows = in_each([State::CloseWait, State::Closing, State::LastAck], |state| {
        answered(Rule::Seq18, "the peer's FIN again", Connection::in_state(state), again(state))
    });
    rows.push(Row {
        also: &[Also::Unchanged, Also::Starts(Timer::TimeWait, 240_000)],
        ..answered(Rule::Seq19, "the peer's FIN again", Connection::in_state(State::TimeWait), fin(301, 102))
    });
    rows
}

fn closed_window() -> Vec<Row> {
    let closed = Connection::with_closed_window;
    let answer = |story, rule, state, given, segment| Row {
        sent: ANSWER,
        also: &[Also::RcvNxt(301), Also::Offers(0)],
        state,
        ..row(rule, story, given, segment)
    };
    let mut rows = in_each(open(), |state| {
        let segment = fin(301, numbers(state).una);
        answer("a FIN alone has to wait for the window", Rule::Seq20, state, closed(state), segment)
    });
    rows.push(Row {
        also: &[Also::SndUna(104), Also::SndWnd(900), Also::Unread(0)],
        ..answer(
            "the acknowledgment in text counts although the text does not",
            Rule::Seq5,
            State::Established,
            closed(State::Established).after(send(b"abc")),
            text(301, 104, b"xyz").wnd(900),
        )
    });
    rows.push(answer(
        "so does one in a FIN",
        Rule::Seq20,
        State::FinWait2,
        closed(State::Established).after(close()),
        fin(301, 102),
    ));
    rows.push(Row {
        also: &[Also::Unchanged, Also::Uses(Rule::Syn5)],
        ..answer(
            "a SYN does not, not even at RCV.NXT",
            Rule::Seq5,
            State::Established,
            closed(State::Established),
            syn_ack(301, 101),
        )
    });
    rows
}

#[test]
fn every_row_of_the_sequence_check_holds() {
    check(rows());
}
