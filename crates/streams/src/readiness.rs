//! Readiness: whether this node accepts changes.

use crate::catalog::Catalog;
use millstream_env::Env;
use millstream_store::LogStore;
use std::sync::Arc;

/// What has to be well for a node to accept changes.
pub(crate) struct Readiness {
    env: Env,
    store: Arc<dyn LogStore>,
    catalog: Arc<Catalog>,
}

impl Readiness {
    pub(crate) fn new(env: Env, store: Arc<dyn LogStore>, catalog: Arc<Catalog>) -> Self {
        Self {
            env,
            store,
            catalog,
        }
    }

    /// Whether changes are accepted.
    pub(crate) fn is_writable(&self) -> bool {
        let is_whole = !self.env.tasks.deaths().are_any();
        is_whole && self.store.is_writable() && self.catalog.is_following()
    }
}
