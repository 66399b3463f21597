//! The catalog's and the tokens' own types, for fuzzing. Not part of a server.

pub use crate::catalog::{
    ArnSecond, BeginDelete, BeginReshard, Change, ChangeMonitoring, ChangeTags, Command,
    CompleteReshard, ConsumerKey, CreateStream, DeregisterConsumer, Direction, Distribution,
    Division, ExpireShards, Mode, Pair, Quotas, RaisePeak, RegisterConsumer, Scope, SetCommitment,
    SetDistribution, SetMode, SetPolicy, SetRecordLimit, SetRetention, SetWarmThroughput, State,
    Stream, TokenKey, Warmth,
};
pub use crate::token::{Kind, Opened, ShardIterator, TOKEN_CHARS_MAX, open, seal};
