//! CreateStream: a command, and a log for each shard.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html>

use super::warmth::{FEWEST, mibps, shards_for};
use super::{Engine, Handler, OutputOf, Request, tags};
use crate::catalog::{
    CreateStream as Create, Distribution, Mode, ProposeError, Refusal, StreamLabel,
};
use crate::facts::{CapacityError, CreateStreamError, LogsMissing};
use crate::target::StreamRef;
use crate::views;
use millstream_model::limits;
use millstream_protocol::operations::CreateStreamInput;
use millstream_protocol::types::StreamMode;
use std::num::NonZeroU32;
use std::sync::Arc;

/// CreateStream.
pub struct CreateStream;

impl Handler for CreateStream {
    type Operation = millstream_protocol::operations::CreateStream;
    type Input = CreateStreamInput;
    type Target = StreamRef;
    type Output = OutputOf<Self>;
    type Error = CreateStreamError;

    async fn handle(engine: Arc<Engine>, request: Request<Self>) -> Result<(), CreateStreamError> {
        let (target, input) = request.into_parts();
        let (mode, shards) = capacity(&input)?;
        let distribution = distribution(&input, mode, target.label())?;
        let warm = input.warm_throughput_mibps.map(mibps);
        let shards = match (mode, warm) {
            (Mode::OnDemand, Some(mibps)) => shards_for(mibps),
            (Mode::Provisioned, Some(_)) => return Err(CapacityError::WarmProvisioned.into()),
            (Mode::OnDemand | Mode::Provisioned, None) => shards,
        };
        // That the name is taken comes before what is wrong with the tags.
        if engine.stream(&target).is_ok() {
            let stream = target.label();
            return Err(ProposeError::Refused(Refusal::StreamExists { stream }).into());
        }
        let tags = input.tags.unwrap_or_default();
        tags::check_new_tags(&tags, &target.label().into())?;
        let StreamRef { scope, name, .. } = target;
        let kib = input
            .max_record_size_in_kib
            .and_then(|kib| u32::try_from(kib).ok());
        let create = Create {
            quotas: engine.quotas(&scope),
            scope,
            name,
            mode,
            shards,
            tags,
            record_kib_max: kib.unwrap_or(limits::RECORD_KIB_DEFAULT),
            transition_ms: engine.settings().transition_ms(),
            warm_mibps: warm,
            distribution,
        };
        let stream = engine.streams().create(create).await?;
        let made = engine.logs().make_empty(&stream, stream.logs()).await;
        Ok(made.map_err(LogsMissing)?)
    }
}

/// How records are assigned to shards: by their keys, unless the request says otherwise.
fn distribution(
    input: &CreateStreamInput,
    mode: Mode,
    stream: StreamLabel,
) -> Result<Distribution, CapacityError> {
    let wanted = input.record_distribution_strategy;
    let wanted = wanted.map(views::distribution_of).unwrap_or_default();
    match (wanted, mode) {
        (Distribution::Auto, Mode::Provisioned) => Err(CapacityError::AutoProvisioned { stream }),
        (Distribution::Auto, Mode::OnDemand)
        | (Distribution::UserPartitionKey, Mode::Provisioned | Mode::OnDemand) => Ok(wanted),
    }
}

/// Mode and shards. Without either, AWS creates an on-demand stream.
fn capacity(input: &CreateStreamInput) -> Result<(Mode, NonZeroU32), CapacityError> {
    let count = input
        .shard_count
        .and_then(|count| u32::try_from(count).ok())
        .and_then(NonZeroU32::new);
    match (
        input
            .stream_mode_details
            .as_ref()
            .map(|details| details.stream_mode),
        count,
    ) {
        (None | Some(StreamMode::OnDemand), None) => Ok((Mode::OnDemand, FEWEST)),
        (None | Some(StreamMode::Provisioned), Some(count))
            if count.get() > limits::STREAM_SHARDS_MAX =>
        {
            Err(CapacityError::TooManyShards {
                shards: count.get(),
                most: limits::STREAM_SHARDS_MAX,
            })
        }
        (None | Some(StreamMode::Provisioned), Some(count)) => Ok((Mode::Provisioned, count)),
        (Some(StreamMode::OnDemand), Some(_)) => Err(CapacityError::ShardsOnDemand),
        (Some(StreamMode::Provisioned), None) => Err(CapacityError::ShardsMissing),
    }
}
