//! The audit log: who did what, on what, from where, and how it ended.
//!
//! There is a line for each call that is not about records alone, however it ends, and for each
//! call of any operation that is denied. [`draft`](self) gathers what a request says before its
//! head is let go, [`event`](self) has the fields of a line, by CloudTrail's names, and [`Audit`]
//! holds lines until whoever has the other end, [`Lines`], has written them. Files are not known
//! here.
//!
//! What always holds: a line is ASCII and has no line break within; it holds no data of records, no
//! token and no signature. A call that outlives its request is recorded when it ends.

mod ascii;
mod draft;
mod event;
mod queue;

pub(crate) use draft::{Draft, Heard};
pub use queue::{Audit, Line, Lines};

#[cfg(test)]
mod tests;
