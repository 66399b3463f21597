//! The pace of a tool that shall not do more than so many things in a second.

use millstream_env::{Clock, Monotonic};
use std::num::NonZeroU32;
use std::time::Duration;

/// How much of a delay is caught up on: waits are rounded up by the clock.
const CATCH_UP: Duration = Duration::from_millis(50);

/// A pace, or none.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    gap: Duration,
    next: Monotonic,
}

impl Pace {
    /// A pace of so many things in a second; as fast as possible without a number.
    pub(crate) fn new(rate: Option<NonZeroU32>) -> Self {
        let second = Duration::from_secs(1);
        Self {
            gap: rate.map_or(Duration::ZERO, |rate| second / rate.get()),
            next: Monotonic::default(),
        }
    }

    /// Resolves when it is the next thing's turn.
    pub(crate) async fn turn(&mut self, clock: &dyn Clock) {
        if self.gap == Duration::ZERO {
            return;
        }
        let now = clock.monotonic();
        if self.next > now {
            clock.sleep(self.next.since(now)).await;
        }
        let earliest = clock.monotonic().0.saturating_sub(CATCH_UP);
        self.next = Monotonic(self.next.0.max(earliest) + self.gap);
    }
}

/// Parses `100` or `100/s`.
///
/// # Errors
/// If it is no number from 1.
pub(crate) fn parse_rate(text: &str) -> Result<NonZeroU32, String> {
    let number = text.strip_suffix("/s").unwrap_or(text);
    let parsed = number.parse();
    parsed.map_err(|_| "a rate is a whole number from 1, such as 100 or 100/s".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_env::{ManualClock, Timestamp};
    use std::task::{Context, Poll, Waker};

    /// Whether a turn comes at once.
    fn is_turn(pace: &mut Pace, clock: &ManualClock) -> bool {
        let turn = std::pin::pin!(pace.turn(clock));
        matches!(
            turn.poll(&mut Context::from_waker(Waker::noop())),
            Poll::Ready(())
        )
    }

    #[test]
    fn pace_when_kept_then_allows_so_many_in_a_second_and_no_large_burst() {
        let clock = ManualClock::new(Timestamp(0));
        clock.advance(Duration::from_secs(10));
        let mut pace = Pace::new(NonZeroU32::new(100));
        let turns = |pace: &mut Pace| (0..1000).take_while(|_| is_turn(pace, &clock)).count();
        // The first turns catch up on 50 ms at most.
        assert_eq!(turns(&mut pace), 6);
        clock.advance(Duration::from_millis(10));
        assert_eq!(turns(&mut pace), 1);
        clock.advance(Duration::from_secs(60));
        assert_eq!(turns(&mut pace), 6, "what was missed is not caught up on");
        assert_eq!(turns(&mut Pace::new(None)), 1000);
    }

    #[test]
    fn rate_when_parsed_then_is_a_whole_number_from_1() {
        for (text, expected) in [
            ("100", Some(100)),
            ("5/s", Some(5)),
            ("0", None),
            ("1.5", None),
            ("5/m", None),
            ("", None),
        ] {
            let rate = parse_rate(text).ok().map(NonZeroU32::get);
            assert_eq!(rate, expected, "{text}");
        }
    }
}
