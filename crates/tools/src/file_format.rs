//! How records are in a file.

use crate::record_file::MAGIC;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How records are in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FileFormat {
    /// A line of JSON for each
    #[default]
    Ndjson,
    /// Length-prefixed and with checksums: smaller, and faster
    Binary,
}

impl FileFormat {
    /// The format of a file that begins with this byte.
    pub(crate) fn of_first(byte: Option<u8>) -> Self {
        match byte == Some(MAGIC[0]) {
            true => Self::Binary,
            false => Self::Ndjson,
        }
    }
}

impl fmt::Display for FileFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ndjson => "ndjson",
            Self::Binary => "binary",
        })
    }
}
