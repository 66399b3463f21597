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

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = include_str!("../../../docs/guide/tools.md");

    #[test]
    fn statuses_when_documented_then_are_those() {
        let interrupted = Status::Stopped(2);
        let expected = [
            (Status::Done, "all is done"),
            (Status::Failed, "something failed"),
            (Status::Usage, "the command line is wrong"),
            (Status::Found, "the work is done, and its result is bad"),
            (Status::Died, "the tool panicked"),
            (interrupted, "Ctrl-C stopped it"),
            (Status::ReaderGone, "the reader of standard output has gone"),
        ];
        let (_, rows) = PAGE
            .split_once("| status | meaning |\n|---|---|\n")
            .unwrap();
        let rows: Vec<&str> = rows.lines().take_while(|line| !line.is_empty()).collect();
        assert_eq!(rows.len(), expected.len());
        for (row, (status, meaning)) in rows.iter().zip(expected) {
            let expected = format!("| {} | {meaning}", status.code());
            assert!(row.starts_with(&expected), "{row}");
        }
        assert_eq!(Status::Stopped(15).code(), 143);
    }
}
