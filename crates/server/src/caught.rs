//! An operation that panics is answered, and ends alone.

use crate::dispatch::{Failed, Served};
use engine::Body;
use env::Deaths;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll, ready};

/// There is no answer: the operation panicked, or was waited for long enough. The log says which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GivenUp;

/// Polls an operation; after a panic it must not be polled again. What the panic said, the
/// process's own hook puts into the log.
pub(crate) fn poll_caught(
    operation: &'static str,
    served: &mut Served,
    deaths: &Deaths,
    cx: &mut Context<'_>,
) -> Poll<Result<Result<Body, Failed>, GivenUp>> {
    // Nothing of the operation is looked at after a panic.
    let polled = catch_unwind(AssertUnwindSafe(|| served.as_mut().poll(cx)));
    let Ok(polled) = polled else {
        deaths.note_request();
        tracing::error!(operation, "the operation ended without an answer");
        return Poll::Ready(Err(GivenUp));
    };
    Poll::Ready(Ok(ready!(polled)))
}
