//! CreateStream: a command, and a log for each shard.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html>

use super::{Engine, Handler, OutputOf, Request, shared};
use crate::catalog::{Command, CreateStream as Create, Mode};
use crate::target::scope_of;
use crate::texts;
use model::{StreamName, limits};
use std::sync::Arc;
use wire::Error;
use wire::operations::CreateStreamInput;
use wire::types::{RecordDistributionStrategy, StreamMode};

/// CreateStream.
pub struct CreateStream;

impl Handler for CreateStream {
    type Operation = wire::operations::CreateStream;
    type Input = CreateStreamInput;
    type Output = OutputOf<Self>;
    const MUTATES: bool = true;

    async fn handle(engine: Arc<Engine>, request: Request<Self>) -> Result<(), Error> {
        let (principal, input) = request.into_parts();
        let scope = scope_of(&principal);
        refuse_unsupported(&input)?;
        let (mode, shards) = capacity(&input)?;
        let name = StreamName::parse(&input.stream_name)
            .map_err(|_| texts::stream_not_found(&input.stream_name, &scope.account))?;
        let tags = input.tags.unwrap_or_default();
        shared::check_new_tags(&tags, &name, &scope.account)?;
        let kib = input
            .max_record_size_in_kib
            .and_then(|kib| u32::try_from(kib).ok());
        let create = Create {
            quotas: engine.stream_quotas(&scope),
            scope,
            name,
            mode,
            shards,
            tags,
            record_kib_max: kib.unwrap_or(limits::RECORD_KIB_DEFAULT),
            transition_ms: engine.transition_ms(),
        };
        let created = engine
            .catalog
            .propose(Command::CreateStream(create))
            .await?;
        let stream = created
            .into_stream()
            .expect("a command that makes a stream answers it");
        let made = engine.ensure_empty_logs(&stream, stream.logs()).await;
        made.map_err(|error| {
            // The stream stands; its logs are made when the first record comes, or at the next start.
            tracing::error!(stream = %stream.arn(), %error, "a new stream has no logs yet");
            texts::internal()
        })
    }
}

fn refuse_unsupported(input: &CreateStreamInput) -> Result<(), Error> {
    if input.record_distribution_strategy == Some(RecordDistributionStrategy::Auto) {
        return Err(texts::not_supported_yet("RecordDistributionStrategy AUTO"));
    }
    if input.warm_throughput_mibps.is_some() {
        return Err(texts::not_supported_yet("WarmThroughputMiBps"));
    }
    Ok(())
}

/// Mode and shards. Without both, AWS makes an on-demand stream.
fn capacity(input: &CreateStreamInput) -> Result<(Mode, u32), Error> {
    let count = input
        .shard_count
        .and_then(|count| u32::try_from(count).ok());
    match (
        input
            .stream_mode_details
            .as_ref()
            .map(|details| details.stream_mode),
        count,
    ) {
        (None | Some(StreamMode::OnDemand), None) => Ok((Mode::OnDemand, limits::ON_DEMAND_SHARDS)),
        (None | Some(StreamMode::Provisioned), Some(count))
            if count > limits::STREAM_SHARDS_MAX =>
        {
            Err(texts::too_many_shards(count))
        }
        (None | Some(StreamMode::Provisioned), Some(count)) => Ok((Mode::Provisioned, count)),
        (Some(StreamMode::OnDemand), Some(_)) => Err(texts::shard_count_on_demand()),
        (Some(StreamMode::Provisioned), None) => Err(texts::shard_count_required()),
    }
}
