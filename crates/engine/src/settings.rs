//! What whoever starts the engine decides.

use crate::catalog::{Quotas, Scope};
use model::limits;
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

impl Settings {
    /// How long CREATING, UPDATING and DELETING last.
    pub(crate) fn transition_ms(&self) -> u64 {
        self.transition_time.as_millis() as u64
    }

    /// Open shards that an account and region may have.
    pub(crate) fn shard_limit_of(&self, scope: &Scope) -> u32 {
        let default = || limits::shards_default(scope.region.as_str());
        self.shard_limit.unwrap_or_else(default)
    }

    /// What an account and region, and each of its streams, may have.
    pub(crate) fn stream_quotas(&self, scope: &Scope) -> Quotas {
        let shards = Some(self.shard_limit_of(scope));
        match self.limits {
            Limits::Aws => Quotas {
                shards,
                on_demand_streams: Some(limits::ON_DEMAND_STREAMS_MAX),
                creating_streams: Some(limits::STREAMS_IN_TRANSITION_MAX),
                scalings_per_day: Some(limits::UPDATE_SHARD_COUNT_PER_DAY),
                consumers: Some(limits::CONSUMERS_MAX),
                creating_consumers: Some(limits::CONSUMERS_CREATING_MAX),
            },
            // A limit that the operator chose holds whatever AWS's are.
            Limits::Off => Quotas {
                shards: self.shard_limit,
                ..Quotas::default()
            },
        }
    }
}
