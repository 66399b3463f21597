//! The certificate and its key on disk: read at start, and reloaded whenever they change.
//!
//! If new files are invalid, that is logged and connections keep using the old ones.

use crate::look::look;
use crate::validity::Validity;
use anyhow::Context;
use millstream_env::{Disk, Env, RealDisk, Timestamp};
use millstream_http::{Identity, Tls};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Polling interval: the longest time until a change is noticed.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// Unreadable files are reported after this many polls: while one file is being replaced it may be
/// missing for a moment.
const UNREADABLE_LOOKS: u32 = 3;
/// Maximum file size.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// The paths of both files.
#[derive(Clone, Debug)]
pub struct Files {
    /// `--tls-cert`.
    pub certificates: PathBuf,
    /// `--tls-key`.
    pub key: PathBuf,
}

impl Files {
    /// Reads both files, and keeps polling them for changes.
    ///
    /// # Errors
    /// If they cannot be used.
    pub fn serve(self, env: &Env) -> anyhow::Result<Tls> {
        let identity = self.read()?;
        let tls = Tls::new(&identity).with_context(|| self.names())?;
        let mut follower = Follower::new(self, tls.clone(), identity);
        follower.warn(env.clock.now());
        let followed = follow(follower, env.clone());
        env.tasks.spawn("certificate", Box::pin(followed));
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

fn read(flag: &str, path: &Path) -> anyhow::Result<Vec<u8>> {
    let read = RealDisk.read_whole(path, FILE_BYTES_MAX);
    // The error names the file.
    read.with_context(|| flag.to_owned())
}

/// Polls for ever, each time on a thread that may block.
async fn follow(mut follower: Follower, env: Env) {
    loop {
        env.clock.sleep(LOOK_INTERVAL).await;
        let Some((back, found)) = look(follower, Follower::look, &env).await else {
            return;
        };
        follower = back;
        if let Some(found) = found {
            found.tell(&follower.files);
        }
        follower.warn(env.clock.now());
    }
}

/// What a poll found that is worth a log line.
#[derive(Debug)]
enum Found {
    Replaced,
    Refused(anyhow::Error),
    Unreadable(anyhow::Error),
}

impl Found {
    fn tell(self, files: &Files) {
        match self {
            Self::Replaced => {
                tracing::info!("new connections use the new certificate");
            }
            Self::Refused(error) | Self::Unreadable(error) => {
                let (names, error) = (files.names(), format!("{error:#}"));
                tracing::warn!(error, "{names}: keeping the previous certificate");
            }
        }
    }
}

/// Remembers what was seen, so that a rejected pair of files is reported once.
struct Follower {
    files: Files,
    tls: Tls,
    seen: Identity,
    /// Number of consecutive polls that could not read the files.
    unreadable: u32,
    /// The validity of the certificate being served.
    validity: Validity,
    /// The complaint last logged about it.
    complaint: Option<String>,
}

impl Follower {
    fn new(files: Files, tls: Tls, seen: Identity) -> Self {
        Self {
            files,
            tls,
            validity: Validity::of(&seen.certificates),
            seen,
            unreadable: 0,
            complaint: None,
        }
    }

    fn warn(&mut self, now: Timestamp) {
        if let Some(complaint) = self.new_complaint(now) {
            tracing::warn!("{}: {complaint}", self.files.names());
        }
    }

    /// The complaint about the certificate's validity period, unless it was already logged.
    fn new_complaint(&mut self, now: Timestamp) -> Option<String> {
        let complaint = self.validity.complaint(now);
        if complaint == self.complaint {
            return None;
        }
        self.complaint.clone_from(&complaint);
        complaint
    }

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
        if replaced.is_ok() {
            self.validity = Validity::of(&found.certificates);
            // A new certificate is reported again, even with the same complaint.
            self.complaint = None;
        }
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
    use rcgen::{CertificateParams, KeyPair};
    use std::fs;

    fn write(files: &Files) {
        write_until(files, 2030);
    }

    /// Writes a certificate that is valid until the start of a year.
    fn write_until(files: &Files, year: i32) {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        fs::write(&files.certificates, certificate.pem()).unwrap();
        fs::write(&files.key, key.serialize_pem()).unwrap();
    }

    fn files(folder: &Path) -> Files {
        Files {
            certificates: folder.join("cert.pem"),
            key: folder.join("key.pem"),
        }
    }

    fn follower(files: &Files) -> Follower {
        let seen = files.read().unwrap();
        Follower::new(files.clone(), Tls::new(&seen).unwrap(), seen)
    }

    /// The start of a year.
    fn year(year: i32) -> Timestamp {
        let seconds = rcgen::date_time_ymd(year, 1, 1).unix_timestamp();
        Timestamp(u64::try_from(seconds).unwrap() * 1000)
    }

    #[test]
    fn certificate_when_it_does_not_hold_then_that_is_said_once_and_of_the_next_again() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(folder.path());
        write_until(&files, 2026);
        let mut follower = follower(&files);
        assert_eq!(follower.new_complaint(year(2025)), None);
        let said = follower.new_complaint(year(2027)).unwrap();
        assert!(said.contains("expired on 2026-01-01 00:00 UTC"), "{said}");
        assert_eq!(follower.new_complaint(year(2027)), None);
        write_until(&files, 2026);
        assert!(matches!(follower.look(), Some(Found::Replaced)));
        assert_eq!(follower.new_complaint(year(2027)), Some(said));
        write(&files);
        assert!(matches!(follower.look(), Some(Found::Replaced)));
        assert_eq!(follower.new_complaint(year(2027)), None);
        let early = follower.new_complaint(year(2019)).unwrap();
        assert!(early.contains("not valid before 2020-01-01"), "{early}");
    }

    #[test]
    fn files_when_they_change_then_are_taken_refused_or_missed_and_that_is_said_once() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(folder.path());
        write(&files);
        let mut follower = follower(&files);
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
            // A missing file is not reported at once.
            fs::remove_file(&files.key).unwrap();
            assert!(follower.look().is_none());
            assert!(follower.look().is_none());
            let Some(Found::Unreadable(error)) = follower.look() else {
                panic!("it is told that a file cannot be read");
            };
            let path = files.key.display();
            let text = format!("{error:#}");
            assert!(text.starts_with(&format!("--tls-key: {path}: ")), "{text}");
            assert!(follower.look().is_none());
            write(&files);
            assert!(matches!(follower.look(), Some(Found::Replaced)));
        }
    }
}
