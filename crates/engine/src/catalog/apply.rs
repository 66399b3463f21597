//! `apply`: what each command does to the state.
//!
//! Deterministic: no clock, no randomness, no map whose order chance decides. A command that the
//! state does not allow changes nothing and says why; every node comes to the same answer.

use super::command::{
    BeginDelete, BeginReshard, Change, ChangeMonitoring, ChangeTags, Command, CompleteReshard,
    CreateStream, DeregisterConsumer, Direction, Envelope, ExpireShards, Quotas, RegisterConsumer,
    SetRetention,
};
use super::plan::{Impossible, Plan};
use super::scope::{Mode, Scope};
use super::shard::{Shard, Shards};
use super::state::{State, TOKEN_KEYS_KEPT, TokenKey};
use super::stream::{Consumer, ConsumerStatus, Deletion, Reshard, Status, Stream};
use crate::texts;
use env::Timestamp;
use model::{HashRange, ShardId, limits};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use wire::Error;

const DAY_MS: u64 = 86_400_000;

/// What a command did: the stream as it is after it, if it was about one.
pub type Applied = Result<Option<Arc<Stream>>, Error>;

impl State {
    /// Applies the command that stands at [`State::next`].
    pub fn apply(&mut self, envelope: &Envelope) -> Applied {
        let offset = self.next.0;
        let now = envelope.time;
        self.next = self.next.plus(1);
        match &envelope.command {
            Command::CreateStream(command) => self.create_stream(command, offset, now),
            Command::BeginDelete(command) => self.begin_delete(command, now),
            Command::CompleteDelete(stream) => self.complete_delete(*stream, now),
            Command::BeginReshard(command) => self.begin_reshard(command, offset, now),
            Command::CompleteReshard(command) => self.complete_reshard(command, now),
            Command::ExpireShards(command) => self.expire_shards(command),
            Command::SetRetention(command) => self.set_retention(command, now),
            Command::ChangeTags(command) => self.change_tags(command),
            Command::ChangeMonitoring(command) => self.change_monitoring(command),
            Command::RegisterConsumer(command) => self.register_consumer(command, now),
            Command::DeregisterConsumer(command) => self.deregister_consumer(command, now),
            Command::AddTokenKey(secret) => self.add_token_key(*secret, now),
        }
    }

    fn create_stream(&mut self, command: &CreateStream, offset: u64, now: Timestamp) -> Applied {
        let scope = &command.scope;
        if self.stream(scope, command.name.as_str()).is_some() {
            return Err(texts::stream_exists(&command.name, scope));
        }
        self.check_stream_quotas(command, now)?;
        let deleted = self
            .scopes
            .get(scope)
            .and_then(|neighbours| neighbours.deleted_s(&command.name));
        let created_s = now.seconds().max(deleted.map_or(0, |second| second + 1));
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
        Ok(Some(self.put(Stream {
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
            next_shard: command.shards,
            consumers: Vec::new(),
            reshard: None,
            deletion: None,
            scalings_ms: Vec::new(),
        })))
    }

    fn check_stream_quotas(&self, command: &CreateStream, now: Timestamp) -> Result<(), Error> {
        let (scope, quotas) = (&command.scope, &command.quotas);
        let tally = self.tally(scope);
        if let Some(limit) = quotas.creating_streams
            && tally.in_transition(now) >= limit
        {
            return Err(texts::streams_in_transition(scope, limit));
        }
        if command.mode == Mode::OnDemand
            && let Some(limit) = quotas.on_demand_streams
            && tally.on_demand() >= limit
        {
            return Err(texts::on_demand_limit(scope, limit));
        }
        self.check_shard_quota(scope, quotas, i64::from(command.shards))
    }

    fn check_shard_quota(&self, scope: &Scope, quotas: &Quotas, more: i64) -> Result<(), Error> {
        let Some(limit) = quotas.shards else {
            return Ok(());
        };
        let current = self.tally(scope).open_shards();
        match u32::try_from(more) {
            Ok(more) if more > 0 && current.saturating_add(more) > limit => {
                Err(texts::shard_limit(scope, current, limit, more))
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }

    fn begin_delete(&mut self, command: &BeginDelete, now: Timestamp) -> Applied {
        let mut stream = self.owned(command.stream)?;
        if stream.deletion.is_some() {
            return Err(texts::stream_not_active(&stream, Status::Deleting));
        }
        if !command.takes_consumers && stream.consumers_at(now).next().is_some() {
            return Err(texts::stream_has_consumers(&stream));
        }
        stream.deletion = Some(Deletion {
            begun: now,
            lasts_ms: command.transition_ms,
        });
        Ok(Some(self.put(stream)))
    }

    /// The first one counts: of a stream that is gone, another changes nothing.
    fn complete_delete(&mut self, id: u64, now: Timestamp) -> Applied {
        let stream = self
            .stream_by_id(id)
            .filter(|stream| stream.deletion.is_some())
            .cloned();
        if let Some(stream) = &stream {
            self.remove(stream, now);
        }
        Ok(stream)
    }

    fn begin_reshard(&mut self, command: &BeginReshard, offset: u64, now: Timestamp) -> Applied {
        let mut stream = self.at_rest(command.stream, now)?;
        if let Change::Scale { target } = command.change {
            check_scaling_bounds(&stream, target, &command.quotas)?;
        }
        let plan = Plan::new(&stream.shards, stream.next_shard, command.change)
            .map_err(|why| impossible(&stream, command.change, why))?;
        self.check_shard_quota(&stream.scope, &command.quotas, plan.growth())?;
        if !plan.created.is_empty() {
            if let Change::Scale { .. } = command.change {
                count_scaling(&mut stream, &command.quotas, now)?;
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
        Ok(Some(self.put(stream)))
    }

    /// The first one counts: of a reshard that is over, another changes nothing.
    fn complete_reshard(&mut self, command: &CompleteReshard, now: Timestamp) -> Applied {
        let mut stream = self.owned(command.stream)?;
        let ends: BTreeMap<u32, u64> = command.closes.iter().copied().collect();
        let is_this = |reshard: &mut Reshard| reshard.id == command.reshard;
        if let Some(reshard) = stream.reshard.take_if(is_this) {
            let arrived = Timestamp(command.arrived_ms.unwrap_or(0));
            let time = now.max(arrived);
            stream.shards = Arc::new(reshard.plan.carry_out(&stream.shards, &ends, time));
        }
        Ok(Some(self.put(stream)))
    }

    fn expire_shards(&mut self, command: &ExpireShards) -> Applied {
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
        Ok(Some(self.put(stream)))
    }

    fn set_retention(&mut self, command: &SetRetention, now: Timestamp) -> Applied {
        let mut stream = self.at_rest(command.stream, now)?;
        let hours = command.hours;
        match command.direction {
            Direction::Increase if hours < stream.retention_hours => {
                return Err(texts::retention_not_longer(hours, &stream));
            }
            Direction::Decrease if hours > stream.retention_hours => {
                return Err(texts::retention_not_shorter(hours, &stream));
            }
            Direction::Increase | Direction::Decrease => stream.retention_hours = hours,
        }
        Ok(Some(self.put(stream)))
    }

    fn change_tags(&mut self, command: &ChangeTags) -> Applied {
        let mut stream = self.staying(command.stream)?;
        stream.tags.extend(command.set.clone());
        stream.tags.retain(|key, _| !command.removed.contains(key));
        if !command.set.is_empty() && stream.tags.len() > limits::TAGS_MAX {
            let account = &stream.scope.account;
            return Err(texts::tag_limit(&stream.name, account, limits::TAGS_MAX));
        }
        Ok(Some(self.put(stream)))
    }

    fn change_monitoring(&mut self, command: &ChangeMonitoring) -> Applied {
        let mut stream = self.staying(command.stream)?;
        if command.is_enabled {
            stream.shard_metrics.extend(command.metrics.clone());
        } else {
            stream
                .shard_metrics
                .retain(|name| !command.metrics.contains(name));
        }
        Ok(Some(self.put(stream)))
    }

    fn register_consumer(&mut self, command: &RegisterConsumer, now: Timestamp) -> Applied {
        let mut stream = self.staying(command.stream)?;
        let newest_arn_s = stream.consumers.iter().map(|c| c.arn_s).max();
        stream
            .consumers
            .retain(|c| c.status_at(now) != ConsumerStatus::Gone);
        if stream.consumers.iter().any(|c| c.name == command.name) {
            return Err(texts::consumer_exists(&command.name, &stream));
        }
        check_consumer_quotas(&stream, &command.quotas, now)?;
        stream.consumers.push(Consumer {
            name: command.name.clone(),
            created: now,
            creating_ms: command.transition_ms,
            gone_ms: None,
            arn_s: now
                .seconds()
                .max(newest_arn_s.map_or(0, |newest| newest + 1)),
            tags: command.tags.clone(),
        });
        stream.consumers.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Some(self.put(stream)))
    }

    fn deregister_consumer(&mut self, command: &DeregisterConsumer, now: Timestamp) -> Applied {
        let mut stream = self.owned(command.stream)?;
        let is_there =
            |c: &&mut Consumer| c.name == command.name && c.status_at(now) != ConsumerStatus::Gone;
        let Some(consumer) = stream.consumers.iter_mut().find(is_there) else {
            return Err(texts::consumer_not_found(&command.name, &stream));
        };
        if consumer.gone_ms.is_none() {
            consumer.gone_ms = Some(now.0.saturating_add(command.transition_ms));
        }
        Ok(Some(self.put(stream)))
    }

    fn add_token_key(&mut self, secret: [u8; 32], now: Timestamp) -> Applied {
        self.token_keys.push(TokenKey {
            created_ms: now.0,
            secret,
        });
        let old = self.token_keys.len().saturating_sub(TOKEN_KEYS_KEPT);
        self.token_keys.drain(..old);
        Ok(None)
    }

    /// The stream of an id, to change and put back. If it is gone since its proposer saw it, there
    /// is nothing left to name it by: the proposer knows what to say.
    fn owned(&self, id: u64) -> Result<Stream, Error> {
        let stream = self.stream_by_id(id);
        stream
            .map(|stream| Stream::clone(stream))
            .ok_or_else(texts::internal)
    }

    /// The same, if it is not on its way out.
    fn staying(&self, id: u64) -> Result<Stream, Error> {
        let stream = self.owned(id)?;
        match stream.deletion {
            None => Ok(stream),
            Some(_) => Err(texts::stream_not_active(&stream, Status::Deleting)),
        }
    }

    /// The same, if it is ACTIVE.
    fn at_rest(&self, id: u64, now: Timestamp) -> Result<Stream, Error> {
        let stream = self.owned(id)?;
        match stream.status_at(now) {
            Status::Active => Ok(stream),
            status @ (Status::Creating | Status::Updating | Status::Deleting) => {
                Err(texts::stream_not_active(&stream, status))
            }
        }
    }
}

fn check_scaling_bounds(stream: &Stream, target: u32, quotas: &Quotas) -> Result<(), Error> {
    if target > limits::UPDATE_SHARD_COUNT_MAX {
        return Err(texts::scaling_maximum(
            target,
            limits::UPDATE_SHARD_COUNT_MAX,
        ));
    }
    if quotas.scalings_per_day.is_none() {
        return Ok(());
    }
    let current = stream.shards.open().len() as u32;
    if u64::from(target) > 2 * u64::from(current) || 2 * u64::from(target) < u64::from(current) {
        return Err(texts::scaling_bounds(current, target));
    }
    Ok(())
}

/// One more scaling of the day. What changes no shard is none: it is not counted, nor refused.
fn count_scaling(stream: &mut Stream, quotas: &Quotas, now: Timestamp) -> Result<(), Error> {
    let Some(limit) = quotas.scalings_per_day else {
        return Ok(());
    };
    stream
        .scalings_ms
        .retain(|at| at.saturating_add(DAY_MS) > now.0);
    if stream.scalings_ms.len() >= limit as usize {
        return Err(texts::scaling_limit(stream, limit));
    }
    stream.scalings_ms.push(now.0);
    Ok(())
}

fn check_consumer_quotas(stream: &Stream, quotas: &Quotas, now: Timestamp) -> Result<(), Error> {
    if let Some(limit) = quotas.consumers
        && stream.consumers.len() >= limit as usize
    {
        return Err(texts::consumer_limit(stream, limit));
    }
    let creating = stream
        .consumers
        .iter()
        .filter(|c| c.status_at(now) == ConsumerStatus::Creating);
    if let Some(limit) = quotas.creating_consumers
        && creating.count() >= limit as usize
    {
        return Err(texts::creating_consumer_limit(stream, limit));
    }
    Ok(())
}

/// Says in AWS's words why a change cannot be made.
fn impossible(stream: &Stream, change: Change, why: Impossible) -> Error {
    let account = &stream.scope.account;
    match (change, why) {
        (Change::Split { shard, at }, Impossible::SplitKey) => {
            let range = stream
                .shards
                .get(shard)
                .map_or(HashRange::ALL, |shard| shard.range);
            texts::split_key(at, ShardId::new(shard), stream, range)
        }
        (Change::Merge { shard, adjacent }, Impossible::NotAdjacent) => {
            texts::not_adjacent(ShardId::new(shard), ShardId::new(adjacent), stream)
        }
        (_, Impossible::NotOpen(index)) if stream.shards.get(index).is_some() => {
            texts::shard_closed(ShardId::new(index), stream)
        }
        (_, Impossible::NotOpen(index)) => {
            texts::could_not_find_shard(ShardId::new(index), stream.name.as_str(), account)
        }
        (
            Change::Split { .. } | Change::Merge { .. } | Change::Scale { .. },
            Impossible::SplitKey | Impossible::NotAdjacent,
        ) => texts::internal(),
    }
}
