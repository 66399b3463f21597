//! Opening a journal: what a crash, a copy or a fault has left, and how much of it counts.

pub(crate) mod classify;
pub(crate) mod listed;
pub(crate) mod mending;
pub(crate) mod preflight;
pub(crate) mod recovery;
pub(crate) mod tail;
pub(crate) mod unfinished;
pub(crate) mod unlisted;
