//! A table per state: what the standard permits in every cell of the grid, as the second opinion has it. What the
//! reference does in the same cells is in `tables/`.

use tcpspec::grid::Situation;
use tcpspec::report::grid::table;
use tcpspec::stack::Stack;
use tcpspec::stack::reference::Reference;

#[test]
fn what_is_permitted_in_every_state() {
    let declaration = Reference::new().declaration().clone();
    for situation in Situation::STATES.into_iter().chain(Situation::VARIANTS) {
        let head = format!(
            "{situation}: what RFC 9293 §3.10.7 permits, by class of segments and position of SEQ and ACK\n\
             Segments are written as in scenarios; (10) is 10 octets of text. SEQ: left, all before RCV.NXT; next, at it;\n\
             inside the window; last, its last octet; edge, one further; beyond, 1000 further. ACK: old, below\n\
             SND.UNA-MAX.SND.WND; below, just below SND.UNA; una, at it; inside the flight; next, at SND.NXT; beyond it.\n\
             Outcomes: the answer, and what it changes. In brackets: the line of docs/variations.md that permits it.\n"
        );
        let name = situation.to_string().replace(' ', "-");
        crate::review("expectations", &name, &format!("{head}{}", table(situation, &declaration)));
    }
}
