//! What a connection is called, when it happens and where its numbers begin makes no difference to it (P-17, P-18).

use std::net::{Ipv6Addr, SocketAddr};
use std::time::Duration;

use crate::stories::{cases, stories};
use proptest::prelude::*;
use tcpspec::peers::Peers;
use tcpspec::trace::{Entry, Happening};
use tcpspec::transfer::{Setting, Transfer};
use tcpspec_core::Instant;
use tcpspec_core::segment::Integrity;

/// The trace with times from the beginning, numbers relative and rules shown. A flipped bit may have hit a number, so
/// what a damaged segment says is left out.
fn abstract_trace(peers: Peers, begin: Duration) -> Vec<String> {
    let mut trace = peers.trace;
    trace.with_rules = true;
    for Entry { time, happening, .. } in &mut trace.entries {
        *time = Instant::ZERO + time.since(Instant::ZERO + begin);
        let damaged = match happening {
            Happening::Segment { segment, .. }
            | Happening::Departure { segment, .. }
            | Happening::Arrival { segment, .. } => segment.integrity != Integrity::Sound,
            Happening::Call { .. } | Happening::Note(_) => false,
        };
        if damaged {
            *happening = Happening::Note("a damaged segment".into());
        }
    }
    trace.lines().collect()
}

fn tell(story: &Transfer, setting: &Setting) -> Result<Vec<String>, TestCaseError> {
    match story.tell_in(setting) {
        Ok(peers) => Ok(abstract_trace(peers, setting.begin)),
        Err(broken) => Err(TestCaseError::fail(format!("{broken}\n{story}"))),
    }
}

/// Two tellings are the same; if not, the first line that differs says where.
fn assert_alike(story: &Transfer, one: &[String], other: &[String]) -> Result<(), TestCaseError> {
    let differs = one.iter().zip(other).position(|(one, other)| one != other);
    let first = differs.unwrap_or(one.len().min(other.len()));
    let tail = |lines: &[String]| lines[first.saturating_sub(5)..lines.len().min(first + 3)].join("\n");
    prop_assert!(one == other, "{}\n---\n{}\n{story}", tail(one), tail(other));
    Ok(())
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn numbers_may_begin_anywhere(story in stories(), shifts in any::<[u32; 2]>()) {
        let here = tell(&story, &Setting::default())?;
        let mut shifted = story.clone();
        for (end, shift) in shifted.ends.iter_mut().zip(shifts) {
            end.iss = end.iss.wrapping_add(shift);
        }
        assert_alike(&story, &here, &tell(&shifted, &Setting::default())?)?;
    }

    #[test]
    fn sockets_and_the_time_of_day_make_no_difference(
        mut story in stories(),
        ports in any::<[u16; 2]>(),
        hosts in (1..=254_u8, 1..=254_u8),
        begin in 0..1_000_000_u64,
        ipv6 in any::<bool>(),
    ) {
        // Another header has other bits to flip.
        story.network.corruption = if ipv6 { 0 } else { story.network.corruption };
        let address = |host: u8| match ipv6 {
            true => Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, host.into()).into(),
            false => [198, 51, 100, host].into(),
        };
        let sockets = [
            SocketAddr::new(address(hosts.0), ports[0].max(1)),
            SocketAddr::new(address(hosts.1.wrapping_add(u8::from(hosts.0 == hosts.1)).max(1)), ports[1].max(1)),
        ];
        let elsewhere = Setting { sockets, begin: Duration::from_millis(begin) };
        let here = tell(&story, &Setting::default())?;
        assert_alike(&story, &here, &tell(&story, &elsewhere)?)?;
    }
}
