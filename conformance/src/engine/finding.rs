//! Findings: one departure with its shortest story, kept as a folder that says everything about it.
//!
//! | file | what it is |
//! | --- | --- |
//! | `scenario.tcpspec` | the story, to be replayed |
//! | `trace.txt` | what was seen, the verdict and the clauses |
//! | `finding.json` | all of it for programs |
//!
//! A folder appears whole or not at all. What it leaves out: which findings are known ([`crate::deviation`]).

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::cause::{CauseRecord, Cluster, Gravity};
use super::task::Judged;
use crate::bench::Family;
use crate::deviation::quoted;
use crate::requirement;
use crate::scenario::{self, Scenario};
use crate::stack::Declaration;
use crate::verdict::Cause;

/// Version of `finding.json`. It grows when a field changes its meaning or goes, not when one is added.
pub const VERSION: u32 = 1;

/// Most causes of a cluster that a finding's folder names.
const MOST_VARIANTS: usize = 200;

/// The story in a finding's folder.
pub const SCENARIO_FILE: &str = "scenario.tcpspec";
/// What was seen, in a finding's folder.
pub const TRACE_FILE: &str = "trace.txt";
/// The finding for programs, in its folder.
pub const JSON_FILE: &str = "finding.json";

/// A departure that a campaign found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// The cause that the story shows.
    pub cause: CauseRecord,
    /// The seed of the campaign.
    pub seed: u64,
    /// The index of the first story that showed it.
    pub index: u64,
    /// Stories that showed it, or another cause of its cluster.
    pub hits: u64,
    /// The causes of the cluster, and how many stories had them.
    pub variants: BTreeMap<CauseRecord, u64>,
    /// When it was found first, from the beginning of the campaign.
    pub found_after: Duration,
    /// The shortest story that shows it.
    pub story: Scenario,
    /// Whether the story is as short as it gets.
    pub(super) shortened: bool,
    /// Whether it happened again when the first story was told once more.
    pub(super) repeats: bool,
    /// What happened, if the process ended and no judge could see it.
    pub(super) what: Option<String>,
    /// What the judge says of the story.
    pub(super) judged: Option<Judged>,
}

/// `finding.json`
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Document {
    /// [`VERSION`]
    pub version: u32,
    /// The stack's name.
    pub stack: String,
    /// The stack's version.
    pub stack_version: String,
    /// `IPv4` or `IPv6`.
    pub network: String,
    /// The same departure has the same signature in every run.
    pub signature: String,
    /// The signature's parts.
    pub cause: CauseRecord,
    /// How grave it is: hang, loss, panic, transition, segment or timing.
    pub gravity: String,
    /// What was expected and what was seen instead.
    pub what: String,
    /// Requirements that were not met.
    pub requirements: Vec<String>,
    /// MUST, SHOULD or MAY.
    pub level: Option<String>,
    /// The seed of the campaign.
    pub seed: u64,
    /// The index of the first story that showed it.
    pub index: u64,
    /// Stories that showed it, or another cause of its cluster.
    pub hits: u64,
    /// The causes of the cluster, most frequent first, and how many stories had them; of very many, the first.
    pub variants: Vec<(String, u64)>,
    /// Whether it happened again when its first story was told once more.
    pub repeats: bool,
    /// Seconds from the beginning of the campaign to the first of them.
    pub found_after_seconds: f64,
    /// Whether the story was shrunk.
    pub shrunk: bool,
    /// The story.
    pub scenario: String,
    /// What was seen, line by line.
    pub trace: Vec<String>,
    /// The line that shows it, counted from zero.
    pub trace_line: Option<usize>,
}

impl Finding {
    /// What it stands for.
    #[must_use]
    pub fn cluster(&self) -> Cluster {
        Cluster::of(&self.cause)
    }

    /// Whether it happened again when its first story was told once more.
    #[must_use]
    pub const fn repeats(&self) -> bool {
        self.repeats
    }

    /// How grave it is.
    #[must_use]
    pub fn gravity(&self) -> Gravity {
        Gravity::of(&Cause::from(&self.cause))
    }

    /// Steps of the story.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.story.steps.len()
    }

    /// What happened, in a sentence.
    #[must_use]
    pub fn what(&self) -> String {
        let judged = self.judged.as_ref().and_then(|judged| judged.explanation.clone());
        judged.or_else(|| self.what.clone()).unwrap_or_else(|| self.cause.signature())
    }

    /// The name of its folder: the cluster in lower-case words.
    #[must_use]
    pub fn slug(&self) -> String {
        slug(&self.cluster().to_string())
    }

    /// The story with a name, a title and the requirements that are not met, to be kept.
    #[must_use]
    pub fn scenario(&self) -> Scenario {
        let requirements = self.judged.iter().flat_map(|judged| &judged.requirements);
        let checks = requirements.filter(|id| requirement::find(id).is_some()).cloned().collect();
        // A title is one line without anything that would begin a comment.
        let title: String =
            self.what().split_whitespace().collect::<Vec<_>>().join(" ").replace(" //", " / /");
        let title = title.trim_start_matches('/').to_owned();
        Scenario { name: format!("found/{}", self.slug()), title, checks, ..self.story.clone() }
    }

    /// Everything about it, for programs.
    #[must_use]
    pub fn document(&self, stack: &Declaration, family: Family) -> Document {
        let judged = self.judged.as_ref();
        Document {
            version: VERSION,
            stack: stack.name.to_string(),
            stack_version: stack.version.to_string(),
            network: network(family).to_owned(),
            signature: self.cause.signature(),
            cause: self.cause.clone(),
            gravity: self.gravity().name().to_owned(),
            what: self.what(),
            requirements: judged.map(|judged| judged.requirements.clone()).unwrap_or_default(),
            level: judged.and_then(|judged| judged.level.clone()),
            seed: self.seed,
            index: self.index,
            hits: self.hits,
            variants: self.most_frequent(MOST_VARIANTS),
            repeats: self.repeats,
            found_after_seconds: self.found_after.as_secs_f64(),
            shrunk: self.shortened,
            scenario: scenario::print_file(&[self.scenario()]),
            trace: judged.map(|judged| judged.trace.clone()).unwrap_or_default(),
            trace_line: judged.and_then(|judged| judged.trace_line),
        }
    }

    /// The signatures of its cluster's causes, most frequent first, and how many stories had them.
    #[must_use]
    pub fn most_frequent(&self, most: usize) -> Vec<(String, u64)> {
        let mut variants: Vec<_> = self.variants.iter().collect();
        variants.sort_by_key(|(cause, hits)| (Reverse(**hits), *cause));
        variants.into_iter().take(most).map(|(cause, hits)| (cause.signature(), *hits)).collect()
    }

    /// Removes its folder below `folder`, if there is one.
    ///
    /// # Errors
    /// What the file system says, with the path.
    pub fn remove(&self, folder: &Path) -> io::Result<()> {
        gone(&folder.join(self.slug()))
    }

    /// Writes its folder below `folder`, in place of an older one of the same cause. Returns where.
    ///
    /// # Errors
    /// What the file system says, with the path.
    pub fn write(&self, folder: &Path, stack: &Declaration, family: Family) -> io::Result<PathBuf> {
        let document = self.document(stack, family);
        let place = folder.join(self.slug());
        let temporary = folder.join(format!(".{}.part", self.slug()));
        written(&document, &temporary).and_then(|()| replace(&temporary, &place)).map_err(|error| {
            let _ = fs::remove_dir_all(&temporary);
            io::Error::new(error.kind(), format!("cannot write {}: {error}", place.display()))
        })?;
        Ok(place)
    }
}

fn gone(place: &Path) -> io::Result<()> {
    match fs::remove_dir_all(place) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(io::Error::new(error.kind(), format!("cannot remove {}: {error}", place.display())))
        }
        _ => Ok(()),
    }
}

fn written(document: &Document, folder: &Path) -> io::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    let mut json = serde_json::to_string_pretty(document).map_err(io::Error::other)?;
    json.push('\n');
    for (name, text) in
        [(SCENARIO_FILE, &document.scenario), (TRACE_FILE, &document.text()), (JSON_FILE, &json)]
    {
        let file = fs::File::create(folder.join(name))?;
        io::Write::write_all(&mut &file, text.as_bytes())?;
        // A full disk may show only here.
        file.sync_all()?;
    }
    Ok(())
}

/// Puts a folder in the place of another, which is gone only when the new one is there.
fn replace(new: &Path, place: &Path) -> io::Result<()> {
    let old = new.with_extension("old");
    if old.exists() {
        fs::remove_dir_all(&old)?;
    }
    if place.exists() {
        fs::rename(place, &old)?;
    }
    fs::rename(new, place)?;
    if old.exists() {
        fs::remove_dir_all(&old)?;
    }
    Ok(())
}

impl Document {
    /// The finding for people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text =
            format!("{}\n{} {}, {}\n", self.signature, self.stack, self.stack_version, self.network);
        let level = self.level.as_deref().map_or(String::new(), |level| format!(" ({level})"));
        let _ = writeln!(text, "FAIL, {}{level}: {}", self.gravity, self.what);
        for requirement in self.requirements.iter().filter_map(|id| requirement::find(id)) {
            let _ = writeln!(text, "{} ({}): {}", requirement.id, requirement.clause, requirement.text);
        }
        let _ = writeln!(text);
        for (index, line) in self.trace.iter().enumerate() {
            let mark = if self.trace_line == Some(index) { "=>" } else { "  " };
            let _ = writeln!(text, "{mark}{line}");
        }
        text
    }

    /// The entry for it in a list of known deviations: its one cause, and the story that shows it.
    #[must_use]
    pub fn entry(&self, reason: &str, link: Option<&str>) -> String {
        let CauseRecord { rule, state, class, differed } = &self.cause;
        let mut text = format!("[[cause]]\nversions = {}\n", quoted(&format!("={}", self.stack_version)));
        let _ = writeln!(text, "reason = {}", quoted(reason));
        if let Some(link) = link {
            let _ = writeln!(text, "link = {}", quoted(link));
        }
        let _ = writeln!(text, "\n[[cause.finding]]\nrules = [{}]", quoted(rule));
        if let Some(state) = state {
            let _ = writeln!(text, "states = [{}]", quoted(state));
        }
        let _ = writeln!(text, "classes = [{}]\ndiffered = [{}]", quoted(class), quoted(differed));
        let story = self.scenario.lines().skip_while(|line| !line.starts_with("scenario ")).skip(1);
        let says_why = |line: &&str| ["title ", "checks "].iter().any(|word| line.starts_with(word));
        let story = story.filter(|line| !line.is_empty() && !says_why(line));
        let lines: Vec<_> = story.map(|line| line.replace('\\', "\\\\").replace('"', "\\\"")).collect();
        let _ = writeln!(text, "story = \"\"\"\n{}\n\"\"\"", lines.join("\n"));
        text
    }

    /// Reads a finding's folder.
    ///
    /// # Errors
    /// A file that cannot be read, or is no finding of this version.
    pub fn read(folder: &Path) -> io::Result<Self> {
        let path = folder.join(JSON_FILE);
        let wrong = |error: String| io::Error::other(format!("{}: {error}", path.display()));
        let text = fs::read_to_string(&path).map_err(|error| wrong(error.to_string()))?;
        let document: Self = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        if document.version != VERSION {
            return Err(wrong(format!("a finding of version {}, not {VERSION}", document.version)));
        }
        Ok(document)
    }
}

const fn network(family: Family) -> &'static str {
    match family {
        Family::V4 => "IPv4",
        Family::V6 => "IPv6",
    }
}

/// A text in lower-case words joined by hyphens, with a number that tells it from others that would look the same.
fn slug(text: &str) -> String {
    /// Longest name without the number.
    const LONGEST: usize = 80;
    let mut slug = String::new();
    for c in text.chars() {
        if slug.len() >= LONGEST {
            break;
        }
        match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() => slug.push(c),
            _ if slug.is_empty() || slug.ends_with('-') => {}
            _ => slug.push('-'),
        }
    }
    let slug = slug.trim_end_matches('-');
    // FNV-1a.
    let hash =
        text.bytes().fold(0x811c_9dc5_u32, |hash, octet| (hash ^ u32::from(octet)).wrapping_mul(0x0100_0193));
    format!("{slug}-{:04x}", hash >> 16 ^ hash & 0xffff)
}
