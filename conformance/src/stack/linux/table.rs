//! The kernel's tables of TCP sockets, as `/proc/thread-self/net/tcp` and `tcp6` show them.
//!
//! They also show what no socket of a program stands for: connections in SYN-RECEIVED and in TIME-WAIT. What is left
//! out: everything but ports and states, for a namespace with one peer needs no more.

use std::fs;

use tcpspec_core::State;

/// One line of the tables.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Row {
    pub(super) local: u16,
    pub(super) remote: u16,
    pub(super) state: State,
}

/// The TCP sockets over IPv4, or over IPv6, of the namespace that the calling thread is in.
pub(super) fn rows(ipv4: bool) -> Vec<Row> {
    let table = if ipv4 { "tcp" } else { "tcp6" };
    let text = fs::read_to_string(format!("/proc/thread-self/net/{table}")).unwrap_or_default();
    text.lines().skip(1).filter_map(row).collect()
}

/// `0: 010200C0:0050 020200C0:C000 01 ...`: number, local socket, remote socket, state.
fn row(line: &str) -> Option<Row> {
    let mut words = line.split_whitespace().skip(1);
    let port = |socket: &str| u16::from_str_radix(socket.rsplit(':').next()?, 16).ok();
    let (local, remote) = (port(words.next()?)?, port(words.next()?)?);
    Some(Row { local, remote, state: state(u8::from_str_radix(words.next()?, 16).ok()?)? })
}

/// The states by the kernel's numbers.
const fn state(number: u8) -> Option<State> {
    Some(match number {
        1 => State::Established,
        2 => State::SynSent,
        3 | 12 => State::SynReceived,
        4 => State::FinWait1,
        5 => State::FinWait2,
        6 => State::TimeWait,
        7 => State::Closed,
        8 => State::CloseWait,
        9 => State::LastAck,
        10 => State::Listen,
        11 => State::Closing,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_table_gives_ports_and_state() {
        let line = "   1: 010200C0:0050 020200C0:C000 06 00000000:00000000 03:00001764 00000000 0 0 0 3 0000";
        let expected = Row { local: 80, remote: 49_152, state: State::TimeWait };
        assert_eq!(row(line), Some(expected));
        let six = "0: B80D0120000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 0:0 0:0";
        assert_eq!(row(six), Some(Row { local: 80, remote: 0, state: State::Listen }));
        assert_eq!(row("nothing of the kind"), None);
    }
}
