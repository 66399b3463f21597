//! The throughput that an on-demand stream is prepared for, as callers ask for it.

use crate::Engine;
use crate::catalog::{Change, Command, ProposeError, Quotas, Refusal, Shards, Stream, Warmth};
use crate::facts::ChangeError;
use crate::scaling::divisions;
use millstream_model::limits;
use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::Arc;

/// The shards that any on-demand stream begins with.
pub(super) const FEWEST: NonZeroU32 =
    NonZeroU32::new(limits::ON_DEMAND_SHARDS).expect("an on-demand stream has shards");

/// The shards that a throughput needs: one for each MiB per second, and no fewer than any on-demand
/// stream begins with.
pub(super) fn shards_for(mibps: u32) -> NonZeroU32 {
    NonZeroU32::new(mibps).map_or(FEWEST, |mibps| mibps.max(FEWEST))
}

/// The throughput in a member of a request.
pub(super) fn mibps(member: i32) -> u32 {
    u32::try_from(member).unwrap_or(0)
}

/// Proposes a command that prepares a stream for a throughput.
///
/// The command names the shards that are divided. If a reshard came first, it is made anew of those
/// that are open now; each such turn needs a reshard that was completed.
pub(super) async fn prepare(
    engine: &Engine,
    stream: &Arc<Stream>,
    member: i32,
    command: impl Fn(Warmth, Quotas) -> Command,
) -> Result<Arc<Stream>, ChangeError> {
    let mut seen = Arc::clone(stream);
    loop {
        let quotas = engine.quotas(&stream.scope);
        let warmth = warmth(mibps(member), &seen.shards, &quotas);
        let changed = engine.change(stream, command(warmth, quotas)).await;
        let is_late = changed.as_ref().is_err_and(is_of_closed_shards);
        let now = engine.streams().of_id(stream.id);
        match now.filter(|now| is_late && now.shards != seen.shards) {
            Some(now) => seen = now,
            None => return changed,
        }
    }
}

/// A throughput, and how the open shards become as many as it needs: the widest are divided, so
/// that a hot range that was split stays so. None needs none, and what is above the most that may
/// be asked for is refused without a plan.
fn warmth(mibps: u32, shards: &Shards, quotas: &Quotas) -> Warmth {
    let most = quotas.warm_mibps.unwrap_or(limits::STREAM_SHARDS_MAX);
    let divisions = if mibps == 0 || mibps > most {
        Vec::new()
    } else {
        let open = shards.open().map(|shard| (shard.index, shard.range));
        let open: Vec<_> = open.collect();
        divisions(&open, &BTreeSet::new(), shards_for(mibps).get())
    };
    Warmth {
        mibps,
        change: Change::Divide { divisions },
    }
}

fn is_of_closed_shards(error: &ChangeError) -> bool {
    let ChangeError::Propose(ProposeError::Refused(refusal)) = error else {
        return false;
    };
    matches!(
        refusal,
        Refusal::ShardClosed { .. } | Refusal::ShardNotFound { .. }
    )
}
