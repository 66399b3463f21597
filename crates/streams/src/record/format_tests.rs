//! Checks docs/formats/records.md: its tables are compared with encoded samples.

use super::sealed::{HEAD_BYTES, TAG_BYTES};
use super::*;
use crate::encryption::{Place, RecordKey, push_sealed};
use millstream_auth::Secret;
use millstream_pages::cbor::Page;
use millstream_store::{Batch, LogId, Offset};

fn pushed(record: &StoredRecord<'_>) -> Batch {
    let mut batch = BatchBuilder::default();
    record.push_to(&mut batch);
    batch.finish()
}

/// Two records whose ciphertext is known although it is sealed: what it is like beside is in the
/// heads.
fn check_sealed(page: &mut Page) {
    let key = RecordKey::new(&Secret::from([7; 32]));
    let record = StoredRecord {
        partition_key: None,
        data: b"payload",
    };
    let place = Place {
        log: LogId { group: 3, index: 4 },
        range: Offset(0x1_0203_0405),
    };
    let mut batch = BatchBuilder::default();
    push_sealed([record; 2].iter(), &mut batch, |count, text| {
        key.seal((0x1112_1314, 0x2122_2324_2526), place, count, text)
    });
    let batch = batch.finish();
    let samples: Vec<_> = RecordIter::new(batch.bytes()).collect();
    let [(_, first), (_, following)] = samples[..] else {
        panic!("two records were pushed");
    };
    let expected: [(&str, &[u8]); 7] = [
        ("form", &[2]),
        ("data_key", &[0x14, 0x13, 0x12, 0x11]),
        ("range", &[5, 4, 3, 2]),
        ("counter", &[0x26, 0x25, 0x24, 0x23, 0x22, 0x21, 0, 0]),
        ("count", &[2, 0]),
        ("tag", &first[HEAD_BYTES - TAG_BYTES..HEAD_BYTES]),
        ("text", &first[HEAD_BYTES..]),
    ];
    page.check_bytes("First sealed record of a group", first, &expected);
    let expected: [(&str, &[u8]); 2] = [("form", &[3]), ("index", &[1, 0])];
    page.check_bytes("Other sealed record of a group", following, &expected);
    let expected: [(&str, &[u8]); 5] = [
        ("version", &[2]),
        ("group", &[3, 0, 0, 0, 0, 0, 0, 0]),
        ("index", &[4, 0, 0, 0]),
        ("start", &[5, 4, 3, 2, 1, 0, 0, 0]),
        ("count", &[2, 0]),
    ];
    page.check_bytes("Associated data of a group", &place.binding(2), &expected);
}

#[test]
fn records_page_when_laid_over_samples_then_fits() {
    let mut page = Page::new(include_str!("../../../../docs/formats/records.md"));
    let record = StoredRecord {
        partition_key: Some(&"k".repeat(256)),
        data: b"payload",
    };
    let batch = pushed(&record);
    let expected: [(&str, &[u8]); 4] = [
        ("form", &[0]),
        ("key_length", &[0, 1]),
        ("partition_key", record.partition_key.unwrap().as_bytes()),
        ("data", b"payload"),
    ];
    let sample = &batch.bytes()[RECORD_OVERHEAD_BYTES..];
    page.check_bytes("Data record", sample, &expected);
    let keyless = StoredRecord {
        partition_key: None,
        ..record
    };
    let expected: [(&str, &[u8]); 3] = [
        ("form", &[1]),
        ("key_length", &[0, 0]),
        ("data", b"payload"),
    ];
    let batch = pushed(&keyless);
    let sample = &batch.bytes()[RECORD_OVERHEAD_BYTES..];
    page.check_bytes("Data record without a key", sample, &expected);
    check_sealed(&mut page);
    page.check_bytes("CLOSE record", &crate::fence::CLOSE, &[("version", &[1])]);
    page.finish();
}
