//! What the user is told: octets, the end of the stream, errors.

use tcpspec_core::{Instant, State};

use crate::monitor::hypothesis::{Ending, Hypothesis};
use crate::monitor::objection::{Judgement, Objection, suspected};
use crate::monitor::pair::Pair;
use crate::monitor::stream::Stream;
use crate::monitor::terms::Terms;
use crate::stack::{CallFailure, CallOutcome};

fn object(
    pair: &Pair,
    rule: &'static str,
    class: &'static str,
    differed: &'static str,
    what: String,
) -> Judgement {
    let first = pair.hypotheses.first();
    let state = Some(first.state);
    let objection = || Box::new(Objection { rule, state, class: class.into(), differed, what });
    Err(suspected(pair, first).unwrap_or_else(objection))
}

/// SEND took octets: the connection must be there and not closed by its user (I-074).
pub(in crate::monitor) fn sent(pair: &mut Pair) -> Judgement {
    let open = |hypothesis: &Hypothesis| {
        let half_open = hypothesis.state == State::SynReceived && !hypothesis.closing;
        half_open || matches!(hypothesis.state, State::SynSent | State::Established | State::CloseWait)
    };
    if pair.hypotheses.retain(open) {
        return Ok(());
    }
    let state = pair.hypotheses.first().state;
    let what = format!("SEND must be refused in {state}; it took octets");
    object(pair, "I-074", "SEND", "taken", what)
}

/// SEND took octets where there is no connection: nobody can open one by it, for it names no remote socket (§3.9.1.2,
/// §3.10.2).
pub(in crate::monitor) fn sent_without_connection(state: State) -> Judgement {
    let what = format!("SEND must be refused in {state}; it took octets");
    let (rule, class, differed) = ("I-074.2", "SEND".into(), "taken");
    Err(Box::new(Objection { rule, state: Some(state), class, differed, what }))
}

/// A call was answered with an error: there must be a reason for it (I-073).
pub(in crate::monitor) fn failed(
    pair: &mut Pair,
    class: &'static str,
    failure: &CallFailure,
    terms: &Terms,
) -> Judgement {
    let user_closed = |state| {
        matches!(
            state,
            State::Closed
                | State::FinWait1
                | State::FinWait2
                | State::Closing
                | State::LastAck
                | State::TimeWait
        )
    };
    let asks = terms.tells_resets && class == "RECEIVE" && !pair.told;
    // Whoever has called CLOSE waits for nothing; and how a keep-alive's verdict is told is not said (§3.8.4).
    let (closed, kept_alive) = (pair.closed, pair.keep_alive.is_some());
    let failed = |ending| match ending {
        Ending::Reset => true,
        Ending::Refused => !closed,
        Ending::TimedOut => !closed && !kept_alive,
        Ending::None | Ending::Closed | Ending::ResetUnheard => false,
    };
    // In whatever words it is told, it is told.
    pair.told |= !matches!(failure, CallFailure::NoConnection | CallFailure::Closing);
    let possible = |hypothesis: &Hypothesis| match failure {
        CallFailure::Reset | CallFailure::Refused => hypothesis.state == State::Closed,
        CallFailure::TimedOut => hypothesis.ending == Ending::TimedOut,
        CallFailure::NoConnection => {
            // A connection that failed is first told of as what it is (MUST-12, §3.10.7.3, §3.10.8).
            let untold = asks && failed(hypothesis.ending);
            user_closed(hypothesis.state) && !untold
        }
        CallFailure::Closing => user_closed(hypothesis.state) || hypothesis.closing || hypothesis.fin_taken,
        CallFailure::Other(_) => true,
    };
    if pair.hypotheses.retain(possible) {
        pair.suspicion = None;
        return Ok(());
    }
    let state = pair.hypotheses.first().state;
    let what = format!(
        "{class} was answered with `{}` in {state}, where nothing has brought that about",
        CallOutcome::Error(failure.clone())
    );
    object(pair, "I-073", class, "an error without a cause", what)
}

/// P-01: the octets are the next ones of the peer's stream.
pub(in crate::monitor) fn received(stream: &mut Stream, pair: Option<&mut Pair>, octets: &[u8]) -> Judgement {
    if octets.is_empty() {
        return Ok(());
    }
    let from = stream.read;
    stream.read += octets.len();
    let Some(pair) = pair else { return contents(stream, None, from, octets) };
    contents(stream, Some(pair), from, octets)?;
    let read = u32::try_from(stream.read).unwrap_or(u32::MAX);
    // What the user has read was taken.
    for hypothesis in pair.hypotheses.as_mut_slice() {
        let reached = hypothesis.irs + 1 + read;
        if hypothesis.state != State::Closed && reached.le(hypothesis.nxt_most) {
            hypothesis.nxt = hypothesis.nxt.later(reached);
        }
    }
    let taken = |hypothesis: &Hypothesis| {
        let open = !matches!(hypothesis.state, State::SynSent | State::SynReceived);
        hypothesis.state == State::Closed || open && (hypothesis.irs + 1 + read).le(hypothesis.nxt_most)
    };
    if pair.hypotheses.retain(taken) {
        return Ok(());
    }
    let open = !matches!(pair.hypotheses.first().state, State::SynSent | State::SynReceived);
    let what = format!("the user was given octets {from} to {read} of the peer's stream");
    if open {
        object(pair, "P-01", "RECEIVE", "octets that were not taken", what)
    } else {
        object(pair, "I-075", "RECEIVE", "octets before the connection is open", what)
    }
}

fn contents(stream: &Stream, pair: Option<&Pair>, from: usize, octets: &[u8]) -> Judgement {
    if stream.received.doubtful {
        return Ok(());
    }
    let (differed, what) = match stream.received.get(from, octets.len()) {
        None => (
            "octets that never came",
            format!(
                "the user was given octets {from} to {} of the peer's stream, which have not all arrived",
                stream.read
            ),
        ),
        Some(sent) if sent == octets => return Ok(()),
        Some(sent) => {
            let wrong = from + sent.iter().zip(octets).take_while(|(sent, given)| sent == given).count();
            let what = format!("octet {wrong} that the user was given is not the one that the peer sent");
            ("other octets", what)
        }
    };
    let state = pair.map(|pair| pair.hypotheses.first().state);
    Err(Box::new(Objection { rule: "P-01", state, class: "RECEIVE".into(), differed, what }))
}

/// P-02: the stream ends where the peer ended it, after everything was read; and only if it did (MUST-12).
pub(in crate::monitor) fn ended(stream: &Stream, pair: Option<&mut Pair>) -> Judgement {
    let read = u32::try_from(stream.read).unwrap_or(u32::MAX);
    if stream.received.doubtful {
        return Ok(());
    }
    if !stream.received.may_end_at(read) {
        let (differed, what) = if stream.received.has_fin() {
            (
                "octets are missing",
                format!(
                    "the user was told of the end of the stream after {read} octets; the peer's FIN stands elsewhere"
                ),
            )
        } else {
            (
                "no FIN that could be taken",
                format!(
                    "the user was told of the end of the stream after {read} octets; the peer has sent no FIN that counts"
                ),
            )
        };
        let state = pair.map(|pair| pair.hypotheses.first().state);
        return Err(Box::new(Objection { rule: "P-02", state, class: "RECEIVE".into(), differed, what }));
    }
    let Some(pair) = pair else { return Ok(()) };
    let told = |hypothesis: &Hypothesis| {
        let at_end = hypothesis.nxt_most.ge(hypothesis.irs + 1 + read);
        hypothesis.fin_taken && (hypothesis.state == State::Closed || at_end)
    };
    if pair.hypotheses.retain(told) {
        return Ok(());
    }
    let what =
        "the user was told of an orderly end of the stream; no FIN of the peer could be taken".to_owned();
    object(pair, "P-02", "RECEIVE", "an end that the peer did not make", what)
}

/// RECEIVE found nothing: then there is nothing to read and nothing to tell.
pub(in crate::monitor) fn nothing(stream: &Stream, pair: &mut Pair, terms: &Terms) -> Judgement {
    let read = u32::try_from(stream.read).unwrap_or(u32::MAX);
    let pushed = stream.received.pushed > read;
    let withheld = |hypothesis: &Hypothesis| {
        let text_end = hypothesis.nxt - u32::from(hypothesis.fin_taken);
        pushed && hypothesis.state.is_synchronized() && text_end.gt(hypothesis.irs + 1 + read)
    };
    let end_untold = |hypothesis: &Hypothesis| hypothesis.fin_taken && hypothesis.state == State::CloseWait;
    let failure_untold = |hypothesis: &Hypothesis| {
        let failed = !matches!(hypothesis.ending, Ending::None | Ending::Closed);
        terms.tells_resets && hypothesis.state == State::Closed && failed
    };
    let first = *pair.hypotheses.first();
    let right = |hypothesis: &Hypothesis| {
        !withheld(hypothesis) && !end_untold(hypothesis) && !failure_untold(hypothesis)
    };
    if pair.hypotheses.retain(right) {
        return Ok(());
    }
    if failure_untold(&first) {
        let what =
            "RECEIVE found nothing although the connection has failed: the user is not told".to_owned();
        object(pair, "I-073", "RECEIVE", "a failure is not told", what)
    } else if withheld(&first) {
        let what = format!("RECEIVE found nothing although pushed text after octet {read} was taken");
        object(pair, "P-01", "RECEIVE", "octets are withheld", what)
    } else {
        let what = "RECEIVE found nothing although the peer's FIN was taken: the user is not told".to_owned();
        object(pair, "I-073", "RECEIVE", "the end is not told", what)
    }
}

/// CLOSE (§3.10.4).
pub(in crate::monitor) fn close(hypothesis: &Hypothesis, pair: &Pair, now: Instant) -> Hypothesis {
    let mut after = *hypothesis;
    match hypothesis.state {
        State::SynSent => return hypothesis.closed(Ending::Closed),
        State::SynReceived => {
            after.closing = true;
            return after;
        }
        State::Established => after.state = State::FinWait1,
        State::CloseWait => after.state = State::LastAck,
        State::Closed => {
            // Whoever closes what is closed already has nothing more to be told (§3.10.3, §3.10.4).
            if matches!(after.ending, Ending::Reset | Ending::ResetUnheard) {
                after.ending = Ending::Closed;
            }
            return after;
        }
        _ => return after,
    }
    // What waited before goes on waiting.
    if !pair.unfinished(hypothesis) {
        after.waiting_since = now;
        after.busy_since = now;
    }
    after
}
