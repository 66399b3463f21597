//! `millstream streams`: a table of all streams.

use super::table;
use crate::manager::Manager;
use crate::terminal::Progress;
use crate::{Failure, shown};
use millstream_client::ErrorCode;
use serde_json::Value;

pub(super) async fn run(manager: &Manager<'_>) -> Result<(), Failure> {
    let (client, surroundings) = (&manager.client, manager.surroundings);
    let describe = async {
        let names = client.list_streams().pages().all().await?;
        let total = u64::try_from(names.len()).ok();
        let progress = Progress::count(&surroundings.terminal, "describing streams", total);
        let mut streams = Vec::with_capacity(names.len());
        for name in names {
            match client.describe_stream_summary(name).await {
                Ok(described) => streams.push(described.stream_description_summary),
                // It was deleted since it was listed.
                Err(error) if error.code() == Some(ErrorCode::ResourceNotFoundException) => (),
                Err(error) => return Err(Failure::from(error)),
            }
            progress.add(1);
        }
        Ok(streams)
    };
    // Whoever stops it does not want the rest.
    let Some(streams) = surroundings.stop.unless_asked(describe).await else {
        return Ok(());
    };
    let streams = streams?;
    let document: Vec<Value> = streams.iter().map(shown::json_of).collect();
    manager.show(table(&streams), &document)
}
