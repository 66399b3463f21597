//! Texts: the page's, every one with a bit flipped, and what is refused.

use super::*;
use crate::BUILT_IN_ALIAS;
use millstream_pages::{rows, section};
use proptest::prelude::*;

const PAGE: &str = include_str!("../../../../../docs/formats/keyring.md");

pub fn material(number: u32, byte: u8) -> Material {
    Material {
        number,
        created: Timestamp(1_764_511_200_000 + u64::from(number)),
        secret: Secret::from([byte; 32]),
    }
}

pub fn arn(text: &str) -> KeyArn {
    KeyArn::parse(text).unwrap()
}

/// The keyring of the page.
pub fn example() -> Keyring {
    let key = |state, alias: &str, materials| Key {
        created: Timestamp(1_764_511_200_000),
        state,
        aliases: BTreeSet::from([alias.to_owned()]),
        materials,
    };
    let due = Timestamp(1_767_103_200_000);
    Keyring {
        keys: BTreeMap::from([
            (
                arn("arn:aws:kms:us-east-1:000000000000:key/5b1a4a4e-6c0f-4d5a-9f0e-2a6d4cbb3c11"),
                key(
                    KeyState::Enabled,
                    BUILT_IN_ALIAS,
                    vec![material(1, 1), material(2, 2)],
                ),
            ),
            (
                arn("arn:aws:kms:eu-west-1:111122223333:key/0c5c2f2e-93f8-4e0f-8d6e-6b1f5a7f0d22"),
                key(
                    KeyState::PendingDeletion { due },
                    "orders",
                    vec![material(1, 3)],
                ),
            ),
        ]),
    }
}

fn text(keyring: &Keyring) -> String {
    String::from_utf8(encode_keyring(keyring).to_vec()).unwrap()
}

/// A text with another content, and the checksum that fits it.
fn forged(text: &str, from: &str, to: &str) -> Vec<u8> {
    assert!(text.contains(from), "{from}");
    let content = text.replace(from, to);
    let before = str::from_utf8(BEFORE_SUM).unwrap();
    let (content, _) = content.rsplit_once(before).unwrap();
    let sum = checksum(content.as_bytes());
    format!("{content}{before}{sum}\"\n}}\n").into_bytes()
}

#[test]
fn keyring_page_when_laid_over_a_keyring_then_fits() {
    let shown = section(PAGE, "Example").split("```").nth(1).unwrap();
    let shown = shown.strip_prefix("json\n").unwrap();
    assert_eq!(shown, text(&example()));
    assert_eq!(decode_keyring(shown.as_bytes()), Ok(example()));

    let parsed: serde_json::Value = serde_json::from_str(shown).unwrap();
    let names = |value: &serde_json::Value| -> BTreeSet<String> {
        value.as_object().unwrap().keys().cloned().collect()
    };
    let documented = |heading: &str| -> BTreeSet<String> {
        rows(PAGE, heading)
            .map(|row| row[0].trim_matches('`').to_owned())
            .collect()
    };
    assert_eq!(names(&parsed), documented("File"));
    // The second in the file is to be deleted, so it has all members.
    assert_eq!(names(&parsed["keys"][1]), documented("Key"));
    assert_eq!(
        names(&parsed["keys"][0]["materials"][0]),
        documented("Material")
    );
}

#[test]
fn text_when_any_bit_is_flipped_or_its_end_is_missing_then_is_refused() {
    let bytes = encode_keyring(&example());
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(decode_keyring(&flipped), Err(Wrong::Damaged), "bit {bit}");
    }
    assert_eq!(decode_keyring(b""), Err(Wrong::Empty));
    for length in 1..bytes.len() {
        assert_eq!(
            decode_keyring(&bytes[..length]),
            Err(Wrong::Damaged),
            "{length}"
        );
    }
    let twice = [&**bytes, &**bytes].concat();
    assert_eq!(decode_keyring(&twice), Err(Wrong::Damaged));
}

#[test]
fn text_when_it_is_whole_and_wrong_then_is_refused_in_a_line_that_quotes_nothing() {
    let good = text(&example());
    let key = |number, what| Wrong::Key { number, what };
    for (from, to, wrong) in [
        ("\"version\": 1", "\"version\": 2", Wrong::Newer(2)),
        ("\"version\": 1", "\"version\": 0", Wrong::Json { line: 1 }),
        (
            "millstream-keyring",
            "millstream-CANARY",
            Wrong::Json { line: 1 },
        ),
        (
            "\"version\": 1",
            "\"version\": \"CANARY\"",
            Wrong::Json { line: 3 },
        ),
        ("\"region\"", "\"CANARY\"", Wrong::Json { line: 7 }),
        ("AwMDAwMD", "CANARY--", Wrong::Json { line: 41 }),
        ("AwMDAwMD", "\\u0041wMDAwMD", Wrong::Json { line: 41 }),
        ("AwMDAwMD", "AwMDAwMDAwMD", Wrong::Json { line: 41 }),
        ("AwM=", "AwMD", Wrong::Json { line: 41 }),
        (
            "000000000000",
            "00000000CANARY",
            key(1, "its account is none"),
        ),
        ("us-east-1", "CANARY!", key(1, "its region is none")),
        ("5b1a4a4e-", "CANARY/", key(1, "its id is none")),
        (
            "\"aws/kinesis\"",
            "\"CANARY \"",
            key(1, "one of its aliases is none"),
        ),
        (
            "\"aws/kinesis\"",
            "\"a\", \"a\"",
            key(1, "it has an alias twice"),
        ),
        (
            "\"number\": 2",
            "\"number\": 1",
            key(1, "its materials are not in the order of their numbers"),
        ),
        (
            "PendingDeletion",
            "Enabled",
            key(2, "it has a time of deletion, and is not to be deleted"),
        ),
        (
            "\"Enabled\"",
            "\"PendingDeletion\"",
            key(1, "the time of its deletion is missing"),
        ),
    ] {
        let refused = decode_keyring(&forged(&good, from, to)).unwrap_err();
        assert_eq!(refused, wrong, "{to}");
        let said = refused.to_string();
        assert!(
            !said.contains("CANARY") && said.lines().count() == 1,
            "{said}"
        );
    }
    let (before, rest) = good.split_once("\n    {\n").unwrap();
    let (first, after) = rest.split_once("\n    },\n").unwrap();
    let first = format!("    {{\n{first}\n    }},\n");
    let twice = format!("{before}\n{first}{first}{after}");
    let refused = decode_keyring(&forged(&twice, "", ""));
    assert_eq!(refused, Err(key(2, "another key has the same alias")));
    let other = forged(&twice.replacen("\"aws/kinesis\"", "", 1), "", "");
    assert_eq!(decode_keyring(&other), Err(key(2, "it is there twice")));
}

#[test]
fn text_when_it_has_too_many_of_a_kind_then_is_refused() {
    let mut keyring = example();
    let first = keyring.keys.keys().next().unwrap().clone();
    let change = |change: &dyn Fn(&mut Key)| {
        let mut keyring = example();
        change(keyring.keys.get_mut(&first).unwrap());
        decode_keyring(&encode_keyring(&keyring))
    };
    let refused = |what| Err(Wrong::Key { number: 1, what });
    let none = change(&|key| key.materials.clear());
    assert_eq!(none, refused("it has no material"));
    let range = 1..=u32::try_from(MATERIALS_MAX).unwrap() + 1;
    let many = change(&|key| key.materials = range.clone().map(|n| material(n, 1)).collect());
    assert_eq!(many, refused("it has too many materials"));
    let many = change(&|key| key.aliases = (0..=ALIASES_MAX).map(|n| n.to_string()).collect());
    assert_eq!(many, refused("it has too many aliases"));
    let key = Key {
        aliases: BTreeSet::new(),
        ..keyring.keys[&first].clone()
    };
    for id in 0..KEYS_MAX {
        let arn = KeyArn::new(first.place().clone(), &id.to_string());
        keyring.keys.insert(arn, key.clone());
    }
    assert_eq!(
        decode_keyring(&encode_keyring(&keyring)),
        Err(Wrong::TooMany)
    );
}

fn any_key() -> impl Strategy<Value = Key> {
    let state = prop_oneof![
        Just(KeyState::Enabled),
        Just(KeyState::Disabled),
        any::<u64>().prop_map(|due| KeyState::PendingDeletion {
            due: Timestamp(due)
        }),
    ];
    let secrets = prop::collection::vec(any::<[u8; 32]>(), 1..4);
    (any::<u64>(), state, secrets).prop_map(|(created, state, secrets)| Key {
        created: Timestamp(created),
        state,
        aliases: BTreeSet::new(),
        materials: secrets
            .into_iter()
            .zip(1..)
            .map(|(secret, number)| Material {
                number,
                created: Timestamp(created),
                secret: Secret::from(secret),
            })
            .collect(),
    })
}

proptest! {
    #[test]
    fn keyrings_when_written_and_read_then_are_the_same(keys in prop::collection::vec(any_key(), 0..5)) {
        let arn = |id: usize| arn(&format!("arn:aws:kms:us-east-1:000000000000:key/{id}"));
        let mut keyring = Keyring::default();
        for (id, mut key) in keys.into_iter().enumerate() {
            key.aliases.insert(format!("of/{id}"));
            keyring.keys.insert(arn(id), key);
        }
        prop_assert_eq!(decode_keyring(&encode_keyring(&keyring)), Ok(keyring));
    }
}
