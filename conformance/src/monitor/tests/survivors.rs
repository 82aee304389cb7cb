//! Faults that the monitor sees at work in the suite's stories and does not object to, each with the reason.
//!
//! The list is exact: a test fails when one of these is objected to, and when another one is not. Faults that leave the
//! suite's stories as they are need no entry; the same test finds that out by playing them.

/// A kind of fault, and which faults of the kind. What is seen of them is what a loss, a slower timer or another choice would
/// bring about as well: nothing outside tells the fault from those.
pub(super) const SURVIVORS: &[(&str, &[&str])] = &[
    // A request or a FIN that leaves later, as one that was lost would (V-23); another form of keep-alive (V-37); the
    // request that crossed another, repeated as it was.
    ("drop-answer", &["OPEN-7", "CLOSE-5", "RECV-9", "TO-3", "TO-10", "TO-14"]),
    ("answer-seq-high", &["TO-11"]),
    ("answer-ack-flag-flipped", &["TO-14"]),
    // V-10: a reset may mean nothing in TIME-WAIT. V-49: a packet may be repeated as it was, acknowledged in part or not.
    ("ignore", &["RST-6", "ACK-25"]),
    ("skip-transition", &["RST-6"]),
    // V-18: how old an acknowledgment may be is not said to the octet.
    ("off-by-one", &["too-old-ack-taken"]),
    // V-38: text above a gap may be dropped.
    ("plain-integers", &["new-text-looks-old"]),
    ("timer-never", &["keep-alive"]),
    ("timer-late", &["retransmission", "persist", "keep-alive"]),
    ("timer-early", &["persist"]),
    (
        "timeout",
        &[
            "doubles-twice",
            "measures-what-was-sent-twice",
            "not-three-seconds-after-a-lost-syn",
            "first-after-ten-seconds",
            "never-learns",
        ],
    ),
    // How many segments are under way is not known once some of them are acknowledged. How much a window grows, what a loss
    // leaves of it and how long it lasts is another number with every algorithm (V-56). The suite asks, where what was under way
    // is known.
    (
        "congestion",
        &[
            "duplicates-of-nothing-count",
            "duplicates-of-two-losses-add-up",
            "new-text-acknowledged-counts-as-one",
            "slow-start-by-two-segments",
            "slow-start-counts-acknowledgments",
            "slow-start-has-no-end",
            "two-segments-a-round-trip",
            "text-of-the-peer-opens-the-window",
            "timeout-keeps-the-threshold",
            "third-duplicate-keeps-the-window",
            "half-of-the-window-instead-of-the-flight",
            "first-duplicates-open-the-window",
            "duplicates-let-nothing-go",
            "only-the-first-loss-counts",
            "each-duplicate-lets-two-segments-go",
            "recovery-ends-at-the-inflated-window",
            "nothing-begins-anew",
        ],
    ),
    // V-8: who goes by the highest acknowledgment takes the window of an older segment that repeats it.
    ("window-taken", &["ACK-11"]),
    // A host may take less in one piece than its network carries.
    ("option", &["mss-less-options"]),
    // R1 may be any number of retransmissions from three on (SHLD-10).
    ("signal", &["delivery-trouble-of-timeouts-never"]),
    // V-60: when a listening socket hands out a connection is free; its user may have it while it is half open, and SEND and
    // RECEIVE wait then (§3.10.2, §3.10.3).
    ("signal", &["open-before-it-is"]),
    // V-28: how much is offered, and when, is free.
    ("scaling", &["own-syn-shifted"]),
    // What CLOSE and ABORT say of a connection that is gone: the interface of §3.9.1 says what calls do and not in which
    // words, and as programs have it these two always succeed.
    ("user", &["close-without-connection", "abort-without-connection"]),
    // MUST-12 asks that an abort can be told from an orderly end; what it is called is free.
    ("user", &["reset-reported-as-refusal"]),
];

/// Whether the fault with this name is let pass.
pub(super) fn lists(name: &str) -> bool {
    let Some((kind, fault)) = name.split_once('/') else { return false };
    SURVIVORS.iter().any(|(of, faults)| *of == kind && faults.contains(&fault))
}
