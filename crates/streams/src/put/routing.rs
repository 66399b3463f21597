//! Routing: which shard takes each record of a call, and the batches that follow from it.
//!
//! Records are named by their index in the call; nothing is copied before the batches are framed.

use super::by_shard::by_shard;
use super::framing::Frames;
use super::record::RecordToPut;
use crate::catalog::{Numbering, Stream};
use millstream_store::{Batches, BatchesBuilder, LogId};
use std::ops::Range;

/// The records of a call that one attempt puts, together by shard.
pub(super) struct Routed {
    shards: Vec<ShardRecords>,
    /// Indexes of records in the call: shard by shard, and in call order within each.
    indexes: Vec<usize>,
}

/// The records of one shard.
pub(super) struct ShardRecords {
    pub(super) shard: Numbering,
    /// Which of the attempt's indexes are theirs.
    range: Range<usize>,
}

impl Routed {
    /// Finds the shard of each of these records.
    pub(super) fn new(
        stream: &Stream,
        records: &[RecordToPut<'_>],
        indexes: impl ExactSizeIterator<Item = usize>,
    ) -> Self {
        let route = |index: usize| (stream.shards.route(records[index].hash), index);
        Self::of(indexes.map(route).collect())
    }

    /// Takes each of these records, by ascending index, to its shard.
    pub(super) fn of(routed: Vec<(&Numbering, usize)>) -> Self {
        let routed = by_shard(routed);
        let mut shards = Vec::with_capacity(routed.len());
        let mut start = 0;
        for same in routed.chunk_by(|(a, _), (b, _)| a.index == b.index) {
            let range = start..start + same.len();
            start = range.end;
            let shard = *same[0].0;
            shards.push(ShardRecords { shard, range });
        }
        let indexes = routed.iter().map(|(_, index)| *index).collect();
        Self { shards, indexes }
    }

    /// The shards that have records, by rising index.
    pub(super) fn shards(&self) -> &[ShardRecords] {
        &self.shards
    }

    /// Indexes of a shard's records, in call order.
    pub(super) fn indexes(&self, of: &ShardRecords) -> &[usize] {
        &self.indexes[of.range.clone()]
    }

    /// Leaves records out: `keep` is given each shard with the indexes of its records, and adds
    /// those that stay to the list.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&Numbering, &[usize], &mut Vec<usize>)) {
        let mut kept = Vec::with_capacity(self.indexes.len());
        for ShardRecords { shard, range } in &mut self.shards {
            let start = kept.len();
            keep(shard, &self.indexes[range.clone()], &mut kept);
            *range = start..kept.len();
        }
        self.indexes = kept;
        self.shards.retain(|shard| !shard.range.is_empty());
    }

    /// The logs of the shards that have records, in the same order.
    pub(super) fn logs(&self, stream: &Stream) -> impl Iterator<Item = LogId> {
        self.shards.iter().map(|it| stream.log_of(it.shard.index))
    }

    /// A batch for each shard, framed one behind the other.
    pub(super) fn batches(
        &self,
        stream: &Stream,
        records: &[RecordToPut<'_>],
        frames: &Frames<'_>,
    ) -> Batches {
        let bytes_of = |index: &usize| records[*index].bytes() as usize;
        let bytes = self.indexes.iter().map(bytes_of).sum();
        let bytes = frames.bytes_max(self.indexes.len(), bytes, self.shards.len());
        let mut framed = BatchesBuilder::with_capacity(bytes, self.shards.len());
        for (place, shard) in self.shards.iter().enumerate() {
            let of_shard = self.indexes(shard).iter();
            let of_shard = of_shard.map(|index| &records[*index].record);
            frames.push(place, of_shard, framed.batch());
            framed.end_batch(stream.log_of(shard.shard.index));
        }
        framed.finish()
    }
}
