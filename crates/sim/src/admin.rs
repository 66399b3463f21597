//! Changes a stream's shards, retention and mode, and checks whether the change took place.
//!
//! There is one admin per stream: what it was told holds until it changes it again.

use super::chronicle::Chronicle;
use super::client::{Client, Failure, Settled};
use super::server::Server;
use millstream_judge::{
    Event, ListedShard, OPEN_MAX, Reshaping, Reshard, ReshardOutcome, ShardChange, ShardId, Span,
};
use millstream_protocol::ErrorCode;
use millstream_protocol::operations::{
    self, DecreaseStreamRetentionPeriodInput, IncreaseStreamRetentionPeriodInput, MergeShardsInput,
    SplitShardInput, UpdateShardCountInput, UpdateStreamModeInput, UpdateStreamWarmThroughputInput,
};
use millstream_protocol::types::{ScalingType, StreamMode, StreamModeDetails};
use std::sync::Arc;

/// With so many shards, closed ones included, a stream is left as it is: a list has to fit into one
/// page, since no two pages are of one moment.
const SHARDS_MAX: usize = 900;
/// Retention stays between these, far above the length of a run.
const HOURS: std::ops::Range<i32> = 24..169;
/// Refusals that an earlier change of unknown outcome explains.
const OVERTAKEN: &[ErrorCode] = &[
    ErrorCode::ResourceInUseException,
    ErrorCode::InvalidArgumentException,
    ErrorCode::ResourceNotFoundException,
    // At most ten scalings a day, and the like.
    ErrorCode::LimitExceededException,
    // The stream stayed on demand.
    ErrorCode::ValidationException,
];

/// What an admin calls; most of the time it changes the shards.
const OPERATIONS: [&str; 8] = [
    "DescribeStreamSummary",
    "DecreaseStreamRetentionPeriod",
    "SplitShard",
    "MergeShards",
    "UpdateShardCount",
    "UpdateStreamMode",
    "UpdateStreamWarmThroughput",
    "IncreaseStreamRetentionPeriod",
];

/// Someone who administers a stream.
pub(super) struct Admin {
    client: Client,
    stream: Arc<Chronicle>,
    /// The retentions that the stream may have.
    hours: Vec<i32>,
}

impl Admin {
    pub(super) fn new(client: Client, stream: Arc<Chronicle>) -> Self {
        Self {
            client,
            stream,
            hours: vec![24],
        }
    }

    /// Changes and looks until the work is over.
    pub(super) async fn run(mut self) {
        while let Some(server) = self.client.server().await {
            match self.client.choose(&OPERATIONS) {
                "DescribeStreamSummary" => self.look_at_retention(&server).await,
                "DecreaseStreamRetentionPeriod" | "IncreaseStreamRetentionPeriod" => {
                    self.change_retention(&server).await;
                }
                "UpdateStreamMode" | "UpdateStreamWarmThroughput" => {
                    if let Some(shards) = self.client.list(&server, &self.stream).await
                        && !self.client.is_behind()
                        && shards.len() <= SHARDS_MAX
                    {
                        let open = shards.iter().filter(|shard| shard.last.is_none());
                        let open = open.map(|shard| shard.shard).collect();
                        self.go_on_demand_and_back(&server, open).await;
                    }
                }
                _ => {
                    if let Some(shards) = self.client.list(&server, &self.stream).await
                        && !self.client.is_behind()
                        && let Some(change) = self.any_change(shards)
                    {
                        self.reshard(&server, &change).await;
                    }
                }
            }
            self.client.think().await;
            self.client.think().await;
        }
    }

    // --- Shards
    // -----------------------------------------------------------------------------------

    async fn reshard(&mut self, server: &Server, change: &ShardChange) {
        let started = self.client.now();
        let answer = self.call(server, change).await;
        if let Err(failure) = &answer {
            self.client.complain_unless("a reshard", failure, OVERTAKEN);
        }
        let is_on_demand =
            |failure: &Failure| failure.code() == Some(ErrorCode::ValidationException);
        if answer.as_ref().is_err_and(is_on_demand) {
            self.switch(server, StreamMode::Provisioned).await;
        }
        let settled = self.client.until_settled(&self.stream.name).await;
        if settled == Some(Settled::Gone) {
            let what = format!("the stream {} is gone", self.stream.name);
            self.client.machine.complain(what);
        }
        let of_call = match answer {
            Ok(()) if settled.is_some() => ReshardOutcome::Acked,
            Err(failure) if failure.was_not_applied() => ReshardOutcome::DefinitelyFailed,
            Ok(()) | Err(_) => ReshardOutcome::Unknown,
        };
        let span = Span {
            started,
            finished: self.client.now(),
        };
        let reshard = change.event(span, of_call);
        self.stream.record(Event::Reshard(reshard));
    }

    async fn call(&mut self, server: &Server, change: &ShardChange) -> Result<(), Failure> {
        let stream_name = Some(self.stream.name.clone());
        let client = &mut self.client;
        match change {
            ShardChange::Split(shard, key) => {
                let input = SplitShardInput {
                    stream_name,
                    shard_to_split: shard.to_string(),
                    new_starting_hash_key: key.to_string(),
                    ..SplitShardInput::default()
                };
                client
                    .call::<operations::SplitShard>(server, &input)
                    .await
                    .1
            }
            ShardChange::Merge(one, other) => {
                let input = MergeShardsInput {
                    stream_name,
                    shard_to_merge: one.to_string(),
                    adjacent_shard_to_merge: other.to_string(),
                    ..MergeShardsInput::default()
                };
                client
                    .call::<operations::MergeShards>(server, &input)
                    .await
                    .1
            }
            ShardChange::Count(count, _) => {
                let input = UpdateShardCountInput {
                    stream_name,
                    target_shard_count: *count,
                    scaling_type: ScalingType::UniformScaling,
                    stream_arn: None,
                    stream_id: None,
                };
                let call = client.call::<operations::UpdateShardCount>(server, &input);
                call.await.1.map(drop)
            }
        }
    }

    fn any_change(&mut self, shards: Vec<ListedShard>) -> Option<ShardChange> {
        if shards.len() > SHARDS_MAX {
            return None;
        }
        let rng = &mut self.client.rng;
        let is_wanted = |name| self.client.machine.is_wanted(name);
        let reshaping = if is_wanted("SplitShard") {
            Reshaping::Split
        } else if is_wanted("MergeShards") {
            Reshaping::Merge
        } else if is_wanted("UpdateShardCount") {
            Reshaping::Count
        } else {
            match rng.u8(..7) {
                0 | 1 => Reshaping::Split,
                2 | 3 => Reshaping::Merge,
                _ => Reshaping::Count,
            }
        };
        ShardChange::draw(rng, reshaping, shards)
    }

    // --- Mode
    // -------------------------------------------------------------------------------------

    /// Not for long: on demand the shards are not the admin's. Meanwhile the stream is prepared for
    /// throughput.
    async fn go_on_demand_and_back(&mut self, server: &Server, open: Vec<ShardId>) {
        let started = self.client.now();
        self.switch(server, StreamMode::OnDemand).await;
        self.client.until_settled(&self.stream.name).await;
        if let Some(server) = self.client.server().await {
            let most = i32::try_from(OPEN_MAX).unwrap_or(i32::MAX);
            let mibps = self.client.rng.i32(0..=most);
            self.warm(&server, mibps).await;
        }
        // What was asked for may give every shard children.
        self.client.until_settled(&self.stream.name).await;
        self.stream.record(Event::Reshard(Reshard {
            span: Span {
                started,
                finished: self.client.now(),
            },
            parents: open,
            outcome: ReshardOutcome::Unknown,
        }));
        if let Some(server) = self.client.server().await {
            self.switch(&server, StreamMode::Provisioned).await;
        }
    }

    async fn warm(&mut self, server: &Server, mibps: i32) {
        let input = UpdateStreamWarmThroughputInput {
            stream_name: Some(self.stream.name.clone()),
            warm_throughput_mibps: mibps,
            ..UpdateStreamWarmThroughputInput::default()
        };
        let call = self
            .client
            .call::<operations::UpdateStreamWarmThroughput>(server, &input);
        if let Err(failure) = call.await.1 {
            // It is changing, or provisioned; or the account made no commitment.
            let expected = [
                ErrorCode::ResourceInUseException,
                ErrorCode::ValidationException,
                ErrorCode::InvalidArgumentException,
            ];
            self.client
                .complain_unless("a warm throughput", &failure, &expected);
        }
    }

    async fn switch(&mut self, server: &Server, stream_mode: StreamMode) {
        let Ok(Some(found)) = self.client.describe(server, &self.stream.name).await else {
            return;
        };
        let input = UpdateStreamModeInput {
            stream_arn: found.stream_arn,
            stream_id: None,
            stream_mode_details: StreamModeDetails { stream_mode },
            warm_throughput_mibps: None,
        };
        let call = self
            .client
            .call::<operations::UpdateStreamMode>(server, &input);
        if let Err(failure) = call.await.1 {
            // It is changing, or has that mode.
            let expected = [
                ErrorCode::ResourceInUseException,
                ErrorCode::InvalidArgumentException,
            ];
            self.client
                .complain_unless("a new mode", &failure, &expected);
        }
    }

    // --- Retention
    // --------------------------------------------------------------------------------

    async fn change_retention(&mut self, server: &Server) {
        let [from] = self.hours[..] else {
            return self.look_at_retention(server).await;
        };
        let is_wanted = |name| self.client.machine.is_wanted(name);
        let hours = if is_wanted("DecreaseStreamRetentionPeriod") {
            HOURS.start..from.max(HOURS.start + 1)
        } else if is_wanted("IncreaseStreamRetentionPeriod") {
            (from + 1).min(HOURS.end - 1)..HOURS.end
        } else {
            HOURS
        };
        let hours = self.client.rng.i32(hours);
        if hours == from {
            return;
        }
        let answer = self.call_retention(server, from, hours).await;
        match answer {
            Ok(()) => self.hours = vec![hours],
            Err(failure) if failure.was_not_applied() => {
                // What it is, is known, so that only a change of shards explains a refusal.
                let expected = [ErrorCode::ResourceInUseException];
                self.client
                    .complain_unless("a new retention", &failure, &expected);
            }
            Err(_) => self.hours.push(hours),
        }
    }

    async fn call_retention(
        &mut self,
        server: &Server,
        from: i32,
        hours: i32,
    ) -> Result<(), Failure> {
        let stream_name = Some(self.stream.name.clone());
        if hours > from {
            let input = IncreaseStreamRetentionPeriodInput {
                stream_name,
                retention_period_hours: hours,
                ..IncreaseStreamRetentionPeriodInput::default()
            };
            let call = self
                .client
                .call::<operations::IncreaseStreamRetentionPeriod>(server, &input);
            call.await.1
        } else {
            let input = DecreaseStreamRetentionPeriodInput {
                stream_name,
                retention_period_hours: hours,
                ..DecreaseStreamRetentionPeriodInput::default()
            };
            let call = self
                .client
                .call::<operations::DecreaseStreamRetentionPeriod>(server, &input);
            call.await.1
        }
    }

    async fn look_at_retention(&mut self, server: &Server) {
        let Ok(found) = self.client.describe(server, &self.stream.name).await else {
            return;
        };
        if self.client.is_behind() {
            return;
        }
        let found = found.map(|stream| stream.retention_period_hours);
        match found {
            // A change of unknown outcome may still come later, as long as its process lives.
            Some(hours) if self.hours.contains(&hours) => {}
            other => {
                let (name, told) = (&self.stream.name, &self.hours);
                let what = format!("{name} keeps records {other:?} hours, not {told:?}");
                self.client.machine.complain(what);
            }
        }
        if self.hours.len() > 1 {
            self.settle_retention(server, found).await;
        }
    }

    /// Once the process that may still carry out an unknown change has gone, or so much time has
    /// passed that it would have, what is found is what it is.
    async fn settle_retention(&mut self, server: &Server, found: Option<i32>) {
        let Some(hours) = found else { return };
        if !server.is_alive() {
            return;
        }
        let generation = server.changes_until();
        for _ in 0..20 {
            self.client.pause().await;
        }
        let Some(server) = self.client.server().await else {
            return;
        };
        let again = self.client.describe(&server, &self.stream.name).await;
        let is_same = matches!(&again, Ok(Some(now)) if now.retention_period_hours == hours);
        // A process that a fault has stopped in the middle of a change may go on with it.
        if is_same && server.changes_until() > generation {
            self.hours = vec![hours];
        }
    }
}
