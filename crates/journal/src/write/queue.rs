//! The queue of calls to the writer: FIFO, bounded in bytes.

use crate::format::frame::FRAME_HEADER_BYTES;
use millstream_store::batches::Batches;
use millstream_store::store::{AppendError, Appended, LogId, LogSettings, Offset, StoreError};
use parking_lot::Mutex;
use std::collections::VecDeque;
use tokio::sync::{Notify, oneshot};

/// Maximum size of a group commit, unless a single call is larger.
pub(crate) const GROUP_BYTES_MAX: usize = 2 * 1024 * 1024;

/// A call that waits for its group.
pub(crate) enum Call {
    Append(AppendCall),
    Change(ChangeCall),
}

pub(crate) struct AppendCall {
    pub(crate) batches: Batches,
    pub(crate) reply: oneshot::Sender<Vec<Result<Appended, AppendError>>>,
}

pub(crate) struct ChangeCall {
    pub(crate) change: Change,
    pub(crate) reply: oneshot::Sender<Result<(), StoreError>>,
}

/// A change to the set of logs, all or none.
pub(crate) enum Change {
    Create(Vec<(LogId, LogSettings)>),
    Delete(Vec<LogId>),
    Trim(LogId, Offset),
    Configure(LogId, LogSettings),
}

/// Why a call was not accepted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Full,
    Closed,
}

/// The writer's queue.
pub(crate) struct Queue {
    state: Mutex<State>,
    wake: Notify,
    bytes_max: usize,
}

#[derive(Default)]
struct State {
    calls: VecDeque<(Call, usize)>,
    bytes: usize,
    is_closed: bool,
}

impl Call {
    fn bytes(&self) -> usize {
        let payload = match self {
            Self::Append(call) => call.batches.buffer().len(),
            Self::Change(call) => match &call.change {
                Change::Create(logs) => logs.len() * crate::format::frame::ENTRY_BYTES,
                Change::Delete(logs) => logs.len() * crate::format::frame::ENTRY_BYTES,
                Change::Trim(..) | Change::Configure(..) => crate::format::frame::ENTRY_BYTES,
            },
        };
        payload + FRAME_HEADER_BYTES
    }
}

impl Queue {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self {
            state: Mutex::default(),
            wake: Notify::new(),
            bytes_max,
        }
    }

    /// Enqueues a call. An empty queue accepts a call of any size.
    pub(crate) fn push(&self, call: Call) -> Result<(), Refusal> {
        let bytes = call.bytes();
        let mut state = self.state.lock();
        if state.is_closed {
            return Err(Refusal::Closed);
        }
        if !state.calls.is_empty() && state.bytes + bytes > self.bytes_max {
            return Err(Refusal::Full);
        }
        state.bytes += bytes;
        state.calls.push_back((call, bytes));
        drop(state);
        self.wake.notify_one();
        Ok(())
    }

    /// The calls of the next group; empty if none waits.
    pub(crate) fn take(&self) -> Vec<Call> {
        let mut state = self.state.lock();
        let (mut calls, mut total) = (Vec::new(), 0);
        while let Some((_, bytes)) = state.calls.front() {
            total += *bytes;
            if total > GROUP_BYTES_MAX && !calls.is_empty() {
                break;
            }
            let (call, bytes) = state.calls.pop_front().expect("there was a first call");
            state.bytes -= bytes;
            calls.push(call);
        }
        calls
    }

    /// Number of waiting calls, and their bytes.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        let state = self.state.lock();
        (state.calls.len(), state.bytes)
    }

    /// Resolves when something may have changed.
    pub(crate) async fn changed(&self) {
        self.wake.notified().await;
    }

    /// Closes the queue; waiting calls are still served.
    pub(crate) fn close(&self) {
        self.state.lock().is_closed = true;
        self.wake.notify_one();
    }

    /// Closes the queue and drops waiting calls, which will never be served.
    pub(crate) fn abandon(&self) {
        self.close();
        let waiting = std::mem::take(&mut self.state.lock().calls);
        // Waiters are notified outside the lock.
        drop(waiting);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state.lock().is_closed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_store::batch::Batch;

    fn call(bytes: usize) -> Call {
        let (reply, _) = oneshot::channel();
        let log = LogId { group: 0, index: 0 };
        let batches = Batches::one(log, Batch::data(&vec![0; bytes]));
        Call::Append(AppendCall { batches, reply })
    }

    #[test]
    fn a_group_when_calls_wait_then_takes_two_mebibytes_in_order() {
        let queue = Queue::new(usize::MAX);
        for _ in 0..5 {
            queue.push(call(1_000_000)).unwrap();
        }
        assert_eq!(queue.take().len(), 2);
        assert_eq!(queue.take().len(), 2);
        assert_eq!(queue.take().len(), 1);
        assert!(queue.take().is_empty());
    }

    #[test]
    fn a_large_call_when_its_turn_comes_then_goes_alone() {
        let queue = Queue::new(usize::MAX);
        for bytes in [10, 5_000_000, 10] {
            queue.push(call(bytes)).unwrap();
        }
        assert_eq!(
            [queue.take().len(), queue.take().len(), queue.take().len()],
            [1, 1, 1]
        );
    }

    #[test]
    fn a_queue_when_full_then_refuses_until_calls_are_taken() {
        let queue = Queue::new(1000);
        queue.push(call(5000)).unwrap();
        assert_eq!(queue.push(call(1)).err(), Some(Refusal::Full));
        let (waiting, bytes) = queue.waiting();
        assert_eq!((waiting, bytes > 5000), (1, true));
        queue.take();
        assert_eq!(queue.waiting(), (0, 0));
        queue.push(call(1)).unwrap();
        queue.close();
        assert_eq!(queue.push(call(1)).err(), Some(Refusal::Closed));
        assert_eq!(queue.take().len(), 1);
    }
}
