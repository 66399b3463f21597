//! Lines on their way to standard error: a bounded queue, and the one thread that writes.
//!
//! Whoever logs hands a line over and goes on, whatever standard error is: a full volume, a pipe
//! that nobody reads, or one whose reader has gone. A line that finds no room in the queue, or
//! cannot be written, is dropped and counted. How many those were is told once lines get through
//! again.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What may wait to be written: at `debug`, the lines of some thousand requests.
const QUEUE_BYTES_MAX: usize = 1024 * 1024;

/// A bounded queue of lines.
#[derive(Debug, Default)]
pub struct LineQueue {
    state: Mutex<State>,
    /// Rung when there is a line.
    filled: Condvar,
    /// Rung when there is none any more.
    drained: Condvar,
    /// Lines that nobody will read.
    lost: Arc<AtomicU64>,
}

#[derive(Debug, Default)]
struct State {
    lines: VecDeque<Vec<u8>>,
    bytes: usize,
    /// Whether a line was taken out and is being written.
    is_writing: bool,
}

impl LineQueue {
    /// Hands a line over, with its end.
    pub fn push(&self, line: &[u8]) {
        let mut state = self.lock();
        if state.bytes + line.len() > QUEUE_BYTES_MAX {
            drop(state);
            self.note_lost();
            return;
        }
        state.bytes += line.len();
        state.lines.push_back(line.to_vec());
        drop(state);
        self.filled.notify_one();
    }

    /// Counts a line that nobody will read.
    pub fn note_lost(&self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
    }

    /// How many lines nobody will read, counted on.
    pub fn lost(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.lost)
    }

    /// Waits until all is written that was handed over, for no longer than this.
    pub fn flush(&self, longest: Duration) {
        let is_busy = |state: &mut State| !state.lines.is_empty() || state.is_writing;
        let waited = self
            .drained
            .wait_timeout_while(self.lock(), longest, is_busy);
        drop(waited);
    }

    /// Writes lines for as long as the process lives; whenever there is none and lines were lost
    /// since it last said so, has that `told`.
    pub fn write_to(&self, output: impl Write, told: impl Fn(u64)) {
        let mut output = Output::new(output);
        let mut lost_told = 0;
        loop {
            let lost = self.lost.load(Ordering::Relaxed);
            if output.works && lost > lost_told && self.lock().lines.is_empty() {
                lost_told = lost;
                told(lost);
            }
            let line = self.take();
            if output.write(&line).is_err() {
                self.note_lost();
            }
            self.end_of(line);
        }
    }

    /// Waits for the next line.
    fn take(&self) -> Vec<u8> {
        let mut state = self.lock();
        loop {
            if let Some(line) = state.lines.pop_front() {
                state.is_writing = true;
                return line;
            }
            let woken = self.filled.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// A line was written or lost.
    fn end_of(&self, line: Vec<u8>) {
        let mut state = self.lock();
        state.bytes -= line.len();
        state.is_writing = false;
        if state.lines.is_empty() {
            self.drained.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for &LineQueue {
    /// A whole line: whoever formats them writes each at once.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Where lines go.
struct Output<W> {
    inner: W,
    /// Whether the last line got through.
    works: bool,
    /// Whether it got through in part.
    is_torn: bool,
}

impl<W: Write> Output<W> {
    fn new(inner: W) -> Self {
        Self {
            inner,
            works: false,
            is_torn: false,
        }
    }

    /// Writes a line. One that follows a torn one begins at the beginning of a line.
    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        let written = self.try_write(line);
        self.works = written.is_ok();
        written
    }

    fn try_write(&mut self, line: &[u8]) -> io::Result<()> {
        if self.is_torn {
            self.inner.write_all(b"\n")?;
            self.is_torn = false;
        }
        let mut left = line;
        while !left.is_empty() {
            match self.inner.write(left) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    left = &left[count..];
                    self.is_torn = !left.is_empty();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
