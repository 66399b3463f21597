//! The credentials file: accounts, users and access keys, in TOML.
//!
//! [`layout`] says what may be in it, and [`reader`] makes a table of keys of it, whose users have
//! [`policies`]; [`follower`] keeps a server's table as the file is. [`document`] changes a
//! file and leaves its comments and its order alone, for the commands in [`command`], with new keys
//! from [`issue`].
//!
//! Nothing here prints a secret but the command that has just made it, and no error quotes a line
//! of the file.

pub mod command;
mod document;
mod follower;
mod issue;
mod layout;
mod policies;
mod reader;

pub use follower::serve;
