//! Planted bugs: each breaks one promise, so that a test can show that it would be caught.
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
    /// Data from the disk is served despite an invalid checksum.
    IgnoreChecksum,
    /// The needs of the first log are ignored when segments are freed.
    FreeLiveSegment,
    /// A sealed log accepts appends, as journals of earlier versions did.
    AppendBehindSeal,
    /// Groups are written and never synced.
    #[cfg(test)]
    NoSync,
    /// Calls are resolved before their group is synced.
    #[cfg(test)]
    ResolveBeforeSync,
    /// Records become readable before their group is synced.
    #[cfg(test)]
    PublishBeforeSync,
    /// Recovery serves data that may be in the page cache only, without rewriting it.
    #[cfg(test)]
    SkipRewrite,
    /// Recovery takes the first bad frame for the end.
    #[cfg(test)]
    StopAtBadFrame,
    /// No witness confirms that the last group was synced.
    #[cfg(test)]
    NoWitness,
    /// The rename of a new MANIFEST is not made durable.
    #[cfg(test)]
    ForgetDirectorySync,
    /// Rot is truncated like a torn tail.
    #[cfg(test)]
    TruncateAtRot,
    /// A log's end is forgotten with its last segment.
    #[cfg(test)]
    ReuseOffset,
    /// A failed sync is retried.
    #[cfg(test)]
    RetrySync,
    /// Recovery removes segments that the MANIFEST does not list, whatever they hold.
    #[cfg(test)]
    RemoveUnlisted,
}

#[cfg(test)]
impl PlantedBug {
    /// All bugs.
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
