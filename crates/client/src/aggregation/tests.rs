//! Aggregated records against the bytes of Amazon's producer, and both ways for any records.

use super::wire::{put_head, put_integer, put_varint, varint_bytes};
use super::*;
use bytes::Bytes;
use millstream_model::{HashKey, HashRange};
use millstream_protocol::types::Record;
use proptest::prelude::*;
use std::num::NonZeroU32;

type User<'a> = (&'a str, Option<HashKey>, &'a [u8]);

/// What `amazon-kinesis-producer` 1.1.1 for Java wrote when it was given [`USERS`], as read from a
/// stream of one shard. The partition key was `a`.
const OF_THE_KPL: &str = "f3899ac2\
    0a0a637573746f6d65722d370a056bc3a473650a0a637573746f6d65722d38\
    1227333430323832333636393230393338343633343633333734363037343331373638323131343535120130\
    1a0b08001a07666972737420311a09080110001a0300ff011a0c08001a087a7a7a7a7a7a7a7a\
    1a07080210011a01781a0508021a0179\
    24849520ad7d4459e9ee504976c468a5";
const USERS: [User<'_>; 5] = [
    ("customer-7", None, b"first 1"),
    ("k\u{e4}se", Some(HashKey::MAX), b"\x00\xff\x01"),
    ("customer-7", None, b"zzzzzzzz"),
    ("customer-8", Some(HashKey(0)), b"x"),
    ("customer-8", None, b"y"),
];

fn of_hex(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    let byte = |pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.map(byte).collect()
}

fn record(data: impl Into<Bytes>) -> Record {
    Record {
        sequence_number: "7".to_owned(),
        data: data.into(),
        partition_key: Some("stored".to_owned()),
        ..Record::default()
    }
}

/// A message with its magic number and its digest.
fn sealed(message: &[u8]) -> Record {
    let parts: [&[u8]; 3] = [&MAGIC, message, &digest(message)];
    record(parts.concat())
}

/// Asserts that a record is its own only user record.
#[track_caller]
fn assert_whole(record: &Record) {
    let found: Vec<UserRecord<'_>> = deaggregate(record).collect();
    assert_eq!(found.len(), 1);
    assert!(!found[0].is_aggregated);
    assert_eq!(found[0].data, record.data);
    assert_eq!(found[0].partition_key, record.partition_key.as_deref());
    assert_eq!(found[0].sub_sequence_number, 0);
}

#[test]
fn users_when_aggregated_then_are_the_bytes_of_the_producer_library() {
    let mut aggregator = Aggregator::new();
    for (partition_key, hash_key, data) in USERS {
        aggregator.add(partition_key, hash_key, data).unwrap();
    }
    let expected = Bytes::from(of_hex(OF_THE_KPL));
    assert_eq!(aggregator.bytes(), expected.len());
    let aggregated = aggregator.finish().unwrap();
    assert_eq!(aggregated.data, expected);
    assert_eq!(aggregated.partition_key, "a");
    let of_first = HashKey::of_partition_key("customer-7");
    assert_eq!(aggregated.explicit_hash_key, Some(of_first));
    assert_eq!(aggregated.user_records, USERS.len());
    assert_eq!((aggregator.len(), aggregator.finish()), (0, None));
}

#[test]
fn record_of_the_producer_library_when_taken_apart_then_is_what_was_put() {
    let record = record(of_hex(OF_THE_KPL));
    let records = deaggregate(&record);
    assert!(records.is_aggregated());
    let numbered = records.zip(USERS).zip(0..);
    let mut count = 0;
    for ((found, (partition_key, hash_key, data)), number) in numbered {
        assert_eq!(found.partition_key, Some(partition_key));
        let hash_key_text = hash_key.map(|key| key.to_string());
        assert_eq!(found.explicit_hash_key, hash_key_text.as_deref());
        let of_key = || HashKey::of_partition_key(partition_key);
        assert_eq!(found.hash_key(), Some(hash_key.unwrap_or_else(of_key)));
        assert_eq!(found.data, data);
        assert_eq!(found.sub_sequence_number, number);
        assert_eq!(found.record.sequence_number, "7");
        assert!(found.is_aggregated);
        count += 1;
    }
    assert_eq!(count, USERS.len());
}

#[test]
fn user_when_alone_then_stays_as_it_is() {
    let mut aggregator = Aggregator::new();
    let (partition_key, hash_key, data) = USERS[1];
    aggregator.add(partition_key, hash_key, data).unwrap();
    let expected = Aggregated {
        data: Bytes::from_static(data),
        partition_key: partition_key.to_owned(),
        explicit_hash_key: hash_key,
        user_records: 1,
    };
    assert_eq!(aggregator.finish(), Some(expected));
    assert!(aggregator.is_empty());
}

#[test]
fn record_when_any_bit_differs_then_is_its_own_or_was_never_aggregated() {
    let whole = of_hex(OF_THE_KPL);
    for at in 0..whole.len() * 8 {
        let mut broken = whole.clone();
        broken[at / 8] ^= 1 << (at % 8);
        assert_whole(&record(broken));
    }
    for length in 0..whole.len() {
        assert_whole(&record(whole[..length].to_vec()));
    }
}

#[test]
fn message_when_it_is_wrong_then_the_record_is_its_own() {
    let key = b"\x0a\x01k";
    for wrong in [
        // A record before any key, and one behind the last.
        &b"\x1a\x04\x08\x00\x1a\x00"[..],
        b"\x0a\x01k\x1a\x04\x08\x01\x1a\x00",
        b"\x0a\x01k\x1a\x06\x08\x00\x10\x00\x1a\x00",
        // A record without its key, and one without data.
        b"\x0a\x01k\x1a\x02\x1a\x00",
        b"\x0a\x01k\x1a\x02\x08\x00",
        // An index above all tables, a length above the rest, a varint without an end.
        b"\x0a\x01k\x1a\x0d\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x1a\x00",
        b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01k",
        b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01k",
        b"\x1a\x80",
        // A key that is not UTF-8, a field without a number, a group.
        b"\x0a\x01\xff",
        b"\x02\x01k",
        b"\x0b\x0c",
    ] {
        assert_whole(&sealed(wrong));
    }
    assert_eq!(deaggregate(&sealed(key)).count(), 0, "it has no records");
}

#[test]
fn message_when_it_has_unknown_fields_and_any_order_then_is_read() {
    // A record with a tag, its fields twice and in another order; then the key it refers to;
    // fields 4 and 5 of eight and four bytes, 6 of bytes, 1 as an integer.
    let message = b"\x1a\x0f\x1a\x01x\x22\x03\x0a\x01t\x08\x07\x1a\x01y\x08\x00\x0a\x01k\
                    \x21eightbyt\x2dfour\x32\x02by\x08\x05";
    let record = sealed(message);
    let found: Vec<UserRecord<'_>> = deaggregate(&record).collect();
    assert_eq!(found.len(), 1);
    assert!(found[0].is_aggregated);
    assert_eq!(found[0].partition_key, Some("k"));
    assert_eq!(found[0].data, "y");
}

/// A message of one key and many records, the smallest there are.
fn crowded(records: usize, keys: usize) -> Record {
    let mut message = Vec::new();
    for _ in 0..keys {
        put_head(&mut message, field::PARTITION_KEY, 0);
    }
    let mut smallest = Vec::new();
    put_integer(&mut smallest, record_field::PARTITION_KEY_INDEX, 0);
    put_head(&mut smallest, record_field::DATA, 0);
    for _ in 0..records {
        put_head(&mut message, field::RECORD, smallest.len());
        message.extend_from_slice(&smallest);
    }
    sealed(&message)
}

#[test]
fn message_when_it_has_too_many_records_or_keys_then_the_record_is_its_own() {
    assert_eq!(
        deaggregate(&crowded(USER_RECORDS_MAX, 1)).count(),
        USER_RECORDS_MAX
    );
    assert_whole(&crowded(USER_RECORDS_MAX + 1, 1));
    assert_eq!(deaggregate(&crowded(1, USER_RECORDS_MAX)).count(), 1);
    assert_whole(&crowded(1, USER_RECORDS_MAX + 1));
}

#[test]
fn record_when_one_user_belongs_to_another_shard_then_has_none_there() {
    let aggregated = record(of_hex(OF_THE_KPL));
    assert_eq!(
        deaggregate_within(&aggregated, HashRange::ALL).count(),
        USERS.len()
    );
    for half in HashRange::uniform(NonZeroU32::new(2).unwrap()) {
        assert_eq!(deaggregate_within(&aggregated, half).count(), 0);
    }
    // The service itself routes what is not aggregated.
    let plain = record("plain");
    for half in HashRange::uniform(NonZeroU32::new(2).unwrap()) {
        assert_eq!(deaggregate_within(&plain, half).count(), 1);
    }
}

#[test]
fn record_when_an_explicit_hash_key_is_no_number_then_that_decides_nothing_and_others_do() {
    // Two records of the key `a`, whose hash begins with 0c: with an explicit hash key, and
    // without; then the tables.
    let of = |hash_key: &[u8]| {
        let mut message = b"\x1a\x06\x08\x00\x10\x00\x1a\x00\x1a\x04\x08\x00\x1a\x00".to_vec();
        put_head(&mut message, field::EXPLICIT_HASH_KEY, hash_key.len());
        message.extend_from_slice(hash_key);
        message.extend_from_slice(b"\x0a\x01a");
        sealed(&message)
    };
    let halves = HashRange::uniform(NonZeroU32::new(2).unwrap());
    for (hash_key, low, high) in [(&b"x"[..], 2, 0), (b"7", 2, 0), (b"", 2, 0)] {
        let record = of(hash_key);
        let counts = halves
            .iter()
            .map(|half| deaggregate_within(&record, *half).count());
        assert_eq!(counts.collect::<Vec<_>>(), [low, high]);
    }
    let record = of(HashKey::MAX.to_string().as_bytes());
    for half in halves {
        assert_eq!(deaggregate_within(&record, half).count(), 0);
    }
}

#[test]
fn user_when_it_has_no_room_then_is_refused_and_nothing_changes() {
    // Magic number, key, record and digest.
    let alone = 4 + (2 + 1) + (2 + 2 + 2 + 5) + 16;
    let mut aggregator = Aggregator::with_bytes_max(alone + 2 * (2 + 2 + 2 + 5));
    aggregator.add("k", None, b"12345").unwrap();
    assert_eq!(aggregator.bytes(), alone);
    let before = aggregator.clone();
    // With a key of its own it takes a byte too many, and alone there would be room.
    let long = [0; 14];
    assert_eq!(aggregator.add("l", None, &long), Err(NotAdded::Full));
    let larger = [0; 5 + 2 * 11 + 1];
    assert_eq!(aggregator.add("k", None, &larger), Err(NotAdded::TooLarge));
    assert_eq!(aggregator.add("", None, b""), Err(NotAdded::PartitionKey));
    let key = "\u{e4}".repeat(257);
    assert_eq!(aggregator.add(&key, None, b""), Err(NotAdded::PartitionKey));
    assert_eq!(format!("{aggregator:?}"), format!("{before:?}"));
    aggregator.add("k", None, b"12345").unwrap();
    aggregator.add("k", None, b"12345").unwrap();
    assert_eq!(aggregator.add("k", None, b""), Err(NotAdded::Full));
    assert_eq!(aggregator.finish().unwrap().data.len(), alone + 2 * 11);
    assert_eq!(
        Aggregator::with_bytes_max(alone).add("k", None, b"12345"),
        Ok(())
    );
    let refused = Aggregator::with_bytes_max(alone - 1).add("k", None, b"12345");
    assert_eq!(refused, Err(NotAdded::TooLarge));
}

/// A user record of any kind; keys repeat.
fn any_user() -> impl Strategy<Value = (String, Option<u128>, Vec<u8>)> {
    let data = proptest::collection::vec(any::<u8>(), 0..300);
    let hash_key = prop_oneof![
        Just(None),
        any::<u128>().prop_map(Some),
        (0..3_u128).prop_map(Some)
    ];
    ("[a-c]|[a-z\u{e4}\u{1f600}]{1,200}", hash_key, data)
}

proptest! {
    #[test]
    fn users_when_aggregated_and_taken_apart_then_are_as_they_were_and_within_the_limit(
        users in proptest::collection::vec(any_user(), 0..60), bytes_max in 20..6000_usize
    ) {
        let mut aggregator = Aggregator::with_bytes_max(bytes_max);
        let mut added = Vec::new();
        for (partition_key, hash_key, data) in &users {
            let before = aggregator.bytes();
            match aggregator.add(partition_key, hash_key.map(HashKey), data) {
                Ok(()) => added.push((partition_key, hash_key, data)),
                Err(_) => prop_assert_eq!(aggregator.bytes(), before),
            }
        }
        prop_assert_eq!(aggregator.len(), added.len());
        let bytes = aggregator.bytes();
        let Some(aggregated) = aggregator.finish() else {
            prop_assert!(added.is_empty());
            return Ok(());
        };
        prop_assert!(bytes <= bytes_max);
        let record = Record {
            partition_key: Some(aggregated.partition_key),
            ..record(aggregated.data)
        };
        if added.len() > 1 {
            prop_assert_eq!(record.data.len(), bytes);
        }
        let found: Vec<UserRecord<'_>> = deaggregate(&record).collect();
        prop_assert_eq!(found.len(), added.len());
        for (found, (partition_key, hash_key, data)) in found.iter().zip(added.clone()) {
            prop_assert_eq!(found.partition_key, Some(partition_key.as_str()));
            prop_assert_eq!(&found.data, data);
            if added.len() > 1 {
                let hash_key = hash_key.map(|key| key.to_string());
                prop_assert_eq!(found.explicit_hash_key, hash_key.as_deref());
            }
        }
    }

    #[test]
    fn bytes_when_sealed_then_are_read_or_left_whole(
        message in proptest::collection::vec(prop_oneof![
            any::<u8>(), Just(0x0a), Just(0x1a), Just(8), 0..4_u8
        ], 1..60)
    ) {
        let record = sealed(&message);
        let records = deaggregate(&record);
        let is_aggregated = records.is_aggregated();
        for user in records {
            prop_assert_eq!(user.is_aggregated, is_aggregated);
            prop_assert!(user.partition_key.is_some());
        }
    }

    #[test]
    fn varint_when_written_then_has_the_length_that_was_foreseen(
        value in any::<u64>(), bits in 0..64_u32
    ) {
        let value = value >> bits;
        let mut written = Vec::new();
        put_varint(&mut written, value);
        prop_assert_eq!(written.len(), varint_bytes(value));
    }
}
