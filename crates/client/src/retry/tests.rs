//! Tests of retries on a clock of their own.

use super::*;
use millstream_env::SeededRandom;
use millstream_protocol::RemoteError;
use std::sync::Mutex;

fn refusal(status: u16, name: &str) -> Error {
    Error::Service {
        remote: RemoteError {
            status,
            name: name.to_owned(),
            message: None,
        },
        request_id: None,
        is_after_unknown: false,
    }
}

fn throttled() -> Error {
    refusal(400, "ProvisionedThroughputExceededException")
}

/// Calls with the given outcomes, one after the other; the number of attempts and the result.
async fn call(retries: Retries, budget: &Budget, outcomes: Vec<Error>) -> (u32, Result<(), Error>) {
    let env = Env::real();
    let retries = retries.backoff(Duration::ZERO, Duration::ZERO);
    let left = Mutex::new(outcomes.into_iter());
    let made = AtomicU32::new(0);
    let result = retry(&env, &retries, budget, |number| {
        assert_eq!(made.fetch_add(1, Ordering::Relaxed) + 1, number);
        let next = left.lock().unwrap().next();
        async { next.map_or(Ok(()), Err) }
    });
    let result = result.await;
    (made.into_inner(), result)
}

#[tokio::test]
async fn calls_when_they_fail_then_are_repeated_as_far_as_that_may_help() {
    for (outcomes, attempts, succeeds) in [
        (vec![], 1, true),
        (vec![throttled()], 2, true),
        (vec![throttled(), throttled()], 3, true),
        (vec![throttled(), throttled(), throttled()], 3, false),
        (vec![refusal(500, "InternalFailure")], 2, true),
        (vec![refusal(503, "")], 2, true),
        (vec![Error::Transport("reset".to_owned())], 2, true),
        (vec![Error::NotSent("refused".to_owned())], 2, true),
        (vec![refusal(400, "ResourceNotFoundException")], 1, false),
        (vec![refusal(400, "ExpiredIteratorException")], 1, false),
        (vec![Error::Credentials("none".to_owned())], 1, false),
    ] {
        let case = format!("{outcomes:?}");
        let found = call(Retries::standard(), &Budget::full(), outcomes).await;
        assert_eq!((found.0, found.1.is_ok()), (attempts, succeeds), "{case}");
    }
    let found = call(Retries::none(), &Budget::full(), vec![throttled()]).await;
    assert_eq!((found.0, found.1.is_ok()), (1, false));
}

#[tokio::test]
async fn calls_when_most_of_them_fail_then_are_not_repeated_any_more() {
    let budget = Budget::full();
    for _ in 0..BUDGET / RETRY_COST / 2 {
        let outcomes = vec![throttled(), throttled(), throttled()];
        let (attempts, _) = call(Retries::standard(), &budget, outcomes).await;
        assert_eq!(attempts, 3);
    }
    let (attempts, _) = call(Retries::standard(), &budget, vec![throttled()]).await;
    assert_eq!(attempts, 1, "the budget is empty");
    for _ in 0..RETRY_COST {
        call(Retries::standard(), &budget, vec![]).await.1.unwrap();
    }
    let (attempts, result) = call(Retries::standard(), &budget, vec![throttled()]).await;
    assert_eq!((attempts, result.is_ok()), (2, true), "successes fill it");
}

#[test]
fn waits_when_drawn_then_are_anywhere_up_to_a_bound_that_doubles() {
    let random = SeededRandom::new(7);
    let retries = Retries::standard();
    for (retry, seconds) in [(0, 1), (1, 2), (2, 4), (4, 16), (5, 20), (40, 20)] {
        let waits: Vec<_> = (0..200).map(|_| retries.wait(&random, retry)).collect();
        let bound = Duration::from_secs(seconds);
        let longest = *waits.iter().max().unwrap();
        assert!(
            longest < bound && longest > bound.mul_f64(0.9),
            "{longest:?}"
        );
        assert!(*waits.iter().min().unwrap() < bound.mul_f64(0.1));
    }
}

#[tokio::test]
async fn call_when_an_earlier_attempt_had_no_answer_then_may_have_been_applied() {
    let silent = || Error::Transport("it took too long".to_owned());
    let conflict = || refusal(400, "ResourceInUseException");
    for (outcomes, is_certain) in [
        (vec![conflict()], true),
        (vec![throttled(), conflict()], true),
        (vec![silent(), conflict()], false),
        (
            vec![refusal(500, "InternalFailure"), throttled(), throttled()],
            false,
        ),
        (
            vec![
                silent(),
                Error::NotSent("refused".to_owned()),
                Error::Credentials(String::new()),
            ],
            false,
        ),
    ] {
        let case = format!("{outcomes:?}");
        let (_, result) = call(Retries::standard(), &Budget::full(), outcomes).await;
        assert_eq!(result.unwrap_err().was_not_applied(), is_certain, "{case}");
    }
}
