//! Samples of what streams are encrypted with, and of the commands that change it.

use super::*;
use crate::catalog::data_keys::{DataKeys, StreamDataKey};
use crate::catalog::encryption::Encryption;
use crate::catalog::token_key::WrappedSecret;
use bytes::Bytes;
use millstream_kms::{CIPHERTEXT_BYTES_MAX, KeyArn};

const KEY_ID: &str = "alias/orders";
const ARN: &str = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";

fn arn() -> KeyArn {
    KeyArn::parse(ARN).unwrap()
}

pub(super) fn encryption() -> Encryption {
    Encryption {
        key_id: KEY_ID.to_owned(),
        key: arn(),
        begun: Timestamp(1701),
    }
}

fn data_key() -> StreamDataKey {
    StreamDataKey {
        number: 1702,
        key: arn(),
        ciphertext: Bytes::from_static(&[17, 3]),
        created_ms: 1704,
    }
}

pub(super) fn data_keys() -> Arc<DataKeys> {
    let mut keys = DataKeys::default();
    keys.push(data_key());
    Arc::new(keys)
}

pub(super) fn start_encryption() -> StartEncryption {
    StartEncryption {
        stream: 1801,
        key_id: KEY_ID.to_owned(),
        key: arn(),
        transition_ms: 1802,
    }
}

pub(super) fn stop_encryption() -> StopEncryption {
    StopEncryption {
        stream: 1803,
        transition_ms: 1804,
    }
}

pub(super) fn add_data_key() -> AddDataKey {
    AddDataKey {
        stream: 1805,
        key: arn(),
        ciphertext: Bytes::from_static(&[18, 6]),
        arrived_ms: 1806,
    }
}

pub(super) fn drop_data_keys() -> DropDataKeys {
    DropDataKeys {
        stream: 1807,
        through: 1808,
    }
}

pub(super) fn wrapped_secret() -> WrappedSecret {
    WrappedSecret {
        key: arn(),
        ciphertext: Bytes::from_static(&[18, 9]),
    }
}

pub(super) fn wrapped_token_key() -> TokenKey {
    TokenKey {
        created_ms: 1901,
        form: TokenKeyForm::Wrapped(wrapped_secret()),
    }
}

pub(super) fn check_token_keys(page: &mut Page) {
    let secret = Value::from(&[8; 32][..]);
    // As before keys were wrapped.
    assert_eq!(encoded(&token_key()), list([35.into(), secret]));
    let fields = [
        ("created_ms", 1901.into()),
        ("secret", Value::Null),
        ("wrapped", encoded(&wrapped_secret())),
    ];
    page.check_fields("TokenKey", &encoded(&wrapped_token_key()), &fields);
    let fields = [
        ("key", ARN.into()),
        ("ciphertext", Value::from(&[18, 9][..])),
    ];
    page.check_fields("WrappedSecret", &encoded(&wrapped_secret()), &fields);
}

#[test]
fn token_key_when_both_plain_and_wrapped_or_neither_then_is_not_read() {
    for key in [token_key(), wrapped_token_key()] {
        let bytes = minicbor::to_vec(&key).unwrap();
        assert_eq!(minicbor::decode::<TokenKey>(&bytes).unwrap(), key);
    }
    let neither = [0x81, 7];
    assert!(minicbor::decode::<TokenKey>(&neither).is_err());
    let plain = minicbor::to_vec(token_key()).unwrap();
    let wrapped = minicbor::to_vec(wrapped_secret()).unwrap();
    let both = [&[0x83], &plain[1..], &wrapped].concat();
    assert!(minicbor::decode::<TokenKey>(&both).is_err());
    let short = [&[0x82, 7, 0x58, 31][..], &[8; 31]].concat();
    assert!(minicbor::decode::<TokenKey>(&short).is_err());
}

pub(super) fn check_commands_of_encryption(page: &mut Page) {
    let start = [
        ("stream", 1801.into()),
        ("key_id", KEY_ID.into()),
        ("key", ARN.into()),
        ("transition_ms", 1802.into()),
    ];
    page.check_fields("StartEncryption", &encoded(&start_encryption()), &start);
    let stop = [("stream", 1803.into()), ("transition_ms", 1804.into())];
    page.check_fields("StopEncryption", &encoded(&stop_encryption()), &stop);
    let add = [
        ("stream", 1805.into()),
        ("key", ARN.into()),
        ("ciphertext", Value::from(&[18, 6][..])),
        ("arrived_ms", 1806.into()),
    ];
    page.check_fields("AddDataKey", &encoded(&add_data_key()), &add);
    let leave = [("stream", 1807.into()), ("through", 1808.into())];
    page.check_fields("DropDataKeys", &encoded(&drop_data_keys()), &leave);
}

pub(super) fn check_encryption(page: &mut Page) {
    let fields = [
        ("key_id", KEY_ID.into()),
        ("key", ARN.into()),
        ("begun", 1701.into()),
    ];
    page.check_fields("Encryption", &encoded(&encryption()), &fields);
    let fields = [
        ("number", 1702.into()),
        ("key", ARN.into()),
        ("ciphertext", Value::from(&[17, 3][..])),
        ("created_ms", 1704.into()),
    ];
    page.check_fields("StreamDataKey", &encoded(&data_key()), &fields);
}

/// A snapshot of a build that encrypted nothing.
#[test]
fn stream_when_never_encrypted_then_is_written_and_read_as_before_there_was_encryption() {
    let plain = Stream {
        encryption: None,
        data_keys: Arc::default(),
        ..stream()
    };
    let bytes = minicbor::to_vec(&plain).unwrap();
    let Value::List(fields) = decode(&bytes) else {
        panic!("a structure");
    };
    assert_eq!(fields.len(), 22);
    assert_eq!(minicbor::decode::<Stream>(&bytes).unwrap(), plain);
    let bytes = minicbor::to_vec(stream()).unwrap();
    assert_eq!(minicbor::decode::<Stream>(&bytes).unwrap(), stream());
    let stopped = Stream {
        encryption: None,
        ..stream()
    };
    let bytes = minicbor::to_vec(&stopped).unwrap();
    assert_eq!(minicbor::decode::<Stream>(&bytes).unwrap(), stopped);
}

fn is_read(command: &Command) -> bool {
    let bytes = minicbor::to_vec(command).unwrap();
    minicbor::decode::<Command>(&bytes).is_ok()
}

#[test]
fn wrapped_key_when_empty_or_larger_than_any_then_is_not_read() {
    for (size, expected) in [
        (0, false),
        (1, true),
        (CIPHERTEXT_BYTES_MAX, true),
        (CIPHERTEXT_BYTES_MAX + 1, false),
    ] {
        let command = Command::AddDataKey(AddDataKey {
            ciphertext: vec![7; size].into(),
            ..add_data_key()
        });
        assert_eq!(is_read(&command), expected, "{size}");
    }
}

#[test]
fn key_when_not_named_in_any_of_its_forms_then_is_not_read() {
    let of = |key_id: &str| {
        is_read(&Command::StartEncryption(StartEncryption {
            key_id: key_id.to_owned(),
            ..start_encryption()
        }))
    };
    assert!(of("1234abcd-12ab-34cd-56ef-1234567890ab") && of(ARN) && of("alias/aws/kinesis"));
    assert!(!of("") && !of("alias/") && !of("arn:aws:kinesis:eu-west-1:123456789012:key/1"));
    let mut bytes = minicbor::to_vec(Command::AddDataKey(add_data_key())).unwrap();
    let place = bytes.windows(4).position(|it| it == b":kms").unwrap();
    bytes[place + 1] = b'x';
    assert!(minicbor::decode::<Command>(&bytes).is_err());
}
