//! How stack, peer and network are set up: `setup` and `connection` lines.

use super::super::error::ParseError;
use super::super::lexer::{Cursor, Kind, Line};
use super::super::{ConnectionSetup, Family, MAX_OCTETS, MIN_MTU, ScenarioSetup};
use super::{choice, label, listed, number, segment};

const SETUP_WORDS: [&str; 9] =
    ["buffer", "receive.buffer", "send.buffer", "mtu", "peer.iss", "seed", "nagle", "congestion", "network"];
const CONNECTION_WORDS: [&str; 3] = ["service", "client", "peer"];

/// `setup KEY=VALUE...`
pub(super) fn setup(line: Line<'_>) -> Result<ScenarioSetup, ParseError> {
    let mut cursor = Cursor::new(line)?;
    cursor.take_word("setup");
    let mut setup = ScenarioSetup::default();
    let mut named: Vec<&str> = Vec::new();
    while named.is_empty() || cursor.peek().is_some() {
        let key = key(&mut cursor, &SETUP_WORDS, &mut named)?;
        match key {
            "buffer" => setup.buffer = Some(buffer(&mut cursor)?),
            "receive.buffer" => setup.receive_buffer = Some(buffer(&mut cursor)?),
            "send.buffer" => setup.send_buffer = Some(buffer(&mut cursor)?),
            "mtu" => {
                let range = MIN_MTU.into()..=u16::MAX.into();
                setup.mtu = Some(number::within(&mut cursor, "octets of an IP packet", range)?);
            }
            "peer.iss" => {
                setup.peer_iss = Some(number::up_to(&mut cursor, "a sequence number", u32::MAX.into())?);
            }
            "seed" => setup.seed = Some(number::up_to(&mut cursor, "a seed", u64::MAX)?),
            "nagle" => setup.nagle = Some(choice(&mut cursor, ["off", "on"])?),
            "congestion" => setup.congestion = Some(choice(&mut cursor, ["off", "on"])?),
            _ => {
                let is_v6 = choice(&mut cursor, ["ipv4", "ipv6"])?;
                setup.network = Some(if is_v6 { Family::V6 } else { Family::V4 });
            }
        }
    }
    Ok(setup)
}

fn buffer(cursor: &mut Cursor<'_>) -> Result<u32, ParseError> {
    number::within(cursor, "octets of buffer", 1..=MAX_OCTETS.into())
}

/// `connection N KEY=VALUE...`; `others` are those of the scenario so far.
pub(super) fn connection(line: Line<'_>, others: &[ConnectionSetup]) -> Result<ConnectionSetup, ParseError> {
    let mut cursor = Cursor::new(line)?;
    cursor.take_word("connection");
    let before = cursor.used();
    let mut setup = ConnectionSetup { label: label(&mut cursor)?, ..ConnectionSetup::default() };
    if others.iter().any(|other| other.label == setup.label) {
        return Err(cursor.error_since(before, |label| {
            format!("found connection {label} a second time, expected another one")
        }));
    }
    let mut named: Vec<&str> = Vec::new();
    while named.is_empty() || cursor.peek().is_some() {
        match key(&mut cursor, &CONNECTION_WORDS, &mut named)? {
            "service" => setup.service = Some(port(&mut cursor)?),
            "client" => setup.client = Some(port(&mut cursor)?),
            _ => setup.peer = Some(segment::address_class(&mut cursor)?),
        }
    }
    Ok(setup)
}

fn port(cursor: &mut Cursor<'_>) -> Result<u16, ParseError> {
    number::within(cursor, "a port", 1..=u16::MAX.into())
}

/// A key and its `=`; `named` are those of the line so far.
fn key(
    cursor: &mut Cursor<'_>,
    keys: &[&'static str],
    named: &mut Vec<&'static str>,
) -> Result<&'static str, ParseError> {
    let before = cursor.used();
    let Some(key) = cursor.take_known(|word| keys.iter().copied().find(|key| *key == word)) else {
        let list = listed(keys.iter().copied());
        return Err(cursor.unexpected_word(&format!("KEY=VALUE, KEY one of {list}"), keys.iter().copied()));
    };
    if named.contains(&key) {
        return Err(cursor.error_since(before, |key| format!("found {key} a second time, expected it once")));
    }
    named.push(key);
    cursor.require(Kind::Equals, &format!("`=` after `{key}`"))?;
    Ok(key)
}
