//! Checkpoints in a file, as JSON: docs/formats/checkpoints.md.
//!
//! Each save replaces the file: whenever the process or the machine dies, it is the one before or
//! the one after. A file that cannot be read is an error, never an empty one: to start again from
//! nothing is up to the user. From the first use on the file is locked, since two consumers would
//! overwrite each other's checkpoints.

use super::checkpoint::{Checkpoint, CheckpointStore, Checkpoints, StoreError};
use millstream_env::{BoxFuture, Disk, Env, FileMode, lock_beside, replace_file};
use serde::{Deserialize, Serialize};
use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// Maximum file size: that of a hundred thousand shards.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// The format's name in a file.
const FORMAT: &str = "millstream-checkpoints";
/// The newest version of the format, which is written.
const VERSION: u64 = 1;

/// Checkpoints in a file, which one consumer may use at a time. Clones share it.
///
/// The first use locks it until all clones are dropped: another consumer, of any process, gets an
/// error. The lock is on an empty file beside it, under its name and `.lock`, which stays.
#[derive(Clone)]
pub struct FileCheckpoints {
    env: Env,
    file: Arc<CheckpointFile>,
}

struct CheckpointFile {
    path: PathBuf,
    state: Mutex<State>,
}

/// What is known of the file.
#[derive(Default)]
struct State {
    /// The lock, once it was taken.
    lock: Option<Box<dyn Send + Sync>>,
    /// What the file has; `None` until it was read.
    known: Option<Checkpoints>,
}

/// What a file says of its format. The first builds said nothing.
#[derive(Deserialize)]
struct Head {
    format: Option<String>,
    version: Option<u64>,
}

/// The file's content.
#[derive(Deserialize)]
struct Content {
    shards: Checkpoints,
}

/// The file.
#[derive(Serialize)]
struct Written<'a> {
    format: &'static str,
    version: u64,
    shards: &'a Checkpoints,
}

impl FileCheckpoints {
    /// The checkpoints in a file, which need not exist yet; its directory must.
    pub fn new(env: &Env, path: impl Into<PathBuf>) -> Self {
        let file = CheckpointFile {
            path: path.into(),
            state: Mutex::default(),
        };
        Self {
            env: env.clone(),
            file: Arc::new(file),
        }
    }

    /// Does something with the file, on a thread that may block.
    fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&CheckpointFile, &dyn Disk) -> io::Result<T> + Send + 'static,
    ) -> BoxFuture<Result<T, StoreError>> {
        let (env, file) = (self.env.clone(), Arc::clone(&self.file));
        Box::pin(async move {
            let (tell, told) = oneshot::channel();
            let disk = Arc::clone(&env.disk);
            let work = move || drop(tell.send(work(&file, &*disk)));
            env.tasks.run_blocking(Box::new(work)).await;
            Ok(told.await??)
        })
    }
}

impl CheckpointStore for FileCheckpoints {
    fn load(&self) -> BoxFuture<Result<Checkpoints, StoreError>> {
        self.work(|file, disk| file.load(disk))
    }

    fn save(&self, shard_id: &str, checkpoint: Checkpoint) -> BoxFuture<Result<(), StoreError>> {
        let shard_id = shard_id.to_owned();
        self.work(move |file, disk| file.save(disk, shard_id, checkpoint))
    }
}

impl CheckpointFile {
    fn load(&self, disk: &dyn Disk) -> io::Result<Checkpoints> {
        let mut state = self.locked(disk)?;
        let found = read(disk, &self.path)?;
        state.known = Some(found.clone());
        Ok(found)
    }

    fn save(&self, disk: &dyn Disk, shard_id: String, checkpoint: Checkpoint) -> io::Result<()> {
        let mut state = self.locked(disk)?;
        let mut shards = match state.known.take() {
            Some(known) => known,
            None => read(disk, &self.path)?,
        };
        shards.insert(shard_id, checkpoint);
        write(disk, &self.path, &shards)?;
        // After a failure the file is read again: it may be the old one or the new one.
        state.known = Some(shards);
        Ok(())
    }

    /// The state, once no other consumer uses the file.
    fn locked(&self, disk: &dyn Disk) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.lock.is_none() {
            let lock = lock_beside(disk, &self.path).map_err(|error| {
                if error.kind() != io::ErrorKind::WouldBlock {
                    return error;
                }
                let text = format!(
                    "{}: another consumer uses it: end that one, or give this one a file of its own",
                    self.path.display()
                );
                io::Error::new(io::ErrorKind::WouldBlock, text)
            })?;
            state.lock = Some(lock);
        }
        Ok(state)
    }
}

fn read(disk: &dyn Disk, path: &Path) -> io::Result<Checkpoints> {
    let bytes = match disk.read_whole(path, FILE_BYTES_MAX) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Checkpoints::new()),
        read => read?,
    };
    let refuse = |what: &dyn Display| {
        let text = format!("{}: no checkpoints: {what}", path.display());
        io::Error::new(io::ErrorKind::InvalidData, text)
    };
    let head: Head = serde_json::from_slice(&bytes).map_err(|error| refuse(&error))?;
    match (head.format.as_deref(), head.version) {
        // Files of the first builds say neither.
        (None, None) | (Some(FORMAT), Some(1..=VERSION)) => {}
        (Some(FORMAT), Some(version)) if version > VERSION => {
            let path = path.display();
            let text = format!(
                "{path}: version {version} of the checkpoints' format is newer than this program, \
                 which reads {VERSION}: use the newer program, or another file"
            );
            return Err(io::Error::new(io::ErrorKind::Unsupported, text));
        }
        (format, version) => {
            let what = format!("its format is {format:?}, its version {version:?}");
            return Err(refuse(&what));
        }
    }
    let content: Content = serde_json::from_slice(&bytes).map_err(|error| refuse(&error))?;
    Ok(content.shards)
}

/// Replaces the file.
fn write(disk: &dyn Disk, path: &Path, shards: &Checkpoints) -> io::Result<()> {
    let bytes = serde_json::to_vec_pretty(&Written {
        format: FORMAT,
        version: VERSION,
        shards,
    })?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        let text = format!(
            "{}: would be larger than {FILE_BYTES_MAX} bytes",
            path.display()
        );
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    replace_file(disk, path, &bytes, FileMode::Kept)
}

impl std::fmt::Debug for FileCheckpoints {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FileCheckpoints({})", self.file.path.display())
    }
}

#[cfg(test)]
mod tests;
