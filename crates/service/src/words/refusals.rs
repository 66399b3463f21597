//! What the catalog does not allow.

use super::{Words, consumers, internal, limits, policies, reshards, retention, shards, streams};
use millstream_streams::facts::Refusal;

pub(super) fn words(refusal: &Refusal) -> Words {
    match refusal {
        // Its proposer knows the name, and reports that; no caller sees this text.
        Refusal::StreamGone { id } => Words::unrecorded(format!("Stream {id} not found.")),
        Refusal::StreamExists { stream } => streams::exists(stream),
        Refusal::StreamNotActive { stream, status } => streams::not_active(stream, *status),
        Refusal::StreamHasConsumers { stream } => streams::has_consumers(stream),
        Refusal::StreamsInTransition { scope, most } => limits::streams_in_transition(scope, *most),
        Refusal::TooManyOnDemandStreams {
            scope,
            current,
            most,
        } => limits::on_demand_streams(scope, *current, *most),
        Refusal::TooManyShards {
            scope,
            current,
            most,
            more,
        } => limits::shards(scope, *current, *most, *more),
        Refusal::TooManyConsumers { stream, most } => limits::consumers(stream, *most),
        Refusal::TooManyConsumersCreating { stream, most } => limits::creating(stream, *most),
        Refusal::ModeUnchanged { stream, mode } => streams::mode_unchanged(stream, *mode),
        Refusal::NotOnDemand { stream } => streams::not_on_demand(stream),
        Refusal::NotCommitted { scope } => limits::not_committed(scope),
        Refusal::WarmThroughputTooHigh { mibps, most } => limits::warm_throughput(*mibps, *most),
        Refusal::WarmStreams { scope, streams } => limits::warm_streams(scope, *streams),
        Refusal::TooManyModeSwitches { stream, most } => limits::mode_switches(stream, *most),
        Refusal::TooManyScalings { stream, most } => limits::scalings(stream, *most),
        Refusal::TooManyTags { resource, most } => limits::tags(resource, *most),
        Refusal::ScalingTooFar { current, target } => reshards::scaling_too_far(*current, *target),
        Refusal::ScalingTooLarge {
            current,
            target,
            most,
        } => reshards::scaling_too_large(*current, *target, *most),
        Refusal::ConsumerExists { consumer, stream } => consumers::exists(consumer, stream),
        Refusal::ConsumerNotFound { consumer, stream } => consumers::not_found(consumer, stream),
        Refusal::AutoHoldsMode { stream } => streams::auto_holds_mode(stream),
        Refusal::AutoProvisioned { stream } => streams::auto_provisioned(stream),
        Refusal::ConsumerNotActive {
            consumer,
            arn_s,
            stream,
            ..
        } => consumers::not_active(consumer, *arn_s, stream),
        Refusal::NotEncryptedWith { .. } | Refusal::TooManyDataKeys { .. } => internal(),
        Refusal::NoPolicy { arn } => policies::none(arn),
        Refusal::SplitKey {
            key,
            shard,
            range,
            stream,
        } => reshards::split_key(*key, *shard, *range, stream),
        Refusal::NotAdjacent {
            shard,
            adjacent,
            stream,
        } => reshards::not_adjacent(*shard, *adjacent, stream),
        Refusal::ShardClosed { shard, stream } => reshards::shard_closed(*shard, stream),
        Refusal::ShardNotFound { shard, stream } => shards::could_not_find(shard, stream),
        Refusal::RetentionNotLonger {
            hours,
            existing,
            stream,
        } => retention::not_longer(*hours, *existing, stream),
        Refusal::RetentionNotShorter {
            hours,
            existing,
            stream,
        } => retention::not_shorter(*hours, *existing, stream),
    }
}
