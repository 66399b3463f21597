//! Rate limit per call site, so that no place in the code can fill the log.
//!
//! Detail that was asked for (`debug` and `trace`) is not limited. Lines that are held back count
//! as lost.

use super::line_queue::LineQueue;
use millstream_env::{Clock, LineLimit};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

/// Lines per call site and second.
const LINES_PER_SECOND: u64 = 20;

/// A rate limit per call site.
pub struct PerPlace {
    clock: Arc<dyn Clock>,
    queue: Arc<LineQueue>,
    places: Mutex<BTreeMap<Place, LineLimit>>,
}

/// A call site: a module, and a line in its file.
type Place = (&'static str, Option<u32>);

impl PerPlace {
    /// A limit whose held-back lines are counted by `queue`.
    pub fn new(clock: Arc<dyn Clock>, queue: Arc<LineQueue>) -> Self {
        Self {
            clock,
            queue,
            places: Mutex::default(),
        }
    }

    fn passes(&self, place: Place) -> bool {
        let places = self.places.lock();
        // Bounded by the number of call sites in the code.
        let mut places = places.unwrap_or_else(PoisonError::into_inner);
        let limit = places.entry(place);
        let limit = limit.or_insert_with(|| LineLimit::new(LINES_PER_SECOND));
        limit.pass(self.clock.monotonic()).is_some()
    }
}

impl<S: Subscriber> Layer<S> for PerPlace {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        let metadata = event.metadata();
        if *metadata.level() > Level::INFO {
            return true;
        }
        let passes = self.passes((metadata.target(), metadata.line()));
        if !passes {
            self.queue.note_lost();
        }
        passes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_env::{ManualClock, Timestamp};
    use std::sync::atomic::Ordering;
    use std::time::Duration;
    use tracing_subscriber::layer::SubscriberExt;

    /// Lines that got through.
    #[derive(Clone, Default)]
    struct Through(Arc<Mutex<Vec<Level>>>);

    impl<S: Subscriber> Layer<S> for Through {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            self.0.lock().unwrap().push(*event.metadata().level());
        }
    }

    #[test]
    fn lines_when_one_place_has_too_many_in_a_second_then_are_lost_and_those_of_others_are_not() {
        let clock = Arc::new(ManualClock::new(Timestamp(0)));
        let queue = Arc::new(LineQueue::default());
        let through = Through::default();
        let subscriber = tracing_subscriber::registry()
            .with(PerPlace::new(Arc::clone(&clock) as _, Arc::clone(&queue)))
            .with(through.clone());
        tracing::subscriber::with_default(subscriber, || {
            for second in 0..2 {
                for _ in 0..100 {
                    tracing::error!(second, "again");
                    tracing::debug!(second, "in detail");
                }
                tracing::warn!("once");
                clock.advance(Duration::from_secs(1));
            }
        });
        let levels = through.0.lock().unwrap();
        let count = |wanted: Level| levels.iter().filter(|level| **level == wanted).count();
        let counts = [Level::ERROR, Level::WARN, Level::DEBUG].map(count);
        assert_eq!(counts, [2 * LINES_PER_SECOND as usize, 2, 200]);
        let lost = queue.lost().load(Ordering::Relaxed);
        assert_eq!(lost, 2 * (100 - LINES_PER_SECOND));
    }
}
