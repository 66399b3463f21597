//! The key service of a server: a keyring, AWS KMS, or none.

use anyhow::Context;
use millstream_client::credentials::{Settings, Sources};
use millstream_env::Env;
use millstream_kms::local::{KeyringFile, LocalKeys, Missing};
use millstream_kms::{KeyId, KeyService};
use millstream_kms_aws::AwsKms;
use millstream_model::Region;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The keyring of a development server, in its data directory: in a folder of its own, since that
/// of a journal is locked while the server runs.
const BESIDE: &str = "keys";
const BESIDE_FILE: &str = "keyring.json";

/// Where keys come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// From nowhere: nothing can be encrypted.
    Nothing,
    /// From a keyring in the data directory, which is made if not there.
    Beside,
    /// From a keyring.
    File(PathBuf),
    /// From AWS KMS.
    AwsKms(AwsKmsAt),
}

/// AWS KMS, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsKmsAt {
    /// What `alias/aws/kinesis` means.
    pub built_in: KeyId,
    /// The endpoint, if it is not AWS's.
    pub endpoint: Option<String>,
    /// The region of all keys, if it is not that of streams.
    pub region: Option<Region>,
}

impl Source {
    /// The keyring that was named, if one was.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Nothing | Self::Beside | Self::AwsKms(_) => None,
        }
    }

    /// Opens a key service that needs no data directory, so that a server without its keys does
    /// not touch the data.
    ///
    /// # Errors
    /// If the keyring cannot be used, or there are no credentials.
    pub fn open(&self, env: &Env) -> anyhow::Result<Option<Arc<dyn KeyService>>> {
        match self {
            Self::Nothing | Self::Beside => Ok(None),
            Self::File(path) => follow(path, env).map(Some),
            Self::AwsKms(at) => at.open(env).map(Some),
        }
    }

    /// Opens the one that does. It blocks.
    ///
    /// # Errors
    /// If the keyring cannot be used or made.
    pub fn open_beside(&self, folder: &Path, env: &Env) -> anyhow::Result<Option<Beside>> {
        match self {
            Self::Nothing | Self::File(_) | Self::AwsKms(_) => Ok(None),
            Self::Beside => {
                let folder = folder.join(BESIDE);
                env.disk.create_directory(&folder)?;
                let path = folder.join(BESIDE_FILE);
                let age = match env.disk.mode(&path) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {
                        file(&path, env).change(Missing::Made, |_| Ok(()))?;
                        Age::New
                    }
                    // What is wrong with it is found as it is read.
                    Ok(_) | Err(_) => Age::Old,
                };
                let keys = follow(&path, env)?;
                Ok(Some(Beside { keys, age }))
            }
        }
    }
}

/// A key service over a keyring in the data directory.
pub struct Beside {
    /// The key service.
    pub keys: Arc<dyn KeyService>,
    /// Since when there is a keyring.
    pub age: Age,
}

/// Since when there is something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    /// It was made just now.
    New,
    /// It was there.
    Old,
}

fn file(path: &Path, env: &Env) -> KeyringFile {
    KeyringFile::new(env.disk.clone(), path.to_owned())
}

fn follow(path: &Path, env: &Env) -> anyhow::Result<Arc<dyn KeyService>> {
    let keys = LocalKeys::open(file(path, env), env).context("--keys")?;
    Ok(Arc::new(keys))
}

impl AwsKmsAt {
    fn open(&self, env: &Env) -> anyhow::Result<Arc<dyn KeyService>> {
        let said = "--keys aws-kms";
        let settings = Settings::load(&Sources::of_process(), None).context(said)?;
        let credentials = settings.provider(env).context(said)?;
        let mut keys = AwsKms::new(credentials, self.built_in.clone());
        if let Some(endpoint) = &self.endpoint {
            keys = keys.at(endpoint);
        }
        if let Some(region) = &self.region {
            keys = keys.within(region.clone());
        }
        Ok(Arc::new(keys))
    }
}
