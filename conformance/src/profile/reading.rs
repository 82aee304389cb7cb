//! Reading traces of probes.

use std::time::Duration;

use tcpspec_core::options::{self, TcpOption};
use tcpspec_core::{Control, Instant};

use crate::trace::{End, Happening, SegmentRecord, Trace};

/// What a probe showed, and the line of the trace that shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Reading {
    pub(crate) value: String,
    pub(crate) line: Option<usize>,
}

impl Reading {
    pub(crate) fn new(value: impl Into<String>, line: usize) -> Self {
        Self { value: value.into(), line: Some(line) }
    }

    pub(crate) fn unseen(value: impl Into<String>) -> Self {
        Self { value: value.into(), line: None }
    }
}

/// A length of time in the largest unit that is exact to a hundredth.
pub(crate) fn time(time: Duration) -> String {
    let micros = time.as_micros();
    match micros {
        0..1000 => format!("{micros} us"),
        1000..1_000_000 => format!("{} ms", (micros + 500) / 1000),
        _ => {
            let seconds = (time.as_secs_f64() * 100.0).round() / 100.0;
            format!("{seconds} s")
        }
    }
}

/// What [`time`] wrote.
pub(crate) fn read_time(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_once(' ')?;
    let number: f64 = number.parse().ok()?;
    let seconds = match unit {
        "us" => number / 1e6,
        "ms" => number / 1e3,
        "s" => number,
        _ => return None,
    };
    Duration::try_from_secs_f64(seconds).ok()
}

/// Segments of one end, with their lines and times.
pub(crate) fn segments(trace: &Trace, wanted: End) -> Vec<(usize, Instant, &SegmentRecord)> {
    let of_end = trace.entries.iter().enumerate().filter_map(|(line, entry)| match &entry.happening {
        Happening::Segment { from, segment, .. } if *from == wanted => Some((line, entry.time, segment)),
        _ => None,
    });
    of_end.collect()
}

/// What the stack sent after the peer's segment that has `later` others of the peer after it.
pub(crate) fn answers(trace: &Trace, later: usize) -> Vec<(usize, &SegmentRecord)> {
    let peers = segments(trace, End::Right);
    let Some(at) = peers.len().checked_sub(later + 1) else { return Vec::new() };
    let until = peers.get(at + 1).map_or(usize::MAX, |(line, _, _)| *line);
    let from = peers[at].0;
    let mine = segments(trace, End::Left).into_iter();
    mine.filter(|(line, _, _)| (from..until).contains(line))
        .map(|(line, _, segment)| (line, segment))
        .collect()
}

/// When the peer's last segment came.
pub(crate) fn last_of_peer(trace: &Trace) -> Option<(usize, Instant)> {
    segments(trace, End::Right).last().map(|(line, time, _)| (*line, *time))
}

/// Segments of the stack after the peer's last one.
pub(crate) fn after_peer(trace: &Trace) -> Vec<(usize, Instant, &SegmentRecord)> {
    let Some((last, _)) = last_of_peer(trace) else { return segments(trace, End::Left) };
    segments(trace, End::Left).into_iter().filter(|(line, _, _)| *line > last).collect()
}

/// The outcome of the last user call of this name, and its line.
pub(crate) fn last_call<'t>(trace: &'t Trace, name: &str) -> Option<(usize, &'t str)> {
    trace.entries.iter().enumerate().rev().find_map(|(line, entry)| match &entry.happening {
        Happening::Call { call, outcome, .. } if call.starts_with(name) => Some((line, outcome.as_ref())),
        _ => None,
    })
}

/// The options of a SYN, by name; ECN as its bits show it (RFC 3168 §6.1.1).
pub(crate) fn offers(syn: &SegmentRecord) -> String {
    let mut names: Vec<String> = options::walk(&syn.options)
        .filter_map(Result::ok)
        .filter_map(|option| match option {
            TcpOption::MaximumSegmentSize(size) => Some(format!("MSS {size}")),
            TcpOption::WindowScale(shift) => Some(format!("WS {shift}")),
            TcpOption::SackPermitted => Some("SACK".to_owned()),
            TcpOption::Timestamps { .. } => Some("TS".to_owned()),
            _ => None,
        })
        .collect();
    let answer = syn.ctl.has(Control::ACK);
    let ecn = if answer { syn.ctl.has(Control::ECE) } else { syn.ctl.has(Control::ECE | Control::CWR) };
    if ecn {
        names.push("ECN".to_owned());
    }
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// Lengths of time between events, as `1 s, 2 s, 4 s`; at most six.
pub(crate) fn gaps(times: &[Instant]) -> String {
    let gaps = times.windows(2).map(|pair| time(pair[1].since(pair[0])));
    gaps.take(6).collect::<Vec<_>>().join(", ")
}
