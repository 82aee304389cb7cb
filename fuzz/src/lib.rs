//! Checks that only fuzzing makes, because they compare with libraries that nothing else of tcpspec depends on.
//! Everything else that the targets call lives in `tcpspec-core` and `tcpspec`.
#![forbid(unsafe_code)]

pub mod wire;
