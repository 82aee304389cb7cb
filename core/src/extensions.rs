//! What the two SYNs may agree on beyond RFC 9293: window scaling (RFC 7323 §2) and selective acknowledgment (RFC 2018).
//!
//! Each is in force where the profile offers it and both SYNs carried the option. Left out: timestamps (RFC 7323 §3 to
//! §5), and what a sender may conclude from the blocks that its peer reports (RFC 2018 §5 asks for that with a SHOULD):
//! text is sent again as if no blocks had come.

use crate::options::{self, TcpOption};
use crate::processing::Processing;
use crate::profile::Profile;
use crate::segment::{Control, Segment};
use crate::seq::SeqNumber;
use crate::tcb::{Tcb, octets};

/// The largest window shift (RFC 7323 §2.3): no window reaches 2^30 octets.
pub const LARGEST_SHIFT: u8 = 14;

/// Most blocks that one selective acknowledgment reports: what the options of a header hold (RFC 2018 §3).
pub const MOST_BLOCKS: usize = 4;

/// Octets of options that a selective acknowledgment takes before its blocks: two of padding, kind and length.
const BEFORE_BLOCKS: u32 = 4;

/// Octets of options that a block takes: its first number and the one past its last.
const BLOCK: u32 = 8;

/// Text that the receiver holds above a gap: (first number, one past the last).
pub type Block = (SeqNumber, SeqNumber);

/// What a selective acknowledgment reports, first block first (RFC 2018 §3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct SackBlocks {
    blocks: [Block; MOST_BLOCKS],
    count: u8,
}

impl SackBlocks {
    /// The blocks, in the order in which they are reported.
    #[must_use]
    pub fn as_slice(&self) -> &[Block] {
        &self.blocks[..usize::from(self.count)]
    }

    /// Reports one more block, unless it is reported already or there is no room.
    pub fn push(&mut self, block: Block) {
        let count = usize::from(self.count);
        if count < MOST_BLOCKS && !self.as_slice().contains(&block) {
            self.blocks[count] = block;
            self.count += 1;
        }
    }
}

impl Profile {
    /// The shift that our SYN offers: the smallest with which the whole receive buffer can be offered (RFC 7323 §2.3).
    /// None: the profile does without.
    #[must_use]
    pub fn window_shift(&self) -> Option<u8> {
        let largest = (0..LARGEST_SHIFT).find(|shift| self.receive_buffer >> shift <= u32::from(u16::MAX));
        self.window_scaling.then(|| largest.unwrap_or(LARGEST_SHIFT))
    }
}

impl Tcb {
    /// The window that a segment of the peer's offers, in octets: the field of a SYN is never scaled (RFC 7323 §2.2).
    #[must_use]
    pub fn offered_by(&self, segment: &Segment<'_>) -> u32 {
        let shift = if segment.has(Control::SYN) { 0 } else { self.snd.shift };
        u32::from(segment.wnd) << shift
    }

    /// The window field that a segment with these controls says, and the octets that it stands for (RFC 7323 §2.3).
    pub(crate) fn window_field(&self, ctl: Control) -> (u16, u32) {
        let shift = self.rcv.shift.filter(|_| !ctl.has(Control::SYN)).unwrap_or(0);
        let field = u16::try_from(self.rcv.wnd >> shift).unwrap_or(u16::MAX);
        (field, u32::from(field) << shift)
    }

    /// The largest window that a header can say on this connection, in octets.
    pub(crate) fn largest_window(&self) -> u32 {
        u32::from(u16::MAX) << self.rcv.shift.unwrap_or(0)
    }
}

/// Takes from the peer's SYN what ours offers or will offer too.
pub(crate) fn agree(step: &mut Processing<'_>, segment: &Segment<'_>) {
    let tcb = &mut *step.tcb;
    for option in options::walk(segment.options).filter_map(Result::ok) {
        match option {
            TcpOption::WindowScale(shift) => {
                tcb.rcv.shift = tcb.profile.window_shift();
                tcb.snd.shift = tcb.rcv.shift.map_or(0, |_| shift.min(LARGEST_SHIFT));
            }
            TcpOption::SackPermitted => {
                tcb.rcv.sack_permitted = tcb.profile.selective_acknowledgment;
            }
            _ => {}
        }
    }
}

/// The handshake is over: from now on windows are scaled, and the whole buffer can be offered.
pub(crate) fn offer_the_whole_buffer(tcb: &mut Tcb) {
    let free = tcb.profile.receive_buffer.saturating_sub(octets(tcb.receive_queue.len()));
    tcb.rcv.wnd = tcb.rcv.wnd.max(free.min(tcb.largest_window()));
}

/// Text that begins with `start` has arrived above a gap: the next acknowledgment reports it first (RFC 2018 §4).
pub(crate) fn note_arrival_above_gap(tcb: &mut Tcb, start: SeqNumber) {
    if tcb.rcv.sack_permitted {
        tcb.rcv.above_gap.rotate_right(1);
        tcb.rcv.above_gap[0] = Some(start);
    }
}

/// What an acknowledgment with `text` octets of text has room to report (RFC 2018 §4): first the block with the latest
/// arrival, then those reported before it, then any others.
pub(crate) fn sack_blocks(tcb: &Tcb, text: u32) -> SackBlocks {
    let mut blocks = SackBlocks::default();
    if !tcb.rcv.sack_permitted || tcb.reassembly.is_empty() {
        return blocks;
    }
    let room = tcb.effective_mss().saturating_sub(text + BEFORE_BLOCKS) / BLOCK;
    // An empty segment has room in any packet: a peer's tiny segments bound its text and not our options.
    let room = if text == 0 { MOST_BLOCKS } else { room as usize };
    let holding =
        |number: SeqNumber| tcb.reassembly.ranges().find(|(start, end)| start.le(number) && number.lt(*end));
    let latest = tcb.rcv.above_gap.iter().flatten().filter_map(|start| holding(*start));
    for block in latest.chain(tcb.reassembly.ranges()) {
        if blocks.as_slice().len() < room {
            blocks.push(block);
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(blocks: &SackBlocks) -> std::vec::Vec<(u32, u32)> {
        blocks.as_slice().iter().map(|(start, end)| (start.0, end.0)).collect()
    }

    fn holding(ranges: &[(u32, u32)]) -> Tcb {
        let mut tcb = Tcb::closed(Profile::default());
        tcb.rcv.sack_permitted = true;
        tcb.snd.mss = 1460;
        for (start, end) in ranges {
            tcb.reassembly.hold(SeqNumber(*start), &std::vec![0; (end - start) as usize]);
            note_arrival_above_gap(&mut tcb, SeqNumber(*start));
        }
        tcb
    }

    #[test]
    fn the_shift_is_the_smallest_that_can_offer_the_buffer() {
        let shift = |receive_buffer| {
            Profile { window_scaling: true, receive_buffer, ..Profile::default() }.window_shift()
        };
        let expected = [(1, 0), (65_535, 0), (65_536, 1), (131_071, 1), (131_072, 2), (1 << 20, 5)];
        for (buffer, wanted) in expected {
            assert_eq!(shift(buffer), Some(wanted), "{buffer}");
        }
        assert_eq!(shift(u32::MAX), Some(LARGEST_SHIFT));
        assert_eq!(Profile::default().window_shift(), None);
    }

    #[test]
    fn the_latest_arrival_is_reported_first_then_those_before_it() {
        let mut tcb = holding(&[(50, 60), (10, 20), (30, 40)]);
        assert_eq!(numbers(&sack_blocks(&tcb, 0)), [(30, 40), (10, 20), (50, 60)]);
        tcb.reassembly.hold(SeqNumber(20), &[0; 5]);
        note_arrival_above_gap(&mut tcb, SeqNumber(20));
        assert_eq!(numbers(&sack_blocks(&tcb, 0)), [(10, 25), (30, 40), (50, 60)], "one block, named once");
    }

    #[test]
    fn at_most_four_blocks_are_reported_and_with_text_only_what_fits() {
        let tcb = holding(&[(10, 11), (20, 21), (30, 31), (40, 41), (50, 51), (60, 61)]);
        assert_eq!(numbers(&sack_blocks(&tcb, 0)), [(60, 61), (50, 51), (40, 41), (30, 31)]);
        assert_eq!(numbers(&sack_blocks(&tcb, 1460 - 20)), [(60, 61), (50, 51)]);
        assert_eq!(numbers(&sack_blocks(&tcb, 1460)), []);
    }

    #[test]
    fn nothing_is_reported_without_permission() {
        let mut tcb = holding(&[(10, 20)]);
        tcb.rcv.sack_permitted = false;
        assert_eq!(numbers(&sack_blocks(&tcb, 0)), []);
    }
}
