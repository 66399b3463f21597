//! The catalog's values in the shapes of the service model.

use crate::catalog::{
    Commitment, CommitmentStatus, Consumer, ConsumerStatus, Distribution, Encryption, Mode, Shard,
    Shards, Status, Stream,
};
use millstream_env::Timestamp;
use millstream_protocol::types;

/// A time as a shape.
pub(crate) fn timestamp(at: Timestamp) -> millstream_protocol::Timestamp {
    millstream_protocol::Timestamp(i64::try_from(at.0).unwrap_or(i64::MAX))
}

pub(crate) fn status(status: Status) -> types::StreamStatus {
    match status {
        Status::Creating => types::StreamStatus::Creating,
        Status::Active => types::StreamStatus::Active,
        Status::Updating => types::StreamStatus::Updating,
        Status::Deleting => types::StreamStatus::Deleting,
    }
}

pub(crate) fn mode(mode: Mode) -> types::StreamModeDetails {
    let stream_mode = match mode {
        Mode::Provisioned => types::StreamMode::Provisioned,
        Mode::OnDemand => types::StreamMode::OnDemand,
    };
    types::StreamModeDetails { stream_mode }
}

/// Whether new records of a stream are encrypted.
pub(crate) fn encryption_type(encryption: Option<&Encryption>) -> types::EncryptionType {
    match encryption {
        Some(_) => types::EncryptionType::Kms,
        None => types::EncryptionType::None,
    }
}

/// The KMS key of a stream, as it was given.
pub(crate) fn key_id(encryption: Option<&Encryption>) -> Option<String> {
    encryption.map(|encryption| encryption.key_id.clone())
}

/// How a stream's records are assigned to shards; `None` for a provisioned stream, of which AWS
/// does not say.
pub(crate) fn distribution(stream: &Stream) -> Option<types::RecordDistributionStrategy> {
    let strategy = match stream.distribution {
        Distribution::UserPartitionKey => types::RecordDistributionStrategy::UserPartitionKey,
        Distribution::Auto => types::RecordDistributionStrategy::Auto,
    };
    match stream.mode {
        Mode::OnDemand => Some(strategy),
        Mode::Provisioned => None,
    }
}

/// The distribution that a shape asks for.
pub(crate) fn distribution_of(strategy: types::RecordDistributionStrategy) -> Distribution {
    match strategy {
        types::RecordDistributionStrategy::UserPartitionKey => Distribution::UserPartitionKey,
        types::RecordDistributionStrategy::Auto => Distribution::Auto,
    }
}

/// The mode that a shape means.
pub(crate) fn mode_of(details: &types::StreamModeDetails) -> Mode {
    match details.stream_mode {
        types::StreamMode::Provisioned => Mode::Provisioned,
        types::StreamMode::OnDemand => Mode::OnDemand,
    }
}

pub(crate) fn shard(shard: &Shard) -> types::Shard {
    let id = |index: u32| millstream_model::ShardId::new(index).to_string();
    types::Shard {
        shard_id: shard.id().to_string(),
        parent_shard_id: shard.parent.map(id),
        adjacent_parent_shard_id: shard.adjacent_parent.map(id),
        hash_key_range: hash_key_range(shard),
        sequence_number_range: types::SequenceNumberRange {
            starting_sequence_number: shard.starting_sequence_number().to_string(),
            ending_sequence_number: shard.ending_sequence_number().map(|n| n.to_string()),
        },
    }
}

fn hash_key_range(shard: &Shard) -> types::HashKeyRange {
    types::HashKeyRange {
        starting_hash_key: shard.range.start.to_string(),
        ending_hash_key: shard.range.end.to_string(),
    }
}

/// The children of a closed shard.
pub(crate) fn child_shards(shards: &Shards, parent: &Shard) -> Vec<types::ChildShard> {
    let id = |index: u32| millstream_model::ShardId::new(index).to_string();
    let child = |shard: &Shard| types::ChildShard {
        shard_id: shard.id().to_string(),
        parent_shards: [shard.parent, shard.adjacent_parent]
            .into_iter()
            .flatten()
            .map(id)
            .collect(),
        hash_key_range: hash_key_range(shard),
    };
    shards.children(parent.index).map(child).collect()
}

/// An account's commitment; `None` if it never made one.
pub(crate) fn commitment(
    commitment: Option<&Commitment>,
    now: Timestamp,
) -> types::MinimumThroughputBillingCommitmentOutput {
    use types::MinimumThroughputBillingCommitmentOutputStatus as Status;
    let status = match commitment.map(|it| it.status_at(now)) {
        Some(CommitmentStatus::InForce) => Status::Enabled,
        Some(CommitmentStatus::Ending) => Status::EnabledUntilEarliestAllowedEnd,
        Some(CommitmentStatus::Ended) | None => Status::Disabled,
    };
    let ended = match status {
        Status::Disabled => commitment.and_then(|it| it.end_ms),
        Status::Enabled | Status::EnabledUntilEarliestAllowedEnd => None,
    };
    types::MinimumThroughputBillingCommitmentOutput {
        status,
        started_at: commitment.map(|it| timestamp(it.started)),
        ended_at: ended.map(|end| timestamp(Timestamp(end))),
        earliest_allowed_end_at: commitment.map(|it| timestamp(it.earliest_end)),
    }
}

/// What an on-demand stream is prepared for: a shard takes a MiB per second.
pub(crate) fn warm_throughput(stream: &Stream, now: Timestamp) -> types::WarmThroughputObject {
    types::WarmThroughputObject {
        target_mibps: Some(count(stream.warm_mibps.unwrap_or(0))),
        current_mibps: Some(count(stream.shards_at(now).open().len())),
    }
}

/// The enabled metrics, in the model's order.
pub(crate) fn metrics(stream: &Stream) -> Vec<types::MetricsName> {
    let is_on = |metric: &types::MetricsName| {
        metric_name(*metric).is_some_and(|name| stream.shard_metrics.contains(name))
    };
    let all = types::MetricsName::ALL.iter().copied();
    all.filter(is_on).collect()
}

pub(crate) fn enhanced_monitoring(stream: &Stream) -> Vec<types::EnhancedMetrics> {
    vec![types::EnhancedMetrics {
        shard_level_metrics: Some(metrics(stream)),
    }]
}

/// A metric's name; `None` for `ALL`, which is not a metric itself.
pub(crate) fn metric_name(metric: types::MetricsName) -> Option<&'static str> {
    (metric != types::MetricsName::All).then(|| metric.as_str())
}

pub(crate) fn consumer(stream: &Stream, consumer: &Consumer, now: Timestamp) -> types::Consumer {
    types::Consumer {
        consumer_name: consumer.name.to_string(),
        consumer_arn: stream.consumer_arn(consumer).to_string(),
        consumer_status: consumer_status(consumer, now),
        consumer_creation_timestamp: timestamp(consumer.created),
    }
}

pub(crate) fn consumer_status(consumer: &Consumer, now: Timestamp) -> types::ConsumerStatus {
    match consumer.status_at(now) {
        ConsumerStatus::Creating => types::ConsumerStatus::Creating,
        ConsumerStatus::Active => types::ConsumerStatus::Active,
        ConsumerStatus::Deleting | ConsumerStatus::Gone => types::ConsumerStatus::Deleting,
    }
}

/// A count in a shape.
pub(crate) fn count(count: impl TryInto<i32>) -> i32 {
    count.try_into().unwrap_or(i32::MAX)
}
