//! Whole connections from SYN to CLOSED, seen from both ends: with losses anywhere, and with sequence numbers
//! anywhere, above all where they wrap.

use tcpspec_core::State;

use crate::fixture::{close, send};
use crate::pair::{Pair, Side};

const QUESTION: &[u8] = &[b'q'; 700];
const ANSWER: &[u8] = &[b'a'; 2000];

/// A asks and closes, B answers and closes, both wait until it is over.
fn conversation(iss: [u32; 2], lost: &[usize]) -> Pair {
    let mut pair = Pair::opening(iss, lost.iter().copied());
    pair.run_while(|pair| pair.a.connection.tcb.state == State::SynSent);
    pair.on(Side::A, send(QUESTION));
    pair.on(Side::A, close());
    // B's user answers as soon as there is a connection to answer on; both calls wait for ESTABLISHED if they must.
    pair.run_while(|pair| pair.b.connection.tcb.state == State::Listen);
    pair.on(Side::B, send(ANSWER));
    pair.on(Side::B, close());
    pair.run();
    pair
}

fn assert_complete(pair: &Pair) {
    let trace = pair.trace.join("\n");
    assert_eq!(pair.states(), (State::Closed, State::Closed), "{trace}");
    assert!(pair.b.received == QUESTION, "B has the whole question:\n{trace}");
    assert!(pair.a.received == ANSWER, "A has the whole answer:\n{trace}");
}

#[test]
fn a_question_and_an_answer_without_loss() {
    let pair = conversation([100, 300], &[]);
    assert_complete(&pair);
    assert!(pair.trace.iter().all(|line| !line.contains("RST")), "{}", pair.trace.join("\n"));
}

#[test]
fn any_one_segment_may_be_lost() {
    let segments = conversation([100, 300], &[]).trace.len();
    for lost in 0..segments {
        assert_complete(&conversation([100, 300], &[lost]));
    }
}

#[test]
fn any_two_segments_may_be_lost() {
    let segments = conversation([100, 300], &[]).trace.len() + 2;
    for first in 0..segments {
        for second in first + 1..segments {
            assert_complete(&conversation([100, 300], &[first, second]));
        }
    }
}

#[test]
fn nothing_depends_on_where_the_sequence_numbers_lie() {
    for lost in [&[][..], &[1], &[3, 4], &[5]] {
        let plain = conversation([100, 300], lost).trace;
        let before_the_wrap =
            [0, 1, 2, 500, 701, 702, 1500, 2001, 2002].map(|octets: u32| octets.wrapping_neg());
        let half_way = [(1 << 31) - 1, 1 << 31, (1 << 31) - 1000];
        for iss in before_the_wrap.into_iter().chain(half_way) {
            for both in [[iss, 300], [100, iss], [iss, iss], [iss, !iss]] {
                assert_eq!(conversation(both, lost).trace, plain, "initial sequence numbers {both:?}");
            }
        }
    }
}

/// RFC 9293 §3.4: after 2^32 octets the numbers come round, and SND.UNA may be ISS again with text in flight.
#[test]
fn text_at_the_number_of_our_syn_is_not_taken_for_the_syn() {
    use crate::fixture::{Connection, ack, arrives, times_out};
    use tcpspec_core::Timer;

    let mut connection = Connection::in_state(State::Established);
    connection.tcb.snd.iss = connection.tcb.snd.una;
    connection.on(send(b"abc")).on(times_out(Timer::Retransmission));
    assert_eq!(connection.sent(), ["<SEQ=101><ACK=301><CTL=PSH,ACK><DATA=abc>"]);
    connection.on(arrives(ack(301, 104)));
    assert!(connection.tcb.send_queue.is_empty());
}
