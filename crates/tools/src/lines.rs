//! The lines of a tool's input, of bounded length.

use crate::Failure;
use crate::sending::Place;
use crate::source::Source;

/// A line without its line feed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Its number, and the offset after its line feed.
    pub(crate) place: Place,
    /// Its bytes. A carriage return belongs to them.
    pub(crate) bytes: Vec<u8>,
}

/// Lines to come. What follows the last line feed is a line, unless it is empty.
pub(crate) struct Lines {
    source: Source,
    buffer: Vec<u8>,
    /// Where the next line begins in the buffer.
    start: usize,
    /// Where the search for its end goes on.
    searched: usize,
    is_at_end: bool,
    bytes_max: usize,
    /// The line that was taken last.
    last: Place,
}

impl Lines {
    /// The lines of a source, of so many bytes at most, after a line that was taken before.
    pub(crate) fn new(source: Source, bytes_max: usize, after: Place) -> Self {
        Self {
            source,
            buffer: Vec::new(),
            start: 0,
            searched: 0,
            is_at_end: false,
            bytes_max,
            last: after,
        }
    }

    /// The next line; `None` at the end.
    ///
    /// # Errors
    /// If it is too long, or cannot be read.
    pub(crate) async fn next(&mut self) -> Result<Option<Line>, Failure> {
        loop {
            let found = self.buffer[self.searched..]
                .iter()
                .position(|byte| *byte == b'\n');
            if let Some(at) = found {
                let feed = self.searched + at;
                return self.take(feed, feed + 1).map(Some);
            }
            self.searched = self.buffer.len();
            if self.is_at_end {
                let is_empty = self.start == self.buffer.len();
                let rest = (!is_empty).then(|| self.take(self.buffer.len(), self.buffer.len()));
                return rest.transpose();
            }
            self.check_length(self.buffer.len() - self.start)?;
            self.buffer.drain(..self.start);
            self.searched -= self.start;
            self.start = 0;
            match self.source.next().await? {
                Some(chunk) => self.buffer.extend(chunk),
                None => self.is_at_end = true,
            }
        }
    }

    /// Takes what is before `end` in the buffer; the line after it begins at `next`.
    fn take(&mut self, end: usize, next: usize) -> Result<Line, Failure> {
        self.check_length(end - self.start)?;
        let bytes = self.buffer[self.start..end].to_vec();
        self.last.number += 1;
        self.last.end += (next - self.start) as u64;
        self.start = next;
        self.searched = next;
        Ok(Line {
            place: self.last,
            bytes,
        })
    }

    fn check_length(&self, length: usize) -> Result<(), Failure> {
        if length <= self.bytes_max {
            return Ok(());
        }
        let (number, bytes_max) = (self.last.number + 1, self.bytes_max);
        Err(Failure::new(format!(
            "line {number} is longer than {bytes_max} bytes, which is too long for a record"
        )))
    }
}
