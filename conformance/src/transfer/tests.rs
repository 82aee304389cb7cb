//! Stories by hand: one that goes well, and those that fuzzing has found.

use super::refusals::{MOST_REFUSALS, refusals_in_a_row};
use super::*;
use crate::network::LinkOptions;
use crate::peers::{EndOptions, Peers, PeersOptions, Stop, octet};
use crate::scenario::ScenarioCall;
use crate::stack::reference::Reference;
use crate::stack::{CallOutcome, Stack};
use tcpspec_core::State;

const A: End = End::Left;
const B: End = End::Right;

const fn end(iss: u32) -> EndChoice {
    EndChoice {
        iss,
        receive_buffer: Buffer::Usual,
        send_buffer: Buffer::Usual,
        segments: Segments::Usual,
        rfc793: false,
        throttled: false,
        ignore_resets_in_time_wait: false,
        reuse_time_wait: false,
        acknowledge_at_once: false,
        nagle: true,
        measure_round_trips: true,
        congestion_control: false,
    }
}

fn story(ends: [EndChoice; 2], acts: &[(u8, End, Deed)]) -> Transfer {
    Transfer {
        ends,
        msl: 2,
        network: Network { delay: 9, ..Network::default() },
        opening: Opening::PassiveActive,
        acts: acts
            .iter()
            .map(|&(after, end, deed)| Act { after: Pause(after), left: end == A, deed })
            .collect(),
    }
}

fn told(story: &Transfer) -> Peers {
    story.tell().unwrap_or_else(|broken| panic!("{broken}\n{story}"))
}

fn six_octets(from: End) -> CallOutcome {
    CallOutcome::Received((0..6).map(|at| octet(from, at)).collect())
}

#[test]
fn a_story_ends_with_all_text_delivered_and_both_ends_closed() {
    let acts = [(20, A, Deed::Send(Size(155))), (220, B, Deed::Send(Size(9)))];
    let mut lost = 0;
    for seed in 0..8 {
        let hostile =
            Network { seed, delay: 9, loss: 60, duplication: 30, corruption: 30, ..Network::default() };
        let mut peers = told(&Transfer { network: hostile, ..story([end(u32::MAX), end(1 << 31)], &acts) });
        assert_eq!((peers.received(B).len(), peers.received(A).len()), (4096, 10));
        assert_eq!((peers.state(A), peers.state(B)), (Some(State::Closed), Some(State::Closed)));
        assert_eq!(peers.run_until_quiet(Duration::from_secs(1000)), Stop::Quiet);
        lost += peers.link(A).counts().lost;
    }
    assert!(lost > 0, "the network was hostile");
}

#[test]
fn a_story_reads_as_one() {
    let acts = [(20, A, Deed::Send(Size(5))), (200, B, Deed::ReadAll), (0, A, Deed::Abort)];
    let mut story = story([end(7), EndChoice { rfc793: true, nagle: false, ..end(8) }], &acts);
    story.opening = Opening::Early { late: Pause(10), active: true };
    assert_eq!(
        story.to_string(),
        "MSL 2 s, network 0: 10ms and up to 0 ms more; of 256 segments 0 are lost, 0 doubled, 0 damaged, \
         0 set aside for 0/256 of the MSL\n\
         A: ISS 7, buffers of 4096 and 4096 octets, segments of 1460\n\
         B: ISS 8, buffers of 4096 and 4096 octets, segments of 1460, RFC 793, no Nagle\n\
         A connects, after 25ms B connects\n \
         1. after 100ms A sends 6\n \
         2. after 10s B reads everything from now on\n \
         3. after 0ns A aborts\n"
    );
}

/// B sends text, closes and aborts, so that text, FIN and RST arrive together: A learns nothing of the RST in CLOSING,
/// so what it is told is the end must come after the text.
#[test]
fn a_reset_that_nobody_hears_of_leaves_the_text_to_the_user() {
    let acts = [(20, B, Deed::Send(Size(9))), (0, B, Deed::Close), (0, B, Deed::Abort), (0, A, Deed::Close)];
    let mut story = story([end(7), end(8)], &acts);
    story.network.delay = 99;
    story.acts[0].after = Pause(60);
    let mut peers = told(&story);
    assert_eq!((peers.state(A), peers.state(B)), (Some(State::Closed), Some(State::Closed)));
    assert_eq!(peers.received(A).len(), 10);
    assert_eq!(peers.call(A, ScenarioCall::Receive(1)), CallOutcome::EndOfStream);
}

/// Two ends with windows of six octets, connected by a link of a millisecond each way.
fn narrow() -> Peers {
    let link = LinkOptions { delay: Duration::from_millis(1), ..LinkOptions::default() };
    let options = PeersOptions { link, buffer: 20, nagle: false, ..PeersOptions::default() };
    let ends = options.ends().map(|end| EndOptions { receive_buffer: 6, ..end });
    let mut peers = Peers::unlike([0, 0].map(|_| -> Box<dyn Stack> { Box::new(Reference::new()) }), ends);
    peers.call(B, ScenarioCall::OpenPassive);
    peers.call(A, ScenarioCall::OpenActive);
    peers.run_until_quiet(Duration::from_secs(1));
    peers
}

/// Each end has a full buffer to read, and has sent a probe past the other's closed window. Neither's acknowledgments
/// are acceptable by Table 6, so each is answered by the other (V-19): only reading ends it.
#[test]
fn crossing_probes_of_closed_windows_refuse_each_other_until_somebody_reads() {
    let mut peers = narrow();
    for end in [A, B] {
        peers.call(end, ScenarioCall::Send(20));
    }
    peers.run_for(Duration::from_secs(2));
    assert!(refusals_in_a_row(&peers.trace) >= MOST_REFUSALS, "{}", peers.trace);
    let before = peers.segments();
    peers.run_for(Duration::from_secs(1));
    assert!(peers.segments() - before > 1000, "as fast as the network carries them");
    peers.call(A, ScenarioCall::Receive(6));
    peers.run_for(Duration::from_millis(10));
    assert_eq!(refusals_in_a_row(&peers.trace), 0, "{}", peers.trace);
}

/// The same with FINs for probes, and nothing that would ever be probed again: two users who fill each other's window,
/// close and do not read.
#[test]
fn crossing_fins_past_closed_windows_refuse_each_other_until_somebody_reads() {
    let mut peers = narrow();
    for end in [A, B] {
        peers.call(end, ScenarioCall::Send(6));
        peers.call(end, ScenarioCall::Close);
    }
    peers.run_for(Duration::from_millis(500));
    assert!(refusals_in_a_row(&peers.trace) >= MOST_REFUSALS, "{}", peers.trace);
    assert_eq!([A, B].map(|end| peers.call(end, ScenarioCall::Receive(9))), [B, A].map(six_octets));
    peers.run_for(Duration::from_secs(1));
    assert_eq!(refusals_in_a_row(&peers.trace), 0, "{}", peers.trace);
    assert_eq!((peers.state(A), peers.state(B)), (Some(State::TimeWait), Some(State::TimeWait)));
}

/// Both ends have lost a whole window. The FINs that follow it, and the acknowledgments that answer those, lie past the
/// other's right edge although its window is open.
#[test]
fn after_lost_windows_acknowledgments_refuse_each_other_until_the_text_comes_again() {
    let mut peers = narrow();
    for end in [A, B] {
        peers.lose_next(end);
        peers.call(end, ScenarioCall::Send(6));
    }
    peers.run_for(Duration::from_millis(5));
    for end in [A, B] {
        peers.call(end, ScenarioCall::Close);
    }
    peers.run_for(Duration::from_millis(500));
    assert!(refusals_in_a_row(&peers.trace) >= MOST_REFUSALS, "{}", peers.trace);
    assert_eq!(
        [A, B].map(|end| peers.call(end, ScenarioCall::Receive(9))),
        [(); 2].map(|()| CallOutcome::WouldBlock)
    );
    peers.run_for(Duration::from_secs(1));
    assert_eq!([A, B].map(|end| peers.call(end, ScenarioCall::Receive(9))), [B, A].map(six_octets));
}
