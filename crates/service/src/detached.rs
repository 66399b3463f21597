//! A change that runs to completion, whether or not its caller keeps waiting.
//!
//! While its request lives it runs inside it, which saves a task and its wake-ups. If the request
//! is dropped, or has waited long enough, the rest moves into a task of its own, with what its body
//! has taken from the budget. It is never dropped before its end, unless it panics. Nothing else
//! bounds how many such rests there are, since whoever left may ask again: so they are counted, and
//! while there are too many no change begins.

use crate::body::Body;
use crate::calls::Waiter;
use crate::caught::{GivenUp, poll_caught};
use crate::dispatch::{Failed, Served};
use crate::wait::Wait;
use millstream_env::Env;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// Number of changes that run on without their request from which on no other begins.
pub const OUTLIVING_MAX: usize = 8192;

/// The changes that run on without their request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outliving(Arc<AtomicUsize>);

impl Outliving {
    /// Whether no change may begin.
    pub(crate) fn are_too_many(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= OUTLIVING_MAX
    }

    pub(crate) fn begin(&self) -> Outlives {
        self.0.fetch_add(1, Ordering::Relaxed);
        Outlives(self.clone())
    }
}

/// One of them, until it ends or panics.
pub(crate) struct Outlives(Outliving);

impl Drop for Outlives {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A change, and the wait for it.
pub(crate) struct Detached<'a, W: Waiter> {
    operation: &'static str,
    env: &'a Env,
    outliving: &'a Outliving,
    waiter: &'a mut W,
    wait: Wait,
    wait_max: Duration,
    /// `None` once it has ended.
    change: Option<Served>,
}

impl<'a, W: Waiter> Detached<'a, W> {
    /// Runs a change; its result is awaited for at most `wait_max`.
    pub(crate) fn new(
        operation: &'static str,
        change: Served,
        (env, outliving): (&'a Env, &'a Outliving),
        waiter: &'a mut W,
        wait_max: Duration,
    ) -> Self {
        let wait = waiter.timer().lend();
        Self {
            operation,
            env,
            outliving,
            waiter,
            wait,
            wait_max,
            change: Some(change),
        }
    }

    fn poll_change(&mut self, cx: &mut Context<'_>) -> Poll<Result<Result<Body, Failed>, GivenUp>> {
        let change = self
            .change
            .as_mut()
            .expect("it is not polled after its end");
        let deaths = self.env.tasks.deaths();
        let answer = ready!(poll_caught(self.operation, change, &deaths, cx));
        self.change = None;
        Poll::Ready(answer)
    }
}

impl<W: Waiter> Future for Detached<'_, W> {
    type Output = Result<Result<Body, Failed>, GivenUp>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(answer) = self.poll_change(cx) {
            return Poll::Ready(answer);
        }
        let (env, wait_max) = (self.env, self.wait_max);
        self.wait.poll(cx, &*env.clock, wait_max).map(|_timed_out| {
            tracing::error!(
                operation = self.operation,
                "the operation takes too long; it runs on"
            );
            Err(GivenUp)
        })
    }
}

impl<W: Waiter> Drop for Detached<'_, W> {
    fn drop(&mut self) {
        self.waiter.timer().give_back(&mut self.wait);
        if let Some(change) = self.change.take() {
            let body = self.waiter.hand_over_body();
            let outlives = self.outliving.begin();
            let rest = async move {
                let _outlives = outlives;
                // Its result has no listener any more.
                drop(change.await);
                drop(body);
            };
            self.env.tasks.spawn_request(self.operation, Box::pin(rest));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wait::SpareTimer;
    use millstream_env::{ManualClock, Timestamp};
    use std::future::{pending, poll_fn};
    use tokio::sync::oneshot;

    const MAX: Duration = Duration::from_secs(5);
    /// Turns of the runtime in which a task begins that was spawned.
    const TURNS: usize = 10;

    /// A waiter whose body is charged to a count.
    struct Charged {
        timer: SpareTimer,
        body: Option<Arc<()>>,
    }

    impl Waiter for Charged {
        type Charge = Option<Arc<()>>;

        fn timer(&self) -> &SpareTimer {
            &self.timer
        }

        fn hand_over_body(&mut self) -> Option<Arc<()>> {
            self.body.take()
        }
    }

    fn waiter(body: &Arc<()>) -> Charged {
        Charged {
            timer: SpareTimer::default(),
            body: Some(Arc::clone(body)),
        }
    }

    fn world() -> (Env, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::new(Timestamp(0)));
        let env = Env {
            clock: Arc::clone(&clock) as _,
            ..Env::real()
        };
        (env, clock)
    }

    #[tokio::test]
    async fn change_when_it_takes_too_long_then_is_given_up() {
        let (env, clock) = world();
        let (mut waiter, none) = (waiter(&Arc::default()), Outliving::default());
        let waiting = Detached::new(
            "CreateStream",
            Box::pin(pending()),
            (&env, &none),
            &mut waiter,
            MAX,
        );
        let (answer, ()) = tokio::join!(waiting, async { clock.advance(MAX) });
        assert_eq!(answer.map(drop), Err(GivenUp));
    }

    #[tokio::test]
    async fn change_when_it_panics_then_is_given_up_and_counted() {
        let (env, _clock) = world();
        let (mut waiter, none) = (waiter(&Arc::default()), Outliving::default());
        let change = Box::pin(async { panic!("a bug") });
        let waiting = Detached::new("CreateStream", change, (&env, &none), &mut waiter, MAX);
        assert_eq!(waiting.await.map(drop), Err(GivenUp));
        assert_eq!(env.tasks.deaths().requests(), 1);
    }

    #[tokio::test]
    async fn change_when_nobody_waits_any_more_then_still_runs_to_its_end() {
        let (env, _clock) = world();
        let (body, outliving) = (Arc::default(), Outliving::default());
        let mut waiter = waiter(&body);
        let (begin, begun) = oneshot::channel::<()>();
        let (finish, finished) = oneshot::channel();
        let change = Box::pin(async {
            let _ = begun.await;
            let _ = finish.send(());
            Ok(Body::Whole(bytes::Bytes::new()))
        });
        let mut waiting =
            Detached::new("CreateStream", change, (&env, &outliving), &mut waiter, MAX);
        poll_fn(|cx| {
            assert!(Pin::new(&mut waiting).poll(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        let count = || outliving.0.load(Ordering::Relaxed);
        assert_eq!(count(), 0, "somebody waits for it");
        drop(waiting);
        drop(waiter);
        // What runs on has begun to.
        for _ in 0..TURNS {
            tokio::task::yield_now().await;
        }
        assert_eq!(count(), 1);
        assert_eq!(
            Arc::strong_count(&body),
            2,
            "what it works with is still charged"
        );
        begin.send(()).unwrap();
        finished.await.unwrap();
        while Arc::strong_count(&body) > 1 || count() > 0 {
            tokio::task::yield_now().await;
        }
    }
}
