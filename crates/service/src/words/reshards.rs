//! Splitting, merging and scaling.

use super::Words;
use millstream_model::{HashRange, ShardId};
use millstream_streams::facts::StreamLabel;
use std::fmt::Display;

/// `key` may be no hash key at all.
pub(super) fn split_key(
    key: impl Display,
    shard: ShardId,
    range: HashRange,
    stream: &StreamLabel,
) -> Words {
    let StreamLabel { name, account } = stream;
    let HashRange { start, end } = range;
    Words::recorded(format!(
        "NewStartingHashKey {key} used in SplitShard() on shard {shard} in stream {name} under account \
         {account} is not both greater than one plus the shard's StartingHashKey {start} and less than the \
         shard's EndingHashKey {end}."
    ))
}

pub(super) fn not_adjacent(shard: ShardId, adjacent: ShardId, stream: &StreamLabel) -> Words {
    let StreamLabel { name, account } = stream;
    Words::recorded(format!(
        "Shards {shard} and {adjacent} in stream {name} under account {account} are not an adjacent pair of \
         shards eligible for merging"
    ))
}

/// SplitShard, MergeShards.
pub(super) fn shard_closed(shard: ShardId, stream: &StreamLabel) -> Words {
    let StreamLabel { name, account } = stream;
    Words::recorded(format!(
        "Shard {shard} in stream {name} under account {account} has already been merged or split, and thus is \
         not eligible for merging or splitting."
    ))
}

pub(super) fn scaling_too_far(current: u32, target: u32) -> Words {
    let bound = if target > current {
        "up over double"
    } else {
        "down below half"
    };
    let counts = counts(current, target);
    Words::recorded(format!(
        "UpdateShardCount cannot scale {bound} your current open shard count. {counts}"
    ))
}

pub(super) fn scaling_too_large(current: u32, target: u32, most: u32) -> Words {
    let counts = counts(current, target);
    Words::recorded(format!(
        "Target shard count or number of open shards cannot be greater than {most}. {counts}"
    ))
}

fn counts(current: u32, target: u32) -> String {
    format!("Current open shard count: {current}, Target shard count: {target}")
}
