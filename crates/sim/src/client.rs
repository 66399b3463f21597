//! A client: calls whose requests and responses take time to travel, and what it may conclude from
//! each response.
//!
//! With several nodes it stays with one, and goes to the next when that one is gone, answers 5xx or
//! nothing, and now and then for no reason. What it learns holds at every node, except of one that
//! stood still: until such a node has gone on, it answers from a catalog of before. No node
//! promises more yet, so that nothing is concluded from those answers; what a shard's log says is
//! exact everywhere.

use super::chronicle::Chronicle;
use super::events::Events;
use super::machine::Machine;
use super::node::NodeNumber;
use super::server::{Answer, Body, Server};
use fastrand::Rng;
use millstream_env::{Clock, Monotonic};
use millstream_judge::{Event, List, ListedShard, Span};
use millstream_judge::{HashKeyRange, ParseError};
use millstream_protocol::operations::{
    self, CreateStreamInput, DescribeStreamSummaryInput, ListShardsInput, SubscribeToShard,
    SubscribeToShardInput,
};
use millstream_protocol::types::{
    RecordDistributionStrategy, Shard, StreamDescriptionSummary, StreamMode, StreamModeDetails,
    StreamStatus,
};
use millstream_protocol::{ErrorCode, Operation, Protocol, RemoteError};
use millstream_streams::{Limits, Outcome};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// Timeout of a client.
const GIVE_UP_AFTER: Duration = Duration::from_secs(8);

/// After so many of 256 calls a client goes to the next node for no reason.
const RESTLESS_OF_256: u8 = 12;

/// Why there is no output.
#[derive(Debug)]
pub(super) enum Failure {
    /// A 4xx: nothing was applied.
    Refused(RemoteError),
    /// A 5xx, and what the server knows: not applied, or possibly applied once.
    Broken(RemoteError, Outcome),
    /// No response: possibly applied once.
    Silent,
}

impl Failure {
    pub(super) fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused(error) | Self::Broken(error, _) => error.code(),
            Self::Silent => None,
        }
    }

    /// Whether it was refused, which has a reason that the client can know.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(_))
    }

    /// Whether it changed nothing, and never will.
    pub(super) fn was_not_applied(&self) -> bool {
        match self {
            Self::Refused(_) | Self::Broken(_, Outcome::NotApplied) => true,
            Self::Broken(_, Outcome::Unknown) | Self::Silent => false,
        }
    }
}

/// Somebody who calls.
pub(super) struct Client {
    pub(super) machine: Arc<Machine>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) rng: Rng,
    stays: Stays,
    /// The node that it goes to.
    node: NodeNumber,
    /// Since when the node that it called last may have heard of nothing.
    behind_since: Option<Monotonic>,
}

/// How long a client goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stays {
    /// Until the work is over.
    ForTheWork,
    /// For as long as it likes.
    Longer,
}

impl Client {
    pub(super) fn new(machine: &Arc<Machine>, mut rng: Rng, stays: Stays) -> Self {
        let node = match machine.nodes.len() {
            1 => 0,
            several => rng.usize(..several),
        };
        Self {
            machine: machine.clone(),
            clock: machine.outside.clock(),
            rng,
            stays,
            node,
            behind_since: None,
        }
    }

    /// Another client, with chance of its own.
    pub(super) fn fork(&mut self, stays: Stays) -> Self {
        Self::new(&self.machine, self.rng.fork(), stays)
    }

    /// A server, as soon as there is one; `None` when the work is over.
    pub(super) async fn server(&mut self) -> Option<Arc<Server>> {
        let mut places = self.machine.places.subscribe();
        loop {
            if self.stays == Stays::ForTheWork && self.machine.is_over() {
                return None;
            }
            places.mark_unchanged();
            if let Some(server) = self.server_now() {
                return Some(server);
            }
            places.changed().await.ok()?;
        }
    }

    /// The server that it would go to, if there is one.
    pub(super) fn server_now(&mut self) -> Option<Arc<Server>> {
        let found = self.machine.server_at(self.node);
        found.or_else(|| {
            self.change_over();
            self.machine.server_at(self.node)
        })
    }

    /// Goes to the next node from now on.
    pub(super) fn change_over(&mut self) {
        self.node = (self.node + 1) % self.machine.nodes.len();
    }

    /// Whether the last call was answered by a node that may not know what others did before.
    pub(super) fn is_behind(&self) -> bool {
        self.behind_since.is_some()
    }

    /// Some time between two calls, unless one is wanted.
    pub(super) async fn think(&mut self) {
        let longest = self.machine.plan.think_max.as_micros() as u64;
        let pause = Duration::from_micros(self.rng.u64(..=longest));
        let machine = self.machine.clone();
        tokio::select! {
            biased;
            () = machine.wants.notified() => {}
            () = self.clock.sleep(pause) => {}
        }
    }

    /// One of those that the client can call: the one that is wanted, or any.
    pub(super) fn choose(&mut self, operations: &[&'static str]) -> &'static str {
        let wanted = |name: &&&str| self.machine.is_wanted(name);
        match operations.iter().find(wanted) {
            Some(name) => name,
            None => operations[self.rng.usize(..operations.len())],
        }
    }

    /// The same, unless a fault is about to strike; whether it is.
    pub(super) async fn think_or_be_alarmed(&mut self) -> bool {
        let machine = self.machine.clone();
        tokio::select! {
            biased;
            () = machine.alarm.notified() => true,
            () = self.think() => false,
        }
    }

    pub(super) fn now(&self) -> u64 {
        self.clock.monotonic().0.as_nanos() as u64
    }

    /// Calls an operation; says when that was.
    pub(super) async fn call<O: Operation>(
        &mut self,
        server: &Server,
        input: &O::Input,
    ) -> (Span, Result<O::Output, Failure>) {
        let (protocol, span, answer) = self.exchange::<O>(server, input).await;
        let output = answer.and_then(|body| match body {
            Body::Whole(bytes) => {
                millstream_protocol::decode_lenient(protocol, &bytes).map_err(|_| Failure::Silent)
            }
            Body::Events(_) => Err(Failure::Silent),
        });
        (span, output)
    }

    /// Subscribes; says when that was.
    pub(super) async fn subscribe(
        &mut self,
        server: &Server,
        input: &SubscribeToShardInput,
    ) -> (Span, Result<Events, Failure>) {
        let call = self.exchange::<SubscribeToShard>(server, input);
        let (protocol, span, answer) = call.await;
        let events = answer.and_then(|body| match body {
            Body::Events(pushed) => Ok(Events::new(pushed, protocol)),
            Body::Whole(_) => Err(Failure::Silent),
        });
        (span, events)
    }

    async fn exchange<O: Operation>(
        &mut self,
        server: &Server,
        input: &O::Input,
    ) -> (Protocol, Span, Result<Body, Failure>) {
        let started = self.now();
        let protocol = [Protocol::Json, Protocol::Cbor][self.rng.usize(..2)];
        let mut body = Vec::new();
        millstream_protocol::encode(protocol, input, &mut body);
        let sent = self.clock.monotonic();
        let answer = self.send(server, O::NAME, protocol, body).await;
        let finished = self.now();
        self.behind_since = server.behind_since(sent);
        self.may_change_over(answer.as_ref().err());
        (protocol, Span { started, finished }, answer)
    }

    fn may_change_over(&mut self, failure: Option<&Failure>) {
        let mut is_restless = || self.machine.nodes.len() > 1 && self.rng.u8(..) < RESTLESS_OF_256;
        let changes = match failure {
            Some(Failure::Broken(..) | Failure::Silent) => true,
            Some(Failure::Refused(_)) | None => is_restless(),
        };
        if changes {
            self.change_over();
        }
    }

    async fn send(
        &mut self,
        server: &Server,
        name: &'static str,
        protocol: Protocol,
        body: Vec<u8>,
    ) -> Result<Body, Failure> {
        let machine = self.machine.clone();
        let under_way = machine.begin(server.node, name);
        let answer = tokio::select! {
            biased;
            () = machine.cut.notified() => None,
            answer = self.travel_both_ways(server, name, protocol, body) => answer,
        };
        drop(under_way);
        if server.panics() > 0 {
            machine.complain(format!("{name}: a request panicked"));
        }
        // What was sent before the end may arrive or not.
        let is_lost = !server.is_alive() && self.rng.bool();
        let result = match answer {
            Some(answer) if !is_lost => {
                if (400..500).contains(&answer.status) && answer.outcome == Some(Outcome::Unknown) {
                    machine.complain(format!("{name} was refused, and may be applied"));
                }
                read(protocol, answer)
            }
            Some(_) | None => Err(Failure::Silent),
        };
        machine.answered(name, result.is_ok());
        let outcome = result.as_ref().map_or_else(Failure::code, |_| None);
        machine
            .simulation
            .note(name, outcome.map_or(0, |code| code as u64 + 1));
        result
    }

    async fn travel_both_ways(
        &mut self,
        server: &Server,
        name: &'static str,
        protocol: Protocol,
        body: Vec<u8>,
    ) -> Option<Answer> {
        self.travel().await;
        let answered = server.receive(name, protocol, body);
        let answer = tokio::select! {
            biased;
            answer = answered => answer.ok(),
            () = self.clock.sleep(GIVE_UP_AFTER) => None,
        };
        self.travel().await;
        answer
    }

    pub(super) async fn travel(&mut self) {
        let micros = |duration: Duration| duration.as_micros() as u64;
        let Range { start, end } = self.machine.travel();
        let takes = Duration::from_micros(self.rng.u64(micros(start)..micros(end)));
        self.clock.sleep(takes).await;
    }

    /// Complains about a refusal that nothing explains.
    pub(super) fn complain_unless(&self, doing: &str, failure: &Failure, expected: &[ErrorCode]) {
        let Failure::Refused(error) = failure else {
            return;
        };
        if self.is_behind() {
            return;
        }
        let is_expected = error.code().is_some_and(|code| {
            let is_limit = matches!(
                code,
                ErrorCode::ProvisionedThroughputExceededException
                    | ErrorCode::LimitExceededException
            );
            expected.contains(&code) || (is_limit && self.machine.plan.limits == Limits::Aws)
        });
        if !is_expected {
            self.machine
                .complain(format!("{doing} was refused: {error}"));
        }
    }

    // --- Streams as a whole
    // -----------------------------------------------------------------------

    pub(super) async fn create(
        &mut self,
        server: &Server,
        name: &str,
        capacity: Capacity,
    ) -> Result<(), Failure> {
        let (mode, shards, distribution) = match capacity {
            Capacity::Shards(count) => (None, Some(count), None),
            Capacity::OnDemand(by) => (Some(StreamMode::OnDemand), None, Some(by)),
        };
        let input = CreateStreamInput {
            stream_name: name.to_owned(),
            shard_count: shards,
            stream_mode_details: mode.map(|stream_mode| StreamModeDetails { stream_mode }),
            record_distribution_strategy: distribution,
            ..CreateStreamInput::default()
        };
        self.call::<operations::CreateStream>(server, &input)
            .await
            .1
    }

    /// `None` if there is no such stream.
    pub(super) async fn describe(
        &mut self,
        server: &Server,
        name: &str,
    ) -> Result<Option<StreamDescriptionSummary>, Failure> {
        let input = DescribeStreamSummaryInput {
            stream_name: Some(name.to_owned()),
            ..DescribeStreamSummaryInput::default()
        };
        let call = self.call::<operations::DescribeStreamSummary>(server, &input);
        match call.await.1 {
            Ok(output) => Ok(Some(output.stream_description_summary)),
            Err(error) if error.code() == Some(ErrorCode::ResourceNotFoundException) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Waits until a stream is ACTIVE, or gone; `None` if the work is over before.
    pub(super) async fn until_settled(&mut self, name: &str) -> Option<Settled> {
        loop {
            let server = self.server().await?;
            match self.describe(&server, name).await {
                Ok(_) if self.is_behind() => {}
                Ok(None) => return Some(Settled::Gone),
                Ok(Some(stream)) => match stream.stream_status {
                    StreamStatus::Active => return Some(Settled::Active),
                    StreamStatus::Creating | StreamStatus::Updating | StreamStatus::Deleting => {}
                },
                Err(failure) => self.complain_unless("a look at a stream", &failure, &[]),
            }
            self.pause().await;
        }
    }

    /// Before the same thing is tried again.
    pub(super) async fn pause(&mut self) {
        let pause = Duration::from_millis(self.rng.u64(5..300));
        self.clock.sleep(pause).await;
    }

    /// Lists a stream's shards and records the result.
    pub(super) async fn list(
        &mut self,
        server: &Server,
        stream: &Chronicle,
    ) -> Option<Vec<ListedShard>> {
        let input = ListShardsInput {
            stream_name: Some(stream.name.clone()),
            ..ListShardsInput::default()
        };
        let (mut span, answer) = self.call::<operations::ListShards>(server, &input).await;
        if let Some(since) = self.behind_since {
            // It shows the shards of some moment since then.
            span.started = span.started.min(since.0.as_nanos() as u64);
        }
        let output = match answer {
            Ok(output) => output,
            Err(failure) => {
                let expected: &[ErrorCode] = match self.machine.plan.may_create_again() {
                    true => &[ErrorCode::ResourceInUseException],
                    false => &[],
                };
                self.complain_unless("ListShards", &failure, expected);
                return None;
            }
        };
        if output.next_token.is_some() {
            self.machine
                .complain("a list of shards came in pages".to_owned());
            return None;
        }
        let shards: Result<Vec<ListedShard>, ParseError> =
            output.shards.iter().flatten().map(listed).collect();
        match shards {
            Ok(shards) => {
                stream.set_shards(shards.clone());
                let list = List {
                    span,
                    shards: shards.clone(),
                };
                stream.record(Event::List(list));
                Some(shards)
            }
            Err(error) => {
                self.machine.complain(format!("a list of shards: {error}"));
                None
            }
        }
    }
}

/// How a stream's capacity is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Capacity {
    Shards(i32),
    OnDemand(RecordDistributionStrategy),
}

/// What a stream came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settled {
    Active,
    Gone,
}

fn read(protocol: Protocol, answer: Answer) -> Result<Body, Failure> {
    let body = match (answer.status, answer.body) {
        (200, body) => return Ok(body),
        (_, Body::Whole(bytes)) => bytes,
        (_, Body::Events(_)) => return Err(Failure::Silent),
    };
    let error = millstream_protocol::decode_error(protocol, answer.status, &body);
    Err(match answer.status {
        400..=499 => Failure::Refused(error),
        _ => Failure::Broken(error, answer.outcome.unwrap_or(Outcome::Unknown)),
    })
}

fn listed(shard: &Shard) -> Result<ListedShard, ParseError> {
    let parents = [&shard.parent_shard_id, &shard.adjacent_parent_shard_id];
    let parents = parents.into_iter().flatten().map(|id| id.parse());
    let numbers = &shard.sequence_number_range;
    let last = numbers.ending_sequence_number.as_deref();
    Ok(ListedShard {
        shard: shard.shard_id.parse()?,
        parents: parents.collect::<Result<_, _>>()?,
        range: HashKeyRange {
            first: shard.hash_key_range.starting_hash_key.parse()?,
            last: shard.hash_key_range.ending_hash_key.parse()?,
        },
        first: numbers.starting_sequence_number.parse()?,
        last: last.map(str::parse).transpose()?,
    })
}
