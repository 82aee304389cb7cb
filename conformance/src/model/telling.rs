//! Runs of a model, told: as the traces that the rest of tcpspec prints, and as what the explorer shows.
//!
//! A line is one thing that happened, with both states after it. Numbers are absolute; the models choose round ones.

use stateright::Path;
use tcpspec_core::segment::Integrity;
use tcpspec_core::{Instant, Outcome, RuleSet, Signal};

use super::definition::{Ask, Forgery, TICK};
use super::fair::{self, Stop};
use super::model::Model;
use super::moves::{Action, Effects};
use super::network::{FORGED, LEFTOVER, Packet};
use super::property::{Kind, Question};
use super::world::{BOTH, World};
use crate::trace::{End, Entry, Happening, SegmentRecord, Trace};

/// One line of a story.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// What happened, when, and the states afterwards.
    pub entry: Entry,
    /// What no stack can know about it.
    pub comment: String,
}

/// What happened in a run, in order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Story {
    /// The lines.
    pub lines: Vec<Line>,
    /// Whether time counts.
    pub timed: bool,
    /// The way to the last state, as the explorer's addresses have it; empty unless it is a counterexample.
    pub steps: String,
    ticks: u32,
    /// The segment that the last line says was sent.
    just_sent: Option<Packet>,
}

/// Most lines that a story of a fair run takes.
const MOST_FAIR_LINES: usize = 14;

/// A path from the beginning.
#[must_use]
pub fn story(model: &Model, path: Path<World, Action>) -> Story {
    let mut story = Story { timed: model.definition.clock.is_some(), ..Story::default() };
    for (world, action) in path.into_vec() {
        if let Some(action) = action {
            story.tell(model, &world, action);
        }
    }
    story
}

/// A path to a state in which the answer to a question is no. If the question is of liveness, the fair run that misses
/// the goal follows.
#[must_use]
pub fn counterexample(model: &Model, question: &Question, path: Path<World, Action>) -> Story {
    let last = path.last_state().clone();
    let steps = path.encode(model);
    let mut story = Story { steps, ..story(model, path) };
    let delivering = question.name == "falls-silent";
    if question.kind == Kind::Liveness && question.name != "no-war" {
        let words = if delivering {
            "from here on the network is kind: what is under way arrives"
        } else {
            "from here on the network is kind: what was under way is lost, and nothing else"
        };
        story.note(&last, words.into());
        let before = story.lines.len();
        let mut left_out = 0;
        let tell = |world: &World, action| {
            if story.lines.len() < before + MOST_FAIR_LINES {
                story.tell(model, world, action);
            } else {
                left_out += 1;
            }
        };
        let moves = model.moves();
        let (end, stop) = if delivering {
            fair::run_delivering(&moves, &last, tell)
        } else {
            fair::run(&moves, &last, tell)
        };
        match stop {
            Stop::TooLong => story.note(&end, format!("and so on: {left_out} moves later it is no better")),
            Stop::Quiet if left_out > 0 => {
                story.note(&end, format!("{left_out} moves later nothing more happens"));
            }
            Stop::Quiet => story.note(&end, "nothing more happens".into()),
        }
    }
    story
}

impl Story {
    fn push(&mut self, world: &World, happening: Happening, rules: RuleSet, comment: String) {
        let time = Instant::ZERO + TICK * self.ticks;
        let [left, right] = BOTH.map(|end| Some(world.end(end).state()));
        let entry = Entry { time, happening, left, right, rules };
        self.lines.push(Line { entry, comment });
        self.just_sent = None;
    }

    fn note(&mut self, world: &World, text: String) {
        self.push(world, Happening::Note(text), RuleSet::default(), String::new());
    }

    /// Tells what an action does in a state.
    fn tell(&mut self, model: &Model, before: &World, action: Action) {
        let mut world = before.clone();
        let mut effects = Effects::default();
        model.moves().apply(&mut world, action, &mut effects);
        let just_sent = self.just_sent.take();
        let rules = effects.rules;
        match action {
            Action::Call(end, ask) | Action::Pick(end, _, ask) => {
                let outcome = effects.reply.map_or_else(String::new, |outcome| outcome_text(&outcome));
                let (call, outcome) = (call(ask).into(), outcome.into());
                self.push(&world, Happening::Call { end, call, outcome }, rules, String::new());
            }
            Action::Arrive(packet) | Action::ArriveCopy(packet) => {
                let (from, segment) = (packet.from, record(&packet));
                let mut comment = comment(&packet, before);
                if matches!(action, Action::ArriveCopy(_)) {
                    comment = "a copy stays under way".into();
                }
                let straight = just_sent == Some(packet);
                if straight {
                    self.lines.pop();
                }
                let happening = if straight {
                    Happening::Segment { from, segment, lost: false }
                } else {
                    Happening::Arrival { from, segment }
                };
                self.push(&world, happening, rules, comment);
            }
            Action::Lose(packet) => {
                let (from, segment) = (packet.from, record(&packet));
                if just_sent == Some(packet) {
                    self.lines.pop();
                }
                self.push(&world, Happening::Segment { from, segment, lost: true }, rules, String::new());
            }
            Action::Timeout(end, timer) => {
                let happening = Happening::Note(format!("{} of {}", timer.name(), end.letter()));
                self.push(&world, happening, rules, String::new());
            }
            Action::Tick => self.ticks += 1,
            Action::Forge(forgery) => {
                self.push(&world, Happening::Note(self::forgery(forgery).into()), rules, String::new());
            }
            Action::Crash(end) => {
                self.note(&world, format!("{} crashes and forgets everything", end.letter()));
            }
            Action::Read(_) => {}
        }
        self.tell_effects(&world, action, &effects);
    }

    /// What users learn, and what is sent.
    fn tell_effects(&mut self, world: &World, action: Action, effects: &Effects) {
        let user = match action {
            Action::Call(end, _) | Action::Pick(end, ..) | Action::Read(end) | Action::Timeout(end, _) => end,
            Action::Arrive(packet) | Action::ArriveCopy(packet) => packet.from.other(),
            _ => End::Right,
        };
        if !effects.read.is_empty() {
            let of =
                |octet: &u8| if *octet == u8::MAX { "a forgery".into() } else { format!("#{}", octet >> 4) };
            let mut sources: Vec<String> = effects.read.iter().map(of).collect();
            sources.dedup();
            let len = effects.read.len();
            let outcome = format!("{len} octet{} of {}", if len == 1 { "" } else { "s" }, sources.join(", "));
            let wrong = world.facts.has(super::world::Fact::WrongOctet);
            let comment = if wrong { "not the next octet of this connection" } else { "" };
            self.push(
                world,
                Happening::Call { end: user, call: "read".into(), outcome: outcome.into() },
                RuleSet::default(),
                comment.into(),
            );
        }
        for signal in &effects.signals {
            if !matches!(signal, Signal::Established | Signal::ConnectionClosing) {
                let happening = Happening::Call { end: user, call: signal.text().into(), outcome: "".into() };
                self.push(world, happening, RuleSet::default(), String::new());
            }
        }
        for packet in &effects.sent {
            let happening = Happening::Departure { from: packet.from, segment: record(packet) };
            self.push(world, happening, RuleSet::default(), String::new());
            self.just_sent = Some(*packet);
        }
    }

    /// The lines as a trace prints them, comments behind; without the time where it does not count.
    #[must_use]
    pub fn text_lines(&self) -> Vec<String> {
        let mut trace = Trace::in_absolute_numbers();
        self.lines.iter().for_each(|line| trace.push(line.entry.clone()));
        let texts = trace.lines().zip(&self.lines).map(|(text, line)| {
            let text = if self.timed {
                format!("{:>3}  {}", line.entry.time.0 / 1_000_000, &text[14..])
            } else {
                text[14..].to_owned()
            };
            if line.comment.is_empty() { text } else { format!("{text}  ({})", line.comment) }
        });
        texts.collect()
    }
}

/// A segment as a trace has it.
fn record(packet: &Packet) -> SegmentRecord {
    let Packet { seq, ack, ctl, wnd, len, .. } = *packet;
    let (len, options) = (len.into(), Vec::new());
    SegmentRecord { seq, ack, ctl, wnd, up: 0, options, len, integrity: Integrity::Sound }
}

/// A segment in packetdrill's notation, with what no stack can see.
#[must_use]
pub fn packet(packet: &Packet) -> String {
    let trace = Trace::in_absolute_numbers();
    let text = trace.segment_text(packet.from, &record(packet));
    let incarnation = match packet.of {
        0 | 1 => String::new(),
        FORGED => ", forged".to_owned(),
        LEFTOVER => ", an old duplicate".to_owned(),
        of => format!(", incarnation {of}"),
    };
    let age = if packet.age > 0 { format!(", age {}", packet.age) } else { String::new() };
    format!("from {}: {text}{incarnation}{age}", packet.from.letter())
}

/// What no stack can know about a segment that arrives.
fn comment(packet: &Packet, world: &World) -> String {
    match packet.of {
        FORGED => "forged".into(),
        LEFTOVER => "an old duplicate".into(),
        of if of != world.end(packet.from).incarnation => format!("of incarnation {of}"),
        _ => String::new(),
    }
}

const fn forgery(forgery: Forgery) -> &'static str {
    match forgery {
        Forgery::Reset => "an attacker sends B a RST, one above RCV.NXT",
        Forgery::Syn => "an attacker sends B a SYN inside the window",
        Forgery::Text => "an attacker sends B one octet, with a guessed ACK",
    }
}

fn call(ask: Ask) -> String {
    match ask {
        Ask::Listen => "open passive".into(),
        Ask::Connect => "open active".into(),
        Ask::Send(len) => format!("send {len}"),
        Ask::Close => "close".into(),
        Ask::Abort => "abort".into(),
    }
}

fn outcome_text(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Error(error) => error.text().into(),
        _ => String::new(),
    }
}

/// An action for the explorer.
#[must_use]
pub fn action(action: &Action) -> String {
    match action {
        Action::Call(end, ask) | Action::Pick(end, _, ask) => {
            format!("{}'s user: {}", end.letter(), call(*ask))
        }
        Action::Read(end) => format!("{}'s user: read", end.letter()),
        Action::Arrive(segment) => format!("arrives {}", packet(segment)),
        Action::ArriveCopy(segment) => format!("arrives, and a copy stays: {}", packet(segment)),
        Action::Lose(segment) => format!("lost {}", packet(segment)),
        Action::Timeout(end, timer) => format!("{} of {}", timer.name(), end.letter()),
        Action::Tick => "time passes".into(),
        Action::Forge(kind) => forgery(*kind).into(),
        Action::Crash(end) => format!("{} crashes", end.letter()),
    }
}

/// What an action leads to, for the explorer.
#[must_use]
pub fn step(model: &Model, world: &World, action: Action) -> String {
    format!("{:?}", model.moves().next(world, action))
}
