//! A subscription's events, as they arrive.

use crate::Error;
use crate::error::with_causes;
use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder};
use aws_smithy_types::event_stream::Message;
use bytes::BytesMut;
use futures_util::stream::{self, Stream};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use millstream_env::Env;
use millstream_protocol::types::SubscribeToShardEvent;
use millstream_protocol::{ErrorCode, Protocol, RemoteError};
use std::pin::Pin;
use std::time::Duration;

/// The events of a subscription as a [`Stream`].
pub type EventStream = Pin<Box<dyn Stream<Item = Result<SubscribeToShardEvent, Error>> + Send>>;

/// A service sends an event at least every five seconds. After this much silence it is considered
/// gone.
const SILENCE_MAX: Duration = Duration::from_secs(10);
/// Maximum frame size: a record of 10 MiB in base64, with room to spare.
const FRAME_BYTES_MAX: usize = 24 * 1024 * 1024;

/// The events of a subscription. Dropping it ends the subscription.
pub struct Events {
    env: Env,
    protocol: Protocol,
    request_id: Option<String>,
    body: Incoming,
    received: BytesMut,
    frames: MessageFrameDecoder,
}

impl Events {
    pub(crate) fn new(
        env: Env,
        protocol: Protocol,
        request_id: Option<String>,
        body: Incoming,
    ) -> Self {
        Self {
            env,
            protocol,
            request_id,
            body,
            received: BytesMut::new(),
            frames: MessageFrameDecoder::new(),
        }
    }

    /// The next event; `None` once the subscription has ended normally. To go on, subscribe again
    /// after the last continuation number.
    ///
    /// # Errors
    /// [`Error::Service`] if the service ends it with an error, [`Error::Transport`] if the
    /// connection breaks.
    pub async fn next(&mut self) -> Result<Option<SubscribeToShardEvent>, Error> {
        loop {
            let decoded = self.frames.decode_frame(&mut self.received);
            match decoded.map_err(|error| Error::Transport(with_causes(&error)))? {
                DecodedFrame::Complete(message) => {
                    if let Some(event) = self.read(&message)? {
                        return Ok(Some(event));
                    }
                }
                DecodedFrame::Incomplete => {
                    if !self.receive().await? {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// The events as a [`Stream`]. It ends after an error.
    pub fn into_stream(self) -> EventStream {
        Box::pin(stream::try_unfold(self, async |mut events| {
            let event = events.next().await?;
            Ok(event.map(|event| (event, events)))
        }))
    }

    /// Receives more bytes; `false` at the end.
    async fn receive(&mut self) -> Result<bool, Error> {
        if self.received.len() > FRAME_BYTES_MAX {
            return Err(Error::Transport("a frame is too large".to_owned()));
        }
        let frame = tokio::select! {
            biased;
            frame = self.body.frame() => frame,
            () = self.env.clock.sleep(SILENCE_MAX) => {
                return Err(Error::Transport("the subscription is silent".to_owned()));
            }
        };
        let Some(frame) = frame else {
            return if self.received.is_empty() {
                Ok(false)
            } else {
                Err(Error::Transport("a frame broke off".to_owned()))
            };
        };
        let frame = frame.map_err(|error| Error::Transport(with_causes(&error)))?;
        if let Ok(bytes) = frame.into_data() {
            self.received.extend_from_slice(&bytes);
        }
        Ok(true)
    }

    /// Decodes a frame; `None` if it carries nothing relevant.
    fn read(&self, message: &Message) -> Result<Option<SubscribeToShardEvent>, Error> {
        match header(message, ":message-type") {
            Some("exception" | "error") => Err(self.refusal(message)),
            _ if header(message, ":event-type") == Some("SubscribeToShardEvent") => {
                let event = millstream_protocol::decode_lenient(self.protocol, message.payload());
                event
                    .map_err(|error| Error::Transport(error.to_string()))
                    .map(Some)
            }
            _ => Ok(None),
        }
    }

    fn refusal(&self, message: &Message) -> Error {
        let name = header(message, ":exception-type").or(header(message, ":error-code"));
        let name = name.unwrap_or_default();
        let status = ErrorCode::from_name(name).map_or(400, ErrorCode::status);
        let said = millstream_protocol::decode_error(self.protocol, status, message.payload());
        Error::Service {
            remote: RemoteError {
                name: name.to_owned(),
                ..said
            },
            request_id: self.request_id.clone(),
            is_after_unknown: false,
        }
    }
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Events {{ request_id: {:?} }}", self.request_id)
    }
}

fn header<'a>(message: &'a Message, name: &str) -> Option<&'a str> {
    let named = |header: &&aws_smithy_types::event_stream::Header| header.name().as_str() == name;
    let header = message.headers().iter().find(named)?;
    header.value().as_string().ok().map(|value| value.as_str())
}
