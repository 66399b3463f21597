//! What operations may return instead of an output: an enumeration for each, or for those that fail
//! alike.
//!
//! An operation with one kind of fact returns that directly.

use super::{
    AnyFact, CapacityError, ConsumerError, DataKeyFailure, DryRun, EntryError, Fact, InvalidPolicy,
    KeyFailure, ListError, LogsMissing, NoneRequested, NotSwept, Outcome, PositionError,
    RateExceeded, ReadFailure, ReadThrottled, RecordError, ResourceError, RetentionError,
    ShardError, SplitKeyTooLarge, StreamError, TagError, TokenError, operation_facts,
};
use crate::catalog::ProposeError;
use millstream_protocol::ErrorCode;
use std::convert::Infallible;

operation_facts! {
    /// CreateStream.
    CreateStreamError {
        /// Its name is invalid.
        Stream(StreamError),
        /// Its capacity is invalid.
        Capacity(CapacityError),
        /// Its tags are invalid.
        Tag(TagError),
        /// The catalog refused it.
        Propose(ProposeError),
        /// It was created, but not its logs.
        Logs(LogsMissing),
    }
}

operation_facts! {
    /// Why a stream was not changed: DeleteStream, EnableEnhancedMonitoring,
    /// DisableEnhancedMonitoring, and all operations that change one.
    ChangeError {
        /// It does not exist, or no longer.
        Stream(StreamError),
        /// The catalog refused it.
        Propose(ProposeError),
    }
}

operation_facts! {
    /// AddTagsToStream, RemoveTagsFromStream.
    TagStreamError {
        /// The stream does not exist.
        Stream(StreamError),
        /// The tags are invalid.
        Tag(TagError),
        /// The shards were not changed.
        Change(ChangeError),
    }
}

operation_facts! {
    /// IncreaseStreamRetentionPeriod, DecreaseStreamRetentionPeriod.
    SetRetentionError {
        /// The stream does not exist.
        Stream(StreamError),
        /// The retention is invalid.
        Retention(RetentionError),
        /// Expiry could not be made durable first.
        Sweep(NotSwept),
        /// It was not changed.
        Change(ChangeError),
    }
}

operation_facts! {
    /// SplitShard, MergeShards, UpdateShardCount.
    ReshardError {
        /// The stream does not exist, or is on demand.
        Stream(StreamError),
        /// The shard does not exist.
        Shard(ShardError),
        /// The key is invalid.
        SplitKey(SplitKeyTooLarge),
        /// The shards were not changed.
        Change(ChangeError),
    }
}

operation_facts! {
    /// StartStreamEncryption.
    StartEncryptionError {
        /// The stream does not exist, or is not ACTIVE.
        Stream(StreamError),
        /// It is not about encryption with a key.
        Encryption(NoneRequested),
        /// The key cannot be used.
        Keys(KeyFailure),
        /// It was changed too often.
        Rate(RateExceeded),
        /// It was not changed.
        Change(ChangeError),
    }
}

operation_facts! {
    /// StopStreamEncryption.
    StopEncryptionError {
        /// The stream does not exist, or is not ACTIVE.
        Stream(StreamError),
        /// It is not about encryption with a key.
        Encryption(NoneRequested),
        /// It was changed too often.
        Rate(RateExceeded),
        /// It was not changed.
        Change(ChangeError),
    }
}

operation_facts! {
    /// DescribeStream.
    DescribeStreamError {
        /// The stream does not exist.
        Stream(StreamError),
        /// The id of the shard to continue after is invalid.
        Shard(ShardError),
    }
}

operation_facts! {
    /// ListShards.
    ListShardsError {
        /// The stream does not exist.
        Stream(StreamError),
        /// The shard id is invalid.
        Shard(ShardError),
        /// The pagination token is invalid.
        Token(TokenError),
        /// The arguments contradict each other.
        List(ListError),
        /// The filter's time is invalid.
        Position(PositionError),
    }
}

operation_facts! {
    /// DescribeStreamConsumer, and all operations that first look up a consumer.
    FindConsumerError {
        /// The stream does not exist.
        Stream(StreamError),
        /// The consumer does not exist.
        Consumer(ConsumerError),
    }
}

operation_facts! {
    /// ListTagsForResource, and all operations that first look up a stream or a consumer by its
    /// ARN.
    FindResourceError {
        /// The stream does not exist, or its status does not allow it.
        Stream(StreamError),
        /// The consumer does not exist, or its status does not allow it.
        Consumer(FindConsumerError),
        /// The ARN is of something else.
        Resource(ResourceError),
    }
}

operation_facts! {
    /// TagResource, UntagResource.
    TagResourceError {
        /// The resource does not exist, or its status does not allow it.
        Find(FindResourceError),
        /// The tags are invalid.
        Tag(TagError),
        /// They were not changed.
        Change(ChangeError),
    }
}

operation_facts! {
    /// PutResourcePolicy, GetResourcePolicy, DeleteResourcePolicy.
    ResourcePolicyError {
        /// The resource does not exist, or its status does not allow it.
        Find(FindResourceError),
        /// The policy is invalid.
        Policy(InvalidPolicy),
        /// It was not changed.
        Change(ChangeError),
    }
}

operation_facts! {
    /// ListStreamConsumers.
    ListConsumersError {
        /// The stream does not exist.
        Stream(StreamError),
        /// The pagination token is invalid.
        Token(TokenError),
        /// The arguments contradict each other.
        List(ListError),
    }
}

operation_facts! {
    /// RegisterStreamConsumer.
    RegisterConsumerError {
        /// The stream does not exist.
        Stream(StreamError),
        /// Its name is invalid.
        Consumer(ConsumerError),
        /// Its tags are invalid.
        Tag(TagError),
        /// It was not registered.
        Change(ChangeError),
    }
}

operation_facts! {
    /// DeregisterStreamConsumer.
    DeregisterConsumerError {
        /// The consumer does not exist.
        Find(FindConsumerError),
        /// It was not deregistered.
        Change(ChangeError),
    }
}

operation_facts! {
    /// Why a shard was not read, or its end not found.
    ShardReadError {
        /// The stream is being deleted, and its logs with it.
        Stream(StreamError),
        /// It cannot be read, or not now.
        Read(ReadFailure),
    }
}

operation_facts! {
    /// Why a reader cannot start at a position.
    StartError {
        /// The position is invalid.
        Position(PositionError),
        /// The position cannot be found.
        Read(ShardReadError),
    }
}

operation_facts! {
    /// GetShardIterator.
    GetShardIteratorError {
        /// The stream does not exist.
        Stream(StreamError),
        /// The shard does not exist.
        Shard(ShardError),
        /// The position is invalid.
        Position(PositionError),
        /// The position cannot be found.
        Start(StartError),
        /// It was a dry run.
        DryRun(DryRun),
    }
}

operation_facts! {
    /// GetRecords.
    GetRecordsError {
        /// The shard iterator is invalid or expired.
        Token(TokenError),
        /// The stream no longer exists.
        Stream(StreamError),
        /// The shard no longer exists.
        Shard(ShardError),
        /// The shard's budget is exhausted.
        Throttled(ReadThrottled),
        /// The shard cannot be read, or not now.
        Read(ReadFailure),
        /// It was a dry run.
        DryRun(DryRun),
    }
}

operation_facts! {
    /// SubscribeToShard, before the subscription begins.
    SubscribeError {
        /// The consumer does not exist.
        Find(FindConsumerError),
        /// The stream cannot be read.
        Stream(StreamError),
        /// The shard does not exist.
        Shard(ShardError),
        /// The consumer cannot subscribe.
        Consumer(ConsumerError),
        /// The position is invalid.
        Position(PositionError),
        /// The position cannot be found.
        Start(StartError),
        /// It was a dry run.
        DryRun(DryRun),
    }
}

operation_facts! {
    /// Why a subscription ends early.
    SubscriptionError {
        /// The stream is being deleted.
        Stream(StreamError),
        /// The shard has expired.
        Shard(ShardError),
        /// The consumer is being deregistered, or has another subscription.
        Consumer(ConsumerError),
        /// The shard cannot be read.
        Read(ShardReadError),
    }
}

operation_facts! {
    /// PutRecord.
    PutRecordError {
        /// The stream does not exist, or accepts no records.
        Stream(StreamError),
        /// The record is invalid.
        Record(RecordError),
        /// The end of the shard cannot be found.
        Read(ShardReadError),
        /// It cannot be encrypted.
        DataKey(DataKeyFailure),
        /// It was not acknowledged.
        Entry(EntryError),
        /// It was a dry run.
        DryRun(DryRun),
    }
}

operation_facts! {
    /// PutRecords as a whole; each record has its own result.
    PutRecordsError {
        /// The stream does not exist, or accepts no records.
        Stream(StreamError),
        /// One of the records is invalid.
        Record(RecordError),
        /// They cannot be encrypted.
        DataKey(DataKeyFailure),
        /// It was a dry run.
        DryRun(DryRun),
    }
}

operation_facts! {
    /// UpdateStreamMode.
    UpdateStreamModeError {
        /// The stream does not exist.
        Stream(StreamError),
        /// The capacity is invalid.
        Capacity(CapacityError),
        /// The mode was not changed.
        Change(ChangeError),
    }
}

operation_facts! {
    /// UpdateAccountSettings.
    UpdateAccountSettingsError {
        /// The catalog refused it.
        Propose(ProposeError),
    }
}

/// An account always exists.
impl From<Infallible> for UpdateAccountSettingsError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// DescribeLimits and DescribeAccountSettings always have an output, and an account always exists.
impl Fact for Infallible {
    fn code(&self) -> ErrorCode {
        match *self {}
    }

    fn is_retryable(&self) -> bool {
        match *self {}
    }

    fn outcome(&self) -> Outcome {
        match *self {}
    }
}

impl From<Infallible> for TokenError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl From<Infallible> for AnyFact {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}
