//! One subscription: where it stands, and the next event to push.

use super::Fanout;
use super::blocks::{Asker, Block, Found};
use super::event::{Event, RecordEncoder};
use super::room::{Lease, Owner, Standing, Ticket};
use super::seat::TakenSeat;
use crate::admission::Waits;
use crate::catalog::{Consumer, Shard, State, Stream, StreamLabel};
use crate::facts::{
    AnyFact, ConsumerError, ReadFailure, ShardError, ShardReadError, StreamError, SubscriptionError,
};
use crate::log_reader::OwnedLog;
use crate::runtime::{ShardRuntime, StreamRuntime};
use crate::settings::Limits;
use crate::views;
use millstream_env::{Causes, Monotonic, RequestContext, Timestamp};
use millstream_memory::Share;
use millstream_model::{ConsumerArn, SequenceNumber, ShardId, limits};
use millstream_protocol::event_stream::EncodedRecords;
use millstream_store::{Offset, ReadLimit};
use std::error::Error as _;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

/// How long a subscription lasts.
const LASTS: Duration = Duration::from_secs(limits::SUBSCRIPTION_SECONDS);
/// Maximum silence: some clients give up after ten seconds, and AWS sends an event every five.
const SILENCE_MAX: Duration = Duration::from_secs(4);

/// A subscriber that takes an event with a lease within this time is draining.
const DRAINS_WITHIN: Duration = Duration::from_secs(2);

/// How long a subscription leaves the disk to others when there was no permit or memory.
const BUSY_PAUSE: Duration = Duration::from_millis(100);

/// A shard's records from a position on, as events for one consumer.
///
/// [`Subscription::next`] reads when it is asked and not before: who does not ask holds nothing. It
/// is to be asked when the event before has been written to the client, so that it is known who
/// drains. Where it stands is in each event, so that whoever loses it can resume.
pub struct Subscription {
    fanout: Arc<Fanout>,
    subscribed: Subscribed,
    seat: TakenSeat,
    of_stream: Arc<StreamRuntime>,
    of_shard: Arc<ShardRuntime>,
    /// The next offset to read.
    position: Offset,
    /// The last number passed: where to resume.
    passed: SequenceNumber,
    ends: Monotonic,
    last_event: Option<Monotonic>,
    owner: Owner,
    standing: Standing,
    /// When the last event with a lease was pushed, until the next one is asked for.
    pushed_block: Option<Monotonic>,
    /// A position in the queue for memory; kept while other events are pushed.
    ticket: Option<Ticket>,
    stage: Stage,
    /// Its place among all subscriptions.
    _place: Share,
}

/// What was subscribed to, and how its end is described.
struct Subscribed {
    stream: u64,
    shard: u32,
    consumer: Consumer,
    label: StreamLabel,
    arn: ConsumerArn,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nothing was pushed yet.
    New,
    /// Events are being pushed.
    Running,
    /// The last event was pushed.
    Over,
}

/// What to do next.
enum Step {
    /// An event, after which it goes on.
    Event(Event),
    /// The last event.
    Last(Event),
    /// The end, without an event.
    End,
    /// Nothing yet.
    Wait(Wait),
}

/// What to wait for, besides an end or a change of the stream.
enum Wait {
    /// The shard's tail.
    Tail(millstream_store::LogId),
    /// The byte rate limit, for this long.
    Budget(Duration),
    /// Memory for a block.
    Room,
    /// Nothing else: the shard's log has ended, and the catalog does not have the children yet.
    Children,
}

/// The parameters of a new subscription.
pub(crate) struct Begin<'a> {
    pub(crate) stream: &'a Stream,
    pub(crate) shard: &'a Shard,
    pub(crate) consumer: Consumer,
    pub(crate) seat: TakenSeat,
    pub(crate) place: Share,
    pub(crate) position: Offset,
}

impl Subscribed {
    fn new(stream: &Stream, shard: &Shard, consumer: Consumer) -> Self {
        Self {
            stream: stream.id,
            shard: shard.index,
            label: stream.label(),
            arn: stream.consumer_arn(&consumer),
            consumer,
        }
    }

    /// The stream, unless it or the consumer is gone or being deleted.
    fn find(&self, state: &State) -> Result<Arc<Stream>, SubscriptionError> {
        let stream = state.stream_by_id(self.stream);
        let stream = stream.filter(|stream| stream.deletion.is_none());
        let stream = stream.ok_or_else(|| StreamError::gone(&self.label))?;
        let is_own =
            |found: &Consumer| found.arn_s == self.consumer.arn_s && found.gone_ms.is_none();
        if stream.consumer(&self.consumer.name).is_some_and(is_own) {
            Ok(Arc::clone(stream))
        } else {
            let (arn, account) = (self.arn.to_string(), self.label.account.clone());
            Err(ConsumerError::ArnNotFound { arn, account }.into())
        }
    }

    fn shard_gone(&self) -> ShardError {
        ShardError::NotFound {
            shard: ShardId::new(self.shard),
            stream: self.label.clone(),
        }
    }

    fn seat_taken(&self) -> ConsumerError {
        ConsumerError::SeatTaken {
            consumer: self.consumer.name.clone(),
            shard: ShardId::new(self.shard),
            stream: self.label.clone(),
        }
    }
}

impl Subscription {
    pub(crate) fn new(fanout: Arc<Fanout>, begin: Begin<'_>) -> Self {
        let Begin {
            stream,
            shard,
            consumer,
            seat,
            place,
            position,
        } = begin;
        let of_stream = fanout.runtimes.stream(stream.id);
        let subscribed = Subscribed::new(stream, shard, consumer);
        // It may last for minutes, and must not keep the stream's current state alive.
        RequestContext::note_resource(&Arc::new(subscribed.arn.clone()));
        Self {
            subscribed,
            seat,
            of_shard: of_stream.shard(shard.index),
            of_stream,
            position,
            passed: shard.number_before(position),
            ends: Monotonic(fanout.clock.monotonic().0 + LASTS),
            last_event: None,
            owner: Owner::of(stream),
            standing: Standing::New,
            pushed_block: None,
            ticket: None,
            stage: Stage::New,
            _place: place,
            fanout,
        }
    }

    /// The id of the stream.
    pub fn stream(&self) -> u64 {
        self.subscribed.stream
    }

    /// The next event, with records as `encoder` makes them; `None` when the subscription has come
    /// to its end. Cancel safe: nothing is passed that was not returned.
    pub async fn next(&mut self, encoder: &dyn RecordEncoder) -> Option<Event> {
        match self.stage {
            Stage::New => {
                self.stage = Stage::Running;
                return Some(Event::Begun);
            }
            Stage::Running => (),
            Stage::Over => return None,
        }
        self.note_taken();
        loop {
            let state = self.fanout.streams.state().clone();
            let step = self.step(&state, encoder).await;
            let step = step.unwrap_or_else(|error| {
                // A deleted stream cannot be read, for that reason and no other.
                let gone = self.subscribed.find(&self.fanout.streams.state()).err();
                Step::Last(self.failed(gone.unwrap_or(error).into()))
            });
            match step {
                Step::Event(event) => return Some(event),
                Step::Last(event) => {
                    self.stage = Stage::Over;
                    return Some(event);
                }
                Step::End => {
                    self.stage = Stage::Over;
                    return None;
                }
                Step::Wait(wait) => self.wait(&state, wait).await,
            }
        }
    }

    /// The last event has been taken, since the next is asked for.
    fn note_taken(&mut self) {
        if let Some(pushed) = self.pushed_block.take() {
            let took = self.fanout.clock.monotonic().since(pushed);
            self.standing = if took <= DRAINS_WITHIN {
                Standing::Draining
            } else {
                Standing::New
            };
        }
    }

    /// Finds what to do next, by all that may have changed.
    async fn step(
        &mut self,
        state: &State,
        encoder: &dyn RecordEncoder,
    ) -> Result<Step, SubscriptionError> {
        let now = self.fanout.clock.monotonic();
        if now >= self.ends || *self.fanout.end.borrow() {
            return Ok(Step::End);
        }
        let stream = self.subscribed.find(state)?;
        if self.seat.is_lost() {
            return Err(self.subscribed.seat_taken().into());
        }
        let shard = stream.shards.get(self.subscribed.shard);
        let shard = shard.ok_or_else(|| self.subscribed.shard_gone())?;
        let wait = match self.pause(now) {
            Some(pause) => Wait::Budget(pause),
            None => match self.find_next(&stream, shard, encoder).await? {
                Some(Found::Block(block)) => return self.push(&stream, shard, &block).await,
                Some(Found::Over) => return Ok(Step::Last(self.end(&stream, shard))),
                Some(Found::Nothing(next)) => self.skip_to(&stream, shard, next)?,
                Some(Found::Busy) => Wait::Budget(BUSY_PAUSE),
                Some(Found::NoRoom(kib)) => {
                    let blocks = &self.fanout.blocks;
                    self.ticket = Some(blocks.wait(&self.owner, self.standing, kib));
                    Wait::Room
                }
                None => Wait::Room,
            },
        };
        // This may have waited for the disk.
        let now = self.fanout.clock.monotonic();
        let is_silent = |last: Monotonic| now.since(last) >= SILENCE_MAX;
        if self.last_event.is_none_or(is_silent) {
            let behind = self.behind(&stream, shard, self.position).await?;
            return Ok(Step::Event(self.event(None, behind)));
        }
        Ok(Step::Wait(wait))
    }

    /// How long nothing may be pushed, if so.
    fn pause(&self, now: Monotonic) -> Option<Duration> {
        match self.fanout.limits {
            Limits::Aws => Some(self.seat.pause(now)).filter(|pause| !pause.is_zero()),
            Limits::Off => None,
        }
    }

    /// What comes next; nothing while it waits for memory, so that nothing is read in vain.
    async fn find_next(
        &mut self,
        stream: &Stream,
        shard: &Shard,
        encoder: &dyn RecordEncoder,
    ) -> Result<Option<Found>, ShardReadError> {
        let mut lease: Option<Lease> = None;
        if let Some(ticket) = &self.ticket {
            lease = ticket.take();
            if lease.is_none() {
                return Ok(None);
            }
            self.ticket = None;
        }
        let asker = Asker {
            owner: self.owner.clone(),
            standing: self.standing,
            lease,
        };
        let found = (self.fanout).next_block(stream, shard, self.position, encoder, asker);
        let found = found.await;
        found
            .map(Some)
            .map_err(|failure| self.fanout.streams.read_failed(stream, failure))
    }

    /// Goes on at an offset without records; answers what is waited for.
    fn skip_to(
        &mut self,
        stream: &Stream,
        shard: &Shard,
        next: Offset,
    ) -> Result<Wait, ShardReadError> {
        if next > self.position {
            self.position = next;
            self.passed = shard.number_before(next);
        }
        let log = stream.log(shard);
        // Local knowledge is enough: the tail that is awaited next knows no more.
        let bounds = self.fanout.store.known_bounds(log);
        let bounds = bounds.map_err(|error| self.fanout.streams.read_failed(stream, error))?;
        let close = bounds.first_control;
        let is_closed = close.is_some_and(|close| next >= close);
        if is_closed && shard.is_open() {
            Ok(Wait::Children)
        } else {
            Ok(Wait::Tail(log))
        }
    }

    /// An event with a block's records.
    async fn push(
        &mut self,
        stream: &Stream,
        shard: &Shard,
        block: &Block,
    ) -> Result<Step, SubscriptionError> {
        let behind = self.behind(stream, shard, block.next).await?;
        let now = self.fanout.clock.monotonic();
        self.seat.take_bytes(block.payload_bytes, now);
        self.position = block.next;
        self.passed = block.last;
        self.pushed_block = block.holds_room().then_some(now);
        let counters = &self.of_stream.counters;
        counters.subscribe_event_bytes.add(block.payload_bytes);
        counters.subscribe_event_records.add(block.count);
        self.of_shard
            .counters
            .outgoing_bytes
            .add(block.payload_bytes);
        self.of_shard.counters.outgoing_records.add(block.count);
        Ok(Step::Event(self.event(Some(block.records.clone()), behind)))
    }

    /// The age of the next unread record; zero at the durable end.
    async fn behind(
        &self,
        stream: &Stream,
        shard: &Shard,
        next: Offset,
    ) -> Result<Duration, ShardReadError> {
        if next >= self.fanout.reads.positions().known_end(stream, shard)? {
            return Ok(Duration::ZERO);
        }
        let one = ReadLimit {
            records: 1,
            bytes: 0,
        };
        let log = OwnedLog::of(stream, shard);
        let read = self.fanout.reads.logs().read_if(log, next, one, Waits::Not);
        let slice = match read.await {
            Ok((slice, _share)) => slice,
            // What comes next arrived no earlier than the last record.
            Err(ReadFailure::Busy) => return Ok(self.behind_at_most()),
            Err(
                failure @ (ReadFailure::Store(_)
                | ReadFailure::UnknownForm(_)
                | ReadFailure::DataKey(_)),
            ) => return Err(self.fanout.streams.read_failed(stream, failure)),
        };
        let arrival = slice.records().next().map(|record| record.arrival);
        let since = |arrival| self.fanout.clock.now().since(arrival);
        Ok(arrival.map_or(Duration::ZERO, since))
    }

    /// The maximum age of whatever follows the last record; never zero, since there is more.
    fn behind_at_most(&self) -> Duration {
        let last = Timestamp(self.passed.arrival_s.saturating_mul(1000));
        let behind = self.fanout.clock.now().since(last);
        behind.max(Duration::from_millis(1))
    }

    fn event(&mut self, records: Option<EncodedRecords>, behind: Duration) -> Event {
        self.last_event = Some(self.fanout.clock.monotonic());
        let counters = &self.of_stream.counters;
        counters.subscribe_event_success.add(1);
        counters
            .subscribe_event_behind_ms
            .set(behind.as_millis() as u64);
        Event::Records {
            records,
            continuation: self.passed,
            behind,
        }
    }

    /// The error that ends it. What caused it goes no further than to the log.
    fn failed(&self, fact: AnyFact) -> Event {
        if fact.source().is_some() {
            let stream = &self.subscribed.label;
            tracing::error!(%stream, error = %Causes(&fact), "a subscription ends");
        }
        Event::Failed(Box::new(fact))
    }

    /// The event that says that a closed shard was read completely.
    fn end(&self, stream: &Stream, shard: &Shard) -> Event {
        let counters = &self.of_stream.counters;
        counters.subscribe_event_success.add(1);
        counters.subscribe_event_behind_ms.set(0);
        Event::ShardEnd(views::child_shards(&stream.shards, shard))
    }

    /// Waits until there may be something to push, or a reason to end.
    async fn wait(&self, state: &State, wait: Wait) {
        let clock = &self.fanout.clock;
        let now = clock.monotonic();
        let next_event = self
            .last_event
            .map_or(now, |last| Monotonic(last.0 + SILENCE_MAX));
        let patience = next_event.min(self.ends).since(now);
        tokio::select! {
            biased;
            () = self.changes(state) => (),
            () = self.arrives(wait) => (),
            () = clock.sleep(patience) => (),
        }
    }

    async fn changes(&self, state: &State) {
        let same = |a: Option<&Arc<Stream>>, b: Option<&Arc<Stream>>| match (a, b) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (a, b) => a.is_none() && b.is_none(),
        };
        let seen = state.stream_by_id(self.subscribed.stream);
        let streams = &self.fanout.streams;
        let mut ending = self.fanout.end.subscribe();
        tokio::select! {
            biased;
            () = self.seat.lost() => (),
            // The sender is in what this holds: there is no error.
            _ = ending.wait_for(|is_end| *is_end) => (),
            () = streams.wait_until(|now| !same(seen, now.stream_by_id(self.subscribed.stream))) => (),
        }
    }

    async fn arrives(&self, wait: Wait) {
        match wait {
            Wait::Tail(log) => {
                let there = match self.fanout.store.tail(log) {
                    Ok(mut tail) => tail.reaches_past(self.position).await,
                    Err(_) => false,
                };
                if !there {
                    // The log is gone; the catalog will say why.
                    pending::<()>().await;
                }
            }
            Wait::Budget(pause) => self.fanout.clock.sleep(pause).await,
            Wait::Room => {
                if let Some(ticket) = &self.ticket {
                    ticket.granted().await;
                }
            }
            Wait::Children => pending().await,
        }
    }
}

impl std::fmt::Debug for Subscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let of = (
            self.subscribed.stream,
            self.subscribed.shard,
            &self.subscribed.consumer.name,
        );
        write!(
            f,
            "Subscription {{ of: {of:?}, position: {:?} }}",
            self.position
        )
    }
}
