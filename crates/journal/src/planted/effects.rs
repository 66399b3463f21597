//! What planted bugs do to the order of the writer's steps, and to the evidence about a tail.
//!
//! Without a bug both are what the writer and the classification say. No file imports this one: it
//! gives [`Options`] the two methods.

use crate::options::Options;
#[cfg(test)]
use crate::planted::PlantedBug;
#[cfg(test)]
use crate::recover::classify::Role;
use crate::recover::classify::{Evidence, Tail, classify};
use crate::write::writer::{STEPS, Step};

#[cfg(not(test))]
impl Options {
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
