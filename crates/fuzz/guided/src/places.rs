//! Where runs keep what they find, in the folder of their build.

use millstream_fuzz::{Corpus, Target};
use std::path::PathBuf;

/// What runs keep of one target.
pub struct Places {
    target: &'static str,
}

impl Places {
    pub fn of(target: Target) -> Self {
        Self {
            target: target.name,
        }
    }

    /// Inputs that reached something new.
    pub fn reached(&self) -> Corpus {
        Corpus::at(Self::folder("corpus").join(self.target))
    }

    /// Inputs that fail, made small.
    pub fn findings(&self) -> Corpus {
        Corpus::at(Self::folder("findings").join(self.target))
    }

    /// The input that is being tried. If the process ends, it was this one.
    pub fn tried(&self) -> PathBuf {
        Self::folder("tried").join(self.target)
    }

    /// The figures of the last run, as a row of a table.
    pub fn figures(&self) -> PathBuf {
        Self::folder("figures").join(self.target)
    }

    fn folder(name: &str) -> PathBuf {
        let runs = std::env::var_os("MILLSTREAM_GUIDED_RUNS");
        let folder = PathBuf::from(runs.expect("run beside it says where")).join(name);
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }
}
