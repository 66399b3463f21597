//! Files of secrets: regular ones that nobody but their owner has access to, read whole.

use rustix::fs::OFlags;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use zeroize::Zeroizing;

/// Opens without waiting, which makes no difference to regular files.
const NONBLOCK: i32 = OFlags::NONBLOCK.bits() as i32;
/// The permissions of a group and of others, of which a private file has none.
const OTHERS: u32 = 0o077;

/// Reads a regular file of at most this many bytes that nobody but its owner has access to. What
/// was read is overwritten when it is dropped.
///
/// # Errors
/// If it cannot be read, is larger, is no file, or others have access to it.
#[expect(
    clippy::disallowed_methods,
    reason = "secrets are read from the real disk, whatever the data is on"
)]
pub fn read_private(path: &Path, bytes_max: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    // A pipe without a writer must not hold the reader up before it is refused.
    let mut options = File::options();
    let options = options.read(true).custom_flags(NONBLOCK);
    let file = options.open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    if let Some(text) = exposure_of(&metadata) {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
    }
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

/// What is wrong with a regular file's permissions, if others than its owner have access to it.
#[expect(
    clippy::disallowed_methods,
    reason = "secrets are read from the real disk, whatever the data is on"
)]
pub fn exposure(path: &Path) -> Option<String> {
    let metadata = std::fs::metadata(path).ok()?;
    metadata.is_file().then(|| exposure_of(&metadata)).flatten()
}

fn exposure_of(metadata: &Metadata) -> Option<String> {
    let mode = metadata.permissions().mode() & 0o777;
    let is_exposed = mode & OTHERS != 0;
    is_exposed
        .then(|| format!("others than its owner have access to it (mode {mode:o}); chmod 600 it"))
}

#[cfg(test)]
mod tests {
    use super::*;
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
}
