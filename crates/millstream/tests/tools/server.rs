//! A server for a test's tools.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// `MILLSTREAM_BIN`, or the binary that was built with this test.
pub fn binary() -> OsString {
    let built = env!("CARGO_BIN_EXE_millstream");
    std::env::var_os("MILLSTREAM_BIN").unwrap_or_else(|| built.into())
}

/// A running `millstream dev`. Killed when dropped, and its data removed.
pub struct Server {
    child: Child,
    pub url: String,
    _folder: TempDir,
}

/// Starts a server without streams.
pub fn server() -> Server {
    server_with(&[])
}

/// Starts a server with additional flags, and waits until it is ready.
pub fn server_with(flags: &[&str]) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(binary());
    command
        .env_clear()
        .env("TMPDIR", folder.path())
        .args(["dev", "--listen", "127.0.0.1:0", "--log-level", "warn"])
        .args(flags)
        .stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut url = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut url).unwrap();
    assert_eq!(url.pop(), Some('\n'), "it is not ready");
    Server {
        child,
        url,
        _folder: folder,
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
