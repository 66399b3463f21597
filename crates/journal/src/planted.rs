//! Bugs on purpose: each breaks one promise, so that a test can show that it would be caught.
//!
//! As far as can be they stand outside: between the journal and its disk or clock
//! (`tests/misled.rs`), or as another order of the writer's steps or less evidence about a tail
//! than was found (`planted/effects.rs`). The three that strike within are asked for there. They
//! can be switched on only by this crate's own tests; in any other build the switch does not exist,
//! and what asks for it is `false` when it is compiled. `tests/planted.rs` says who finds which.

mod effects;

/// A bug that can be switched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlantedBug {
    /// Bytes from the disk are served though their checksum does not hold.
    IgnoreChecksum,
    /// What the first of all logs needs is overlooked when segments are freed.
    FreeLiveSegment,
    /// A sealed log takes appends, as journals of earlier versions did.
    AppendBehindSeal,
    /// Groups are written and never synced.
    #[cfg(test)]
    NoSync,
    /// Calls are resolved, and their group synced afterwards.
    #[cfg(test)]
    ResolveBeforeSync,
    /// Records can be read before their group is synced.
    #[cfg(test)]
    PublishBeforeSync,
    /// Recovery serves what may stand in the page cache alone, without writing it again.
    #[cfg(test)]
    SkipRewrite,
    /// Recovery takes the first bad frame for the end.
    #[cfg(test)]
    StopAtBadFrame,
    /// Nothing tells that the last group was synced.
    #[cfg(test)]
    NoWitness,
    /// A new MANIFEST has its name, but not durably.
    #[cfg(test)]
    ForgetDirectorySync,
    /// Rot is cut off like a torn tail.
    #[cfg(test)]
    TruncateAtRot,
    /// A log's end is forgotten with its last segment.
    #[cfg(test)]
    ReuseOffset,
    /// A failed sync is tried again.
    #[cfg(test)]
    RetrySync,
    /// A segment that the MANIFEST does not list is removed at start, whatever it holds.
    #[cfg(test)]
    RemoveUnlisted,
}

#[cfg(test)]
impl PlantedBug {
    /// Every bug there is.
    pub(crate) const ALL: [Self; 14] = [
        Self::NoSync,
        Self::ResolveBeforeSync,
        Self::PublishBeforeSync,
        Self::SkipRewrite,
        Self::StopAtBadFrame,
        Self::NoWitness,
        Self::IgnoreChecksum,
        Self::ForgetDirectorySync,
        Self::TruncateAtRot,
        Self::ReuseOffset,
        Self::FreeLiveSegment,
        Self::RetrySync,
        Self::RemoveUnlisted,
        Self::AppendBehindSeal,
    ];
}
