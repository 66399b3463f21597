//! Uses strace to make a process's n-th system call of a kind fail or take long, or to kill the
//! process at it.
//!
//! The affected call does not take place. strace counts per thread; the journal writes and syncs on
//! one.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

/// What happens at the call.
#[derive(Clone, Copy, Debug)]
pub enum Injection {
    /// The process is killed.
    Kill,
    /// The call fails with this error.
    Error(&'static str),
    /// The call takes a minute longer, and so does every one after it.
    Hang,
}

impl Injection {
    fn clause(self) -> String {
        match self {
            Self::Kill => "signal=KILL".to_owned(),
            Self::Error(name) => format!("error={name}"),
            Self::Hang => "delay_enter=60000000".to_owned(),
        }
    }
}

/// strace, attached to a process. Detached when dropped.
pub struct Strace {
    child: Child,
    /// Kept open: it tells of every new thread, and would end if nobody could hear it.
    _messages: BufReader<ChildStderr>,
}

impl Strace {
    /// Attaches to the process `id`; from now on its `nth` call of `syscalls` is injected into.
    /// What strace sees goes nowhere.
    ///
    /// # Errors
    /// Says why not, if this machine has no strace or does not permit it.
    pub fn attach(
        id: u32,
        syscalls: &str,
        injection: Injection,
        nth: usize,
    ) -> Result<Self, String> {
        Self::attach_with_log(id, syscalls, injection, nth, Path::new("/dev/null"))
    }

    /// As [`Strace::attach`]; what strace sees goes to a file.
    ///
    /// # Errors
    /// Says why not, if this machine has no strace or does not permit it.
    pub fn attach_with_log(
        id: u32,
        syscalls: &str,
        injection: Injection,
        nth: usize,
        log: &Path,
    ) -> Result<Self, String> {
        let clause = injection.clause();
        let further = match injection {
            Injection::Kill | Injection::Error(_) => "",
            Injection::Hang => "+",
        };
        let child = Command::new("strace")
            .args(["-f", "-p", &id.to_string()])
            .arg("-o")
            .arg(log)
            .args(["-e", &format!("trace={syscalls}")])
            .args([
                "-e",
                &format!("inject={syscalls}:{clause}:when={nth}{further}"),
            ])
            .stderr(Stdio::piped())
            .spawn();
        let mut child = child.map_err(|error| format!("strace does not start: {error}"))?;
        let mut messages = BufReader::new(child.stderr.take().unwrap());
        let mut message = String::new();
        messages.read_line(&mut message).unwrap();
        let strace = Self {
            child,
            _messages: messages,
        };
        if message.contains(" attached") {
            return Ok(strace);
        }
        Err(format!("strace does not attach: {}", message.trim_end()))
    }

    /// Detaches in good order: the log is complete then.
    pub fn detach(mut self) {
        let id = self.child.id().to_string();
        // If it is gone with the process that it was attached to, there is nothing to end.
        let _ = Command::new("sh")
            .args(["-c", "kill -TERM \"$1\"", "sh", &id])
            .stderr(Stdio::null())
            .status();
        self.child.wait().unwrap();
    }
}

impl Drop for Strace {
    fn drop(&mut self) {
        // It ends by itself when the process does.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
