//! The inputs of a target that are kept in the repository.

use std::path::PathBuf;

/// The corpus of one target.
#[derive(Clone, Debug)]
pub struct Corpus {
    folder: PathBuf,
}

impl Corpus {
    /// The corpus of a target.
    pub fn of(target: &str) -> Self {
        let all = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus");
        Self {
            folder: all.join(target),
        }
    }

    /// The inputs in any folder, which is made if it is not there.
    ///
    /// # Panics
    /// If it cannot be made.
    #[expect(clippy::disallowed_methods, reason = "a folder of the build")]
    pub fn at(folder: PathBuf) -> Self {
        std::fs::create_dir_all(&folder).unwrap();
        Self { folder }
    }

    /// All inputs, in the order of their names.
    ///
    /// # Panics
    /// If there are none: a target without a corpus tests next to nothing.
    pub fn read(&self) -> Vec<Vec<u8>> {
        let inputs = self.read_if_any();
        assert!(!inputs.is_empty(), "{} is empty", self.folder.display());
        inputs
    }

    /// The same; there may be none.
    ///
    /// # Panics
    /// If a file cannot be read.
    #[expect(clippy::disallowed_methods, reason = "files of the repository")]
    pub fn read_if_any(&self) -> Vec<Vec<u8>> {
        let files = std::fs::read_dir(&self.folder).unwrap();
        let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
        paths.sort();
        let inputs = paths.iter().map(|path| std::fs::read(path).unwrap());
        inputs.collect()
    }

    /// Adds an input; gives its file.
    ///
    /// # Panics
    /// If the file cannot be written.
    #[expect(clippy::disallowed_methods, reason = "files of the repository")]
    pub fn add(&self, input: &[u8]) -> PathBuf {
        let path = self.folder.join(name_of(input));
        std::fs::write(&path, input).unwrap();
        path
    }
}

/// The FNV-1a hash in hexadecimal: short, and the same on every machine.
fn name_of(input: &[u8]) -> String {
    let hash = input.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_when_named_then_by_its_content() {
        assert_eq!(name_of(b""), "cbf29ce484222325");
        assert_eq!(name_of(b"a"), "af63dc4c8601ec8c");
    }

    #[test]
    fn file_of_a_corpus_when_named_then_by_its_content() {
        let mut count = 0;
        for target in crate::TARGETS {
            let corpus = Corpus::of(target.name);
            for input in corpus.read() {
                let path = corpus.folder.join(name_of(&input));
                assert!(path.exists(), "{} is not there", path.display());
                count += 1;
            }
        }
        assert!(count > 100, "only {count} inputs");
    }
}
