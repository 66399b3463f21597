//! Facts: what operations return when they have no output.
//!
//! A fact is data: names, ids, numbers, and the error that caused it, if one did. It has no text
//! for callers: whoever answers them knows AWS's words for it. The facts about one noun are an
//! enumeration; what an operation may answer, or some operations that fail alike, is an enumeration
//! of those; and [`AnyFact`] is all of them. docs/errors.md lists every one.
//!
//! What always holds: each fact answers the three questions of [`Fact`], and where cases differ, by
//! an exhaustive match.

mod arguments;
mod changes;
mod consumers;
mod data_keys;
mod keys;
mod operations;
mod policies;
mod positions;
mod rates;
mod records;
mod resources;
mod shards;
mod steps;
mod streams;
mod tokens;

pub use arguments::{
    CapacityError, DryRun, FilterMember, ListError, ListMember, RetentionError, SplitKeyTooLarge,
    TagAct, TagError,
};
pub use consumers::ConsumerError;
pub use data_keys::DataKeyFailure;
pub use keys::{KeyFailure, MalformedKeyId, NoKeyService, NoneRequested};
pub use operations::{
    ChangeError, CreateStreamError, DeregisterConsumerError, DescribeStreamError,
    FindConsumerError, FindResourceError, GetRecordsError, GetShardIteratorError,
    ListConsumersError, ListShardsError, PutRecordError, PutRecordsError, RegisterConsumerError,
    ReshardError, ResourcePolicyError, SetRetentionError, ShardReadError, StartEncryptionError,
    StartError, StopEncryptionError, SubscribeError, SubscriptionError, TagResourceError,
    TagStreamError, UpdateAccountSettingsError, UpdateStreamModeError,
};
pub use policies::InvalidPolicy;
pub use positions::{NumberUse, PositionError, Presence};
pub use rates::{CallRefused, RateExceeded};
pub use records::{
    EntryError, Oversized, PutFailure, ReadFailure, ReadThrottled, RecordError, Throttled,
    UnknownForm,
};
pub use resources::ResourceError;
pub use shards::ShardError;
pub use steps::{LogsMissing, NotSwept, SweepError};
pub use streams::StreamError;
pub use tokens::TokenError;

pub use crate::catalog::{
    ConsumerStatus, Mode, ProposeError, Refusal, ResourceLabel, Scope, Status, StreamLabel,
};
pub use crate::put::NotPut;
pub use millstream_kms::KeyError;

use millstream_protocol::ErrorCode;
use std::error::Error;

/// What is known about a change that was not acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It changed nothing, and never will.
    NotApplied,
    /// It may have been carried out, or may still be, once.
    Unknown,
}

/// What every error must say.
pub trait Fact: Error {
    /// AWS's code. An operation whose model has another name for internal failures uses that.
    fn code(&self) -> ErrorCode;
    /// Whether a retry may succeed. If the outcome is unknown, a retry may apply the change twice.
    fn is_retryable(&self) -> bool;
    /// Whether anything was changed. A 4xx changed nothing.
    fn outcome(&self) -> Outcome;
}

/// Declares an enumeration of other facts: it delegates to them, and each converts to it by `?`.
macro_rules! any_of {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident($fact:ty),)+ }) => {
        $(#[$doc])*
        #[derive(Debug, thiserror::Error)]
        pub enum $name {
            $($(#[$of])* #[error(transparent)] $variant(#[from] $fact),)+
        }

        impl $crate::facts::Fact for $name {
            fn code(&self) -> millstream_protocol::ErrorCode {
                match self {
                    $(Self::$variant(fact) => fact.code(),)+
                }
            }

            fn is_retryable(&self) -> bool {
                match self {
                    $(Self::$variant(fact) => fact.is_retryable(),)+
                }
            }

            fn outcome(&self) -> $crate::facts::Outcome {
                match self {
                    $(Self::$variant(fact) => fact.outcome(),)+
                }
            }
        }
    };
}

/// Declares what an operation, or several that fail alike, may return: as [`any_of`], and
/// convertible to [`AnyFact`].
macro_rules! operation_facts {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident($fact:ty),)+ }) => {
        $crate::facts::any_of! {
            $(#[$doc])*
            $name { $($(#[$of])* $variant($fact),)+ }
        }

        impl From<$name> for $crate::facts::AnyFact {
            fn from(error: $name) -> Self {
                match error {
                    $($name::$variant(fact) => fact.into(),)+
                }
            }
        }
    };
}

pub(crate) use {any_of, operation_facts};

any_of! {
    /// Any fact, by its subject.
    AnyFact {
        /// The stream meant, and its status.
        Stream(StreamError),
        /// The shard meant.
        Shard(ShardError),
        /// A consumer, or its subscription.
        Consumer(ConsumerError),
        /// A resource of any kind, by its ARN.
        Resource(ResourceError),
        /// A starting position.
        Position(PositionError),
        /// A shard iterator or a NextToken.
        Token(TokenError),
        /// An invalid record.
        Record(RecordError),
        /// A shard's budget for writes.
        Throttled(Throttled),
        /// A rate of calls.
        Rate(RateExceeded),
        /// A shard's budget for reads.
        ReadThrottled(ReadThrottled),
        /// A record that was not acknowledged.
        Put(PutFailure),
        /// A failed read of a shard.
        Read(ReadFailure),
        /// A stream's capacity.
        Capacity(CapacityError),
        /// Tags.
        Tag(TagError),
        /// A resource policy.
        Policy(InvalidPolicy),
        /// A retention.
        Retention(RetentionError),
        /// The key of a split.
        SplitKey(SplitKeyTooLarge),
        /// The arguments of a list.
        List(ListError),
        /// The catalog's refusal of a change.
        Propose(ProposeError),
        /// A stream without its logs.
        Logs(LogsMissing),
        /// A failed expiry before a longer retention.
        Sweep(NotSwept),
        /// A dry run.
        DryRun(DryRun),
        /// The type of an encryption.
        Encryption(NoneRequested),
        /// A key that cannot be used.
        Keys(KeyFailure),
        /// A data key that cannot be used.
        DataKey(DataKeyFailure),
    }
}
