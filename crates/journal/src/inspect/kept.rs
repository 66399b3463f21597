//! The folder into which a repair moves what it takes out of the journal, beside its files.
//!
//! While a repair is under way, a marker stands in the folder. If it ends before it takes effect,
//! the next repair puts everything back, takes out what the first one has made, and begins again.
//! What always holds: no original is removed or written to.

use crate::format::manifest::MANIFEST_NAME;
use crate::recover::unfinished::{
    KEPT_PREFIX, MARKER, PIECE_BYTES, encode_marker, marked, name_of,
};
use millstream_env::{Disk, OpenMode};
use std::io;
use std::path::{Path, PathBuf};

/// A folder of a repair that is under way.
pub(crate) struct Kept<'a> {
    disk: &'a dyn Disk,
    directory: &'a Path,
    folder: PathBuf,
}

impl<'a> Kept<'a> {
    /// Makes the folder. `name` follows its prefix, and a number what has that name already. Files
    /// that the repair makes are numbered from `first_own` on.
    pub(crate) fn begin(
        disk: &'a dyn Disk,
        directory: &'a Path,
        name: &str,
        first_own: u64,
    ) -> io::Result<Self> {
        let taken = disk.list(directory)?;
        let numbered = |number: u64| match number {
            1 => directory.join(format!("{KEPT_PREFIX}{name}")),
            _ => directory.join(format!("{KEPT_PREFIX}{name}-{number}")),
        };
        let mut names = (1..).map(numbered);
        let free = names.find(|folder| !taken.contains(folder));
        let folder = free.expect("there are more numbers than folders");
        disk.create_directory(&folder)?;
        let marker = disk.open(&folder.join(MARKER), OpenMode::CreateNew)?;
        marker.write_all_at(&encode_marker(first_own), 0)?;
        marker.sync_data()?;
        disk.sync_directory(&folder)?;
        disk.sync_directory(directory)?;
        Ok(Self {
            disk,
            directory,
            folder,
        })
    }

    /// Copies the MANIFEST, which stays where it is until another takes its place.
    pub(crate) fn copy_manifest(&self) -> io::Result<()> {
        let manifest = self.directory.join(MANIFEST_NAME);
        let from = match self.disk.open(&manifest, OpenMode::Read) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            opened => opened?,
        };
        let copy = self.folder.join(MANIFEST_NAME);
        let to = self.disk.open(&copy, OpenMode::CreateNew)?;
        let (mut at, length) = (0, from.length()?);
        while at < length {
            let mut piece = vec![0; (length - at).min(PIECE_BYTES) as usize];
            from.read_exact_at(&mut piece, at)?;
            to.write_all_at(&piece, at)?;
            at += piece.len() as u64;
        }
        to.sync_data()?;
        self.disk.sync_directory(&self.folder)
    }

    /// Moves files of the journal into the folder.
    pub(crate) fn take(&self, names: &[String]) -> io::Result<()> {
        for name in names {
            let (from, to) = (self.directory.join(name), self.folder.join(name));
            match self.disk.rename(&from, &to) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                moved => moved?,
            }
        }
        self.disk.sync_directory(&self.folder)?;
        self.disk.sync_directory(self.directory)
    }

    /// The repair is done.
    pub(crate) fn finish(self) -> io::Result<PathBuf> {
        self.disk.remove(&self.folder.join(MARKER))?;
        self.disk.sync_directory(&self.folder)?;
        Ok(self.folder)
    }
}

/// Puts back what repairs took out that did not take effect, takes out what these have made, and
/// removes the marker of all that did not end; returns the folders of these.
pub(crate) fn put_back(disk: &dyn Disk, directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut ended = Vec::new();
    for marked in marked(disk, directory)? {
        let folder = &marked.folder;
        if marked.is_undone {
            for path in &marked.inside {
                let name = name_of(path);
                if name != MARKER && name != MANIFEST_NAME {
                    disk.rename(path, &directory.join(name))?;
                }
            }
            disk.sync_directory(directory)?;
            for path in disk.list(directory)? {
                let name = name_of(&path);
                if marked.has_made(&name) {
                    disk.rename(&path, &folder.join(name))?;
                }
            }
            disk.sync_directory(folder)?;
            disk.sync_directory(directory)?;
        }
        disk.remove(&folder.join(MARKER))?;
        disk.sync_directory(folder)?;
        ended.push(marked.folder);
    }
    Ok(ended)
}
