//! Traces: what happened, one event a line, for people and for diffs.
//!
//! The left end is the stack under test, the right end its peer: `>` goes right, `<` goes left, as in packetdrill.
//! Sequence numbers are relative to each end's initial sequence number as soon as it is known, and written `=N`
//! where it is not. There is one rendering; reports, findings and snapshots all use it.

use std::borrow::Cow;
use std::fmt::{self, Display, Write as _};

use tcpspec_core::options::{self, TcpOption};
use tcpspec_core::segment::Integrity;
use tcpspec_core::{Control, Instant, Rule, RuleSet, Segment, SeqNumber, State};

/// One of the two ends of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum End {
    /// The stack under test; TCP peer A of the RFC's figures.
    Left,
    /// Its peer; TCP peer B of the RFC's figures.
    Right,
}

impl End {
    /// The RFC's letter for it in its figures.
    #[must_use]
    pub const fn letter(self) -> &'static str {
        match self {
            Self::Left => "A",
            Self::Right => "B",
        }
    }

    /// The end across.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }
}

/// A segment as it was seen, without its text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SegmentRecord {
    /// SEG.SEQ
    pub seq: SeqNumber,
    /// SEG.ACK
    pub ack: SeqNumber,
    /// Control bits.
    pub ctl: Control,
    /// The window field.
    pub wnd: u16,
    /// The urgent pointer field.
    pub up: u16,
    /// Option octets.
    pub options: Vec<u8>,
    /// Octets of text.
    pub len: u32,
    /// What is wrong with its header.
    pub integrity: Integrity,
}

impl SegmentRecord {
    /// Records a segment.
    #[must_use]
    pub fn of(segment: &Segment<'_>) -> Self {
        Self {
            seq: segment.seq,
            ack: segment.ack,
            ctl: segment.ctl,
            wnd: segment.wnd,
            up: segment.up,
            options: segment.options.to_vec(),
            len: u32::try_from(segment.text.len()).unwrap_or(u32::MAX),
            integrity: segment.integrity,
        }
    }

    /// SEG.SEQ + SEG.LEN
    #[must_use]
    pub fn end(&self) -> SeqNumber {
        self.seq + self.len + self.ctl.sequence_length()
    }
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Happening {
    /// The user of one end made a call.
    Call {
        /// Whose user.
        end: End,
        /// The call, as scenarios write it.
        call: Cow<'static, str>,
        /// Its outcome.
        outcome: Cow<'static, str>,
    },
    /// One end sent a segment.
    Segment {
        /// Who sent it.
        from: End,
        /// The segment.
        segment: SegmentRecord,
        /// Whether the network lost it.
        lost: bool,
    },
    /// One end sent a segment that stays in the network for a while.
    Departure {
        /// Who sent it.
        from: End,
        /// The segment.
        segment: SegmentRecord,
    },
    /// A segment arrived that was sent some time ago, or before the trace began.
    Arrival {
        /// Who sent it, or seems to have.
        from: End,
        /// The segment.
        segment: SegmentRecord,
    },
    /// Something worth saying.
    Note(String),
}

/// One line of a trace.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// When.
    pub time: Instant,
    /// What.
    pub happening: Happening,
    /// State of the left end afterwards, if it shows it.
    pub left: Option<State>,
    /// State of the right end afterwards, if it shows it.
    pub right: Option<State>,
    /// Rows of the decision table that the stacks used since the line before: those of the end that made the call or
    /// got the segment, and of a timeout that sent it.
    pub rules: RuleSet,
}

/// Which connection a line is about, and the initial sequence numbers that its numbers count from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Numbering {
    /// The connection's label in a scenario; printed from 2 on.
    pub connection: u8,
    /// ISS of the left end, once known.
    pub left: Option<SeqNumber>,
    /// ISS of the right end, once known.
    pub right: Option<SeqNumber>,
    /// The left end has asked for a connection and was not answered yet.
    asked: bool,
}

impl Numbering {
    /// Of this connection, whose right end is a script that begins at `right`.
    #[must_use]
    pub const fn of(connection: u8, right: SeqNumber) -> Self {
        Self { connection, left: None, right: Some(right), asked: false }
    }

    /// What a SYN says of the initial numbers. The right end may be a script that probes with any SYN: only what the
    /// left end asks or answers begins a new incarnation.
    fn learn(&mut self, from: End, segment: &SegmentRecord) {
        let damaged = segment.integrity != Integrity::Sound;
        if !segment.ctl.has(Control::SYN) || segment.ctl.has(Control::RST) || damaged {
            return;
        }
        let answers = segment.ctl.has(Control::ACK);
        match from {
            End::Left => {
                self.asked = !answers;
                self.left = Some(segment.seq);
                self.right = if answers { Some(segment.ack - 1) } else { self.right };
            }
            End::Right if self.asked && answers && self.left == Some(segment.ack - 1) => {
                self.asked = false;
                self.right = Some(segment.seq);
            }
            End::Right => {
                self.right.get_or_insert(segment.seq);
            }
        }
    }
}

/// A list of what happened on one connection, or on several.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Trace {
    /// What happened, in order.
    pub entries: Vec<Entry>,
    /// What the numbers of each entry count from.
    numbering: Vec<Numbering>,
    /// What numbers count from now.
    pub current: Numbering,
    /// Print sequence numbers as they are.
    pub absolute: bool,
    /// Print the rows of the decision table, too.
    pub with_rules: bool,
}

impl Trace {
    /// An empty trace that prints sequence numbers as they are.
    #[must_use]
    pub fn in_absolute_numbers() -> Self {
        Self { absolute: true, ..Self::default() }
    }

    /// An empty trace with room for so many events.
    #[must_use]
    pub fn with_capacity(events: usize) -> Self {
        Self { entries: Vec::with_capacity(events), numbering: Vec::with_capacity(events), ..Self::default() }
    }

    /// Writes down one more event.
    pub fn push(&mut self, entry: Entry) {
        if let Happening::Segment { from, segment, .. }
        | Happening::Departure { from, segment }
        | Happening::Arrival { from, segment } = &entry.happening
        {
            self.current.learn(*from, segment);
        }
        self.entries.push(entry);
        self.numbering.push(self.current);
    }

    /// The label of the connection that an entry is about, by the entry's index.
    #[must_use]
    pub fn connection_of(&self, index: usize) -> u8 {
        self.numbering[index].connection
    }

    /// What the numbers of an entry count from, by the entry's index.
    #[must_use]
    pub fn numbering_of(&self, index: usize) -> Numbering {
        self.numbering[index]
    }

    /// What happened in an entry, by its index: the part of its line that has neither time nor state.
    #[must_use]
    pub fn text_of(&self, index: usize) -> String {
        self.text(&self.entries[index], self.numbering[index])
    }

    /// A segment in packetdrill's notation, with what numbers count from now.
    #[must_use]
    pub fn segment_text(&self, from: End, segment: &SegmentRecord) -> String {
        self.segment_counted(self.current, from, segment)
    }

    fn segment_counted(&self, numbering: Numbering, from: End, segment: &SegmentRecord) -> String {
        let Numbering { left, right, .. } = numbering;
        let (own, other) = match from {
            _ if self.absolute => (Some(SeqNumber(0)), Some(SeqNumber(0))),
            End::Left => (left, right),
            End::Right => (right, left),
        };
        let SegmentRecord { seq, ack, ctl, wnd, up, options, len, integrity } = segment;
        let mut text = String::new();
        let acknowledges = ctl.has(Control::ACK);
        // A RST that answers a segment without ACK has sequence number zero, whoever's numbers those are.
        let own = own.filter(|_| !(ctl.has(Control::RST) && acknowledges && seq.0 == 0));
        // That of a RST without ACK is copied from a segment; it may be anything.
        let _ = write!(text, "{ctl} {}:{}({len})", Relative(*seq, own), Relative(*seq + *len, own));
        if acknowledges {
            let _ = write!(text, " ack {}", Relative(*ack, other));
        }
        if !ctl.has(Control::RST) {
            let _ = write!(text, " win {wnd}");
        }
        if ctl.has(Control::URG) {
            let _ = write!(text, " urg {up}");
        }
        if !options.is_empty() {
            let _ = write!(text, " <{}>", OptionList(options, other));
        }
        match integrity {
            Integrity::Sound => {}
            Integrity::BadChecksum => text.push_str(" bad-checksum"),
            Integrity::BadDataOffset => text.push_str(" bad-data-offset"),
        }
        text
    }

    /// The lines of the trace, one per entry; with rules, an entry may take two.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.entries.iter().zip(&self.numbering).map(|(entry, numbering)| self.line(entry, *numbering))
    }

    /// Connection, sign and text of an entry.
    fn text(&self, entry: &Entry, numbering: Numbering) -> String {
        let segment_text = |from, segment| self.segment_counted(numbering, from, segment);
        let label = match numbering.connection {
            0 | 1 => String::new(),
            label => format!("@{label} "),
        };
        let (arrow, text) = match &entry.happening {
            Happening::Call { end, call, outcome } => {
                let arrow = if *end == End::Left { ' ' } else { '|' };
                let separator = if outcome.is_empty() { "" } else { " -> " };
                (arrow, format!("{call}{separator}{outcome}"))
            }
            Happening::Segment { from, segment, lost } => {
                let arrow = if *from == End::Left { '>' } else { '<' };
                let lost = if *lost { "  lost" } else { "" };
                (arrow, format!("{}{lost}", segment_text(*from, segment)))
            }
            Happening::Departure { from, segment } | Happening::Arrival { from, segment } => {
                let arrow = if *from == End::Left { '>' } else { '<' };
                (arrow, segment_text(*from, segment))
            }
            Happening::Note(note) => ('*', note.clone()),
        };
        format!("{label}{arrow} {text}")
    }

    fn line(&self, entry: &Entry, numbering: Numbering) -> String {
        // As in the RFC's figures, the far end of a segment under way is three dots.
        let far = match entry.happening {
            Happening::Departure { from, .. } => Some(from.other()),
            Happening::Arrival { from, .. } => Some(from),
            Happening::Call { .. } | Happening::Segment { .. } | Happening::Note(_) => None,
        };
        let column =
            |end, state: Option<State>| if far == Some(end) { Some("...") } else { state.map(State::name) };
        let (left, right) = (column(End::Left, entry.left), column(End::Right, entry.right));
        let left = left.unwrap_or_default();
        let text = self.text(entry, numbering);
        let time = entry.time.to_string();
        let mut line = match right {
            Some(right) => format!("{time:>12}  {left:<12}  {text:<50}  {right}"),
            None => format!("{time:>12}  {left:<12}  {text}"),
        };
        if self.with_rules && !entry.rules.is_empty() {
            let ids: Vec<_> = entry.rules.iter().map(Rule::id).collect();
            let _ = write!(line, "\n{:>12}  {:<12}    {}", "", "", ids.join(" "));
        }
        line.truncate(line.trim_end().len());
        line
    }
}

impl Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// A sequence number relative to an initial one; `=N` if that is not known, negative if it lies before.
struct Relative(SeqNumber, Option<SeqNumber>);

impl Display for Relative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1 {
            Some(iss) if self.0.offset_from(iss) < -1_000_000 => write!(f, "{}", self.0.since(iss)),
            Some(iss) => write!(f, "{}", self.0.offset_from(iss)),
            None => write!(f, "={}", self.0),
        }
    }
}

/// Options in packetdrill's words, and where the numbers in them count from.
struct OptionList<'a>(&'a [u8], Option<SeqNumber>);

impl Display for OptionList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, option) in options::walk(self.0).enumerate() {
            f.write_str(if index > 0 { "," } else { "" })?;
            match option {
                Ok(TcpOption::NoOperation) => f.write_str("nop")?,
                Ok(TcpOption::MaximumSegmentSize(mss)) => write!(f, "mss {mss}")?,
                Ok(TcpOption::WindowScale(shift)) => write!(f, "wscale {shift}")?,
                Ok(TcpOption::SackPermitted) => f.write_str("sackOK")?,
                Ok(TcpOption::Sack(blocks)) => {
                    f.write_str("sack")?;
                    blocks.as_chunks().0.iter().try_for_each(|&[a, b, c, d, e, g, h, i]| {
                        let (start, end) = ([a, b, c, d], [e, g, h, i]);
                        let [start, end] = [start, end].map(|edge| SeqNumber(u32::from_be_bytes(edge)));
                        write!(f, " {}:{}", Relative(start, self.1), Relative(end, self.1))
                    })?;
                }
                Ok(TcpOption::Timestamps { value, echo_reply }) => {
                    write!(f, "TS val {value} ecr {echo_reply}")?;
                }
                Ok(TcpOption::Unknown { kind, data }) => write!(f, "kind {kind} ({} octets)", data.len())?,
                Err(illegal) => write!(f, "kind {} of illegal length", illegal.kind)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(ctl: Control, seq: u32, ack: u32, len: u32) -> SegmentRecord {
        let segment =
            Segment { seq: SeqNumber(seq), ack: SeqNumber(ack), ctl, wnd: 1000, ..Segment::default() };
        SegmentRecord { len, ..SegmentRecord::of(&segment) }
    }

    fn sent(from: End, segment: SegmentRecord, left: State) -> Entry {
        let happening = Happening::Segment { from, segment, lost: false };
        Entry {
            time: Instant(1_500_000),
            happening,
            left: Some(left),
            right: None,
            rules: RuleSet::default(),
        }
    }

    #[test]
    fn numbers_are_relative_once_the_initial_one_is_known() {
        let mut trace = Trace::default();
        trace.push(sent(End::Right, record(Control::ACK, 77, 88, 0), State::Listen));
        let before = trace.to_string();
        trace.push(sent(End::Right, record(Control::SYN, 5000, 0, 0), State::SynReceived));
        trace.push(sent(End::Left, record(Control::SYN | Control::ACK, 300, 5001, 0), State::SynReceived));
        trace.push(sent(End::Right, record(Control::PSH | Control::ACK, 5001, 301, 10), State::Established));
        assert_eq!(before, "    1.500000  LISTEN        < . =77:=77(0) ack =88 win 1000\n");
        assert_eq!(
            trace.to_string().lines().skip(1).collect::<Vec<_>>(),
            [
                "    1.500000  SYN-RECEIVED  < S 0:0(0) win 1000",
                "    1.500000  SYN-RECEIVED  > S. 0:0(0) ack 1 win 1000",
                "    1.500000  ESTABLISHED   < P. 1:11(10) ack 1 win 1000",
            ]
        );
    }

    #[test]
    fn a_line_names_its_connection_unless_it_is_the_first() {
        let mut trace = Trace::default();
        for connection in [1, 2, 1] {
            trace.current = Numbering { connection, ..Numbering::default() };
            trace.push(sent(End::Right, record(Control::SYN, 5000, 0, 0), State::SynReceived));
        }
        let lines: Vec<_> = trace.lines().collect();
        assert_eq!(lines[0], "    1.500000  SYN-RECEIVED  < S 0:0(0) win 1000");
        assert_eq!(lines[1], "    1.500000  SYN-RECEIVED  @2 < S 0:0(0) win 1000");
        assert_eq!(lines[2], lines[0]);
    }

    #[test]
    fn a_damaged_syn_begins_nothing() {
        let mut trace = Trace::default();
        trace.push(sent(End::Left, record(Control::SYN, 5000, 0, 0), State::SynSent));
        let damaged = record(Control::SYN, 5256, 0, 0);
        let damaged = SegmentRecord { integrity: Integrity::BadChecksum, ..damaged };
        trace.push(sent(End::Left, damaged, State::SynSent));
        assert_eq!(
            trace.segment_text(End::Left, &record(Control::ACK, 5001, 0, 0)),
            ". 1:1(0) ack =0 win 1000"
        );
    }

    #[test]
    fn a_reset_without_connection_keeps_its_zero() {
        let mut trace = Trace::default();
        trace.push(sent(End::Left, record(Control::SYN, 5000, 0, 0), State::SynSent));
        let reset = record(Control::RST | Control::ACK, 0, 9, 0);
        assert_eq!(trace.segment_text(End::Left, &reset), "R. =0:=0(0) ack =9");
    }

    #[test]
    fn calls_notes_and_losses_have_their_signs() {
        let mut trace = Trace::default();
        let entry = |happening| Entry {
            time: Instant::ZERO,
            happening,
            left: None,
            right: None,
            rules: RuleSet::default(),
        };
        let call = |end| Happening::Call { end, call: "send 5".into(), outcome: "5".into() };
        trace.push(entry(call(End::Left)));
        trace.push(entry(call(End::Right)));
        trace.push(entry(Happening::Note("the link is down".into())));
        let segment = record(Control::NONE, 1, 0, 0);
        trace.push(entry(Happening::Segment { from: End::Right, segment, lost: true }));
        assert_eq!(
            trace.to_string().lines().map(str::trim_start).collect::<Vec<_>>(),
            [
                "0.000000                  send 5 -> 5",
                "0.000000                | send 5 -> 5",
                "0.000000                * the link is down",
                "0.000000                < - =1:=1(0) win 1000  lost",
            ]
        );
    }

    #[test]
    fn a_segment_under_way_has_dots_at_its_far_end() {
        let mut trace = Trace::default();
        let entry = |happening| Entry {
            time: Instant::ZERO,
            happening,
            left: Some(State::SynSent),
            right: Some(State::SynReceived),
            rules: RuleSet::default(),
        };
        let syn = |seq| record(Control::SYN, seq, 0, 0);
        trace.push(entry(Happening::Departure { from: End::Left, segment: syn(5) }));
        trace.push(entry(Happening::Departure { from: End::Right, segment: syn(6) }));
        trace.push(entry(Happening::Arrival { from: End::Left, segment: syn(5) }));
        trace.push(entry(Happening::Arrival { from: End::Right, segment: syn(6) }));
        let squeezed: Vec<String> =
            trace.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(
            squeezed,
            [
                "0.000000 SYN-SENT > S 0:0(0) win 1000 ...",
                "0.000000 ... < S 0:0(0) win 1000 SYN-RECEIVED",
                "0.000000 ... > S 0:0(0) win 1000 SYN-RECEIVED",
                "0.000000 SYN-SENT < S 0:0(0) win 1000 ...",
            ]
        );
    }
}
