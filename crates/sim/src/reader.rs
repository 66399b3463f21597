//! Reads: sessions that outlive the server, random pollers, and followers of a whole stream.

use super::chronicle::Chronicle;
use super::client::Client;
use super::node::NodeNumber;
use super::server::Server;
use millstream_judge::{Event, Lineage, ListedShard, Open, Read, Seen, Start};
use millstream_judge::{ParseError, ShardId};
use millstream_protocol::ErrorCode;
use millstream_protocol::operations::{
    self, GetRecordsInput, GetRecordsOutput, GetShardIteratorInput,
};
use millstream_protocol::types::ShardIteratorType;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Lifetime of an iterator.
const ITERATOR_LIFE: Duration = Duration::from_secs(300);
/// Iterators that a poller has in hand at most.
const SESSIONS_MAX: usize = 4;
/// Reads of every shard, one after the other, around a fault.
const ALARMED_ROUNDS: usize = 2;
/// Rounds of a drain, after which there is no end in sight.
const ROUNDS_MAX: usize = 10_000;

/// An iterator in hand. It stays there while the server is dead: it has to be good for the next
/// life.
pub(super) struct Session {
    id: u64,
    iterator: String,
    issued: u64,
}

/// What a read came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// Records, or none though there may be some.
    On,
    /// No records, and there are none.
    Tail,
    /// The end of a closed shard.
    End,
    /// No response; the iterator is still valid.
    Failed,
    /// The iterator has become useless.
    Lost,
}

impl Session {
    pub(super) async fn open(
        client: &mut Client,
        server: &Server,
        stream: &Chronicle,
        consumer: u32,
        (shard, start, lineage): (ShardId, Start, Lineage),
    ) -> Option<Self> {
        let (shard_iterator_type, number) = match start {
            Start::TrimHorizon => (ShardIteratorType::TrimHorizon, None),
            Start::At(number) => (ShardIteratorType::AtSequenceNumber, Some(number)),
            Start::After(number) => (ShardIteratorType::AfterSequenceNumber, Some(number)),
            Start::Latest | Start::Timestamp => (ShardIteratorType::Latest, None),
        };
        let input = GetShardIteratorInput {
            stream_name: Some(stream.name.clone()),
            shard_id: shard.to_string(),
            shard_iterator_type,
            starting_sequence_number: number.map(|number| number.to_string()),
            timestamp: None,
            stream_arn: None,
            stream_id: None,
            dry_run: None,
        };
        let call = client.call::<operations::GetShardIterator>(server, &input);
        let (span, answer) = call.await;
        let output = answer.inspect_err(|failure| {
            let doing = format!("an iterator {start:?} of {shard}");
            let expected: &[ErrorCode] = match client.machine.plan.may_create_again() {
                true => &[ErrorCode::ResourceNotFoundException],
                false => &[],
            };
            client.complain_unless(&doing, failure, expected);
        });
        let iterator = output.ok()?.shard_iterator?;
        let id = stream.number();
        stream.record(Event::Open(Open {
            span,
            session: id,
            consumer,
            shard,
            start,
            lineage,
        }));
        Some(Self {
            id,
            iterator,
            issued: span.started,
        })
    }

    pub(super) async fn read(
        &mut self,
        client: &mut Client,
        server: &Server,
        stream: &Chronicle,
    ) -> Progress {
        let limit = client.rng.bool().then(|| client.rng.i32(1..100));
        let input = GetRecordsInput {
            shard_iterator: self.iterator.clone(),
            limit,
            ..GetRecordsInput::default()
        };
        let call = client.call::<operations::GetRecords>(server, &input);
        let (span, answer) = call.await;
        let output = match answer {
            Ok(output) => output,
            Err(failure) => {
                let age = Duration::from_nanos(span.finished - self.issued);
                let expected = self.expected(client, age);
                client.complain_unless(&format!("an iterator of {age:?}"), &failure, expected);
                let is_lost = failure.is_refusal() && !is_limit(failure.code());
                return if is_lost {
                    Progress::Lost
                } else {
                    Progress::Failed
                };
            }
        };
        let records = match seen(&output) {
            Ok(records) => records,
            Err(error) => {
                client.machine.complain(format!("a record: {error}"));
                return Progress::Lost;
            }
        };
        let says_tail = records.is_empty() && output.millis_behind_latest == Some(0);
        let read = Read {
            span,
            session: self.id,
            reached_tail: says_tail && client.machine.plan.reads_show_the_tail(),
            shard_end: output.next_shard_iterator.is_none(),
            records,
        };
        let progress = match (read.shard_end, says_tail) {
            (true, _) => Progress::End,
            (false, true) => Progress::Tail,
            (false, false) => Progress::On,
        };
        stream.record(Event::Read(read));
        if let Some(next) = output.next_shard_iterator {
            (self.iterator, self.issued) = (next, span.started);
        }
        progress
    }

    /// An iterator's age is told by the wall clock.
    fn expected(&self, client: &Client, age: Duration) -> &'static [ErrorCode] {
        if age >= ITERATOR_LIFE || client.machine.plan.has_clock_jumps() {
            &[ErrorCode::ExpiredIteratorException]
        } else {
            &[]
        }
    }
}

fn is_limit(code: Option<ErrorCode>) -> bool {
    code == Some(ErrorCode::ProvisionedThroughputExceededException)
        || code == Some(ErrorCode::LimitExceededException)
}

fn seen(output: &GetRecordsOutput) -> Result<Vec<Seen>, ParseError> {
    let records = output.records.iter();
    let seen = records.map(|record| {
        let key = record.partition_key.as_deref();
        Seen::identify(&record.sequence_number, key, &record.data)
    });
    seen.collect()
}

/// Reads any shard from any place, until the work is over.
pub(super) async fn poll(mut client: Client, streams: Vec<Arc<Chronicle>>, consumer: u32) {
    let mut sessions: Vec<(usize, Session)> = Vec::new();
    while let Some(server) = client.server().await {
        let wants_more = sessions.len() < SESSIONS_MAX && client.rng.u8(..) < 30;
        if sessions.is_empty() || wants_more {
            let nth = client.rng.usize(..streams.len());
            if let Some(from) = any_start(&mut client, &streams[nth]) {
                let open = Session::open(&mut client, &server, &streams[nth], consumer, from);
                sessions.extend(open.await.map(|session| (nth, session)));
            }
        } else {
            let at = client.rng.usize(..sessions.len());
            let (nth, session) = &mut sessions[at];
            let progress = session.read(&mut client, &server, &streams[*nth]).await;
            let is_over = match progress {
                Progress::On | Progress::Tail => client.rng.u8(..) < 10,
                Progress::Failed => false,
                Progress::End | Progress::Lost => true,
            };
            if is_over {
                sessions.swap_remove(at);
            }
        }
        client.think().await;
    }
}

pub(super) fn any_start(
    client: &mut Client,
    stream: &Chronicle,
) -> Option<(ShardId, Start, Lineage)> {
    let rng = &mut client.rng;
    let (shard, start) = match rng.u8(..4) {
        0 => (stream.any_shard(rng)?, Start::TrimHorizon),
        1 => (stream.any_shard(rng)?, Start::Latest),
        which => {
            let (shard, number) = stream.any_place(rng)?;
            let start = match which {
                2 => Start::At(number),
                _ => Start::After(number),
            };
            (shard, start)
        }
    };
    Some((shard, start, Lineage::Any))
}

/// Reads a whole stream, parents before children.
pub(super) struct Follower {
    client: Client,
    stream: Arc<Chronicle>,
    consumer: u32,
    shards: BTreeMap<ShardId, Shard>,
}

struct Shard {
    parents: Vec<ShardId>,
    stage: Stage,
    /// How many of its last reads came to the tail, by node. Where reads lag, a node's second one
    /// sees what there was at its first.
    tails: BTreeMap<NodeNumber, u32>,
}

enum Stage {
    Waiting,
    Reading(Session),
    Drained,
}

impl Follower {
    pub(super) fn new(client: Client, stream: Arc<Chronicle>, consumer: u32) -> Self {
        Self {
            client,
            stream,
            consumer,
            shards: BTreeMap::new(),
        }
    }

    /// Follows the stream until the work is over; looks most closely when a fault strikes.
    pub(super) async fn run(mut self) {
        while let Some(server) = self.client.server().await {
            self.look(&server).await;
            self.round(&server).await;
            if self.client.think_or_be_alarmed().await {
                for _ in 0..ALARMED_ROUNDS {
                    self.round(&server).await;
                }
            }
        }
    }

    /// Reads all there is, through any number of the server's lives; `false` if that has no end.
    pub(super) async fn drain(mut self) -> bool {
        let mut is_listed = false;
        for _ in 0..ROUNDS_MAX {
            let Some(server) = self.client.server().await else {
                return false;
            };
            is_listed = is_listed || self.look(&server).await;
            let failed = self.round(&server).await;
            if is_listed && self.is_through() {
                return true;
            }
            if failed > 0 {
                self.client.pause().await;
            }
        }
        false
    }

    async fn look(&mut self, server: &Server) -> bool {
        let Some(shards) = self.client.list(server, &self.stream).await else {
            return false;
        };
        for ListedShard { shard, parents, .. } in shards {
            self.shards.entry(shard).or_insert(Shard {
                parents,
                stage: Stage::Waiting,
                tails: BTreeMap::new(),
            });
        }
        true
    }

    /// All shards are at their tails, or were read to their ends.
    fn is_through(&self) -> bool {
        let looks = match self.client.machine.plan.reads_show_the_tail() {
            true => 1,
            false => 2,
        };
        let is_through = |shard: &Shard| match shard.stage {
            Stage::Waiting => false,
            Stage::Reading(_) => shard.tails.values().any(|tails| *tails >= looks),
            Stage::Drained => true,
        };
        self.shards.values().all(is_through)
    }

    fn is_blocked(&self, id: ShardId) -> bool {
        let is_open = |parent: &ShardId| {
            let parent = self.shards.get(parent);
            parent.is_some_and(|parent| !matches!(parent.stage, Stage::Drained))
        };
        self.shards[&id].parents.iter().any(is_open)
    }

    /// One read of every shard whose turn it is; answers how many failed.
    async fn round(&mut self, server: &Server) -> usize {
        let mut failed = 0;
        let ids: Vec<ShardId> = self.shards.keys().copied().collect();
        for id in ids {
            if self.is_blocked(id) {
                continue;
            }
            match self.step(server, id).await {
                Some(Progress::Failed | Progress::Lost) => failed += 1,
                Some(Progress::On | Progress::Tail | Progress::End) | None => {}
            }
        }
        failed
    }

    /// One read of a shard; `None` if it was read to its end before.
    async fn step(&mut self, server: &Server, id: ShardId) -> Option<Progress> {
        let (client, stream) = (&mut self.client, &self.stream);
        let shard = self.shards.get_mut(&id)?;
        if matches!(shard.stage, Stage::Waiting) {
            let from = (id, Start::TrimHorizon, Lineage::ParentsFirst);
            match Session::open(client, server, stream, self.consumer, from).await {
                Some(session) => shard.stage = Stage::Reading(session),
                None => return Some(Progress::Failed),
            }
        }
        let Stage::Reading(session) = &mut shard.stage else {
            return None;
        };
        let progress = session.read(client, server, stream).await;
        match progress {
            Progress::On => shard.tails.clear(),
            Progress::Tail => *shard.tails.entry(server.node).or_default() += 1,
            Progress::End => shard.stage = Stage::Drained,
            Progress::Lost => shard.stage = Stage::Waiting,
            Progress::Failed => {}
        }
        Some(progress)
    }
}
