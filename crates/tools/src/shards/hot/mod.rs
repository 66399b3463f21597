//! `millstream shards --hot NAME`: which keys make shards hot, and where to split them.

mod load;
mod sample;

use super::list::shards;
use super::placed::Placed;
use crate::Failure;
use crate::manager::{Form, Manager};
use crate::terminal::Table;
use load::{Advice, Measure, Sampled};
use millstream_client::types::{ShardFilter, ShardFilterType};
use sample::{Bounds, sample};
use serde_json::{Value, json};
use std::time::Duration;

/// Most keys that are shown of a shard.
const KEYS_SHOWN: usize = 5;
/// Most shards whose keys are shown: those that use most of their limit.
const SHARDS_SHOWN: usize = 3;

/// What is sampled.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Sample what is written, and show which keys make shards hot and where to split them
    #[arg(long, conflicts_with_all = ["filter", "wide"])]
    hot: bool,
    /// How long to sample
    #[arg(long = "for", value_name = "TIME", requires = "hot", default_value = "30s", value_parser = humantime::parse_duration)]
    time: Duration,
    /// How many records to sample at most
    #[arg(long, value_name = "N", requires = "hot", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    records: u64,
}

impl Args {
    /// Whether it is wished for.
    pub fn is_any(&self) -> bool {
        self.hot
    }
}

/// Samples the open shards of a stream, and shows what was found.
pub async fn run(args: &Args, stream: &str, manager: &Manager<'_>) -> Result<(), Failure> {
    let open = ShardFilter {
        r#type: ShardFilterType::AtLatest,
        shard_id: None,
        timestamp: None,
    };
    let shards = shards(&manager.client, stream, Some(open));
    let shards = manager.look(shards).await?;
    let bounds = Bounds {
        time: args.time,
        records: args.records,
    };
    let mut sampled = sample(stream, shards, bounds, manager).await?;
    sampled.sort_by(|a, b| b.used().total_cmp(&a.used()));
    let document: Vec<Value> = sampled.iter().map(document_of).collect();
    manager.show(table(&sampled), &document)?;
    match manager.form {
        Form::Json => Ok(()),
        Form::Text => {
            let shown = sampled.iter().take(SHARDS_SHOWN);
            let mut shown = shown.filter(|shard| shard.total.records > 0);
            shown.try_for_each(|shard| show_keys(shard, stream, manager))
        }
    }
}

fn table(sampled: &[Sampled]) -> Table {
    let mut table = Table::new(&["SHARD", ">RECORDS/S", ">KIB/S", ">OF LIMIT", ">KEYS"]);
    for shard in sampled {
        table.row([
            shard.placed.id().to_owned(),
            format!("{:.1}", shard.per_second(Measure::Records)),
            format!("{:.1}", shard.per_second(Measure::Bytes) / 1024.0),
            percent(shard.used()),
            shard.key_count().to_string(),
        ]);
    }
    table
}

fn show_keys(shard: &Sampled, stream: &str, manager: &Manager<'_>) -> Result<(), Failure> {
    let output = manager.surroundings.terminal.output();
    let mut table = Table::new(&[
        &format!("KEY IN {}", shard.placed.id()),
        ">SHARE",
        "HASH KEY",
    ]);
    for (key, share) in shard.top_keys(KEYS_SHOWN) {
        let hash = shard.hash_key(key);
        let hash = hash.map_or_else(|| "given with the records".to_owned(), |it| it.to_string());
        table.row([key, &percent(share), &hash]);
    }
    output.line("")?;
    if !table.is_empty() {
        output.table(table)?;
    }
    output.line(advice(shard, stream))
}

/// What to do, in words.
fn advice(shard: &Sampled, stream: &str) -> String {
    let id = Placed::id(&shard.placed);
    match shard.advice() {
        Advice::Split { at, left } => format!(
            "A split leaves {} and {} of the load: millstream shards split {stream} {id} --at {at}",
            percent(left),
            percent(1.0 - left)
        ),
        Advice::OneKey(_) => {
            "The first key is most of the load: no split helps, only spreading its \
                              records over more keys does."
                .to_owned()
        }
        Advice::Unknown => format!("The keys of {id} do not say where to split it."),
    }
}

fn document_of(shard: &Sampled) -> Value {
    let keys = shard.top_keys(KEYS_SHOWN).into_iter();
    let keys = keys.map(|(key, share)| {
        let hash = shard.hash_key(key).map(|hash| hash.to_string());
        json!({"PartitionKey": key, "Share": share, "HashKey": hash})
    });
    let mut document = json!({
        "ShardId": shard.placed.id(),
        "Records": shard.total.records,
        "Bytes": shard.total.bytes,
        "Seconds": shard.span.as_secs_f64(),
        "ShareOfLimit": shard.used(),
        "Keys": keys.collect::<Vec<_>>(),
    });
    match shard.advice() {
        Advice::Split { at, left } => {
            document["NewStartingHashKey"] = at.to_string().into();
            document["LeftShare"] = left.into();
        }
        Advice::OneKey(key) => document["OneKey"] = key.into(),
        Advice::Unknown => (),
    }
    document
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}
