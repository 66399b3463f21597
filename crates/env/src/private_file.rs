//! Files that security rests on: regular ones that nobody but their owner can change or, if they
//! are secret, read. They are read whole.

use rustix::fs::OFlags;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use zeroize::Zeroizing;

/// Opens without waiting, which makes no difference to regular files.
const NONBLOCK: i32 = OFlags::NONBLOCK.bits() as i32;
/// What a file's group and others may not do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Anything.
    Private,
    /// Change it.
    Unchanged,
}

impl Guard {
    /// The permissions of a group and of others that a file must not have.
    fn refused(self) -> u32 {
        match self {
            Self::Private => 0o077,
            Self::Unchanged => 0o022,
        }
    }

    fn advice(self) -> &'static str {
        match self {
            Self::Private => "others than its owner have access to it",
            Self::Unchanged => "others than its owner can change it",
        }
    }

    fn mend(self) -> &'static str {
        match self {
            Self::Private => "chmod 600 it",
            Self::Unchanged => "chmod go-w it",
        }
    }

    /// Refuses the permissions of a file.
    pub(crate) fn check(self, mode: u32) -> io::Result<()> {
        let mode = mode & 0o777;
        if mode & self.refused() == 0 {
            return Ok(());
        }
        let text = format!("{} (mode {mode:o}); {}", self.advice(), self.mend());
        Err(io::Error::new(io::ErrorKind::PermissionDenied, text))
    }
}

/// Reads a regular file of the real disk, of at most this many bytes, that nobody but its owner has
/// access to. What was read is overwritten when it is dropped.
///
/// # Errors
/// If it cannot be read, is larger, is no file, or others have access to it; without the file's
/// name.
pub fn read_private(path: &Path, bytes_max: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    read_guarded(path, Guard::Private, bytes_max)
}

/// Reads a regular file of the real disk, of at most this many bytes, that is guarded. What was
/// read is overwritten when it is dropped.
///
/// # Errors
/// If it cannot be read, is larger, is no file, or others can do what they may not; without the
/// file's name.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the door to the real disk"
)]
pub fn read_guarded(path: &Path, guard: Guard, bytes_max: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    // A pipe without a writer must not hold the reader up before it is refused.
    let mut options = File::options();
    let options = options.read(true).custom_flags(NONBLOCK);
    let file = options.open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    guard.check(metadata.permissions().mode())?;
    // Never moved while it grows: that would leave copies behind.
    let capacity = metadata.len().min(bytes_max) + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(capacity).unwrap_or(0)));
    file.take(capacity).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == capacity {
        let text = match metadata.len() > bytes_max {
            true => format!("larger than {bytes_max} bytes"),
            false => "it grew while it was read".to_owned(),
        };
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    Ok(bytes)
}

/// What is wrong with the permissions of a regular file of the real disk, if others than its owner
/// have access to it.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the door to the real disk"
)]
pub fn exposure(path: &Path) -> Option<String> {
    let metadata = std::fs::metadata(path).ok()?;
    let mode = metadata.permissions().mode();
    let is_exposed = metadata.is_file().then(|| Guard::Private.check(mode))?;
    is_exposed.err().map(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Disk, MemoryDisk, OpenMode, RealDisk};
    use std::io::Write;

    #[test]
    fn private_file_when_others_have_access_or_it_is_none_then_is_refused() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"secret").unwrap();
        let set_mode = |mode| {
            let permissions = std::fs::Permissions::from_mode(mode);
            file.as_file().set_permissions(permissions).unwrap();
        };
        for mode in [0o600, 0o400, 0o700] {
            set_mode(mode);
            assert_eq!(&**read_private(file.path(), 6).unwrap(), b"secret");
        }
        let large = read_private(file.path(), 5).unwrap_err();
        assert_eq!(large.to_string(), "larger than 5 bytes");
        for mode in [0o640, 0o604, 0o620, 0o601] {
            set_mode(mode);
            let said = read_private(file.path(), 6).unwrap_err().to_string();
            assert!(
                said.contains(&format!("(mode {mode:o}); chmod 600 it")),
                "{said}"
            );
        }
        for (mode, is_read) in [(0o644, true), (0o755, true), (0o664, false), (0o602, false)] {
            set_mode(mode);
            match read_guarded(file.path(), Guard::Unchanged, 6) {
                Ok(_) => assert!(is_read, "{mode:o}"),
                Err(error) => {
                    let said = format!("can change it (mode {mode:o}); chmod go-w it");
                    assert!(!is_read && error.to_string().contains(&said), "{error}");
                }
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR,
            0,
        )
        .unwrap();
        for path in [Path::new("/dev/zero"), Path::new("/"), &pipe] {
            let error = read_private(path, 6).unwrap_err();
            assert_eq!(error.to_string(), "not a regular file");
        }
    }

    #[test]
    fn private_file_when_on_any_disk_then_is_read_if_it_is_private_and_errors_name_it() {
        let folder = tempfile::tempdir().unwrap();
        let memory = MemoryDisk::new();
        memory.create_directory(folder.path()).unwrap();
        let path = folder.path().join("secret");
        let disks: [&dyn Disk; 2] = [&memory, &RealDisk];
        for disk in disks {
            let file = disk.open(&path, OpenMode::CreateNew).unwrap();
            file.write_all_at(b"secret", 0).unwrap();
            assert_eq!(&**disk.read_private(&path, 6).unwrap(), b"secret");
            let said = |error: io::Error| error.to_string();
            let name = path.display();
            assert_eq!(
                said(disk.read_private(&path, 5).unwrap_err()),
                format!("{name}: larger than 5 bytes")
            );
            disk.set_mode(&path, 0o640).unwrap();
            assert_eq!(
                said(disk.read_private(&path, 6).unwrap_err()),
                format!("{name}: others than its owner have access to it (mode 640); chmod 600 it")
            );
        }
    }
}
