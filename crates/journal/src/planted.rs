//! Bugs on purpose: each breaks one promise, so that a test can show that it would be caught.
//!
//! They can be switched on only by this crate's own tests; in any other build the switch does not
//! exist, and what asks for it is `false` when it is compiled. `tests/planted.rs` says who finds
//! which.

use crate::Options;
#[cfg(test)]
use crate::recover::classify::Role;
use crate::recover::classify::{Evidence, Tail, classify};

/// A bug that can be switched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlantedBug {
    /// Groups are written and never synced.
    NoSync,
    /// Calls are resolved, and their group synced afterwards.
    ResolveBeforeSync,
    /// Records can be read before their group is synced.
    PublishBeforeSync,
    /// Recovery serves what may stand in the page cache alone, without writing it again.
    SkipRewrite,
    /// Recovery takes the first bad frame for the end.
    #[cfg(test)]
    StopAtBadFrame,
    /// Nothing tells that the last group was synced.
    NoWitness,
    /// Bytes from the disk are served though their checksum does not hold.
    IgnoreChecksum,
    /// A new MANIFEST has its name, but not durably.
    ForgetDirectorySync,
    /// Rot is cut off like a torn tail.
    #[cfg(test)]
    TruncateAtRot,
    /// A log's end is forgotten with its last segment.
    ReuseOffset,
    /// What the first of all logs needs is overlooked when segments are freed.
    FreeLiveSegment,
    /// A failed sync is tried again.
    RetrySync,
    /// A segment that the MANIFEST does not list is removed at start, whatever it holds.
    RemoveUnlisted,
    /// A sealed log takes appends, as journals of earlier versions did.
    AppendBehindSeal,
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

impl Options {
    /// Whether this bug is switched on.
    #[cfg(test)]
    pub(crate) fn has(&self, bug: PlantedBug) -> bool {
        self.planted == Some(bug)
    }

    /// Whether this bug is switched on: never in this build.
    #[cfg(not(test))]
    pub(crate) const fn has(&self, _: PlantedBug) -> bool {
        false
    }

    /// Classifies a tail, from less evidence than there is if a bug is switched on.
    #[cfg(test)]
    pub(crate) fn classify(&self, found: &Evidence) -> Tail {
        if self.has(PlantedBug::StopAtBadFrame) {
            return classify(&found.up_to_unreadable());
        }
        if self.has(PlantedBug::TruncateAtRot) {
            return classify(&found.without_witnesses());
        }
        classify(found)
    }

    /// Classifies a tail.
    #[cfg(not(test))]
    pub(crate) fn classify(&self, found: &Evidence) -> Tail {
        classify(found)
    }
}

#[cfg(test)]
impl Evidence {
    /// What a newest segment shows to whoever stops at the first bytes that are no frame.
    fn up_to_unreadable(&self) -> Self {
        let mut seen = self.clone();
        if let (Role::Newest { .. }, Some(first)) = (self.role, self.unreadable.first()) {
            seen.frames.retain(|frame| frame.header.position < *first);
            seen.unreadable.clear();
        }
        seen
    }

    /// What a newest segment shows to whoever does not look what was synced.
    fn without_witnesses(&self) -> Self {
        let mut seen = self.clone();
        if let Role::Newest { synced } = &mut seen.role {
            *synced = 0;
            seen.frames
                .iter_mut()
                .for_each(|frame| frame.header.durable_through = 0);
        }
        seen
    }
}
