//! Arbitrary stories, told to a stack under test under the monitor's eyes; known deviations are excused.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| tcpspec_fuzz::differential::tell(octets));
