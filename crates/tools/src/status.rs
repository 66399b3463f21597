//! Exit statuses of the tools.
//!
//! Scripts rely on them: they are listed in docs/guide/tools.md and in the help of the tools.

/// How a process ended, for its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// All of it is done.
    Done,
    /// Something failed; the line on standard error says what.
    Failed,
    /// The command line is wrong; nothing was begun.
    Usage,
    /// The work is done, and its result is not what one hopes for: damage was found, records were
    /// refused, two streams differ.
    Found,
    /// The tool panicked, which is a bug.
    Died,
    /// The reader of standard output has gone, as `head` goes. Nothing is said about it.
    ReaderGone,
    /// A signal of this number stopped it.
    Stopped(u8),
}

/// What a shell adds to the number of the signal that ended a process.
const SIGNALLED: u8 = 128;
/// The number of SIGPIPE.
const PIPE: u8 = 13;

impl Status {
    /// The number.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Found => 3,
            Self::Died => 70,
            Self::ReaderGone => SIGNALLED + PIPE,
            Self::Stopped(signal) => SIGNALLED.saturating_add(signal),
        }
    }
}
