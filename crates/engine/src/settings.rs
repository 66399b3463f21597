//! What whoever starts the engine decides.

use std::time::Duration;

/// Whether AWS's rate limits hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Limits {
    /// As on AWS.
    #[default]
    Aws,
    /// No throttling and no quotas; sizes that the formats need still hold.
    Off,
}

/// The engine's settings.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Whether AWS's limits hold.
    pub limits: Limits,
    /// Open shards of an account and region; AWS's default for the region if absent.
    pub shard_limit: Option<u32>,
    /// How long CREATING, UPDATING and DELETING last where nothing else takes time.
    pub transition_time: Duration,
}
