//! The engine: what all operations share.

use crate::Settings;
use env::Env;
use log::LogStore;
use std::sync::Arc;

/// Why an engine did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The catalog cannot be read, or holds what this version does not know.
    #[error("the catalog cannot be used: {0}")]
    Catalog(String),
}

/// The state that the operations work on.
pub struct Engine {}

impl Engine {
    /// Replays the catalog, takes up what was unfinished, and is then ready.
    ///
    /// # Errors
    /// If the catalog is damaged or newer than this version.
    pub async fn open(
        env: Env,
        store: Arc<dyn LogStore>,
        settings: Settings,
    ) -> Result<Arc<Self>, OpenError> {
        let _ = (env, store, settings);
        Ok(Arc::new(Self {}))
    }
}
