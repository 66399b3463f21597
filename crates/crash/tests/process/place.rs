//! Where the binary is, and where a run keeps its files.

#![expect(clippy::disallowed_methods, reason = "the folders of real processes")]

use millstream_crash::{Durability, Launch, Limits};
use millstream_env::{Env, OpenMode};
use millstream_judge::History;
use std::path::{Path, PathBuf};

/// A run's folder under `target/tmp`. It stays if the test fails, which then says where.
pub struct Place(PathBuf);

impl Drop for Place {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("files in {}", self.0.display());
        }
    }
}

impl Place {
    /// A folder that is new and empty.
    pub fn new(env: &Env, name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        // It may be left of a run that failed.
        let _ = std::fs::remove_dir_all(&path);
        env.disk.create_directory(&path).unwrap();
        Self(path)
    }

    /// A server whose files are here.
    pub fn launch(&self, segment_size: &'static str) -> Launch {
        Launch {
            binary: binary(),
            data: self.0.join("data"),
            log: self.0.join("server.log"),
            segment_size,
            durability: Durability::Fsync,
            limits: Limits::Off,
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Keeps a history as JSON lines.
    pub fn keep(&self, env: &Env, name: &str, history: &History) {
        let mut lines = Vec::new();
        history.write_lines(&mut lines).unwrap();
        let path = self.0.join(format!("{name}.jsonl"));
        let file = env.disk.open(&path, OpenMode::CreateNew).unwrap();
        file.write_all_at(&lines, 0).unwrap();
    }

    /// Removes it all: the run was good.
    pub fn remove(self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

/// `MILLSTREAM_BIN`, or the binary that was built next to this test.
fn binary() -> PathBuf {
    let named = std::env::var_os("MILLSTREAM_BIN").map(PathBuf::from);
    let built = || {
        let test = std::env::current_exe().unwrap();
        let profile = test.parent().and_then(Path::parent).unwrap();
        profile.join("millstream")
    };
    let binary = named.unwrap_or_else(built);
    assert!(
        binary.is_file(),
        "there is no {}: build it first (cargo build -p millstream), or say where it is in MILLSTREAM_BIN",
        binary.display()
    );
    binary
}
