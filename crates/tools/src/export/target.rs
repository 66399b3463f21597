//! Where an export goes, and its state.

use super::encoding::begin;
use crate::file_format::FileFormat;
use crate::identity::Identity;
use crate::state::{Held, StateFormat, blocking, hold, load, save, write_at};
use crate::{Failure, Surroundings};
use millstream_env::{Disk, File, OpenMode, folder_of};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes that are written before the state is saved again.
const UNSAVED_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Standard output or a file, and how far each shard was read into it.
pub(super) struct Target {
    file: Option<Opened>,
    state_path: Option<PathBuf>,
    state: State,
    unsaved_bytes: u64,
    _held: Option<Held>,
}

/// A file that nobody else writes.
struct Opened {
    file: Arc<dyn File>,
    path: PathBuf,
    _lock: Box<dyn Send + Sync>,
}

/// How far an export is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct State {
    #[serde(flatten)]
    identity: Identity,
    /// The file's format. The first builds had one only, and did not say.
    #[serde(default)]
    file_format: FileFormat,
    /// The bytes of the file that hold the records that the state knows of.
    exported_bytes: u64,
    shards: BTreeMap<String, ShardState>,
}

impl StateFormat for State {
    const NAME: &'static str = "millstream-export-state";
    const VERSION: u64 = 1;
}

/// How far a shard was read.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ShardState {
    /// The last record's number; `None` if there was none.
    sequence_number: Option<String>,
    /// Whether the shard is closed and was read to its end.
    ended: bool,
}

impl Target {
    /// Opens the target, and goes on where its state says.
    ///
    /// # Errors
    /// If it cannot be opened, or state and file do not belong together.
    pub(super) async fn open(
        out: Option<&Path>,
        state_path: Option<&Path>,
        format: Option<FileFormat>,
        identity: Identity,
        surroundings: &Surroundings,
    ) -> Result<Self, Failure> {
        let (held, saved) = match state_path {
            Some(path) => {
                let held = hold(&surroundings.env, path).await?;
                (Some(held), load::<State>(&surroundings.env, path).await?)
            }
            None => (None, None),
        };
        if let Some(saved) = &saved {
            identity.check(&saved.identity)?;
            let of_state = saved.file_format;
            if format.is_some_and(|format| format != of_state) {
                let what = format!("the state is of a file in the format {of_state}");
                let advice = "Leave --format out, or begin anew with another --out and --state.";
                return Err(Failure::new(what).with_advice(advice));
            }
        }
        let length = saved.as_ref().map(|saved| saved.exported_bytes);
        let file = match out {
            Some(path) => Some(Opened::open(path, length, surroundings).await?),
            None => None,
        };
        let begun = || State {
            identity,
            file_format: format.unwrap_or_default(),
            exported_bytes: 0,
            shards: BTreeMap::new(),
        };
        let is_new = saved.is_none();
        let state = saved.unwrap_or_else(begun);
        if let Some(path) = state_path.filter(|_| is_new) {
            // From now on the file belongs to the state, so that the next run goes on with it.
            save(&surroundings.env, path, &state).await?;
        }
        let mut target = Self {
            file,
            state_path: state_path.map(Path::to_owned),
            state,
            unsaved_bytes: 0,
            _held: held,
        };
        if target.state.exported_bytes == 0 {
            target.append(begin(target.format()), surroundings).await?;
        }
        Ok(target)
    }

    /// The file's format.
    pub(super) fn format(&self) -> FileFormat {
        self.state.file_format
    }

    /// The length of the file, at which it goes on.
    pub(super) fn length(&self) -> u64 {
        self.state.exported_bytes
    }

    /// The number of the last record of a shard.
    pub(super) fn last_of(&self, shard: &str) -> Option<&str> {
        let shard = self.state.shards.get(shard)?;
        shard.sequence_number.as_deref()
    }

    /// Whether a shard is closed and was read to its end.
    pub(super) fn has_ended(&self, shard: &str) -> bool {
        let shard = self.state.shards.get(shard);
        shard.is_some_and(|shard| shard.ended)
    }

    /// Writes records of a shard, the last of which is this one.
    pub(super) async fn write(
        &mut self,
        shard: &str,
        records: Vec<u8>,
        last: String,
        surroundings: &Surroundings,
    ) -> Result<(), Failure> {
        self.append(records, surroundings).await?;
        let shard = self.state.shards.entry(shard.to_owned()).or_default();
        shard.sequence_number = Some(last);
        if self.unsaved_bytes >= UNSAVED_BYTES_MAX {
            self.save(surroundings).await?;
        }
        Ok(())
    }

    async fn append(&mut self, bytes: Vec<u8>, surroundings: &Surroundings) -> Result<(), Failure> {
        let length = bytes.len() as u64;
        match &self.file {
            None => surroundings.terminal.output().bytes(&bytes)?,
            Some(Opened { file, path, .. }) => {
                let at = self.state.exported_bytes;
                let written = write_at(&surroundings.env, file, bytes, at).await;
                written.map_err(|error| Failure::of_file("write", path, &error))?;
            }
        }
        self.state.exported_bytes += length;
        self.unsaved_bytes += length;
        Ok(())
    }

    /// Says that a closed shard was read to its end.
    pub(super) fn end(&mut self, shard: &str) {
        self.state.shards.entry(shard.to_owned()).or_default().ended = true;
    }

    /// Makes what was written durable, and then the state.
    pub(super) async fn save(&mut self, surroundings: &Surroundings) -> Result<(), Failure> {
        let env = &surroundings.env;
        let Some(Opened { file, path, .. }) = &self.file else {
            return Ok(());
        };
        let file = Arc::clone(file);
        let synced = blocking(env, move || file.sync_data()).await;
        synced.map_err(|error| Failure::of_file("write", path, &error))?;
        if let Some(path) = &self.state_path {
            save(env, path, &self.state).await?;
        }
        self.unsaved_bytes = 0;
        Ok(())
    }
}

impl Opened {
    /// Opens a file of which so many bytes are to stay; makes it if there is no state of it.
    async fn open(
        path: &Path,
        length: Option<u64>,
        surroundings: &Surroundings,
    ) -> Result<Self, Failure> {
        let disk = Arc::clone(&surroundings.env.disk);
        let own = path.to_owned();
        let opened = blocking(&surroundings.env, move || open(&*disk, &own, length)).await;
        let (file, lock) = opened.map_err(|error| {
            let failure = Failure::of_file("open", path, &error);
            if error.kind() == io::ErrorKind::AlreadyExists {
                return failure.with_advice(
                    "Remove it to begin anew, or give the --state that belongs to it.",
                );
            }
            if error.kind() == io::ErrorKind::WouldBlock {
                return failure.with_advice("Another export writes it.");
            }
            failure
        })?;
        Ok(Self {
            file,
            path: path.to_owned(),
            _lock: lock,
        })
    }
}

type Locked = (Arc<dyn File>, Box<dyn Send + Sync>);

/// A new file, or one that a run left empty which was killed before it saved its state.
fn create(disk: &dyn Disk, path: &Path) -> io::Result<Arc<dyn File>> {
    match disk.open(path, OpenMode::CreateNew) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let file = disk.open(path, OpenMode::Write)?;
            if file.length()? == 0 {
                Ok(file)
            } else {
                Err(error)
            }
        }
        opened => opened,
    }
}

fn open(disk: &dyn Disk, path: &Path, length: Option<u64>) -> io::Result<Locked> {
    let Some(length) = length else {
        let file = create(disk, path)?;
        disk.sync_directory(folder_of(path))?;
        return Ok((file, disk.lock(path)?));
    };
    let file = disk.open(path, OpenMode::Write)?;
    let lock = disk.lock(path)?;
    let found = file.length()?;
    if found < length {
        let text = format!("it has {found} bytes, and its state says that it has {length}");
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    file.set_length(length)?;
    Ok((file, lock))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::tests::check_page;

    #[test]
    fn state_when_written_then_is_as_its_page_shows_it() {
        check_page::<State>();
    }
}
