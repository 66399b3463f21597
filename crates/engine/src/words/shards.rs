//! Which shard is meant.

use super::Words;
use crate::catalog::StreamLabel;
use std::fmt::Display;

/// SplitShard, MergeShards, and everywhere an id that is none.
pub(super) fn could_not_find(shard: impl Display, stream: &StreamLabel) -> Words {
    let StreamLabel { name, account } = stream;
    Words::recorded(format!(
        "Could not find shard {shard} in stream {name} under account {account}."
    ))
}
