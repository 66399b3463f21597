//! Standard output: results, which another program may read.
//!
//! A reader that goes away ends the tool without a word, as SIGPIPE would end a C program. Bytes
//! are buffered; on a terminal each call is shown at once, and a tool that waits for more flushes
//! first. Writing blocks the task that writes, so that a slow reader slows the tool.

use super::color::{Color, HEAD, Palette};
use super::foreign::harmless;
use super::table::Table;
use crate::Failure;
use indicatif::MultiProgress;
use millstream_env::Clock;
use parking_lot::Mutex;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::Serialize;
use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::time::Duration;

/// Bytes that wait to be written together.
const BUFFER_BYTES: usize = 64 * 1024;
/// Columns of a terminal that does not say.
const COLUMNS_UNLESS_SAID: usize = 80;
/// How often a tool that has nothing to write looks whether its reader is still there.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Standard output.
pub struct Output {
    to: Mutex<BufWriter<Box<dyn Write + Send>>>,
    /// The columns of the terminal; `None` if it is none.
    columns: Option<usize>,
    palette: Palette,
    /// What is to be taken away while something is written.
    bars: Option<MultiProgress>,
    is_reader_gone: fn() -> bool,
}

impl Output {
    pub(super) fn of_process(stdout: Stdout, color: Color, bars: MultiProgress) -> Self {
        let columns = match stdout.is_terminal() {
            true => Some(columns_of(&stdout)),
            false => None,
        };
        let palette = color.palette(&stdout);
        let mut output = Self::new(Box::new(stdout), columns, palette, bars);
        output.is_reader_gone = is_reader_gone;
        output
    }

    /// An output whose reader stays; of a terminal if it has columns.
    pub(super) fn new(
        to: Box<dyn Write + Send>,
        columns: Option<usize>,
        palette: Palette,
        bars: MultiProgress,
    ) -> Self {
        Self {
            to: Mutex::new(BufWriter::with_capacity(BUFFER_BYTES, to)),
            columns,
            palette,
            bars: columns.is_some().then_some(bars),
            is_reader_gone: || false,
        }
    }

    /// Whether a person reads it.
    pub fn is_terminal(&self) -> bool {
        self.columns.is_some()
    }

    /// The columns of the terminal; `None` if it is none.
    pub fn columns(&self) -> Option<usize> {
        self.columns
    }

    /// Writes a line.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn line(&self, line: impl Display) -> Result<(), Failure> {
        self.write(|to| writeln!(to, "{line}"))
    }

    /// Writes a table.
    ///
    /// # Errors
    /// As [`Self::line`].
    pub fn table(&self, mut table: Table) -> Result<(), Failure> {
        let lines = table.lines(self.columns);
        self.write(|to| {
            for (at, line) in lines.iter().enumerate() {
                match at {
                    0 => writeln!(to, "{}", self.palette.paint(HEAD, line))?,
                    _ => writeln!(to, "{line}")?,
                }
            }
            Ok(())
        })
    }

    /// Writes bytes of others, such as a record's: as they are into a pipe; on a terminal, control
    /// characters are shown as escapes, so that they do nothing.
    ///
    /// # Errors
    /// As [`Self::line`].
    pub fn foreign(&self, bytes: &[u8]) -> Result<(), Failure> {
        match self.is_terminal() {
            true => self.bytes(&harmless(bytes)),
            false => self.bytes(bytes),
        }
    }

    /// Writes bytes as they are.
    ///
    /// # Errors
    /// As [`Self::line`].
    pub fn bytes(&self, bytes: &[u8]) -> Result<(), Failure> {
        self.write(|to| to.write_all(bytes))
    }

    /// Writes the only JSON document of a tool, for people too.
    ///
    /// # Errors
    /// As [`Self::line`].
    pub fn document(&self, document: &impl Serialize) -> Result<(), Failure> {
        self.write(|to| {
            serde_json::to_writer_pretty(&mut *to, document)?;
            writeln!(to)
        })
    }

    /// Writes one JSON document of many, on a line.
    ///
    /// # Errors
    /// As [`Self::line`].
    pub fn json_line(&self, document: &impl Serialize) -> Result<(), Failure> {
        self.write(|to| {
            serde_json::to_writer(&mut *to, document)?;
            writeln!(to)
        })
    }

    /// Shows what was written so far.
    ///
    /// # Errors
    /// As [`Self::line`].
    pub fn flush(&self) -> Result<(), Failure> {
        self.write(|to| to.flush())
    }

    /// Resolves once nobody reads the output any more, with the failure that says so. A tool that
    /// waits for what it may never get waits for this, too.
    pub async fn reader_gone(&self, clock: &dyn Clock) -> Failure {
        while !(self.is_reader_gone)() {
            clock.sleep(LOOK_EVERY).await;
        }
        Failure::reader_gone()
    }

    fn write(
        &self,
        write: impl FnOnce(&mut BufWriter<Box<dyn Write + Send>>) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let write = || {
            let mut to = self.to.lock();
            write(&mut to)?;
            if self.is_terminal() {
                to.flush()
            } else {
                Ok(())
            }
        };
        let written = match &self.bars {
            Some(bars) => bars.suspend(write),
            None => write(),
        };
        written.map_err(|error| {
            if error.kind() == io::ErrorKind::BrokenPipe {
                return Failure::reader_gone();
            }
            Failure::new(format!("cannot write standard output: {error}"))
        })
    }
}

/// The columns of a terminal; some do not say.
fn columns_of(stdout: &Stdout) -> usize {
    let size = terminal_size::terminal_size_of(stdout);
    let columns = size.map(|(columns, _)| usize::from(columns.0));
    columns
        .filter(|columns| *columns > 0)
        .unwrap_or(COLUMNS_UNLESS_SAID)
}

/// Whether standard output is a pipe, a socket or a terminal without another end.
fn is_reader_gone() -> bool {
    let stdout = io::stdout();
    let mut polled = [PollFd::new(&stdout, PollFlags::empty())];
    let now = Timespec::default();
    let found = poll(&mut polled, Some(&now));
    let gone = PollFlags::ERR | PollFlags::HUP;
    found.is_ok() && polled[0].revents().intersects(gone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Status;
    use crate::terminal::Recorded;
    use millstream_env::{ManualClock, Timestamp};
    use std::sync::atomic::{AtomicBool, Ordering};

    static IS_GONE: AtomicBool = AtomicBool::new(false);

    /// A reader that takes nothing.
    struct Closed(io::ErrorKind);

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn output(to: impl Write + Send + 'static) -> Output {
        let bars = MultiProgress::new();
        let mut output = Output::new(Box::new(to), None, Palette::default(), bars);
        output.is_reader_gone = || IS_GONE.load(Ordering::Relaxed);
        output
    }

    #[test]
    fn output_when_it_cannot_be_written_then_only_a_reader_that_has_gone_is_silent() {
        for (kind, line, status) in [
            (io::ErrorKind::BrokenPipe, None, Status::ReaderGone),
            (
                io::ErrorKind::StorageFull,
                Some("millstream: cannot write standard output: no storage space."),
                Status::Failed,
            ),
        ] {
            let output = output(Closed(kind));
            assert_eq!(output.line("buffered"), Ok(()));
            let failure = output.flush().unwrap_err();
            assert_eq!(failure.line().as_deref(), line);
            assert_eq!(failure.status(), status);
        }
    }

    #[tokio::test]
    async fn follower_when_its_reader_goes_away_then_is_told_though_nothing_is_written() {
        let (output, clock) = (output(io::sink()), ManualClock::new(Timestamp(0)));
        let gone = output.reader_gone(&clock);
        tokio::pin!(gone);
        let waits = at_once(&mut gone).await;
        assert!(waits.is_none(), "{waits:?}");
        IS_GONE.store(true, Ordering::Relaxed);
        clock.advance(LOOK_EVERY);
        assert_eq!(gone.await.status(), Status::ReaderGone);
    }

    /// The result of a future that has one at once.
    async fn at_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        tokio::select! {
            biased;
            output = future => Some(output),
            () = std::future::ready(()) => None,
        }
    }

    #[test]
    fn bytes_of_others_when_a_terminal_reads_them_then_do_nothing_to_it() {
        for (recorded, expected) in [
            (Recorded::on_terminal(80), "\\u{1b}[2J\n"),
            (Recorded::in_pipes(), "\u{1b}[2J\n"),
        ] {
            let output = recorded.terminal().output();
            output.foreign(b"\x1b[2J\n").unwrap();
            output.flush().unwrap();
            assert_eq!(recorded.output(), expected);
        }
    }

    #[test]
    fn output_when_a_terminal_reads_it_then_is_shown_at_once_and_in_a_pipe_when_flushed() {
        for (recorded, at_once) in [
            (Recorded::on_terminal(80), "[1]\nA  B\n"),
            (Recorded::in_pipes(), ""),
        ] {
            let output = recorded.terminal().output();
            output.json_line(&[1]).unwrap();
            output.table(Table::new(&["A", "B"])).unwrap();
            assert_eq!(recorded.output(), at_once);
            output.flush().unwrap();
            assert_eq!(recorded.output(), "[1]\nA  B\n");
        }
    }
}
