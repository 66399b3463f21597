//! The records that are put: their keys, their data, and the stamps in those that are waited for.

use super::schedule::Turn;
use super::workload::Workload;
use millstream_client::Blob;
use millstream_client::types::PutRecordsRequestEntry;
use millstream_env::{Monotonic, Random};
use std::sync::Arc;
use std::time::Duration;

/// Random bytes that all data is cut from, beside the data of one record: nothing that compresses
/// well, and cheap to make.
const POOL_BYTES: usize = 64 * 1024;
/// What chance decides of a record: its key, whether that is the hot one, where its data is cut.
const CHANCE_BYTES: usize = 16;
/// The bytes of a stamp.
pub(super) const STAMP_BYTES: usize = 17;

/// The mark of a run in its records, so that others in the stream are not taken for them.
pub(super) type Mark = [u8; 8];

/// When a record was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    mark: Mark,
    turn: Turn,
}

impl Stamp {
    /// The first bytes of a record.
    fn bytes(self) -> [u8; STAMP_BYTES] {
        let nanos = u64::try_from(self.turn.from.0.as_nanos()).unwrap_or(u64::MAX);
        let mut bytes = [0; STAMP_BYTES];
        bytes[..8].copy_from_slice(&self.mark);
        bytes[8..16].copy_from_slice(&nanos.to_be_bytes());
        bytes[16] = u8::from(self.turn.is_counted);
        bytes
    }

    /// The turn in which a record was put, if it is one of this run.
    pub(super) fn read(data: &[u8], mark: Mark) -> Option<Turn> {
        let (own, rest) = data.split_first_chunk::<8>()?;
        let (nanos, rest) = rest.split_first_chunk::<8>()?;
        let is_counted = *rest.first()? == 1;
        (*own == mark).then(|| Turn {
            from: Monotonic(Duration::from_nanos(u64::from_be_bytes(*nanos))),
            is_counted,
        })
    }
}

/// Makes records. Clones share the random bytes.
#[derive(Clone)]
pub(super) struct Maker {
    random: Arc<dyn Random>,
    pool: Blob,
    record_bytes: usize,
    keys: Option<u32>,
    hot_percent: u8,
    /// The mark of records that are waited for.
    mark: Option<Mark>,
}

impl Maker {
    /// A maker of a load's records.
    pub(super) fn new(workload: &Workload, random: Arc<dyn Random>) -> Self {
        let mut pool = vec![0; workload.record_bytes + POOL_BYTES];
        random.fill(&mut pool);
        let mut mark = Mark::default();
        random.fill(&mut mark);
        Self {
            random,
            pool: pool.into(),
            record_bytes: workload.record_bytes,
            keys: workload.keys,
            hot_percent: workload.hot_percent,
            mark: workload.operation.delivers().then_some(mark),
        }
    }

    /// The mark of records that are waited for.
    pub(super) fn mark(&self) -> Option<Mark> {
        self.mark
    }

    /// So many records, put in this turn.
    pub(super) fn records(&self, count: u32, turn: Turn) -> Vec<PutRecordsRequestEntry> {
        let mut chances = vec![0; count as usize * CHANCE_BYTES];
        self.random.fill(&mut chances);
        let (chances, _) = chances.as_chunks::<CHANCE_BYTES>();
        let record = |chance: &[u8; CHANCE_BYTES]| {
            let chance = u128::from_be_bytes(*chance);
            PutRecordsRequestEntry {
                partition_key: Some(self.key(chance)),
                data: self.data(chance, turn),
                explicit_hash_key: None,
            }
        };
        chances.iter().map(record).collect()
    }

    /// A key: the upper half of the bits decides which, others whether it is the hot one.
    fn key(&self, chance: u128) -> String {
        let (number, hot) = ((chance >> 64) as u64, (chance >> 32) as u32);
        if hot % 100 < u32::from(self.hot_percent) {
            return "hot".to_owned();
        }
        match self.keys {
            Some(keys) => format!("key-{}", number % u64::from(keys)),
            None => format!("{number:016x}"),
        }
    }

    /// Data: the lowest bits decide where it is cut.
    fn data(&self, chance: u128, turn: Turn) -> Blob {
        let at = chance as u32 as usize % (POOL_BYTES + 1);
        let cut = self.pool.slice(at..at + self.record_bytes);
        let Some(mark) = self.mark else {
            return cut;
        };
        let mut data = cut.to_vec();
        data[..STAMP_BYTES].copy_from_slice(&Stamp { mark, turn }.bytes());
        data.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::schedule::Extent;
    use crate::bench::workload::{Http, Operation};
    use millstream_env::SeededRandom;
    use std::collections::BTreeMap;

    fn maker(operation: Operation, keys: Option<u32>, hot_percent: u8) -> Maker {
        let workload = Workload {
            operation,
            record_bytes: 100,
            records: 1,
            in_flight: 1,
            warm_up: Duration::ZERO,
            extent: Extent::Requests(1),
            rate: None,
            keys,
            hot_percent,
            consumers: 1,
            poll_every: Duration::from_secs(1),
            fill: None,
            http: Http::Http1,
            connections: 1,
        };
        Maker::new(&workload, Arc::new(SeededRandom::new(7)))
    }

    const TURN: Turn = Turn {
        from: Monotonic(Duration::from_millis(5)),
        is_counted: true,
    };

    /// How many of many records have which key.
    fn keys(maker: &Maker) -> BTreeMap<String, u32> {
        let mut keys = BTreeMap::new();
        for record in maker.records(10_000, TURN) {
            assert_eq!(record.data.len(), 100);
            *keys.entry(record.partition_key.unwrap()).or_default() += 1;
        }
        keys
    }

    #[test]
    fn keys_when_they_are_few_or_one_is_hot_then_records_are_spread_so() {
        assert!(keys(&maker(Operation::PutRecords, None, 0)).len() > 9_990);
        let even = keys(&maker(Operation::PutRecords, Some(4), 0));
        assert_eq!(even.len(), 4);
        assert!(even.values().all(|count| (2_300..2_700).contains(count)));
        let hot = keys(&maker(Operation::PutRecords, Some(4), 80));
        assert_eq!(hot.len(), 5);
        assert!((7_800..8_200).contains(&hot["hot"]), "{hot:?}");
    }

    #[test]
    fn record_when_it_is_waited_for_then_says_when_it_was_put_in_which_run() {
        let maker = maker(Operation::EndToEnd, None, 0);
        let record = maker.records(1, TURN).remove(0);
        let mark = maker.mark().unwrap();
        assert_eq!(Stamp::read(&record.data, mark), Some(TURN));
        assert_eq!(Stamp::read(&record.data, [0; 8]), None);
        assert_eq!(Stamp::read(&record.data[..16], mark), None);
    }
}
