//! What `check` and `repair` share: a journal at rest is looked at, and what is found is told in
//! the words of those who use streams.
//!
//! Findings are collected first, since only the catalog can name what they concern, and it is read
//! last. How many are kept is limited; those beyond are counted.

pub mod findings;
pub mod printer;
pub mod progress;
pub mod words;

use std::future::Future;
use std::process::ExitCode;

/// Exit status: something is damaged, or was to be repaired and is not.
pub const DAMAGED: u8 = 3;

/// Runs an offline command; its errors are printed, and are the exit status 1.
pub fn run(work: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(work)
}
