//! A subscription as its client sees it: events in sequence, and how they end.
//!
//! A slow client is one that waits before it takes an event: the time at which an event was taken
//! is therefore the time at which the next one could be made, which is what a history records.

use super::client::Client;
use super::pushed::Pushed;
use aws_smithy_eventstream::frame::read_message_from;
use bytes::Bytes;
use millstream_protocol::types::SubscribeToShardEvent;
use millstream_protocol::{ErrorCode, Protocol};
use std::time::Duration;
use tokio::sync::mpsc;

/// AWS sends an event every five seconds; so long a silence is a subscription that hangs, whatever
/// the disk and the network do meanwhile.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// The events of a subscription. Dropping them ends it.
pub(super) struct Events {
    pushed: mpsc::Receiver<Pushed>,
    protocol: Protocol,
}

/// What comes of waiting for the next event.
pub(super) enum Next {
    Initial,
    Event(SubscribeToShardEvent),
    /// An error ends it.
    Exception(Option<ErrorCode>),
    /// The end in good order.
    End,
    /// The connection broke.
    Broken,
    /// Nothing comes.
    Silent,
    /// It is no frame, or none that there may be.
    Odd(String),
}

impl Events {
    pub(super) fn new(pushed: mpsc::Receiver<Pushed>, protocol: Protocol) -> Self {
        Self { pushed, protocol }
    }

    /// What comes next.
    pub(super) async fn next(&mut self, client: &mut Client) -> Next {
        let machine = client.machine.clone();
        let waits = async {
            client.travel().await;
            self.pushed.recv().await
        };
        let clock = machine.outside.clock();
        tokio::select! {
            biased;
            () = machine.cut.notified() => Next::Broken,
            pushed = waits => match pushed {
                Some(Pushed::Frame(frame)) => self.read(frame),
                Some(Pushed::End) => Next::End,
                None => Next::Broken,
            },
            () = clock.sleep(SILENCE_MAX) => Next::Silent,
        }
    }

    fn read(&self, mut frame: Bytes) -> Next {
        let message = match read_message_from(&mut frame) {
            Ok(message) if frame.is_empty() => message,
            Ok(_) => return Next::Odd("more than a frame".to_owned()),
            Err(error) => return Next::Odd(error.to_string()),
        };
        let header = |name: &str| {
            let mut headers = message.headers().iter();
            let found = headers.find(|header| header.name().as_str() == name)?;
            found.value().as_string().ok().map(|value| value.as_str())
        };
        if let Some(name) = header(":exception-type") {
            return Next::Exception(ErrorCode::from_name(name));
        }
        match header(":event-type") {
            Some("initial-response") => Next::Initial,
            Some("SubscribeToShardEvent") => {
                match millstream_protocol::decode_lenient(self.protocol, message.payload()) {
                    Ok(event) => Next::Event(event),
                    Err(error) => Next::Odd(error.to_string()),
                }
            }
            other => Next::Odd(format!("an event of type {other:?}")),
        }
    }
}
