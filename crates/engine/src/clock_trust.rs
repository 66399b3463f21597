//! Trust in the wall clock: lost when it jumps, given back an hour later.

use env::{Monotonic, Timestamp};
use std::time::Duration;

/// When wall and monotonic clock disagree by more than this, nothing is given up …
const DISAGREEMENT_MAX: Duration = Duration::from_mins(10);
/// … for this long; then the wall clock is believed.
const DISBELIEF: Duration = Duration::from_hours(1);

/// Whether the wall clock can be believed.
pub(crate) struct ClockTrust {
    wall: Timestamp,
    monotonic: Monotonic,
    doubted_at: Option<Monotonic>,
}

impl ClockTrust {
    pub(crate) fn new(wall: Timestamp, monotonic: Monotonic) -> Self {
        Self {
            wall,
            monotonic,
            doubted_at: None,
        }
    }

    /// Whether the wall clock is to be believed, by what both clocks show now.
    pub(crate) fn is_kept(&mut self, wall: Timestamp, monotonic: Monotonic) -> bool {
        let expected = self.wall.plus(monotonic.since(self.monotonic));
        let gap = wall.since(expected).max(expected.since(wall));
        if gap <= DISAGREEMENT_MAX {
            self.doubted_at = None;
            return true;
        }
        let doubted_at = *self.doubted_at.get_or_insert_with(|| {
            tracing::warn!(
                gap_s = gap.as_secs(),
                "the wall clock jumped; expiry pauses for an hour"
            );
            monotonic
        });
        if monotonic.since(doubted_at) >= DISBELIEF {
            *self = Self::new(wall, monotonic);
        }
        self.doubted_at.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trust_when_the_wall_clock_jumps_then_is_lost_for_an_hour() {
        let at = |minutes: u64| Monotonic(Duration::from_mins(minutes));
        let wall = |minutes: u64| Timestamp(minutes * 60_000);
        let mut trust = ClockTrust::new(wall(1000), at(0));
        assert!(trust.is_kept(wall(1009), at(0)));
        assert!(!trust.is_kept(wall(1020), at(1)), "ahead");
        assert!(!trust.is_kept(wall(1000 + 11 + 60), at(60)), "still");
        assert!(trust.is_kept(wall(1061), at(61)), "the jump was undone");
        assert!(!trust.is_kept(wall(500), at(62)), "back");
        assert!(
            trust.is_kept(wall(560), at(122)),
            "an hour later it is believed"
        );
        assert!(trust.is_kept(wall(561), at(123)));
    }
}
