//! The operations, one file each.
//!
//! The modules are declared from the table in `protocol`, where `cargo fmt` does not see them:
//! `./test` formats their files by name.
//!
//! To add one: its shapes and its line in `protocol`, a file here, and what it may return instead
//! of an output in [`crate::facts`].

mod append;
mod monitoring;
mod paging;
mod resharding;
mod retention;
mod tags;
mod warmth;

macro_rules! operations {
    ($($name:ident in $module:ident $row:tt)+) => {
        $(mod $module;)+
        $(pub use $module::$name;)+
    };
}

millstream_protocol::for_each_operation!(operations);

use crate::{Engine, Handler, OutputOf};

/// A handler's argument.
type Request<H> = millstream_auth::Authorized<<H as Handler>::Input, <H as Handler>::Target>;
