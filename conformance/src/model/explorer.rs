//! A model in a browser: the library's explorer, on this machine only.

use std::io;
use std::net::{Ipv4Addr, TcpListener};

use stateright::Model as _;

use super::model::Model;
use super::report::Subject;

/// Whether nobody else listens on a loopback port; the library panics where it cannot listen.
///
/// # Errors
/// If somebody does.
pub fn is_free(port: u16) -> io::Result<()> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map(drop)
}

/// Serves the explorer on a free loopback port until the process ends.
///
/// # Panics
/// If the port is not free.
pub fn serve(subject: &Subject, threads: usize, port: u16) {
    let model = match &subject.variation {
        None => Model::new(subject.definition.clone()),
        Some(variation) => Model::varied_with_all_questions(subject.definition.clone(), variation),
    };
    model.checker().threads(threads).serve((Ipv4Addr::LOCALHOST, port));
}
