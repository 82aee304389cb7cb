//! Matching: what an expected segment must look like, and how a mismatch is said.
//!
//! What a pattern leaves out is not looked at. PSH is looked at only where it is named: the standard leaves a sender
//! free to push early (V-28). ECE and CWR never are: congestion marks are another document's business.

use tcpspec_core::Control;
use tcpspec_core::options::{self, TcpOption};

use super::addresses::Addresses;
use super::emission::Emission;
use super::ledger::{Ledger, Space};
use crate::scenario::{OptionKind, OptionSpec, SegmentPattern, WindowPattern};

/// The control bits of which a pattern names all.
fn judged(ctl: Control) -> Control {
    ctl.without(Control::PSH | Control::ECE | Control::CWR)
}

/// Whether a segment of the stack looks like `pattern`, to a peer with this ledger.
pub(super) fn matches(
    pattern: &SegmentPattern,
    emission: &Emission,
    ledger: &Ledger,
    addresses: Addresses,
) -> bool {
    let SegmentPattern { ctl, seq, seq_to, len, ack, wnd, up, options, traffic_class, ttl, route } = pattern;
    let segment = &emission.segment;
    judged(*ctl) == judged(segment.ctl)
        && (!ctl.has(Control::PSH) || segment.ctl.has(Control::PSH))
        && seq.is_none_or(|seq| {
            let from = ledger.resolve(seq, Space::Stack).number;
            let to = seq_to.map_or(from, |to| ledger.resolve(to, Space::Stack).number);
            segment.seq.since(from) <= to.since(from)
        })
        && len.is_none_or(|len| len == segment.len)
        && ack.is_none_or(|ack| ledger.resolve(ack, Space::Peer).number == segment.ack)
        && wnd.is_none_or(|wnd| match wnd {
            WindowPattern::Exactly(wnd) => segment.wnd == wnd,
            WindowPattern::Above(wnd) => segment.wnd > wnd,
        })
        && up.is_none_or(|up| segment.up == up)
        && traffic_class.is_none_or(|class| emission.traffic_class == class)
        && ttl.is_none_or(|ttl| emission.ttl == ttl)
        && route.is_none_or(|route| addresses.route(&route).eq(emission.hops.iter().copied()))
        && options
            .as_ref()
            .is_none_or(|wanted| wanted.iter().all(|option| has_option(&segment.options, option, ledger)))
}

/// Whether an option is in the list, wherever it stands.
fn has_option(octets: &[u8], wanted: &OptionSpec, ledger: &Ledger) -> bool {
    options::walk(octets).filter_map(Result::ok).any(|option| match (wanted, option) {
        (OptionSpec::MaximumSegmentSize(a), TcpOption::MaximumSegmentSize(b)) => *a == b,
        (OptionSpec::WindowScale(a), TcpOption::WindowScale(b)) => *a == b,
        (OptionSpec::SackPermitted, TcpOption::SackPermitted) => true,
        (OptionSpec::Sack(blocks), TcpOption::Sack(octets)) => {
            let edges = blocks.iter().flat_map(|(start, end)| [start, end]);
            let edges = edges.map(|edge| ledger.resolve(*edge, Space::Peer).number.0.to_be_bytes());
            edges.clone().count() <= octets.len() / 4 && edges.zip(octets.chunks(4)).all(|(a, b)| a == b)
        }
        (OptionSpec::NoOperation, TcpOption::NoOperation) => true,
        (OptionSpec::Timestamps { value, echo_reply }, TcpOption::Timestamps { value: b, echo_reply: c }) => {
            (*value, *echo_reply) == (b, c)
        }
        _ => false,
    }) || match wanted {
        OptionSpec::Raw(raw) => !raw.is_empty() && octets.windows(raw.len()).any(|window| window == raw),
        OptionSpec::EndOfList => octets.contains(&0),
        OptionSpec::Without(kind) => {
            !options::walk(octets).filter_map(Result::ok).any(|option| kind_of(option) == Some(*kind))
        }
        _ => false,
    }
}

/// What a pattern can forbid.
const fn kind_of(option: TcpOption<'_>) -> Option<OptionKind> {
    match option {
        TcpOption::MaximumSegmentSize(_) => Some(OptionKind::MaximumSegmentSize),
        TcpOption::WindowScale(_) => Some(OptionKind::WindowScale),
        TcpOption::SackPermitted => Some(OptionKind::SackPermitted),
        TcpOption::Sack(_) => Some(OptionKind::Sack),
        TcpOption::Timestamps { .. } => Some(OptionKind::Timestamps),
        TcpOption::NoOperation | TcpOption::Unknown { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::time::Moment;
    use crate::scenario::{AddressClass, Anchor, Family, Route, SeqExpr};
    use crate::trace::SegmentRecord;
    use tcpspec_core::segment::Integrity;
    use tcpspec_core::{Instant, SeqNumber};

    fn segment() -> SegmentRecord {
        SegmentRecord {
            seq: SeqNumber(301),
            ack: SeqNumber(1001),
            ctl: Control::ACK | Control::PSH,
            wnd: 500,
            up: 7,
            options: vec![2, 4, 5, 180, 1, 0],
            len: 10,
            integrity: Integrity::Sound,
        }
    }

    fn any(ctl: Control) -> SegmentPattern {
        SegmentPattern {
            ctl,
            seq: None,
            seq_to: None,
            len: None,
            ack: None,
            wnd: None,
            up: None,
            options: None,
            traffic_class: None,
            ttl: None,
            route: None,
        }
    }

    fn matches_here(pattern: &SegmentPattern) -> bool {
        let when = Moment::at(Instant::ZERO);
        let (segment, ledger) = (segment(), ledger());
        let emission = Emission {
            when,
            connection: 0,
            segment,
            traffic_class: 46,
            ttl: 17,
            hops: vec![[192, 0, 2, 3].into(), [192, 0, 2, 77].into()],
            trace_line: 0,
            tolerable: false,
        };
        matches(pattern, &emission, &ledger, Addresses::of(Family::V4))
    }

    fn ledger() -> Ledger {
        let mut ledger = Ledger::new(SeqNumber(1000));
        ledger.seen(&SegmentRecord { seq: SeqNumber(300), ctl: Control::SYN, len: 0, ..segment() });
        ledger
    }

    #[test]
    fn what_is_left_out_is_not_looked_at_and_neither_is_psh_unless_named() {
        assert!(matches_here(&any(Control::ACK)));
        assert!(!matches_here(&any(Control::ACK | Control::FIN)));
        assert!(!matches_here(&any(Control::NONE)));
        assert!(matches_here(&any(Control::ACK | Control::PSH)));
        assert!(!matches_here(&any(Control::ACK | Control::URG)));
    }

    #[test]
    fn every_field_that_is_named_counts() {
        let pattern = SegmentPattern {
            seq: Some(SeqExpr::Relative(1)),
            len: Some(10),
            ack: Some(SeqExpr::Relative(1)),
            wnd: Some(WindowPattern::Above(499)),
            up: Some(7),
            traffic_class: Some(46),
            ttl: Some(17),
            route: Route::new(&[AddressClass::Router, AddressClass::Other]),
            options: Some(vec![OptionSpec::NoOperation, OptionSpec::MaximumSegmentSize(1460)]),
            ..any(Control::ACK)
        };
        assert!(matches_here(&pattern));
        for wrong in [
            SegmentPattern { seq: Some(SeqExpr::Relative(2)), ..pattern.clone() },
            SegmentPattern { seq: Some(SeqExpr::Absolute(1)), ..pattern.clone() },
            SegmentPattern {
                seq_to: Some(SeqExpr::Relative(5)),
                seq: Some(SeqExpr::Relative(2)),
                ..pattern.clone()
            },
            SegmentPattern {
                seq_to: Some(SeqExpr::Relative(0)),
                seq: Some(SeqExpr::Relative(u32::MAX)),
                ..pattern.clone()
            },
            SegmentPattern { len: Some(9), ..pattern.clone() },
            SegmentPattern { ack: Some(SeqExpr::Anchor(Anchor::PeerNxt, 2)), ..pattern.clone() },
            SegmentPattern { wnd: Some(WindowPattern::Above(500)), ..pattern.clone() },
            SegmentPattern { wnd: Some(WindowPattern::Exactly(499)), ..pattern.clone() },
            SegmentPattern { up: Some(8), ..pattern.clone() },
            SegmentPattern { traffic_class: Some(45), ..pattern.clone() },
            SegmentPattern { ttl: Some(64), ..pattern.clone() },
            SegmentPattern { route: Route::new(&[AddressClass::Router]), ..pattern.clone() },
            SegmentPattern {
                route: Route::new(&[AddressClass::Other, AddressClass::Router]),
                ..pattern.clone()
            },
            SegmentPattern { options: Some(vec![OptionSpec::MaximumSegmentSize(1)]), ..pattern.clone() },
            SegmentPattern { options: Some(vec![OptionSpec::SackPermitted]), ..pattern.clone() },
            SegmentPattern { options: Some(vec![OptionSpec::WindowScale(1)]), ..pattern.clone() },
            SegmentPattern { options: Some(vec![OptionSpec::Raw(vec![9])]), ..pattern.clone() },
        ] {
            assert!(!matches_here(&wrong), "{wrong:?}");
        }
        for (from, to) in [(1, 1), (0, 1), (1, 2), (u32::MAX, 5)] {
            let (seq, seq_to) = (Some(SeqExpr::Relative(from)), Some(SeqExpr::Relative(to)));
            assert!(matches_here(&SegmentPattern { seq, seq_to, ..pattern.clone() }), "{from} to {to}");
        }
        let raw = SegmentPattern {
            options: Some(vec![OptionSpec::Raw(vec![5, 180]), OptionSpec::EndOfList]),
            ..pattern
        };
        assert!(matches_here(&raw));
    }
}
