//! What splitting and merging have in common.

use super::list::{document, shards};
use super::pen::Pen;
use super::placed::{Columns, Placed, table};
use crate::Failure;
use crate::manager::{Form, Manager, Wait};
use serde_json::Value;

/// A split or merge that the endpoint has accepted.
pub struct Change<'a> {
    /// The stream.
    pub stream: &'a str,
    /// What happens, for people: `splitting shardId-000000000000`.
    pub what: String,
    /// What was asked for.
    pub document: Value,
    /// The shards that it ends.
    pub parents: Vec<&'a Placed>,
}

/// The open shard with an id.
///
/// # Errors
/// If there is none.
pub fn open_shard<'s>(id: &str, stream: &str, shards: &'s [Placed]) -> Result<&'s Placed, Failure> {
    let advice = format!("`millstream shards {stream}` lists them.");
    match shards.iter().find(|shard| shard.id() == id) {
        None => Err(Failure::new(format!("{stream} has no shard {id}")).with_advice(advice)),
        Some(shard) if !shard.is_open() => {
            let failure = Failure::new(format!("{id} is closed: it was split or merged before"));
            Err(failure.with_advice(advice))
        }
        Some(shard) => Ok(shard),
    }
}

/// Waits for a change if that is wished for, and prints what came of it.
///
/// # Errors
/// If it does not happen in time.
pub async fn finish(change: Change<'_>, wait: Wait, manager: &Manager<'_>) -> Result<(), Failure> {
    let (stream, what) = (change.stream, &change.what);
    let output = manager.surroundings.terminal.output();
    let mut asked = change.document;
    if wait == Wait::No {
        return match manager.form {
            Form::Text => output.line(format!("{what} of {stream}")),
            Form::Json => output.document(&asked),
        };
    }
    let active = manager.client.wait_until_stream_exists(stream);
    manager.until(what, active).await?;
    let is_parent = |id: &str| change.parents.iter().any(|parent| parent.id() == id);
    let mut children = shards(&manager.client, stream, None).await?;
    children.retain(|shard| shard.parents().any(is_parent));
    asked["ChildShards"] = document(&children).into();
    manager.show(
        table(&children, Columns::Few, Pen::new(false, output)),
        &asked,
    )
}
