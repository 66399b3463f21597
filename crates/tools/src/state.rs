//! A tool's state, kept in a file so that the next run goes on where this one stopped:
//! docs/formats/tool-states.md.
//!
//! A reader of the file finds the old state or the new one, after a loss of power, too. The file
//! says its format and version: a state of another tool or of a newer build is refused, and stays
//! as it is.

use crate::Failure;
use millstream_env::{Env, File, FileMode, lock_beside, replace_file};
use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Maximum size of a state: two hundred bytes for each of tens of thousands of shards.
const STATE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// A state with a format of its own.
pub(crate) trait StateFormat: Serialize + DeserializeOwned {
    /// The format's name in the file.
    const NAME: &'static str;
    /// The newest version of the format, which is written. All before it are read.
    const VERSION: u64;
}

/// What a file says of its format. The first builds said nothing.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Head {
    format: Option<String>,
    version: Option<u64>,
}

/// A file.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Written<'a, T> {
    format: &'static str,
    version: u64,
    #[serde(flatten)]
    state: &'a T,
}

/// A state's file that no other run uses.
#[must_use]
pub(crate) struct Held {
    _lock: Box<dyn Send + Sync>,
}

/// Keeps other runs from a state, for as long as the result lives.
///
/// # Errors
/// If another run uses it, or the lock's file cannot be made.
pub(crate) async fn hold(env: &Env, path: &Path) -> Result<Held, Failure> {
    let (disk, own) = (Arc::clone(&env.disk), path.to_owned());
    let locked = blocking(env, move || lock_beside(&*disk, &own)).await;
    match locked {
        Ok(lock) => Ok(Held { _lock: lock }),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            let path = path.display();
            Err(Failure::new(format!("another run uses the state {path}"))
                .with_advice("Wait for its end, or give another --state."))
        }
        Err(error) => Err(Failure::of_file("lock", path, &error)),
    }
}

/// Reads a state; `None` if there is none.
///
/// # Errors
/// If it cannot be read, or is not a state of this tool that this build knows.
pub(crate) async fn load<T: StateFormat>(env: &Env, path: &Path) -> Result<Option<T>, Failure> {
    let (disk, own) = (Arc::clone(&env.disk), path.to_owned());
    let read = blocking(env, move || disk.read_whole(&own, STATE_BYTES_MAX)).await;
    match read {
        Ok(bytes) => decode(&bytes, path).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::of_file("read", path, &error)),
    }
}

/// Replaces a state.
///
/// # Errors
/// If it cannot be written.
pub(crate) async fn save<T: StateFormat>(env: &Env, path: &Path, state: &T) -> Result<(), Failure> {
    let bytes = encode(state)?;
    let (disk, own) = (Arc::clone(&env.disk), path.to_owned());
    let replace = move || replace_file(&*disk, &own, &bytes, FileMode::Kept);
    let written = blocking(env, replace).await;
    written.map_err(|error| Failure::of_file("write", path, &error))
}

fn decode<T: StateFormat>(bytes: &[u8], path: &Path) -> Result<T, Failure> {
    let path = path.display();
    let refuse = |error: serde_json::Error| {
        Failure::new(format!("{path} is not the state of such a run: {error}"))
    };
    let (name, newest) = (T::NAME, T::VERSION);
    let head: Head = serde_json::from_slice(bytes).map_err(refuse)?;
    match (head.format, head.version) {
        (None, None) => {}
        (Some(format), Some(version)) if format == name && (1..=newest).contains(&version) => {}
        (Some(format), Some(version)) if format == name && version > newest => {
            let what = format!(
                "{path} is of a newer millstream: version {version} of {name}, of which this one \
                 reads {newest}"
            );
            let advice = "Use the newer millstream, or give another --state.";
            return Err(Failure::new(what).with_advice(advice));
        }
        (format, version) => {
            let format = format.as_deref().unwrap_or("without a format");
            let version = version.map_or("no version".to_owned(), |it| format!("version {it}"));
            let what = format!(
                "{path} is not the state of such a run: it is {format}, {version}, and not {name}"
            );
            return Err(Failure::new(what).with_advice("Give another --state."));
        }
    }
    serde_json::from_slice(bytes).map_err(refuse)
}

fn encode<T: StateFormat>(state: &T) -> Result<Vec<u8>, Failure> {
    let written = Written {
        format: T::NAME,
        version: T::VERSION,
        state,
    };
    let bytes = serde_json::to_vec_pretty(&written);
    let bytes = bytes.map_err(|error| Failure::new(format!("cannot save the state: {error}")))?;
    if bytes.len() as u64 > STATE_BYTES_MAX {
        // The next run would refuse to read it.
        let what = format!("cannot save the state: it is larger than {STATE_BYTES_MAX} bytes");
        return Err(Failure::new(what));
    }
    Ok(bytes)
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
pub(crate) mod tests;
