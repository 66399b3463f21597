//! What is read: variables and files. The process's own, or what a test gives.

use millstream_env::{Disk, RealDisk};
use std::io;
use std::path::{Path, PathBuf};

/// Maximum size of a shared file. AWS's tools write a few lines for each profile.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

type Variable = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;
type File = Box<dyn Fn(&Path) -> io::Result<String> + Send + Sync>;

/// Where variables and files are read.
pub struct Sources {
    variable: Variable,
    file: File,
}

impl Sources {
    /// The environment of this process, and the files of this machine.
    pub fn of_process() -> Self {
        Self::new(|name| std::env::var(name).ok(), read_file)
    }

    /// Variables that a function knows, and the files of this machine.
    pub fn of_variables(variable: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self::new(variable, read_file)
    }

    /// Reads variables and files through functions.
    pub fn new(
        variable: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
        file: impl Fn(&Path) -> io::Result<String> + Send + Sync + 'static,
    ) -> Self {
        Self {
            variable: Box::new(variable),
            file: Box::new(file),
        }
    }

    /// A variable; `None` if it is not set or empty.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.is_empty())
    }

    /// The first of some variables that is set.
    pub(super) fn first_of(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.variable(name))
    }

    /// A file's text; `None` if there is no such file.
    pub(crate) fn file(&self, path: &Path) -> io::Result<Option<String>> {
        match (self.file)(path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A path in which `~` stands for the home directory.
    pub(super) fn path(&self, text: &str) -> PathBuf {
        let below_home = text.strip_prefix('~').filter(|rest| {
            rest.is_empty() || rest.starts_with('/') || rest.starts_with(std::path::MAIN_SEPARATOR)
        });
        let home = self.first_of(&["HOME", "USERPROFILE"]);
        match (below_home, home) {
            (Some(rest), Some(home)) => PathBuf::from(format!("{home}{rest}")),
            (None, _) | (_, None) => PathBuf::from(text),
        }
    }
}

impl std::fmt::Debug for Sources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sources")
    }
}

/// Reads a shared file of the real disk, whatever the client's own files are on: the function is a
/// parameter.
fn read_file(path: &Path) -> io::Result<String> {
    let bytes = RealDisk.read_whole(path, FILE_BYTES_MAX)?;
    let text = String::from_utf8(bytes);
    text.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "a test's own file")]
    fn write(path: &Path, bytes: usize) {
        std::fs::write(path, "#".repeat(bytes)).unwrap();
    }

    #[test]
    fn file_when_it_is_read_then_is_whole_and_one_too_large_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let sources = Sources::of_process();
        let path = folder.path().join("config");
        assert_eq!(sources.file(&path).unwrap(), None);
        let bytes = usize::try_from(FILE_BYTES_MAX).unwrap();
        write(&path, bytes);
        assert_eq!(sources.file(&path).unwrap().unwrap().len(), bytes);
        write(&path, bytes + 1);
        let error = sources.file(&path).unwrap_err();
        let expected = format!("{}: larger than {FILE_BYTES_MAX} bytes", path.display());
        assert_eq!(error.to_string(), expected);
        assert!(sources.file(folder.path()).is_err(), "a folder is no file");
    }

    #[test]
    fn path_when_it_begins_with_a_tilde_then_is_below_the_home_directory() {
        let home = |home: Option<&'static str>| {
            let variable = move |name: &str| home.filter(|_| name == "HOME").map(str::to_owned);
            Sources::new(variable, read_file)
        };
        for (text, expected) in [
            ("~/.aws/config", "/home/me/.aws/config"),
            ("~", "/home/me"),
            ("~you/x", "~you/x"),
            ("/a/~/b", "/a/~/b"),
        ] {
            let path = home(Some("/home/me")).path(text);
            assert_eq!(path, Path::new(expected));
        }
        assert_eq!(home(None).path("~/x"), Path::new("~/x"));
    }
}
