//! A key service of our own: KMS keys in a file.
//!
//! In reading order: [`keyring`] is what keys there are and how they change, [`codec`] the file's
//! text, [`wrapping`] how a data key is wrapped, [`file`] the file and its changes, [`service`] the
//! key service, which follows the file.
//!
//! What always holds: a file that is not whole is none, no key is ever made in place of one that
//! cannot be read, and no key wraps anything before it is durable.

mod codec;
mod file;
mod keyring;
mod service;
mod wrapping;

pub use codec::Wrong;
pub use file::{KeyringError, KeyringFile, Missing};
pub use keyring::{Change, ChangeError, Key, KeyState, Keyring, Material, Usable};
pub use service::LocalKeys;
