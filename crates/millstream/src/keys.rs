//! KMS keys: where a server gets them, and the commands that change a keyring.
//!
//! [`flags`] says where `serve` gets them, and [`source`] opens a key service there. [`command`] is
//! the command line of `millstream keys`, and [`acts`] does what it says. The keyring itself is in
//! `millstream-kms`.

mod acts;
mod command;
mod flags;
mod source;

pub use acts::run;
pub use command::Keys;
pub use flags::KeyFlags;
pub use source::{Age, Source};
