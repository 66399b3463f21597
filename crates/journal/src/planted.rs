//! Bugs on purpose: each breaks one promise, so that a test can show that it would be caught.
//!
//! As far as can be they stand outside: between the journal and its disk or clock
//! (`tests/misled.rs`), as another order of the writer's steps, or as less evidence about a tail
//! than was found. The three that strike within are asked for there. They can be switched on only
//! by this crate's own tests; in any other build the switch does not exist, and what asks for it is
//! `false` when it is compiled. `tests/planted.rs` says who finds which.

use crate::Options;
#[cfg(test)]
use crate::recover::classify::Role;
use crate::recover::classify::{Evidence, Tail, classify};
use crate::write::writer::{STEPS, Step};

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

#[cfg(not(test))]
impl Options {
    /// Whether this bug is switched on: never in this build.
    pub(crate) const fn has(&self, _: PlantedBug) -> bool {
        false
    }

    /// What is done with a written group, in order.
    pub(crate) const fn steps(&self) -> [Step; 3] {
        STEPS
    }

    /// Classifies a tail.
    pub(crate) fn classify(&self, found: &Evidence) -> Tail {
        classify(found)
    }
}

#[cfg(test)]
impl Options {
    /// Whether this bug is switched on.
    pub(crate) fn has(&self, bug: PlantedBug) -> bool {
        self.planted == Some(bug)
    }

    /// What is done with a written group, in the order that the bug has it.
    pub(crate) fn steps(&self) -> [Step; 3] {
        if self.has(PlantedBug::ResolveBeforeSync) {
            return [Step::Publish, Step::Resolve, Step::Sync];
        }
        if self.has(PlantedBug::PublishBeforeSync) {
            return [Step::Publish, Step::Sync, Step::Resolve];
        }
        STEPS
    }

    /// Classifies a tail, from as much of the evidence as the bug looks at.
    pub(crate) fn classify(&self, found: &Evidence) -> Tail {
        if self.has(PlantedBug::StopAtBadFrame) {
            return classify(&found.up_to_unreadable());
        }
        if self.has(PlantedBug::TruncateAtRot) {
            return classify(&found.without_witnesses());
        }
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
