//! Kinesis semantics over a [`log::LogStore`]: streams, shards, iterators, consumers, retention,
//! limits. It knows Kinesis, never HTTP; bytes and offsets, never files.

pub mod operations;

mod engine;
mod handler;
mod settings;

pub use engine::{Engine, OpenError};
pub use handler::{Handler, OutputOf};
pub use settings::{Limits, Settings};
