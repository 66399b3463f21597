//! `millstream shards merge`.

use super::change::{Change, finish, open_shard};
use super::list::shards;
use super::placed::{Placed, parse_id};
use crate::Failure;
use crate::manager::{Manager, Wait};
use serde_json::json;

/// `millstream shards merge`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The stream, by name or ARN
    #[arg(value_name = "NAME")]
    name: String,
    /// The shard
    #[arg(value_name = "SHARD")]
    shard: String,
    /// The shard beside it, on either side
    #[arg(value_name = "ADJACENT_SHARD")]
    adjacent: String,
    /// Wait until the stream is ACTIVE, and show the merged shard
    #[arg(long)]
    wait: bool,
}

pub async fn run(args: &Args, manager: &Manager<'_>) -> Result<(), Failure> {
    let stream = &args.name;
    let shards = manager.look(shards(&manager.client, stream, None)).await?;
    let shard = open_shard(&parse_id(&args.shard), stream, &shards)?;
    let other = open_shard(&parse_id(&args.adjacent), stream, &shards)?;
    if !are_adjacent(shard, other) {
        return Err(refuse(shard, other, &shards));
    }
    // AWS takes them by their hash keys, the lower first.
    let (left, right) = match shard.range < other.range {
        true => (shard, other),
        false => (other, shard),
    };
    let (id, beside) = (left.id(), right.id());
    manager.client.merge_shards(stream, id, beside).await?;
    let change = Change {
        stream,
        what: format!("merging {id} and {beside}"),
        document: json!({"ShardToMerge": id, "AdjacentShardToMerge": beside}),
        parents: vec![left, right],
    };
    finish(change, Wait::of_flag(args.wait), manager).await
}

/// Whether their hash keys are one range together.
fn are_adjacent(a: &Placed, b: &Placed) -> bool {
    let merged = a.range.merge_with(b.range);
    merged.or_else(|| b.range.merge_with(a.range)).is_some()
}

fn refuse(shard: &Placed, other: &Placed, shards: &[Placed]) -> Failure {
    let neighbours = shards
        .iter()
        .filter(|it| it.is_open() && are_adjacent(shard, it));
    let neighbours: Vec<&str> = neighbours.map(Placed::id).collect();
    let advice = match neighbours.as_slice() {
        [] => format!("No open shard is adjacent to {}.", shard.id()),
        some => format!("Adjacent to {}: {}.", shard.id(), some.join(", ")),
    };
    let failure = format!("{} and {} are not adjacent", shard.id(), other.id());
    Failure::new(failure).with_advice(advice)
}
