//! What an audit log is written to.

use std::io::{self, Stdout, Write};

/// Takes lines.
pub(super) trait Destination: Send + 'static {
    /// Writes a line. After an error it has to be called again with the same line, until it
    /// succeeds: it goes on where it stopped.
    ///
    /// # Errors
    /// If not all of it can be written now.
    fn write(&mut self, line: &[u8]) -> io::Result<()>;
}

/// A line that is being written.
#[derive(Debug, Default)]
pub(super) struct Progress {
    written: usize,
}

impl Progress {
    /// Writes what is left of a line.
    pub(super) fn go_on(&mut self, line: &[u8], mut to: impl Write) -> io::Result<()> {
        while let Some(left) = line.get(self.written..).filter(|left| !left.is_empty()) {
            match to.write(left) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => self.written += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
                Err(error) => return Err(error),
            }
        }
        to.flush()?;
        self.start_over();
        Ok(())
    }

    /// Forgets what was written: the rest goes elsewhere.
    pub(super) fn start_over(&mut self) {
        self.written = 0;
    }
}

/// A stream of bytes that is there once.
pub(super) struct Stream<W> {
    inner: W,
    progress: Progress,
}

impl<W: Write + Send + 'static> Stream<W> {
    pub(super) fn new(inner: W) -> Self {
        Self {
            inner,
            progress: Progress::default(),
        }
    }
}

impl<W: Write + Send + 'static> Destination for Stream<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        self.progress.go_on(line, &mut self.inner)
    }
}

/// The process's standard output.
pub(super) fn standard_output() -> Stream<Stdout> {
    Stream::new(io::stdout())
}
