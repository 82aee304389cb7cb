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
    ("drop-answer", Why::Unjudged, &["OPEN-7", "CLOSE-5"]),
    ("drop-answer", Why::Allowed, &["RECV-9", "TO-3", "TO-10", "TO-11", "TO-14"]),
    ("answer-seq-high", Why::Unjudged, &["TO-11"]),
    ("answer-ack-flag-flipped", Why::Unjudged, &["TO-14"]),
    ("acknowledge-instead-of-silence", Why::Unjudged, &["SEQ-10", "ACK-1"]),
    (
        "ignore",
        Why::Unjudged,
        &["SEND-13", "CLOSE-8", "CLOSE-11", "RST-6", "ACK-16", "ACK-25", "TO-9", "ICMP-2"],
    ),
    ("skip-transition", Why::Unjudged, &["CLOSE-8", "RST-6", "ACK-16", "FIN-2", "TO-9", "ICMP-2"]),
    ("ignore", Why::Allowed, &["TO-1"]),
    ("skip-transition", Why::Allowed, &["TO-1"]),
    ("establish-at-once", Why::Unjudged, &["SYNSENT-11", "ACK-5"]),
    ("off-by-one", Why::Unjudged, &["right-edge-low", "too-old-ack-taken"]),
    ("window", Why::Unjudged, &["one-less-than-offered", "nothing-when-it-opens"]),
    ("plain-integers", Why::Unjudged, &["new-text-looks-old"]),
    ("timer-never", Why::Allowed, &["user", "keep-alive"]),
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
    ("field", Why::Unjudged, &["stale-acknowledgment-on-a-retransmission", "fin-on-its-own"]),
    (
        "option",
        Why::Unjudged,
        &[
            "no-mss-on-a-syn",
            "mss-less-options",
            "unknown-ends-the-list",
            "unknown-has-no-length",
            "no-operation-ends-the-list",
            "only-at-a-whole-word",
            "only-first",
            "after-the-end-of-the-list",
        ],
    ),
    ("mss", Why::Unjudged, &["option-never-above-the-default", "small-segments-only"]),
    ("offer", Why::Unjudged, &["one-octet-at-a-time"]),
    ("send", Why::Unjudged, &["short-segments-wait-for-ever"]),
    ("initial-number", Why::Unjudged, &["clock-alone", "goes-back"]),
    ("header", Why::Unjudged, &["urgent-pointer-without-flag"]),
    ("text", Why::Unjudged, &["of-a-syn-before-the-connection-opens"]),
    (
        "signal",
        Why::Unjudged,
        &[
            "open-never",
            "refusal-never",
            "user-timeout-never",
            "urgent-text-never",
            "urgent-text-told-once-only",
            "end-of-urgent-text-never",
            "delivery-trouble-never",
            "open-before-it-is",
        ],
    ),
    ("scaling", Why::Unjudged, &["windows-of-the-peer-unshifted", "own-syn-shifted"]),
    (
        "sack",
        Why::Unjudged,
        &[
            "without-permission",
            "lowest-block-first",
            "one-block-only",
            "the-first-block-ever",
            "latest-segment-alone",
            "ends-with-the-last-octet",
            "begins-before-the-first-octet",
            "numbers-without-wrap",
            "not-with-new-text",
            "for-the-first-gap-only",
            "what-was-taken",
        ],
    ),
    (
        "user",
        Why::Unjudged,
        &[
            "reset-reported-as-refusal",
            "timeout-swallowed",
            "send-without-connection",
            "open-twice",
            "accept-never",
        ],
    ),
    (
        "call",
        Why::Unjudged,
        &[
            "error-reports-not-switched-off",
            "reports-switched-off-for-good",
            "nagle-cannot-be-switched",
            "user-timeout-cannot-be-set",
        ],
    ),
    ("silly-window", Why::Unjudged, &["filled-at-once"]),
    ("keep-alive", Why::Unjudged, &["traffic-does-not-put-it-off"]),
    (
        "congestion",
        Why::Unjudged,
        &[
            "none",
            "the-second-duplicate-is-enough",
            "every-duplicate-counts-as-the-third",
            "window-updates-count",
        ],
    ),
    ("route", Why::Unjudged, &["not-kept"]),
];

/// Why the fault with this name is let pass, if it is.
pub(super) fn why(name: &str) -> Option<Why> {
    let (kind, fault) = name.split_once('/')?;
    let mut known = SURVIVORS.iter().filter(|(of, _, faults)| *of == kind && faults.contains(&fault));
    known.next().map(|(_, why, _)| *why)
}
