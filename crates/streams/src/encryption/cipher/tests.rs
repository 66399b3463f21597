//! Records sealed and opened again, and all that must not open them.

use super::*;
use millstream_store::batch::RECORD_OVERHEAD_BYTES;
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

/// A sealed record, as it is stored.
fn sealed(key: &RecordKey, counter: u64, partition_key: Option<&str>, data: &[u8]) -> Vec<u8> {
    let record = StoredRecord {
        partition_key,
        data,
    };
    let mut batch = BatchBuilder::default();
    key.push((NUMBER, counter), &record, PLACE, &mut batch);
    batch.finish().bytes()[RECORD_OVERHEAD_BYTES..].to_vec()
}

/// The text of a record that stands at an offset of a log.
fn opened(key: &RecordKey, stored: &[u8], log: LogId, offset: Offset) -> Option<Vec<u8>> {
    let parts = SealedParts::new(stored)?;
    let range = parts.head.range_before(offset)?;
    let mut text = vec![0; parts.text.len()];
    let fits = key.open(&parts, Place { log, range }, &mut text);
    fits.ok().map(|()| text)
}

/// Made by another implementation: OpenSSL's, as Node.js has it.
#[test]
fn record_when_sealed_then_is_what_another_implementation_seals() {
    let key = key(std::array::from_fn(|place| place as u8));
    let stored = sealed(&key, 0x01_0203_0405, Some("key"), b"payload");
    let hex: String = stored.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        hex,
        "0234333231050000000504030201000000\
         344e120828de169d425f8e1bc58ffe14f563190b1fb0fecc85a3ce36"
    );
}

proptest! {
    #[test]
    fn record_when_a_bit_flips_or_it_stands_elsewhere_then_is_not_opened(
        secret: [u8; 32],
        other_secret: [u8; 32],
        counter: u64,
        partition_key in proptest::option::of("[a-zé]{1,40}"),
        data in proptest::collection::vec(any::<u8>(), 0..100),
        behind in 0..u64::from(u32::MAX),
        bit: prop::sample::Index,
    ) {
        let key = key(secret);
        let stored = sealed(&key, counter, partition_key.as_deref(), &data);
        let at = Offset(PLACE.range.0 + behind);
        let partition_key = partition_key.unwrap_or_default();
        let key_bytes = (partition_key.len() as u16).to_le_bytes();
        let text = [&key_bytes[..], partition_key.as_bytes(), &data].concat();
        prop_assert_eq!(opened(&key, &stored, PLACE.log, at), Some(text));

        // All but the number of the data key, which is looked up.
        let bits: Vec<usize> = (0..8).chain(40..8 * stored.len()).collect();
        let bit = *bit.get(&bits);
        let mut flipped = stored.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(opened(&key, &flipped, PLACE.log, at), None, "bit {}", bit);

        let LogId { group, index } = PLACE.log;
        for log in [LogId { group: group + 1, index }, LogId { group, index: index + 1 }] {
            prop_assert_eq!(opened(&key, &stored, log, at), None, "{}", log);
        }
        for offset in [0, PLACE.range.0 - 1, PLACE.range.0 + (1 << 32)] {
            prop_assert_eq!(opened(&key, &stored, PLACE.log, Offset(offset)), None, "{}", offset);
        }
        let other = RecordKey::new(&Secret::from(other_secret));
        if secret != other_secret {
            prop_assert_eq!(opened(&other, &stored, PLACE.log, at), None);
        }
    }
}

#[test]
fn key_when_printed_then_is_stars() {
    assert_eq!(format!("{:?}", key([7; 32])), "RecordKey(***)");
}
