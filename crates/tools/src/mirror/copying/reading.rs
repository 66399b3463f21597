//! What was read of the source, until its copies wait for their turns.

use super::Run;
use crate::following::refuse;
use crate::origin::Origin;
use millstream_client::consumer::{Batch, ConsumerError};
use millstream_client::routing::HashRange;
use millstream_client::types::Record;
use std::sync::Arc;
use std::time::Duration;

/// Bytes of a record beside its data and key while it is on its way.
const RECORD_OVERHEAD_BYTES: usize = 1024;
/// Bytes of a partition key of an aggregated record while its order is kept.
const KEY_OVERHEAD_BYTES: usize = 128;

/// Records of a shard that are being taken.
pub(super) struct Reading {
    shard_id: Arc<str>,
    range: HashRange,
    records: std::vec::IntoIter<Record>,
    is_last: bool,
}

impl Run<'_> {
    /// Begins with what was read.
    pub(super) fn read(&mut self, read: Result<Option<Batch>, ConsumerError>) {
        let batch = match read {
            Ok(Some(batch)) => batch,
            Ok(None) => return self.drain(),
            Err(error) => return self.end(refuse(error)),
        };
        let range = batch.hash_range().unwrap_or(HashRange::ALL);
        let behind = batch.millis_behind_latest;
        match batch.is_last {
            true => self.behind.remove(&batch.shard_id),
            false => self.behind.insert(batch.shard_id.clone(), behind),
        };
        let slowest = self.behind.values().max().copied().unwrap_or_default();
        let slowest = Duration::from_secs(u64::try_from(slowest / 1000).unwrap_or_default());
        let behind = humantime::format_duration(slowest);
        self.progress.note(format!("{behind} behind"));
        self.reading = Some(Reading {
            shard_id: batch.shard_id.as_str().into(),
            range,
            records: batch.records.into_iter(),
            is_last: batch.is_last,
        });
        self.end_reading_if_empty();
    }

    /// Takes the next record of what was read.
    pub(super) fn take(&mut self) {
        let Some(reading) = &mut self.reading else {
            return;
        };
        if let Some(record) = reading.records.next() {
            let origin = Origin {
                placing: self.of.placing,
                range: reading.range,
            };
            let shard_id = Arc::clone(&reading.shard_id);
            let copies = self.of.targets.copies(&record, origin);
            self.tally.parted += u64::from(copies.len() > 1);
            let keys: usize = copies.iter().map(|copy| copy.keys.len()).sum();
            let key_bytes = record.partition_key.as_ref().map_or(0, String::len);
            let data_bytes = record.data.len();
            let bytes = data_bytes
                + key_bytes
                + RECORD_OVERHEAD_BYTES * copies.len()
                + KEY_OVERHEAD_BYTES * keys;
            self.bytes_ahead += bytes;
            let place = self
                .reached
                .add(&shard_id, record.sequence_number, copies.len(), bytes);
            for mut copy in copies {
                let keys = std::mem::take(&mut copy.keys);
                let item = (copy, place.clone(), data_bytes as u64);
                self.turns.add(keys, item);
            }
        }
        self.end_reading_if_empty();
    }

    fn end_reading_if_empty(&mut self) {
        let is_empty = |reading: &mut Reading| reading.records.len() == 0;
        if let Some(ended) = self.reading.take_if(is_empty)
            && ended.is_last
        {
            self.reached.read_to_end(&ended.shard_id);
            self.unsaved += 1;
        }
    }
}
