//! Detects that the wall clock was set, by comparing it with the monotonic clock.
//!
//! What is given up by the wall clock's time does not come back when somebody sets it right. So
//! whatever gives something up asks this first, and waits while the clocks disagree. It reads no
//! clock itself.

use crate::{Monotonic, Timestamp};
use std::time::Duration;

/// A larger difference between the two clocks' steps means that the wall clock was set.
const DISAGREEMENT_MAX: Duration = Duration::from_mins(10);
/// How long the clocks disagree after that: time for somebody to notice. Then the wall clock is
/// believed as it is.
const DISAGREE_FOR: Duration = Duration::from_hours(1);

/// Whether the wall clock can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// It can.
    Whole,
    /// It was set by so much since it was looked at last.
    Broken(Duration),
    /// It was set within the last hour.
    Doubtful,
}

/// Both clocks as they were seen together.
#[derive(Clone, Copy, Debug)]
pub struct Clocks {
    wall: Timestamp,
    monotonic: Monotonic,
    disagree_until: Monotonic,
}

impl Clocks {
    /// Clocks that agree, as they are seen now.
    pub fn new(wall: Timestamp, monotonic: Monotonic) -> Self {
        Self {
            wall,
            monotonic,
            disagree_until: Monotonic::default(),
        }
    }

    /// Compares the clocks as they are seen now. Setting the wall clock back to where it was is
    /// setting it again.
    pub fn compare(&mut self, wall: Timestamp, monotonic: Monotonic) -> Agreement {
        let expected = self.wall.plus(monotonic.since(self.monotonic));
        let off = wall.since(expected).max(expected.since(wall));
        if off > DISAGREEMENT_MAX {
            *self = Self {
                wall,
                monotonic,
                disagree_until: Monotonic(monotonic.0 + DISAGREE_FOR),
            };
            return Agreement::Broken(off);
        }
        if monotonic < self.disagree_until {
            Agreement::Doubtful
        } else {
            Agreement::Whole
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_when_the_wall_is_set_then_disagree_for_an_hour() {
        let at = |minutes: u64| Monotonic(Duration::from_mins(minutes));
        let wall = |minutes: u64| Timestamp((10_000 + minutes) * 60_000);
        let mut clocks = Clocks::new(wall(0), at(0));
        let mut compare = |wall_minute, minute| clocks.compare(wall(wall_minute), at(minute));
        let broken = |minutes| Agreement::Broken(Duration::from_mins(minutes));
        assert_eq!(compare(39, 30), Agreement::Whole, "a little ahead");
        assert_eq!(compare(45, 31), broken(14), "ahead");
        assert_eq!(compare(100, 90), Agreement::Doubtful);
        assert_eq!(compare(105, 91), Agreement::Whole, "an hour later");
        assert_eq!(compare(0, 92), broken(106), "back");
        assert_eq!(compare(107, 93), broken(106), "that was undone");
        assert_eq!(compare(166, 152), Agreement::Doubtful);
        assert_eq!(compare(167, 153), Agreement::Whole);
    }
}
