//! Tests of the comparison: each kind of difference, and slices.

use super::*;
use millstream_env::{Random, SeededRandom};

/// A record whose data is this letter, with its place as its number.
fn seen(letter: char, at: usize) -> Seen {
    Seen {
        digest: u128::from(u32::from(letter)),
        shard_id: "shard".into(),
        sequence_number: at.to_string().into(),
        sub_sequence_number: None,
    }
}

fn all(letters: &str) -> impl Iterator<Item = Seen> {
    letters
        .chars()
        .enumerate()
        .map(|(at, letter)| seen(letter, at))
}

const KEY: Key<'_> = Key {
    hash: 7,
    name: Some("key"),
};

fn compare(from: &str, to: &str) -> Findings {
    let mut slice = Slice::new(0, usize::MAX);
    for (side, letters) in [(Side::From, from), (Side::To, to)] {
        for seen in all(letters) {
            slice.add(side, KEY, seen).unwrap();
        }
    }
    let mut findings = Findings::default();
    findings.add(slice);
    findings
}

/// The numbers of what is listed.
fn numbers(listed: &Listed) -> String {
    let first = listed.first.iter();
    first
        .map(|finding| finding.sequence_number.as_str())
        .collect()
}

#[test]
fn records_of_a_key_when_compared_then_each_kind_of_difference_is_told() {
    // From, to; missing and reordered by their places in the source, repeated and additional by
    // those in the target; earlier.
    for (from, to, missing, reordered, repeated, additional, earlier) in [
        ("", "", "", "", "", "", 0),
        ("abc", "abc", "", "", "", "", 0),
        ("abc", "xyabc", "", "", "", "", 2),
        ("abc", "abxc", "", "", "", "2", 0),
        ("abc", "abcx", "", "", "", "3", 0),
        ("abc", "ac", "1", "", "", "", 0),
        ("abc", "", "012", "", "", "", 0),
        ("abc", "xy", "012", "", "", "", 2),
        ("abc", "acb", "", "1", "", "", 0),
        ("axbc", "abcx", "", "1", "", "", 0),
        ("abc", "abab", "2", "", "23", "", 0),
        // A run that was killed stores some again.
        ("abcd", "abcbcd", "", "", "34", "", 0),
        ("abcb", "abbcb", "", "", "4", "", 0),
        ("aab", "aaab", "", "", "2", "", 0),
        ("abcde", "abbc", "34", "", "2", "", 0),
        ("aa", "a", "1", "", "", "", 0),
        ("aab", "aba", "", "1", "", "", 0),
        ("dabc", "xabcz", "0", "", "", "4", 1),
    ] {
        let found = compare(from, to);
        let told = [
            numbers(&found.missing),
            numbers(&found.reordered),
            numbers(&found.repeated),
            numbers(&found.additional),
        ];
        let expected = [missing, reordered, repeated, additional].map(str::to_owned);
        assert_eq!((told, found.earlier), (expected, earlier), "{from} {to}");
        let counts = (found.from_records, found.to_records);
        assert_eq!(counts, (from.len() as u64, to.len() as u64));
    }
}

#[test]
fn differences_when_there_are_many_then_the_first_are_listed_and_all_are_counted() {
    let from: String = ('a'..='z').collect();
    let found = compare(&from, "");
    assert_eq!((found.missing.count, found.missing.first.len()), (26, 20));
    assert_eq!(found.missing.first[0].partition_key.as_deref(), Some("key"));
}

/// What is found by as many passes as this much memory takes, and their number.
fn passes(records: &[(Side, u128, Seen)], bytes_max: usize) -> Result<(Findings, usize), TooMany> {
    let mut findings = Findings::default();
    let (mut start, mut count) = (Some(0), 0);
    while let Some(from) = start {
        let mut slice = Slice::new(from, bytes_max);
        for (side, hash, seen) in records {
            let name = hash.to_string();
            let key = Key {
                hash: *hash,
                name: Some(&name),
            };
            slice.add(*side, key, seen.clone())?;
            assert!(slice.bytes <= bytes_max);
            let held: usize = slice.keys.values().map(OfKey::bytes).sum();
            assert_eq!(slice.bytes, held);
        }
        start = slice.next();
        findings.add(slice);
        count += 1;
    }
    Ok((findings, count))
}

#[test]
fn streams_when_compared_with_little_memory_then_take_more_passes_and_the_same_is_found() {
    let random = SeededRandom::new(1);
    let byte = || {
        let mut bytes = [0];
        random.fill(&mut bytes);
        bytes[0]
    };
    let mut records = Vec::new();
    for side in [Side::From, Side::To] {
        for at in 0..400 {
            // The largest hash is a key's, too.
            let hash = u128::MAX - u128::from(byte() % 40);
            records.push((side, hash, seen(char::from(b'a' + byte() % 20), at)));
        }
    }
    let (whole, count) = passes(&records, usize::MAX).unwrap();
    assert_eq!((count, whole.keys), (1, 40));
    assert!(whole.missing.count > 0 && whole.reordered.count > 0 && whole.repeated.count > 0);
    let (sliced, count) = passes(&records, 20_000).unwrap();
    assert!(count > 5, "{count}");
    assert_eq!(sliced, whole);
    let failed = passes(&records, 2000).unwrap_err();
    assert!(failed.key.is_some());
}
