//! User calls: RFC 9293 §3.10.1 to §3.10.6, one file each, and the switches that §3.7.4 and §3.8.4 ask for.
//!
//! Left out: a caller without access to the connection, security and Diffserv parameters (rows marked
//! [`NotModelled`](crate::rule::OutOfScope::NotModelled)).

use crate::event::Call;
use crate::processing::Processing;

mod abort;
mod close;
mod keep_alive;
mod nagle;
mod open;
mod receive;
mod send;
mod status;

pub(crate) use close::begin_queued_close;
pub(crate) use open::begin_incarnation;
pub(crate) use receive::{consumed, serve_queued_receives};

/// Takes a user call to its section.
pub(crate) fn call(step: &mut Processing<'_>, call: Call<'_>) {
    match call {
        Call::OpenPassive { remote } => open::open_passive(step, remote),
        Call::OpenActive { remote } => open::open_active(step, remote),
        Call::Send { text, push, urgent, timeout, remote } => {
            send::send(step, &send::Request { text, push, urgent, timeout, remote });
        }
        Call::Receive { max } => receive::receive(step, max),
        Call::Close => close::close(step),
        Call::Abort => abort::abort(step),
        Call::Status => status::status(step),
        Call::KeepAlive { interval } => keep_alive::keep_alive(step, interval),
        Call::Nagle { on } => nagle::nagle(step, on),
    }
}
