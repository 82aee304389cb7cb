//! Matching: what an expected segment must look like, and how a mismatch is said.
//!
//! What a pattern leaves out is not looked at. PSH, ECE and CWR are never looked at: the standard leaves a sender free
//! to push early (V-28), and congestion marks are another document's business.

use tcpspec_core::Control;
use tcpspec_core::options::{self, TcpOption};

use super::ledger::{Ledger, Space};
use crate::scenario::{OptionSpec, SegmentPattern, WindowPattern};
use crate::trace::SegmentRecord;

/// The control bits that patterns look at.
fn judged(ctl: Control) -> Control {
    ctl.without(Control::PSH | Control::ECE | Control::CWR)
}

/// Whether a segment of the stack looks like `pattern`, to a peer with this ledger.
pub(super) fn matches(pattern: &SegmentPattern, segment: &SegmentRecord, ledger: &Ledger) -> bool {
    let SegmentPattern { ctl, seq, len, ack, wnd, options } = pattern;
    judged(*ctl) == judged(segment.ctl)
        && seq.is_none_or(|seq| ledger.resolve(seq, Space::Stack).number == segment.seq)
        && len.is_none_or(|len| len == segment.len)
        && ack.is_none_or(|ack| ledger.resolve(ack, Space::Peer).number == segment.ack)
        && wnd.is_none_or(|wnd| match wnd {
            WindowPattern::Exactly(wnd) => segment.wnd == wnd,
            WindowPattern::Above(wnd) => segment.wnd > wnd,
        })
        && options
            .as_ref()
            .is_none_or(|wanted| wanted.iter().all(|option| has_option(&segment.options, option)))
}

/// Whether an option is in the list, wherever it stands.
fn has_option(octets: &[u8], wanted: &OptionSpec) -> bool {
    options::walk(octets).filter_map(Result::ok).any(|option| match (wanted, option) {
        (OptionSpec::MaximumSegmentSize(a), TcpOption::MaximumSegmentSize(b)) => *a == b,
        (OptionSpec::WindowScale(a), TcpOption::WindowScale(b)) => *a == b,
        (OptionSpec::SackPermitted, TcpOption::SackPermitted) => true,
        (OptionSpec::NoOperation, TcpOption::NoOperation) => true,
        (OptionSpec::Timestamps { value, echo_reply }, TcpOption::Timestamps { value: b, echo_reply: c }) => {
            (*value, *echo_reply) == (b, c)
        }
        _ => false,
    }) || match wanted {
        OptionSpec::Raw(raw) => !raw.is_empty() && octets.windows(raw.len()).any(|window| window == raw),
        OptionSpec::EndOfList => octets.contains(&0),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Anchor, SeqExpr};
    use tcpspec_core::SeqNumber;
    use tcpspec_core::segment::Integrity;

    fn segment() -> SegmentRecord {
        SegmentRecord {
            seq: SeqNumber(301),
            ack: SeqNumber(1001),
            ctl: Control::ACK | Control::PSH,
            wnd: 500,
            up: 0,
            options: vec![2, 4, 5, 180, 1, 0],
            len: 10,
            integrity: Integrity::Sound,
        }
    }

    fn any(ctl: Control) -> SegmentPattern {
        SegmentPattern { ctl, seq: None, len: None, ack: None, wnd: None, options: None }
    }

    fn ledger() -> Ledger {
        let mut ledger = Ledger::new(SeqNumber(1000));
        ledger.seen(&SegmentRecord { seq: SeqNumber(300), ctl: Control::SYN, len: 0, ..segment() });
        ledger
    }

    #[test]
    fn what_is_left_out_is_not_looked_at_and_neither_is_psh() {
        assert!(matches(&any(Control::ACK), &segment(), &ledger()));
        assert!(!matches(&any(Control::ACK | Control::FIN), &segment(), &ledger()));
        assert!(!matches(&any(Control::NONE), &segment(), &ledger()));
    }

    #[test]
    fn every_field_that_is_named_counts() {
        let pattern = SegmentPattern {
            seq: Some(SeqExpr::Relative(1)),
            len: Some(10),
            ack: Some(SeqExpr::Relative(1)),
            wnd: Some(WindowPattern::Above(499)),
            options: Some(vec![OptionSpec::NoOperation, OptionSpec::MaximumSegmentSize(1460)]),
            ..any(Control::ACK)
        };
        assert!(matches(&pattern, &segment(), &ledger()));
        for wrong in [
            SegmentPattern { seq: Some(SeqExpr::Relative(2)), ..pattern.clone() },
            SegmentPattern { seq: Some(SeqExpr::Absolute(1)), ..pattern.clone() },
            SegmentPattern { len: Some(9), ..pattern.clone() },
            SegmentPattern { ack: Some(SeqExpr::Anchor(Anchor::PeerNxt, 2)), ..pattern.clone() },
            SegmentPattern { wnd: Some(WindowPattern::Above(500)), ..pattern.clone() },
            SegmentPattern { wnd: Some(WindowPattern::Exactly(499)), ..pattern.clone() },
            SegmentPattern { options: Some(vec![OptionSpec::MaximumSegmentSize(1)]), ..pattern.clone() },
            SegmentPattern { options: Some(vec![OptionSpec::SackPermitted]), ..pattern.clone() },
            SegmentPattern { options: Some(vec![OptionSpec::WindowScale(1)]), ..pattern.clone() },
            SegmentPattern { options: Some(vec![OptionSpec::Raw(vec![9])]), ..pattern.clone() },
        ] {
            assert!(!matches(&wrong, &segment(), &ledger()), "{wrong:?}");
        }
        let raw = SegmentPattern {
            options: Some(vec![OptionSpec::Raw(vec![5, 180]), OptionSpec::EndOfList]),
            ..pattern
        };
        assert!(matches(&raw, &segment(), &ledger()));
    }
}
