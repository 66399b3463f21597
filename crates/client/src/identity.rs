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

/// How long to wait before a source is asked again that provided nothing fresh.
const ASK_EVERY: Duration = Duration::from_secs(10);

/// Credentials and where they come from.
#[derive(Debug)]
pub(crate) struct Identity {
    provider: SharedCredentialsProvider,
    kept: Mutex<Option<Kept>>,
}

#[derive(Debug)]
struct Kept {
    credentials: Credentials,
    /// When the source was last asked.
    asked: Timestamp,
}

impl Identity {
    pub(crate) fn new(provider: SharedCredentialsProvider) -> Self {
        Self {
            provider,
            kept: Mutex::new(None),
        }
    }

    /// Credentials that are valid now. Concurrent callers wait for one refresh together. Those that
    /// expire soon serve on for as long as their source has none that are fresher.
    pub(crate) async fn credentials(&self, now: Timestamp) -> Result<Credentials, Error> {
        let mut kept = self.kept.lock().await;
        if let Some(kept) = kept.as_ref()
            && (kept.lives_for(REFRESH_BEFORE, now)
                || kept.lives_for(Duration::ZERO, now) && now.since(kept.asked) < ASK_EVERY)
        {
            return Ok(kept.credentials.clone());
        }
        let provided = self.provider.provide_credentials().await;
        match (provided, kept.as_mut()) {
            (Ok(credentials), _) => {
                let provided = credentials.clone();
                *kept = Some(Kept {
                    credentials,
                    asked: now,
                });
                Ok(provided)
            }
            (Err(_), Some(kept)) if kept.lives_for(Duration::ZERO, now) => {
                kept.asked = now;
                Ok(kept.credentials.clone())
            }
            (Err(error), _) => Err(Error::Credentials(with_causes(&error))),
        }
    }
}

impl Kept {
    fn lives_for(&self, duration: Duration, now: Timestamp) -> bool {
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(now.millis());
        let expiry = self.credentials.expiry();
        expiry.is_none_or(|expiry| now + duration < expiry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_credential_types::provider::error::CredentialsError;
    use aws_credential_types::provider::future;
    use std::sync::Arc;
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

    /// Provides a key that lives for 30 s once, and nothing after that.
    #[derive(Debug, Default)]
    struct Failing(Arc<AtomicU64>);

    impl ProvideCredentials for Failing {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            if self.0.fetch_add(1, Ordering::Relaxed) > 0 {
                return future::ProvideCredentials::ready(Err(CredentialsError::not_loaded("no")));
            }
            let expiry = SystemTime::UNIX_EPOCH + Duration::from_secs(30);
            let credentials = Credentials::new("AKID", "secret", None, Some(expiry), "test");
            future::ProvideCredentials::ready(Ok(credentials))
        }
    }

    #[tokio::test]
    async fn credentials_when_their_source_fails_then_serve_until_they_expire() {
        let provider = Failing::default();
        let times = Arc::clone(&provider.0);
        let identity = Identity::new(SharedCredentialsProvider::new(provider));
        for (seconds, asked, is_ok) in [
            (0, 1, true),
            (9, 1, true),
            (10, 2, true),
            (19, 2, true),
            (20, 3, true),
            (29, 3, true),
            (30, 4, false),
        ] {
            let found = identity.credentials(Timestamp(seconds * 1000)).await;
            assert_eq!(found.is_ok(), is_ok, "at {seconds} s");
            assert_eq!(times.load(Ordering::Relaxed), asked, "at {seconds} s");
        }
    }
}
