//! Encoding and decoding of errors.

use super::*;

fn encoded(error: &Error) -> String {
    let mut out = Vec::new();
    encode_error(Protocol::Json, error, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn an_error_when_encoded_has_its_short_name_and_a_lower_case_message() {
    let error = Error::new(ErrorCode::ResourceNotFoundException, "no \"s\"");
    let expected = r#"{"__type":"ResourceNotFoundException","message":"no \"s\""}"#;
    assert_eq!(encoded(&error), expected);
}

#[test]
fn a_serialization_error_when_encoded_has_an_upper_case_message_or_none() {
    let error = Error::new(ErrorCode::SerializationException, "x");
    assert_eq!(
        encoded(&error),
        r#"{"__type":"SerializationException","Message":"x"}"#
    );
    let error = Error {
        message: None,
        ..error
    };
    assert_eq!(encoded(&error), r#"{"__type":"SerializationException"}"#);
}

#[test]
fn an_error_when_encoded_and_decoded_is_the_same_in_both_protocols() {
    for protocol in [Protocol::Json, Protocol::Cbor] {
        for code in ErrorCode::ALL {
            let mut body = Vec::new();
            encode_error(protocol, &Error::new(*code, "why"), &mut body);
            let remote = decode_error(protocol, code.status(), &body);
            assert_eq!(remote.code(), Some(*code));
            assert_eq!(remote.message.as_deref(), Some("why"));
            assert_eq!(remote.is_retryable(), code.is_retryable());
        }
    }
}

#[test]
fn an_error_when_its_name_has_a_namespace_is_known_by_the_short_name() {
    let body = br#"{"__type":"com.amazon.coral.service#UnknownOperationException:http://x"}"#;
    let remote = decode_error(Protocol::Json, 400, body);
    assert_eq!(remote.code(), Some(ErrorCode::UnknownOperationException));
}

#[test]
fn a_body_when_it_is_no_error_leaves_status_and_nothing_else() {
    for (status, retryable) in [(503, true), (403, false)] {
        let remote = decode_error(Protocol::Json, status, b"<html>");
        let expected = RemoteError {
            status,
            name: String::new(),
            message: None,
        };
        assert_eq!(remote, expected);
        assert_eq!(remote.is_retryable(), retryable);
    }
}

#[test]
fn a_code_when_named_is_found_again() {
    for code in ErrorCode::ALL {
        assert_eq!(ErrorCode::from_name(code.name()), Some(*code));
        assert_eq!(format!("{code:?}"), code.name());
    }
    assert_eq!(ErrorCode::from_name("Nonsense"), None);
}

#[test]
fn a_code_when_the_service_failed_has_status_500() {
    assert_eq!(ErrorCode::InternalFailure.status(), 500);
    assert_eq!(ErrorCode::InternalFailureException.status(), 500);
    assert_eq!(ErrorCode::LimitExceededException.status(), 400);
}
