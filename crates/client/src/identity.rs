//! Who signs: credentials from their provider, kept until shortly before they expire.

use crate::Error;
use crate::error::with_causes;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use millstream_env::Timestamp;
use std::time::{Duration, SystemTime};
use tokio::sync::Mutex;

/// How long before their expiry credentials are replaced.
const REFRESH_BEFORE: Duration = Duration::from_secs(60);

/// Credentials and where they come from.
#[derive(Debug)]
pub(crate) struct Identity {
    provider: SharedCredentialsProvider,
    kept: Mutex<Option<Credentials>>,
}

impl Identity {
    pub(crate) fn new(provider: SharedCredentialsProvider) -> Self {
        Self {
            provider,
            kept: Mutex::new(None),
        }
    }

    /// Credentials that are valid now. Concurrent callers wait for one refresh together.
    pub(crate) async fn credentials(&self, now: Timestamp) -> Result<Credentials, Error> {
        let mut kept = self.kept.lock().await;
        if let Some(credentials) = kept.as_ref()
            && is_fresh(credentials, now)
        {
            return Ok(credentials.clone());
        }
        let provided = self.provider.provide_credentials().await;
        let provided = provided.map_err(|error| Error::Credentials(with_causes(&error)))?;
        *kept = Some(provided.clone());
        Ok(provided)
    }
}

fn is_fresh(credentials: &Credentials, now: Timestamp) -> bool {
    let now = SystemTime::UNIX_EPOCH + Duration::from_millis(now.millis());
    let expiry = credentials.expiry();
    expiry.is_none_or(|expiry| now + REFRESH_BEFORE < expiry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_credential_types::provider::future;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Provides credentials that live ten minutes from the last time it was asked.
    #[derive(Debug, Default)]
    struct Rotating(AtomicU64);

    impl ProvideCredentials for Rotating {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            let turn = self.0.fetch_add(1, Ordering::Relaxed);
            let expiry = SystemTime::UNIX_EPOCH + Duration::from_secs(600 * (turn + 1));
            let key = format!("AKID{turn}");
            let credentials = Credentials::new(key, "secret", None, Some(expiry), "test");
            future::ProvideCredentials::ready(Ok(credentials))
        }
    }

    #[tokio::test]
    async fn credentials_when_about_to_expire_then_are_provided_anew() {
        let provider = SharedCredentialsProvider::new(Rotating::default());
        let identity = Identity::new(provider);
        for (seconds, key) in [(0, "AKID0"), (539, "AKID0"), (540, "AKID1"), (541, "AKID1")] {
            let now = Timestamp(seconds * 1000);
            let credentials = identity.credentials(now).await.unwrap();
            assert_eq!(credentials.access_key_id(), key, "at {seconds} s");
        }
    }
}
