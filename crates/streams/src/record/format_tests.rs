//! Checks docs/formats/records.md: its tables are compared with encoded samples.

use super::*;
use millstream_pages::cbor::Page;

#[test]
fn records_page_when_laid_over_samples_then_fits() {
    let mut page = Page::new(include_str!("../../../../docs/formats/records.md"));
    let record = StoredRecord {
        partition_key: &"k".repeat(256),
        data: b"payload",
    };
    let mut batch = BatchBuilder::default();
    record.push_to(&mut batch);
    let batch = batch.finish();
    let expected: [(&str, &[u8]); 4] = [
        ("form", &[0]),
        ("key_length", &[0, 1]),
        ("partition_key", record.partition_key.as_bytes()),
        ("data", b"payload"),
    ];
    let sample = &batch.bytes()[RECORD_OVERHEAD_BYTES..];
    page.check_bytes("Data record", sample, &expected);
    page.check_bytes("CLOSE record", &crate::fence::CLOSE, &[("version", &[1])]);
    page.finish();
}
