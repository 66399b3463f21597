//! Lines on their way to standard error: a bounded queue, and the one thread that writes.
//!
//! Logging never blocks, whatever standard error is: a full volume, a pipe that is not read, or a
//! closed one. A line that does not fit into the queue, or cannot be written, is dropped and
//! counted. The count is logged once lines get through again.

use super::one_line::{Colors, one_line};
use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Capacity of the queue: at `debug`, the lines of some thousand requests.
const QUEUE_BYTES_MAX: usize = 1024 * 1024;

/// A bounded queue of lines.
#[derive(Debug, Default)]
pub struct LineQueue {
    state: Mutex<State>,
    /// Notified when a line arrives.
    filled: Condvar,
    /// Notified when the queue is empty.
    drained: Condvar,
    /// Lines that were dropped.
    lost: Arc<AtomicU64>,
    colors: Colors,
}

#[derive(Debug, Default)]
struct State {
    lines: VecDeque<Vec<u8>>,
    bytes: usize,
    /// Whether a line was taken out and is being written.
    is_writing: bool,
}

impl LineQueue {
    /// A queue of lines with or without colors.
    pub fn new(colors: Colors) -> Self {
        Self {
            colors,
            ..Self::default()
        }
    }

    /// Enqueues a line, including its newline.
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

    /// Counts a dropped line.
    pub fn note_lost(&self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
    }

    /// A running count of dropped lines.
    pub fn lost(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.lost)
    }

    /// Waits until all enqueued lines are written, up to a timeout.
    pub fn flush(&self, longest: Duration) {
        let is_busy = |state: &mut State| !state.lines.is_empty() || state.is_writing;
        let waited = self
            .drained
            .wait_timeout_while(self.lock(), longest, is_busy);
        drop(waited);
    }

    /// Writes lines for as long as the process lives. Whenever the queue is empty and lines were
    /// lost since the last report, calls `told`.
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

    /// Takes all lines that wait.
    #[cfg(test)]
    pub fn drain(&self) -> Vec<Vec<u8>> {
        let mut state = self.lock();
        state.bytes = 0;
        state.lines.drain(..).collect()
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

    /// Notes that a line was written or lost.
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
    /// Enqueues a whole line: formatters write each line at once. Whatever it says, it is one.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.push(&one_line(line, self.colors));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The destination of lines.
struct Output<W> {
    inner: W,
    /// Whether the last line was written.
    works: bool,
    /// Whether the last line was written in part.
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

    /// Writes a line. After a torn line, starts a new one first.
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
