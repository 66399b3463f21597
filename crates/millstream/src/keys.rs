//! KMS keys: the commands that change a keyring.
//!
//! [`command`] is their command line, and [`acts`] does what it says. The keyring itself is in
//! `millstream-kms`.

mod acts;
mod command;

pub use acts::run;
pub use command::Keys;
