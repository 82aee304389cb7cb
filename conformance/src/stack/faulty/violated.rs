//! Which requirements a stack violates that does not do what a row of the decision table says.
//!
//! The row names some of them itself; the others are sentences of the standard that have no number there.

use tcpspec_core::Rule;

use crate::requirement;

/// The requirements behind a row: those that its clause names, and those of the list.
pub(super) fn by(rule: Rule) -> Vec<&'static str> {
    let row = rule.row();
    let cells = [row.condition, row.response, row.effects, row.clause];
    let words = cells.iter().flat_map(|cell| cell.split([' ', ';', ',', '(', ')']));
    let named = words.filter(|word| word.contains('-')).filter_map(requirement::find);
    let mut ids = sentences(rule).to_vec();
    for requirement in named {
        if !ids.contains(&requirement.id) {
            ids.push(requirement.id);
        }
    }
    ids
}

/// Sentences without a number in the row's clause.
const fn sentences(rule: Rule) -> &'static [&'static str] {
    match rule {
        Rule::Open7 => &["R9293-3.4-d", "MUST-14"],
        Rule::Send4 => &["R9293-3.9.1.2-c"],
        Rule::Send2 => &["R9293-3.9.1.2-a"],
        Rule::Send11 => &["R9293-3.9.1.2-d", "MUST-30"],
        Rule::Send13 => &["MUST-21", "R9293-3.9.1.1-c"],
        Rule::Send12 => &["R9293-3.6-c"],
        Rule::Send8 => &["R9293-3.1-c", "SHLD-28"],
        Rule::Receive9 => &["R9293-3.8.6.2.2-a"],
        Rule::Receive10 | Rule::Receive12 => &["R9293-3.6-a", "R9293-3.9.1.4-a"],
        Rule::Close4 => &["R9293-3.10.4-c"],
        Rule::Close5 | Rule::Close6 | Rule::Ack22 | Rule::Ack23 | Rule::Ack24 | Rule::Timeout14 => {
            &["R9293-3.10.4-b"]
        }
        Rule::Pre4 => &["R9293-3.1-b"],
        Rule::Pre7 => &["R9293-3.1-a"],
        Rule::Send6 | Rule::Send9 => &["R9293-3.6-b", "R9293-3.9.1.2-e"],
        Rule::Receive7 => &["R9293-3.10-a"],
        Rule::Close7 => &["R9293-3.6-b", "R9293-3.4-d"],
        Rule::Close8 => &["R9293-3.6-b", "R9293-3.9.1.4-a", "R9293-3.8-a"],
        Rule::Close9 | Rule::Close12 => &["R9293-3.10.4-a"],
        Rule::Close10 => &["R1122-4.2.2.20-h", "R9293-3.6-b", "R9293-3.6-d"],
        Rule::Close11 => &["R1122-4.2.2.20-h", "R9293-3.6-b", "R9293-3.9.1.4-a"],
        Rule::Abort4 | Rule::Abort5 | Rule::Abort6 => &["R9293-3.9.1.6-a"],
        Rule::Closed1 | Rule::Closed2 | Rule::Closed3 | Rule::Closed4 | Rule::Closed5 | Rule::Closed6 => {
            &["R9293-3.5.2-a"]
        }
        Rule::Listen2 | Rule::SynSent1 | Rule::SynSent15 | Rule::Ack3 | Rule::Ack5 => &["R9293-3.5.2-b"],
        Rule::Listen5 => &["R9293-3.4-d", "MUST-14"],
        Rule::Listen6 | Rule::Listen7 => &["R9293-3.5-a", "R9293-3.4-d"],
        Rule::Listen1 => &["R9293-3.5.3-b", "R9293-3.5.2-d"],
        Rule::Listen9 | Rule::SynSent13 | Rule::SynSent14 => &["R9293-3.5.2-d"],
        Rule::SynSent2 | Rule::SynSent5 => &["R9293-3.5.3-a", "R5961-3.2-e"],
        Rule::SynSent4 => &["R9293-3.5.3-a", "R9293-3.5.3-b", "R5961-3.2-e", "MUST-12"],
        Rule::SynSent3 => &["R9293-3.4-b", "R9293-3.10.7.3-c"],
        Rule::SynSent8 => &["R9293-3.4-b", "R9293-3.4-d", "R1122-4.2.2.20-c"],
        Rule::SynSent9 => &["R9293-3.4-b", "R9293-3.4-d", "R1122-4.2.2.20-c", "R9293-3.5-a"],
        Rule::SynSent11 | Rule::SynSent12 | Rule::Seq15 | Rule::Seq23 => &["MUST-10"],
        Rule::Seq1 | Rule::Seq2 | Rule::Seq5 | Rule::Seq20 => &[
            "R9293-3.4-c",
            "R9293-3.4-e",
            "R9293-3.5.2-c",
            "R9293-3.8.6.1-b",
            "R9293-3.10.7.4-e",
            "R9293-3.10.7.4-f",
        ],
        Rule::Seq10 | Rule::Rst1 => &["R5961-3.2-b", "R9293-3.5.3-a", "R9293-3.10.7.4-e"],
        Rule::Seq17 => &["R9293-3.5.2-c", "R9293-3.4-c", "R9293-3.10.7.4-e"],
        Rule::Seq3 | Rule::Seq6 | Rule::Seq21 => &["R9293-3.4-c"],
        Rule::Seq7 | Rule::Seq11 => &["R9293-3.4-c", "R9293-3.10-a"],
        Rule::Seq4 | Rule::Seq8 | Rule::Seq9 | Rule::Seq14 | Rule::Seq16 => {
            &["R9293-3.4-c", "R9293-3.5.2-c", "R9293-3.10.7.4-e"]
        }
        Rule::Seq18 | Rule::Seq19 => &["R9293-3.4-c", "R9293-3.5.2-c", "R9293-3.6-d", "R9293-3.10.7.4-e"],
        Rule::Seq12 | Rule::Text5 | Rule::Fin12 => &["SHLD-31", "R9293-3.8.6.3-a"],
        Rule::Rst2 => &["R9293-3.5.3-b", "R9293-3.10.7.4-a", "MUST-11"],
        Rule::Rst3 => &["R9293-3.5.3-b", "R9293-3.10.7.4-a", "MUST-11", "MUST-12"],
        Rule::Rst4 | Rule::Rst5 | Rule::Rst6 => {
            &["R9293-3.5.3-b", "R9293-3.10.7.4-a", "R5961-3.2-c", "MUST-12"]
        }
        Rule::Rst7 | Rule::Rst8 | Rule::Rst9 | Rule::Rst10 => {
            &["R9293-3.10.7.4-b", "R5961-3.2-d", "R9293-3.5.3-a"]
        }
        Rule::Rst12 => &["SHLD-2", "R9293-3.5.3-b"],
        Rule::Rst13 => &["MUST-66", "R9293-3.10.7.4-f"],
        Rule::Rst14 => &["R9293-3.5.3-b"],
        Rule::Syn1 => &["R1122-4.2.2.20-d", "MUST-11"],
        // Neither challenged nor reset: what both kinds of stacks are asked for is missing.
        Rule::Syn3 => {
            &["R9293-3.10.7.4-c", "R9293-3.10.7.4-m", "R5961-4.2-b", "R5961-4.2-c", "R9293-3.5.2-c"]
        }
        Rule::Syn2 | Rule::Syn5 | Rule::Syn12 => {
            &["R9293-3.10.7.4-c", "R5961-4.2-b", "R5961-4.2-c", "R9293-3.5.2-c"]
        }
        Rule::Ack1 | Rule::Fin13 => &["R9293-3.10.7.4-i"],
        Rule::Ack2 => &["R9293-3.10.7.4-d", "R5961-5.2-b", "R9293-3.5.2-c"],
        Rule::Ack4 => &["R9293-3.10.7.4-n", "R1122-4.2.2.20-e", "R9293-3.4-b"],
        Rule::Ack6 => &["R9293-3.4-b"],
        Rule::Ack7 => &["R9293-3.10.7.4-l", "R1122-4.2.2.20-f"],
        Rule::Ack8 | Rule::Ack9 => &["R9293-3.5.2-c", "R9293-3.10.7.4-d", "R9293-3.4-b"],
        Rule::Ack10 | Rule::Ack11 => &["R9293-3.10.7.4-h", "R9293-3.8.6-a"],
        Rule::Ack12 | Rule::Ack13 | Rule::Ack16 | Rule::Ack18 | Rule::Ack19 => {
            &["R9293-3.6-b", "R9293-3.4-d"]
        }
        Rule::Ack15 | Rule::Ack25 => &["R9293-3.6.1-a"],
        Rule::Ack20 | Rule::Ack21 => &["MUST-13", "R9293-3.5.2-c"],
        Rule::Urg4 | Rule::Text7 => &["R9293-3.10.7.4-k"],
        Rule::Text1 | Rule::Text2 | Rule::Text3 => &["R9293-3.10.7.4-j", "R9293-3.6-a", "R9293-3.1-c"],
        Rule::Text4 => &["SHLD-31", "MUST-58", "MUST-59", "R9293-3.8.6.3-a"],
        Rule::Text6 => &["R9293-3.10-a"],
        Rule::Text9 => &["R9293-3.5-a", "R9293-3.10.7.4-n"],
        Rule::Fin2 | Rule::Fin3 | Rule::Fin4 | Rule::Fin5 | Rule::Fin6 | Rule::Fin7 => {
            &["R9293-3.6-d", "R9293-3.4-d", "MUST-12"]
        }
        Rule::Fin8 | Rule::Fin9 | Rule::Fin10 | Rule::Fin11 | Rule::Fin14 => {
            &["R9293-3.6-d", "R9293-3.5.2-c"]
        }
        Rule::Timeout1 => &["R9293-3.10.8-a", "R9293-3.9.1.1-c", "MUST-20"],
        Rule::Timeout2 | Rule::Timeout3 | Rule::Timeout4 | Rule::Timeout5 => {
            &["R9293-3.10.8-b", "R9293-3.6-b", "R6298-5.4-a", "MUST-18"]
        }
        Rule::Timeout9 => &["R9293-3.10.8-c", "MUST-13"],
        Rule::Timeout10 => &["MUST-36", "R9293-3.8.6.1-a", "MUST-35"],
        Rule::Timeout12 => &["MUST-40"],
        Rule::Timeout13 => &["R9293-3.8.6.2.1-a"],
        _ => &[],
    }
}
