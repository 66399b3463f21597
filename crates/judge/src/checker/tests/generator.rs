//! Generates good histories: a correct in-memory stream with many concurrent clients.
//!
//! Every call takes effect at one instant of a simulated clock, between its start and its end;
//! writes of unknown outcome may take effect long after, or never. The stream is split and merged
//! meanwhile.

use crate::{
    Event, HashKey, HashKeyRange, History, Lineage, List, ListedShard, Open, Outcome, Put, Read,
    RecordId, Reshard, ReshardOutcome, Seen, SequenceNumber, ShardId, Span, Start,
};
use fastrand::Rng;
use std::collections::{BTreeMap, BTreeSet};

/// The consumer that reads everything at the end.
pub(super) const FINAL_CONSUMER: u32 = 999;

/// How large a history shall be.
pub(super) struct Size {
    pub(super) producers: u32,
    pub(super) ops_each: u64,
    pub(super) pollers: u32,
    pub(super) shards_max: usize,
}

/// A history of that size. The same seed gives the same.
pub(super) fn generate(seed: u64, size: &Size) -> History {
    let mut world = World::new(seed, size);
    while let Some(((now, _), task)) = world.tasks.pop_first() {
        world.run(now, task);
    }
    world.read_everything();
    world.rng.shuffle(&mut world.events);
    History {
        events: world.events,
    }
}

enum Task {
    Produce {
        client: u32,
        started: u64,
    },
    ApplyLate {
        entries: Vec<(RecordId, Option<HashKey>)>,
    },
    Poll {
        consumer: u32,
        started: u64,
    },
    List {
        started: u64,
    },
    Reshard {
        started: u64,
    },
}

struct Shard {
    listed: ListedShard,
    creation: u64,
    records: Vec<Seen>,
}

#[derive(Default)]
struct Producer {
    ops: u64,
    requests: u64,
    again: BTreeMap<u64, u32>,
}

struct Reader {
    session: u64,
    shard: usize,
    position: usize,
}

#[derive(Default)]
struct Poller {
    readers: BTreeMap<usize, Reader>,
    drained: BTreeSet<usize>,
    /// How far each shard was read, for resuming.
    passed: BTreeMap<usize, usize>,
}

struct World {
    rng: Rng,
    tasks: BTreeMap<(u64, u64), Task>,
    made: u64,
    events: Vec<Event>,
    shards: Vec<Shard>,
    shards_max: usize,
    ops_each: u64,
    producing: u32,
    producers: Vec<Producer>,
    pollers: Vec<Poller>,
    end: u64,
}

fn number(creation: u64, counter: u64, arrival: u64, shard: usize) -> SequenceNumber {
    let shard = shard * 100;
    format!("4959{creation:012}{counter:020}{arrival:012}{shard:08}")
        .parse()
        .unwrap()
}

impl World {
    fn new(seed: u64, size: &Size) -> Self {
        let mut world = Self {
            rng: Rng::with_seed(seed),
            tasks: BTreeMap::new(),
            made: 0,
            events: Vec::new(),
            shards: Vec::new(),
            shards_max: size.shards_max,
            ops_each: size.ops_each,
            producing: size.producers,
            producers: (0..size.producers).map(|_| Producer::default()).collect(),
            pollers: (0..size.pollers).map(|_| Poller::default()).collect(),
            end: 0,
        };
        world.make_first_shards();
        (0..size.producers)
            .for_each(|client| world.later(|started| Task::Produce { client, started }));
        (0..size.pollers)
            .for_each(|consumer| world.later(|started| Task::Poll { consumer, started }));
        world.later(|started| Task::List { started });
        world.later(|started| Task::Reshard { started });
        world
    }

    fn make_first_shards(&mut self) {
        let count = self.rng.u128(1..=4);
        let width = u128::MAX / count;
        for index in 0..count {
            let last = if index + 1 == count {
                u128::MAX
            } else {
                width * (index + 1) - 1
            };
            self.make_shard(
                1,
                vec![],
                HashKeyRange {
                    first: HashKey(width * index),
                    last: HashKey(last),
                },
            );
        }
    }

    fn make_shard(&mut self, creation: u64, parents: Vec<ShardId>, range: HashKeyRange) {
        let index = self.shards.len();
        let shard = ShardId(u32::try_from(index).unwrap());
        let first = number(creation, 0, creation, index);
        let listed = ListedShard {
            shard,
            parents,
            range,
            first,
            last: None,
        };
        self.shards.push(Shard {
            listed,
            creation,
            records: Vec::new(),
        });
    }

    /// Plans a call that begins a little after everything its caller did before.
    fn later(&mut self, task: impl FnOnce(u64) -> Task) {
        self.plan(0, task);
    }

    fn plan(&mut self, after: u64, task: impl FnOnce(u64) -> Task) {
        let started = after + self.rng.u64(0..30);
        let effect = started + self.rng.u64(0..40);
        self.made += 1;
        self.tasks.insert((effect, self.made), task(started));
    }

    /// When the call ends that takes effect now.
    fn span(&mut self, started: u64, now: u64) -> Span {
        let finished = now + self.rng.u64(0..40);
        self.end = self.end.max(finished);
        Span { started, finished }
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.rng.u32(0..100) < percent
    }

    fn run(&mut self, now: u64, task: Task) {
        self.end = self.end.max(now);
        match task {
            Task::Produce { client, started } => self.produce(client, started, now),
            Task::ApplyLate { entries } => {
                self.apply(&entries, now);
            }
            Task::Poll { consumer, started } => self.poll(consumer, started, now),
            Task::List { started } => {
                let span = self.span(started, now);
                self.list(span);
                if self.producing > 0 {
                    self.plan(span.finished + 50, |started| Task::List { started });
                }
            }
            Task::Reshard { started } => {
                let span = self.span(started, now);
                self.reshard(span, now);
                if self.producing > 0 && self.shards.len() < self.shards_max {
                    self.plan(span.finished + 100, |started| Task::Reshard { started });
                }
            }
        }
    }

    fn produce(&mut self, client: u32, started: u64, now: u64) {
        let span = self.span(started, now);
        let entries = self.next_entries(client);
        let request = self.producers[client as usize].requests;
        self.producers[client as usize].requests += 1;
        let outcomes = self.send(&entries, now);
        for ((record, hash_key), outcome) in entries.into_iter().zip(outcomes) {
            if !matches!(outcome, Outcome::Acked { .. }) && self.rng.bool() {
                let again = &mut self.producers[client as usize].again;
                again.insert(record.op, record.attempt + 1);
            }
            self.events.push(Event::Put(Put {
                span,
                record,
                request,
                hash_key,
                outcome,
            }));
        }
        if self.producers[client as usize].ops < self.ops_each {
            self.plan(span.finished, |started| Task::Produce { client, started });
        } else {
            self.producing -= 1;
        }
    }

    fn next_entries(&mut self, client: u32) -> Vec<(RecordId, Option<HashKey>)> {
        let producer = &mut self.producers[client as usize];
        let mut ops: Vec<_> = std::mem::take(&mut producer.again).into_iter().collect();
        for _ in 0..self.rng.u32(1..=4) {
            ops.push((producer.ops, 0));
            producer.ops += 1;
        }
        let record = |(op, attempt)| RecordId {
            client,
            op,
            attempt,
        };
        // The service may distribute the records of a call.
        let is_distributed = self.chance(20);
        ops.into_iter()
            .map(|op| {
                let key = HashKey(self.rng.u128(..));
                (record(op), (!is_distributed).then_some(key))
            })
            .collect()
    }

    fn send(&mut self, entries: &[(RecordId, Option<HashKey>)], now: u64) -> Vec<Outcome> {
        match self.rng.u32(0..100) {
            0..6 => vec![Outcome::DefinitelyFailed; entries.len()],
            6..18 => {
                self.send_without_answer(entries, now);
                vec![Outcome::Unknown; entries.len()]
            }
            _ => {
                let taken: Vec<_> = entries
                    .iter()
                    .map(|entry| (*entry, self.chance(92)))
                    .collect();
                let answer = |(entry, taken)| match taken {
                    true => self.apply(&[entry], now)[0],
                    false => Outcome::DefinitelyFailed,
                };
                taken.into_iter().map(answer).collect()
            }
        }
    }

    fn send_without_answer(&mut self, entries: &[(RecordId, Option<HashKey>)], now: u64) {
        let entries: Vec<_> = entries
            .iter()
            .copied()
            .filter(|_| self.chance(80))
            .collect();
        match self.rng.u32(0..3) {
            0 => drop(self.apply(&entries, now)),
            1 => {
                let after = now + self.rng.u64(0..300);
                self.plan(after, |_| Task::ApplyLate { entries });
            }
            _ => {}
        }
    }

    fn apply(&mut self, entries: &[(RecordId, Option<HashKey>)], now: u64) -> Vec<Outcome> {
        entries
            .iter()
            .map(|(record, key)| self.append(*record, *key, now))
            .collect()
    }

    fn append(&mut self, record: RecordId, key: Option<HashKey>, now: u64) -> Outcome {
        let key = key.unwrap_or_else(|| HashKey(self.rng.u128(..)));
        let open = |it: &Shard| it.listed.last.is_none() && it.listed.range.contains(key);
        let index = self.shards.iter().position(open).unwrap();
        let shard = &mut self.shards[index];
        let counter = shard.records.len() as u64 + 1;
        let sequence_number = number(shard.creation, counter, now, index);
        shard.records.push(Seen {
            sequence_number,
            record: Some(record),
        });
        Outcome::Acked {
            shard: shard.listed.shard,
            sequence_number,
        }
    }

    fn list(&mut self, span: Span) {
        let shards = self
            .shards
            .iter()
            .map(|shard| shard.listed.clone())
            .collect();
        self.events.push(Event::List(List { span, shards }));
    }

    fn reshard(&mut self, span: Span, now: u64) {
        let mut open: Vec<_> = (0..self.shards.len())
            .filter(|at| self.shards[*at].listed.last.is_none())
            .collect();
        open.sort_by_key(|at| self.shards[*at].listed.range.first);
        let at = self.rng.usize(0..open.len());
        let merges = self.rng.bool() && at + 1 < open.len();
        let parents = if merges {
            vec![open[at], open[at + 1]]
        } else {
            vec![open[at]]
        };
        let (outcome, applied) = match self.rng.u32(0..10) {
            0 => (ReshardOutcome::DefinitelyFailed, false),
            1 => (ReshardOutcome::Unknown, false),
            2 => (ReshardOutcome::Unknown, true),
            _ => (ReshardOutcome::Acked, true),
        };
        if applied {
            self.replace(&parents, now);
        }
        let parents = parents
            .into_iter()
            .map(|at| self.shards[at].listed.shard)
            .collect();
        self.events.push(Event::Reshard(Reshard {
            span,
            parents,
            outcome,
        }));
    }

    fn replace(&mut self, parents: &[usize], now: u64) {
        let range = HashKeyRange {
            first: self.shards[parents[0]].listed.range.first,
            last: self.shards[parents[parents.len() - 1]].listed.range.last,
        };
        let creation = 1 + parents
            .iter()
            .map(|at| self.shards[*at].creation)
            .max()
            .unwrap();
        for &at in parents {
            let shard = &mut self.shards[at];
            shard.listed.last = Some(number(shard.creation, i64::MAX as u64, now, at));
        }
        let ids: Vec<_> = parents
            .iter()
            .map(|at| self.shards[*at].listed.shard)
            .collect();
        if parents.len() == 2 {
            self.make_shard(creation, ids, range);
            return;
        }
        let middle = self.rng.u128(range.first.0 + 1..range.last.0);
        self.make_shard(
            creation,
            ids.clone(),
            HashKeyRange {
                last: HashKey(middle),
                ..range
            },
        );
        self.make_shard(
            creation,
            ids,
            HashKeyRange {
                first: HashKey(middle + 1),
                ..range
            },
        );
    }

    fn poll(&mut self, consumer: u32, started: u64, now: u64) {
        // Takes some time, so that no two reads of a session begin at once: the events are
        // shuffled.
        let span = self.span(started, now.max(started + 1));
        let mut poller = std::mem::take(&mut self.pollers[consumer as usize]);
        if consumer.is_multiple_of(2) {
            self.follow(&mut poller, consumer, span);
        } else {
            self.roam(&mut poller, consumer, span);
        }
        self.pollers[consumer as usize] = poller;
        if self.producing > 0 {
            self.plan(span.finished, |started| Task::Poll { consumer, started });
        }
    }

    /// Reads parents before children, every shard from its begin, going on where it was.
    fn follow(&mut self, poller: &mut Poller, consumer: u32, span: Span) {
        let ready = |at: &usize| {
            let mut parents = self.shards[*at]
                .listed
                .parents
                .iter()
                .map(|it| it.0 as usize);
            !poller.drained.contains(at) && parents.all(|it| poller.drained.contains(&it))
        };
        let ready: Vec<_> = (0..self.shards.len()).filter(ready).collect();
        let at = ready[self.rng.usize(0..ready.len())];
        if self.chance(10) {
            poller.readers.remove(&at);
        }
        if let Some(reader) = poller.readers.get_mut(&at) {
            let ended = self.read(reader, span);
            poller.passed.insert(at, reader.position);
            if ended {
                poller.drained.insert(at);
            }
            return;
        }
        let position = poller.passed.get(&at).copied().unwrap_or(0);
        let start = match position {
            0 => Start::TrimHorizon,
            _ => Start::After(self.shards[at].records[position - 1].sequence_number),
        };
        let reader = self.open(consumer, at, (start, position), span, Lineage::ParentsFirst);
        poller.readers.insert(at, reader);
    }

    /// Reads anywhere.
    fn roam(&mut self, poller: &mut Poller, consumer: u32, span: Span) {
        if self.chance(12) {
            poller.readers.clear();
        }
        if let Some(mut reader) = poller.readers.pop_first() {
            if !self.read(&mut reader.1, span) {
                poller.readers.insert(reader.0, reader.1);
            }
            return;
        }
        let at = self.rng.usize(0..self.shards.len());
        let start = self.draw_start(at);
        let reader = self.open(consumer, at, start, span, Lineage::Any);
        poller.readers.insert(at, reader);
    }

    fn draw_start(&mut self, at: usize) -> (Start, usize) {
        let shard = &self.shards[at];
        let count = shard.records.len();
        let position = self.rng.usize(0..=count);
        match (self.rng.u32(0..5), shard.records.get(position)) {
            (0, _) => (Start::Latest, count),
            (1, _) => (Start::Timestamp, position),
            (2, Some(record)) => (Start::At(record.sequence_number), position),
            (3, Some(record)) => (Start::After(record.sequence_number), position + 1),
            (4, _) => (Start::After(shard.listed.first), 0),
            _ => (Start::TrimHorizon, 0),
        }
    }

    fn open(
        &mut self,
        consumer: u32,
        at: usize,
        (start, position): (Start, usize),
        span: Span,
        lineage: Lineage,
    ) -> Reader {
        self.made += 1;
        let session = self.made;
        let shard = self.shards[at].listed.shard;
        self.events.push(Event::Open(Open {
            span,
            session,
            consumer,
            shard,
            start,
            lineage,
        }));
        Reader {
            session,
            shard: at,
            position,
        }
    }

    /// Reads on; says whether the shard is at its end.
    fn read(&mut self, reader: &mut Reader, span: Span) -> bool {
        let limit = self.rng.usize(1..=10);
        let shard = &self.shards[reader.shard];
        let rest = &shard.records[reader.position..];
        let records = rest[..limit.min(rest.len())].to_vec();
        reader.position += records.len();
        let at_tail = reader.position == shard.records.len();
        let shard_end = shard.listed.last.is_some() && at_tail && records.is_empty();
        let reached_tail = at_tail && (records.is_empty() || self.rng.bool());
        let session = reader.session;
        self.events.push(Event::Read(Read {
            span,
            session,
            records,
            reached_tail,
            shard_end,
        }));
        shard_end
    }

    fn read_everything(&mut self) {
        let mut now = self.end + 1;
        self.list(Span {
            started: now,
            finished: now,
        });
        for at in 0..self.shards.len() {
            let start = (Start::TrimHorizon, 0);
            let span = Span {
                started: now,
                finished: now,
            };
            let mut reader = self.open(FINAL_CONSUMER, at, start, span, Lineage::Any);
            while reader.position < self.shards[at].records.len() {
                now += 1;
                self.read(
                    &mut reader,
                    Span {
                        started: now,
                        finished: now,
                    },
                );
            }
            now += 1;
            self.read(
                &mut reader,
                Span {
                    started: now,
                    finished: now,
                },
            );
        }
    }
}
