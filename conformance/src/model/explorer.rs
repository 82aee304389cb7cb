//! A model in a browser: the library's explorer, on this machine only.

use std::io;
use std::net::{Ipv4Addr, TcpListener};

use stateright::Model as _;

use super::model::Model;
use super::report::Subject;

/// Serves the explorer on a loopback port until the process ends.
///
/// # Errors
/// If the port is taken.
pub fn serve(subject: &Subject, threads: usize, port: u16) -> io::Result<()> {
    let address = (Ipv4Addr::LOCALHOST, port);
    // The library panics where it cannot listen.
    drop(TcpListener::bind(address)?);
    let model = match &subject.variation {
        None => Model::new(subject.definition.clone()),
        Some(variation) => Model::varied_with_all_questions(subject.definition.clone(), variation),
    };
    model.checker().threads(threads).serve(address);
    Ok(())
}
