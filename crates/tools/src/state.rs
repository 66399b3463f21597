//! A tool's state, kept in a file so that the next run goes on where this one stopped.
//!
//! A reader of the file finds the old state or the new one, after a loss of power, too.

use crate::Failure;
use millstream_env::{Disk, Env, File, OpenMode};
use parking_lot::Mutex;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Maximum size of a state: two hundred bytes for each of tens of thousands of shards.
const STATE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Reads a state; `None` if there is none.
///
/// # Errors
/// If it cannot be read, or is not a state.
pub(crate) async fn load<T: DeserializeOwned>(
    env: &Env,
    path: &Path,
) -> Result<Option<T>, Failure> {
    let (disk, own) = (Arc::clone(&env.disk), path.to_owned());
    let read = blocking(env, move || read(&*disk, &own)).await;
    let bytes = match read {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::of_file("read", path, &error)),
    };
    let state = serde_json::from_slice(&bytes);
    state.map(Some).map_err(|error| {
        let path = path.display();
        Failure::new(format!("{path} is not the state of such a run: {error}"))
    })
}

/// Replaces a state.
///
/// # Errors
/// If it cannot be written.
pub(crate) async fn save(env: &Env, path: &Path, state: &impl Serialize) -> Result<(), Failure> {
    let bytes = serde_json::to_vec_pretty(state);
    let bytes = bytes.map_err(|error| Failure::new(format!("cannot save the state: {error}")))?;
    let (disk, own) = (Arc::clone(&env.disk), path.to_owned());
    let written = blocking(env, move || replace(&*disk, &own, &bytes)).await;
    written.map_err(|error| Failure::of_file("write", path, &error))
}

fn read(disk: &dyn Disk, path: &Path) -> io::Result<Vec<u8>> {
    let file = disk.open(path, OpenMode::Read)?;
    let length = file.length()?;
    if length > STATE_BYTES_MAX {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
    file.read_exact_at(&mut bytes, 0)?;
    Ok(bytes)
}

fn replace(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    match disk.remove(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let file = disk.open(&new, OpenMode::CreateNew)?;
    file.write_all_at(bytes, 0)?;
    file.sync_data()?;
    disk.rename(&new, path)?;
    disk.sync_directory(folder_of(path))
}

/// The directory that a file is in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}

/// Runs disk calls off the tasks that must not block.
pub(crate) async fn blocking<T: Send + 'static>(
    env: &Env,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let result = Arc::new(Mutex::new(None));
    let own = Arc::clone(&result);
    let work = Box::new(move || *own.lock() = Some(work()));
    env.tasks.run_blocking(work).await;
    let done = result.lock().take();
    done.unwrap_or_else(|| Err(io::Error::other("it was not done")))
}

/// Writes all of `bytes` at a position.
pub(crate) async fn write_at(
    env: &Env,
    file: &Arc<dyn File>,
    bytes: Vec<u8>,
    at: u64,
) -> io::Result<()> {
    let file = Arc::clone(file);
    blocking(env, move || file.write_all_at(&bytes, at)).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_env::{MemoryDisk, SeededRandom};

    #[test]
    fn state_when_the_power_is_lost_after_it_was_replaced_then_is_the_new_one() {
        let path = Path::new("/folder/state");
        for seed in 0..20 {
            let disk = MemoryDisk::new();
            let random = SeededRandom::new(seed);
            disk.create_directory(folder_of(path)).unwrap();
            for bytes in [&b"old"[..], b"newer"] {
                replace(&disk.boot(), path, bytes).unwrap();
                disk.power_loss(&random);
                assert_eq!(read(&disk.boot(), path).unwrap(), bytes);
            }
        }
    }
}
