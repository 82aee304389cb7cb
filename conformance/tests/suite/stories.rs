//! Generated stories of two references: the same data that the fuzz target makes, here shrunk to readable ones.

use proptest::prelude::*;
use proptest::test_runner::Config;
use tcpspec::transfer::{
    Act, Buffer, Deed, EndChoice, LONGEST, Network, Opening, Pause, Segments, Size, Transfer,
};

/// So many stories, and no file of failed ones: a story that fails is printed and belongs in a test of its own.
pub(crate) fn cases(cases: u32) -> Config {
    Config { cases, failure_persistence: None, ..Config::default() }
}

/// Any story, on any network.
pub(crate) fn stories() -> impl Strategy<Value = Transfer> {
    let acts = proptest::collection::vec(acts(), 0..LONGEST / 2);
    ([ends(), ends()], 1..=8_u8, networks(), openings(), acts)
        .prop_map(|(ends, msl, network, opening, acts)| Transfer { ends, msl, network, opening, acts })
}

fn networks() -> impl Strategy<Value = Network> {
    let chances = (0..120_u8, 0..120_u8, 0..120_u8, any::<u8>(), 0..120_u8);
    (any::<u16>(), any::<u8>(), any::<u8>(), chances).prop_map(|(seed, delay, jitter, chances)| {
        let (loss, duplication, reordering, set_aside, corruption) = chances;
        Network { seed, delay, jitter, loss, duplication, reordering, set_aside, corruption }
    })
}

fn openings() -> impl Strategy<Value = Opening> {
    prop_oneof![
        3 => Just(Opening::PassiveActive),
        1 => Just(Opening::BothPassive),
        2 => Just(Opening::Simultaneous),
        1 => (any::<u8>(), any::<bool>()).prop_map(|(late, active)| Opening::Early { late: Pause(late), active }),
    ]
}

prop_compose! {
    fn ends()(
        iss in prop_oneof![Just(0), Just(1 << 31), Just(u32::MAX), any::<u32>()],
        buffers in (buffers(), buffers()),
        segments in prop_oneof![Just(Segments::Usual), Just(Segments::Small), Just(Segments::Smallest)],
        choices in any::<[bool; 8]>(),
    ) -> EndChoice {
        let [rfc793, throttled, ignore_resets_in_time_wait, reuse_time_wait, at_once, nagle, measure, congestion_control] =
            choices;
        EndChoice {
            iss,
            receive_buffer: buffers.0,
            send_buffer: buffers.1,
            segments,
            rfc793,
            throttled,
            ignore_resets_in_time_wait,
            reuse_time_wait,
            acknowledge_at_once: at_once,
            nagle,
            measure_round_trips: measure,
            congestion_control,
        }
    }
}

fn buffers() -> impl Strategy<Value = Buffer> {
    prop_oneof![
        2 => Just(Buffer::Usual),
        1 => Just(Buffer::Large),
        2 => any::<u8>().prop_map(Buffer::Small),
        1 => any::<u8>().prop_map(Buffer::Tiny),
    ]
}

fn acts() -> impl Strategy<Value = Act> {
    let deeds = prop_oneof![
        12 => any::<u8>().prop_map(|size| Deed::Send(Size(size))),
        6 => any::<u8>().prop_map(|size| Deed::Read(Size(size))),
        3 => Just(Deed::ReadAll),
        3 => Just(Deed::StopReading),
        3 => Just(Deed::Close),
        1 => Just(Deed::Abort),
    ];
    (any::<u8>(), any::<bool>(), deeds).prop_map(|(after, left, deed)| Act {
        after: Pause(after),
        left,
        deed,
    })
}
