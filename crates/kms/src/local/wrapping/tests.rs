//! Wrapped data keys: the page's bytes, and what does not open.

use super::*;
use crate::local::codec::tests::{arn, example, material};
use millstream_env::SeededRandom;
use millstream_pages::{bytes, layout};
use proptest::prelude::*;

const PAGE: &str = include_str!("../../../../../docs/formats/keyring.md");
const ARN: &str = "arn:aws:kms:us-east-1:000000000000:key/5b1a4a4e-6c0f-4d5a-9f0e-2a6d4cbb3c11";
const STREAM: &str = "arn:aws:kinesis:us-east-1:000000000000:stream/orders";

fn context(value: &str) -> EncryptionContext {
    EncryptionContext {
        name: "aws:kinesis:arn",
        value: value.to_owned(),
    }
}

fn key() -> Key {
    example().keys.remove(&arn(ARN)).unwrap()
}

#[test]
fn keyring_page_when_laid_over_a_wrapped_data_key_then_fits() {
    let shown = layout(PAGE, "Wrapped data key");
    let expected = [
        ("version", 0, 1),
        ("material", 1, 4),
        ("salt", 5, 16),
        ("nonce", 21, 12),
        ("key", 33, 32),
        ("tag", 65, 16),
    ];
    assert_eq!(shown, expected);
    // Made by other code, from what the page says: `interop/python/test_keyring.py`.
    let wrapped = bytes(PAGE, "Example of a wrapped data key");
    let opened = unwrap(&arn(ARN), &key(), &context(STREAM), &wrapped).unwrap();
    assert_eq!(opened, Secret::from([9; 32]));

    let made = wrap(&arn(ARN), &key(), &context(STREAM), &SeededRandom::new(1)).unwrap();
    assert_eq!(made.ciphertext.len(), WRAPPED_BYTES);
    assert_eq!(made.ciphertext[..HEAD_BYTES], [1, 0, 0, 0, 2]);
}

#[test]
fn data_key_when_made_then_opens_under_old_materials_and_says_which_one_is_missing() {
    let (arn, context, random) = (arn(ARN), context(STREAM), SeededRandom::new(2));
    let mut key = key();
    let made = wrap(&arn, &key, &context, &random).unwrap();
    key.materials.push(material(7, 7));
    let newer = wrap(&arn, &key, &context, &random).unwrap();
    assert_ne!(made.ciphertext, newer.ciphertext);
    assert_ne!(made.plaintext, newer.plaintext);
    for data_key in [&made, &newer] {
        let opened = unwrap(&arn, &key, &context, &data_key.ciphertext);
        assert_eq!(opened.as_ref(), Ok(&data_key.plaintext));
    }
    key.materials.pop();
    let missing = unwrap(&arn, &key, &context, &newer.ciphertext);
    assert_eq!(missing, Err(Unopened::Material(7)));
}

#[test]
fn data_key_when_any_bit_of_it_is_flipped_or_it_is_cut_then_does_not_open() {
    let (arn, context) = (arn(ARN), context(STREAM));
    let made = wrap(&arn, &key(), &context, &SeededRandom::new(3)).unwrap();
    for bit in 0..made.ciphertext.len() * 8 {
        let mut flipped = made.ciphertext.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let opened = unwrap(&arn, &key(), &context, &flipped);
        opened.expect_err(&format!("bit {bit}"));
    }
    for length in 0..made.ciphertext.len() {
        let opened = unwrap(&arn, &key(), &context, &made.ciphertext[..length]);
        assert_eq!(opened, Err(Unopened::Form), "{length}");
    }
    let longer = [&made.ciphertext[..], &[0]].concat();
    assert_eq!(unwrap(&arn, &key(), &context, &longer), Err(Unopened::Form));
}

#[test]
fn data_key_when_for_another_key_or_context_then_does_not_open() {
    let random = SeededRandom::new(4);
    let made = wrap(&arn(ARN), &key(), &context(STREAM), &random).unwrap();
    let others = [
        (ARN.replace("us-east-1", "us-east-2"), context(STREAM)),
        (ARN.replace("key/5b", "key/5c"), context(STREAM)),
        (ARN.to_owned(), context(&STREAM.replace("orders", "order"))),
        (ARN.to_owned(), context("")),
        (
            ARN.to_owned(),
            EncryptionContext {
                name: "millstream:purpose",
                value: STREAM.to_owned(),
            },
        ),
    ];
    // Even under the same material.
    for (of, context) in others {
        let opened = unwrap(&arn(&of), &key(), &context, &made.ciphertext);
        assert_eq!(opened, Err(Unopened::Seal), "{of} {context:?}");
    }
    let mut other = key();
    other.materials[1] = material(2, 3);
    let opened = unwrap(&arn(ARN), &other, &context(STREAM), &made.ciphertext);
    assert_eq!(opened, Err(Unopened::Seal));
}

proptest! {
    #[test]
    fn data_keys_when_wrapped_for_anything_then_open_for_that(value in ".*", seed: u64) {
        let context = context(&value);
        let made = wrap(&arn(ARN), &key(), &context, &SeededRandom::new(seed)).unwrap();
        let opened = unwrap(&arn(ARN), &key(), &context, &made.ciphertext);
        prop_assert_eq!(opened.as_ref(), Ok(&made.plaintext));
        let other = EncryptionContext { value: format!("{value}."), ..context };
        prop_assert_eq!(unwrap(&arn(ARN), &key(), &other, &made.ciphertext), Err(Unopened::Seal));
    }

    #[test]
    fn bytes_when_they_are_anything_then_do_not_open(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
        prop_assert!(unwrap(&arn(ARN), &key(), &context(STREAM), &bytes).is_err());
    }
}
