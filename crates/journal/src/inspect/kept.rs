//! The folder into which a repair moves what it takes out of the journal, beside its files.
//!
//! While a repair is under way, a marker stands in the folder. If it ends before it takes effect,
//! the next repair puts everything back and begins again. What always holds: no original is removed
//! or written to.

use crate::format::manifest::MANIFEST_NAME;
use crate::inspect::accounted::KEPT_PREFIX;
use millstream_env::{Disk, OpenMode};
use millstream_store::checksum::{crc32c, crc32c_append};
use std::io;
use std::path::{Path, PathBuf};

/// Bytes of a file that are read at once.
const PIECE_BYTES: u64 = 1024 * 1024;
/// Stands in the folder as long as its repair is not done.
const MARKER: &str = "UNFINISHED";

/// A folder of a repair that is under way.
pub(crate) struct Kept<'a> {
    disk: &'a dyn Disk,
    directory: &'a Path,
    folder: PathBuf,
}

impl<'a> Kept<'a> {
    /// Makes the folder. `name` follows its prefix, and a number what has that name already.
    pub(crate) fn begin(disk: &'a dyn Disk, directory: &'a Path, name: &str) -> io::Result<Self> {
        let taken = disk.list(directory)?;
        let numbered = |number: u64| match number {
            1 => directory.join(format!("{KEPT_PREFIX}{name}")),
            _ => directory.join(format!("{KEPT_PREFIX}{name}-{number}")),
        };
        let mut names = (1..).map(numbered);
        let free = names.find(|folder| !taken.contains(folder));
        let folder = free.expect("there are more numbers than folders");
        disk.create_directory(&folder)?;
        disk.open(&folder.join(MARKER), OpenMode::CreateNew)?
            .sync_data()?;
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

/// Puts back what repairs took out that did not take effect, and removes the marker of all that did
/// not end; returns the folders of these.
pub(crate) fn put_back(disk: &dyn Disk, directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut folders = disk.list(directory)?;
    folders.retain(|path| name_of(path).starts_with(KEPT_PREFIX));
    let mut undone = Vec::new();
    for folder in folders {
        // A file of that name is no folder.
        let Ok(inside) = disk.list(&folder) else {
            continue;
        };
        if !inside.iter().any(|path| name_of(path) == MARKER) {
            continue;
        }
        // It took effect with its MANIFEST; only the marker was left then.
        let manifests = [directory, &folder].map(|place| contents(disk, place));
        let [present, copied] = manifests;
        if present? == copied? {
            for path in &inside {
                let name = name_of(path);
                if name != MARKER && name != MANIFEST_NAME {
                    disk.rename(path, &directory.join(name))?;
                }
            }
            disk.sync_directory(directory)?;
            disk.sync_directory(&folder)?;
        }
        disk.remove(&folder.join(MARKER))?;
        disk.sync_directory(&folder)?;
        undone.push(folder);
    }
    Ok(undone)
}

/// The length and the checksum of the MANIFEST in a folder, if there is one.
fn contents(disk: &dyn Disk, folder: &Path) -> io::Result<Option<(u64, u32)>> {
    let file = match disk.open(&folder.join(MANIFEST_NAME), OpenMode::Read) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let (length, mut crc) = (file.length()?, crc32c(&[]));
    for at in (0..length).step_by(PIECE_BYTES as usize) {
        let mut piece = vec![0; (length - at).min(PIECE_BYTES) as usize];
        file.read_exact_at(&mut piece, at)?;
        crc = crc32c_append(crc, &piece);
    }
    Ok(Some((length, crc)))
}

fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}
