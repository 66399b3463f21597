//! Calls of a tool, and what came of them.

use crate::screen::Screen;
use crate::server::{Server, binary};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, SyncSender};
use std::thread::JoinHandle;
use std::time::Duration;

/// Timeout that turns a tool that hangs into a failure.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs a tool without a server.
pub fn tool(words: &[&str]) -> Ran {
    Call::new(words).run()
}

/// Runs a tool that is given this on standard input.
pub fn tool_with_input(words: &[&str], input: impl Into<Vec<u8>>) -> Ran {
    Call::new(words).input(input).run()
}

/// A tool to be run, without this process's own environment.
pub struct Call {
    command: Command,
    input: Vec<u8>,
}

/// What a tool left.
#[derive(Debug)]
pub struct Ran {
    pub status: ExitStatus,
    /// What it wrote to standard output; on a terminal, all that it wrote.
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Ran {
    /// Standard output as text.
    pub fn text(&self) -> &str {
        str::from_utf8(&self.stdout).unwrap()
    }

    /// Standard output of a tool that did all of its work without a word on standard error.
    pub fn done(&self) -> &str {
        assert_eq!((self.status.code(), &*self.stderr), (Some(0), ""));
        self.text()
    }

    /// The one line of a tool that ended with this status.
    pub fn failed(&self, status: i32) -> &str {
        assert_eq!(self.status.code(), Some(status), "{}", self.stderr);
        let line = self.stderr.strip_suffix('\n').unwrap();
        assert!(line.starts_with("millstream: "), "{line}");
        assert!(!line.contains('\n'), "{line}");
        line
    }
}

impl Call {
    /// A tool and its arguments.
    pub fn new(words: &[&str]) -> Self {
        let mut command = Command::new(binary());
        command.env_clear().args(words);
        let input = Vec::new();
        Self { command, input }
    }

    /// Talks to a server, as the AWS variables say.
    pub fn to(self, server: &Server) -> Self {
        self.env("AWS_ENDPOINT_URL", &server.url)
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "any")
            .env("AWS_SECRET_ACCESS_KEY", "any")
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Gives it standard input.
    pub fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    /// Runs it with pipes.
    pub fn run(self) -> Ran {
        self.start().end()
    }

    /// Runs it on a terminal of so many columns. Its input is the terminal's, and empty.
    pub fn run_on_screen(self, columns: u16) -> Ran {
        self.run_on_screen_typing(columns, "")
    }

    /// Runs it on a terminal at which a person types this.
    pub fn run_on_screen_typing(mut self, columns: u16, typed: &str) -> Ran {
        let screen = Screen::new(columns);
        screen.type_in(typed);
        self.command.stdin(screen.end());
        self.command.stdout(screen.end());
        self.command.stderr(screen.end());
        let child = self.command.spawn().unwrap();
        // Its ends of the terminal close with it.
        drop(self.command);
        watched(child, screen.read())
    }

    /// Runs it with its messages on a terminal and its output in a pipe.
    pub fn run_with_screen_for_messages(mut self, columns: u16) -> (Ran, String) {
        let screen = Screen::new(columns);
        self.command.stdin(Stdio::null());
        self.command.stdout(Stdio::piped());
        self.command.stderr(screen.end());
        let mut child = self.command.spawn().unwrap();
        drop(self.command);
        let stdout = read(child.stdout.take().unwrap());
        let messages = screen.read();
        let ran = watched(child, stdout);
        let messages = messages.join().unwrap();
        (ran, String::from_utf8(messages).unwrap())
    }

    /// Starts it with pipes.
    pub fn start(mut self) -> Started {
        self.command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = self.command.spawn().unwrap();
        give(child.stdin.take().unwrap(), self.input);
        Started {
            stdout: BufReader::new(Box::new(child.stdout.take().unwrap())),
            stderr: Some(read(child.stderr.take().unwrap())),
            child: Some(child),
        }
    }
}

/// A tool that runs. Killed when dropped.
pub struct Started {
    child: Option<Child>,
    stdout: BufReader<Box<dyn Read + Send>>,
    stderr: Option<JoinHandle<Vec<u8>>>,
}

impl Started {
    /// Waits for the next line of its output.
    pub fn line(&mut self) -> String {
        let pid = Pid::from_child(self.child.as_ref().unwrap());
        let watch = Watch::over(pid);
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        assert!(!watch.end(), "it wrote no line in time");
        assert!(line.ends_with('\n'), "it ended");
        line.pop();
        line
    }

    /// Sends a signal, such as Ctrl-C's.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(self.child.as_ref().unwrap());
        kill_process(pid, signal).unwrap();
    }

    /// Closes the reading end of its output.
    pub fn stop_reading(&mut self) {
        self.stdout = BufReader::new(Box::new(std::io::empty()));
    }

    /// Waits for it to end.
    pub fn end(mut self) -> Ran {
        let nothing = BufReader::new(Box::new(std::io::empty()) as Box<dyn Read + Send>);
        let stdout = read(std::mem::replace(&mut self.stdout, nothing));
        let mut ran = watched(self.child.take().unwrap(), stdout);
        let stderr = self.stderr.take().unwrap().join().unwrap();
        ran.stderr = String::from_utf8(stderr).unwrap();
        ran
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A watch over a process: it is killed unless the watch ends in time.
struct Watch {
    tell: SyncSender<()>,
    /// Whether it was killed.
    killer: JoinHandle<bool>,
}

impl Watch {
    #[expect(clippy::disallowed_methods, reason = "a watch over another process")]
    fn over(pid: Pid) -> Self {
        let (tell, told) = mpsc::sync_channel(0);
        let killer = std::thread::spawn(move || {
            let is_late = told.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout);
            is_late && kill_process(pid, Signal::KILL).is_ok()
        });
        Self { tell, killer }
    }

    /// Ends it; whether the process was killed.
    fn end(self) -> bool {
        drop(self.tell);
        self.killer.join().unwrap()
    }
}

/// Waits for a process to end, and for its output.
fn watched(mut child: Child, stdout: JoinHandle<Vec<u8>>) -> Ran {
    let watch = Watch::over(Pid::from_child(&child));
    let stdout = stdout.join().unwrap();
    let status = child.wait().unwrap();
    watch.end();
    Ran {
        status,
        stdout,
        stderr: String::new(),
    }
}

/// Reads to the end on a thread, so that no pipe is ever full.
#[expect(clippy::disallowed_methods, reason = "pipes of another process")]
pub fn read(mut from: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // A terminal whose other end is closed reports an error.
        let _ = from.read_to_end(&mut bytes);
        bytes
    })
}

#[expect(clippy::disallowed_methods, reason = "pipes of another process")]
fn give(mut to: impl Write + Send + 'static, input: Vec<u8>) {
    // It may not read its input to the end.
    drop(std::thread::spawn(move || drop(to.write_all(&input))));
}
