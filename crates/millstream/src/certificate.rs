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
        let followed = follow(self, identity, tls.clone(), Arc::clone(&env.clock));
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

/// Looks again and again; a pair of files that was refused is refused once.
async fn follow(files: Files, mut seen: Identity, tls: Tls, clock: Arc<dyn Clock>) {
    loop {
        clock.sleep(LOOK_INTERVAL).await;
        // While one file is being put in the other's place it may be missing for a moment.
        let Ok(found) = files.read() else { continue };
        if found == seen {
            continue;
        }
        match tls.replace(&found) {
            Ok(()) => tracing::info!("new connections are greeted with the new certificate"),
            Err(error) => {
                tracing::warn!(%error, "{}: the certificate before stays", files.names());
            }
        }
        seen = found;
    }
}
