//! Lives that the standard foresees keep every invariant.

use super::*;

/// The events of the life, and the state after each.
fn live(profile: Profile, life: &[(Event<'_>, State)]) -> Tcb {
    let mut tcb = Tcb::closed(profile);
    for (number, (event, state)) in life.iter().enumerate() {
        tcb = after(tcb, &[*event]);
        assert_eq!(tcb.state, *state, "after event {number}");
    }
    tcb
}

fn every_profile() -> [Profile; 3] {
    let other = Profile { delayed_ack: None, nagle: false, half_duplex_close: true, ..Profile::default() };
    [Profile::default(), Profile::rfc793(), other]
}

#[test]
fn a_server_whose_peer_closes_first() {
    for profile in every_profile() {
        let request = segment(Control::ACK | Control::PSH, PEER, OURS, 100);
        live(
            profile,
            &[
                (OPEN_PASSIVE, State::Listen),
                (segment(Control::SYN, IRS, SeqNumber(0), 0), State::SynReceived),
                (segment(Control::ACK, PEER, OURS, 0), State::Established),
                (request, State::Established),
                (Event::Call(Call::Receive { max: 400 }), State::Established),
                (send(b"answer"), State::Established),
                (segment(FIN_ACK, PEER + 100, OURS + 6, 0), State::CloseWait),
                (CLOSE, State::LastAck),
                (segment(Control::ACK, PEER + 101, OURS + 7, 0), State::Closed),
            ],
        );
    }
}

#[test]
fn a_client_that_closes_first() {
    for profile in every_profile() {
        live(
            profile,
            &[
                (OPEN_ACTIVE, State::SynSent),
                (send(b"request"), State::SynSent),
                (segment(SYN_ACK, IRS, OURS, 0), State::Established),
                (segment(Control::ACK, PEER, OURS + 7, 300), State::Established),
                (Event::Timeout(Timer::DelayedAck), State::Established),
                (Event::Call(Call::Receive { max: 400 }), State::Established),
                (CLOSE, State::FinWait1),
                (segment(Control::ACK, PEER + 300, OURS + 8, 0), State::FinWait2),
                (segment(FIN_ACK, PEER + 300, OURS + 8, 0), State::TimeWait),
                (segment(FIN_ACK, PEER + 300, OURS + 8, 0), State::TimeWait),
                (Event::Timeout(Timer::TimeWait), State::Closed),
            ],
        );
    }
}

#[test]
fn simultaneous_open_and_simultaneous_close() {
    for profile in every_profile() {
        live(
            profile,
            &[
                (OPEN_ACTIVE, State::SynSent),
                (segment(Control::SYN, IRS, SeqNumber(0), 0), State::SynReceived),
                (segment(SYN_ACK, IRS, OURS, 0), State::Established),
                (CLOSE, State::FinWait1),
                (segment(FIN_ACK, PEER, OURS, 0), State::Closing),
                (segment(Control::ACK, PEER + 1, OURS + 1, 0), State::TimeWait),
                (Event::Timeout(Timer::TimeWait), State::Closed),
            ],
        );
    }
}

#[test]
fn loss_a_gap_and_a_closed_window() {
    live(
        Profile::default(),
        &[
            (OPEN_PASSIVE, State::Listen),
            (segment(Control::SYN, IRS, SeqNumber(0), 0), State::SynReceived),
            (Event::Timeout(Timer::Retransmission), State::SynReceived),
            (with_window(Control::ACK, PEER, OURS, 0, 0), State::Established),
            (send(b"text that has to wait"), State::Established),
            (Event::Timeout(Timer::Persist), State::Established),
            (Event::Timeout(Timer::Retransmission), State::Established),
            (segment(Control::ACK, PEER, OURS + 1, 0), State::Established),
            (segment(Control::ACK, PEER + 50, OURS + 21, 50), State::Established),
            (segment(FIN_ACK, PEER + 100, OURS + 21, 0), State::Established),
            (segment(Control::ACK, PEER, OURS + 21, 50), State::CloseWait),
            (ABORT, State::Closed),
        ],
    );
}

#[test]
fn a_close_before_the_handshake_is_over() {
    live(
        Profile::default(),
        &[
            (OPEN_PASSIVE, State::Listen),
            (segment(Control::SYN, IRS, SeqNumber(0), 20), State::SynReceived),
            (CLOSE, State::FinWait1),
            (Event::Timeout(Timer::Retransmission), State::FinWait1),
            (segment(Control::ACK, PEER, OURS, 0), State::FinWait1),
            (segment(Control::ACK, PEER + 20, OURS + 1, 0), State::FinWait2),
        ],
    );
}

#[test]
fn an_old_duplicate_syn_leads_back_to_time_wait() {
    let tcb = after(
        reusing(),
        &[
            segment(Control::SYN, PEER + 900, SeqNumber(0), 0),
            segment(Control::RST, PEER + 901, SeqNumber(0), 0),
        ],
    );
    assert_eq!((tcb.state, tcb.snd.una, tcb.rcv.nxt), (State::TimeWait, OURS + 1, PEER + 1));
}

#[test]
fn acknowledgments_and_urgent_pointers_at_a_closed_window() {
    let last = PEER + 4_096;
    let full = segment(Control::ACK, PEER, OURS, 4_096);
    live(
        Profile::default(),
        &[
            (OPEN_PASSIVE, State::Listen),
            (segment(Control::SYN, IRS, SeqNumber(0), 0), State::SynReceived),
            (segment(Control::ACK, PEER, OURS, 0), State::Established),
            (full, State::Established),
            (segment(Control::ACK, last, OURS, 1), State::Established),
            (segment(Control::ACK | Control::URG, last, OURS, 1), State::Established),
        ],
    );
    // The FIN takes the last number of the window; no urgent pointer counts after it.
    let ended = after(usual(State::Established), &[segment(FIN_ACK, PEER, OURS, 4_095)]);
    let ended = after(ended, &[segment(Control::ACK | Control::URG, last, OURS, 1)]);
    assert_eq!((ended.state, ended.rcv.wnd, ended.rcv.up), (State::CloseWait, 0, None));
    // An urgent pointer that points at nothing new.
    let ctl = Control::ACK | Control::URG;
    let nothing = Segment { seq: PEER, ack: OURS, ctl, ..Segment::default() };
    let tcb = after(without_room(State::Established), &[Event::SegmentArrives(&nothing)]);
    assert_eq!((tcb.state, tcb.rcv.wnd, tcb.rcv.up), (State::Established, 0, None));
}
