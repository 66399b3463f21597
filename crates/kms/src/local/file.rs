//! A keyring's file: read whole, replaced whole, by one process at a time.
//!
//! Changes are made to what the file holds now, under a lock of its folder, and are durable before
//! anyone is told. The file is its owner's alone, and stays so whoever changes it.

use crate::local::codec::{Wrong, decode_keyring, encode_keyring};
use crate::local::keyring::{ChangeError, Keyring};
use millstream_env::{Disk, FileMode, folder_of, replace_file};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// The largest file of a keyring.
pub(super) const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// What becomes of a file that does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// It is made.
    Made,
    /// That is an error.
    Refused,
}

/// A keyring's file.
#[derive(Clone)]
pub struct KeyringFile {
    disk: Arc<dyn Disk>,
    path: PathBuf,
}

impl fmt::Debug for KeyringFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.fmt(f)
    }
}

/// Why a keyring's file is not read or not changed. It is as before then.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// There is none.
    #[error("there is no keyring {}; `millstream keys create` makes one", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be read or written, or others have access to it.
    #[error("{0}")]
    Disk(#[source] io::Error),
    /// It is not whole, or not a keyring's.
    #[error("{}: {wrong}", path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        wrong: Wrong,
    },
    /// Another process is changing it, or something else in its folder.
    #[error("another command changes files in {}: try again in a moment", folder.display())]
    Busy {
        /// The file's folder.
        folder: PathBuf,
    },
    /// It would be too large.
    #[error("{} would be larger than {FILE_BYTES_MAX} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The keys are not changed.
    #[error("{0}")]
    Change(#[from] ChangeError),
}

impl KeyringFile {
    /// The keyring at a path, if there is one.
    pub fn new(disk: Arc<dyn Disk>, path: PathBuf) -> Self {
        Self { disk, path }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads it.
    ///
    /// # Errors
    /// If it is not there, not whole, or others than its owner have access to it.
    pub fn read(&self) -> Result<Keyring, KeyringError> {
        self.decode(&self.read_bytes()?)
    }

    pub(super) fn read_bytes(&self) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
        let read = self.disk.read_private(&self.path, FILE_BYTES_MAX);
        let path = || self.path.clone();
        read.map_err(|error| match error.kind() == io::ErrorKind::NotFound {
            true => KeyringError::Missing { path: path() },
            false => KeyringError::Disk(error),
        })
    }

    /// Makes the name of what was read durable: whoever wrote it may have died before that, and
    /// what it wraps must not outlive it.
    pub(super) fn sync_name(&self) -> Result<(), KeyringError> {
        let here = self.disk.behind_links(&self.path);
        let here = here.map_err(KeyringError::Disk)?;
        let synced = self.disk.sync_directory(folder_of(&here));
        synced.map_err(KeyringError::Disk)
    }

    pub(super) fn decode(&self, bytes: &[u8]) -> Result<Keyring, KeyringError> {
        decode_keyring(bytes).map_err(|wrong| KeyringError::Wrong {
            path: self.path.clone(),
            wrong,
        })
    }

    /// Changes it, durably, and returns what `change` does and the keyring as it is now.
    ///
    /// # Errors
    /// If it cannot be read or written, another process is changing it, or `change` fails.
    pub fn change<T>(
        &self,
        missing: Missing,
        change: impl FnOnce(&mut Keyring) -> Result<T, ChangeError>,
    ) -> Result<(T, Keyring), KeyringError> {
        let here = match self.disk.behind_links(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.path.clone(),
            found => found.map_err(KeyringError::Disk)?,
        };
        let folder = folder_of(&here);
        let locked = self.disk.lock(folder);
        let _lock = locked.map_err(|error| match error.kind() == io::ErrorKind::WouldBlock {
            true => KeyringError::Busy {
                folder: folder.to_owned(),
            },
            false => KeyringError::Disk(error),
        })?;
        let before = match (self.read_bytes(), missing) {
            (Err(KeyringError::Missing { .. }), Missing::Made) => None,
            (bytes, _) => Some(bytes?),
        };
        let mut keyring = match &before {
            Some(bytes) => self.decode(bytes)?,
            None => Keyring::default(),
        };
        let done = change(&mut keyring)?;
        let after = encode_keyring(&keyring);
        if after.len() as u64 > FILE_BYTES_MAX {
            let path = self.path.clone();
            return Err(KeyringError::TooLarge { path });
        }
        let kept = match before.is_none_or(|before| before != after) {
            true => replace_file(&*self.disk, &here, &after, FileMode::Private),
            // An earlier attempt may have failed after it replaced the file.
            false => self.disk.sync_directory(folder),
        };
        kept.map_err(KeyringError::Disk)?;
        Ok((done, keyring))
    }
}

#[cfg(test)]
mod tests;
