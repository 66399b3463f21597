//! A repair that did not end: a folder of originals with a marker in it.
//!
//! A repair moves originals into the folder and writes new segments before one MANIFEST puts all in
//! place. As long as that has not happened, what stands in the directory is neither the journal as
//! it was nor as it will be: nothing may be made of it but by another repair, which puts the
//! originals back first. What always holds: a repair is unfinished only if the MANIFEST is still
//! the one that it found.

use crate::format::manifest::MANIFEST_NAME;
use crate::format::segment::number_of_file;
use millstream_env::{Disk, OpenMode};
use millstream_store::checksum::{crc32c, crc32c_append};
use std::io;
use std::path::{Path, PathBuf};

/// The beginning of the names of folders that hold what a repair took out.
pub(crate) const KEPT_PREFIX: &str = "repair-";
/// Stands in the folder as long as its repair is not done, and says from which number on files are
/// its own.
pub(crate) const MARKER: &str = "UNFINISHED";
/// Bytes of a file that are read at once.
pub(crate) const PIECE_BYTES: u64 = 1024 * 1024;
/// The digits of a number in a marker, as in names of files.
const MARKER_BYTES: u64 = 16;

/// The folder of a repair, with a marker in it.
pub(crate) struct Marked {
    pub(crate) folder: PathBuf,
    /// The names in it.
    pub(crate) inside: Vec<PathBuf>,
    /// Whether it has not taken effect.
    pub(crate) is_undone: bool,
    /// Files from this number on are its own; `None` if it had not begun any.
    pub(crate) first_own: Option<u64>,
}

impl Marked {
    /// Whether a file in the directory was made by this repair.
    pub(crate) fn has_made(&self, name: &str) -> bool {
        let (number, first) = (number_of_file(name), self.first_own);
        self.is_undone && first.is_some_and(|first| number >= Some(first))
    }
}

/// The folders of repairs that did not end, or whose end is not noted.
pub(crate) fn marked(disk: &dyn Disk, directory: &Path) -> io::Result<Vec<Marked>> {
    let mut folders = disk.list(directory)?;
    folders.retain(|path| name_of(path).starts_with(KEPT_PREFIX));
    let mut marked = Vec::new();
    for folder in folders {
        // A file of that name is no folder.
        let Ok(inside) = disk.list(&folder) else {
            continue;
        };
        let Some(marker) = inside.iter().find(|path| name_of(path) == MARKER) else {
            continue;
        };
        let first_own = first_own(disk, marker)?;
        // It took effect with its MANIFEST; only the marker was left then.
        let [present, copied] = [directory, &folder].map(|place| contents(disk, place));
        let is_undone = present? == copied?;
        marked.push(Marked {
            folder,
            inside,
            is_undone,
            first_own,
        });
    }
    Ok(marked)
}

/// The folder of a repair that has not taken effect, if there is one.
pub(crate) fn undone(disk: &dyn Disk, directory: &Path) -> io::Result<Option<Marked>> {
    let marked = marked(disk, directory)?;
    Ok(marked.into_iter().find(|marked| marked.is_undone))
}

/// What a marker says.
pub(crate) fn encode_marker(first_own: u64) -> Vec<u8> {
    format!("{first_own:016x}").into_bytes()
}

/// The number that a marker tells. One that a crash cut short was not synced: the repair had made
/// no file yet.
fn first_own(disk: &dyn Disk, marker: &Path) -> io::Result<Option<u64>> {
    let file = disk.open(marker, OpenMode::Read)?;
    if file.length()? != MARKER_BYTES {
        return Ok(None);
    }
    let mut digits = [0; MARKER_BYTES as usize];
    file.read_exact_at(&mut digits, 0)?;
    let text = std::str::from_utf8(&digits).ok();
    Ok(text.and_then(|text| u64::from_str_radix(text, 16).ok()))
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

pub(crate) fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}
