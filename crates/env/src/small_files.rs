//! Small files, which are read whole and replaced whole.
//!
//! A reader of a file that is replaced finds the old content or the new one, after a loss of power,
//! too. Processes that replace the same file exclude each other with [`lock_beside`].

use crate::disk::{Disk, OpenMode, about};
use std::io;
use std::path::{Path, PathBuf};

/// What is appended to a file's name for the one that is to replace it.
const NEW_SUFFIX: &str = ".new";
/// What is appended to a file's name for the one that is locked.
const LOCK_SUFFIX: &str = ".lock";

/// The permissions of a file that is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileMode {
    /// Its owner's alone. It stays that of the old one, whoever replaces it.
    Private,
    /// Those of the old one; without one, those of new files.
    Kept,
    /// These, whatever the old one has.
    Given(u32),
}

/// Replaces a file, or makes it, durably: writes a file beside it, under its name and `.new`, syncs
/// it, renames it over the old one, and syncs the directory.
///
/// # Errors
/// If any step fails. Then the file has the old content or the new one.
pub fn replace_file(disk: &dyn Disk, path: &Path, bytes: &[u8], mode: FileMode) -> io::Result<()> {
    let (bits, owner) = match mode {
        // As new files are.
        FileMode::Private => (None, unless_missing(disk.mode(path))?.map(|_| path)),
        FileMode::Given(bits) => (Some(bits), None),
        FileMode::Kept => (unless_missing(disk.mode(path))?, None),
    };
    let new = beside(path, NEW_SUFFIX);
    // What a process left that died here.
    unless_missing(disk.remove(&new))?;
    let written = write(disk, &new, bytes, bits, owner);
    let replaced = written.and_then(|()| disk.rename(&new, path));
    if replaced.is_err() {
        // It may hold the space that was wanting. Its own failure says nothing more.
        drop(disk.remove(&new));
    }
    replaced?;
    disk.sync_directory(folder_of(path))
}

fn write(
    disk: &dyn Disk,
    new: &Path,
    bytes: &[u8],
    mode: Option<u32>,
    owner_of: Option<&Path>,
) -> io::Result<()> {
    let file = disk.open(new, OpenMode::CreateNew)?;
    file.write_all_at(bytes, 0)?;
    if let Some(old) = owner_of {
        disk.set_owner_of(new, old)?;
    }
    if let Some(mode) = mode {
        disk.set_mode(new, mode)?;
    }
    file.sync_data()
}

fn unless_missing<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Locks a file that is replaced against other processes, until the guard is dropped: locks an
/// empty file beside it, under its name and `.lock`. A lock of the file itself would end with its
/// replacement, which is another inode. The empty file stays: whoever removed it might remove the
/// next one's lock.
///
/// # Errors
/// `WouldBlock` if it is locked already, or what [`Disk::lock`] returns.
pub fn lock_beside(disk: &dyn Disk, path: &Path) -> io::Result<Box<dyn Send + Sync>> {
    disk.lock(&beside(path, LOCK_SUFFIX))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The directory that a file is in.
pub fn folder_of(path: &Path) -> &Path {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}

/// Reads a regular file by its length.
pub(crate) fn read_regular(
    disk: &(impl Disk + ?Sized),
    path: &Path,
    bytes_max: u64,
) -> io::Result<Vec<u8>> {
    let file = disk.open(path, OpenMode::Read)?;
    let length = file.length()?;
    let fits = usize::try_from(length).ok().filter(|_| length <= bytes_max);
    let mut bytes = vec![0; fits.ok_or_else(|| too_large(path, bytes_max))?];
    file.read_exact_at(&mut bytes, 0)?;
    Ok(bytes)
}

/// A file that is larger than it may be.
pub(crate) fn too_large(path: &Path, bytes_max: u64) -> io::Error {
    let text = format!("larger than {bytes_max} bytes");
    about(path, io::Error::new(io::ErrorKind::FileTooLarge, text))
}

#[cfg(test)]
mod tests;
