//! A pseudo-terminal: what a tool takes for the terminal of a person.

use crate::call::read;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::process::Stdio;
use std::thread::JoinHandle;

/// A terminal: what is written to one end is read at the other.
pub struct Screen {
    ours: File,
    theirs: File,
}

impl Screen {
    /// A terminal of so many columns.
    #[expect(clippy::disallowed_methods, reason = "terminals are real devices")]
    pub fn new(columns: u16) -> Self {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&ours).unwrap();
        unlockpt(&ours).unwrap();
        let path = ptsname(&ours, Vec::new()).unwrap();
        let path = path.to_str().unwrap();
        let theirs = OpenOptions::new()
            .read(true)
            .write(true)
            .open(path)
            .unwrap();
        let size = Winsize {
            ws_row: 24,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&theirs, size).unwrap();
        let ours = File::from(ours);
        Self { ours, theirs }
    }

    /// The end for a process.
    pub fn end(&self) -> Stdio {
        self.theirs.try_clone().unwrap().into()
    }

    /// Types a text, which waits until a process reads it.
    pub fn type_in(&self, text: &str) {
        (&self.ours).write_all(text.as_bytes()).unwrap();
    }

    /// Reads all that is written to it until the last process closes its end.
    pub fn read(self) -> JoinHandle<Vec<u8>> {
        drop(self.theirs);
        read(self.ours)
    }
}
