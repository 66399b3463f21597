//! The keyring: the catalog's keys for tokens, of which the newest seals and all open.
//!
//! A key is never chosen by a client, and no key leaves the catalog: callers give and are given
//! contents. With a key service a new key reaches the catalog only wrapped, and is unwrapped into
//! memory: before any request those that were there at the start, and as soon as the catalog has
//! them those that another node added since. Once it is in memory, a key is used whatever becomes
//! of the one that wrapped it.

use super::{Kind, Opened};
use crate::catalog::{
    Catalog, Command, ProposeError, Scope, State, TokenKey, TokenKeyForm, TokenSecret,
    WrappedSecret,
};
use crate::facts::{NoKeyService, TokenError};
use crate::settings::{NamedKey, Settings};
use bytes::Bytes;
use millstream_env::{Causes, Env, Timestamp};
use millstream_kms::{EncryptionContext, KeyError, KeyService};
use millstream_model::limits;
use minicbor::{Decode, Encode};
use parking_lot::RwLock;
use std::sync::Arc;
use std::time::Duration;

/// A new key for tokens is made this often.
const KEY_EVERY: Duration = Duration::from_hours(24);
/// How long a start first waits for a key service that does not answer; each time twice as long.
const WAITS_FIRST: Duration = Duration::from_secs(1);
/// How long it waits at most before it asks again.
const WAITS_MAX: Duration = Duration::from_secs(30);

/// The keys that this node's catalog holds.
pub(crate) struct Keyring {
    env: Env,
    catalog: Arc<Catalog>,
    service: Option<Arc<dyn KeyService>>,
    /// What wraps new keys.
    wraps: NamedKey,
    unwrapped: RwLock<Unwrapped>,
}

/// Why the keys are not as they should be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeepError {
    /// A new key was not added.
    #[error("the catalog cannot be changed")]
    Change(#[from] ProposeError),
    /// A key of the catalog cannot be unwrapped now, and may be later.
    #[error("a key for tokens cannot be unwrapped")]
    Unwrap(#[source] KeyError),
    /// A new key cannot be made.
    #[error("a key for tokens cannot be made")]
    Make(#[source] KeyError),
}

/// Secrets of wrapped keys, by what they are wrapped to: no more than the catalog keeps, and one
/// that is being added.
#[derive(Default)]
struct Unwrapped {
    secrets: Vec<(Bytes, TokenSecret)>,
    /// Keys that are done without.
    lacking: Vec<Bytes>,
}

impl Unwrapped {
    fn add(&mut self, ciphertext: Bytes, secret: TokenSecret) {
        self.lacking.retain(|lacking| *lacking != ciphertext);
        // Two may have unwrapped it at the same time.
        if self.secrets.iter().all(|(known, _)| *known != ciphertext) {
            self.secrets.push((ciphertext, secret));
        }
    }

    /// Notes that a key is done without; whether that is new.
    fn begins_to_lack(&mut self, wrapped: &WrappedSecret) -> bool {
        let is_new = !self.lacking.contains(&wrapped.ciphertext);
        if is_new {
            self.lacking.push(wrapped.ciphertext.clone());
        }
        is_new
    }

    fn of(&self, wrapped: &WrappedSecret) -> Option<&TokenSecret> {
        let mut all = self.secrets.iter();
        let found = all.find(|(ciphertext, _)| *ciphertext == wrapped.ciphertext);
        found.map(|(_, secret)| secret)
    }

    /// The secret of a key, if it is known.
    fn secret<'s>(&'s self, key: &'s TokenKey) -> Option<&'s TokenSecret> {
        match &key.form {
            TokenKeyForm::Plain(secret) => Some(secret),
            TokenKeyForm::Wrapped(wrapped) => self.of(wrapped),
        }
    }

    /// The secrets that are known, the newest first.
    fn secrets<'s>(&'s self, state: &'s State) -> impl Iterator<Item = &'s TokenSecret> {
        let keys = state.token_keys.iter().rev();
        keys.filter_map(|key| self.secret(key))
    }

    /// Forgets those that the catalog has not any more.
    fn keep_those_of(&mut self, state: &State) {
        let is_there = |ciphertext: &Bytes| {
            let mut wrapped = state.token_keys.iter().filter_map(wrapped_of);
            wrapped.any(|wrapped| wrapped.ciphertext == *ciphertext)
        };
        self.secrets.retain(|(ciphertext, _)| is_there(ciphertext));
        self.lacking.retain(is_there);
    }
}

impl Keyring {
    pub(crate) fn new(env: Env, catalog: Arc<Catalog>, settings: &Settings) -> Self {
        Self {
            env,
            catalog,
            service: settings.keys.clone(),
            wraps: settings.token_key.clone(),
            unwrapped: RwLock::default(),
        }
    }

    /// Seals a token.
    pub(crate) fn seal<T: Encode<()>>(&self, kind: Kind, scope: &Scope, content: &T) -> String {
        let (state, unwrapped) = (self.catalog.state(), self.unwrapped.read());
        let key = unwrapped.secrets(&state).next();
        let key = key.expect("there is a key before requests come, and it stays");
        super::seal(&self.env, key, kind, scope, content)
    }

    /// Opens a token; `None` if it is not ours, or of another kind, account or region.
    pub(crate) fn open<T: for<'b> Decode<'b, ()>>(
        &self,
        kind: Kind,
        scope: &Scope,
        text: &str,
    ) -> Option<Opened<T>> {
        let (state, unwrapped) = (self.catalog.state(), self.unwrapped.read());
        super::open(unwrapped.secrets(&state), kind, scope, text)
    }

    /// Opens a NextToken that is not too old.
    pub(crate) fn open_next<T: for<'b> Decode<'b, ()>>(
        &self,
        kind: Kind,
        scope: &Scope,
        text: &str,
    ) -> Result<T, TokenError> {
        let opened = self
            .open::<T>(kind, scope, text)
            .ok_or(TokenError::NoNextToken)?;
        let age = self.env.clock.now().since(opened.created);
        if age.as_millis() > u128::from(limits::TOKEN_LIFETIME_MS) {
            return Err(TokenError::NextTokenExpired);
        }
        Ok(opened.content)
    }

    /// Gets the keys ready before requests come. A key service that does not answer is waited for:
    /// without the keys, what was sealed before the start would be refused for good. Where old keys
    /// do, a new one may come later.
    pub(crate) async fn begin(&self) -> Result<(), KeepError> {
        let mut wait = WAITS_FIRST;
        loop {
            let error = match self.keep().await {
                Ok(()) => return Ok(()),
                Err(KeepError::Change(error)) => return Err(error.into()),
                Err(error @ KeepError::Unwrap(_)) => error,
                Err(error @ KeepError::Make(_)) if self.has_any() => {
                    tracing::warn!(error = %Causes(&error), "an older key seals tokens meanwhile");
                    return Ok(());
                }
                Err(error @ KeepError::Make(_)) => error,
            };
            tracing::warn!(error = %Causes(&error), again_in = ?wait, "not ready");
            self.env.clock.sleep(wait).await;
            wait = (wait * 2).min(WAITS_MAX);
        }
    }

    fn has_any(&self) -> bool {
        let (state, unwrapped) = (self.catalog.state(), self.unwrapped.read());
        unwrapped.secrets(&state).next().is_some()
    }

    /// Unwraps keys that are new here. What cannot be unwrapped now is left to [`Self::keep`].
    pub(crate) async fn follow(&self) {
        if !self.has_new() {
            return;
        }
        if let Err(error) = self.unwrap().await {
            tracing::warn!(error = %Causes(&error), "asked again later");
            self.env.clock.sleep(WAITS_FIRST).await;
        }
    }

    /// Whether the catalog has a key that was neither unwrapped nor given up.
    fn has_new(&self) -> bool {
        let (state, unwrapped) = (self.catalog.state(), self.unwrapped.read());
        let mut wrapped = state.token_keys.iter().filter_map(wrapped_of);
        wrapped.any(|wrapped| {
            unwrapped.of(wrapped).is_none() && !unwrapped.lacking.contains(&wrapped.ciphertext)
        })
    }

    /// Unwraps keys that are new here. Makes a new key if the newest is a day old, there is none
    /// that can be used, or the newest is plain though there is a key service.
    pub(crate) async fn keep(&self) -> Result<(), KeepError> {
        self.unwrap().await?;
        if self.is_recent() {
            return Ok(());
        }
        self.unwrapped.write().keep_those_of(&self.catalog.state());
        match &self.service {
            Some(service) => self.add_wrapped(&**service).await?,
            None => {
                let secret = TokenSecret::filled(|bytes| self.env.random.fill(bytes));
                self.catalog.propose(Command::AddTokenKey(secret)).await?;
            }
        }
        Ok(())
    }

    /// Whether the newest key can be used for a while.
    fn is_recent(&self) -> bool {
        let (state, unwrapped) = (self.catalog.state(), self.unwrapped.read());
        let Some(newest) = state.token_keys.last() else {
            return false;
        };
        let is_as_it_should_be = match &newest.form {
            TokenKeyForm::Plain(_) => self.service.is_none(),
            TokenKeyForm::Wrapped(wrapped) => unwrapped.of(wrapped).is_some(),
        };
        let created = Timestamp(newest.created_ms);
        is_as_it_should_be && self.env.clock.now().since(created) < KEY_EVERY
    }

    /// Unwraps the catalog's keys that are not unwrapped here. One that cannot be unwrapped for a
    /// reason that does not pass by itself is done without.
    async fn unwrap(&self) -> Result<(), KeepError> {
        let missing: Vec<WrappedSecret> = {
            let (state, unwrapped) = (self.catalog.state(), self.unwrapped.read());
            let wrapped = state.token_keys.iter().filter_map(wrapped_of);
            let missing = wrapped.filter(|wrapped| unwrapped.of(wrapped).is_none());
            missing.cloned().collect()
        };
        let mut passing = None;
        for wrapped in missing {
            let Some(service) = &self.service else {
                self.do_without(&wrapped, &NoKeyService);
                continue;
            };
            let context = context();
            let decrypted = service.decrypt(&wrapped.key, &context, &wrapped.ciphertext);
            match decrypted.await {
                Ok(secret) => self.unwrapped.write().add(wrapped.ciphertext, secret),
                Err(error) if passes(&error) => passing = Some(error),
                Err(error) => self.do_without(&wrapped, &error),
            }
        }
        passing.map_or(Ok(()), |error| Err(KeepError::Unwrap(error)))
    }

    /// Says once that a key cannot be unwrapped.
    fn do_without(&self, wrapped: &WrappedSecret, error: &dyn std::error::Error) {
        if self.unwrapped.write().begins_to_lack(wrapped) {
            tracing::warn!(%error, "tokens that were sealed before the start are refused");
        }
    }

    /// Adds a key that the service makes. It is in memory before it is in the catalog.
    async fn add_wrapped(&self, service: &dyn KeyService) -> Result<(), KeepError> {
        let NamedKey { place, key } = &self.wraps;
        let key = service.describe_key(place, key).await;
        let key = key.map_err(KeepError::Make)?;
        let context = context();
        let made = service.generate_data_key(&key, &context).await;
        let made = made.map_err(KeepError::Make)?;
        let ciphertext = made.ciphertext.clone();
        self.unwrapped.write().add(ciphertext, made.plaintext);
        let wrapped = WrappedSecret {
            key,
            ciphertext: made.ciphertext,
        };
        let command = Command::AddWrappedTokenKey(wrapped);
        self.catalog.propose(command).await?;
        Ok(())
    }
}

fn wrapped_of(key: &TokenKey) -> Option<&WrappedSecret> {
    match &key.form {
        TokenKeyForm::Plain(_) => None,
        TokenKeyForm::Wrapped(wrapped) => Some(wrapped),
    }
}

/// What keys for tokens are bound to.
fn context() -> EncryptionContext {
    EncryptionContext {
        name: "millstream:purpose",
        value: "tokens".to_owned(),
    }
}

/// Whether the same call may succeed a little later by itself.
fn passes(error: &KeyError) -> bool {
    match error {
        KeyError::Throttled | KeyError::Unavailable { .. } => true,
        KeyError::NotFound { .. }
        | KeyError::MaterialMissing { .. }
        | KeyError::Disabled { .. }
        | KeyError::InvalidState { .. }
        | KeyError::AccessDenied { .. }
        | KeyError::OptInRequired => false,
    }
}
