//! Checks docs/formats/sequence-numbers.md: the table's fields are compared with encoded numbers.

use super::SequenceNumber;

const PAGE: &str = include_str!("../../../../docs/formats/sequence-numbers.md");

/// The bits of a decimal number, the lowest first. Halves it digit by digit, without the arithmetic
/// under test.
fn bits_of(decimal: &str) -> Vec<bool> {
    let mut digits: Vec<u8> = decimal.bytes().map(|digit| digit - b'0').collect();
    let mut bits = Vec::new();
    while digits.iter().any(|digit| *digit != 0) {
        let mut rest = 0;
        for digit in &mut digits {
            let value = rest * 10 + *digit;
            (*digit, rest) = (value / 2, value % 2);
        }
        bits.push(rest == 1);
    }
    bits
}

fn field(bits: &[bool], from: usize, count: usize) -> u64 {
    let bits = bits[from..from + count].iter().rev();
    bits.fold(0, |value, bit| value << 1 | u64::from(*bit))
}

#[test]
fn layout_table_when_laid_over_numbers_then_fits() {
    let rows = millstream_pages::layout(PAGE, "Layout");
    let length: usize = rows.iter().map(|(_, _, count)| count).sum();
    for seed in [0, 0x1234_5678_9abc_def0_u64, u64::MAX] {
        let number = SequenceNumber {
            created_s: (seed >> 3) % (SequenceNumber::SECOND_MAX + 1),
            counter: seed & SequenceNumber::COUNTER_CLOSED,
            arrival_s: (seed >> 7) % (SequenceNumber::SECOND_MAX + 1),
            shard_index: (seed >> 11) as u32 & 0x7fff_ffff,
        };
        let bits = bits_of(&number.to_string());
        assert_eq!(bits.len(), length, "the table is the whole number");
        for (name, from, count) in &rows {
            let expected = match *name {
                "version" | "top" => 2,
                "zero" => 0,
                "shard_index" => u64::from(number.shard_index),
                "shard_nibble" => u64::from(number.shard_index & 15),
                "arrival_s" => number.arrival_s,
                "counter" => number.counter,
                "created_s" => number.created_s,
                other => panic!("{other} is no field"),
            };
            assert_eq!(field(&bits, *from, *count), expected, "{name} of {number}");
        }
        assert_eq!(rows.len(), 8, "every field has a row");
    }
}
