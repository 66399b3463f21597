//! The event stream: frames as a client reads them, and payloads as the server writes them.

use super::times::are_exact;
use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder};
use bytes::BytesMut;
use millstream_protocol::event_stream::{EncodedRecords, Frame};
use millstream_protocol::types::SubscribeToShardEvent;
use millstream_protocol::{Protocol, decode_error, decode_lenient, encode};

const PROTOCOLS: [Protocol; 2] = [Protocol::Json, Protocol::Cbor];

/// Any number of frames, and what they carry.
pub(super) fn frames(bytes: &[u8]) {
    let mut decoder = MessageFrameDecoder::new();
    let mut rest = BytesMut::from(bytes);
    while let Ok(DecodedFrame::Complete(message)) = decoder.decode_frame(&mut rest) {
        payloads(message.payload());
        for protocol in PROTOCOLS {
            decode_error(protocol, 200, message.payload());
        }
    }
}

/// An event: in a frame in either protocol it reads back as the same one, as
/// far as JSON can hold it.
pub(super) fn payloads(bytes: &[u8]) {
    for from in PROTOCOLS {
        let Ok(event) = decode_lenient::<SubscribeToShardEvent>(from, bytes) else {
            continue;
        };
        let mut json = Vec::new();
        encode(Protocol::Json, &event, &mut json);
        if !are_exact(&json) {
            continue;
        }
        for to in PROTOCOLS {
            let records = EncodedRecords::new(to, &event.records);
            let frame = Frame::event(&records, &event).parts.concat();
            let mut rest = BytesMut::from(&frame[..]);
            let mut decoder = MessageFrameDecoder::new();
            let Ok(DecodedFrame::Complete(message)) = decoder.decode_frame(&mut rest) else {
                panic!("AWS's decoder takes our frames");
            };
            assert!(rest.is_empty());
            let again = decode_lenient::<SubscribeToShardEvent>(to, message.payload());
            assert_eq!(again.as_ref(), Ok(&event), "{to:?}");
        }
    }
}
