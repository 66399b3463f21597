//! `millstream policy check`.

use super::files::{self, Holder};
use millstream_tools::{Failure, Surroundings};
use std::path::PathBuf;

/// `millstream policy check`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The policies
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// The stream or the consumer that the policies are for
    #[arg(long, value_name = "ARN", value_parser = Holder::parse)]
    resource: Option<Holder>,
}

/// Checks them, up to the first that is none.
///
/// # Errors
/// If one is none.
pub async fn run(args: &Args, surroundings: &Surroundings) -> Result<(), Failure> {
    for path in &args.files {
        match &args.resource {
            None => files::identity(path).map(drop)?,
            Some(holder) => files::of_resource(path, holder).map(drop)?,
        }
        let line = format!("{}: ok", path.display());
        surroundings.terminal.output().line(line)?;
    }
    Ok(())
}
