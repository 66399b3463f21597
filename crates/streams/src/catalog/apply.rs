//! `apply`: what each command does to the state.
//!
//! Deterministic: no clock, no randomness, no map with a random order. A command that the state
//! does not allow changes nothing and returns why; every node computes the same result.

use super::account::Commitment;
use super::changes_counted::{Counting, TooMany};
use super::command::{
    ArnSecond, BeginDelete, BeginReshard, ChangeMonitoring, ChangeTags, Command, CompleteReshard,
    ConsumerKey, CreateStream, DeregisterConsumer, Direction, ExpireShards, Quotas, RaisePeak,
    RegisterConsumer, SetDistribution, SetPolicy, SetRetention,
};
use super::peaks::{Peak, Peaks};
use super::plan::{Impossible, Plan};
use super::refusal::{Refusal, ResourceLabel};
use super::scope::{Distribution, Mode, Scope};
use super::shard::{Shard, Shards};
use super::state::State;
use super::stream::{Consumer, ConsumerStatus, Deletion, Reshard, Status, Stream};
use super::token_key::{TOKEN_KEYS_KEPT, TokenKey, TokenKeyForm};
use millstream_env::Timestamp;
use millstream_model::{HashRange, ShardId, limits};
use millstream_store::Offset;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The window in which scalings are counted.
const SCALINGS_COUNTED_MS: u64 = limits::UPDATE_SHARD_COUNT_HOURS * 3_600_000;

/// The effect of a command.
#[derive(Clone, Debug, PartialEq)]
pub enum Applied {
    /// It changed a stream; this is its new state.
    Stream(Arc<Stream>),
    /// It changed an account's settings; this is its commitment now, if it ever made one.
    Account(Option<Commitment>),
    /// It does not concern a stream, or one that was already gone, which is fine.
    NoStream,
}

impl Applied {
    /// The stream, for a command that always returns one unless it is refused.
    pub fn into_stream(self) -> Option<Arc<Stream>> {
        match self {
            Self::Stream(stream) => Some(stream),
            Self::Account(_) | Self::NoStream => None,
        }
    }
}

/// The result of `apply`.
pub type Verdict = Result<Applied, Refusal>;

impl State {
    /// Applies the command at an offset of the log, proposed at that time.
    pub(super) fn carry_out(&mut self, at: Offset, now: Timestamp, command: &Command) -> Verdict {
        let offset = at.0;
        match command {
            Command::CreateStream(command) => self.create_stream(command, offset, now),
            Command::BeginDelete(command) => self.begin_delete(command, now),
            Command::CompleteDelete(stream) => self.complete_delete(*stream, now),
            Command::BeginReshard(command) => self.begin_reshard(command, offset, now),
            Command::CompleteReshard(command) => self.complete_reshard(command, now),
            Command::ExpireShards(command) => self.expire_shards(command),
            Command::SetRetention(command) => self.set_retention(command, now),
            Command::ChangeTags(command) => self.change_tags(command, now),
            Command::ChangeMonitoring(command) => self.change_monitoring(command),
            Command::RegisterConsumer(command) => self.register_consumer(command, now),
            Command::DeregisterConsumer(command) => self.deregister_consumer(command, now),
            Command::AddTokenKey(secret) => {
                self.add_token_key(TokenKeyForm::Plain(secret.clone()), now)
            }
            Command::AddWrappedTokenKey(wrapped) => {
                self.add_token_key(TokenKeyForm::Wrapped(wrapped.clone()), now)
            }
            Command::SetMode(command) => self.set_mode(command, offset, now),
            Command::SetWarmThroughput(command) => self.set_warm_throughput(command, offset, now),
            Command::SetDistribution(command) => self.set_distribution(command, now),
            Command::SetRecordLimit(command) => self.set_record_limit(command, now),
            Command::SetCommitment(command) => self.set_commitment(command, now),
            Command::SetPolicy(command) => self.set_policy(command, now),
            Command::RaisePeak(command) => self.raise_peak(command, now),
            Command::StartEncryption(command) => self.start_encryption(command, now),
            Command::StopEncryption(command) => self.stop_encryption(command, now),
            Command::AddDataKey(command) => self.add_data_key(command, now),
            Command::DropDataKeys(command) => self.drop_data_keys(command),
        }
    }

    fn create_stream(&mut self, command: &CreateStream, offset: u64, now: Timestamp) -> Verdict {
        let scope = &command.scope;
        if let Some(there) = self.stream(scope, command.name.as_str()) {
            let stream = there.label();
            return Err(Refusal::StreamExists { stream });
        }
        if let Some(mibps) = command.warm_mibps {
            self.check_warm_throughput(scope, mibps, &command.quotas, now)?;
        }
        self.check_stream_quotas(command, now)?;
        let deleted = self
            .scopes
            .get(scope)
            .and_then(|neighbours| neighbours.deleted_s(&command.name));
        let created_s = now
            .seconds()
            .max(deleted.map_or(0, |second| second.saturating_add(1)));
        let ranges = HashRange::uniform(command.shards);
        let first = |(index, range)| Shard {
            index,
            range,
            opened: now,
            created_s,
            counter_base: 0,
            parent: None,
            adjacent_parent: None,
            closed: None,
        };
        let shards = (0..).zip(ranges).map(first).collect();
        Ok(Applied::Stream(self.put(Stream {
            id: offset,
            scope: scope.clone(),
            name: command.name.clone(),
            created: now,
            creating_ms: command.transition_ms,
            mode: command.mode,
            retention_hours: limits::RETENTION_HOURS_MIN,
            record_kib_max: command.record_kib_max,
            tags: command.tags.clone(),
            shard_metrics: BTreeSet::new(),
            shards: Arc::new(Shards::new(shards)),
            next_shard: command.shards.get(),
            consumers: Vec::new(),
            reshard: None,
            deletion: None,
            scalings_ms: Vec::new(),
            updating: None,
            mode_switches_ms: Vec::new(),
            warm_mibps: command.warm_mibps.filter(|mibps| *mibps > 0),
            distribution: command.distribution,
            policy: None,
            peaks: Peaks::default(),
            encryption: None,
            data_keys: Arc::default(),
        })))
    }

    fn check_stream_quotas(&self, command: &CreateStream, now: Timestamp) -> Result<(), Refusal> {
        let (scope, quotas) = (&command.scope, &command.quotas);
        let tally = self.tally(scope);
        if let Some(limit) = quotas.creating_streams
            && tally.in_transition(now) >= limit
        {
            let (scope, most) = (scope.clone(), limit);
            return Err(Refusal::StreamsInTransition { scope, most });
        }
        if command.mode == Mode::OnDemand {
            self.check_on_demand_quota(scope, quotas)?;
        }
        let more = i64::from(command.shards.get());
        self.check_shard_quotas(scope, command.mode, quotas, more)
    }

    pub(super) fn check_on_demand_quota(
        &self,
        scope: &Scope,
        quotas: &Quotas,
    ) -> Result<(), Refusal> {
        let current = self.tally(scope).on_demand();
        match quotas.on_demand_streams {
            Some(most) if current >= most => {
                let scope = scope.clone();
                Err(Refusal::TooManyOnDemandStreams {
                    scope,
                    current,
                    most,
                })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Checks that a stream of this mode may have so many more shards.
    pub(super) fn check_shard_quotas(
        &self,
        scope: &Scope,
        mode: Mode,
        quotas: &Quotas,
        more: i64,
    ) -> Result<(), Refusal> {
        let Ok(more @ 1..) = u32::try_from(more) else {
            return Ok(());
        };
        let tally = self.tally(scope);
        let of_all = quotas.shards.map(|most| (tally.open_shards(), most));
        let of_provisioned = quotas
            .provisioned_shards
            .filter(|_| mode == Mode::Provisioned)
            .map(|most| (tally.provisioned_shards(), most));
        for (current, most) in [of_all, of_provisioned].into_iter().flatten() {
            if current.saturating_add(more) > most {
                return Err(Refusal::TooManyShards {
                    scope: scope.clone(),
                    current,
                    most,
                    more,
                });
            }
        }
        Ok(())
    }

    fn begin_delete(&mut self, command: &BeginDelete, now: Timestamp) -> Verdict {
        let mut stream = self.owned(command.stream)?;
        if stream.deletion.is_some() {
            return Err(not_active(&stream, Status::Deleting));
        }
        if !command.takes_consumers && stream.consumers_at(now).next().is_some() {
            let stream = stream.label();
            return Err(Refusal::StreamHasConsumers { stream });
        }
        stream.deletion = Some(Deletion {
            begun: now,
            lasts_ms: command.transition_ms,
        });
        Ok(Applied::Stream(self.put(stream)))
    }

    /// Idempotent: if the stream is gone, another one changes nothing.
    fn complete_delete(&mut self, id: u64, now: Timestamp) -> Verdict {
        let stream = self
            .stream_by_id(id)
            .filter(|stream| stream.deletion.is_some())
            .cloned();
        let Some(stream) = stream else {
            return Ok(Applied::NoStream);
        };
        self.remove(&stream, now);
        Ok(Applied::Stream(stream))
    }

    fn begin_reshard(&mut self, command: &BeginReshard, offset: u64, now: Timestamp) -> Verdict {
        let mut stream = self.at_rest(command.stream, now)?;
        let is_callers = command.by_service != Some(true);
        if !is_callers && stream.mode != Mode::OnDemand {
            let stream = stream.label();
            return Err(Refusal::NotOnDemand { stream });
        }
        let target = command.change.target().filter(|_| is_callers);
        if let Some(target) = target {
            check_scaling_bounds(&stream, target, &command.quotas)?;
        }
        let plan = Plan::new(&stream.shards, stream.next_shard, &command.change)
            .map_err(|why| impossible(&stream, why))?;
        let (quotas, growth) = (&command.quotas, plan.growth());
        let quota = self.check_shard_quotas(&stream.scope, stream.mode, quotas, growth);
        quota.map_err(|refusal| match (refusal, target) {
            (Refusal::TooManyShards { most, .. }, Some(target)) => {
                scaling_too_large(&stream, target, most)
            }
            (refusal, _) => refusal,
        })?;
        check_stream_shards(&stream, quotas, growth)?;
        if !plan.created.is_empty() {
            if target.is_some() {
                count_scaling(&mut stream, command, now)?;
            }
            stream.next_shard += plan.created.len() as u32;
            let lasts_ms = command.transition_ms;
            stream.reshard = Some(Reshard {
                id: offset,
                begun: now,
                lasts_ms,
                plan,
            });
        }
        Ok(Applied::Stream(self.put(stream)))
    }

    /// Idempotent: if the reshard is over, another one changes nothing.
    fn complete_reshard(&mut self, command: &CompleteReshard, now: Timestamp) -> Verdict {
        let mut stream = self.owned(command.stream)?;
        let ends: BTreeMap<u32, u64> = command.closes.iter().copied().collect();
        let is_this = |reshard: &mut Reshard| reshard.id == command.reshard;
        if let Some(reshard) = stream.reshard.take_if(is_this) {
            let arrived = Timestamp(command.arrived_ms.unwrap_or(0));
            let time = now.max(arrived);
            stream.shards = Arc::new(reshard.plan.carry_out(&stream.shards, &ends, time));
        }
        Ok(Applied::Stream(self.put(stream)))
    }

    fn expire_shards(&mut self, command: &ExpireShards) -> Verdict {
        let mut stream = self.owned(command.stream)?;
        let expired: BTreeSet<u32> = command.shards.iter().copied().collect();
        let goes = |shard: &&Shard| !shard.is_open() && expired.contains(&shard.index);
        let kept = stream
            .shards
            .all()
            .iter()
            .filter(|shard| !goes(shard))
            .cloned()
            .collect();
        stream.shards = Arc::new(Shards::new(kept));
        Ok(Applied::Stream(self.put(stream)))
    }

    fn set_retention(&mut self, command: &SetRetention, now: Timestamp) -> Verdict {
        let mut stream = self.at_rest(command.stream, now)?;
        let hours = command.hours;
        match command.direction {
            Direction::Increase if hours < stream.retention_hours => {
                return Err(Refusal::RetentionNotLonger {
                    hours,
                    existing: stream.retention_hours,
                    stream: stream.label(),
                });
            }
            Direction::Decrease if hours > stream.retention_hours => {
                return Err(Refusal::RetentionNotShorter {
                    hours,
                    existing: stream.retention_hours,
                    stream: stream.label(),
                });
            }
            Direction::Increase | Direction::Decrease => stream.retention_hours = hours,
        }
        Ok(Applied::Stream(self.put(stream)))
    }

    fn change_tags(&mut self, command: &ChangeTags, now: Timestamp) -> Verdict {
        let mut stream = self.staying(command.stream)?;
        let label = stream.label();
        let (tags, resource) = match &command.consumer {
            None => (&mut stream.tags, label.into()),
            Some(key) => {
                let consumer = active_consumer(&mut stream, key, now)?;
                let resource = ResourceLabel::Consumer {
                    name: consumer.name.clone(),
                    stream: label,
                };
                (&mut consumer.tags, resource)
            }
        };
        tags.extend(command.set.clone());
        tags.retain(|key, _| !command.removed.contains(key));
        if !command.set.is_empty() && tags.len() > limits::TAGS_MAX {
            return Err(Refusal::TooManyTags {
                resource,
                most: limits::TAGS_MAX,
            });
        }
        Ok(Applied::Stream(self.put(stream)))
    }

    fn set_policy(&mut self, command: &SetPolicy, now: Timestamp) -> Verdict {
        let mut stream = match &command.consumer {
            None => self.at_rest(command.stream, now)?,
            Some(_) => self.staying(command.stream)?,
        };
        let present = match &command.consumer {
            None => &mut stream.policy,
            Some(key) => &mut active_consumer(&mut stream, key, now)?.policy,
        };
        let was_there = present.is_some();
        present.clone_from(&command.policy);
        if command.policy.is_none() && !was_there {
            let arn = match &command.consumer {
                None => stream.arn().to_string(),
                Some(key) => key.clone().arn_in(stream.arn()).to_string(),
            };
            return Err(Refusal::NoPolicy { arn });
        }
        Ok(Applied::Stream(self.put(stream)))
    }

    fn change_monitoring(&mut self, command: &ChangeMonitoring) -> Verdict {
        let mut stream = self.staying(command.stream)?;
        if command.is_enabled {
            stream.shard_metrics.extend(command.metrics.clone());
        } else {
            stream
                .shard_metrics
                .retain(|name| !command.metrics.contains(name));
        }
        Ok(Applied::Stream(self.put(stream)))
    }

    fn register_consumer(&mut self, command: &RegisterConsumer, now: Timestamp) -> Verdict {
        let mut stream = self.staying(command.stream)?;
        if let Some(there) = stream.consumers_at(now).find(|c| c.name == command.name) {
            let (consumer, stream) = (there.name.clone(), stream.label());
            return Err(Refusal::ConsumerExists { consumer, stream });
        }
        check_consumer_quotas(&stream, &command.quotas, now)?;
        let arn_s = take_arn_second(&mut stream, command, now);
        stream.consumers.push(Consumer {
            name: command.name.clone(),
            created: now,
            creating_ms: command.transition_ms,
            gone_ms: None,
            arn_s,
            tags: command.tags.clone(),
            policy: None,
        });
        stream.consumers.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Applied::Stream(self.put(stream)))
    }

    fn deregister_consumer(&mut self, command: &DeregisterConsumer, now: Timestamp) -> Verdict {
        let mut stream = self.owned(command.stream)?;
        let is_there =
            |c: &&mut Consumer| c.name == command.name && c.status_at(now) != ConsumerStatus::Gone;
        let Some(consumer) = stream.consumers.iter_mut().find(is_there) else {
            let (consumer, stream) = (command.name.clone(), stream.label());
            return Err(Refusal::ConsumerNotFound { consumer, stream });
        };
        if consumer.gone_ms.is_none() {
            consumer.gone_ms = Some(now.0.saturating_add(command.transition_ms));
        }
        Ok(Applied::Stream(self.put(stream)))
    }

    fn add_token_key(&mut self, form: TokenKeyForm, now: Timestamp) -> Verdict {
        self.token_keys.push(TokenKey {
            created_ms: now.0,
            form,
        });
        let old = self.token_keys.len().saturating_sub(TOKEN_KEYS_KEPT);
        self.token_keys.drain(..old);
        Ok(Applied::NoStream)
    }

    fn set_distribution(&mut self, command: &SetDistribution, now: Timestamp) -> Verdict {
        let mut stream = self.at_rest(command.stream, now)?;
        match (command.distribution, stream.mode) {
            (Distribution::Auto, Mode::Provisioned) => {
                let stream = stream.label();
                return Err(Refusal::AutoProvisioned { stream });
            }
            (Distribution::Auto, Mode::OnDemand)
            | (Distribution::UserPartitionKey, Mode::Provisioned | Mode::OnDemand) => {
                stream.distribution = command.distribution;
            }
        }
        Ok(Applied::Stream(self.put(stream)))
    }

    fn raise_peak(&mut self, command: &RaisePeak, now: Timestamp) -> Verdict {
        let mut stream = self.owned(command.stream)?;
        stream.peaks.add(Peak {
            at: now,
            bytes_per_second: command.bytes_per_second,
            records_per_second: command.records_per_second,
        });
        Ok(Applied::Stream(self.put(stream)))
    }

    /// The stream with this id, to be changed and put back. If it was deleted since its proposer
    /// saw it, only the proposer knows its name.
    pub(super) fn owned(&self, id: u64) -> Result<Stream, Refusal> {
        let stream = self.stream_by_id(id);
        stream
            .map(|stream| Stream::clone(stream))
            .ok_or(Refusal::StreamGone { id })
    }

    /// The same, unless it is being deleted.
    pub(super) fn staying(&self, id: u64) -> Result<Stream, Refusal> {
        let stream = self.owned(id)?;
        match stream.deletion {
            None => Ok(stream),
            Some(_) => Err(not_active(&stream, Status::Deleting)),
        }
    }

    /// The same, if it is ACTIVE.
    pub(super) fn at_rest(&self, id: u64, now: Timestamp) -> Result<Stream, Refusal> {
        let stream = self.owned(id)?;
        match stream.status_at(now) {
            Status::Active => Ok(stream),
            status @ (Status::Creating | Status::Updating | Status::Deleting) => {
                Err(not_active(&stream, status))
            }
        }
    }
}

fn check_scaling_bounds(stream: &Stream, target: u32, quotas: &Quotas) -> Result<(), Refusal> {
    let of_account = quotas.shards.into_iter().chain(quotas.provisioned_shards);
    let most = of_account.fold(limits::UPDATE_SHARD_COUNT_MAX, u32::min);
    let current = stream.shards.open().len() as u32;
    let is_growth = target > current;
    if is_growth && target > most {
        return Err(scaling_too_large(stream, target, most));
    }
    if target > limits::UPDATE_SHARD_COUNT_MAX {
        let most = limits::UPDATE_SHARD_COUNT_MAX;
        return Err(scaling_too_large(stream, target, most));
    }
    if quotas.scalings_per_day.is_none() {
        return Ok(());
    }
    let times = |count: u32| u64::from(limits::UPDATE_SHARD_COUNT_FACTOR) * u64::from(count);
    if u64::from(target) > times(current) || times(target) < u64::from(current) {
        return Err(Refusal::ScalingTooFar { current, target });
    }
    Ok(())
}

/// Checks that the stream itself may have so many more shards.
fn check_stream_shards(stream: &Stream, quotas: &Quotas, more: i64) -> Result<(), Refusal> {
    let (Some(most), Ok(more @ 1..)) = (quotas.stream_shards, u32::try_from(more)) else {
        return Ok(());
    };
    let target = (stream.shards.open().len() as u32).saturating_add(more);
    if target > most {
        return Err(scaling_too_large(stream, target, most));
    }
    Ok(())
}

fn scaling_too_large(stream: &Stream, target: u32, most: u32) -> Refusal {
    let current = stream.shards.open().len() as u32;
    Refusal::ScalingTooLarge {
        current,
        target,
        most,
    }
}

/// Counts a scaling. One that changes no shard is neither counted nor refused.
fn count_scaling(
    stream: &mut Stream,
    command: &BeginReshard,
    now: Timestamp,
) -> Result<(), Refusal> {
    let counting = Counting {
        window_ms: SCALINGS_COUNTED_MS,
        most: command.quotas.scalings_per_day,
        remembered: command.remembered,
    };
    let counted = counting.count(&mut stream.scalings_ms, now);
    counted.map_err(|TooMany { most }| Refusal::TooManyScalings {
        stream: stream.label(),
        most,
    })
}

/// Forgets consumers that are gone, and chooses the second in a new one's ARN.
fn take_arn_second(stream: &mut Stream, command: &RegisterConsumer, now: Timestamp) -> u64 {
    let is_gone = |c: &Consumer| c.status_at(now) == ConsumerStatus::Gone;
    let before = match command.arn_second {
        None => {
            let newest = stream.consumers.iter().map(|c| c.arn_s).max();
            stream.consumers.retain(|c| !is_gone(c));
            newest
        }
        Some(ArnSecond::Registered) => {
            let namesake = stream.consumers.iter().find(|c| c.name == command.name);
            let before = namesake.map(|c| c.arn_s);
            // Until its second is over, its name might be registered once more.
            let matters = |c: &Consumer| c.name != command.name && c.arn_s >= now.seconds();
            stream.consumers.retain(|c| !is_gone(c) || matters(c));
            before
        }
    };
    now.seconds()
        .max(before.map_or(0, |second| second.saturating_add(1)))
}

fn check_consumer_quotas(stream: &Stream, quotas: &Quotas, now: Timestamp) -> Result<(), Refusal> {
    if let Some(limit) = quotas.consumers
        && stream.consumers_at(now).count() >= limit as usize
    {
        let (stream, most) = (stream.label(), limit);
        return Err(Refusal::TooManyConsumers { stream, most });
    }
    let creating = stream
        .consumers
        .iter()
        .filter(|c| c.status_at(now) == ConsumerStatus::Creating);
    if let Some(limit) = quotas.creating_consumers
        && creating.count() >= limit as usize
    {
        let (stream, most) = (stream.label(), limit);
        return Err(Refusal::TooManyConsumersCreating { stream, most });
    }
    Ok(())
}

/// The stream's consumer with that name and second, to be changed, if it is ACTIVE.
fn active_consumer<'s>(
    stream: &'s mut Stream,
    key: &ConsumerKey,
    now: Timestamp,
) -> Result<&'s mut Consumer, Refusal> {
    let label = stream.label();
    let (consumer, arn_s) = (key.name.clone(), key.arn_s);
    let mut consumers = stream.consumers.iter_mut();
    let Some(found) = consumers.find(|c| c.name == key.name && c.arn_s == key.arn_s) else {
        let stream = label;
        return Err(Refusal::ConsumerNotFound { consumer, stream });
    };
    match found.status_at(now) {
        ConsumerStatus::Active => Ok(found),
        ConsumerStatus::Gone => Err(Refusal::ConsumerNotFound {
            consumer,
            stream: label,
        }),
        status @ (ConsumerStatus::Creating | ConsumerStatus::Deleting) => {
            Err(Refusal::ConsumerNotActive {
                consumer,
                arn_s,
                status,
                stream: label,
            })
        }
    }
}

/// Converts a plan's refusal to one about the stream.
pub(super) fn impossible(stream: &Stream, why: Impossible) -> Refusal {
    let label = stream.label();
    match why {
        Impossible::SplitKey { shard, range, at } => Refusal::SplitKey {
            key: at,
            shard: ShardId::new(shard),
            range,
            stream: label,
        },
        Impossible::NotAdjacent { shard, adjacent } => Refusal::NotAdjacent {
            shard: ShardId::new(shard),
            adjacent: ShardId::new(adjacent),
            stream: label,
        },
        Impossible::IndexesUsedUp { target } => {
            let most = stream.shards.open().len() as u32;
            scaling_too_large(stream, target, most)
        }
        Impossible::NotOpen(index) => {
            let (shard, stream_has_it) = (ShardId::new(index), stream.shards.get(index).is_some());
            let stream = label;
            if stream_has_it {
                Refusal::ShardClosed { shard, stream }
            } else {
                Refusal::ShardNotFound { shard, stream }
            }
        }
    }
}

fn not_active(stream: &Stream, status: Status) -> Refusal {
    let stream = stream.label();
    Refusal::StreamNotActive { stream, status }
}

#[cfg(test)]
mod by_service_tests;
#[cfg(test)]
mod tests;
