//! What two SYNs agree on: window scaling (RFC 7323 §2) and selective acknowledgment (RFC 2018).

use tcpspec_core::{Outgoing, Profile, State};

use crate::fixture::{
    Connection, ISS, Seg, ack, arrives, open_active, open_passive, receive, send, syn, syn_ack, text,
};

/// Window Scale 3, SACK-permitted.
const BOTH: &[u8] = &[1, 3, 3, 3, 1, 1, 4, 2];
const HALF: &[u8] = &[b'x'; 50_000];

fn profile(receive_buffer: u32) -> Profile {
    Profile { receive_buffer, ..Profile::extended() }
}

/// A connection that was opened by a SYN with these options.
fn opened(options: &[u8], receive_buffer: u32) -> Connection {
    Connection::closed(profile(receive_buffer))
        .after(open_passive())
        .after(arrives(syn(300).options(options)))
        .after(arrives(ack(301, ISS + 1)))
}

fn last(connection: &Connection) -> Outgoing {
    *connection.actions.segments().last().expect("something was sent")
}

#[test]
fn a_syn_offers_both_and_the_answer_repeats_what_came() {
    let request = last(&Connection::closed(profile(100_000)).after(open_active()));
    assert_eq!((request.window_scale, request.sack_permitted, request.wnd), (Some(1), true, 65_535));
    let listening = || Connection::closed(profile(100_000)).after(open_passive());
    let answer = last(&listening().after(arrives(syn(300).options(BOTH))));
    assert_eq!((answer.window_scale, answer.sack_permitted, answer.wnd), (Some(1), true, 65_535));
    let plain = last(&listening().after(arrives(syn(300))));
    assert_eq!((plain.window_scale, plain.sack_permitted), (None, false));
    let without = Connection::closed(Profile::default()).after(open_passive());
    let modest = last(&without.after(arrives(syn(300).options(BOTH))));
    assert_eq!((modest.window_scale, modest.sack_permitted), (None, false));
}

#[test]
fn windows_are_shifted_from_the_handshake_on_and_never_on_a_syn() {
    let connection = opened(BOTH, 100_000).after(arrives(ack(301, ISS + 1).wnd(2)));
    assert_eq!(connection.tcb.snd.wnd, 16);
    let answered = Connection::closed(profile(100_000))
        .after(open_active())
        .after(arrives(syn_ack(300, ISS + 1).wnd(10).options(BOTH)));
    assert_eq!((answered.tcb.state, answered.tcb.snd.wnd), (State::Established, 10));
    assert_eq!(last(&answered).wnd, 50_000, "100,000 octets in steps of two");
}

#[test]
fn without_agreement_no_window_is_shifted() {
    for options in [&[][..], &BOTH[4..]] {
        let connection = opened(options, 100_000).after(arrives(ack(301, ISS + 1).wnd(2)));
        assert_eq!(connection.tcb.snd.wnd, 2);
        assert_eq!(last(&connection.after(send(b"x"))).wnd, 65_535);
    }
}

#[test]
fn a_shift_above_fourteen_counts_as_fourteen() {
    let connection = opened(&[3, 3, 200, 0], 4096).after(arrives(ack(301, ISS + 1).wnd(1)));
    assert_eq!(connection.tcb.snd.wnd, 1 << 14);
}

#[test]
fn what_the_steps_of_a_window_cannot_say_is_taken_all_the_same() {
    let mut connection = opened(BOTH, 100_001).after(arrives(text(301, ISS + 1, HALF)));
    assert_eq!(last(&connection).wnd, 25_000, "one octet of 50,001 is not said");
    connection.on(arrives(text(50_301, ISS + 1, HALF))).on(arrives(text(100_301, ISS + 1, b"z")));
    assert_eq!(connection.tcb.rcv.nxt.0, 100_302);
    connection.on(receive(100_001));
    assert_eq!(last(&connection).wnd, 50_000);
}

#[test]
fn what_is_held_above_a_gap_is_reported_until_the_gap_closes() {
    let mut connection = opened(BOTH, 4096).after(arrives(text(311, ISS + 1, b"cd")));
    let blocks = |connection: &Connection| -> Vec<_> {
        last(connection).sack.as_slice().iter().map(|(start, end)| (start.0, end.0)).collect()
    };
    assert_eq!(blocks(&connection), [(311, 313)]);
    connection.on(arrives(text(305, ISS + 1, b"b")));
    assert_eq!(blocks(&connection), [(305, 306), (311, 313)]);
    connection.on(arrives(text(301, ISS + 1, b"....")));
    assert_eq!((last(&connection).ack.0, blocks(&connection)), (306, vec![(311, 313)]));
    connection.on(arrives(Seg::pushed(text(306, ISS + 1, b"....."))));
    assert_eq!((last(&connection).ack.0, blocks(&connection)), (313, vec![]));
}
