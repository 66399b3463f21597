//! What is wrong with base64, alone and within a record.

use super::rows::Answer::Mistyped;
use super::rows::{Corners, cbor_text};

pub fn add(corners: &mut Corners) {
    let refused =
        |text: &str, why: &str| Mistyped(format!("'{text}' can not be converted to a Blob: {why}"));
    let length = |text: &str, found: usize| {
        let why = "Base64 encoded length is expected a multiple of 4 bytes but found:";
        refused(text, &format!("{why} {found}"))
    };
    let foreign = |text: &str, character: char| {
        refused(text, &format!("Invalid Base64 character: '{character}'"))
    };
    let last = |text: &str| refused(text, "Invalid last non-pad Base64 character dectected");
    for (text, answer) in [
        ("QQ", length("QQ", 2)),
        ("QQ=", length("QQ=", 3)),
        ("QUJD\n", length("QUJD\n", 5)),
        ("QUJDRA===", length("QUJDRA===", 9)),
        ("\u{e9}", length("\u{e9}", 1)),
        ("QU-_", foreign("QU-_", '-')),
        ("QU D", foreign("QU D", ' ')),
        ("QUJ\u{e9}", foreign("QUJ\u{e9}", '\u{e9}')),
        ("QQ==QQ==", foreign("QQ==QQ==", '=')),
        ("QR==", last("QR==")),
        ("QUJ=", last("QUJ=")),
        ("====", last("====")),
    ] {
        let json = serde_json::to_string(text).unwrap();
        for (operation, member, around) in [
            ("PutRecord", "Data", ("", "")),
            ("PutRecords", "Records", ("[{\"Data\":", "}]")),
        ] {
            let json = format!("{}{json}{}", around.0, around.1);
            let prefix: &[u8] = match operation {
                "PutRecord" => b"",
                _ => b"\x81\xa1\x64Data",
            };
            let cbor = [prefix, &cbor_text(text)].concat();
            corners.member(
                "in base64",
                (operation, member),
                (Some(&json), Some(&cbor)),
                answer.clone(),
            );
        }
    }
}
