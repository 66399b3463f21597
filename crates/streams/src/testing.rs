//! The catalog's and the tokens' own types, for fuzzing. Not part of a server.

pub use crate::catalog::{
    AddDataKey, ArnSecond, BeginDelete, BeginReshard, Change, ChangeMonitoring, ChangeTags,
    Command, CompleteReshard, ConsumerKey, CreateStream, DeregisterConsumer, Direction,
    Distribution, Division, DropDataKeys, ExpireShards, Mode, Pair, Quotas, RaisePeak,
    RegisterConsumer, Scope, SetCommitment, SetDistribution, SetMode, SetPolicy, SetRecordLimit,
    SetRetention, SetWarmThroughput, StartEncryption, State, StopEncryption, Stream, TokenSecret,
    Warmth, WrappedSecret,
};
pub use crate::token::{Kind, Opened, ShardIterator, TOKEN_CHARS_MAX, open, seal};
pub use millstream_kms::KeyArn;
