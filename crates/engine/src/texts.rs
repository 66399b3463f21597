//! AWS's error texts about state, in one table: a function a text.
//!
//! What is marked *unrecorded* has no text on record and is worded in the same manner. The texts of
//! types and constraints are `wire`'s.

use crate::catalog::{Consumer, Status, Stream};
use env::Timestamp;
use model::ShardId;
use std::fmt::Display;
use wire::{Error, ErrorCode};

fn not_found(text: String) -> Error {
    Error::new(ErrorCode::ResourceNotFoundException, text)
}

fn in_use(text: String) -> Error {
    Error::new(ErrorCode::ResourceInUseException, text)
}

fn invalid(text: String) -> Error {
    Error::new(ErrorCode::InvalidArgumentException, text)
}

fn limit(text: String) -> Error {
    Error::new(ErrorCode::LimitExceededException, text)
}

fn validation(text: String) -> Error {
    Error::new(ErrorCode::ValidationException, text)
}

fn throttled(text: String) -> Error {
    Error::new(ErrorCode::ProvisionedThroughputExceededException, text)
}

// Existence.

pub(crate) fn stream_not_found(name: impl Display, account: impl Display) -> Error {
    not_found(format!("Stream {name} under account {account} not found."))
}

/// GetShardIterator, GetRecords.
pub(crate) fn shard_does_not_exist(shard: ShardId, stream: &str, account: impl Display) -> Error {
    not_found(format!(
        "Shard {shard} in stream {stream} under account {account} does not exist"
    ))
}

/// SplitShard, MergeShards, and everywhere an id that is none.
pub(crate) fn could_not_find_shard(
    shard: impl Display,
    stream: &str,
    account: impl Display,
) -> Error {
    not_found(format!(
        "Could not find shard {shard} in stream {stream} under account {account}."
    ))
}

/// *Unrecorded.*
pub(crate) fn consumer_not_found(what: impl Display, stream: &Stream) -> Error {
    let account = &stream.scope.account;
    not_found(format!(
        "Consumer {what} in stream {} under account {account} not found.",
        stream.name
    ))
}

/// *Unrecorded.*
pub(crate) fn consumer_arn_not_found(arn: impl Display) -> Error {
    not_found(format!("Consumer {arn} not found."))
}

// Status.

pub(crate) fn stream_not_active(stream: &Stream, status: Status) -> Error {
    in_use(format!(
        "Stream {} under account {} not ACTIVE, instead in state {}",
        stream.name,
        stream.scope.account,
        status.name()
    ))
}

/// Of a consumer that is CREATING or DELETING.
pub(crate) fn consumer_not_active(consumer: &Consumer, stream: &Stream) -> Error {
    in_use(format!(
        "Consumer {} with creation timestamp {} under stream: {}, account {} is not in ACTIVE \
         status.",
        consumer.name, consumer.arn_s, stream.name, stream.scope.account
    ))
}

/// Its beginning, up to the colon, is recorded.
pub(crate) fn subscription_exists(stream: &Stream, shard: ShardId, consumer: &Consumer) -> Error {
    in_use(format!(
        "Another active subscription exists for this consumer: {}:{}:{shard}:{}",
        stream.scope.account, stream.name, consumer.name
    ))
}

/// *Unrecorded.*
pub(crate) fn only_provisioned(stream: &Stream, operation: &str) -> Error {
    validation(format!(
        "{operation} is only supported for streams in the PROVISIONED capacity mode. Stream {} \
         under account {} is in the ON_DEMAND capacity mode.",
        stream.name, stream.scope.account
    ))
}

// Quotas.

pub(crate) fn tag_limit(stream: impl Display, account: impl Display, limit_now: usize) -> Error {
    invalid(format!(
        "Failed to add tags to stream {stream} under account {account} because a given stream \
         cannot have more than {limit_now} tags associated with it."
    ))
}

// Rates.

pub(crate) fn rate_exceeded(shard: ShardId, stream: &Stream) -> Error {
    throttled(format!(
        "Rate exceeded for shard {shard} in stream {} under account {}.",
        stream.name, stream.scope.account
    ))
}

/// *Unrecorded.*
pub(crate) fn subscribe_rate_exceeded(
    stream: &Stream,
    shard: ShardId,
    consumer: &Consumer,
) -> Error {
    limit(format!(
        "Rate exceeded for consumer {} and shard {shard} in stream {} under account {}.",
        consumer.name, stream.name, stream.scope.account
    ))
}

// Reshards.

/// *Unrecorded.*
pub(crate) fn split_key_too_large(key: &str) -> Error {
    invalid(format!(
        "Invalid NewStartingHashKey. NewStartingHashKey must be in the range: [0, 2^128-1]. \
         Specified value was {key}"
    ))
}

// Retention.

pub(crate) fn retention_too_short(hours: i32) -> Error {
    invalid(format!(
        "Minimum allowed retention period is 24 hours. Requested retention period ({hours} hours) \
         is too short."
    ))
}

/// *Unrecorded.*
pub(crate) fn retention_too_long(hours: i32) -> Error {
    invalid(format!(
        "Maximum allowed retention period is 8760 hours. Requested retention period ({hours} \
         hours) is too long."
    ))
}

// Tags.

pub(crate) fn tag_characters() -> Error {
    invalid(
        "Some tags contain invalid characters. Valid characters: Unicode letters, digits, white \
         space, _ . / = + - % @."
            .to_owned(),
    )
}

pub(crate) fn tag_percent_in_added(stream: impl Display, account: impl Display) -> Error {
    tag_percent("add tags to", stream, account)
}

pub(crate) fn tag_percent_in_removed(stream: impl Display, account: impl Display) -> Error {
    tag_percent("remove tags from", stream, account)
}

fn tag_percent(what: &str, stream: impl Display, account: impl Display) -> Error {
    invalid(format!(
        "Failed to {what} stream {stream} under account {account} because some tags contained \
         illegal characters. The allowed characters are Unicode letters, white-spaces, \
         '_',',','/','=','+','-','@'."
    ))
}

// Names.

/// *Unrecorded.*
pub(crate) fn no_stream_named() -> Error {
    invalid("Either StreamARN or StreamName must be provided.".to_owned())
}

/// *Unrecorded.*
pub(crate) fn name_and_arn_disagree(name: &str, arn: &str) -> Error {
    invalid(format!("StreamARN {arn} does not match StreamName {name}."))
}

/// *Unrecorded.*
pub(crate) fn invalid_arn(kind: &str, arn: &str) -> Error {
    invalid(format!("{kind} {arn} is not valid."))
}

/// *Unrecorded.*
pub(crate) fn consumer_reference() -> Error {
    invalid("Either ConsumerARN or both StreamARN and ConsumerName must be provided.".to_owned())
}

/// *Unrecorded.*
pub(crate) fn consumer_references_disagree(arn: &str) -> Error {
    invalid(format!(
        "ConsumerARN {arn} does not match StreamARN and ConsumerName."
    ))
}

/// *Unrecorded.*
pub(crate) fn not_supported_yet(what: &str) -> Error {
    invalid(format!("{what} is not supported yet"))
}

/// *Unrecorded.*
pub(crate) fn shard_count_on_demand() -> Error {
    validation(
        "ShardCount must not be specified for a stream in the ON_DEMAND capacity mode.".to_owned(),
    )
}

/// *Unrecorded.*
pub(crate) fn too_many_shards(count: u32) -> Error {
    invalid(format!(
        "ShardCount {count} is greater than the maximum of {} shards of a stream.",
        model::limits::STREAM_SHARDS_MAX
    ))
}

/// *Unrecorded.*
pub(crate) fn shard_count_required() -> Error {
    validation(
        "ShardCount must be specified for a stream in the PROVISIONED capacity mode.".to_owned(),
    )
}

// Positions.

/// GetShardIterator. `has_number` is whether StartingSequenceNumber was given.
pub(crate) fn number_or_type(kind: &str, has_number: bool) -> Error {
    let article = if has_number { "a" } else { "no" };
    invalid(format!(
        "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and \
         StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. \
         Request specified {kind} and also {article} StartingSequenceNumber."
    ))
}

pub(crate) fn timestamp_missing(kind: &str) -> Error {
    invalid(format!(
        "Must specify timestampInMillis parameter for iterator of type {kind}. Current request \
         has no timestamp parameter."
    ))
}

pub(crate) fn timestamp_in_future(given: Timestamp, now: Timestamp) -> Error {
    invalid(format!(
        "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. \
         timestampInMillis: {}, currentTimestampInMillis: {}",
        given.0, now.0
    ))
}

/// What a starting sequence number was given for, in the texts about it.
pub(crate) struct NumberUse<'a> {
    /// The number as given.
    pub number: &'a str,
    /// The operation that it was given to; for any but GetShardIterator the text is *unrecorded*.
    pub operation: &'static str,
    /// The shard as given.
    pub shard: ShardId,
    /// The stream's name.
    pub stream: &'a str,
    /// The account.
    pub account: &'a model::AccountId,
}

/// AWS fails over this one: the bare name, which is the same for every operation, and no text.
pub(crate) fn number_zero() -> Error {
    Error::without_message(ErrorCode::InternalFailure)
}

pub(crate) fn number_invalid(given: &NumberUse<'_>) -> Error {
    invalid(format!(
        "StartingSequenceNumber {} used in {} on shard {} in stream {} under account {} is invalid.",
        given.number, given.operation, given.shard, given.stream, given.account
    ))
}

pub(crate) fn number_of_other_stream(given: &NumberUse<'_>) -> Error {
    invalid(format!(
        "StartingSequenceNumber {} used in {} on shard {} in stream {} under account {} is invalid \
         because it did not come from this stream.",
        given.number, given.operation, given.shard, given.stream, given.account
    ))
}

pub(crate) fn number_of_other_shard(given: &NumberUse<'_>, encoded: ShardId) -> Error {
    invalid(format!(
        "Invalid StartingSequenceNumber. It encodes {encoded}, while it was used in a call to a \
         shard with {}",
        given.shard
    ))
}

// Puts.

pub(crate) fn explicit_hash_key(key: &str) -> Error {
    invalid(format!(
        "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified \
         value was {key}"
    ))
}

pub(crate) fn exclusive_minimum(number: &str, stream: &Stream) -> Error {
    invalid(format!(
        "ExclusiveMinimumSequenceNumber {number} used in PutRecord on stream {} under account {} \
         is invalid.",
        stream.name, stream.scope.account
    ))
}

/// *Unrecorded.*
pub(crate) fn partition_key_missing(stream: &Stream) -> Error {
    invalid(format!(
        "PartitionKey is required for stream {} under account {}.",
        stream.name, stream.scope.account
    ))
}

/// *Unrecorded.*
pub(crate) fn record_too_large(bytes: u64, stream: &Stream) -> Error {
    invalid(format!(
        "Record of {bytes} bytes, its partition key included, is larger than the maximum record \
         size of {} KiB of stream {} under account {}.",
        stream.record_kib_max, stream.name, stream.scope.account
    ))
}

/// *Unrecorded.*
pub(crate) fn records_too_large(bytes: usize) -> Error {
    invalid(format!(
        "Records of {bytes} bytes in all, partition keys included, are larger than the maximum of \
         10 MiB of a PutRecords request."
    ))
}

// Tokens.

pub(crate) fn bad_iterator() -> Error {
    invalid("Invalid ShardIterator.".to_owned())
}

pub(crate) fn iterator_expired(created: Timestamp, now: Timestamp) -> Error {
    let lifetime_ms = model::limits::TOKEN_LIFETIME_MS;
    let text = format!(
        "Iterator expired. The iterator was created at time {} while right now it is {} which is \
         further in the future than the tolerated delay of {lifetime_ms} milliseconds.",
        java_date(created),
        java_date(now)
    );
    Error::new(ErrorCode::ExpiredIteratorException, text)
}

/// *Unrecorded.*
pub(crate) fn bad_next_token() -> Error {
    invalid("Invalid NextToken.".to_owned())
}

/// *Unrecorded.*
pub(crate) fn next_token_expired() -> Error {
    Error::new(
        ErrorCode::ExpiredNextTokenException,
        "NextToken expired: a token is valid for 300 seconds.".to_owned(),
    )
}

pub(crate) fn token_or_name_missing() -> Error {
    invalid("Either NextToken or StreamName should be provided.".to_owned())
}

pub(crate) fn token_and_name() -> Error {
    invalid("NextToken and StreamName cannot be provided together.".to_owned())
}

/// *Unrecorded.*
pub(crate) fn token_and(parameter: &str) -> Error {
    invalid(format!(
        "NextToken and {parameter} cannot be provided together."
    ))
}

/// *Unrecorded.*
pub(crate) fn shard_filter_needs(kind: &str, parameter: &str) -> Error {
    invalid(format!("ShardFilter of type {kind} requires {parameter}."))
}

/// *Unrecorded.*
pub(crate) fn shard_filter_takes_no(kind: &str, parameter: &str) -> Error {
    invalid(format!(
        "ShardFilter of type {kind} does not take {parameter}."
    ))
}

// Others.

pub(crate) fn dry_run() -> Error {
    Error::new(
        ErrorCode::DryRunOperationException,
        "The request was rejected because the DryRun parameter was specified.".to_owned(),
    )
}

pub(crate) fn no_key_service() -> Error {
    Error::new(
        ErrorCode::KMSNotFoundException,
        "No key service is configured.".to_owned(),
    )
}

/// A whole call failed inside, where the operation's model has no better word.
pub(crate) fn internal() -> Error {
    Error::new(ErrorCode::InternalFailure, INTERNAL_TEXT.to_owned())
}

/// A call for which there is no room, or no turn at the disk, at this moment: nothing was done.
pub(crate) fn busy() -> Error {
    Error::without_message(ErrorCode::ServiceUnavailable)
}

/// The text of an internal failure, also in an entry of PutRecords.
pub(crate) const INTERNAL_TEXT: &str = "Internal Service Failure.";

/// `Thu Jan 22 01:22:02 UTC 2015`, as Java prints a date.
fn java_date(at: Timestamp) -> String {
    const FORMAT: &[time::format_description::BorrowedFormatItem<'_>] = time::macros::format_description!(
        "[weekday repr:short] [month repr:short] [day] [hour]:[minute]:[second] UTC [year]"
    );
    let seconds = i64::try_from(at.seconds()).unwrap_or(i64::MAX);
    time::OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .and_then(|date| date.format(FORMAT).ok())
        .unwrap_or_else(|| at.0.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn java_date_when_printed_then_is_as_aws_shows_it() {
        assert_eq!(
            java_date(Timestamp(1_421_889_722_000)),
            "Thu Jan 22 01:22:02 UTC 2015"
        );
    }
}
