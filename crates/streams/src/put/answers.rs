//! What a store's answers say of an attempt's records.
//!
//! There is nothing to wait for here: in what an `await` keeps, each answer would be laid down and
//! taken up again, which a processor does slowly. What a refusal means is found out afterwards.

use super::outcome::{Placed, PutResult};
use super::record::RecordToPut;
use super::routing::{Routed, ShardRecords};
use crate::runtime::Incomings;
use millstream_store::{AppendError, Appended, Offset};

/// A store's answers, taken apart.
pub(super) struct Answers<'r> {
    /// What was put into each shard, by rising index.
    pub(super) put: Vec<(u32, Incomings)>,
    /// Whose batches were refused. The results of their records stand as they did.
    pub(super) refused: Vec<(&'r ShardRecords, AppendError)>,
}

impl<'r> Answers<'r> {
    /// Notes in `results` where records were put.
    pub(super) fn note(
        routed: &'r Routed,
        answers: &[Result<Appended, AppendError>],
        records: &[RecordToPut<'_>],
        results: &mut [PutResult],
    ) -> Self {
        let mut noted = Self {
            put: Vec::with_capacity(routed.shards().len()),
            refused: Vec::new(),
        };
        for (shard, answer) in routed.shards().iter().zip(answers) {
            match answer {
                Ok(appended) => {
                    let indexes = routed.indexes(shard);
                    let bytes = acknowledge(shard, *appended, indexes, records, results);
                    let records = indexes.len() as u64;
                    let incomings = Incomings { records, bytes };
                    noted.put.push((shard.shard.index, incomings));
                }
                Err(error) => noted.refused.push((shard, error.clone())),
            }
        }
        noted
    }
}

/// Notes where a shard's records are; returns their bytes.
fn acknowledge(
    of: &ShardRecords,
    appended: Appended,
    indexes: &[usize],
    records: &[RecordToPut<'_>],
    results: &mut [PutResult],
) -> u64 {
    let mut bytes = 0;
    for (index, offset) in indexes.iter().zip(appended.first.0..) {
        let offset = Offset(offset);
        results[*index] = Ok(Placed::at(&of.shard, offset, appended.arrival));
        bytes += records[*index].bytes();
    }
    bytes
}
