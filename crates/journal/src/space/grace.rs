//! How long what nobody can read any more stays on the disk: a trim or a deletion by mistake, or by
//! a wrong clock, can be looked into for so long.

use std::time::Duration;

/// How long dead segments are kept.
pub(crate) const FREED_AFTER: Duration = Duration::from_secs(3600);

/// How long hidden data is kept before it is freed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grace {
    Hour,
    /// Not at all for deleted logs: the disk is full and the wall clock was set, so what was hidden
    /// by a wrong time stays.
    NoneForDeleted,
    /// Not at all: the disk is full.
    None,
}
