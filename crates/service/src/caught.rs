//! An operation that panics gets a response, and ends alone.

use crate::body::Body;
use crate::dispatch::{Failed, Served};
use millstream_env::Deaths;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll, ready};

/// The operation has no result: it panicked, or took too long. The log says which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GivenUp;

/// Polls an operation; after a panic it must not be polled again. The panic hook logs the message.
pub(crate) fn poll_caught(
    operation: &'static str,
    served: &mut Served,
    deaths: &Deaths,
    cx: &mut Context<'_>,
) -> Poll<Result<Result<Body, Failed>, GivenUp>> {
    // The operation is not used after a panic.
    let polled = catch_unwind(AssertUnwindSafe(|| served.as_mut().poll(cx)));
    let Ok(polled) = polled else {
        deaths.note_request();
        tracing::error!(operation, "the operation ended without an answer");
        return Poll::Ready(Err(GivenUp));
    };
    Poll::Ready(Ok(ready!(polled)))
}
