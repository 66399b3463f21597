//! `millstream streams`: lists, describes, creates, scales and deletes streams.

mod create;
mod delete;
mod describe;
mod list;
mod scale;

use crate::manager::{Manager, Managing};
use crate::terminal::Table;
use crate::{Failure, Surroundings, shown};
use clap::Subcommand;
use millstream_client::types::StreamDescriptionSummary;

/// `millstream streams`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to do; lists streams if nothing is said.
    #[command(subcommand)]
    action: Option<Action>,
    /// What it has in common with the others.
    #[command(flatten)]
    pub managing: Managing,
}

/// What to do with streams.
#[derive(Debug, Subcommand)]
enum Action {
    /// Describe a stream
    ///
    /// Examples:
    ///   millstream streams describe orders
    #[command(verbatim_doc_comment)]
    Describe(describe::Args),
    /// Create a stream
    ///
    /// Examples:
    ///   millstream streams create orders --shards 4 --wait
    ///   millstream streams create clicks --on-demand --tag team=web
    #[command(verbatim_doc_comment)]
    Create(create::Args),
    /// Delete a stream and its records
    ///
    /// Asks first, on a terminal. Elsewhere --yes has to be given.
    ///
    /// Examples:
    ///   millstream streams delete orders
    ///   millstream streams delete orders --yes --wait --enforce-consumer-deletion
    #[command(verbatim_doc_comment)]
    Delete(delete::Args),
    /// Change the number of a stream's open shards
    ///
    /// The number can be doubled or halved at a time. What is beyond that takes several steps,
    /// which --wait makes one after the other.
    ///
    /// Examples:
    ///   millstream streams scale orders 8
    ///   millstream streams scale orders 32 --wait
    #[command(verbatim_doc_comment)]
    Scale(scale::Args),
}

/// Does it.
///
/// # Errors
/// If the endpoint refuses, or something does not happen in time.
pub async fn run(args: Args, surroundings: &Surroundings) -> Result<(), Failure> {
    let manager = Manager::new(&args.managing, surroundings)?;
    match args.action {
        None => list::run(&manager).await,
        Some(Action::Describe(args)) => describe::run(&args, &manager).await,
        Some(Action::Create(args)) => create::run(args, &manager).await,
        Some(Action::Delete(args)) => delete::run(&args, &manager).await,
        Some(Action::Scale(args)) => scale::run(&args, &manager).await,
    }
}

/// A table of streams.
fn table<'a>(streams: impl IntoIterator<Item = &'a StreamDescriptionSummary>) -> Table {
    let mut table = Table::new(&["NAME", "STATUS", "MODE", ">SHARDS", ">RETENTION", "CREATED"]);
    for stream in streams {
        table.row([
            stream.stream_name.clone(),
            stream.stream_status.to_string(),
            mode(stream).to_owned(),
            stream.open_shard_count.to_string(),
            format!("{} h", stream.retention_period_hours),
            shown::instant(stream.stream_creation_timestamp),
        ]);
    }
    table
}

/// The capacity mode; endpoints older than modes have none.
fn mode(stream: &StreamDescriptionSummary) -> &'static str {
    let details = stream.stream_mode_details.as_ref();
    details.map_or(shown::NONE, |details| details.stream_mode.as_str())
}

/// Prints a stream after it was changed.
fn show(stream: &StreamDescriptionSummary, manager: &Manager<'_>) -> Result<(), Failure> {
    manager.show(table([stream]), &shown::json_of(stream))
}
