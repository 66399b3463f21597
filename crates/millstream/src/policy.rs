//! `millstream policy`: policies in files, checked and tried out. It needs no server.
//!
//! What is decided here is decided by the judge that the server has.

mod check;
mod context;
mod files;
mod simulate;

use clap::Subcommand;
use millstream_tools::{Failure, Look, Surroundings};

/// `millstream policy`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    action: Action,
    /// What it shows.
    #[command(flatten)]
    pub look: Look,
}

/// What to do with policies.
#[derive(Debug, Subcommand)]
enum Action {
    /// Check that policies can be loaded
    ///
    /// A policy of a stream or a consumer is checked for that resource, which --resource names;
    /// without it the files are policies of users.
    ///
    /// Examples:
    ///   millstream policy check reads.json writes.json
    ///   millstream policy check s.json --resource arn:aws:kinesis:us-east-1:111111111111:stream/s
    #[command(verbatim_doc_comment)]
    Check(check::Args),
    /// Say whether a request would be permitted, and by which statement
    ///
    /// The status is 0 if it is permitted, and 3 if it is refused. Everything about the request
    /// that follows from the caller and the resource is known, and it is made now; what else a
    /// policy asks about is given with --context, as often as needed.
    ///
    /// Examples:
    ///   millstream policy simulate --principal arn:aws:iam::111111111111:user/a --action PutRecord
    #[command(verbatim_doc_comment)]
    Simulate(simulate::Args),
}

/// Does it.
///
/// # Errors
/// If a file is no policy, or the request is refused.
pub async fn run(args: Args, surroundings: &Surroundings) -> Result<(), Failure> {
    match args.action {
        Action::Check(args) => check::run(&args, surroundings).await,
        Action::Simulate(args) => simulate::run(&args, surroundings).await,
    }
}
