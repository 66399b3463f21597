//! Settings of the engine.

use crate::catalog::{Quotas, Scope, State};
use millstream_env::Timestamp;
use millstream_kms::{KeyId, KeyService, Place};
use millstream_model::{AccountId, Region, limits};
use std::sync::Arc;
use std::time::Duration;

/// Whether AWS's rate limits apply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Limits {
    /// As on AWS.
    #[default]
    Aws,
    /// No throttling and no quotas; size limits required by the formats still apply.
    Off,
}

/// The engine's settings.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Whether AWS's limits apply.
    pub limits: Limits,
    /// Quota of open shards of provisioned streams per account and region; `None` means AWS's
    /// default for the region.
    pub shard_limit: Option<u32>,
    /// How long CREATING, UPDATING and DELETING last at least.
    pub transition_time: Duration,
    /// How on-demand streams scale, where AWS's limits apply.
    pub scaling: ScalingPace,
    /// What wraps the keys that encrypt records and tokens. Without one nothing is encrypted, and
    /// what is encrypted cannot be read.
    pub keys: Option<Arc<dyn KeyService>>,
    /// The KMS key that wraps the keys for tokens, where there is a key service.
    pub token_key: NamedKey,
}

/// A KMS key by its name, and the place where that is its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedKey {
    /// The account and region of whoever names it.
    pub place: Place,
    /// The name.
    pub key: KeyId,
}

/// The key that key services have built in: of the account and region that requests without any
/// have.
impl Default for NamedKey {
    fn default() -> Self {
        Self {
            place: Place {
                account: AccountId::zero(),
                region: Region::us_east_1(),
            },
            key: KeyId::Alias("aws/kinesis".to_owned()),
        }
    }
}

/// How fast on-demand streams scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScalingPace {
    /// How often write rates are measured and judged; each is the average of this time.
    pub sample: Duration,
    /// How long two shards are quiet before they merge.
    pub merge_after: Duration,
}

/// AWS splits a shard within 15 minutes, and does not say when shards merge. A reshard costs
/// milliseconds here, so that a producer need not be throttled for more than a minute or two. A day
/// keeps the shards of every hour of a daily rhythm.
impl Default for ScalingPace {
    fn default() -> Self {
        Self {
            sample: Duration::from_mins(1),
            merge_after: Duration::from_hours(24),
        }
    }
}

impl Settings {
    /// How long CREATING, UPDATING and DELETING last.
    pub(crate) fn transition_ms(&self) -> u64 {
        self.transition_time.as_millis() as u64
    }

    /// Quota of open shards of provisioned streams of an account and region.
    pub(crate) fn shard_limit_of(&self, scope: &Scope) -> u32 {
        let default = || limits::shards_default(scope.region.as_str());
        self.shard_limit.unwrap_or_else(default)
    }

    /// Quotas of an account and region, and of each of its streams, as a state grants them now.
    pub(crate) fn stream_quotas(&self, scope: &Scope, state: &State, now: Timestamp) -> Quotas {
        let consumers = match state.is_committed(scope, now) {
            true => limits::CONSUMERS_COMMITTED_MAX,
            false => limits::CONSUMERS_MAX,
        };
        match self.limits {
            Limits::Aws => Quotas {
                provisioned_shards: Some(self.shard_limit_of(scope)),
                mode_switches_per_day: Some(limits::MODE_SWITCHES_PER_DAY),
                warm_mibps: Some(limits::on_demand_mibps_max(scope.region.as_str())),
                on_demand_streams: Some(limits::ON_DEMAND_STREAMS_MAX),
                creating_streams: Some(limits::STREAMS_IN_TRANSITION_MAX),
                scalings_per_day: Some(limits::UPDATE_SHARD_COUNT_PER_DAY),
                consumers: Some(consumers),
                creating_consumers: Some(limits::CONSUMERS_CREATING_MAX),
                shards: None,
                stream_shards: None,
            },
            // A limit set by the operator applies whether or not AWS's do.
            Limits::Off => Quotas {
                provisioned_shards: self.shard_limit,
                // A shard for each MiB per second.
                warm_mibps: Some(limits::STREAM_SHARDS_MAX),
                ..Quotas::default()
            },
        }
    }
}
