//! Which shard is meant.

use super::Words;
use millstream_streams::facts::ShardError;
use millstream_streams::facts::StreamLabel;
use std::fmt::Display;

pub(super) fn words(fact: &ShardError) -> Words {
    match fact {
        ShardError::NoId { id, stream } => could_not_find(id, stream),
        // GetShardIterator, GetRecords, SubscribeToShard.
        ShardError::NotFound { shard, stream } => {
            let StreamLabel { name, account } = stream;
            Words::recorded(format!(
                "Shard {shard} in stream {name} under account {account} does not exist"
            ))
        }
    }
}

/// SplitShard, MergeShards, and everywhere an id that is none.
pub(super) fn could_not_find(shard: impl Display, stream: &StreamLabel) -> Words {
    let StreamLabel { name, account } = stream;
    Words::recorded(format!(
        "Could not find shard {shard} in stream {name} under account {account}."
    ))
}
