//! Files that are read whole: settings, certificates, keys. At most a given number of bytes is
//! read, whatever the path refers to.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Reads a file of at most this many bytes. It need not be a regular file: shells pass pipes.
///
/// # Errors
/// If it cannot be read, or is larger.
#[expect(
    clippy::disallowed_methods,
    reason = "settings are read from the real disk, whatever the data is on"
)]
pub fn read(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path)?;
    file.take(bytes_max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max {
        let text = format!("larger than {bytes_max} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn file_when_it_is_too_large_or_has_no_end_then_is_refused() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&[b'x'; 100]).unwrap();
        assert_eq!(read(file.path(), 100).unwrap(), [b'x'; 100]);
        for (path, max) in [(file.path(), 99), (Path::new("/dev/zero"), 100)] {
            let error = read(path, max).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
            let text = format!("larger than {max} bytes");
            assert_eq!(error.to_string(), text);
        }
    }
}
