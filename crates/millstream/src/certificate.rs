//! The certificate and its key on disk: read at start, and reloaded whenever they change.
//!
//! If new files are invalid, that is logged and connections keep using the old ones. So is a
//! certificate whose time is over or soon will be, and a key that others can read.

use crate::look::look;
use crate::validity::Validity;
use anyhow::Context;
use millstream_env::{Disk, Env, RealDisk, Timestamp, exposure};
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

    /// What is wrong with the key's permissions. It is used all the same: where secrets are mounted
    /// into containers, everybody in there can often read them.
    fn exposure(&self) -> Option<String> {
        exposure(&self.key).map(|text| format!("the key: {text}"))
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
    /// What is wrong with the key's permissions.
    exposure: Option<String>,
    /// The complaints last logged about both.
    complaints: Vec<String>,
}

impl Follower {
    fn new(files: Files, tls: Tls, seen: Identity) -> Self {
        Self {
            tls,
            validity: Validity::of(&seen.certificates),
            exposure: files.exposure(),
            files,
            seen,
            unreadable: 0,
            complaints: Vec::new(),
        }
    }

    fn warn(&mut self, now: Timestamp) {
        for complaint in self.new_complaints(now) {
            tracing::warn!("{}: {complaint}", self.files.names());
        }
    }

    /// The complaints about the validity period and the permissions that were not logged yet.
    fn new_complaints(&mut self, now: Timestamp) -> Vec<String> {
        let complaints = [self.validity.complaint(now), self.exposure.clone()];
        let complaints: Vec<_> = complaints.into_iter().flatten().collect();
        let before = std::mem::replace(&mut self.complaints, complaints.clone());
        let is_new = |complaint: &String| !before.contains(complaint);
        complaints.into_iter().filter(is_new).collect()
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
        self.exposure = self.files.exposure();
        if found == self.seen {
            return None;
        }
        let replaced = self.tls.replace(&found);
        if replaced.is_ok() {
            self.validity = Validity::of(&found.certificates);
            // A new certificate is reported again, even with the same complaint.
            self.complaints.clear();
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
    use std::os::unix::fs::PermissionsExt;

    const DAY_MS: u64 = 24 * 60 * 60 * 1000;

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
        set_mode(&files.key, 0o600);
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
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
        assert!(follower.new_complaints(year(2025)).is_empty());
        let month_before = Timestamp(year(2026).0 - 29 * DAY_MS);
        let [soon] = &follower.new_complaints(month_before)[..] else {
            panic!("it is said a month before");
        };
        assert!(soon.contains("expires on 2026-01-01 00:00 UTC"), "{soon}");
        assert!(follower.new_complaints(month_before).is_empty());
        let said = follower.new_complaints(year(2027));
        assert!(said[0].contains("expired on 2026-01-01 00:00 UTC"));
        assert!(follower.new_complaints(year(2027)).is_empty());
        write_until(&files, 2026);
        assert!(matches!(follower.look(), Some(Found::Replaced)));
        assert_eq!(follower.new_complaints(year(2027)), said);
        write(&files);
        assert!(matches!(follower.look(), Some(Found::Replaced)));
        assert!(follower.new_complaints(year(2027)).is_empty());
        let early = follower.new_complaints(year(2019));
        assert!(early[0].contains("not valid before 2020-01-01"));
    }

    #[test]
    fn key_when_others_have_access_to_it_then_that_is_said_once_and_it_is_used() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(folder.path());
        write(&files);
        let mut follower = follower(&files);
        assert!(follower.new_complaints(year(2025)).is_empty());
        set_mode(&files.key, 0o644);
        assert!(follower.look().is_none());
        let expected = "the key: others than its owner have access to it (mode 644); chmod 600 it";
        assert_eq!(follower.new_complaints(year(2025)), [expected]);
        assert!(follower.look().is_none());
        assert!(follower.new_complaints(year(2025)).is_empty());
        set_mode(&files.key, 0o600);
        assert!(follower.look().is_none());
        assert!(follower.new_complaints(year(2025)).is_empty());
        set_mode(&files.key, 0o640);
        assert!(follower.look().is_none());
        assert_eq!(
            follower.new_complaints(year(2025)).len(),
            1,
            "it is so again"
        );
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
