//! Retries: how often, how long to wait, and when to stop adding to an overload.
//!
//! The rules are those of the "standard" mode of AWS's SDKs: exponential backoff with full jitter,
//! and a budget that all calls of a client share.
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>

use crate::Error;
use millstream_env::{Env, Random};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Tokens of a full budget.
const BUDGET: u32 = 500;
/// What a retry takes from the budget.
const RETRY_COST: u32 = 5;
/// What a retry after silence takes.
const TIMEOUT_COST: u32 = 10;
/// What a call that needs no retry gives back.
const SUCCESS_GAIN: u32 = 1;

/// How failed calls are retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    attempts: u32,
    base: Duration,
    max: Duration,
}

impl Retries {
    /// Three attempts, as AWS's SDKs make by default; waits of up to 1, 2, 4 … 20 seconds.
    pub const fn standard() -> Self {
        Self {
            attempts: 3,
            base: Duration::from_secs(1),
            max: Duration::from_secs(20),
        }
    }

    /// One attempt.
    pub const fn none() -> Self {
        Self {
            attempts: 1,
            ..Self::standard()
        }
    }

    /// The number of attempts, the first included; at least one.
    #[must_use]
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = if attempts == 0 { 1 } else { attempts };
        self
    }

    /// The longest wait before the first retry, and before any.
    #[must_use]
    pub const fn backoff(mut self, base: Duration, max: Duration) -> Self {
        self.base = base;
        self.max = max;
        self
    }

    /// The number of attempts.
    pub const fn max_attempts(&self) -> u32 {
        self.attempts
    }

    /// The wait before retry `retry`, counted from zero: anything up to the base, doubled for each.
    pub(crate) fn wait(&self, random: &dyn Random, retry: u32) -> Duration {
        let doubled = self.base.saturating_mul(1 << retry.min(20));
        let longest = doubled.min(self.max);
        longest.mul_f64(fraction(random))
    }
}

impl Default for Retries {
    fn default() -> Self {
        Self::standard()
    }
}

/// A number from zero up to, but not including, one.
fn fraction(random: &dyn Random) -> f64 {
    let mut bytes = [0; 4];
    random.fill(&mut bytes);
    f64::from(u32::from_le_bytes(bytes)) / (f64::from(u32::MAX) + 1.0)
}

/// The budget for retries that the calls of a client share: empty while most calls fail, so that
/// they fail at once instead of adding to the load.
#[derive(Debug)]
pub(crate) struct Budget(AtomicU32);

impl Budget {
    pub(crate) fn full() -> Self {
        Self(AtomicU32::new(BUDGET))
    }

    /// Takes what a retry after `error` costs; the cost, unless there is too little.
    fn take(&self, error: &Error) -> Option<u32> {
        let cost = match error {
            Error::Transport(_) => TIMEOUT_COST,
            Error::Service { .. }
            | Error::NotSent(_)
            | Error::Invalid(_)
            | Error::Credentials(_) => RETRY_COST,
        };
        let less = |left: u32| left.checked_sub(cost);
        let taken = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        taken.is_ok().then_some(cost)
    }

    fn give(&self, tokens: u32) {
        let more = |left: u32| Some(left.saturating_add(tokens).min(BUDGET));
        // The update never declines.
        let _ = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }
}

/// Makes attempts until one succeeds, is not worth repeating, or was the last. `attempt` is told
/// its number, from one. The last error knows whether an earlier attempt may have been applied.
pub(crate) async fn retry<T, F: Future<Output = Result<T, Error>>>(
    env: &Env,
    retries: &Retries,
    budget: &Budget,
    attempt: impl Fn(u32) -> F,
) -> Result<T, Error> {
    let mut cost = SUCCESS_GAIN;
    let mut is_after_unknown = false;
    for number in 1.. {
        let error = match attempt(number).await {
            Ok(output) => {
                budget.give(cost);
                return Ok(output);
            }
            Err(error) => error,
        };
        let may_retry = error.is_retryable() && number < retries.attempts;
        let taken = if may_retry { budget.take(&error) } else { None };
        let Some(taken) = taken else {
            return Err(match is_after_unknown {
                true => error.after_unknown(),
                false => error,
            });
        };
        is_after_unknown |= !error.was_not_applied();
        cost = taken;
        let wait = retries.wait(&*env.random, number - 1);
        tracing::debug!(attempt = number, ?wait, %error, "retries");
        env.clock.sleep(wait).await;
    }
    unreachable!("the last attempt returns")
}

#[cfg(test)]
mod tests;
