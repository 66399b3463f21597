//! `millstream shards`: lists the shards of a stream, draws where they come from, splits and merges
//! them, and finds what makes them hot.

mod change;
mod filter;
mod hot;
mod lineage;
mod list;
mod merge;
pub(crate) mod pen;
mod placed;
mod split;

use crate::manager::{Manager, Managing};
use crate::{Failure, Surroundings};
use clap::Subcommand;

/// `millstream shards`.
#[derive(Debug, clap::Args)]
#[command(subcommand_negates_reqs = true)]
pub struct Args {
    /// What to do; lists shards if nothing is said.
    #[command(subcommand)]
    action: Option<Action>,
    /// What to list.
    #[command(flatten)]
    list: list::Args,
    /// What is sampled.
    #[command(flatten)]
    hot: hot::Args,
    /// What it has in common with the others.
    #[command(flatten)]
    pub managing: Managing,
}

/// What to do with shards.
#[derive(Debug, Subcommand)]
enum Action {
    /// Split a shard in two
    ///
    /// A shard is named by its id, or by the number in it: 3 is shardId-000000000003.
    ///
    /// Examples:
    ///   millstream shards split orders 0 --wait
    ///   millstream shards split orders 3 --at 42535295865117307932921825928971026432
    #[command(verbatim_doc_comment)]
    Split(split::Args),
    /// Merge two adjacent shards
    ///
    /// A shard is named by its id, or by the number in it: 3 is shardId-000000000003.
    ///
    /// Examples:
    ///   millstream shards merge orders 2 3 --wait
    #[command(verbatim_doc_comment)]
    Merge(merge::Args),
}

/// Does it.
///
/// # Errors
/// If the endpoint refuses, or something does not happen in time.
pub async fn run(args: Args, surroundings: &Surroundings) -> Result<(), Failure> {
    if args.action.is_some() && (args.list.is_any() || args.hot.is_any()) {
        let failure = Failure::usage("what is to be listed stands before another command");
        return Err(failure.with_advice("The command comes first, and then the stream's name."));
    }
    let manager = Manager::new(&args.managing, surroundings)?;
    match args.action {
        None if args.hot.is_any() => hot::run(&args.hot, args.list.stream(), &manager).await,
        None => list::run(&args.list, &manager).await,
        Some(Action::Split(args)) => split::run(&args, &manager).await,
        Some(Action::Merge(args)) => merge::run(&args, &manager).await,
    }
}
