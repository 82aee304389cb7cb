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

/// The part of a trace that must not depend on where numbers begin. The reset for a request that no connection wants
/// has SEQ 0 as it stands (RFC 9293 §3.5.2, group 1): it is not shifted with the rest, and where zero is a number that
/// an end of one of the tellings may be waiting for (`iss`: where the ends begin), it may count in that telling alone.
fn up_to_an_absolute_reset<'l>(lines: &'l [String], iss: &[u32]) -> &'l [String] {
    let zero_is_near = iss.iter().any(|iss| iss.wrapping_neg() < ZERO_IS_NEAR);
    let absolute = lines.iter().position(|line| line.contains(" R. =0:=0(0) "));
    &lines[..absolute.filter(|_| zero_is_near).unwrap_or(lines.len())]
}

/// Numbers before zero from which a story can come to wait for zero: what it sends is far less, but the clock of initial
/// numbers moves by this much in four minutes.
const ZERO_IS_NEAR: u32 = 1 << 26;

#[test]
fn a_reset_with_an_absolute_number_ends_the_comparison_only_near_zero() {
    let lines = ["one", "  > R. =0:=0(0) ack 1  "].map(str::to_owned);
    let far = 1 << 31;
    assert_eq!(up_to_an_absolute_reset(&lines, &[far, far]).len(), 2);
    assert_eq!(up_to_an_absolute_reset(&lines, &[far, u32::MAX]).len(), 1);
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn numbers_may_begin_anywhere(story in stories(), shifts in any::<[u32; 2]>()) {
        let mut shifted = story.clone();
        for (end, shift) in shifted.ends.iter_mut().zip(shifts) {
            end.iss = end.iss.wrapping_add(shift);
        }
        let (here, there) = (tell(&story, &Setting::default())?, tell(&shifted, &Setting::default())?);
        let iss: Vec<u32> = [&story, &shifted].iter().flat_map(|story| &story.ends).map(|end| end.iss).collect();
        assert_alike(&story, up_to_an_absolute_reset(&here, &iss), up_to_an_absolute_reset(&there, &iss))?;
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
        let (here, there) = (tell(&story, &Setting::default())?, tell(&story, &elsewhere)?);
        // Initial numbers come from a clock of four microseconds (§3.4.1): another time has others.
        let ticks = u32::try_from(begin * 250).expect("a thousand seconds of ticks");
        let iss: Vec<u32> = story.ends.iter().flat_map(|end| [end.iss, end.iss.wrapping_add(ticks)]).collect();
        assert_alike(&story, up_to_an_absolute_reset(&here, &iss), up_to_an_absolute_reset(&there, &iss))?;
    }
}
