//! Groups sealed and opened again, and all that must not open them.

use super::*;
use crate::record::sealed::TAG_BYTES;
use proptest::prelude::*;

const PLACE: Place = Place {
    log: LogId {
        group: 0x1112_1314_1516_1718,
        index: 0x2122_2324,
    },
    range: Offset(0x1_0000_0005),
};
/// The number of the data key.
const NUMBER: u32 = 0x3132_3334;

fn key(bytes: [u8; 32]) -> RecordKey {
    RecordKey::new(&Secret::from(bytes))
}

/// The text of a group that stands at an offset of a log.
fn opened(
    key: &RecordKey,
    head: &Head,
    ciphertext: &[u8],
    log: LogId,
    offset: Offset,
) -> Option<Vec<u8>> {
    let range = head.range_before(offset)?;
    let mut text = vec![0; ciphertext.len()];
    let fits = key.open(head, Place { log, range }, ciphertext, &mut text);
    fits.ok().map(|()| text)
}

/// Made by another implementation: OpenSSL's, as Node.js has it.
#[test]
fn group_when_sealed_then_is_what_another_implementation_seals() {
    let key = key(std::array::from_fn(|place| place as u8));
    let mut text = *b"payload of two";
    let head = key.seal((NUMBER, 0x01_0203_0405), PLACE, 2, &mut text);
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|byte| format!("{byte:02x}")).collect() };
    assert_eq!(
        (hex(&head.to_bytes()[..19]), hex(&text), hex(&head.tag)),
        (
            "02343332310500000005040302010000000200".to_owned(),
            "472f00013ecf13c44156cf0bac78".to_owned(),
            "be6cddf0c4ccc5fb7b6e52fb62454ee2".to_owned(),
        )
    );
}

/// A number with one bit flipped.
fn flipped(number: u64, bit: usize) -> u64 {
    number ^ 1 << bit
}

proptest! {
    #[test]
    fn group_when_a_bit_flips_or_it_stands_elsewhere_then_is_not_opened(
        secret: [u8; 32],
        other_secret: [u8; 32],
        counter: u64,
        count in 1..u16::MAX,
        text in proptest::collection::vec(any::<u8>(), 1..100),
        behind in 0..u64::from(u32::MAX),
        bit: prop::sample::Index,
    ) {
        let key = key(secret);
        let mut sealed = text.clone();
        let head = key.seal((NUMBER, counter), PLACE, count, &mut sealed);
        let at = Offset(PLACE.range.0 + behind);
        prop_assert_eq!(opened(&key, &head, &sealed, PLACE.log, at), Some(text));

        let mut other = sealed.clone();
        let place = bit.index(8 * sealed.len());
        other[place / 8] ^= 1 << (place % 8);
        prop_assert_eq!(opened(&key, &head, &other, PLACE.log, at), None);
        // All but the number of the data key, which is looked up.
        let mut tag = head.tag;
        tag[bit.index(TAG_BYTES)] ^= 1 << bit.index(8);
        for other in [
            Head { tag, ..head },
            Head { counter: flipped(counter, bit.index(64)), ..head },
            Head { range: flipped(head.range.into(), bit.index(32)) as u32, ..head },
            Head { count: flipped(count.into(), bit.index(16)) as u16, ..head },
        ] {
            prop_assert_eq!(opened(&key, &other, &sealed, PLACE.log, at), None, "{:?}", other);
        }

        let LogId { group, index } = PLACE.log;
        for log in [LogId { group: group + 1, index }, LogId { group, index: index + 1 }] {
            prop_assert_eq!(opened(&key, &head, &sealed, log, at), None, "{}", log);
        }
        for offset in [0, PLACE.range.0 - 1, PLACE.range.0 + (1 << 32)] {
            let opened = opened(&key, &head, &sealed, PLACE.log, Offset(offset));
            prop_assert_eq!(opened, None, "{}", offset);
        }
        let other = RecordKey::new(&Secret::from(other_secret));
        if secret != other_secret {
            prop_assert_eq!(opened(&other, &head, &sealed, PLACE.log, at), None);
        }
    }
}

#[test]
fn key_when_printed_then_is_stars() {
    assert_eq!(format!("{:?}", key([7; 32])), "RecordKey(***)");
}
