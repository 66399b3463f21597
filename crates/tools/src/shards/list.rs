//! `millstream shards NAME`: a table of shards, and their lineage.

use super::filter;
use super::lineage::Lineage;
use super::pen::Pen;
use super::placed::{Columns, Placed, table};
use crate::manager::{Form, Manager};
use crate::{Failure, shown};
use millstream_client::Client;
use millstream_client::types::ShardFilter;
use serde_json::Value;

/// Widest lineage that is drawn where there is no terminal to say.
const LANES_COLUMNS_MAX: usize = 512;
/// Columns that a terminal needs beside the lanes, for the labels.
const LABEL_COLUMNS: usize = 40;

/// What to list.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct Args {
    /// The stream, by name or ARN
    #[arg(value_name = "NAME", required = true)]
    name: Option<String>,
    /// List only these: at-latest (those that are open), at-trim-horizon, from-trim-horizon,
    /// at-timestamp=TIME, from-timestamp=TIME, after-shard-id=SHARD
    #[arg(long, value_name = "FILTER", value_parser = filter::parse)]
    filter: Option<ShardFilter>,
    /// Show hash keys and sequence numbers, too
    #[arg(long)]
    wide: bool,
    /// Draw with ASCII, as where the output is not a terminal
    #[arg(long)]
    ascii: bool,
}

impl Args {
    /// The stream, which is required.
    pub fn stream(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    /// Whether anything was given.
    pub fn is_any(&self) -> bool {
        self.name.is_some() || self.filter.is_some() || self.wide || self.ascii
    }
}

/// The shards of a stream, in the order in which they began.
pub async fn shards(
    client: &Client,
    stream: &str,
    filter: Option<ShardFilter>,
) -> Result<Vec<Placed>, Failure> {
    let mut list = client.list_shards(stream);
    if let Some(filter) = filter {
        list = list.shard_filter(filter);
    }
    let listed = list.pages().all().await?;
    listed.into_iter().map(Placed::new).collect()
}

pub async fn run(args: &Args, manager: &Manager<'_>) -> Result<(), Failure> {
    let listed = shards(&manager.client, args.stream(), args.filter.clone());
    // Whoever stops it does not want the rest.
    let Some(shards) = manager.surroundings.stop.unless_asked(listed).await else {
        return Ok(());
    };
    let shards = shards?;
    let output = manager.surroundings.terminal.output();
    let pen = Pen::new(args.ascii, output);
    let columns = match args.wide {
        true => Columns::All,
        false => Columns::Few,
    };
    manager.show(table(&shards, columns, pen), &document(&shards))?;
    match manager.form {
        Form::Text => draw(&Lineage::new(&shards), pen, manager),
        Form::Json => Ok(()),
    }
}

/// Shards as AWS describes them.
pub fn document(shards: &[Placed]) -> Vec<Value> {
    let shards = shards.iter();
    shards.map(|placed| shown::json_of(&placed.shard)).collect()
}

fn draw(lineage: &Lineage<'_>, pen: Pen, manager: &Manager<'_>) -> Result<(), Failure> {
    let terminal = &manager.surroundings.terminal;
    let output = terminal.output();
    if !lineage.has_lines() {
        return Ok(());
    }
    let room = output.columns();
    let room = room.map_or(LANES_COLUMNS_MAX, |all| all.saturating_sub(LABEL_COLUMNS));
    if lineage.columns() > room {
        terminal.say(format!(
            "the lineage takes {} columns and is not drawn; --json has the parents of each shard",
            lineage.columns() + LABEL_COLUMNS
        ));
        return Ok(());
    }
    output.line("")?;
    lineage
        .draw(pen)
        .iter()
        .try_for_each(|line| output.line(line))
}
