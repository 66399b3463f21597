//! The throughput that an on-demand stream is prepared for, as callers ask for it.

use crate::catalog::{Change, Warmth};
use millstream_model::limits;

/// The shards that a throughput needs: one for each MiB per second, and no fewer than any on-demand
/// stream begins with.
pub(super) fn shards_for(mibps: u32) -> u32 {
    mibps.max(limits::ON_DEMAND_SHARDS)
}

/// What a member of a request asks for.
pub(super) fn warmth(mibps: i32) -> Warmth {
    let mibps = u32::try_from(mibps).unwrap_or(0);
    let target = shards_for(mibps);
    Warmth {
        mibps,
        change: Change::ScaleInTurn { target },
    }
}
