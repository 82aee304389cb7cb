//! Faults that the monitor sees at work in the suite's stories and does not object to, each with the reason.
//!
//! The list is exact: a test fails when one of these is objected to, and when another one is not. Faults that leave the
//! suite's stories as they are need no entry; the same test finds that out by playing them.

/// Why nothing is said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Why {
    /// What is seen is what a loss, a slower timer or another choice would bring about as well: nothing outside tells the
    /// fault from those.
    Allowed,
    /// No judge looks there.
    Unjudged,
}

/// A kind of fault, the reason, and which faults of the kind.
pub(super) const SURVIVORS: &[(&str, Why, &[&str])] = &[
    // A request or a FIN that leaves later, as one that was lost would (V-23); another form of keep-alive (V-37); the
    // request that crossed another, repeated as it was.
    ("drop-answer", Why::Allowed, &["OPEN-7", "CLOSE-5", "RECV-9", "TO-3", "TO-10", "TO-11", "TO-14"]),
    ("answer-seq-high", Why::Allowed, &["TO-11"]),
    ("answer-ack-flag-flipped", Why::Allowed, &["TO-14"]),
    // V-10: a reset may mean nothing in TIME-WAIT. V-49: a packet may be repeated as it was, acknowledged in part or not.
    ("ignore", Why::Allowed, &["RST-6", "ACK-25"]),
    ("skip-transition", Why::Allowed, &["RST-6"]),
    // V-18: how old an acknowledgment may be is not said to the octet.
    ("off-by-one", Why::Allowed, &["too-old-ack-taken"]),
    // V-38: text above a gap may be dropped.
    ("plain-integers", Why::Allowed, &["new-text-looks-old"]),
    ("timer-never", Why::Allowed, &["keep-alive"]),
    ("timer-late", Why::Allowed, &["user", "retransmission", "persist", "keep-alive"]),
    ("timer-early", Why::Allowed, &["persist"]),
    (
        "timeout",
        Why::Allowed,
        &[
            "doubles-twice",
            "measures-what-was-sent-twice",
            "not-three-seconds-after-a-lost-syn",
            "first-after-ten-seconds",
            "never-learns",
        ],
    ),
    // V-8: who goes by the highest acknowledgment takes the window of an older segment that repeats it.
    ("window-taken", Why::Allowed, &["ACK-11"]),
    // The FIN follows when the timer goes off.
    ("field", Why::Allowed, &["fin-on-its-own"]),
    // A host may take less in one piece than its network carries.
    ("option", Why::Allowed, &["mss-less-options"]),
    ("text", Why::Unjudged, &["of-a-syn-before-the-connection-opens"]),
    // R1 may be any number of retransmissions from three on (SHLD-10).
    ("signal", Why::Allowed, &["delivery-trouble-of-timeouts-never"]),
    ("signal", Why::Unjudged, &["refusal-never", "user-timeout-never", "open-before-it-is"]),
    // V-28: how much is offered, and when, is free.
    ("scaling", Why::Allowed, &["own-syn-shifted"]),
    ("user", Why::Unjudged, &["send-without-connection", "open-twice"]),
    // What CLOSE and ABORT say of a connection that is gone: as programs have it, they always succeed.
    ("user", Why::Unjudged, &["close-without-connection", "abort-without-connection"]),
    // MUST-12 asks that an abort can be told from an orderly end; what it is called is free.
    ("user", Why::Allowed, &["reset-reported-as-refusal"]),
];

/// Why the fault with this name is let pass, if it is.
pub(super) fn why(name: &str) -> Option<Why> {
    let (kind, fault) = name.split_once('/')?;
    let mut known = SURVIVORS.iter().filter(|(of, _, faults)| *of == kind && faults.contains(&fault));
    known.next().map(|(_, why, _)| *why)
}
