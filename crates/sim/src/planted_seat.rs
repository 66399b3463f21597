//! A bug that is planted between the engine and the connections: a subscription goes on after
//! another has taken its seat.
//!
//! The engine ends it, as it should. What stands in front here keeps that end back, and sends the
//! events of whoever has the seat to both.

use super::pushed::Pushed;
use bytes::Bytes;
use millstream_protocol::Protocol;
use millstream_protocol::operations::SubscribeToShardInput;
use millstream_service::Frames;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use tokio::sync::mpsc;

/// How the end of a subscription whose seat was taken names itself.
const TAKEN: &[u8] = b"ResourceInUseException";

/// A consumer and a shard, asked for in one protocol: events of the other could not be read.
type Seat = (String, String, bool);

/// Who has which seat.
#[derive(Default)]
pub(super) struct KeptSeats {
    holders: Mutex<BTreeMap<Seat, mpsc::Sender<Pushed>>>,
}

/// A subscription's place among them.
pub(super) struct Kept {
    /// Who had the seat before, and keeps it.
    before: Option<mpsc::Sender<Pushed>>,
}

impl KeptSeats {
    /// Takes a seat for a request that succeeded; `None` if it cannot be read.
    pub(super) fn take(
        &self,
        protocol: Protocol,
        request: &Bytes,
        push: &mpsc::Sender<Pushed>,
    ) -> Option<Kept> {
        let input: SubscribeToShardInput =
            millstream_protocol::decode_lenient(protocol, request).ok()?;
        let seat = (
            input.consumer_arn,
            input.shard_id,
            protocol == Protocol::Json,
        );
        let before = self.holders.lock().insert(seat, push.clone());
        Some(Kept {
            before: before.filter(|before| !before.is_closed()),
        })
    }
}

impl Kept {
    /// Pushes until the subscription ends or its client has gone.
    pub(super) async fn push_all(mut self, push: mpsc::Sender<Pushed>, mut frames: Box<Frames>) {
        let mut is_first = true;
        loop {
            let frame = tokio::select! {
                biased;
                frame = frames.next() => frame,
                () = push.closed() => return,
            };
            let frame: Option<Bytes> = frame.map(|frame| frame.parts.concat().into());
            if frame.as_ref().is_some_and(|frame| tells_of_taking(frame)) {
                return;
            }
            let (pushed, other) = match frame {
                Some(frame) => (Pushed::Frame(frame.clone()), Pushed::Frame(frame)),
                None => (Pushed::End, Pushed::End),
            };
            let is_end = matches!(pushed, Pushed::End);
            match &self.before {
                // The client looks at the one before: this one's events may be lost.
                Some(before) if !is_first => {
                    drop(push.try_send(pushed));
                    if before.send(other).await.is_err() {
                        self.before = None;
                    }
                }
                Some(_) | None => drop(push.send(pushed).await),
            }
            if is_end {
                return;
            }
            is_first = false;
        }
    }
}

fn tells_of_taking(frame: &[u8]) -> bool {
    frame.windows(TAKEN.len()).any(|part| part == TAKEN)
}
