//! What operations may answer instead of an output: an enumeration for each, or for those that fail
//! alike.
//!
//! Those that know one kind of fact alone answer that.

use super::{
    AnyFact, CapacityError, ConsumerError, DryRun, EntryError, Fact, ListError, LogsMissing,
    NoKeyService, NotSwept, Outcome, PositionError, ReadFailure, RecordError, RetentionError,
    ShardError, SplitKeyTooLarge, StreamError, TagError, Throttled, TokenError, operation_facts,
};
use crate::catalog::ProposeError;
use std::convert::Infallible;
use wire::ErrorCode;

operation_facts! {
    /// CreateStream.
    CreateStreamError {
        /// Its name can be none.
        Stream(StreamError),
        /// It cannot have such a capacity.
        Capacity(CapacityError),
        /// It cannot have such tags.
        Tag(TagError),
        /// The catalog says so.
        Propose(ProposeError),
        /// It was made, but for its logs.
        Logs(LogsMissing),
    }
}

operation_facts! {
    /// Why a stream was not changed: DeleteStream, EnableEnhancedMonitoring,
    /// DisableEnhancedMonitoring, and all that change one.
    ChangeError {
        /// It is not there, or no longer.
        Stream(StreamError),
        /// The catalog says so.
        Propose(ProposeError),
    }
}

operation_facts! {
    /// AddTagsToStream, RemoveTagsFromStream.
    TagStreamError {
        /// There is no such stream.
        Stream(StreamError),
        /// They are no tags.
        Tag(TagError),
        /// They were not changed.
        Change(ChangeError),
    }
}

operation_facts! {
    /// IncreaseStreamRetentionPeriod, DecreaseStreamRetentionPeriod.
    SetRetentionError {
        /// There is no such stream.
        Stream(StreamError),
        /// It is no retention.
        Retention(RetentionError),
        /// What is hidden could not be made durable before.
        Sweep(NotSwept),
        /// It was not changed.
        Change(ChangeError),
    }
}

operation_facts! {
    /// SplitShard, MergeShards, UpdateShardCount.
    ReshardError {
        /// There is no such stream, or its shards are not the caller's.
        Stream(StreamError),
        /// There is no such shard.
        Shard(ShardError),
        /// The key is none.
        SplitKey(SplitKeyTooLarge),
        /// They were not changed.
        Change(ChangeError),
    }
}

operation_facts! {
    /// StartStreamEncryption, StopStreamEncryption.
    EncryptionError {
        /// There is no such stream.
        Stream(StreamError),
        /// There is nobody to encrypt.
        Keys(NoKeyService),
    }
}

operation_facts! {
    /// DescribeStream.
    DescribeStreamError {
        /// There is no such stream.
        Stream(StreamError),
        /// It is no id of a shard that its shards begin after.
        Shard(ShardError),
    }
}

operation_facts! {
    /// ListShards.
    ListShardsError {
        /// There is no such stream.
        Stream(StreamError),
        /// It is no id of a shard.
        Shard(ShardError),
        /// It is no token of a next page.
        Token(TokenError),
        /// Members do not go together.
        List(ListError),
        /// The filter's moment is none.
        Position(PositionError),
    }
}

operation_facts! {
    /// DescribeStreamConsumer, and all that begin with finding a consumer.
    FindConsumerError {
        /// There is no such stream.
        Stream(StreamError),
        /// There is no such consumer.
        Consumer(ConsumerError),
    }
}

operation_facts! {
    /// ListStreamConsumers.
    ListConsumersError {
        /// There is no such stream.
        Stream(StreamError),
        /// It is no token of a next page.
        Token(TokenError),
    }
}

operation_facts! {
    /// RegisterStreamConsumer.
    RegisterConsumerError {
        /// There is no such stream.
        Stream(StreamError),
        /// Its name can be none.
        Consumer(ConsumerError),
        /// It cannot have such tags.
        Tag(TagError),
        /// It was not registered.
        Change(ChangeError),
    }
}

operation_facts! {
    /// DeregisterStreamConsumer.
    DeregisterConsumerError {
        /// There is no such consumer.
        Find(FindConsumerError),
        /// It was not deregistered.
        Change(ChangeError),
    }
}

operation_facts! {
    /// Why a shard of a stream was not read, or its end not found.
    ShardReadError {
        /// The stream goes, and its logs before it.
        Stream(StreamError),
        /// It cannot be read, or not now.
        Read(ReadFailure),
    }
}

operation_facts! {
    /// Why a reader cannot start where it wants to.
    StartError {
        /// It is no position.
        Position(PositionError),
        /// It cannot be found.
        Read(ShardReadError),
    }
}

operation_facts! {
    /// GetShardIterator.
    GetShardIteratorError {
        /// There is no such stream.
        Stream(StreamError),
        /// There is no such shard.
        Shard(ShardError),
        /// It is no position.
        Position(PositionError),
        /// The position cannot be found.
        Start(StartError),
        /// It was a trial.
        DryRun(DryRun),
    }
}

operation_facts! {
    /// GetRecords.
    GetRecordsError {
        /// It is no shard iterator, or no longer.
        Token(TokenError),
        /// There is no such stream any more.
        Stream(StreamError),
        /// There is no such shard any more.
        Shard(ShardError),
        /// The shard has no budget left.
        Throttled(Throttled),
        /// The shard cannot be read.
        Read(ShardReadError),
        /// It was a trial.
        DryRun(DryRun),
    }
}

operation_facts! {
    /// SubscribeToShard, before the subscription begins.
    SubscribeError {
        /// There is no such consumer.
        Find(FindConsumerError),
        /// The stream cannot be read.
        Stream(StreamError),
        /// There is no such shard.
        Shard(ShardError),
        /// The consumer cannot subscribe.
        Consumer(ConsumerError),
        /// It is no position.
        Position(PositionError),
        /// The position cannot be found.
        Start(StartError),
        /// It was a trial.
        DryRun(DryRun),
    }
}

operation_facts! {
    /// What ends a subscription before its time.
    SubscriptionError {
        /// The stream goes.
        Stream(StreamError),
        /// The shard has expired.
        Shard(ShardError),
        /// The consumer goes, or has another subscription.
        Consumer(ConsumerError),
        /// The shard cannot be read.
        Read(ShardReadError),
    }
}

operation_facts! {
    /// PutRecord.
    PutRecordError {
        /// There is no such stream, or it takes no records.
        Stream(StreamError),
        /// The record cannot be put.
        Record(RecordError),
        /// Where the stream ends cannot be found.
        Read(ShardReadError),
        /// It was not acknowledged.
        Entry(EntryError),
        /// It was a trial.
        DryRun(DryRun),
    }
}

operation_facts! {
    /// PutRecords as a whole; each record has a result of its own.
    PutRecordsError {
        /// There is no such stream, or it takes no records.
        Stream(StreamError),
        /// One of the records cannot be put.
        Record(RecordError),
        /// It was a trial.
        DryRun(DryRun),
    }
}

/// DescribeLimits always has an output, and an account is always there.
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
