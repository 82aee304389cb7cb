//! Arbitrary segments, calls and time against the reference, every invariant asserted.
#![no_main]

libfuzzer_sys::fuzz_target!(|story: tcpspec_core::arbitrary::Subject| {
    if let Err(violation) = story.run() {
        panic!("{violation}\n{story}");
    }
});
