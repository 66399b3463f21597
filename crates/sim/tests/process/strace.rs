//! Kills a process at its n-th system call of a kind, by strace.
//!
//! The call that it is killed at does not take place. strace counts for each thread on its own; the
//! journal writes and syncs on one.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// strace, attached to a process. Detached when dropped.
pub struct Strace {
    child: Child,
}

impl Strace {
    /// Attaches to the process `id`, which is killed at its `nth` call of `syscall` from now on.
    ///
    /// # Errors
    /// Says why not, if this machine has no strace or does not permit it.
    pub fn attach(id: u32, syscall: &str, nth: usize) -> Result<Self, String> {
        let child = Command::new("strace")
            .args(["-f", "-o", "/dev/null", "-p", &id.to_string()])
            .args(["-e", &format!("trace={syscall}")])
            .args(["-e", &format!("inject={syscall}:signal=KILL:when={nth}")])
            .stderr(Stdio::piped())
            .spawn();
        let mut child = child.map_err(|error| format!("strace does not start: {error}"))?;
        let mut messages = BufReader::new(child.stderr.take().unwrap());
        let strace = Self { child };
        let mut message = String::new();
        messages.read_line(&mut message).unwrap();
        if message.contains(" attached") {
            return Ok(strace);
        }
        Err(format!("strace does not attach: {}", message.trim_end()))
    }
}

impl Drop for Strace {
    fn drop(&mut self) {
        // It ends by itself when the process does.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
