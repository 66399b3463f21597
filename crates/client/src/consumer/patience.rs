//! How a shard's reader waits: between two calls, and after one that failed.

use crate::{Error, Retries};
use millstream_env::{Env, Monotonic};
use millstream_protocol::ErrorCode;
use std::time::Duration;

/// The waits after a failure: up to 200 ms, doubled up to five seconds, which is also how long AWS
/// refuses another subscription to the same shard.
const BACKOFF: Retries =
    Retries::none().backoff(Duration::from_millis(200), Duration::from_secs(5));

/// What a reader remembers of failed calls.
pub(super) struct Patience {
    env: Env,
    gives_up_after: Duration,
    failures: u32,
    failing_since: Option<Monotonic>,
}

impl Patience {
    pub(super) fn new(env: &Env, gives_up_after: Duration) -> Self {
        Self {
            env: env.clone(),
            gives_up_after,
            failures: 0,
            failing_since: None,
        }
    }

    /// Forgets failures: a call has succeeded.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
        self.failing_since = None;
    }

    /// Waits before the next attempt.
    ///
    /// # Errors
    /// The error, if another attempt cannot help, or none has for long. Being told to slow down is
    /// no reason to give up.
    pub(super) async fn after(&mut self, error: Error) -> Result<(), Error> {
        if !is_throttled(&error) {
            let now = self.env.clock.monotonic();
            let since = *self.failing_since.get_or_insert(now);
            if !error.is_retryable() || now.since(since) >= self.gives_up_after {
                return Err(error);
            }
        }
        let wait = BACKOFF.wait(&*self.env.random, self.failures);
        self.failures = self.failures.saturating_add(1);
        tracing::debug!(?wait, %error, "reads again");
        self.env.clock.sleep(wait).await;
        Ok(())
    }
}

/// Whether the service wants fewer calls, or another subscription is still there.
fn is_throttled(error: &Error) -> bool {
    [
        ErrorCode::ProvisionedThroughputExceededException,
        ErrorCode::LimitExceededException,
        ErrorCode::ThrottlingException,
        ErrorCode::KMSThrottlingException,
        ErrorCode::ResourceInUseException,
    ]
    .into_iter()
    .any(|code| error.code() == Some(code))
}

/// The least time between two calls.
pub(super) struct Pace {
    env: Env,
    last: Option<Monotonic>,
}

impl Pace {
    pub(super) fn new(env: &Env) -> Self {
        let env = env.clone();
        Self { env, last: None }
    }

    /// Waits until so much time has passed since this last returned.
    pub(super) async fn keep(&mut self, interval: Duration) {
        let clock = &self.env.clock;
        if let Some(last) = self.last {
            let left = interval.saturating_sub(clock.monotonic().since(last));
            if !left.is_zero() {
                clock.sleep(left).await;
            }
        }
        self.last = Some(clock.monotonic());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_env::{Clock, ManualClock, Timestamp};
    use millstream_protocol::RemoteError;
    use std::sync::Arc;

    fn refusal(name: &str) -> Error {
        let remote = RemoteError {
            status: 400,
            name: name.to_owned(),
            message: None,
        };
        Error::Service {
            remote,
            request_id: None,
            is_after_unknown: false,
        }
    }

    #[tokio::test]
    async fn reader_when_its_calls_fail_then_gives_up_in_time_unless_it_is_only_throttled() {
        let throttled = || refusal("ProvisionedThroughputExceededException");
        let in_use = || refusal("ResourceInUseException");
        let broken = || Error::Transport("reset".to_owned());
        for (error, attempts) in [
            (throttled(), 100),
            (in_use(), 100),
            (broken(), 6),
            (refusal("AccessDeniedException"), 0),
        ] {
            let clock = Arc::new(ManualClock::new(Timestamp(0)));
            let env = Env {
                clock: Arc::clone(&clock) as _,
                ..Env::real()
            };
            let mut patience = Patience::new(&env, Duration::from_secs(60));
            let mut made = 0;
            while made < 100 {
                let advance = async { clock.advance(Duration::from_secs(10)) };
                let (waited, ()) = tokio::join!(patience.after(error.clone()), advance);
                if waited.is_err() {
                    break;
                }
                made += 1;
            }
            assert_eq!(made, attempts, "{error}");
        }
    }

    #[tokio::test]
    async fn calls_when_they_follow_each_other_then_are_as_far_apart_as_they_must_be() {
        let clock = Arc::new(ManualClock::new(Timestamp(0)));
        let env = Env {
            clock: Arc::clone(&clock) as _,
            ..Env::real()
        };
        let mut pace = Pace::new(&env);
        let second = Duration::from_secs(1);
        pace.keep(second).await;
        let begun = clock.monotonic();
        clock.advance(second / 4);
        let advance = async {
            clock.advance(second / 2);
            clock.advance(second / 4);
        };
        tokio::join!(pace.keep(second), advance);
        assert_eq!(clock.monotonic().since(begun), second);
        // Time that has passed already is not waited for.
        clock.advance(second);
        pace.keep(second).await;
    }
}
