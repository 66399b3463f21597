//! What several operations do alike.

use crate::Engine;
use crate::catalog::{
    BeginReshard, Change, ChangeMonitoring, Command, Direction, Mode, Status, Stream, StreamLabel,
};
use crate::facts::{
    ChangeError, RecordError, ReshardError, RetentionError, SetRetentionError, StreamError, TagAct,
    TagError,
};
use crate::put::RecordToPut;
use crate::{counters, views};
use model::limits;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use wire::types::{EnhancedMonitoringOutput, MetricsName};

/// Lets a reshard begin, and waits for its end where that is a matter of moments.
pub(super) async fn reshard(
    engine: &Arc<Engine>,
    stream: &Arc<Stream>,
    change: Change,
    operation: &'static str,
) -> Result<(), ReshardError> {
    if stream.mode == Mode::OnDemand {
        let stream = stream.label();
        return Err(StreamError::OnDemand { stream, operation }.into());
    }
    let begin = BeginReshard {
        stream: stream.id,
        change,
        transition_ms: engine.settings().transition_ms(),
        quotas: engine.settings().stream_quotas(&stream.scope),
    };
    let begun = engine.change(stream, Command::BeginReshard(begin)).await?;
    if let Some(reshard) = &begun.reshard {
        engine.fence().carry_on(stream.id);
        let is_over = |now: &Arc<Stream>| now.reshard.as_ref().is_none_or(|r| r.id != reshard.id);
        engine
            .settled(|state| state.stream_by_id(stream.id).is_none_or(is_over))
            .await;
    }
    Ok(())
}

/// Sets the retention, if it is one that may be.
pub(super) async fn set_retention(
    engine: &Arc<Engine>,
    stream: &Arc<Stream>,
    hours: i32,
    direction: Direction,
) -> Result<(), SetRetentionError> {
    let wanted = u32::try_from(hours).unwrap_or(0);
    if wanted < limits::RETENTION_HOURS_MIN {
        return Err(RetentionError::TooShort { hours }.into());
    }
    if wanted > limits::RETENTION_HOURS_MAX {
        return Err(RetentionError::TooLong { hours }.into());
    }
    engine.retention().set(stream, wanted, direction).await
}

/// Which way metrics are switched.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Switch {
    On,
    Off,
}

/// Switches shard-level metrics; `ALL` stands for each of them.
pub(super) async fn switch_metrics(
    engine: &Arc<Engine>,
    stream: &Arc<Stream>,
    named: &[MetricsName],
    switch: Switch,
) -> Result<EnhancedMonitoringOutput, ChangeError> {
    let names: BTreeSet<String> = if named.contains(&MetricsName::All) {
        counters::shard_level_metrics().map(str::to_owned).collect()
    } else {
        named
            .iter()
            .filter_map(|name| views::metric_name(*name))
            .map(str::to_owned)
            .collect()
    };
    let is_enabled = switch == Switch::On;
    let change = ChangeMonitoring {
        stream: stream.id,
        metrics: names,
        is_enabled,
    };
    let after = engine
        .change(stream, Command::ChangeMonitoring(change))
        .await?;
    Ok(EnhancedMonitoringOutput {
        stream_name: Some(stream.name.to_string()),
        current_shard_level_metrics: Some(views::metrics(stream)),
        desired_shard_level_metrics: Some(views::metrics(&after)),
        stream_arn: Some(stream.arn().to_string()),
    })
}

/// Refuses tags whose characters AWS does not take, and more than a stream may have.
pub(super) fn check_new_tags(
    tags: &BTreeMap<String, String>,
    stream: &StreamLabel,
) -> Result<(), TagError> {
    if tags.len() > limits::TAGS_MAX {
        return Err(TagError::TooMany {
            stream: stream.clone(),
            most: limits::TAGS_MAX,
        });
    }
    let texts = tags.iter().flat_map(|(key, value)| [key, value]);
    check_characters(texts, TagAct::Add, stream)
}

/// Refuses tag keys whose characters AWS does not take.
pub(super) fn check_tag_keys(keys: &[String], stream: &StreamLabel) -> Result<(), TagError> {
    check_characters(keys.iter(), TagAct::Remove, stream)
}

fn check_characters<'a>(
    mut texts: impl Iterator<Item = &'a String> + Clone,
    act: TagAct,
    stream: &StreamLabel,
) -> Result<(), TagError> {
    let is_valid = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_./=+-%@".contains(c);
    if !texts.clone().all(|text| text.chars().all(is_valid)) {
        return Err(TagError::Characters);
    }
    if texts.any(|text| text.contains('%')) {
        let stream = stream.clone();
        Err(TagError::Percent { act, stream })
    } else {
        Ok(())
    }
}

/// Refuses a record that is larger than its stream takes.
pub(super) fn check_size(stream: &Stream, record: &RecordToPut<'_>) -> Result<(), RecordError> {
    let bytes = record.bytes();
    if bytes > u64::from(stream.record_kib_max) * 1024 {
        return Err(RecordError::TooLarge {
            bytes,
            kib_max: stream.record_kib_max,
            stream: stream.label(),
        });
    }
    Ok(())
}

/// Refuses a stream that takes no records: to a put, one that is CREATING or DELETING is not there.
pub(super) fn check_takes_records(engine: &Engine, stream: &Stream) -> Result<(), StreamError> {
    match stream.status_at(engine.clock().now()) {
        Status::Active | Status::Updating => Ok(()),
        Status::Creating | Status::Deleting => Err(StreamError::gone(&stream.label())),
    }
}

/// Refuses a stream that is another than the one made at that moment.
pub(super) fn check_creation(
    stream: &Stream,
    given: Option<wire::Timestamp>,
) -> Result<(), StreamError> {
    // Clients give back what they were shown, some of them in whole seconds.
    let is_other =
        |given: wire::Timestamp| given.0.div_euclid(1000) != stream.created.seconds() as i64;
    if given.is_some_and(is_other) {
        return Err(StreamError::gone(&stream.label()));
    }
    Ok(())
}

/// How many a page holds: what was asked, at most so many.
pub(super) fn page_size(asked: Option<i32>, most: usize) -> usize {
    asked
        .and_then(|asked| usize::try_from(asked).ok())
        .map_or(most, |asked| asked.min(most))
}

/// A count in a shape.
pub(super) fn count(count: impl TryInto<i32>) -> i32 {
    count.try_into().unwrap_or(i32::MAX)
}
