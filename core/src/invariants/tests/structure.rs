//! Records that no step may leave behind.

use core::time::Duration;

use super::*;

fn ack() -> Event<'static> {
    segment(Control::ACK, PEER, OURS, 0)
}

/// An established connection whose peer has closed its window.
fn shut() -> Tcb {
    after(usual(State::Established), &[with_window(Control::ACK, PEER, OURS, 0, 0)])
}

/// A connection whose user closed it before our SYN was acknowledged.
fn closed_early() -> Tcb {
    after(usual(State::SynReceived), &[CLOSE])
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = numbers();
    cases.extend(states_and_timers());
    cases.extend(windows());
    cases.extend(leftovers());
    cases.extend(congestion());
    cases
}

fn numbers() -> Vec<Case> {
    alloc::vec![
        case("I-001", sending(), ack(), |tcb, _| tcb.snd.una = tcb.snd.nxt + 1),
        case("I-001", sending(), ack(), |tcb, _| tcb.snd.nxt = OURS),
        case("I-002", usual(State::Established), ack(), |tcb, _| tcb.snd.syn = true),
        case("I-002", usual(State::SynSent), Event::Timeout(Timer::Retransmission), |tcb, _| tcb.snd.una +=
            1),
        case("I-002", usual(State::SynReceived), ack(), |tcb, _| tcb.snd.una = ISS - 1),
        case("I-002", usual(State::FinWait1), ack(), |tcb, _| {
            tcb.snd.syn = true;
            tcb.snd.una = ISS;
        }),
        case("I-002", closed_early(), Event::Timeout(Timer::Retransmission), |tcb, _| tcb.snd.una += 1),
        case("I-003", usual(State::SynSent), send(b"early"), |tcb, _| tcb.snd.nxt += 5),
        case("I-004", usual(State::Established), ack(), |tcb, _| tcb.rcv.nxt = PEER - 1),
        case("I-004", usual(State::Established), ack(), |tcb, _| tcb.rcv.irs += 1),
        case("I-004", usual(State::Listen), segment(Control::SYN, IRS, OURS, 0), |tcb, _| tcb.rcv.nxt = IRS),
        case("I-007", sending(), ack(), |tcb, _| tcb.snd.max_wnd = 10),
        case("I-016", usual(State::Established), ack(), |tcb, _| tcb.snd.wl1 = PEER - 1),
        case("I-016", usual(State::Established), ack(), |tcb, _| tcb.snd.wl2 = OURS - 1),
        case("I-020", usual(State::Listen), segment(Control::SYN, IRS, OURS, 0), |tcb, _| {
            tcb.origin = Origin::Active;
        }),
        case("I-020", usual(State::SynReceived), Event::Timeout(Timer::Retransmission), |tcb, _| {
            tcb.origin = Origin::TimeWait;
        }),
        case("I-020", reusing(), segment(Control::SYN, PEER + 9, OURS, 0), |tcb, _| tcb.reopened = None),
    ]
}

fn path(tcb: &mut Tcb) -> &mut crate::congestion::Congestion {
    tcb.congestion.as_mut().expect("the connection is open")
}

fn congestion() -> Vec<Case> {
    let timeout = || Event::Timeout(Timer::Retransmission);
    alloc::vec![
        case("I-017", sending(), ack(), |tcb, _| path(tcb).window = 0),
        case("I-017", sending(), timeout(), |tcb, _| path(tcb).window += 1),
        case("I-017", sending(), timeout(), |tcb, _| path(tcb).threshold = u32::MAX),
        case("I-017", sending(), ack(), |tcb, _| path(tcb).threshold -= 1),
        case("I-114", usual(State::Established), send(b"answer"), |tcb, _| {
            path(tcb).window = 5;
            tcb.snd.mss = 5;
        }),
        case("I-130", sending(), segment(Control::ACK, PEER, OURS + 6, 0), |tcb, _| path(tcb).window += 6000),
        case("I-130", sending(), timeout(), |tcb, _| {
            path(tcb).recovering = true;
            path(tcb).threshold = 0;
            path(tcb).window = 3 * tcb.effective_mss() + 1;
        }),
    ]
}

fn states_and_timers() -> Vec<Case> {
    alloc::vec![
        case("I-009", usual(State::Established), ack(), |tcb, _| tcb.snd.fin = Some(OURS)),
        case("I-009", usual(State::Established), CLOSE, |tcb, _| tcb.snd.fin = None),
        case("I-009", usual(State::CloseWait), segment(Control::ACK, PEER + 1, OURS, 0), |tcb, _| {
            tcb.snd.fin = Some(OURS);
        }),
        case("I-010", usual(State::Established), ack(), |tcb, _| tcb.rcv.fin = true),
        case("I-010", usual(State::Established), segment(FIN_ACK, PEER, OURS, 0), |tcb, _| tcb.rcv.fin =
            false),
        case("I-011", usual(State::FinWait1), segment(Control::ACK, PEER, OURS + 1, 0), |tcb, _| {
            tcb.snd.una = OURS;
        }),
        case("I-011", usual(State::FinWait1), segment(Control::ACK, PEER, OURS + 1, 0), |tcb, _| {
            tcb.snd.nxt += 1;
        }),
        case("I-011", usual(State::FinWait1), segment(Control::ACK, PEER, OURS + 1, 0), |tcb, _| {
            tcb.send_queue.push_back(b'x');
        }),
        case("I-013", sending(), ack(), |tcb, _| tcb.timers.insert(Timer::Persist)),
        case("I-013", usual(State::Established), ack(), |tcb, _| tcb.timers.insert(Timer::TimeWait)),
        case("I-013", usual(State::Established), send(b"text"), |_, actions| {
            actions.list.retain(|action| !matches!(action, Action::Arm(..)));
        }),
        case("I-014", sending(), ack(), |tcb, _| tcb.timers.remove(Timer::Retransmission)),
        case("I-014", usual(State::Established), ack(), |tcb, _| tcb.timers.insert(Timer::Retransmission)),
        case("I-015", shut(), send(b"stuck"), |tcb, _| tcb.timers.remove(Timer::Persist)),
        case("I-018", usual(State::Established), send(b"text"), |_, actions| {
            actions.list.push(Action::Arm(Timer::Retransmission, Duration::from_millis(10)));
        }),
        case("I-018", usual(State::Established), send(b"text"), |_, actions| {
            actions.list.push(Action::Arm(Timer::Persist, Duration::from_secs(61)));
        }),
        case("I-023", shut(), send(b"stuck"), |tcb, _| {
            tcb.snd.wnd = 2;
            tcb.timers.remove(Timer::Persist);
        }),
    ]
}

fn windows() -> Vec<Case> {
    let text = || segment(Control::ACK | Control::PSH, PEER + 10, OURS, 10);
    alloc::vec![
        case("I-005", usual(State::Established), text(), |_, actions| {
            alter(actions, |sent| sent.wnd -= 1);
        }),
        case("I-006", usual(State::Established), ack(), |tcb, _| tcb.rcv.wnd = 65_536),
        case("I-008", usual(State::Established), text(), |tcb, _| tcb.reassembly.hold(PEER, b"x")),
        case("I-008", usual(State::Established), text(), |tcb, _| tcb.reassembly.hold(PEER + 4_095, b"xy")),
        case("I-008", usual(State::Established), text(), |tcb, _| tcb.reassembly.hold_fin(PEER)),
        case("I-008", usual(State::Established), text(), |tcb, _| tcb.reassembly.hold_fin(PEER + 4_097)),
        case("I-008", usual(State::SynReceived), Event::Timeout(Timer::Retransmission), |tcb, _| {
            tcb.reassembly.hold_fin(IRS);
        }),
        case("I-021", usual(State::Established), ack(), |tcb, _| tcb.snd.wnd = 0xffff_f000),
        case("I-021", shut(), send(b"text"), |_, actions| {
            let text = crate::segment::TextRange { start: 0, len: 2 };
            let sent = Outgoing { seq: OURS, ack: PEER, ctl: Control::ACK, text, ..Outgoing::default() };
            actions.list.push(Action::Transmit(sent));
        }),
        case("I-022", usual(State::Established), text(), |tcb, _| tcb.receive_queue.push_back(0)),
        case("I-022", usual(State::Established), text(), |tcb, _| tcb.rcv.wnd = 9),
        case("I-024", usual(State::Established), ack(), |tcb, _| tcb.rcv.wnd -= 1),
    ]
}

/// What CLOSED may not remember: each part of the record alone.
fn leftovers() -> Vec<Case> {
    let aborted = |spoil| case("I-012", usual(State::Established), ABORT, spoil);
    alloc::vec![
        aborted(|tcb, _| tcb.send_queue.push_back(b'x')),
        aborted(|tcb, _| tcb.receive_queue.push_back(b'x')),
        aborted(|tcb, _| tcb.receives.push_back(1)),
        aborted(|tcb, _| tcb.reassembly.hold_fin(PEER)),
        aborted(|tcb, _| tcb.snd.iss = ISS),
        aborted(|tcb, _| tcb.rcv.irs = IRS),
        aborted(|tcb, _| tcb.origin = Origin::Active),
        aborted(|tcb, _| tcb.retransmission.doublings = 1),
        aborted(|tcb, _| tcb.reopened = Some((tcb.snd, tcb.rcv))),
        aborted(|tcb, _| tcb.unacknowledged = 1),
        aborted(|tcb, _| tcb.throttle.sent = 1),
        aborted(|tcb, _| tcb.user_timeout = Some(Duration::from_secs(9))),
        aborted(|tcb, _| tcb.timers.insert(Timer::User)),
    ]
}
