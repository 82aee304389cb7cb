//! `tcpspec model` as a user meets it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::command_line::{run, trouble};

/// A command that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What the explorer answers, once it listens.
fn ask(port: u16, path: &str) -> Option<String> {
    let mut connection = (0..600).find_map(|_| {
        std::thread::sleep(Duration::from_millis(50));
        TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()
    })?;
    write!(connection, "GET {path} HTTP/1.0\r\n\r\n").ok()?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).ok()?;
    Some(answer)
}

#[test]
fn the_explorer_draws_the_counterexample_that_the_command_points_to() {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    let port = free.expect("a free port").port();
    let name = port.to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tcpspec"));
    command.args(["model", "opening-one-way/two-way", "--explore", "--port", &name]).stdout(Stdio::piped());
    let mut explorer = Running(command.spawn().expect("the command was built with this test"));
    let printed = BufReader::new(explorer.0.stdout.take().expect("piped")).lines().nth(1);
    let printed = printed.expect("two lines").expect("UTF-8");
    let steps =
        printed.strip_prefix(&format!("  NO no-deaf-open: http://127.0.0.1:{port}/#/steps")).expect("there");
    assert!(ask(port, "/.status").expect("it listens").contains("no-deaf-open"));
    let drawn = ask(port, &format!("/.states{steps}")).expect("it answers");
    assert!(drawn.contains("<svg") && drawn.contains("ESTABLISHED"), "{steps}: {drawn}");
    assert!(trouble(&["model", "opening", "--explore", "--port", &name]).contains(&format!("port {name}: ")));
}

#[test]
fn a_model_is_explored_and_a_rule_taken_away_shows_its_counterexample() {
    let directory = std::env::temp_dir().join(format!("tcpspec-{}-model", std::process::id()));
    let save = directory.to_str().expect("a plain name");
    let (code, report) = run(&["model", "opening-old-syn", "--threads", "2", "--save", save]);
    assert_eq!(code, Some(0), "{report}");
    assert!(report.contains("yes [] nothing-old-opens") && report.contains("NO  <> settles"), "{report}");
    let file = directory.join("opening-old-syn-two-way-settles.trace");
    let saved = std::fs::read_to_string(&file).expect("the counterexample");
    std::fs::remove_dir_all(&directory).expect("ours");
    assert!(saved.lines().any(|line| line.contains("> S 50:50(0)")), "{saved}");
    assert!(saved.lines().all(|line| report.contains(line)), "{saved}");
    let (code, list) = run(&["model", "--list"]);
    assert_eq!(code, Some(0));
    assert!(list.contains("  opening/two-way: ") && list.contains("      breaks chosen"), "{list}");
    assert!(trouble(&["model", "carrier-pigeon"]).contains("--list"));
}
