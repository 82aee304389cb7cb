//! The wire codec against etherparse's and smoltcp's; round trips.
#![no_main]

libfuzzer_sys::fuzz_target!(|packet: tcpspec_fuzz::wire::Packet| packet.check());
