//! What a program says to people: made fit for one line of a report, and never more than a report wants to show.

use std::collections::VecDeque;

/// Characters of one thing said that a report shows.
const MOST_CHARACTERS: usize = 300;

/// Last lines of standard error that are kept, and octets of each.
const MOST_LINES: usize = 12;
const MOST_OCTETS: usize = 1000;

/// One line of bounded length without control characters.
pub(super) fn printable(text: &str) -> String {
    let mut characters = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut line: String = characters.by_ref().take(MOST_CHARACTERS).collect();
    if characters.next().is_some() {
        line.push_str("...");
    }
    line
}

/// The last lines of standard error.
#[derive(Debug, Default)]
pub(super) struct LastWords {
    lines: VecDeque<String>,
    /// The line that has not ended yet; what goes beyond the limit is left out.
    open: Vec<u8>,
}

impl LastWords {
    pub(super) fn hear(&mut self, octets: &[u8]) {
        for octet in octets {
            match octet {
                b'\n' => self.end_line(),
                _ if self.open.len() < MOST_OCTETS => self.open.push(*octet),
                _ => {}
            }
        }
    }

    /// The lines so far, blank ones left out.
    pub(super) fn take(&mut self) -> Vec<String> {
        self.end_line();
        self.lines.drain(..).collect()
    }

    fn end_line(&mut self) {
        let line = printable(String::from_utf8_lossy(&self.open).trim_end());
        self.open.clear();
        if !line.trim().is_empty() {
            if self.lines.len() == MOST_LINES {
                self.lines.pop_front();
            }
            self.lines.push_back(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endless_noise_leaves_a_dozen_bounded_lines() {
        let mut words = LastWords::default();
        words.hear(&vec![b'x'; 1 << 20]);
        for number in 0..100 {
            words.hear(format!("\n\x1b[31mline {number}\r\n\n").as_bytes());
        }
        let kept = words.take();
        assert_eq!((kept.len(), kept[0].as_str(), kept[11].as_str()), (12, " [31mline 88", " [31mline 99"));
        words.hear(&[0xff; 5000]);
        assert_eq!(words.take()[0].chars().count(), MOST_CHARACTERS + 3);
    }
}
