//! Bodies of requests and answers of every operation, in JSON and in CBOR.

use super::times::are_exact;
use millstream_protocol::{
    Encode, ErrorCode, Operation, Protocol, Shape, decode, decode_error, decode_lenient, encode,
    is_object, operations,
};
use millstream_service::{Typed, decode_types};
use serde::de::IgnoredAny;

/// A body in JSON. What is accepted is JSON for an independent parser, too.
pub(super) fn json(body: &[u8]) {
    if CHECKS.iter().any(|check| check(Protocol::Json, body)) {
        let parsed: Result<IgnoredAny, _> = serde_json::from_slice(body);
        assert!(parsed.is_ok(), "not JSON: {parsed:?}");
    }
    decode_error(Protocol::Json, 400, body);
}

/// A body in CBOR. What is accepted is one item of CBOR for an independent parser, too.
pub(super) fn cbor(body: &[u8]) {
    if CHECKS.iter().any(|check| check(Protocol::Cbor, body)) {
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
            let code = violation.into_error().code;
            assert_eq!(code, ErrorCode::ValidationException);
            false
        }
        Err(error) => {
            assert_eq!(error.code, ErrorCode::SerializationException, "{error}");
            false
        }
    }
}

/// A value is the same value after JSON and after CBOR, as far as JSON can hold it.
fn agree<T: Shape + Encode>(value: &T) {
    let shown = bytes_of(Protocol::Json, value);
    if !are_exact(&shown) {
        return;
    }
    for protocol in [Protocol::Json, Protocol::Cbor] {
        let again: T = decode(protocol, &bytes_of(protocol, value)).expect("it is a request");
        let again = bytes_of(Protocol::Json, &again);
        assert_eq!(
            again.escape_ascii().to_string(),
            shown.escape_ascii().to_string()
        );
    }
}

fn bytes_of<T: Encode>(protocol: Protocol, value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(protocol, value, &mut bytes);
    bytes
}
