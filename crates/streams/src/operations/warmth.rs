//! The throughput that an on-demand stream is prepared for, as callers ask for it.

use crate::catalog::{Change, Warmth};
use millstream_model::limits;
use std::num::NonZeroU32;

/// The shards that any on-demand stream begins with.
pub(super) const FEWEST: NonZeroU32 =
    NonZeroU32::new(limits::ON_DEMAND_SHARDS).expect("an on-demand stream has shards");

/// The shards that a throughput needs: one for each MiB per second, and no fewer than any on-demand
/// stream begins with.
pub(super) fn shards_for(mibps: u32) -> NonZeroU32 {
    NonZeroU32::new(mibps).map_or(FEWEST, |mibps| mibps.max(FEWEST))
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
