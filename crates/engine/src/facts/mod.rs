//! Facts: what operations answer when they have no output.
//!
//! A fact is data: names, ids, numbers, and the error that caused it, if one did. It has no text
//! for callers: whoever answers them knows AWS's words for it. The facts about one noun are an
//! enumeration; what an operation may answer, or some operations that fail alike, is an enumeration
//! of those; and [`AnyFact`] is all of them. docs/errors.md lists every one.
//!
//! Always: each fact answers the three questions of [`Fact`], by matches that name every case.

mod arguments;
mod changes;
mod consumers;
mod operations;
mod positions;
mod records;
mod shards;
mod steps;
mod streams;
mod tokens;

pub use arguments::{
    CapacityError, DryRun, FilterMember, ListError, ListMember, NoKeyService, RetentionError,
    SplitKeyTooLarge, TagAct, TagError, Unsupported,
};
pub use consumers::ConsumerError;
pub use operations::{
    ChangeError, CreateStreamError, DeregisterConsumerError, DescribeStreamError, EncryptionError,
    FindConsumerError, GetRecordsError, GetShardIteratorError, ListConsumersError, ListShardsError,
    PutRecordError, PutRecordsError, RegisterConsumerError, ReshardError, SetRetentionError,
    ShardReadError, StartError, SubscribeError, SubscriptionError, TagStreamError,
};
pub use positions::{NumberUse, PositionError, Presence};
pub use records::{EntryError, PutFailure, ReadFailure, RecordError, Throttled, UnknownForm};
pub use shards::ShardError;
pub use steps::{LogsMissing, NotSwept, SweepError};
pub use streams::StreamError;
pub use tokens::TokenError;

pub use crate::catalog::{ConsumerStatus, ProposeError, Refusal, Scope, Status, StreamLabel};
pub use crate::put::NotPut;

use std::error::Error;
use wire::ErrorCode;

/// What is known of a change that was not acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It changed nothing, and never will.
    NotApplied,
    /// It may have been carried out, or may still be, once.
    Unknown,
}

/// What every error answers.
pub trait Fact: Error {
    /// AWS's name for it. An operation whose model has another one for internal failures uses that.
    fn code(&self) -> ErrorCode;
    /// Whether the same request may succeed a moment later. Of a change whose outcome is unknown,
    /// it may then be carried out twice.
    fn is_retryable(&self) -> bool;
    /// Whether anything was changed. Of what AWS answers with a 4xx, nothing was.
    fn outcome(&self) -> Outcome;
}

/// An enumeration of others that are facts: it answers what they do, and each becomes it by `?`.
macro_rules! any_of {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident($fact:ty),)+ }) => {
        $(#[$doc])*
        #[derive(Debug, thiserror::Error)]
        pub enum $name {
            $($(#[$of])* #[error(transparent)] $variant(#[from] $fact),)+
        }

        impl $crate::facts::Fact for $name {
            fn code(&self) -> wire::ErrorCode {
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

/// What an operation, or some that fail alike, may answer: as [`any_of`], and it is some
/// [`AnyFact`].
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
    /// Any fact, by what it is about.
    AnyFact {
        /// Which stream is meant, and how it is.
        Stream(StreamError),
        /// Which shard is meant.
        Shard(ShardError),
        /// A consumer, or its subscription.
        Consumer(ConsumerError),
        /// Where a reader starts.
        Position(PositionError),
        /// A shard iterator or a NextToken.
        Token(TokenError),
        /// A record that cannot be put.
        Record(RecordError),
        /// A shard's budget.
        Throttled(Throttled),
        /// A record that was not acknowledged.
        Put(PutFailure),
        /// A shard that was not read.
        Read(ReadFailure),
        /// A stream's capacity.
        Capacity(CapacityError),
        /// Tags.
        Tag(TagError),
        /// A retention.
        Retention(RetentionError),
        /// The key of a split.
        SplitKey(SplitKeyTooLarge),
        /// What a list of shards takes.
        List(ListError),
        /// What the catalog says to a change.
        Propose(ProposeError),
        /// A stream without its logs.
        Logs(LogsMissing),
        /// An expiry before a longer retention.
        Sweep(NotSwept),
        /// A trial.
        DryRun(DryRun),
        /// A key service.
        Keys(NoKeyService),
    }
}
