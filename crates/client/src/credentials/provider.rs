//! The provider of the credentials that settings name.

use super::process;
use super::source::Source;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use millstream_env::Env;
use std::fmt;

/// Provides the credentials that [`Settings`](super::Settings) found. It keeps none that expire:
/// each call runs the process anew, so callers keep what they get until it expires.
#[derive(Clone)]
pub struct Provider {
    source: Source,
    env: Env,
}

impl Provider {
    pub(super) fn new(source: Source, env: Env) -> Self {
        Self { source, env }
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Provider").field(&self.source).finish()
    }
}

impl ProvideCredentials for Provider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        match &self.source {
            Source::Given(credentials) => {
                future::ProvideCredentials::ready(Ok(credentials.clone()))
            }
            Source::Process {
                command,
                account_id,
            } => future::ProvideCredentials::new(async move {
                let run = process::run(&self.env, command, account_id.as_deref());
                run.await.map_err(CredentialsError::provider_error)
            }),
        }
    }
}
