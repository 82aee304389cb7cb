//! A transfer: two references with a hostile network between them, two users who send, read and leave, and a network
//! that turns fair in the end.
//!
//! A [`Transfer`] is a bounded story, plain data, made by a fuzzer or by a property test and printed one event a line.
//! Telling it asserts what TCP promises its users whatever the network does (P-01, P-02), and what it promises once the
//! network is fair (P-08 to P-11): that the text gets through, and that both ends come to rest. Debug builds of the
//! reference assert every invariant of one endpoint meanwhile.
//!
//! Left out: a user timeout, which would let loss end a connection, urgent text, and crashes. Other stacks can be told,
//! too ([`Transfer::tell_between`]), but take no more of an end's choices than its buffers and sizes.

use std::fmt;
use std::time::Duration;

use crate::trace::{End, Trace};

mod choice;
mod drawn;
mod refusals;
mod telling;
#[cfg(test)]
mod tests;

pub use choice::{Buffer, EndChoice, Network, Segments};
pub use telling::Setting;

/// Most acts of a story that are told.
pub const LONGEST: usize = 32;

/// A story of one connection.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Transfer {
    /// The choices of A and of B.
    pub ends: [EndChoice; 2],
    /// Both ends' maximum segment lifetime, in seconds; no segment lives longer.
    #[cfg_attr(feature = "arbitrary", arbitrary(with = |octets: &mut arbitrary::Unstructured<'_>| octets.int_in_range(1..=8)))]
    pub msl: u8,
    /// What the network does until it turns fair, in both directions.
    pub network: Network,
    /// How the connection begins.
    pub opening: Opening,
    /// What the users do, in order; the first [`LONGEST`] count.
    #[cfg_attr(feature = "arbitrary", arbitrary(with = until_empty))]
    pub acts: Vec<Act>,
}

/// How a connection begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Opening {
    /// B listens, then A connects.
    PassiveActive,
    /// Both listen, then A connects from the port on which it listens.
    BothPassive,
    /// Both connect at the same time.
    Simultaneous,
    /// A connects before B is there, and may be refused.
    Early {
        /// How much later B opens.
        late: Pause,
        /// B connects, too, instead of listening.
        active: bool,
    },
}

/// A stretch of time: a quarter of the square of so many milliseconds, up to sixteen seconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Pause(pub u8);

impl Pause {
    /// How long it is.
    #[must_use]
    pub fn duration(self) -> Duration {
        Duration::from_millis(u64::from(self.0) * u64::from(self.0) / 4)
    }
}

/// A number of octets: small ones one by one, larger ones in steps of a hundred, up to 20,000.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Size(pub u8);

impl Size {
    /// How many octets.
    #[must_use]
    pub fn octets(self) -> u32 {
        match self.0 {
            few @ 0..=55 => u32::from(few) + 1,
            many => 100 * u32::from(many - 55),
        }
    }
}

/// One thing that a user does, after a while.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Act {
    /// How long after the act before.
    pub after: Pause,
    /// A's user rather than B's.
    pub left: bool,
    /// What it does.
    #[cfg_attr(feature = "arbitrary", arbitrary(with = deed))]
    pub deed: Deed,
}

impl Act {
    /// Whose user acts.
    #[must_use]
    pub const fn end(&self) -> End {
        if self.left { End::Left } else { End::Right }
    }
}

/// What a user does. At first nobody reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deed {
    /// SEND so many octets, or as many as the buffer takes.
    Send(Size),
    /// RECEIVE at most so many octets.
    Read(Size),
    /// From now on reads all that comes as soon as it comes.
    ReadAll,
    /// Reads no more, until told to.
    StopReading,
    /// CLOSE.
    Close,
    /// ABORT. It frees TCP of every promise but that what was delivered is right and that both ends come to rest.
    Abort,
}

/// Deeds as users do them: much text, seldom an end, hardly ever an ABORT.
#[cfg(feature = "arbitrary")]
fn deed(octets: &mut arbitrary::Unstructured<'_>) -> arbitrary::Result<Deed> {
    Ok(match octets.int_in_range(0..=63_u8)? {
        0..=27 => Deed::Send(octets.arbitrary()?),
        28..=39 => Deed::Read(octets.arbitrary()?),
        40..=47 => Deed::ReadAll,
        48..=55 => Deed::StopReading,
        56..=62 => Deed::Close,
        _ => Deed::Abort,
    })
}

/// Acts for as long as there are octets; a `Vec` of its own would toss a coin after each.
#[cfg(feature = "arbitrary")]
fn until_empty(octets: &mut arbitrary::Unstructured<'_>) -> arbitrary::Result<Vec<Act>> {
    let mut acts = Vec::new();
    while !octets.is_empty() && acts.len() < LONGEST {
        acts.push(octets.arbitrary()?);
    }
    Ok(acts)
}

/// Something that TCP promises its users.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Promise {
    /// The property's id.
    pub id: &'static str,
    /// What is true as long as it is kept.
    pub sentence: &'static str,
}

const STREAM: Promise = Promise {
    id: "P-01",
    sentence: "what a user reads is what the other has sent, each octet once and in order",
};
const END_OF_STREAM: Promise =
    Promise { id: "P-02", sentence: "the end of the stream comes after all that was sent before CLOSE" };
const REST: Promise = Promise {
    id: "P-08",
    sentence: "on a fair network, with both users reading and closed, all that was sent before CLOSE is delivered \
               and both ends become CLOSED",
};
const PROGRESS: Promise = Promise {
    id: "P-09",
    sentence: "on a fair network, with both users reading and closed, no window and no timer holds things up for ever",
};
const SILENCE: Promise =
    Promise { id: "P-10", sentence: "two ends whose users are at rest do not keep sending" };

/// What every [`Transfer`] is held to.
pub static PROMISES: [Promise; 5] = [STREAM, END_OF_STREAM, REST, PROGRESS, SILENCE];

/// A promise of TCP that was not kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BrokenPromise {
    /// The property's id.
    pub id: &'static str,
    /// What should have been true.
    pub sentence: &'static str,
    /// What is true instead.
    pub detail: String,
    /// What happened.
    pub trace: Trace,
}

impl fmt::Display for BrokenPromise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, sentence, detail, trace } = self;
        write!(f, "{id}: {sentence}\n{detail}\n{trace}")
    }
}

impl std::error::Error for BrokenPromise {}

/// A list of acts, one a line, after the circumstances.
impl fmt::Display for Transfer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ends: [left, right], msl, network, opening, acts } = self;
        writeln!(f, "MSL {msl} s, {network}\nA: {left}\nB: {right}\n{opening}")?;
        acts.iter()
            .take(LONGEST)
            .enumerate()
            .try_for_each(|(index, act)| writeln!(f, "{:2}. {act}", index + 1))
    }
}

impl fmt::Display for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PassiveActive => f.write_str("B listens, A connects"),
            Self::BothPassive => f.write_str("both listen, A connects"),
            Self::Simultaneous => f.write_str("both connect"),
            Self::Early { late, active } => {
                write!(f, "A connects, {late} B {}", if *active { "connects" } else { "listens" })
            }
        }
    }
}

impl fmt::Display for Pause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "after {:?}", self.duration())
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { after, left, deed } = self;
        write!(f, "{after} {} {deed}", if *left { "A" } else { "B" })
    }
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send(size) => write!(f, "sends {}", size.octets()),
            Self::Read(size) => write!(f, "reads {}", size.octets()),
            Self::ReadAll => f.write_str("reads everything from now on"),
            Self::StopReading => f.write_str("stops reading"),
            Self::Close => f.write_str("closes"),
            Self::Abort => f.write_str("aborts"),
        }
    }
}
