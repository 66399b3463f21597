//! Commands that end in every way: each in a process of its own, which is this test program again.

use super::run;
use millstream_tools::terminal::Color;
use millstream_tools::{Failure, Look, Surroundings};
use rustix::process::{Pid, Signal, kill_process};
use std::future::pending;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};

/// Says which command the process is to run.
const PART: &str = "MILLSTREAM_TEST_PART";
/// What a command writes once it runs.
const READY: &str = "it runs";

/// Runs a command in the process that [`play`] has started; nothing in any other.
#[test]
fn command_when_it_is_this_processs_part_then_is_run() {
    let Ok(part) = std::env::var(PART) else {
        return;
    };
    let look = Look {
        color: Color::Never,
        verbose: false,
    };
    let status = run(look, async |surroundings| {
        command(&part, surroundings).await
    });
    std::process::exit(status.code().into());
}

async fn command(part: &str, surroundings: &Surroundings) -> Result<(), Failure> {
    let output = surroundings.terminal.output();
    output.line(READY)?;
    output.flush()?;
    match part {
        "succeeds" => Ok(()),
        "fails" => Err(Failure::new("it broke").with_advice("Mend it")),
        "finds" => Err(Failure::found("1 of 2 is damaged")),
        "panics" => panic!("as planned"),
        "dies" => {
            let task = Box::pin(async { panic!("as planned") });
            surroundings.env.tasks.spawn("planned", task);
            pending().await
        }
        "finishes" => {
            surroundings.stop.asked().await;
            output.line("finished")
        }
        "goes on" => {
            surroundings.stop.asked().await;
            output.line("not finished")?;
            output.flush()?;
            pending().await
        }
        "follows" => Err(output.reader_gone(&*surroundings.env.clock).await),
        other => panic!("there is no part {other}"),
    }
}

struct Played {
    child: Child,
    stdout: BufReader<std::process::ChildStdout>,
}

/// Starts a process with a part, and waits until the command runs.
fn play(part: &str) -> Played {
    let name = "foreground::tests::command_when_it_is_this_processs_part_then_is_run";
    let mut command = Command::new(std::env::current_exe().unwrap());
    let command = command
        .args(["--exact", name, "--nocapture"])
        .env(PART, part);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let mut played = Played { child, stdout };
    played.expect(READY);
    played
}

impl Played {
    /// Reads standard output up to a line that ends so: the test program writes, too.
    fn expect(&mut self, expected: &str) {
        let mut line = String::new();
        while !line.trim_end().ends_with(expected) {
            line.clear();
            assert_ne!(
                self.stdout.read_line(&mut line).unwrap(),
                0,
                "no {expected}"
            );
        }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the end, and for what was said on standard error.
    fn end(mut self) -> (ExitStatus, String) {
        let mut said = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        stderr.read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap(), said)
    }
}

#[test]
fn command_when_it_ends_by_itself_then_its_status_and_its_line_say_how() {
    for (part, status, line) in [
        ("succeeds", 0, ""),
        ("fails", 1, "millstream: it broke. Mend it.\n"),
        ("finds", 3, "millstream: 1 of 2 is damaged.\n"),
    ] {
        let (ended, said) = play(part).end();
        assert_eq!((ended.code(), &*said), (Some(status), line), "{part}");
    }
    for part in ["panics", "dies"] {
        let (ended, said) = play(part).end();
        assert_eq!(ended.code(), Some(70), "{said}");
        let lines: Vec<&str> = said
            .lines()
            .filter(|line| line.starts_with("millstream: "))
            .collect();
        assert_eq!(lines.len(), 1, "{said}");
        assert!(
            lines[0].ends_with("This is a bug, please report it."),
            "{said}"
        );
        assert!(said.contains("as planned"), "{said}");
    }
}

#[test]
fn command_when_a_signal_comes_then_finishes_and_its_status_names_the_signal() {
    for (signal, status) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let mut played = play("finishes");
        played.signal(signal);
        played.expect("finished");
        let (ended, said) = played.end();
        assert_eq!((ended.code(), &*said), (Some(status), ""));
    }
}

#[test]
fn command_when_it_does_not_stop_then_another_signal_ends_it() {
    let mut played = play("goes on");
    played.signal(Signal::INT);
    played.expect("not finished");
    // One that comes at once counts as the first.
    while played.child.try_wait().unwrap().is_none() {
        played.signal(Signal::TERM);
        std::thread::yield_now();
    }
    let (ended, said) = played.end();
    assert_eq!((ended.code(), &*said), (Some(143), ""));
}

#[test]
fn command_when_its_reader_goes_away_while_it_waits_then_ends_without_a_word() {
    let Played { mut child, stdout } = play("follows");
    drop(stdout);
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    let ended = child.wait().unwrap();
    assert_eq!((ended.code(), &*said), (Some(141), ""));
}
