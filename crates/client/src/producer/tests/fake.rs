//! A stream in a simulated world: it is resharded, refuses records and falls silent as the world's
//! seed wants, and says what its readers find.

use super::super::service::{ListError, Service};
use crate::Error;
use crate::aggregation::deaggregate_within;
use crate::routing::{HashKey, HashRange};
use millstream_env::{BoxFuture, Clock, Monotonic, Simulation};
use millstream_protocol::RemoteError;
use millstream_protocol::operations::PutRecordsOutput;
use millstream_protocol::types::{
    HashKeyRange, PutRecordsRequestEntry, PutRecordsResultEntry, Record, SequenceNumberRange, Shard,
};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// The longest half of a call.
const HALF_CALL_MAX: Duration = Duration::from_millis(30);
/// Shards are split up to so many.
const OPEN_SHARDS_MAX: usize = 6;

/// How often something happens, of a hundred calls or records.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    pub refused: u64,
    pub unanswered: u64,
    pub unlisted: u64,
    pub resharded: u64,
}

/// A change of shards.
#[derive(Clone, Copy, Debug)]
pub enum Reshard {
    /// The first open shard, in its middle.
    Split,
    /// The first two open shards.
    Merge,
    /// The stream is another one, of one shard.
    CreateAnew,
}

#[derive(Clone)]
pub struct FakeStream {
    world: Simulation,
    clock: Arc<dyn Clock>,
    faults: Faults,
    record_bytes_max: usize,
    state: Arc<Mutex<State>>,
}

struct State {
    shards: Vec<FakeShard>,
    stored: u64,
    /// What happens before the next put.
    reshard: Option<Reshard>,
    /// When each put arrived, and how many records it had.
    puts: Vec<(Monotonic, usize)>,
    /// When each listing began.
    listings: Vec<Monotonic>,
}

struct FakeShard {
    id: String,
    range: HashRange,
    is_open: bool,
    records: Vec<Record>,
}

/// A user record as readers find it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub shard_id: String,
    pub sequence_number: String,
    pub sub: Option<u64>,
    pub partition_key: Option<String>,
    pub data: Vec<u8>,
}

impl FakeStream {
    pub fn new(world: &Simulation, shards: u32, faults: Faults) -> Self {
        let ranges = HashRange::uniform(NonZeroU32::new(shards).unwrap());
        let mut state = State {
            shards: Vec::new(),
            stored: 0,
            reshard: None,
            puts: Vec::new(),
            listings: Vec::new(),
        };
        ranges.into_iter().for_each(|range| state.open(range));
        Self {
            world: world.clone(),
            clock: world.life().clock(),
            faults,
            record_bytes_max: 1 << 20,
            state: Arc::new(Mutex::new(state)),
        }
    }

    pub fn with_record_bytes_max(self, record_bytes_max: usize) -> Self {
        Self {
            record_bytes_max,
            ..self
        }
    }

    pub fn reshard_before_the_next_put(&self, reshard: Reshard) {
        self.lock().reshard = Some(reshard);
    }

    /// What readers of each shard find, parents first.
    pub fn found(&self) -> Vec<Found> {
        let state = self.lock();
        let mut found = Vec::new();
        for shard in &state.shards {
            for record in &shard.records {
                let users = deaggregate_within(record, shard.range);
                found.extend(users.map(|user| Found {
                    shard_id: shard.id.clone(),
                    sequence_number: record.sequence_number.clone(),
                    sub: user.is_aggregated.then_some(user.sub_sequence_number),
                    partition_key: user.partition_key.map(str::to_owned),
                    data: user.data.to_vec(),
                }));
            }
        }
        found
    }

    /// The stored records, as they are.
    pub fn stored(&self) -> Vec<Record> {
        let state = self.lock();
        let records = state.shards.iter().flat_map(|shard| &shard.records);
        records.cloned().collect()
    }

    pub fn puts(&self) -> Vec<(Monotonic, usize)> {
        self.lock().puts.clone()
    }

    pub fn listings(&self) -> Vec<Monotonic> {
        self.lock().listings.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn happens(&self, of_hundred: u64) -> bool {
        self.world.below(100) < of_hundred
    }

    async fn half_a_call(&self) {
        let half = self.world.between(Duration::ZERO, HALF_CALL_MAX);
        self.clock.sleep(half).await;
    }

    fn reshard_perhaps(&self) {
        let mut state = self.lock();
        match state.reshard.take() {
            Some(Reshard::Split) => state.split(0, u64::MAX / 2),
            Some(Reshard::Merge) => state.merge(0),
            Some(Reshard::CreateAnew) => {
                state.shards.clear();
                state.open(HashRange::ALL);
            }
            None if self.happens(self.faults.resharded) => {
                let open = state.open_shards().len();
                let is_split = open == 1 || (open < OPEN_SHARDS_MAX && self.happens(50));
                if is_split {
                    let nth = self.world.below(open as u64) as usize;
                    state.split(nth, self.world.below(u64::MAX));
                } else {
                    let nth = self.world.below(open as u64 - 1) as usize;
                    state.merge(nth);
                }
            }
            None => {}
        }
    }
}

impl State {
    fn open(&mut self, range: HashRange) {
        let id = format!("shardId-{:012}", self.shards.len());
        self.shards.push(FakeShard {
            id,
            range,
            is_open: true,
            records: Vec::new(),
        });
    }

    /// The places of the open shards, by their ranges.
    fn open_shards(&self) -> Vec<usize> {
        let open = (0..self.shards.len()).filter(|at| self.shards[*at].is_open);
        let mut open: Vec<usize> = open.collect();
        open.sort_unstable_by_key(|at| self.shards[*at].range.start);
        open
    }

    /// Splits an open shard after a part of its hash keys, of 2^64.
    fn split(&mut self, nth: usize, part: u64) {
        let nth = self.open_shards()[nth];
        let parent = &mut self.shards[nth];
        let HashRange { start, end } = parent.range;
        let below = (end.0 - start.0) / (1 << 64) * u128::from(part);
        if start == end {
            return;
        }
        parent.is_open = false;
        let middle = HashKey(start.0 + below);
        self.open(HashRange { start, end: middle });
        let start = HashKey(middle.0 + 1);
        self.open(HashRange { start, end });
    }

    /// Merges an open shard with the next.
    fn merge(&mut self, nth: usize) {
        let open = self.open_shards();
        let (low, high) = (open[nth], open[nth + 1]);
        let start = self.shards[low].range.start;
        let end = self.shards[high].range.end;
        self.shards[low].is_open = false;
        self.shards[high].is_open = false;
        self.open(HashRange { start, end });
    }

    fn store(&mut self, entry: PutRecordsRequestEntry) -> PutRecordsResultEntry {
        let explicit = entry.explicit_hash_key.as_deref();
        let explicit = explicit.map(|key| HashKey::parse(key).unwrap());
        let partition_key = entry.partition_key.as_deref().unwrap_or_default();
        let key = explicit.unwrap_or_else(|| HashKey::of_partition_key(partition_key));
        self.stored += 1;
        let sequence_number = self.stored.to_string();
        let owner = self.shards.iter_mut();
        let mut owner = owner.filter(|shard| shard.is_open && shard.range.contains(key));
        let shard = owner.next().unwrap();
        shard.records.push(Record {
            sequence_number: sequence_number.clone(),
            data: entry.data,
            partition_key: entry.partition_key,
            ..Record::default()
        });
        PutRecordsResultEntry {
            sequence_number: Some(sequence_number),
            shard_id: Some(shard.id.clone()),
            ..PutRecordsResultEntry::default()
        }
    }
}

fn refused(name: &str) -> Error {
    Error::Service {
        remote: RemoteError {
            status: 400,
            name: name.to_owned(),
            message: Some("refused".to_owned()),
        },
        request_id: None,
        is_after_unknown: false,
    }
}

impl Service for FakeStream {
    fn put_records(
        &self,
        records: Vec<PutRecordsRequestEntry>,
    ) -> BoxFuture<Result<PutRecordsOutput, Error>> {
        let this = self.clone();
        Box::pin(async move {
            this.half_a_call().await;
            let arrived = this.clock.monotonic();
            this.lock().puts.push((arrived, records.len()));
            this.reshard_perhaps();
            let is_large = |entry: &PutRecordsRequestEntry| {
                let key = entry.partition_key.as_ref().map_or(0, String::len);
                entry.data.len() + key > this.record_bytes_max
            };
            if records.iter().any(is_large) {
                return Err(refused("ValidationException"));
            }
            let store = |entry| match this.happens(this.faults.refused) {
                true => PutRecordsResultEntry {
                    error_code: Some("ProvisionedThroughputExceededException".to_owned()),
                    ..PutRecordsResultEntry::default()
                },
                false => this.lock().store(entry),
            };
            let records = records.into_iter().map(store).collect();
            this.half_a_call().await;
            match this.happens(this.faults.unanswered) {
                true => Err(Error::Transport("reset".to_owned())),
                false => Ok(PutRecordsOutput {
                    records,
                    ..PutRecordsOutput::default()
                }),
            }
        })
    }

    fn list_shards(&self) -> BoxFuture<Result<Vec<Shard>, ListError>> {
        let this = self.clone();
        this.lock().listings.push(this.clock.monotonic());
        Box::pin(async move {
            this.half_a_call().await;
            let shards = this.lock().shards.iter().map(listed).collect();
            this.half_a_call().await;
            match this.happens(this.faults.unlisted) {
                true => Err(refused("AccessDeniedException").into()),
                false => Ok(shards),
            }
        })
    }
}

fn listed(shard: &FakeShard) -> Shard {
    Shard {
        shard_id: shard.id.clone(),
        hash_key_range: HashKeyRange {
            starting_hash_key: shard.range.start.to_string(),
            ending_hash_key: shard.range.end.to_string(),
        },
        sequence_number_range: SequenceNumberRange {
            starting_sequence_number: "0".to_owned(),
            ending_sequence_number: (!shard.is_open).then(|| "9".to_owned()),
        },
        ..Shard::default()
    }
}
