//! What is written is read; what is not whole or not what was written is named.

use super::*;
use proptest::prelude::*;

/// A record whose members own their bytes.
type Owned = (
    String,
    String,
    Option<i64>,
    Option<String>,
    Option<u128>,
    Vec<u8>,
);

fn borrowed(owned: &Owned) -> FileRecord<'_> {
    let (shard_id, sequence_number, arrived_millis, key, explicit_hash_key, data) = owned;
    FileRecord {
        shard_id,
        sequence_number,
        arrived_millis: *arrived_millis,
        partition_key: key.as_deref(),
        explicit_hash_key: *explicit_hash_key,
        data,
    }
}

fn owned(record: &FileRecord<'_>) -> Owned {
    (
        record.shard_id.to_owned(),
        record.sequence_number.to_owned(),
        record.arrived_millis,
        record.partition_key.map(str::to_owned),
        record.explicit_hash_key,
        record.data.to_vec(),
    )
}

fn any_record() -> impl Strategy<Value = Owned> {
    (
        "[a-z0-9-]{0,30}",
        "[0-9]{0,60}",
        any::<Option<i64>>(),
        proptest::option::of("\\PC{0,40}"),
        any::<Option<u128>>(),
        proptest::collection::vec(any::<u8>(), 0..300),
    )
}

fn encode(records: &[Owned]) -> Vec<u8> {
    let mut file = header().to_vec();
    for record in records {
        let at = file.len() as u64;
        borrowed(record).encode(at, &mut file).unwrap();
    }
    file
}

/// The records of a file that is fed in chunks of a size, the offset after each, and how it ends.
fn decode(file: &[u8], chunk: usize) -> (Vec<Owned>, Vec<u64>, Result<(), RecordFileError>) {
    decode_at(file, 0, chunk)
}

fn decode_at(
    file: &[u8],
    at: usize,
    chunk: usize,
) -> (Vec<Owned>, Vec<u64>, Result<(), RecordFileError>) {
    let (mut records, mut ends) = (Vec::new(), Vec::new());
    let mut decoder = Decoder::at(at as u64);
    for chunk in file[at..].chunks(chunk) {
        decoder.feed(chunk);
        loop {
            match decoder.next_record() {
                Ok(Some(decoded)) => {
                    records.push(owned(&decoded.record));
                    ends.push(decoded.end);
                }
                Ok(None) => break,
                Err(error) => return (records, ends, Err(error)),
            }
        }
    }
    let end = decoder.finish();
    (records, ends, end)
}

fn three() -> Vec<Owned> {
    let text = str::to_owned;
    vec![
        (
            text("shardId-000000000000"),
            text("49590338271490256608559692538361571095921575989136588898"),
            Some(1_764_511_200_123),
            Some(text("customer-7")),
            None,
            b"hello".to_vec(),
        ),
        (
            text("s"),
            text("1"),
            Some(-1),
            None,
            Some(1 << 100),
            vec![0, 255],
        ),
        (text(""), text(""), None, Some(text("")), None, vec![]),
    ]
}

proptest! {
    #[test]
    fn records_when_written_then_are_read_back_in_any_chunks_and_from_any_record(
        records in proptest::collection::vec(any_record(), 0..8), chunk in 1..400_usize, from in 0..8_usize,
    ) {
        let file = encode(&records);
        let (found, ends, end) = decode(&file, chunk);
        prop_assert_eq!(&found, &records);
        prop_assert_eq!(end, Ok(()));
        if from < ends.len() {
            let at = usize::try_from(ends[from]).unwrap();
            let (found, _, end) = decode_at(&file, at, chunk);
            prop_assert_eq!(&found, &records[from + 1..]);
            prop_assert_eq!(end, Ok(()));
        }
    }

    #[test]
    fn file_when_any_byte_is_wrong_then_nothing_from_its_record_on_is_read(
        records in proptest::collection::vec(any_record(), 1..5), at in any::<prop::sample::Index>(),
        mask in 1..=255_u8,
    ) {
        let mut file = encode(&records);
        let (_, ends, _) = decode(&file, 64);
        let at = at.index(file.len());
        file[at] ^= mask;
        let (found, _, end) = decode(&file, 64);
        let whole = ends.iter().filter(|end| **end <= at as u64).count();
        prop_assert_eq!(&found, &records[..whole]);
        let start = match at {
            0..HEADER_BYTES => 0,
            _ => whole.checked_sub(1).map_or(HEADER_BYTES as u64, |last| ends[last]),
        };
        match end.unwrap_err() {
            RecordFileError::NotRecords => prop_assert!(at < 8),
            RecordFileError::Damaged { at, .. } => prop_assert_eq!(at, start),
            other @ (RecordFileError::Newer { .. } | RecordFileError::Torn { .. }) => {
                prop_assert!(false, "{other}");
            }
        }
    }
}

#[test]
fn file_when_cut_anywhere_then_is_torn_there_unless_a_record_ends() {
    let records = three();
    let file = encode(&records);
    let (_, ends, _) = decode(&file, 64);
    for length in 0..file.len() {
        let (found, _, end) = decode(&file[..length], 64);
        let whole = ends.iter().filter(|end| **end <= length as u64).count();
        assert_eq!(found, records[..whole], "{length}");
        let begun = [0, HEADER_BYTES as u64].into_iter().chain(ends.clone());
        let at = begun.filter(|at| *at <= length as u64).max().unwrap();
        let is_whole = at == length as u64 && length > 0;
        let torn = RecordFileError::Torn {
            at,
            end: length as u64,
        };
        assert_eq!(end, if is_whole { Ok(()) } else { Err(torn) }, "{length}");
    }
}

#[test]
fn records_when_repeated_lost_or_exchanged_then_are_found_though_each_is_whole() {
    // Two of the same length.
    let record = |data: &str| (String::new(), "1".to_owned(), None, None, None, data.into());
    let file = encode(&[record("one"), record("two")]);
    let (header, records) = file.split_at(HEADER_BYTES);
    let (one, two) = records.split_at(records.len() / 2);
    for parts in [&[header, two][..], &[header, two, one], &[header, one, one]] {
        let (found, _, end) = decode(&parts.concat(), 64);
        let at = (HEADER_BYTES + found.len() * one.len()) as u64;
        let what = "the checksum of a record's length is wrong";
        assert_eq!(end, Err(RecordFileError::Damaged { at, what }));
        assert!(found.iter().all(|found| *found == record("one")));
    }
}

#[test]
fn file_when_of_another_kind_or_a_newer_version_then_is_refused() {
    for bytes in [&b"{\"Data\":\"\"}"[..], b"\x89PNG\r\n\x1a\n", b"\n"] {
        assert_eq!(decode(bytes, 64).2, Err(RecordFileError::NotRecords));
    }
    let mut newer = header();
    newer[8] = 2;
    let of_header = checksum(&[&newer[..12]]).to_le_bytes();
    newer[12..].copy_from_slice(&of_header);
    let expected = RecordFileError::Newer {
        version: 2,
        newest: 1,
    };
    assert_eq!(decode(&newer, 64).2, Err(expected));
}

/// A file with one body, whose checksums are right.
fn file_of(body: &[u8], length: u32) -> Vec<u8> {
    let mut file = header().to_vec();
    let at = file.len() as u64;
    let prefix = [length.to_le_bytes(), checksum(&[body]).to_le_bytes()].concat();
    file.extend(&prefix);
    file.extend(prefix_checksum(at, &prefix).to_le_bytes());
    file.extend(body);
    file
}

#[test]
fn length_when_no_record_has_it_then_is_refused_before_its_bytes_are_there() {
    for length in [0, 12, 16 * 1024 * 1024 + 1, u32::MAX] {
        let (_, _, end) = decode(&file_of(b"", length), 64);
        let (at, what) = (16, "no record has that length");
        assert_eq!(end, Err(RecordFileError::Damaged { at, what }), "{length}");
    }
}

#[test]
fn body_when_it_is_no_record_then_is_refused() {
    let body = |flags: u8, key: u8, arrived: u8, rest: &[u8]| {
        let head = [flags, 1, 1, key, 0, arrived, 0, 0, 0, 0, 0, 0, 0];
        [&head[..], rest].concat()
    };
    let good = body(1, 1, 0, b"s1kdata");
    assert_eq!(decode(&file_of(&good, good.len() as u32), 64).2, Ok(()));
    for (body, what) in [
        (body(8, 0, 0, b"s1"), "an unknown flag"),
        (body(0, 1, 0, b"s1k"), "a key that is not there"),
        (body(0, 0, 1, b"s1"), "an arrival that is not there"),
        (body(2, 0, 0, b"s1"), "no room for the hash key"),
        (body(1, 2, 0, b"s1k"), "no room for the key"),
        (body(1, 1, 0, b"s1\xff"), "a key that is not UTF-8"),
    ] {
        let (found, _, end) = decode(&file_of(&body, body.len() as u32), 64);
        let failure = RecordFileError::Damaged {
            at: 16,
            what: "it is not a record",
        };
        assert_eq!((found, end), (vec![], Err(failure)), "{what}");
    }
}

#[test]
fn record_when_a_member_is_too_long_then_nothing_is_appended() {
    let long = "x".repeat(70_000);
    let data = vec![0; BODY_BYTES_MAX];
    let none = FileRecord::default();
    let mut to = b"before".to_vec();
    for (record, expected) in [
        (
            FileRecord {
                shard_id: &long,
                ..none
            },
            "its shard id is too long",
        ),
        (
            FileRecord {
                sequence_number: &long,
                ..none
            },
            "its sequence number is too long",
        ),
        (
            FileRecord {
                partition_key: Some(&long),
                ..none
            },
            "its partition key is too long",
        ),
        (
            FileRecord {
                data: &data,
                ..none
            },
            "it has 16777229 bytes, which is too long",
        ),
    ] {
        assert_eq!(
            record.encode(16, &mut to).unwrap_err().to_string(),
            expected
        );
        assert_eq!(to, b"before");
    }
    let data = &data[FIXED_BYTES..];
    assert_eq!(FileRecord { data, ..none }.encode(16, &mut to), Ok(()));
}

#[test]
fn checksum_when_of_parts_then_is_the_other_librarys_of_the_whole() {
    assert_eq!(checksum(&[b"1234", b"", b"56789"]), 0xE306_9283);
    assert_eq!(
        checksum(&[b"some", b" bytes"]),
        crc32c::crc32c(b"some bytes")
    );
}

#[test]
fn file_when_written_then_is_the_one_that_its_page_shows() {
    let page = include_str!("../../../../docs/formats/export.md");
    let (_, shown) = page.split_once("```hex\n").unwrap();
    let (shown, _) = shown.split_once("\n```").unwrap();
    let bytes = shown.lines().flat_map(|line| {
        let (hex, _) = line.split_once(" #").unwrap_or((line, ""));
        let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
        let pairs = digits
            .chunks(2)
            .map(|pair| str::from_utf8(pair).unwrap().to_owned());
        pairs.collect::<Vec<String>>()
    });
    let bytes: Vec<u8> = bytes
        .map(|pair| u8::from_str_radix(&pair, 16).unwrap())
        .collect();
    assert_eq!(encode(&three()), bytes);
}
