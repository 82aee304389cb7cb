//! What is looked at before the state: checksum, data offset, options, reserved bits (RFC 9293 §3.1).

use tcpspec_core::segment::Integrity;
use tcpspec_core::{Rule, State};

use crate::fixture::{Connection, Seg, arrives, numbers, rst, syn, text};
use crate::table::{Also, Row, check, in_each};

/// A segment that every state drops without a word: what a row shows is the header alone.
fn dropped_anywhere() -> Seg {
    rst(0)
}

pub(super) fn rows() -> Vec<Row> {
    let row = |rule, story, state, segment| Row {
        rule,
        story,
        given: Connection::in_state(state),
        when: arrives(segment),
        state,
        also: &[Also::Unchanged],
        ..Row::quiet()
    };
    let reserved = || Seg { reserved: 0b1010, ..dropped_anywhere() };
    [
        in_each(State::ALL, |state| {
            let reset = rst(numbers(state).rcv).damaged(Integrity::BadChecksum);
            row(Rule::Pre1, "a wrong checksum discards even a RST", state, reset)
        }),
        in_each(State::ALL, |state| {
            let reset = rst(numbers(state).rcv).damaged(Integrity::BadDataOffset);
            row(Rule::Pre4, "a header that does not end discards even a RST", state, reset)
        }),
        in_each(State::ALL, |state| {
            row(
                Rule::Pre5,
                "an illegal length harms nothing",
                state,
                dropped_anywhere().options(&[254, 0, 1, 1]),
            )
        }),
        in_each(State::ALL, |state| {
            row(
                Rule::Pre6,
                "an unknown option harms nothing",
                state,
                dropped_anywhere().options(&[254, 4, 9, 9]),
            )
        }),
        in_each(State::ALL, |state| row(Rule::Pre7, "reserved bits harm nothing", state, reserved())),
        the_rest_is_processed(),
    ]
    .concat()
}

fn the_rest_is_processed() -> Vec<Row> {
    let row = |rule, story, options| Row {
        rule,
        story,
        given: Connection::in_state(State::Listen),
        when: arrives(syn(300).options(options)),
        sent: &["<SEQ=100><ACK=301><CTL=SYN,ACK>"],
        state: State::SynReceived,
        ..Row::quiet()
    };
    vec![
        row(Rule::Pre5, "the SYN around an illegal option counts", &[254, 1, 2, 4, 2, 0]),
        row(Rule::Pre6, "the SYN around an unknown option counts", &[254, 3, 9, 2, 4, 2, 0, 0]),
        Row {
            rule: Rule::Pre7,
            story: "text under reserved bits counts",
            given: Connection::in_state(State::Established),
            when: arrives(Seg { reserved: 0b1111, ..text(301, 101, b"abc") }),
            state: State::Established,
            also: &[Also::RcvNxt(304)],
            ..Row::quiet()
        },
    ]
}

#[test]
fn every_row_of_the_header_holds() {
    check(rows());
}

#[test]
fn an_unknown_option_does_not_hide_the_segment_size_behind_it() {
    let size = |options: &[u8]| {
        Connection::in_state(State::Listen).after(arrives(syn(300).options(options))).tcb.snd.mss
    };
    assert_eq!(size(&[254, 3, 9, 2, 4, 2, 0, 0]), 512);
    assert_eq!(size(&[254, 1, 2, 4, 2, 0]), 536, "what follows an illegal length is not looked at");
}
