//! Bodies of requests and answers of every operation, in JSON and in CBOR.

use super::times::are_exact;
use millstream_model::limits::record_bytes_default;
use millstream_protocol::{
    Encode, ErrorCode, Operation, Protocol, Shape, decode, decode_error, decode_lenient, encode,
    is_object, operations,
};
use millstream_service::{Typed, decode_types};
use serde::de::IgnoredAny;

const PROTOCOLS: [Protocol; 2] = [Protocol::Json, Protocol::Cbor];

/// A body in JSON. What is accepted is JSON for an independent parser, too.
pub(super) fn json(body: &[u8]) {
    if is_any_request(Protocol::Json, body) {
        let parsed: Result<IgnoredAny, _> = serde_json::from_slice(body);
        assert!(parsed.is_ok(), "not JSON: {parsed:?}");
    }
    decode_error(Protocol::Json, 400, body);
}

/// A body in CBOR. What is accepted is one item of CBOR for an independent parser, too.
pub(super) fn cbor(body: &[u8]) {
    if is_any_request(Protocol::Cbor, body) {
        let mut decoder = minicbor::Decoder::new(body);
        decoder.skip().expect("it is an item");
        assert_eq!(decoder.position(), body.len(), "nothing follows it");
    }
    decode_error(Protocol::Cbor, 400, body);
}

macro_rules! checks {
    ($($name:ident in $module:ident $row:tt)+) => {
        const CHECKS: &[fn(Protocol, &[u8]) -> bool] = &[$(check::<operations::$name>),+];
    };
}

millstream_protocol::for_each_operation!(checks);

/// Checks a body by every operation; says whether it is a request of one at least.
fn is_any_request(protocol: Protocol, body: &[u8]) -> bool {
    let accepting = CHECKS.iter().filter(|check| check(protocol, body));
    accepting.count() > 0
}

/// Takes a body as the request and as the answer of an operation; says whether it is a request.
fn check<O: Operation>(protocol: Protocol, body: &[u8]) -> bool {
    if let Ok(output) = decode_lenient::<O::Output>(protocol, body) {
        // Only its own server has answers to encode, so none is held to be the same.
        let mut bytes = Vec::new();
        encode(protocol, &output, &mut bytes);
    }
    match decode_types::<O::Input>(protocol, body) {
        Ok(Typed::Sound(input)) => {
            assert!(is_object(protocol, body));
            agree(&input);
            true
        }
        Ok(Typed::Broken(violation)) => {
            let code = violation.into_error(Some(record_bytes_default())).code;
            assert_eq!(code, ErrorCode::ValidationException);
            false
        }
        Err(error) => {
            assert_eq!(error.code, ErrorCode::SerializationException, "{error}");
            false
        }
    }
}

/// A value is the same value after JSON and after CBOR, as far as JSON can hold it. It is compared
/// in both: what a writer confuses, its own text does not show.
fn agree<T: Shape + Encode>(value: &T) {
    let shown = PROTOCOLS.map(|protocol| bytes_of(protocol, value));
    if !are_exact(&shown[0]) {
        return;
    }
    for (protocol, bytes) in PROTOCOLS.into_iter().zip(&shown) {
        let again: T = decode(protocol, bytes).expect("it is a request");
        for (other, bytes) in PROTOCOLS.into_iter().zip(&shown) {
            let again = bytes_of(other, &again).escape_ascii().to_string();
            assert_eq!(again, bytes.escape_ascii().to_string(), "{protocol:?}");
        }
    }
}

fn bytes_of<T: Encode>(protocol: Protocol, value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(protocol, value, &mut bytes);
    bytes
}
