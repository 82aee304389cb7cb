//! Steps that no event may take.

use super::*;
use crate::event::{CallError, Signal};
use crate::rule::{Rule, RuleSet};

const NONE: SeqNumber = SeqNumber(0);

fn syn(seq: SeqNumber) -> Event<'static> {
    segment(Control::SYN, seq, NONE, 0)
}

fn rst(seq: SeqNumber) -> Event<'static> {
    segment(Control::RST, seq, NONE, 0)
}

/// An established connection that has taken some text and closed its window with it.
fn full() -> Tcb {
    let text = segment(Control::ACK, PEER, OURS, 4_096);
    after(usual(State::Established), &[text])
}

fn silence(_: &mut Tcb, actions: &mut Actions) {
    actions.list.clear();
}

fn unasked(_: &mut Tcb, actions: &mut Actions) {
    actions.list.push(stray());
}

/// A record that is not what it was, though nothing of it shows in its numbers.
fn changed(tcb: &mut Tcb, _: &mut Actions) {
    tcb.receives.push_back(9);
}

fn accepted(_: &mut Tcb, actions: &mut Actions) {
    only(actions, Action::Reply(Outcome::Ok));
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = opening();
    cases.extend(answers_before_syn());
    cases.extend(answers_to_syn());
    cases.extend(segments());
    cases.extend(answers_in_other_states());
    cases.extend(endings());
    cases.extend(after_the_fin());
    cases.extend(time_wait());
    cases.extend(every_step());
    cases.extend(calls());
    cases
}

fn opening() -> Vec<Case> {
    let (listen, syn_sent, syn_received) = (State::Listen, State::SynSent, State::SynReceived);
    alloc::vec![
        case("I-030", usual(State::Established), segment(Control::ACK, PEER, OURS, 0), |tcb, _| {
            tcb.state = State::LastAck;
        }),
        case("I-030", usual(listen), syn(IRS), |tcb, _| tcb.state = State::Established),
        case("I-031", usual(State::Established), segment(Control::ACK, PEER, OURS, 0), |tcb, _| {
            tcb.state = State::CloseWait;
        }),
        case("I-031", usual(State::Established), Event::Call(Call::Status), |tcb, _| tcb.delete()),
        case("I-031", usual(State::Established), rst(PEER + 5), |tcb, _| tcb.delete()),
        case("I-032", usual(State::Closed), rst(IRS), unasked),
        case("I-032", usual(State::Closed), syn(IRS), silence),
        case("I-033", usual(listen), rst(IRS), unasked),
        case("I-034", usual(listen), segment(Control::ACK, IRS, OURS, 0), silence),
        case("I-034", usual(listen), segment(SYN_ACK, IRS, OURS, 0), |_, actions| only(actions, stray())),
        case("I-035", usual(listen), syn(IRS), silence),
        case("I-035", usual(listen), syn(IRS), |tcb, _| tcb.rcv.nxt += 1),
        case("I-036", usual(listen), segment(Control::FIN, IRS, NONE, 3), unasked),
        case("I-037", usual(syn_sent), segment(SYN_ACK, IRS, OURS + 1, 0), silence),
        case("I-037", usual(syn_sent), segment(RST_ACK, IRS, OURS + 1, 0), unasked),
        case("I-038", usual(syn_sent), segment(RST_ACK, IRS, OURS, 0), silence),
        case("I-038", usual(syn_sent), rst(IRS), |tcb, _| tcb.state = State::Listen),
        case("I-039", usual(syn_sent), syn(IRS), silence),
        case("I-039", usual(syn_sent), syn(IRS), |tcb, _| tcb.snd.una += 1),
        case("I-040", usual(syn_sent), segment(SYN_ACK, IRS, OURS, 0), silence),
        case("I-040", usual(syn_sent), segment(SYN_ACK, IRS, OURS, 0), |tcb, _| tcb.state =
            State::SynReceived),
        case("I-041", usual(syn_sent), segment(FIN_ACK, IRS, OURS, 0), unasked),
        case("I-042", usual(syn_received), segment(Control::ACK, PEER, ISS, 0), silence),
        case("I-042", usual(syn_received), segment(Control::ACK, PEER, OURS, 0), |tcb, _| tcb.snd.una = ISS),
        case("I-043", usual(syn_received), rst(PEER), |tcb, _| tcb.delete()),
        case("I-043", usual(syn_received), rst(PEER), unasked),
        case("I-044", usual(syn_received), segment(Control::ACK, PEER, OURS, 0), |tcb, _| tcb.snd.wnd = 0),
        case("I-044", usual(syn_sent), segment(SYN_ACK, IRS, OURS, 0), |tcb, _| tcb.snd.wl1 = NONE),
    ]
}

/// What CLOSED, LISTEN and SYN-SENT answer to what is no SYN, wrong in one part.
fn answers_before_syn() -> Vec<Case> {
    let wrong = |spoil| case("I-034", usual(State::Listen), segment(Control::ACK, IRS, OURS, 0), spoil);
    let refused = || segment(RST_ACK, IRS, OURS, 0);
    alloc::vec![
        case("I-032", usual(State::Closed), syn(IRS), changed),
        wrong(changed),
        wrong(|_, actions| alter(actions, |sent| sent.seq += 1)),
        wrong(|_, actions| alter(actions, |sent| sent.ctl |= Control::ACK)),
        wrong(|_, actions| alter(actions, |sent| sent.text.len = 1)),
        case("I-037", usual(State::SynSent), segment(SYN_ACK, IRS, OURS + 1, 0), changed),
        case("I-037", usual(State::SynSent), segment(SYN_ACK, IRS, OURS + 1, 0), |tcb, _| {
            tcb.timers.remove(Timer::Retransmission);
        }),
        case("I-038", usual(State::SynSent), refused(), |tcb, _| tcb.state = State::SynSent),
        case("I-038", usual(State::SynSent), refused(), unasked),
    ]
}

/// The handshake, wrong in one part.
fn answers_to_syn() -> Vec<Case> {
    let listening = |spoil| case("I-035", usual(State::Listen), syn(IRS), spoil);
    let opened = |spoil| case("I-040", usual(State::SynSent), segment(SYN_ACK, IRS, OURS, 0), spoil);
    let wrong_ack = || segment(Control::ACK, PEER, ISS, 5);
    let crossed = || after(usual(State::SynSent), &[syn(IRS)]);
    alloc::vec![
        listening(|tcb, _| tcb.state = State::Established),
        listening(|tcb, _| tcb.snd.una += 1),
        listening(|tcb, _| tcb.snd.nxt += 1),
        listening(|tcb, _| tcb.rcv.irs += 1),
        listening(|tcb, actions| {
            tcb.rcv.nxt += 1;
            alter(actions, |sent| sent.ack += 1);
        }),
        listening(|_, actions| alter(actions, |sent| sent.seq += 1)),
        listening(|_, actions| alter(actions, |sent| sent.ack += 1)),
        listening(|_, actions| alter(actions, |sent| sent.ctl = Control::SYN)),
        case("I-039", usual(State::SynSent), syn(IRS), |tcb, _| tcb.state = State::Established),
        opened(|_, actions| alter(actions, |sent| sent.ctl = Control::PSH)),
        opened(|_, actions| alter(actions, |sent| sent.ctl |= Control::SYN)),
        opened(|_, actions| alter(actions, |sent| sent.ack += 1)),
        opened(|tcb, _| tcb.rcv.irs += 1),
        case("I-042", usual(State::SynReceived), segment(Control::ACK, PEER, ISS, 0), changed),
        case("I-042", without_room(State::SynReceived), wrong_ack(), changed),
        case("I-042", without_room(State::SynReceived), wrong_ack(), silence),
        case("I-043", crossed(), rst(PEER), |tcb, _| tcb.state = State::Listen),
        case("I-043", crossed(), rst(PEER), silence),
        case("I-043", reopening(), rst(PEER + 10), |tcb, _| tcb.state = State::Listen),
        case("I-044", usual(State::SynSent), segment(SYN_ACK, IRS, OURS, 0), |tcb, _| tcb.snd.wl2 = NONE),
    ]
}

fn segments() -> Vec<Case> {
    let open = State::Established;
    let text_at_closed_window = || segment(Control::ACK | Control::URG, PEER + 4_096, OURS + 2, 5);
    let shut_and_sending = || after(full(), &[send(b"text")]);
    alloc::vec![
        case("I-045", usual(open), segment(Control::ACK, PEER - 9, OURS, 5), silence),
        case("I-045", usual(open), segment(Control::ACK, PEER - 9, OURS, 5), |tcb, _| tcb.snd.wnd += 1),
        case("I-046", usual(open), rst(PEER - 1), unasked),
        case("I-047", usual(open), rst(PEER + 1), silence),
        case("I-047", usual(open), rst(PEER), |tcb, _| *tcb = usual(State::Established)),
        case("I-048", rfc793(open), rst(PEER + 1), |tcb, _| *tcb = rfc793(State::Established)),
        case("I-048", rfc793(open), rst(PEER + 1), unasked),
        case("I-049", usual(open), rst(PEER + 1), |tcb, _| tcb.profile.exact_resets = false),
        case("I-049", usual(open), Event::Call(Call::Nagle { on: false }), |tcb, _| tcb.profile.nagle = true),
        case("I-049", usual(open), Event::LargestText(500), |tcb, _| tcb.profile.nagle = false),
        case("I-072", usual(open), Event::LargestText(500), accepted),
        case("I-050", full(), rst(PEER + 4_096), |tcb, _| *tcb = full()),
        case("I-050", shut_and_sending(), text_at_closed_window(), |tcb, _| tcb.snd.una = OURS),
        case("I-050", shut_and_sending(), text_at_closed_window(), |tcb, _| tcb.rcv.nxt += 1),
        case("I-050", shut_and_sending(), text_at_closed_window(), |tcb, _| tcb.rcv.up = None),
        case("I-051", usual(open), syn(PEER + 1), silence),
        case("I-051", usual(open), segment(SYN_ACK, PEER - 3, OURS, 10), |tcb, _| tcb.rcv.nxt += 6),
        case("I-052", rfc793(open), syn(PEER + 1), silence),
        case("I-052", rfc793(open), syn(PEER + 1), |tcb, _| *tcb = rfc793(State::Established)),
        case("I-053", usual(State::SynReceived), syn(PEER), unasked),
        case("I-053", usual(State::SynReceived), syn(PEER), |tcb, _| tcb.delete()),
        case("I-054", usual(open), segment(Control::FIN, PEER, OURS, 5), unasked),
        case("I-054", usual(open), segment(Control::FIN, PEER, OURS, 5), |tcb, _| tcb.rcv.nxt += 5),
        case("I-055", usual(open), segment(Control::ACK, PEER, OURS + 1, 5), silence),
        case("I-055", usual(open), segment(Control::ACK, PEER, OURS + 1, 5), |tcb, _| tcb.snd.wnd = 1),
        case("I-056", usual(open), segment(Control::ACK, PEER, OURS - 5_000, 5), silence),
        case("I-056", usual(open), segment(Control::ACK, PEER, OURS - 5_000, 5), |tcb, _| tcb.rcv.nxt += 5),
        case("I-057", usual(open), send(b"text"), |tcb, _| tcb.snd.una += 1),
        case("I-057", usual(open), segment(Control::ACK, PEER, OURS, 0), |tcb, _| tcb.snd.una = ISS),
        case("I-058", usual(open), with_window(Control::ACK, PEER, OURS, 0, 77), |tcb, _| tcb.snd.wnd =
            4_096),
        case("I-058", usual(open), with_window(Control::ACK, PEER, OURS - 1, 0, 77), |tcb, _| tcb.snd.wnd =
            77),
    ]
}

/// What the synchronized states answer, wrong in one part.
fn answers_in_other_states() -> Vec<Case> {
    let outside = |spoil| {
        let event = segment(Control::ACK, PEER - 9, OURS, 5);
        case("I-045", usual(State::Established), event, spoil)
    };
    alloc::vec![
        outside(|_, actions| alter(actions, |sent| sent.seq += 1)),
        outside(|_, actions| alter(actions, |sent| sent.ack += 1)),
        outside(|_, actions| alter(actions, |sent| sent.ctl |= Control::PSH)),
        outside(|_, actions| alter(actions, |sent| sent.text.len = 1)),
        case("I-053", reopening(), syn(PEER + 10), |tcb, _| tcb.state = State::Listen),
        case("I-053", reopening(), syn(PEER + 10), unasked),
        case("I-057", sending(), segment(Control::FIN, PEER, OURS + 6, 5), |tcb, _| tcb.snd.una += 6),
        case("I-057", sending(), segment(RST_ACK, PEER - 1, OURS + 6, 0), |tcb, _| tcb.snd.una += 6),
        case("I-057", sending(), segment(Control::ACK, PEER, OURS + 6, 0), |tcb, _| tcb.snd.una = OURS + 3),
    ]
}

fn endings() -> Vec<Case> {
    let unread = || after(half_duplex(State::Established), &[segment(Control::ACK, PEER, OURS, 5)]);
    let our_fin = || segment(Control::ACK, PEER, OURS + 1, 0);
    let both = || segment(FIN_ACK, PEER, OURS + 1, 0);
    alloc::vec![
        case("I-059", usual(State::FinWait1), our_fin(), |tcb, _| tcb.state = State::FinWait1),
        case("I-059", usual(State::FinWait1), both(), |tcb, _| tcb.state = State::Closing),
        case("I-060", usual(State::FinWait2), both(), silence),
        case("I-060", usual(State::FinWait2), both(), |tcb, _| tcb.state = State::FinWait2),
        case("I-061", usual(State::CloseWait), CLOSE, |tcb, _| tcb.state = State::CloseWait),
        case("I-061", usual(State::CloseWait), CLOSE, silence),
        case("I-061", usual(State::CloseWait), CLOSE, |_, actions| alter(actions, |sent| sent.seq += 1)),
        case("I-061", usual(State::CloseWait), CLOSE, |_, actions| {
            alter(actions, |sent| sent.ctl = Control::ACK);
        }),
        case("I-061", usual(State::CloseWait), CLOSE, |tcb, _| tcb.send_queue.push_back(b'x')),
        case("I-061", usual(State::CloseWait), CLOSE, |tcb, _| {
            tcb.state = State::CloseWait;
            tcb.snd.close_queued = true;
        }),
        case("I-062", usual(State::Closing), segment(Control::ACK, PEER + 1, OURS + 1, 0), |tcb, _| {
            tcb.state = State::Closing;
        }),
        case("I-062", usual(State::LastAck), segment(Control::ACK, PEER + 1, OURS, 0), |tcb, _| tcb.delete()),
        case("I-067", usual(State::SynSent), CLOSE, unasked),
        case("I-067", usual(State::SynSent), CLOSE, |tcb, _| *tcb = usual(State::SynSent)),
        case("I-068", usual(State::Established), ABORT, silence),
        case("I-068", usual(State::SynSent), ABORT, unasked),
        case("I-068", usual(State::Established), ABORT, |tcb, _| *tcb = usual(State::Established)),
        case("I-068", usual(State::Established), ABORT, |_, actions| alter(actions, |sent| sent.seq += 1)),
        case("I-068", usual(State::Established), ABORT, |_, actions| alter(actions, |sent| sent.text.len =
            1)),
        case("I-078", unread(), CLOSE, silence),
        case("I-078", half_duplex(State::FinWait2), segment(Control::ACK, PEER, OURS + 1, 5), |tcb, _| {
            *tcb = half_duplex(State::FinWait2);
        }),
        case("I-078", half_duplex(State::FinWait1), our_fin(), |tcb, _| tcb.receive_queue.push_back(b'x')),
    ]
}

/// What the peer may not add to a stream that it has ended.
fn after_the_fin() -> Vec<Case> {
    let urgent = Control::URG | Control::ACK;
    let late = |spoil| case("I-063", usual(State::CloseWait), segment(urgent, PEER + 1, OURS, 5), spoil);
    alloc::vec![
        late(|tcb, _| tcb.rcv.nxt += 5),
        late(|tcb, _| tcb.rcv.up = Some(PEER + 4)),
        late(|tcb, _| tcb.receive_queue.push_back(b'x')),
        late(|_, actions| actions.octets.push(b'x')),
        late(|tcb, _| tcb.reassembly.hold(PEER + 9, b"x")),
        late(|_, actions| actions.list.push(Action::Signal(Signal::ConnectionClosing))),
        late(|_, actions| actions.list.push(Action::Signal(Signal::UrgentText))),
    ]
}

fn time_wait() -> Vec<Case> {
    let again = || segment(FIN_ACK, PEER, OURS + 1, 0);
    alloc::vec![
        case("I-064", usual(State::TimeWait), again(), |tcb, _| tcb.delete()),
        case("I-064", usual(State::TimeWait), again(), |_, actions| {
            actions.list.push(Action::Arm(Timer::TimeWait, core::time::Duration::from_secs(60)));
        }),
        case("I-064", usual(State::FinWait2), again(), |_, actions| {
            actions.list.retain(|action| !matches!(action, Action::Arm(..)));
        }),
        case("I-065", usual(State::TimeWait), again(), silence),
        case("I-066", usual(State::TimeWait), syn(PEER + 9), |tcb, _| tcb.state = State::SynReceived),
        case("I-066", reusing(), syn(PEER + 9), |tcb, _| tcb.snd.iss = OURS),
        case("I-066", reusing(), syn(PEER + 9), |tcb, actions| {
            tcb.snd.iss = OURS;
            alter(actions, |sent| sent.seq = OURS);
        }),
        case("I-066", reusing(), syn(PEER + 9), |tcb, _| tcb.state = State::TimeWait),
        case("I-066", reusing(), syn(PEER + 9), |tcb, _| tcb.origin = Origin::Passive),
        case("I-066", reusing(), syn(PEER + 9), |_, actions| alter(actions, |sent| sent.ack += 1)),
        case("I-066", reusing(), syn(PEER + 9), |_, actions| alter(actions, |sent| sent.ctl = Control::SYN)),
        case("I-066", reusing(), syn(PEER + 9), silence),
    ]
}

fn every_step() -> Vec<Case> {
    let open = State::Established;
    let urgent_receive = Event::Call(Call::Receive { max: 9 });
    alloc::vec![
        case("I-069", usual(open), rst(PEER), unasked),
        case("I-070", usual(open), segment(Control::ACK, PEER, OURS, 5), |tcb, _| tcb.rcv.nxt += 1),
        case("I-070", usual(open), segment(FIN_ACK, PEER, OURS, 0), |tcb, _| tcb.rcv.nxt += 1),
        case("I-070", usual(open), segment(Control::ACK, PEER, OURS, 5), |tcb, _| tcb.receive_queue.clear()),
        case("I-071", usual(State::Listen), segment(Control::SYN | Control::RST, IRS, NONE, 0), |tcb, _| {
            tcb.state = State::SynReceived;
        }),
        case("I-072", usual(open), segment(Control::ACK, PEER, OURS, 0), |_, actions| {
            actions.rules.insert(Rule::Seq4);
        }),
        case("I-072", usual(open), Event::Call(Call::Status), silence),
        case("I-072", usual(open), Event::Timeout(Timer::Persist), unasked),
        case("I-072", usual(open), segment(Control::ACK, PEER, OURS, 0), accepted),
        case("I-072", sending(), Event::Timeout(Timer::Retransmission), accepted),
        case("I-072", sending(), Event::Timeout(Timer::Retransmission), |_, actions| {
            actions.rules = RuleSet::default();
        }),
        case("I-073", usual(open), rst(PEER), silence),
        case("I-073", usual(open), segment(FIN_ACK, PEER, OURS, 0), |_, actions| {
            actions.list.retain(|action| !matches!(action, Action::Signal(_)));
        }),
        case("I-073", usual(open), urgent_receive, |tcb, _| tcb.receives.clear()),
        case("I-075", usual(State::Listen), segment(Control::SYN, IRS, NONE, 5), |tcb, _| {
            tcb.receive_queue.push_back(b'x');
        }),
        case("I-076", usual(State::SynReceived), Event::Timeout(Timer::Retransmission), |tcb, _| tcb
            .snd
            .iss +=
            1),
        case("I-076", usual(State::SynSent), syn(IRS), |_, actions| {
            alter(actions, |sent| sent.seq += 1);
        }),
    ]
}

/// Calls that the record does not allow.
fn calls() -> Vec<Case> {
    let (open, closed) = (State::Established, State::FinWait1);
    alloc::vec![
        case("I-074", usual(closed), send(b"late"), unasked),
        case("I-074", usual(closed), send(b"late"), accepted),
        case("I-074", usual(closed), send(b"late"), |tcb, _| tcb.send_queue.push_back(b'x')),
        case("I-074", usual(closed), CLOSE, unasked),
        case("I-074", usual(closed), CLOSE, changed),
        case("I-074", usual(open), OPEN_ACTIVE, accepted),
        case("I-074", usual(open), OPEN_ACTIVE, changed),
        case("I-074", usual(open), OPEN_ACTIVE, unasked),
        case("I-077", usual(open), OPEN_PASSIVE, |tcb, _| tcb.state = State::Listen),
        case("I-077", usual(open), OPEN_PASSIVE, accepted),
        case("I-077", usual(State::Closed), OPEN_PASSIVE, unasked),
        case("I-077", usual(State::Closed), OPEN_PASSIVE, |tcb, _| tcb.delete()),
        case("I-077", usual(State::Closed), OPEN_PASSIVE, |_, actions| {
            only(actions, Action::Reply(Outcome::Error(CallError::AlreadyExists)));
        }),
    ]
}
