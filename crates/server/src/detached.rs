//! A change that runs to completion, whether or not its caller keeps waiting.
//!
//! While its request lives it runs inside it, which saves a task and its wake-ups. If the request
//! is dropped, or has waited long enough, the rest moves into a task of its own, with what its body
//! has taken from the budget. It is never dropped before its end, unless it panics.

use crate::caught::{GivenUp, poll_caught};
use crate::connection::activity::InFlight;
use crate::connection::wait::Wait;
use crate::dispatch::{Failed, Served};
use engine::Body;
use env::Env;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// A change, and the wait for it.
pub(crate) struct Detached<'a> {
    operation: &'static str,
    env: &'a Env,
    in_flight: &'a mut InFlight,
    wait: Wait,
    wait_max: Duration,
    /// `None` once it has ended.
    change: Option<Served>,
}

impl<'a> Detached<'a> {
    /// Runs a change; its result is awaited for at most `wait_max`.
    pub(crate) fn new(
        operation: &'static str,
        change: Served,
        env: &'a Env,
        in_flight: &'a mut InFlight,
        wait_max: Duration,
    ) -> Self {
        let wait = in_flight.activity().timer.lend();
        Self {
            operation,
            env,
            in_flight,
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

impl Future for Detached<'_> {
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

impl Drop for Detached<'_> {
    fn drop(&mut self) {
        let activity = self.in_flight.activity();
        activity.timer.give_back(&mut self.wait);
        if let Some(change) = self.change.take() {
            let body = self.in_flight.hand_over_body();
            let rest = async move {
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
    use crate::connection::activity::Activity;
    use crate::receive::budgets::BodyBytes;
    use env::{ManualClock, Timestamp};
    use std::future::{pending, poll_fn};
    use std::sync::Arc;
    use tokio::sync::oneshot;

    const MAX: Duration = Duration::from_secs(5);

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
        let mut in_flight = Activity::for_test().begin();
        let waiting = Detached::new(
            "CreateStream",
            Box::pin(pending()),
            &env,
            &mut in_flight,
            MAX,
        );
        let (answer, ()) = tokio::join!(waiting, async { clock.advance(MAX) });
        assert_eq!(answer.map(drop), Err(GivenUp));
    }

    #[tokio::test]
    async fn change_when_it_panics_then_is_given_up_and_counted() {
        let (env, _clock) = world();
        let mut in_flight = Activity::for_test().begin();
        let change = Box::pin(async { panic!("a bug") });
        let waiting = Detached::new("CreateStream", change, &env, &mut in_flight, MAX);
        assert_eq!(waiting.await.map(drop), Err(GivenUp));
        assert_eq!(env.tasks.deaths().requests(), 1);
    }

    #[tokio::test]
    async fn change_when_nobody_waits_any_more_then_still_runs_to_its_end() {
        let (env, _clock) = world();
        let activity = Activity::for_test();
        let mut in_flight = activity.begin();
        let mut body = BodyBytes::default();
        assert!(activity.holdings.grow_body(&mut body, 100));
        in_flight.hold_body(body);
        let small_bodies = Arc::clone(&activity.holdings.budgets().small_bodies);
        let (begin, begun) = oneshot::channel::<()>();
        let (finish, finished) = oneshot::channel();
        let change = Box::pin(async {
            let _ = begun.await;
            let _ = finish.send(());
            Ok(Body::Whole(bytes::Bytes::new()))
        });
        let mut waiting = Detached::new("CreateStream", change, &env, &mut in_flight, MAX);
        poll_fn(|cx| {
            assert!(Pin::new(&mut waiting).poll(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        drop(waiting);
        drop(in_flight);
        assert_eq!(
            small_bodies.taken(),
            100,
            "what it works with is still there"
        );
        begin.send(()).unwrap();
        finished.await.unwrap();
        while small_bodies.taken() > 0 {
            tokio::task::yield_now().await;
        }
    }
}
