//! Notices when the wall clock was set, by comparing it with the monotonic one.

use crate::space::upkeep::FREED_AFTER;
use env::{Monotonic, Timestamp};
use std::time::Duration;

/// More than this between the two clocks' steps means that somebody set the wall clock.
const DISAGREEMENT_MAX: Duration = Duration::from_secs(600);

/// The two clocks as they were seen together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clocks {
    wall: Timestamp,
    monotonic: Monotonic,
    paused_until: Monotonic,
}

impl Clocks {
    pub(crate) fn new(wall: Timestamp, monotonic: Monotonic) -> Self {
        Self {
            wall,
            monotonic,
            paused_until: Monotonic::default(),
        }
    }

    /// Whether the clocks disagree, or did so within the last hour.
    pub(crate) fn disagree(&mut self, wall: Timestamp, monotonic: Monotonic) -> bool {
        let expected = self.wall.plus(monotonic.since(self.monotonic));
        let off = wall.since(expected).max(expected.since(wall));
        if off > DISAGREEMENT_MAX {
            tracing::warn!(
                ?off,
                "the wall clock was set: no space is given back for an hour"
            );
            let paused_until = Monotonic(monotonic.0 + FREED_AFTER);
            *self = Self {
                wall,
                monotonic,
                paused_until,
            };
        }
        monotonic < self.paused_until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_when_the_wall_is_set_then_disagree_for_an_hour() {
        let at = |minutes: u64| Monotonic(Duration::from_secs(minutes * 60));
        let wall = |minutes: u64| Timestamp((10_000 + minutes) * 60_000);
        let mut clocks = Clocks::new(wall(0), at(0));
        assert!(!clocks.disagree(wall(39), at(30)));
        assert!(clocks.disagree(wall(45), at(31)));
        assert!(clocks.disagree(wall(100), at(90)));
        assert!(!clocks.disagree(wall(105), at(91)));
        assert!(clocks.disagree(wall(0), at(92)));
    }
}
