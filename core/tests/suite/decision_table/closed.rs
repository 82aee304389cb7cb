//! SEGMENT ARRIVES in CLOSED (RFC 9293 §3.10.7.1).

use tcpspec_core::{Control, Rule, State};

use crate::fixture::{Connection, Seg, ack, arrives, bare, rst, syn, syn_ack, text};
use crate::table::{Also, Row, check};

pub(super) fn rows() -> Vec<Row> {
    let row = |rule, story, segment: Seg, sent| Row {
        rule,
        story,
        given: Connection::in_state(State::Closed),
        when: arrives(segment),
        sent,
        state: State::Closed,
        also: &[Also::Forgotten],
        ..Row::quiet()
    };
    let syn_fin = bare(300, Control::SYN | Control::FIN);
    vec![
        row(Rule::Closed1, "a RST is not answered", rst(300), &[]),
        row(
            Rule::Closed1,
            "nor one with other bits",
            rst(300).and(Control::SYN | Control::ACK | Control::FIN),
            &[],
        ),
        row(
            Rule::Closed2,
            "text without ACK",
            bare(300, Control::PSH).carrying(b"abc"),
            &["<SEQ=0><ACK=303><CTL=RST,ACK>"],
        ),
        row(Rule::Closed2, "a FIN without ACK", bare(300, Control::FIN), &["<SEQ=0><ACK=301><CTL=RST,ACK>"]),
        row(Rule::Closed2, "a SYN with text", syn(300).carrying(b"abc"), &["<SEQ=0><ACK=304><CTL=RST,ACK>"]),
        row(Rule::Closed3, "an acknowledgment", ack(300, 77), &["<SEQ=77><CTL=RST>"]),
        row(Rule::Closed3, "a SYN,ACK", syn_ack(300, 77), &["<SEQ=77><CTL=RST>"]),
        row(Rule::Closed3, "text", text(300, 77, b"abc"), &["<SEQ=77><CTL=RST>"]),
        row(Rule::Closed4, "a SYN", syn(300), &["<SEQ=0><ACK=301><CTL=RST,ACK>"]),
        row(Rule::Closed5, "a null segment", bare(300, Control::NONE), &["<SEQ=0><ACK=300><CTL=RST,ACK>"]),
        row(
            Rule::Closed5,
            "text without any bit",
            bare(u32::MAX, Control::NONE).carrying(b"abc"),
            &["<SEQ=0><ACK=2><CTL=RST,ACK>"],
        ),
        row(
            Rule::Closed6,
            "SYN and FIN count one each",
            syn_fin.carrying(b"abc"),
            &["<SEQ=0><ACK=305><CTL=RST,ACK>"],
        ),
    ]
}

#[test]
fn every_row_of_closed_holds() {
    check(rows());
}
