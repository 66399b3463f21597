//! Files that are moved, cut off or full.

use super::*;
use std::cell::Cell;
use std::io;
use std::os::unix::fs::PermissionsExt;

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the file is on the real disk")]
fn file_when_it_is_moved_or_truncated_then_lines_go_to_the_one_of_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    let mut file = AuditFile::open(&path).unwrap();
    assert_eq!(mode(&path), 0o600, "its owner's alone");
    file.write(b"1\n").unwrap();
    file.write(b"2\n").unwrap();
    let moved = folder.path().join("audit.log.1");
    std::fs::rename(&path, &moved).unwrap();
    file.write(b"3\n").unwrap();
    assert_eq!(text(&moved), "1\n2\n");
    assert_eq!((text(&path).as_str(), mode(&path)), ("3\n", 0o600));

    // As logrotate's `create 640` does.
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, "").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    file.write(b"4\n").unwrap();
    assert_eq!((text(&path).as_str(), mode(&path)), ("4\n", 0o640));

    // As its `copytruncate` does.
    let truncated = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    truncated.set_len(0).unwrap();
    file.write(b"5\n").unwrap();
    assert_eq!(text(&path), "5\n", "without a hole");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the file is on the real disk")]
fn file_when_it_ends_in_the_middle_of_a_line_then_the_next_one_is_on_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    std::fs::write(&path, "{\"a\":1}\n{\"b").unwrap();
    AuditFile::open(&path).unwrap().write(b"{}\n").unwrap();
    AuditFile::open(&path).unwrap().write(b"{}\n").unwrap();
    assert_eq!(text(&path), "{\"a\":1}\n{\"b\n{}\n{}\n");
}

#[test]
fn place_when_no_file_or_not_reachable_then_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    let (kind, bits) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU);
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, kind, bits, 0).unwrap();
    let missing = folder.path().join("missing/audit.log");
    for (path, expected) in [
        (folder.path(), "Is a directory"),
        (&pipe, "not a regular file; - stands for standard output"),
        (Path::new("/dev/null"), "not a regular file"),
        (&missing, "No such file or directory"),
    ] {
        let error = AuditFile::open(path).unwrap_err();
        let said = format!("{error:#}");
        let name = format!("--audit {}: ", path.display());
        assert!(said.starts_with(&name) && said.contains(expected), "{said}");
    }
}

#[test]
fn place_when_given_then_is_a_file_or_standard_output() {
    assert_eq!(Place::StandardOutput.file(), None);
    assert_eq!("-".parse(), Ok(Place::StandardOutput));
    assert_eq!("./-".parse(), Ok(Place::File("./-".into())));
}

/// Takes three bytes at a time, and every other time none.
struct Reluctant<'a> {
    taken: &'a Cell<Vec<u8>>,
    is_willing: &'a Cell<bool>,
}

impl io::Write for Reluctant<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.is_willing.replace(!self.is_willing.get()) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let mut taken = self.taken.take();
        taken.extend(bytes.iter().take(3));
        self.taken.set(taken);
        Ok(bytes.len().min(3))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn line_when_written_in_parts_between_failures_then_is_whole_and_there_once() {
    let (taken, is_willing) = (Cell::default(), Cell::new(false));
    let mut progress = destination::Progress::default();
    for line in ["{\"a\":1}\n", "{}\n"] {
        let mut attempts = 1;
        let to = || Reluctant {
            taken: &taken,
            is_willing: &is_willing,
        };
        while progress.go_on(line.as_bytes(), to()).is_err() {
            attempts += 1;
        }
        assert!(attempts > 1, "it was refused in between");
    }
    assert_eq!(taken.take(), b"{\"a\":1}\n{}\n");
}
