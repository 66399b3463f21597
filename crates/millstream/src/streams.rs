//! The streams that `--stream` asks for.

use crate::values::StreamSpec;
use anyhow::Context;
use millstream_auth::{Across, Authorized, Operator, Principal};
use millstream_model::{AccountId, Region};
use millstream_protocol::ErrorCode;
use millstream_protocol::operations::CreateStreamInput;
use millstream_streams::{Engine, Fact as _, Handler, Lacking, operations::CreateStream};
use std::sync::Arc;

/// Creates the streams that do not exist yet.
pub async fn create(engine: &Arc<Engine>, specs: Vec<StreamSpec>) -> anyhow::Result<()> {
    for StreamSpec { name, shards } in specs {
        let input = CreateStreamInput {
            stream_name: name.as_str().to_owned(),
            shard_count: Some(i32::try_from(shards).context("--stream: too many shards")?),
            ..CreateStreamInput::default()
        };
        let principal = Principal::root(AccountId::zero(), Region::us_east_1());
        let found =
            millstream_streams::find::<CreateStream>(engine, &principal, Across::Never, &input);
        let found = found.map_err(Lacking::into_why);
        let found = found.with_context(|| format!("--stream {name}"))?;
        let operator = Operator::from_command_line();
        let request = Authorized::by_operator(&operator, principal, input, found);
        match CreateStream::handle(Arc::clone(engine), request).await {
            Ok(_) => tracing::info!(%name, shards, "stream created"),
            Err(error) if error.code() == ErrorCode::ResourceInUseException => {
                tracing::info!(%name, "stream exists already");
            }
            Err(error) => return Err(error).with_context(|| format!("--stream {name}")),
        }
    }
    Ok(())
}
