//! Splitting, merging and scaling.

use super::Words;
use millstream_model::{HashKey, HashRange, ShardId};
use millstream_streams::facts::StreamLabel;

pub(super) fn split_key(
    key: HashKey,
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
    let bounds = format!(
        "between {} and {}",
        current.div_ceil(2),
        u64::from(current) * 2
    );
    Words::unrecorded(format!(
        "UpdateShardCount cannot scale from {current} to {target} shards in one request: \
         TargetShardCount must be {bounds}."
    ))
}

pub(super) fn scaling_too_large(target: u32, most: u32) -> Words {
    Words::unrecorded(format!(
        "TargetShardCount {target} is greater than the maximum of {most} shards."
    ))
}
