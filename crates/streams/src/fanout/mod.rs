//! Enhanced fan-out: a shard's records, pushed to subscribers.
//!
//! A [`Subscription`] is asked for its next event by whoever writes to its client, and only then
//! reads: a client that takes nothing holds one event and slows nobody. [`seat`] knows who may
//! subscribe, and when somebody else has; [`blocks`] keeps encoded records, one copy for all
//! subscribers; [`room`] says how much of them each may hold. How records are encoded only the
//! [`RecordEncoder`] knows that whoever asks brings.

mod blocks;
mod event;
mod room;
pub(crate) mod seat;
mod subscription;

pub use event::{Event, RecordEncoder};
pub(crate) use seat::Refusal;
pub(crate) use subscription::Begin;
pub use subscription::Subscription;

use crate::reads::Reads;
use crate::runtime::Runtimes;
use crate::settings::Limits;
use crate::streams::Streams;
use blocks::Blocks;
use millstream_env::Clock;
use millstream_store::LogStore;
use std::sync::Arc;
use tokio::sync::watch;

/// What all subscriptions of an engine share.
pub(crate) struct Fanout {
    clock: Arc<dyn Clock>,
    store: Arc<dyn LogStore>,
    limits: Limits,
    streams: Streams,
    runtimes: Arc<Runtimes>,
    reads: Arc<Reads>,
    blocks: Blocks,
    /// Becomes true when subscriptions are to end.
    end: watch::Sender<bool>,
}

impl Fanout {
    pub(crate) fn new(
        clock: Arc<dyn Clock>,
        store: Arc<dyn LogStore>,
        limits: Limits,
        streams: Streams,
        runtimes: Arc<Runtimes>,
        reads: Arc<Reads>,
    ) -> Self {
        Self {
            clock,
            store,
            limits,
            streams,
            runtimes,
            reads,
            blocks: Blocks::default(),
            end: watch::Sender::new(false),
        }
    }

    /// Ends all subscriptions gracefully, including later ones.
    pub(crate) fn end(&self) {
        self.end.send_replace(true);
    }

    /// Whether subscribers are short of memory that stalled clients of this stream hold.
    pub(crate) fn is_wanted_of_stalled(&self, stream: u64) -> bool {
        self.blocks.are_wanted_of(stream, self.clock.monotonic())
    }
}
