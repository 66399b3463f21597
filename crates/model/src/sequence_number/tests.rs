//! Sequence numbers: compared with AWS's, at their bounds, and in their order.

use super::*;
use proptest::prelude::*;

fn any_number() -> impl Strategy<Value = SequenceNumber> {
    let second = 0..=SequenceNumber::SECOND_MAX;
    (
        second.clone(),
        0..=SequenceNumber::COUNTER_CLOSED,
        second,
        0..=i32::MAX as u32,
    )
        .prop_map(
            |(created_s, counter, arrival_s, shard_index)| SequenceNumber {
                created_s,
                counter,
                arrival_s,
                shard_index,
            },
        )
}

/// A number issued by AWS, from the example on its "Lambda event for Kinesis" page
/// (<https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html>).
#[test]
fn number_from_aws_when_parsed_then_has_the_layout_and_prints_the_same() {
    let text = "49590338271490256608559692538361571095921575989136588898";
    let number = SequenceNumber::parse(text).unwrap();
    assert_eq!(number.created_s, 1_542_776_258);
    assert_eq!(number.arrival_s, 1_545_084_650);
    assert_eq!(number.shard_index, 6);
    assert_eq!(number.to_string(), text);
}

#[test]
fn layout_when_written_as_hex_then_has_the_documented_digits() {
    let number = SequenceNumber {
        created_s: 0x1_2345_6789,
        counter: 0x1122_3344_5566_7788,
        arrival_s: 0x3_0bcd_ef01,
        shard_index: 0x0000_00ab,
    };
    let [low, middle, high] = number.to_limbs();
    let hex = format!("{high:015x}{middle:016x}{low:016x}");
    // 2 | created (9) | nibble | counter (16) | 00 | arrival (9) | index (8) | version
    assert_eq!(hex, "2123456789b11223344556677880030bcdef01000000ab2");
}

#[test]
fn numbers_when_outside_the_layout_then_say_why() {
    let two_to_185 = "49039857307708443467467104868809893875799651909875269632";
    for (text, error) in [
        ("", SequenceNumberError::NotANumber),
        ("01", SequenceNumberError::NotANumber),
        ("1x", SequenceNumberError::NotANumber),
        ("0", SequenceNumberError::Oldest),
        (
            "680564733841876926926749214863536422911",
            SequenceNumberError::Oldest,
        ),
        (
            "680564733841876926926749214863536422912",
            SequenceNumberError::OutOfRange,
        ),
        (two_to_185, SequenceNumberError::OutOfRange),
        (&"9".repeat(56), SequenceNumberError::OutOfRange),
        (&"9".repeat(129), SequenceNumberError::OutOfRange),
    ] {
        assert_eq!(SequenceNumber::parse(text), Err(error), "{text}");
    }
}

proptest! {
    #[test]
    fn rising_digits_when_taken_then_are_those_of_the_following_counters(number in any_number()) {
        let number = SequenceNumber { counter: number.counter >> 1, ..number };
        let mut rising = number.rising_digits();
        for counter in number.counter..number.counter + 5 {
            let expected = SequenceNumber { counter, ..number };
            prop_assert_eq!(rising.next_digits(), expected.to_digits());
        }
    }

    #[test]
    fn any_number_when_printed_and_parsed_then_is_the_same(number in any_number()) {
        let text = number.to_string();
        prop_assert_eq!(text.len(), DIGITS);
        prop_assert_eq!(SequenceNumber::parse(&text), Ok(number));
    }

    #[test]
    fn any_two_when_compared_then_order_as_their_decimal_texts(
        a in any_number(), b in any_number(), same_shard: bool,
    ) {
        let b = if same_shard {
            SequenceNumber { created_s: a.created_s, shard_index: a.shard_index, ..b }
        } else {
            b
        };
        // All have the same number of digits, so texts sort as numbers.
        prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
    }
}
