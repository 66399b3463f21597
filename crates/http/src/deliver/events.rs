//! The body of a subscription: pieces of frames, at the pace of the client.
//!
//! The transport asks for a piece when it has room for one, and the subscription is polled for its
//! next frame only when none is left. So a client that takes nothing holds one frame and one piece,
//! and its subscription does not read. After a while even the frame is released: the stream is cut
//! off, and the client resumes after the last event that it received.

use crate::deliver::body::Held;
use crate::deliver::cut::Cut;
use crate::deliver::slot::{Patience, Slot, Stalled, Unwritten};
use bytes::Bytes;
use millstream_env::{BoxFuture, Env, RequestContext};
use millstream_protocol::event_stream::Frame;
use millstream_service::Frames;
use millstream_streams::Engine;
use std::fmt;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// Interval at which progress of the client is checked.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long a client may take nothing while the memory that its stream holds is short …
const STALLS_WHEN_SHORT: Duration = Duration::from_secs(2);
/// … and how long it may take for one frame, however steadily, since others wait for the memory.
const FRAME_LASTS_WHEN_SHORT: Duration = Duration::from_secs(30);

type Next = BoxFuture<(Box<Frames>, Option<Frame>)>;

/// A body of events.
pub(crate) struct Events {
    env: Env,
    slot: Arc<Slot>,
    /// The request that its frames are for.
    request: Option<RequestContext>,
    /// `None` once the subscription has ended.
    next: Option<Next>,
    _held: Held,
}

impl Events {
    /// A body with a subscription's frames.
    pub(crate) fn start(
        env: &Env,
        engine: &Arc<Engine>,
        patience: Duration,
        unwritten: &Arc<Unwritten>,
        frames: Box<Frames>,
        held: Held,
    ) -> Self {
        let slot = Slot::new(unwritten);
        let watch = Watch {
            env: env.clone(),
            engine: Arc::clone(engine),
            stream: frames.stream(),
            patience,
            slot: Arc::downgrade(&slot),
            cut: Cut::own(),
        };
        env.tasks.spawn_request("subscriber", Box::pin(watch.run()));
        Self {
            env: env.clone(),
            slot,
            next: Some(next_of(frames, RequestContext::current())),
            request: RequestContext::current(),
            _held: held,
        }
    }

    /// The next piece; `None` at the end.
    pub(crate) fn poll_piece(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Stalled>>> {
        loop {
            let piece = ready!(self.slot.poll_piece(cx, &self.env.clock));
            if let Some(piece) = piece.transpose() {
                return Poll::Ready(Some(piece));
            }
            let Some(next) = &mut self.next else {
                return Poll::Ready(None);
            };
            let (frames, frame) = ready!(next.as_mut().poll(cx));
            self.next = match frame {
                None => None,
                Some(frame) => {
                    self.slot.fill(frame, self.env.clock.monotonic());
                    Some(next_of(frames, self.request.clone()))
                }
            };
        }
    }
}

/// Polls the subscription in its request's context. The connection does so long after the
/// response's head was sent, but failures are still logged for the request.
fn next_of(mut frames: Box<Frames>, request: Option<RequestContext>) -> Next {
    let next = async move {
        let frame = frames.next().await;
        (frames, frame)
    };
    match request {
        None => Box::pin(next),
        Some(request) => Box::pin(request.scope(next)),
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Events")
    }
}

/// Checks the client's progress periodically, for as long as there is a body.
struct Watch {
    env: Env,
    engine: Arc<Engine>,
    stream: u64,
    patience: Duration,
    slot: Weak<Slot>,
    cut: Option<Cut>,
}

impl Watch {
    async fn run(self) {
        let every = LOOK_EVERY.min(self.patience);
        loop {
            self.env.clock.sleep(every).await;
            let Some(slot) = self.slot.upgrade() else {
                return;
            };
            let patience = if self.engine.is_wanted_of_stalled(self.stream) {
                Patience {
                    piece: STALLS_WHEN_SHORT.min(self.patience),
                    frame: FRAME_LASTS_WHEN_SHORT,
                }
            } else {
                Patience {
                    piece: self.patience,
                    frame: Duration::MAX,
                }
            };
            if slot.cut_if_stalled(self.env.clock.monotonic(), &patience) {
                tracing::debug!("a subscriber that takes nothing is cut off");
                if let Some(cut) = &self.cut {
                    cut.cut();
                }
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests;
