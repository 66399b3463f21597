//! A registered consumer of a stream: subscribes to its shards, resumes, takes over its own
//! subscriptions, and is deregistered and registered again.
//!
//! Pushed records go into the stream's history like any other read, so the checker judges order,
//! completeness and origin; what only subscriptions promise (one at a time, five minutes, a normal
//! end) is recorded in addition.

use super::chronicle::Chronicle;
use super::client::{Client, Failure};
use super::events::{Events, Next};
use super::reader::any_start;
use super::server::{ACCOUNT, REGION, Server};
use millstream_judge::{Event, Lineage, Open, Read, Seen, Span, Start, Subscribed};
use millstream_judge::{ParseError, SequenceNumber, ShardId};
use millstream_protocol::ErrorCode;
use millstream_protocol::operations::{
    self, DeregisterStreamConsumerInput, DescribeStreamConsumerInput, ListStreamConsumersInput,
    RegisterStreamConsumerInput, SubscribeToShardInput,
};
use millstream_protocol::types::{ShardIteratorType, StartingPosition, SubscribeToShardEvent};
use std::sync::Arc;
use std::time::Duration;

/// Events of one subscription, after which its client hangs up.
const EVENTS_MAX: usize = 12;
/// A call so soon after one that succeeded is refused.
const EXCLUSIVE: Duration = Duration::from_secs(5);
/// How long a subscription lasts.
const LASTS: Duration = Duration::from_mins(5);
/// By how much a subscription may seem shorter or longer to its client on a calm day.
const LASTS_GIVE: Duration = Duration::from_secs(15);
/// How often a consumer that is ready is waited for.
const LOOKS_MAX: usize = 200;

/// What a consumer that is registered calls; most of the time it subscribes.
const OPERATIONS: [&str; 7] = [
    "DeregisterStreamConsumer",
    "DescribeStreamConsumer",
    "ListStreamConsumers",
    "SubscribeToShard",
    "SubscribeToShard",
    "SubscribeToShard",
    "SubscribeToShard",
];

/// A consumer of one stream.
pub(super) struct Subscriber {
    client: Client,
    stream: Arc<Chronicle>,
    /// Whose sessions they are in the history.
    number: u32,
    /// Its ARN, as far as it is known.
    arn: Option<String>,
    /// Where the last subscription can be resumed.
    resume: Option<(ShardId, SequenceNumber)>,
}

/// A subscription, as its client holds it.
struct Session {
    id: u64,
    shard: ShardId,
    began: u64,
    /// When the last event was taken.
    last: u64,
    events: Events,
}

/// How a subscription stands after a look at what comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stands {
    Goes,
    /// The shard was read to its end.
    ShardEnd,
    /// It ended in good order.
    Ended,
    /// Another has its seat.
    TakenOver,
    /// It is of no use any more, for a reason that the world gives.
    Lost,
}

impl Subscriber {
    pub(super) fn new(client: Client, stream: Arc<Chronicle>, number: u32) -> Self {
        Self {
            client,
            stream,
            number,
            arn: None,
            resume: None,
        }
    }

    /// Subscribes until the work is over.
    pub(super) async fn run(mut self) {
        while let Some(server) = self.client.server().await {
            match self.arn.clone() {
                None => self.register(&server).await,
                Some(arn) => match self.client.choose(&OPERATIONS) {
                    "DeregisterStreamConsumer" => self.deregister(&server, arn).await,
                    "DescribeStreamConsumer" => self.describe(&server, arn).await,
                    "ListStreamConsumers" => self.list(&server).await,
                    _ if self.client.rng.u8(..5) == 0 => self.take_over(&server, &arn).await,
                    _ => self.subscribe_for_a_while(&server, &arn).await,
                },
            }
            self.client.think().await;
        }
    }

    /// Holds one subscription to its end, in a world without faults: it lasts five minutes.
    pub(super) async fn outlast(mut self) {
        for _ in 0..LOOKS_MAX {
            let Some(server) = self.client.server().await else {
                return;
            };
            let Some(arn) = self.arn.clone() else {
                self.register(&server).await;
                continue;
            };
            let Some(shards) = self.client.list(&server, &self.stream).await else {
                continue;
            };
            let open = shards.iter().find(|shard| shard.last.is_none());
            let Some(shard) = open.map(|shard| shard.shard) else {
                return self.complain("no shard is open");
            };
            match self.subscribe(&server, &arn, (shard, Start::Latest)).await {
                Some(session) => return self.hold(&server, session).await,
                None => self.client.pause().await,
            }
        }
        self.complain("nobody can subscribe");
    }

    async fn hold(&mut self, server: &Server, mut session: Session) {
        let mut stands = Stands::Goes;
        while stands == Stands::Goes {
            stands = self.look(server, &mut session).await;
        }
        let lasted = Duration::from_nanos(self.client.now() - session.began);
        let is_right = lasted.abs_diff(LASTS) <= LASTS_GIVE;
        if stands == Stands::Ended && is_right {
            self.client.machine.outlasted();
        } else {
            self.complain(&format!("a subscription lasted {lasted:?}: {stands:?}"));
        }
    }

    fn complain(&self, what: &str) {
        let (stream, number) = (&self.stream.name, self.number);
        let what = format!("consumer {number} of {stream}: {what}");
        self.client.machine.complain(what);
    }

    // --- The consumer itself
    // ----------------------------------------------------------------------

    fn stream_arn(&self) -> String {
        let name = &self.stream.name;
        format!("arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{name}")
    }

    fn name(&self) -> String {
        format!("consumer-{}", self.number)
    }

    async fn register(&mut self, server: &Server) {
        let input = RegisterStreamConsumerInput {
            stream_arn: self.stream_arn(),
            consumer_name: self.name(),
            stream_id: None,
            tags: None,
        };
        let call = self
            .client
            .call::<operations::RegisterStreamConsumer>(server, &input);
        match call.await.1 {
            Ok(output) => self.arn = Some(output.consumer.consumer_arn),
            Err(failure) => {
                // An attempt before this one may have been carried out, and one that is DELETING
                // has its name still.
                let expected = [ErrorCode::ResourceInUseException];
                self.client
                    .complain_unless("a new consumer", &failure, &expected);
                if failure.code() == Some(ErrorCode::ResourceInUseException) {
                    self.find(server).await;
                }
            }
        }
    }

    /// By its name; an attempt whose answer never came tells no ARN.
    async fn find(&mut self, server: &Server) {
        let input = DescribeStreamConsumerInput {
            stream_arn: Some(self.stream_arn()),
            consumer_name: Some(self.name()),
            consumer_arn: None,
            stream_id: None,
        };
        let call = self
            .client
            .call::<operations::DescribeStreamConsumer>(server, &input);
        match call.await.1 {
            Ok(output) => self.arn = Some(output.consumer_description.consumer_arn),
            Err(failure) => self.note_absence("a look for a consumer", &failure),
        }
    }

    async fn describe(&mut self, server: &Server, arn: String) {
        let input = DescribeStreamConsumerInput {
            stream_arn: None,
            consumer_name: None,
            consumer_arn: Some(arn.clone()),
            stream_id: None,
        };
        let call = self
            .client
            .call::<operations::DescribeStreamConsumer>(server, &input);
        match call.await.1 {
            Ok(output) if output.consumer_description.consumer_arn == arn => {}
            Ok(output) => self.complain(&format!("{arn} is {:?}", output.consumer_description)),
            Err(failure) => self.note_absence("a look at a consumer", &failure),
        }
    }

    async fn list(&mut self, server: &Server) {
        let input = ListStreamConsumersInput {
            stream_arn: self.stream_arn(),
            next_token: None,
            max_results: None,
            stream_creation_timestamp: None,
            stream_id: None,
        };
        let call = self
            .client
            .call::<operations::ListStreamConsumers>(server, &input);
        match call.await.1 {
            Ok(output) => {
                let name = self.name();
                let mut all = output.consumers.iter().flatten();
                if !all.any(|consumer| consumer.consumer_name == name) {
                    self.lose();
                }
            }
            Err(failure) => self.client.complain_unless("consumers", &failure, &[]),
        }
    }

    async fn deregister(&mut self, server: &Server, arn: String) {
        let input = DeregisterStreamConsumerInput {
            stream_arn: None,
            consumer_name: None,
            consumer_arn: Some(arn),
            stream_id: None,
        };
        let call = self
            .client
            .call::<operations::DeregisterStreamConsumer>(server, &input);
        match call.await.1 {
            Ok(()) => self.arn = None,
            Err(failure) => self.note_absence("the end of a consumer", &failure),
        }
    }

    /// A consumer that somebody saw stays, unless its client let it go: that was of unknown
    /// outcome.
    fn note_absence(&mut self, doing: &str, failure: &Failure) {
        let expected = [
            ErrorCode::ResourceNotFoundException,
            ErrorCode::ResourceInUseException,
        ];
        self.client.complain_unless(doing, failure, &expected);
        if failure.code() == Some(ErrorCode::ResourceNotFoundException) {
            self.lose();
        }
    }

    fn lose(&mut self) {
        self.arn = None;
    }

    // --- Subscriptions
    // ----------------------------------------------------------------------------

    async fn subscribe_for_a_while(&mut self, server: &Server, arn: &str) {
        let Some(from) = self.any_start() else {
            return;
        };
        let Some(mut session) = self.subscribe(server, arn, from).await else {
            return;
        };
        for _ in 0..self.client.rng.usize(1..=EVENTS_MAX) {
            if self.look(server, &mut session).await != Stands::Goes {
                return;
            }
        }
    }

    /// Where the last one can be resumed, or anywhere.
    fn any_start(&mut self) -> Option<(ShardId, Start)> {
        if self.client.rng.bool()
            && let Some((shard, number)) = self.resume.take()
        {
            return Some((shard, Start::After(number)));
        }
        let (shard, start, _) = any_start(&mut self.client, &self.stream)?;
        Some((shard, start))
    }

    /// Two subscriptions of one shard, one after the other: the second takes the seat of the first.
    async fn take_over(&mut self, server: &Server, arn: &str) {
        // Of a closed shard the first would mostly have come to the end before the second.
        let open = self.stream.any_open_shard(&mut self.client.rng);
        let Some(from) = open.map(|shard| (shard, Start::Latest)) else {
            return;
        };
        let Some(mut first) = self.subscribe(server, arn, from).await else {
            return;
        };
        let free = first.began + EXCLUSIVE.as_nanos() as u64;
        while self.client.now() <= free {
            if self.look(server, &mut first).await != Stands::Goes {
                return;
            }
        }
        let Some(mut second) = self
            .subscribe(server, arn, (first.shard, Start::Latest))
            .await
        else {
            return;
        };
        loop {
            match self.look(server, &mut first).await {
                Stands::Goes => {}
                Stands::Ended if server.is_alive() => {
                    return self.complain("a subscription that lost its seat ended in good order");
                }
                Stands::Ended | Stands::ShardEnd | Stands::TakenOver | Stands::Lost => break,
            }
        }
        self.look(server, &mut second).await;
    }

    async fn subscribe(
        &mut self,
        server: &Server,
        arn: &str,
        (shard, start): (ShardId, Start),
    ) -> Option<Session> {
        let (kind, number) = match start {
            Start::TrimHorizon => (ShardIteratorType::TrimHorizon, None),
            Start::At(number) => (ShardIteratorType::AtSequenceNumber, Some(number)),
            Start::After(number) => (ShardIteratorType::AfterSequenceNumber, Some(number)),
            Start::Latest | Start::Timestamp => (ShardIteratorType::Latest, None),
        };
        let input = SubscribeToShardInput {
            consumer_arn: arn.to_owned(),
            shard_id: shard.to_string(),
            starting_position: StartingPosition {
                r#type: kind,
                sequence_number: number.map(|number| number.to_string()),
                timestamp: None,
            },
            stream_id: None,
            dry_run: None,
        };
        let (span, answer) = self.client.subscribe(server, &input).await;
        let events = match answer {
            Ok(events) => events,
            Err(failure) => {
                self.note_absence("a subscription", &failure);
                return None;
            }
        };
        let id = self.stream.number();
        self.stream.record(Event::Open(Open {
            span,
            session: id,
            consumer: self.number,
            shard,
            start,
            lineage: Lineage::Any,
        }));
        self.stream.record(Event::Subscribed(Subscribed {
            session: id,
            seat: format!("{arn} at node {}", server.node),
        }));
        let mut session = Session {
            id,
            shard,
            began: span.finished,
            last: span.finished,
            events,
        };
        match session.events.next(&mut self.client).await {
            Next::Initial => {
                session.last = self.client.now();
                Some(session)
            }
            Next::Broken => None,
            odd @ (Next::Event(_)
            | Next::Exception(_)
            | Next::End
            | Next::Silent
            | Next::Odd(_)) => {
                self.complain(&format!("a subscription begins with {}", words(&odd)));
                None
            }
        }
    }

    /// Takes what comes next.
    async fn look(&mut self, server: &Server, session: &mut Session) -> Stands {
        let next = session.events.next(&mut self.client).await;
        let started = std::mem::replace(&mut session.last, self.client.now());
        let span = Span {
            started,
            finished: session.last,
        };
        match next {
            Next::Event(event) => self.note(span, session, &event),
            Next::Exception(code) => self.note_exception(code),
            Next::End => {
                let lasted = Duration::from_nanos(session.last - session.began);
                if lasted + LASTS_GIVE < LASTS && server.is_alive() {
                    self.complain(&format!("a subscription ended after {lasted:?}"));
                }
                Stands::Ended
            }
            Next::Broken => Stands::Lost,
            Next::Silent if !server.is_alive() => Stands::Lost,
            Next::Initial | Next::Silent | Next::Odd(_) => {
                self.complain(&format!("a subscription goes on with {}", words(&next)));
                Stands::Lost
            }
        }
    }

    fn note(&mut self, span: Span, session: &Session, event: &SubscribeToShardEvent) -> Stands {
        let resume = event.continuation_sequence_number.as_deref();
        let is_end = event.child_shards.is_some();
        let (records, resume) = match (seen(event), resume.map(str::parse).transpose()) {
            (Ok(records), Ok(resume)) => (records, resume),
            (Err(error), _) | (_, Err(error)) => {
                self.complain(&format!("an event: {error}"));
                return Stands::Lost;
            }
        };
        if is_end == resume.is_some() {
            self.complain("an event has a continuation and children, or neither");
        }
        let says_tail = records.is_empty() && event.millis_behind_latest == 0 && !is_end;
        let read = Read {
            span,
            session: session.id,
            reached_tail: says_tail && self.client.machine.plan.reads_show_the_tail(),
            shard_end: is_end,
            records,
        };
        self.stream.record(Event::Read(read));
        self.resume = resume.map(|number| (session.shard, number));
        match is_end {
            true => Stands::ShardEnd,
            false => Stands::Goes,
        }
    }

    fn note_exception(&mut self, code: Option<ErrorCode>) -> Stands {
        match code {
            Some(ErrorCode::ResourceInUseException) => Stands::TakenOver,
            // What a deregistration of unknown outcome, or a disk that fails, comes to.
            Some(ErrorCode::ResourceNotFoundException | ErrorCode::InternalFailureException) => {
                Stands::Lost
            }
            other => {
                self.complain(&format!("a subscription ends with {other:?}"));
                Stands::Lost
            }
        }
    }
}

fn seen(event: &SubscribeToShardEvent) -> Result<Vec<Seen>, ParseError> {
    let records = event.records.iter();
    let seen = records.map(|record| {
        let key = record.partition_key.as_deref();
        Seen::identify(&record.sequence_number, key, &record.data)
    });
    seen.collect()
}

fn words(next: &Next) -> String {
    match next {
        Next::Initial => "an initial response".to_owned(),
        Next::Event(_) => "an event".to_owned(),
        Next::Exception(code) => format!("{code:?}"),
        Next::End => "its end".to_owned(),
        Next::Broken => "a broken connection".to_owned(),
        Next::Silent => "silence".to_owned(),
        Next::Odd(what) => what.clone(),
    }
}
