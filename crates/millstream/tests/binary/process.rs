//! A running `millstream`, and what it prints.

use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};

/// `MILLSTREAM_BIN`, or the binary that was built with this test.
pub fn binary() -> OsString {
    let built = env!("CARGO_BIN_EXE_millstream");
    std::env::var_os("MILLSTREAM_BIN").unwrap_or_else(|| built.into())
}

/// The binary, without this process's own settings.
pub fn millstream() -> Command {
    let mut command = Command::new(binary());
    command.env_clear();
    command
}

/// A server, usually one that has said that it is ready. Killed when dropped.
pub struct Running {
    child: Child,
    output: BufReader<Box<dyn Read>>,
    /// Empty if its standard error goes elsewhere.
    log: BufReader<Box<dyn Read>>,
    pub url: String,
}

/// Runs a command that should end by itself without ever being ready.
pub fn refused(command: &mut Command) -> Stopped {
    let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut output = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut output)
        .unwrap();
    if !output.is_empty() {
        child.kill().unwrap();
    }
    assert_eq!(output, "", "it was not refused");
    let mut log = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut log)
        .unwrap();
    Stopped {
        status: child.wait().unwrap(),
        output,
        log,
    }
}

/// What a server left when it ended.
pub struct Stopped {
    pub status: ExitStatus,
    /// Standard output after the line with the URL.
    pub output: String,
    pub log: String,
}

impl Running {
    /// Starts a server and waits for the line that says that it is ready.
    pub fn start(command: &mut Command) -> Self {
        Self::start_with_log_to(command, Stdio::piped())
    }

    /// The same, with this as its standard error.
    pub fn start_with_log_to(command: &mut Command, log: Stdio) -> Self {
        let mut running = Self::begin_with(command, Stdio::piped(), log);
        let mut line = String::new();
        running.output.read_line(&mut line).unwrap();
        match line.strip_suffix('\n') {
            Some(url) => running.url = url.to_owned(),
            None => panic!("not ready: {}", running.wait().log),
        }
        running
    }

    /// Starts a server that is not ready yet, and has no URL.
    pub fn begin(command: &mut Command) -> Self {
        Self::begin_with(command, Stdio::piped(), Stdio::piped())
    }

    /// The same, with these as its standard output and error.
    pub fn begin_with(command: &mut Command, output: Stdio, log: Stdio) -> Self {
        let mut child = command.stdout(output).stderr(log).spawn().unwrap();
        let output: Box<dyn Read> = match child.stdout.take() {
            Some(output) => Box::new(output),
            None => Box::new(std::io::empty()),
        };
        let log: Box<dyn Read> = match child.stderr.take() {
            Some(log) => Box::new(log),
            None => Box::new(std::io::empty()),
        };
        Self {
            output: BufReader::new(output),
            log: BufReader::new(log),
            child,
            url: String::new(),
        }
    }

    /// A memory counter of the process in bytes, by the operating system's name for it, such as
    /// `VmRSS` or `VmHWM`.
    pub fn memory(&self, name: &str) -> usize {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).unwrap();
        let mut lines = status.lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let kibibytes = value.unwrap().trim().trim_end_matches(" kB");
        kibibytes.parse::<usize>().unwrap() * 1024
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Reads the log up to a line that contains `said`, and returns the rest of the line.
    pub fn log_after(&mut self, said: &str) -> String {
        loop {
            let mut line = String::new();
            let read = self.log.read_line(&mut line).unwrap();
            assert_ne!(read, 0, "it ended without {said:?}");
            if let Some((_, rest)) = line.split_once(said) {
                return rest.trim().to_owned();
            }
        }
    }

    /// Closes the reading end of its log's pipe.
    pub fn stop_listening(&mut self) {
        self.log = BufReader::new(Box::new(std::io::empty()));
    }

    /// Closes the reading end of its standard output's pipe.
    pub fn close_output(&mut self) {
        self.output = BufReader::new(Box::new(std::io::empty()));
    }

    /// Waits for the process to end.
    pub fn wait(mut self) -> Stopped {
        let (mut output, mut log) = (String::new(), String::new());
        self.output.read_to_string(&mut output).unwrap();
        self.log.read_to_string(&mut log).unwrap();
        Stopped {
            status: self.child.wait().unwrap(),
            output,
            log,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
    }
}
