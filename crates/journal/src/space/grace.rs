//! How long what nobody can read any more stays on the disk: a trim or a deletion by mistake, or by
//! a wrong clock, can be looked into for so long.

use std::time::Duration;

/// How long space that nobody can read is kept.
pub(crate) const FREED_AFTER: Duration = Duration::from_secs(3600);

/// How long space that nobody can read is kept before it is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grace {
    Hour,
    /// The disk is full and the wall clock was set: what was hidden by a wrong time stays.
    NoneForDeleted,
    /// The disk is full.
    None,
}
