//! What `check` and `repair` share: a journal at rest is looked at, and what is found is told in
//! the words of those who use streams.
//!
//! Findings are collected first, since only the catalog can name what they concern, and it is read
//! last. How many are kept is limited; those beyond are counted.

pub mod findings;
pub mod printer;
pub mod words;

use millstream_tools::Failure;

/// Why a directory cannot be looked at or changed.
pub fn failure(error: anyhow::Error) -> Failure {
    Failure::new(format!("{error:#}"))
}
