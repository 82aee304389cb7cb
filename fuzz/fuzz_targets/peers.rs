//! Two references, their users and a hostile network, which turns fair in the end.
#![no_main]

libfuzzer_sys::fuzz_target!(|story: tcpspec::transfer::Transfer| {
    if let Err(broken) = story.tell() {
        panic!("{broken}\n{story}");
    }
});
