//! The keyring: the catalog's keys for tokens, of which the newest seals and all open.
//!
//! A key is never chosen by a client, and no key leaves the catalog: callers give and are given
//! contents.

use super::{Kind, Opened};
use crate::catalog::{Catalog, Command, ProposeError, Scope, TokenSecret};
use crate::facts::TokenError;
use millstream_env::{Env, Timestamp};
use millstream_model::limits;
use minicbor::{Decode, Encode};
use std::sync::Arc;
use std::time::Duration;

/// A new key for tokens is made this often.
const KEY_EVERY: Duration = Duration::from_hours(24);

/// The keys that this node's catalog holds.
pub(crate) struct Keyring {
    env: Env,
    catalog: Arc<Catalog>,
}

impl Keyring {
    pub(crate) fn new(env: Env, catalog: Arc<Catalog>) -> Self {
        Self { env, catalog }
    }

    /// Seals a token.
    pub(crate) fn seal<T: Encode<()>>(&self, kind: Kind, scope: &Scope, content: &T) -> String {
        let state = self.catalog.state();
        let key = state
            .token_keys
            .last()
            .expect("the first key is made before requests come");
        super::seal(&self.env, key, kind, scope, content)
    }

    /// Opens a token; `None` if it is not ours, or of another kind, account or region.
    pub(crate) fn open<T: for<'b> Decode<'b, ()>>(
        &self,
        kind: Kind,
        scope: &Scope,
        text: &str,
    ) -> Option<Opened<T>> {
        super::open(&self.catalog.state().token_keys, kind, scope, text)
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

    /// Makes a new key if the newest is a day old, or there is none.
    pub(crate) async fn rotate(&self) -> Result<(), ProposeError> {
        let now = self.env.clock.now();
        let newest = self
            .catalog
            .state()
            .token_keys
            .last()
            .map(|key| Timestamp(key.created_ms));
        if newest.is_some_and(|created| now.since(created) < KEY_EVERY) {
            return Ok(());
        }
        let secret = TokenSecret::filled(|bytes| self.env.random.fill(bytes));
        self.catalog
            .propose(Command::AddTokenKey(secret))
            .await
            .map(drop)
    }
}
