//! Checkpoints in a file, as JSON: docs/formats/checkpoints.md.
//!
//! Each save writes a new file beside the old one, syncs it, and renames it over the old: whenever
//! the process or the machine dies, the file is the one before or the one after. A file that cannot
//! be read is an error, never an empty one: to start again from nothing is up to the user.

use super::checkpoint::{Checkpoint, CheckpointStore, Checkpoints, StoreError};
use millstream_env::{BoxFuture, Disk, Env, OpenMode};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

/// Maximum file size: that of a hundred thousand shards.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Checkpoints in a file, which one process may use at a time. Clones share it.
#[derive(Clone)]
pub struct FileCheckpoints {
    env: Env,
    file: Arc<CheckpointFile>,
}

struct CheckpointFile {
    path: PathBuf,
    /// What the file has; `None` until it was read.
    known: Mutex<Option<Checkpoints>>,
}

/// The file's content.
#[derive(Default, Serialize, Deserialize)]
struct Content {
    shards: Checkpoints,
}

impl FileCheckpoints {
    /// The checkpoints in a file, which need not exist yet; its directory must.
    pub fn new(env: &Env, path: impl Into<PathBuf>) -> Self {
        let file = CheckpointFile {
            path: path.into(),
            known: Mutex::new(None),
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
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let found = read(disk, &self.path)?;
        *known = Some(found.clone());
        Ok(found)
    }

    fn save(&self, disk: &dyn Disk, shard_id: String, checkpoint: Checkpoint) -> io::Result<()> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut shards = match known.take() {
            Some(known) => known,
            None => read(disk, &self.path)?,
        };
        shards.insert(shard_id, checkpoint);
        let content = Content { shards };
        write(disk, &self.path, &serde_json::to_vec_pretty(&content)?)?;
        // After a failure the file is read again: it may be the old one or the new one.
        *known = Some(content.shards);
        Ok(())
    }
}

fn read(disk: &dyn Disk, path: &Path) -> io::Result<Checkpoints> {
    let file = match disk.open(path, OpenMode::Read) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Checkpoints::new()),
        Err(error) => return Err(error),
    };
    let length = file.length()?;
    if length > FILE_BYTES_MAX {
        let text = format!("{}: larger than {FILE_BYTES_MAX} bytes", path.display());
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
    file.read_exact_at(&mut bytes, 0)?;
    let content: Content = serde_json::from_slice(&bytes).map_err(|error| {
        let text = format!("{}: no checkpoints: {error}", path.display());
        io::Error::new(io::ErrorKind::InvalidData, text)
    })?;
    Ok(content.shards)
}

/// Replaces a file, durably.
fn write(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    let file = match disk.open(&new, OpenMode::CreateNew) {
        // What a process left that died here.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            disk.remove(&new)?;
            disk.open(&new, OpenMode::CreateNew)?
        }
        opened => opened?,
    };
    file.write_all_at(bytes, 0)?;
    file.sync_data()?;
    disk.rename(&new, path)?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    disk.sync_directory(folder.unwrap_or(Path::new(".")))
}

impl std::fmt::Debug for FileCheckpoints {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FileCheckpoints({})", self.file.path.display())
    }
}

#[cfg(test)]
mod tests;
