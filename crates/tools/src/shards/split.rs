//! `millstream shards split`.

use super::change::{Change, finish, open_shard};
use super::list::shards;
use super::placed::{Placed, parse_id};
use crate::Failure;
use crate::manager::{Manager, Wait};
use millstream_client::routing::HashKey;
use serde_json::json;

/// `millstream shards split`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The stream, by name or ARN
    #[arg(value_name = "NAME")]
    name: String,
    /// The shard
    #[arg(value_name = "SHARD")]
    shard: String,
    /// The first hash key of the right half, or "middle"
    #[arg(long, value_name = "HASH", default_value = "middle", value_parser = parse_at)]
    at: At,
    /// Wait until the stream is ACTIVE, and show the halves
    #[arg(long)]
    wait: bool,
}

/// Where to split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Middle,
    Key(HashKey),
}

fn parse_at(text: &str) -> Result<At, String> {
    if text == "middle" {
        return Ok(At::Middle);
    }
    let wrong = |_| "a hash key is a decimal number below 2^128".to_owned();
    HashKey::parse(text).map(At::Key).map_err(wrong)
}

pub async fn run(args: &Args, manager: &Manager<'_>) -> Result<(), Failure> {
    let (stream, id) = (&args.name, parse_id(&args.shard));
    let shards = manager.look(shards(&manager.client, stream, None)).await?;
    let shard = open_shard(&id, stream, &shards)?;
    let at = first_of_right(shard, args.at)?.to_string();
    manager.client.split_shard(stream, &id, &at).await?;
    let change = Change {
        stream,
        what: format!("splitting {id}"),
        document: json!({"ShardToSplit": id, "NewStartingHashKey": at}),
        parents: vec![shard],
    };
    finish(change, Wait::of_flag(args.wait), manager).await
}

/// The first hash key of the right half.
fn first_of_right(shard: &Placed, at: At) -> Result<HashKey, Failure> {
    let (id, range) = (shard.id(), shard.range);
    match at {
        At::Middle => {
            let cuts = range.even_cuts(2);
            let middle = cuts.and_then(|cuts| cuts.first().copied());
            middle.ok_or_else(|| Failure::new(format!("{id} has too few hash keys to be split")))
        }
        At::Key(key) if range.split_at(key).is_some() => Ok(key),
        At::Key(key) => {
            let failure = Failure::new(format!("{key} does not split {id}"));
            Err(failure.with_advice(format!(
                "It owns the hash keys from {} to {}; each half needs two at least.",
                range.start, range.end
            )))
        }
    }
}
