//! Records that may have expired before they were mirrored: a mirror was stopped for longer than
//! its source keeps records.

use super::reached::State;
use super::sides::{Found, Place};
use millstream_client::Error;
use millstream_client::types::ShardIteratorType;
use std::collections::BTreeSet;

/// Answers without records before nothing is said of a shard.
const EMPTY_ANSWERS_MAX: usize = 5;

/// Of which shards records may be missing for good, as sentences. A shard that cannot be read is
/// left out: the mirror meets the same error.
pub(super) async fn gaps(from: &Found, state: &State) -> Vec<String> {
    let shards = from.shards.iter();
    let listed: BTreeSet<&str> = shards.map(|shard| shard.shard_id.as_str()).collect();
    let mut gaps = Vec::new();
    for (shard_id, shard) in &state.shards {
        if shard.ended {
            continue;
        }
        if !listed.contains(shard_id.as_str()) {
            gaps.push(format!(
                "{shard_id} has expired; the rest of it may be missing in TO"
            ));
        } else if let Some(number) = &shard.sequence_number
            && let Ok(false) = has_record(&from.place, shard_id, number).await
        {
            gaps.push(format!(
                "the record {number} of {shard_id} has expired; others behind it may be missing \
                 in TO"
            ));
        }
    }
    gaps
}

/// Whether a shard still has a record; those behind it are there then.
async fn has_record(place: &Place, shard_id: &str, number: &str) -> Result<bool, Error> {
    let kind = ShardIteratorType::AtSequenceNumber;
    let get = place
        .client
        .get_shard_iterator(&place.stream, shard_id, kind);
    let mut iterator = get.starting_sequence_number(number).await?.shard_iterator;
    for _ in 0..EMPTY_ANSWERS_MAX {
        let Some(current) = iterator else {
            return Ok(false);
        };
        let page = place.client.get_records(current).limit(1).await?;
        if let Some(first) = page.records.first() {
            return Ok(first.sequence_number == number);
        }
        if page.millis_behind_latest == Some(0) {
            return Ok(false);
        }
        iterator = page.next_shard_iterator;
    }
    // Where there is nothing for so long, nothing is known.
    Ok(true)
}
