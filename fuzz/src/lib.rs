//! Checks that only fuzzing makes, because they compare with libraries that nothing else of tcpspec depends on, and what
//! a target keeps from one input to the next. Everything else that the targets call lives in `tcpspec-core` and `tcpspec`.
#![forbid(unsafe_code)]

pub mod differential;
pub mod wire;
