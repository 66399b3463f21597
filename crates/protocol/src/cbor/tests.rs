//! The CBOR reader and writer on their own.

use std::borrow::Cow;

use proptest::prelude::*;

use super::*;
use crate::Timestamp;
use crate::reader::{Checks, Fault, Kind, Number, Reader};
use crate::writer::Writer;

fn reader(body: &[u8]) -> CborReader<'_> {
    CborReader::new(body, Checks::All)
}

fn well_formed(body: &[u8]) -> bool {
    let mut reader = reader(body);
    reader.skip().and_then(|()| reader.finish()).is_ok()
}

fn written(write: impl FnOnce(&mut CborWriter<'_>)) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut CborWriter::new(&mut out));
    out
}

#[test]
fn an_integer_of_any_width_when_read_keeps_its_value() {
    let cases: &[(&[u8], i64)] = &[
        (b"\x00", 0),
        (b"\x17", 23),
        (b"\x18\x18", 24),
        (b"\x18\x01", 1),
        (b"\x19\x01\x00", 256),
        (b"\x1a\x00\x01\x00\x00", 65536),
        (b"\x1b\x7f\xff\xff\xff\xff\xff\xff\xff", i64::MAX),
        (b"\x20", -1),
        (b"\x38\x63", -100),
        (b"\x3b\x7f\xff\xff\xff\xff\xff\xff\xff", i64::MIN),
    ];
    for (body, expected) in cases {
        assert_eq!(
            reader(body).number(),
            Ok(Number::Integer(*expected)),
            "{body:x?}"
        );
    }
    let huge = reader(b"\x1b\xff\xff\xff\xff\xff\xff\xff\xff")
        .number()
        .unwrap();
    assert_eq!(huge.to_integer(), Some(i32::MAX));
}

#[test]
fn a_float_of_any_width_when_read_keeps_its_value() {
    let cases: &[(&[u8], f64)] = &[
        (b"\xf9\x3c\x00", 1.0),
        (b"\xf9\x7b\xff", 65504.0),
        (b"\xf9\x00\x01", 5.960_464_477_539_063e-8),
        (b"\xf9\x04\x00", 0.000_061_035_156_25),
        (b"\xf9\xc4\x00", -4.0),
        (b"\xf9\x7c\x00", f64::INFINITY),
        (b"\xfa\x47\xc3\x50\x00", 100_000.0),
        (b"\xfb\x3f\xf1\x99\x99\x99\x99\x99\x9a", 1.1),
    ];
    for (body, expected) in cases {
        assert_eq!(
            reader(body).number(),
            Ok(Number::Float(*expected)),
            "{body:x?}"
        );
    }
    assert_eq!(reader(b"\xf9\x7e\x00").number().unwrap().to_integer(), None);
}

#[test]
fn a_text_when_in_one_piece_is_borrowed() {
    assert!(matches!(
        reader(b"\x63abc").text(),
        Ok(Cow::Borrowed("abc"))
    ));
}

#[test]
fn a_string_when_in_pieces_is_joined() {
    assert_eq!(reader(b"\x7f\x61a\x60\x62bc\xff").text().unwrap(), "abc");
    let mut bytes = vec![9];
    assert_eq!(
        reader(b"\x5f\x41\x01\x42\x02\x03\xff").blob(&mut bytes),
        Ok(3)
    );
    assert_eq!(bytes, [9, 1, 2, 3]);
}

#[test]
fn a_timestamp_when_given_in_any_form_is_milliseconds() {
    let cases: &[&[u8]] = &[
        b"\xc1\x1b\x00\x00\x01\x8b\xcf\xe5\x69\xf4",
        b"\x1b\x00\x00\x01\x8b\xcf\xe5\x69\xf4",
        b"\xc1\xfb\x42\x78\xbc\xfe\x56\x9f\x40\x00",
        b"\xfb\x42\x78\xbc\xfe\x56\x9f\x40\x00",
        b"\xc0\x78\x182023-11-14T22:13:20.500Z",
    ];
    for body in cases {
        assert_eq!(
            reader(body).timestamp(),
            Ok(Timestamp(1_700_000_000_500)),
            "{body:x?}"
        );
    }
}

#[test]
fn a_timestamp_when_written_is_tag_1_with_integer_milliseconds() {
    let body = written(|writer| writer.timestamp(Timestamp(1_700_000_000_500)));
    assert_eq!(body, b"\xc1\x1b\x00\x00\x01\x8b\xcf\xe5\x69\xf4");
}

#[test]
fn maps_and_lists_when_written_have_indefinite_lengths() {
    let body = written(|writer| {
        writer.begin_map();
        writer.key("a");
        writer.begin_list();
        writer.item();
        writer.boolean(true);
        writer.end_list();
        writer.key("b");
        writer.blob(b"\x00");
        writer.end_map();
    });
    assert_eq!(body, b"\xbf\x61a\x9f\xf5\xff\x61b\x41\x00\xff");
}

#[test]
fn an_item_when_it_is_cbor_is_well_formed() {
    let cases: &[&[u8]] = &[
        b"\xa0",
        b"\xbf\xff",
        b"\x80",
        b"\x9f\xff",
        b"\xbf\x61a\x9f\xa1\x61b\xf6\xff\xff",
        b"\xd9\xd9\xf7\xa0",
        b"\xf4",
        b"\xf5",
        b"\xf6",
        b"\xf7",
        b"\x7f\xff",
        b"\x5f\xff",
        b"\xa1\x7f\x61a\xff\x01",
    ];
    for body in cases {
        assert!(well_formed(body), "{body:x?}");
    }
}

#[test]
fn an_item_when_it_is_not_cbor_or_of_no_use_is_malformed() {
    let cases: &[&[u8]] = &[
        b"",
        b"\xff",
        b"\xa1",
        b"\xa1\x61a",
        b"\xa1\x01\x01",
        b"\xbf\x61a\xff",
        b"\xbf",
        b"\x9f",
        b"\x81",
        b"\x62a",
        b"\x42a",
        b"\x61\xff",
        b"\x1c",
        b"\x1f",
        b"\x7f\x41a\xff",
        b"\x7f\x7f\xff\xff",
        b"\xf0",
        b"\xf8\x20",
        b"\xc1",
        b"\xdf\x01",
        b"\xa0\xa0",
        b"\xf9\x00",
        b"\x81\xff",
    ];
    for body in cases {
        assert!(!well_formed(body), "{body:x?}");
    }
}

#[test]
fn a_length_when_it_is_only_declared_allocates_nothing_and_is_malformed() {
    for major in [0x5b_u8, 0x7b, 0x9b, 0xbb] {
        let mut body = vec![major];
        body.extend_from_slice(&u64::MAX.to_be_bytes());
        assert!(!well_formed(&body), "{major:x}");
        assert_eq!(reader(&body).blob(&mut Vec::new()).ok(), None);
    }
}

#[test]
fn an_item_when_nested_32_deep_is_well_formed_and_33_deep_is_not() {
    let nested = |depth: usize| [vec![0x81; depth - 1], vec![0x80]].concat();
    assert!(well_formed(&nested(32)));
    assert!(!well_formed(&nested(33)));
    assert!(!well_formed(&vec![0x9f; 1_000_000]));
}

#[test]
fn a_tag_when_it_stands_before_anything_is_passed_over() {
    assert_eq!(reader(b"\xd8\x20\xc6\x61a").text().unwrap(), "a");
    assert_eq!(reader(b"\xc1\xc1\xa0").kind(), Ok(Kind::Map));
}

#[test]
fn an_integer_when_in_a_tagged_byte_string_is_a_number() {
    let long = b"\xc2\x5f\x41\x01\x48\0\0\0\0\0\0\0\0\xff";
    let huge = [b"\xc3\x58\x20".as_slice(), &[0xff; 32]].concat();
    let least = f64::from(2).powi(127);
    for (body, expected) in [
        (b"\xc2\x40".as_slice(), Number::Integer(0)),
        (b"\xc2\x44\0\0\x01\x02", Number::Integer(0x102)),
        (b"\xc3\x42\x01\x02", Number::Integer(-0x103)),
        (long, Number::Float(f64::from(2).powi(64))),
        (&huge, Number::Float(-least)),
    ] {
        let mut reader = reader(body);
        assert_eq!(reader.kind(), Ok(Kind::Number), "{body:x?}");
        assert_eq!(reader.number(), Ok(expected), "{body:x?}");
        assert_eq!(reader.finish(), Ok(()), "{body:x?}");
        assert!(well_formed(body), "{body:x?}");
    }
    let mut blob = Vec::new();
    let refused = reader(b"\xc2\x41a").blob(&mut blob);
    assert_eq!(refused, Err(Fault::Mismatch));
    let mut list = reader(b"\x82\xc2\x41a\x41a");
    list.begin_list().unwrap();
    list.number().unwrap();
    assert_eq!(list.kind(), Ok(Kind::Bytes));
}

#[test]
fn a_value_when_it_has_another_type_is_a_mismatch() {
    assert_eq!(reader(b"\x01").text().err(), Some(Fault::Mismatch));
    assert_eq!(reader(b"\x61a").number(), Err(Fault::Mismatch));
    assert_eq!(reader(b"\xf6").boolean(), Err(Fault::Mismatch));
    assert_eq!(reader(b"\x80").begin_map().err(), Some(Fault::Mismatch));
}

proptest! {
    #[test]
    fn an_integer_when_written_and_read_is_the_same(value in any::<i64>()) {
        let body = written(|writer| writer.integer(value));
        prop_assert_eq!(reader(&body).number(), Ok(Number::Integer(value)));
    }

    #[test]
    fn a_text_when_written_and_read_is_the_same(text in any::<String>()) {
        let body = written(|writer| writer.text(&text));
        prop_assert_eq!(reader(&body).text().unwrap(), text);
    }

    #[test]
    fn any_bytes_when_skipped_never_panic(body in prop::collection::vec(any::<u8>(), 0..64)) {
        well_formed(&body);
    }
}
