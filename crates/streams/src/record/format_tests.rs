//! Checks docs/formats/records.md: its tables are compared with encoded samples.

use super::*;
use millstream_pages::cbor::Page;
use millstream_store::Batch;

fn pushed(record: &StoredRecord<'_>) -> Batch {
    let mut batch = BatchBuilder::default();
    record.push_to(&mut batch);
    batch.finish()
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
    page.check_bytes("CLOSE record", &crate::fence::CLOSE, &[("version", &[1])]);
    page.finish();
}
