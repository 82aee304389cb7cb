//! The decision table of RFC 9293 section 3.10: one [`Rule`] per row.
//!
//! The table itself is `rule/table.tsv`, a file to be read beside the RFC: event, state, step, condition, response,
//! next state, effects, clause, and where RFC 5961 and RFC 793 differ. Every step of the reference reports the rows
//! that it used; traces print them, coverage counts them, findings cite them.

use core::fmt;

/// A row of the decision table, named by its id: `Rule::Rst4` is row `RST-4` of `rule/table.tsv`.
#[expect(missing_docs, reason = "each variant is documented by its row of the table, see `Rule::row`")]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Rule {
    Open1,
    Open2,
    Open3,
    Open4,
    Open5,
    Open6,
    Open7,
    Open8,
    Open9,
    Open10,
    Open11,
    Open12,
    Send1,
    Send2,
    Send3,
    Send4,
    Send5,
    Send6,
    Send7,
    Send8,
    Send9,
    Send10,
    Send11,
    Send12,
    Send13,
    Receive1,
    Receive2,
    Receive3,
    Receive4,
    Receive5,
    Receive6,
    Receive7,
    Receive8,
    Receive9,
    Receive10,
    Receive11,
    Receive12,
    Close1,
    Close2,
    Close3,
    Close4,
    Close5,
    Close6,
    Close7,
    Close8,
    Close9,
    Close10,
    Close11,
    Close12,
    Close13,
    Abort1,
    Abort2,
    Abort3,
    Abort4,
    Abort5,
    Abort6,
    Status1,
    Status2,
    Status3,
    Pre1,
    Pre2,
    Pre3,
    Pre4,
    Pre5,
    Pre6,
    Pre7,
    Closed1,
    Closed2,
    Closed3,
    Closed4,
    Closed5,
    Closed6,
    Listen1,
    Listen2,
    Listen3,
    Listen4,
    Listen5,
    Listen6,
    Listen7,
    Listen8,
    Listen9,
    SynSent1,
    SynSent2,
    SynSent3,
    SynSent4,
    SynSent5,
    SynSent6,
    SynSent7,
    SynSent8,
    SynSent9,
    SynSent10,
    SynSent11,
    SynSent12,
    SynSent13,
    SynSent14,
    SynSent15,
    SynSent16,
    Paws1,
    Paws2,
    Paws3,
    Paws4,
    Paws5,
    Paws6,
    Paws7,
    Paws8,
    Seq1,
    Seq2,
    Seq3,
    Seq4,
    Seq5,
    Seq6,
    Seq7,
    Seq8,
    Seq9,
    Seq10,
    Seq11,
    Seq12,
    Seq13,
    Seq14,
    Seq15,
    Seq16,
    Seq17,
    Seq18,
    Seq19,
    Seq20,
    Seq21,
    Seq22,
    Seq23,
    Rst1,
    Rst2,
    Rst3,
    Rst4,
    Rst5,
    Rst6,
    Rst7,
    Rst8,
    Rst9,
    Rst10,
    Rst11,
    Rst12,
    Rst13,
    Rst14,
    Rst15,
    Sec1,
    Sec2,
    Syn1,
    Syn2,
    Syn3,
    Syn4,
    Syn5,
    Syn6,
    Syn7,
    Syn8,
    Syn9,
    Syn10,
    Syn11,
    Syn12,
    Ack1,
    Ack2,
    Ack3,
    Ack4,
    Ack5,
    Ack6,
    Ack7,
    Ack8,
    Ack9,
    Ack10,
    Ack11,
    Ack12,
    Ack13,
    Ack14,
    Ack15,
    Ack16,
    Ack17,
    Ack18,
    Ack19,
    Ack20,
    Ack21,
    Ack22,
    Ack23,
    Ack24,
    Ack25,
    Urg1,
    Urg2,
    Urg3,
    Urg4,
    Urg5,
    Urg6,
    Text1,
    Text2,
    Text3,
    Text4,
    Text5,
    Text6,
    Text7,
    Text8,
    Text9,
    Fin1,
    Fin2,
    Fin3,
    Fin4,
    Fin5,
    Fin6,
    Fin7,
    Fin8,
    Fin9,
    Fin10,
    Fin11,
    Fin12,
    Fin14,
    Fin13,
    Timeout1,
    Timeout2,
    Timeout3,
    Timeout4,
    Timeout5,
    Timeout6,
    Timeout7,
    Timeout8,
    Timeout9,
    Timeout10,
    Timeout11,
    Timeout12,
    Timeout13,
    Timeout14,
    Icmp1,
    Icmp2,
    Icmp3,
    Icmp4,
}

const TABLE: &str = include_str!("rule/table.tsv");

/// The words of one row of the decision table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Row {
    /// The row's id, for example `RST-4`.
    pub id: &'static str,
    /// OPEN, SEND, ..., SEGMENT, or the name of a timeout.
    pub event: &'static str,
    /// The states that the row is about; `A..B` stands for A, B and the states between them in the RFC's order.
    pub states: &'static str,
    /// When the row applies.
    pub condition: &'static str,
    /// What is sent, in the RFC's notation.
    pub response: &'static str,
    /// The state that follows.
    pub next_state: &'static str,
    /// What else happens.
    pub effects: &'static str,
    /// The clauses that say so.
    pub clause: &'static str,
}

/// Why a row is not part of the reference.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum OutOfScope {
    /// Security and compartment, Diffserv, and processes without access: no stack in reach has them (V-21).
    NotModelled,
    /// Its mechanism (timestamps, R1 and R2, path MTU discovery) has a place in the design and is not built yet.
    NotYet,
}

impl Rule {
    /// Number of rows.
    pub const COUNT: usize = Self::Icmp4 as usize + 1;

    /// All rows, in the table's order.
    pub fn all() -> impl Iterator<Item = Self> {
        ALL.iter().copied()
    }

    /// The row's words.
    #[must_use]
    pub fn row(self) -> Row {
        let line = TABLE.lines().nth(self as usize + 1).unwrap_or_default();
        let mut cells = line.split('\t');
        let mut cell = || cells.next().unwrap_or_default();
        let (id, event, states, _step) = (cell(), cell(), cell(), cell());
        let (condition, response, next_state, effects, clause) = (cell(), cell(), cell(), cell(), cell());
        Row { id, event, states, condition, response, next_state, effects, clause }
    }

    /// The row's id, for example `RST-4`.
    #[must_use]
    pub fn id(self) -> &'static str {
        self.row().id
    }

    /// The row with this id, if there is one.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::all().find(|rule| rule.id() == id)
    }

    /// Why the reference does not have the row, if it does not.
    #[must_use]
    pub const fn out_of_scope(self) -> Option<OutOfScope> {
        match self {
            Self::Open1
            | Self::Open2
            | Self::Send1
            | Self::Receive1
            | Self::Close1
            | Self::Abort1
            | Self::Status1
            | Self::Listen3
            | Self::Listen4
            | Self::SynSent6
            | Self::SynSent7
            | Self::Sec1
            | Self::Sec2 => Some(OutOfScope::NotModelled),
            Self::Paws1
            | Self::Paws2
            | Self::Paws3
            | Self::Paws4
            | Self::Paws5
            | Self::Paws6
            | Self::Paws7
            | Self::Paws8
            | Self::Seq13
            | Self::Syn8
            | Self::Syn9
            | Self::Syn10
            | Self::Timeout8
            | Self::Icmp4 => Some(OutOfScope::NotYet),
            _ => None,
        }
    }
}

impl Rule {
    /// Why no step ever uses the row although it is in scope, if none does.
    #[must_use]
    pub const fn never_used(self) -> Option<&'static str> {
        match self {
            Self::Open10 => Some("nothing is queued with an OPEN, so there is always room"),
            Self::SynSent10 => Some("no text rides on our SYN: it waits for ESTABLISHED, as §3.10.2 allows"),
            Self::Syn7 => Some("a sequel of two steps, each with its own row: SYN-3, then RST-4"),
            _ => None,
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

/// A set of rows: which ones a step used.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct RuleSet([u64; Rule::COUNT.div_ceil(64)]);

impl RuleSet {
    /// Adds a row.
    pub const fn insert(&mut self, rule: Rule) {
        self.0[rule as usize / 64] |= 1 << (rule as usize % 64);
    }

    /// Adds all rows of another set.
    pub fn merge(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(mine, theirs)| *mine |= theirs);
    }

    /// Whether a row is in the set.
    #[must_use]
    pub const fn has(self, rule: Rule) -> bool {
        self.0[rule as usize / 64] & (1 << (rule as usize % 64)) != 0
    }

    /// Whether no row is in the set.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// Number of rows in the set.
    #[must_use]
    pub fn len(self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    /// The rows of the set, in the table's order.
    pub fn iter(self) -> impl Iterator<Item = Rule> {
        Rule::all().filter(move |&rule| self.has(rule))
    }
}

impl fmt::Debug for RuleSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// Every variant of [`Rule`], in order.
static ALL: [Rule; Rule::COUNT] = {
    use Rule::*;
    [
        Open1, Open2, Open3, Open4, Open5, Open6, Open7, Open8, Open9, Open10, Open11, Open12, Send1, Send2,
        Send3, Send4, Send5, Send6, Send7, Send8, Send9, Send10, Send11, Send12, Send13, Receive1, Receive2,
        Receive3, Receive4, Receive5, Receive6, Receive7, Receive8, Receive9, Receive10, Receive11,
        Receive12, Close1, Close2, Close3, Close4, Close5, Close6, Close7, Close8, Close9, Close10, Close11,
        Close12, Close13, Abort1, Abort2, Abort3, Abort4, Abort5, Abort6, Status1, Status2, Status3, Pre1,
        Pre2, Pre3, Pre4, Pre5, Pre6, Pre7, Closed1, Closed2, Closed3, Closed4, Closed5, Closed6, Listen1,
        Listen2, Listen3, Listen4, Listen5, Listen6, Listen7, Listen8, Listen9, SynSent1, SynSent2, SynSent3,
        SynSent4, SynSent5, SynSent6, SynSent7, SynSent8, SynSent9, SynSent10, SynSent11, SynSent12,
        SynSent13, SynSent14, SynSent15, SynSent16, Paws1, Paws2, Paws3, Paws4, Paws5, Paws6, Paws7, Paws8,
        Seq1, Seq2, Seq3, Seq4, Seq5, Seq6, Seq7, Seq8, Seq9, Seq10, Seq11, Seq12, Seq13, Seq14, Seq15,
        Seq16, Seq17, Seq18, Seq19, Seq20, Seq21, Seq22, Seq23, Rst1, Rst2, Rst3, Rst4, Rst5, Rst6, Rst7,
        Rst8, Rst9, Rst10, Rst11, Rst12, Rst13, Rst14, Rst15, Sec1, Sec2, Syn1, Syn2, Syn3, Syn4, Syn5, Syn6,
        Syn7, Syn8, Syn9, Syn10, Syn11, Syn12, Ack1, Ack2, Ack3, Ack4, Ack5, Ack6, Ack7, Ack8, Ack9, Ack10,
        Ack11, Ack12, Ack13, Ack14, Ack15, Ack16, Ack17, Ack18, Ack19, Ack20, Ack21, Ack22, Ack23, Ack24,
        Ack25, Urg1, Urg2, Urg3, Urg4, Urg5, Urg6, Text1, Text2, Text3, Text4, Text5, Text6, Text7, Text8,
        Text9, Fin1, Fin2, Fin3, Fin4, Fin5, Fin6, Fin7, Fin8, Fin9, Fin10, Fin11, Fin12, Fin14, Fin13,
        Timeout1, Timeout2, Timeout3, Timeout4, Timeout5, Timeout6, Timeout7, Timeout8, Timeout9, Timeout10,
        Timeout11, Timeout12, Timeout13, Timeout14, Icmp1, Icmp2, Icmp3, Icmp4,
    ]
};

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;
    use std::string::String;

    #[test]
    fn each_variant_is_the_row_with_its_name() {
        assert_eq!(TABLE.lines().count(), Rule::COUNT + 1, "a header and one line per variant");
        for (index, rule) in Rule::all().enumerate() {
            assert_eq!(rule as usize, index);
            let (family, number) = rule.id().rsplit_once('-').expect("ids are FAMILY-number");
            let family = match family {
                "RECV" => "receive",
                "TO" => "timeout",
                other => other,
            };
            assert_eq!(format!("{rule:?}").to_lowercase(), format!("{}{number}", family.to_lowercase()));
            assert_eq!(Rule::from_id(rule.id()), Some(rule));
        }
        assert_eq!(Rule::from_id("RST-99"), None);
    }

    #[test]
    fn every_row_says_when_what_and_where() {
        for rule in Rule::all() {
            let row = rule.row();
            for cell in
                [row.id, row.event, row.states, row.condition, row.response, row.next_state, row.effects]
            {
                assert!(!cell.is_empty(), "{row:?}");
            }
            assert!(
                row.clause.contains("3.") || row.clause.contains("RFC") || row.clause.contains("A.1"),
                "{row:?}"
            );
        }
    }

    #[test]
    fn a_set_holds_what_was_put_into_it() {
        let mut set = RuleSet::default();
        assert!(set.is_empty());
        set.insert(Rule::Open1);
        set.insert(Rule::Icmp4);
        let mut both = RuleSet::default();
        both.insert(Rule::Rst4);
        both.merge(set);
        let ids: String = both.iter().map(Rule::id).collect();
        assert_eq!(ids, "OPEN-1RST-4ICMP-4");
        assert_eq!((set.len(), both.len()), (2, 3));
        assert!(!set.has(Rule::Rst4));
        assert!(both.has(Rule::Rst4));
    }
}
