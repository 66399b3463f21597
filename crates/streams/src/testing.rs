//! The catalog's and the tokens' own types, for fuzzing. Not part of a server.

pub use crate::catalog::{Command, Scope, State, TokenKey};
pub use crate::token::{Kind, Opened, ShardIterator, TOKEN_CHARS_MAX, open, seal};
