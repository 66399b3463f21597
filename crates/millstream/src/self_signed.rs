//! `millstream cert`: a self-signed certificate, for local use.

use crate::cli::Cert;
use anyhow::Context;
use millstream_env::{Clock, SystemClock};
use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair};
use rcgen::{KeyUsagePurpose, SigningKey};
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use time::{Duration, OffsetDateTime};

/// The files that the command writes.
const CERTIFICATE: &str = "cert.pem";
const KEY: &str = "key.pem";
/// Tolerance for clients whose clocks are behind.
const CLOCKS_APART: Duration = Duration::hours(1);

/// Writes a certificate and its key into a directory, and prints the flags that use them.
///
/// # Errors
/// If a host cannot be in a certificate, or a file exists already or cannot be written.
pub fn run(cert: &Cert) -> anyhow::Result<()> {
    let now = i64::try_from(SystemClock::new().now().seconds())?;
    let flags = write(cert, OffsetDateTime::from_unix_timestamp(now)?)?;
    writeln!(std::io::stdout(), "{flags}").context("standard output is closed")
}

fn write(cert: &Cert, now: OffsetDateTime) -> anyhow::Result<String> {
    let key = KeyPair::generate().context("cannot generate a key")?;
    let certificate = certificate(cert, now, &key)?;
    let mut folder = DirBuilder::new();
    folder
        .recursive(true)
        .mode(0o700)
        .create(&cert.out)
        .with_context(|| format!("--out {}", cert.out.display()))?;
    let paths = [KEY, CERTIFICATE].map(|name| cert.out.join(name));
    // Both files or none: existing ones may be in use.
    for path in &paths {
        let is_there = path.try_exists().with_context(|| said(path))?;
        anyhow::ensure!(
            !is_there,
            "{} already exists, and is left unchanged",
            path.display()
        );
    }
    let [key_path, certificate_path] = &paths;
    create(key_path, 0o600, &key.serialize_pem())?;
    create(certificate_path, 0o644, &certificate)?;
    let (certificate, key) = (certificate_path.display(), key_path.display());
    Ok(format!("--tls-cert {certificate} --tls-key {key}"))
}

fn certificate(cert: &Cert, now: OffsetDateTime, key: &impl SigningKey) -> anyhow::Result<String> {
    let mut params = CertificateParams::new(cert.hosts.clone()).context("--host")?;
    params.distinguished_name = DistinguishedName::new();
    let name = "Millstream, self-signed";
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = now - CLOCKS_APART;
    params.not_after = now + Duration::days(i64::from(cert.days));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let signed = params.self_signed(key).context("cannot sign")?;
    Ok(signed.pem())
}

/// Creates a file that must not exist yet.
#[expect(
    clippy::disallowed_methods,
    reason = "certificates go to the real disk"
)]
fn create(path: &Path, mode: u32, text: &str) -> anyhow::Result<()> {
    let mut options = OpenOptions::new();
    let made = options.write(true).create_new(true).mode(mode).open(path);
    made.and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| said(path))
}

fn said(path: &Path) -> String {
    format!("cannot write {}", path.display())
}
