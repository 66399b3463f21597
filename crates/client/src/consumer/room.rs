//! Room for what is read ahead of the one who takes it.

use millstream_protocol::types::Record;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes that a record takes beside its data and key, estimated generously.
const RECORD_OVERHEAD_BYTES: usize = 256;
/// What an answer of GetRecords may have: AWS's limit.
const ANSWER_BYTES_MAX: usize = 10 * 1024 * 1024;

/// A budget of bytes, shared by all shards of a consumer.
#[derive(Clone, Debug)]
pub(super) struct Room {
    bytes: Arc<Semaphore>,
    bytes_max: u32,
}

/// A part of the budget, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Taken {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Room {
    pub(super) fn new(bytes_max: usize) -> Self {
        let bytes_max = bytes_max.clamp(1, Semaphore::MAX_PERMITS.min(u32::MAX as usize));
        Self {
            bytes: Arc::new(Semaphore::new(bytes_max)),
            bytes_max: u32::try_from(bytes_max).unwrap_or(u32::MAX),
        }
    }

    /// Room for an answer that is yet to be asked for. One that is larger than the whole budget
    /// takes all of it.
    pub(super) async fn before_an_answer(&self) -> Taken {
        self.take(ANSWER_BYTES_MAX).await
    }

    /// Room for records that are here already.
    pub(super) async fn of(&self, records: &[Record]) -> Taken {
        self.take(bytes(records)).await
    }

    async fn take(&self, bytes: usize) -> Taken {
        let permits = u32::try_from(bytes).unwrap_or(u32::MAX).min(self.bytes_max);
        let permit = Arc::clone(&self.bytes).acquire_many_owned(permits).await;
        // The budget is never closed.
        Taken {
            _permit: permit.ok(),
        }
    }
}

impl Taken {
    /// Gives back what these records do not need.
    pub(super) fn shrink_to(mut self, records: &[Record]) -> Self {
        if let Some(permit) = &mut self._permit {
            let excess = permit.num_permits().saturating_sub(bytes(records));
            drop(permit.split(excess));
        }
        self
    }
}

/// The bytes that records take in memory.
fn bytes(records: &[Record]) -> usize {
    let of = |record: &Record| {
        let key = record.partition_key.as_ref().map_or(0, String::len);
        record.data.len() + key + RECORD_OVERHEAD_BYTES
    };
    records.iter().map(of).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(bytes: usize) -> Record {
        Record {
            data: vec![0; bytes].into(),
            ..Record::default()
        }
    }

    #[tokio::test]
    async fn answer_when_received_then_keeps_only_the_room_that_its_records_need() {
        let room = Room::new(2 * ANSWER_BYTES_MAX);
        let free = || room.bytes.available_permits();
        let whole = free();
        let taken = room.before_an_answer().await;
        assert_eq!(free(), whole - ANSWER_BYTES_MAX);
        let taken = taken.shrink_to(&[record(1000)]);
        assert_eq!(free(), whole - 1000 - RECORD_OVERHEAD_BYTES);
        drop(taken);
        let pushed = room.of(&[record(10), record(20)]).await;
        assert_eq!(free(), whole - 30 - 2 * RECORD_OVERHEAD_BYTES);
        drop(pushed);
        assert_eq!(free(), whole);
    }

    #[tokio::test]
    async fn answer_when_larger_than_all_room_then_takes_all_of_it() {
        let room = Room::new(1);
        let taken = room.before_an_answer().await.shrink_to(&[record(1000)]);
        assert_eq!(room.bytes.available_permits(), 0);
        drop(taken);
        assert_eq!(room.bytes.available_permits(), 1);
    }
}
