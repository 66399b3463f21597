//! The certificate and its key on disk: read at start, and again whenever they change.
//!
//! What is wrong with new files is said, and the connections go on with the old ones.

use anyhow::Context;
use env::{Clock, Env};
use server::{Identity, Tls};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long it takes at most until a change is seen.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// Files that cannot be read are spoken of after so many looks: while one is being put in the other's
/// place it may be missing for a moment.
const UNREADABLE_LOOKS: u32 = 3;
/// The largest file that is read.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Where both are.
#[derive(Clone, Debug)]
pub struct Files {
    /// `--tls-cert`.
    pub certificates: PathBuf,
    /// `--tls-key`.
    pub key: PathBuf,
}

impl Files {
    /// Reads both, and has them read again whenever they change.
    ///
    /// # Errors
    /// If they cannot be used.
    pub fn serve(self, env: &Env) -> anyhow::Result<Tls> {
        let identity = self.read()?;
        let tls = Tls::new(&identity).with_context(|| self.names())?;
        let follower = Follower {
            files: self,
            tls: tls.clone(),
            seen: identity,
            unreadable: 0,
        };
        let followed = follow(follower, Arc::clone(&env.clock));
        env.tasks.spawn_thread("certificate", Box::pin(followed));
        Ok(tls)
    }

    fn read(&self) -> anyhow::Result<Identity> {
        Ok(Identity {
            certificates: read("--tls-cert", &self.certificates)?,
            key: read("--tls-key", &self.key)?,
        })
    }

    fn names(&self) -> String {
        let (certificates, key) = (self.certificates.display(), self.key.display());
        format!("--tls-cert {certificates}, --tls-key {key}")
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "settings are read from the real disk, whatever the data is on"
)]
fn read(flag: &str, path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut bytes))
        .with_context(|| format!("{flag} {}", path.display()))?;
    Ok(bytes)
}

/// Looks again and again.
async fn follow(mut follower: Follower, clock: Arc<dyn Clock>) {
    loop {
        clock.sleep(LOOK_INTERVAL).await;
        let Some(found) = follower.look() else {
            continue;
        };
        let names = follower.files.names();
        match found {
            Found::Replaced => {
                tracing::info!("new connections are greeted with the new certificate");
            }
            Found::Refused(error) | Found::Unreadable(error) => {
                let error = format!("{error:#}");
                tracing::warn!(error, "{names}: the certificate before stays");
            }
        }
    }
}

/// What a look found that is worth a line in the log.
#[derive(Debug)]
enum Found {
    Replaced,
    Refused(anyhow::Error),
    Unreadable(anyhow::Error),
}

/// Knows what was seen: a pair of files that was refused is refused once.
struct Follower {
    files: Files,
    tls: Tls,
    seen: Identity,
    /// Looks, one after the other, at files that could not be read.
    unreadable: u32,
}

impl Follower {
    fn look(&mut self) -> Option<Found> {
        let found = match self.files.read() {
            Ok(found) => found,
            Err(error) => {
                self.unreadable = self.unreadable.saturating_add(1);
                let is_told = self.unreadable == UNREADABLE_LOOKS;
                return is_told.then_some(Found::Unreadable(error));
            }
        };
        self.unreadable = 0;
        if found == self.seen {
            return None;
        }
        let replaced = self.tls.replace(&found);
        self.seen = found;
        Some(match replaced {
            Ok(()) => Found::Replaced,
            Err(error) => Found::Refused(error.into()),
        })
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "settings are on the real disk")]
mod tests {
    use super::*;
    use std::fs;

    fn write(files: &Files) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(&files.certificates, made.cert.pem()).unwrap();
        fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    }

    #[test]
    fn files_when_they_change_then_are_taken_refused_or_missed_and_that_is_said_once() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files {
            certificates: folder.path().join("cert.pem"),
            key: folder.path().join("key.pem"),
        };
        write(&files);
        let seen = files.read().unwrap();
        let mut follower = Follower {
            tls: Tls::new(&seen).unwrap(),
            files: files.clone(),
            seen,
            unreadable: 0,
        };
        assert!(follower.look().is_none());
        write(&files);
        assert!(matches!(follower.look(), Some(Found::Replaced)));
        let before = fs::read(&files.key).unwrap();
        write(&files);
        fs::write(&files.key, before).unwrap();
        let Some(Found::Refused(error)) = follower.look() else {
            panic!("the key is not the certificate's");
        };
        let text = format!("{error:#}");
        assert_eq!(text.matches("KeyMismatch").count(), 1, "{text}");
        assert!(follower.look().is_none());
        for _ in 0..2 {
            // A moment without a file is nothing to speak of.
            fs::remove_file(&files.key).unwrap();
            assert!(follower.look().is_none());
            assert!(follower.look().is_none());
            let Some(Found::Unreadable(error)) = follower.look() else {
                panic!("it is told that a file cannot be read");
            };
            let path = files.key.display();
            assert_eq!(error.to_string(), format!("--tls-key {path}"));
            assert!(follower.look().is_none());
            write(&files);
            assert!(matches!(follower.look(), Some(Found::Replaced)));
        }
    }
}
