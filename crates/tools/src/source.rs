//! The input of a tool: a file or standard input, read ahead by a few chunks.
//!
//! What was read and is not taken yet is bounded, so that a tool that works slowly reads slowly.

use crate::{Failure, Surroundings};
use millstream_env::{Disk, File, OpenMode};
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Bytes that are read at a time.
const CHUNK_BYTES: usize = 64 * 1024;
/// Chunks that wait to be taken.
const CHUNKS_AHEAD: usize = 4;

/// Bytes to come.
pub(crate) struct Source {
    chunks: mpsc::Receiver<Result<Vec<u8>, Failure>>,
    /// A chunk that was looked at.
    looked_at: Option<Vec<u8>>,
    length: Option<u64>,
}

impl Source {
    /// A file from this offset; standard input if there is no file, or if it is `-`.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub(crate) fn open(
        path: Option<&Path>,
        from: u64,
        surroundings: &Surroundings,
    ) -> Result<Self, Failure> {
        let (give, chunks) = mpsc::channel(CHUNKS_AHEAD);
        let tasks = &surroundings.env.tasks;
        let Some(path) = path.filter(|path| *path != Path::new("-")) else {
            let input = surroundings.terminal.input();
            // It is not waited for: it ends with its input, or when nobody takes the chunks.
            drop(tasks.run_blocking(Box::new(move || read_stream(input, &give))));
            return Ok(Self {
                chunks,
                looked_at: None,
                length: None,
            });
        };
        let of_file = |error: &io::Error| Failure::of_file("read", path, error);
        let file = open(&*surroundings.env.disk, path).map_err(|error| of_file(&error))?;
        let length = file.length().map_err(|error| of_file(&error))?;
        let path = path.to_owned();
        drop(tasks.run_blocking(Box::new(move || read_file(&*file, &path, from, &give))));
        Ok(Self {
            chunks,
            looked_at: None,
            length: Some(length),
        })
    }

    /// The length of a file when it was opened; it may grow.
    pub(crate) fn length(&self) -> Option<u64> {
        self.length
    }

    /// The byte that comes next, without taking it; `None` at the end.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(crate) async fn first(&mut self) -> Result<Option<u8>, Failure> {
        self.looked_at = self.next().await?;
        Ok(self
            .looked_at
            .as_ref()
            .and_then(|chunk| chunk.first().copied()))
    }

    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// If they cannot be read.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        if let Some(chunk) = self.looked_at.take() {
            return Ok(Some(chunk));
        }
        self.chunks.recv().await.transpose()
    }

    /// All bytes that are left; `None` if there are more than `bytes_max`.
    ///
    /// # Errors
    /// If they cannot be read.
    pub(crate) async fn whole(&mut self, bytes_max: usize) -> Result<Option<Vec<u8>>, Failure> {
        let mut whole = Vec::new();
        while let Some(chunk) = self.next().await? {
            if whole.len() + chunk.len() > bytes_max {
                return Ok(None);
            }
            whole.extend(chunk);
        }
        Ok(Some(whole))
    }
}

/// Opens a file that can be read at any position.
fn open(disk: &dyn Disk, path: &Path) -> io::Result<Arc<dyn File>> {
    let file = disk.open(path, OpenMode::Read)?;
    // A pipe or a device has no length, and may have bytes nevertheless.
    if file.length()? > 0 {
        return Ok(file);
    }
    match file.read_exact_at(&mut [0], 0) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(file),
        Ok(()) | Err(_) => Err(io::Error::new(
            io::ErrorKind::NotSeekable,
            "it is not a regular file; give it on standard input",
        )),
    }
}

fn read_file(
    file: &dyn File,
    path: &Path,
    mut at: u64,
    give: &mpsc::Sender<Result<Vec<u8>, Failure>>,
) {
    loop {
        let chunk = chunk_at(file, at).map_err(|error| Failure::of_file("read", path, &error));
        let length = chunk.as_ref().map_or(0, Vec::len);
        let is_last = length == 0;
        if chunk != Ok(Vec::new()) && give.blocking_send(chunk).is_err() || is_last {
            return;
        }
        at += length as u64;
    }
}

/// The bytes at a position; none at the end, which moves while the file grows.
fn chunk_at(file: &dyn File, at: u64) -> io::Result<Vec<u8>> {
    let left = file.length()?.saturating_sub(at);
    let length = usize::try_from(left).map_or(CHUNK_BYTES, |left| left.min(CHUNK_BYTES));
    let mut chunk = vec![0; length];
    file.read_exact_at(&mut chunk, at)?;
    Ok(chunk)
}

fn read_stream(mut input: impl Read, give: &mpsc::Sender<Result<Vec<u8>, Failure>>) {
    loop {
        let mut chunk = vec![0; CHUNK_BYTES];
        let chunk = match input.read(&mut chunk) {
            Ok(0) => return,
            Ok(length) => {
                chunk.truncate(length);
                Ok(chunk)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => Err(Failure::new(format!("cannot read standard input: {error}"))),
        };
        let is_last = chunk.is_err();
        if give.blocking_send(chunk).is_err() || is_last {
            return;
        }
    }
}
