//! Groups: records of a batch that are sealed together.
//!
//! A seal costs as much as encrypting a few hundred bytes, in time and on the disk. So records of a
//! call that go to the same shard share one, up to [`GROUP_BYTES_MAX`].

use crate::record::sealed::{FRAMED_FOLLOWING_BYTES, GROUP_BYTES_MAX, HEAD_BYTES, Head, following};
use crate::record::{OVERHEAD_BYTES, StoredRecord};
use millstream_store::batch::RECORD_OVERHEAD_BYTES;
use millstream_store::{BatchBuilder, Kind};

/// Bytes that records of batches have at most, sealed and framed: so many records of so many bytes
/// in so many batches.
pub(crate) fn sealed_bytes_max(records: usize, bytes: usize, batches: usize) -> usize {
    let text = bytes + records * OVERHEAD_BYTES;
    // Two groups, one behind the other in a batch, have a longer text than the maximum.
    let groups = records.min(batches + 2 * text / GROUP_BYTES_MAX);
    text + records * FRAMED_FOLLOWING_BYTES + groups * (RECORD_OVERHEAD_BYTES + HEAD_BYTES)
}

/// Frames records into a batch, in groups whose text `seal` encrypts; it is given their number.
pub(crate) fn push_sealed<'r>(
    records: impl Iterator<Item = &'r StoredRecord<'r>>,
    batch: &mut BatchBuilder,
    mut seal: impl FnMut(u16, &mut [u8]) -> Head,
) {
    let (mut group, mut text_bytes) = (Vec::new(), 0);
    for record in records {
        let bytes = OVERHEAD_BYTES + record.bytes();
        if text_bytes + bytes > GROUP_BYTES_MAX {
            push_group(&group, text_bytes, batch, &mut seal);
            group.clear();
            text_bytes = 0;
        }
        group.push(record);
        text_bytes += bytes;
    }
    push_group(&group, text_bytes, batch, &mut seal);
}

fn push_group(
    records: &[&StoredRecord<'_>],
    text_bytes: usize,
    batch: &mut BatchBuilder,
    seal: &mut impl FnMut(u16, &mut [u8]) -> Head,
) {
    if records.is_empty() {
        return;
    }
    let count = u16::try_from(records.len()).expect("the text of each has a length");
    let write = |text: &mut Vec<u8>| {
        text.extend_from_slice(&[0; HEAD_BYTES]);
        for record in records {
            text.extend_from_slice(&record.framed_head());
            text.extend_from_slice(record.partition_key.unwrap_or_default().as_bytes());
            text.extend_from_slice(record.data);
        }
    };
    // Sealed where it stands.
    batch.push_written(Kind::Data, HEAD_BYTES + text_bytes, write, |stored| {
        let (head, text) = stored.split_at_mut(HEAD_BYTES);
        head.copy_from_slice(&seal(count, text).to_bytes());
    });
    for index in 1..count {
        batch.push(Kind::Data, &[&following(index)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::sealed::{Sealed, TAG_BYTES};
    use millstream_store::batch::RecordIter;
    use proptest::prelude::*;

    /// What a group's records are framed, seen by who seals it.
    fn pushed(data: &[Vec<u8>]) -> (BatchBuilder, Vec<(u16, Vec<u8>)>) {
        let (mut batch, mut groups) = (BatchBuilder::default(), Vec::new());
        let records: Vec<_> = data.iter().map(|data| record(data)).collect();
        push_sealed(records.iter(), &mut batch, |count, text| {
            groups.push((count, text.to_vec()));
            Head {
                data_key: 1,
                range: 2,
                counter: groups.len() as u64,
                count,
                tag: [9; TAG_BYTES],
            }
        });
        (batch, groups)
    }

    fn record(data: &[u8]) -> StoredRecord<'_> {
        StoredRecord {
            partition_key: (!data.len().is_multiple_of(3)).then_some("key"),
            data,
        }
    }

    fn any_data() -> impl Strategy<Value = Vec<Vec<u8>>> {
        let bytes = prop_oneof![4 => 0..200_usize, 1 => 20_000..70_000_usize];
        proptest::collection::vec(bytes.prop_map(|bytes| vec![7; bytes]), 0..20)
    }

    proptest! {
        #[test]
        fn records_when_sealed_then_their_text_is_what_they_are_framed(data in any_data()) {
            let (batch, groups) = pushed(&data);
            let mut plain = BatchBuilder::default();
            data.iter().for_each(|data| record(data).push_to(&mut plain));
            prop_assert_eq!(batch.is_empty(), data.is_empty());
            if data.is_empty() {
                return Ok(());
            }
            let text: Vec<u8> = groups.iter().flat_map(|(_, text)| text.clone()).collect();
            let (batch, plain) = (batch.finish(), plain.finish());
            prop_assert_eq!(&text[..], &plain.bytes()[..]);
            let mut stored = RecordIter::new(batch.bytes()).map(|(_, stored)| stored);
            for (place, (count, text)) in groups.iter().enumerate() {
                let Some(Sealed::First(head, sealed)) = stored.next().and_then(Sealed::new) else {
                    return Err(TestCaseError::fail("a group begins with its head"));
                };
                prop_assert_eq!((head.count, head.counter), (*count, place as u64 + 1));
                prop_assert_eq!(sealed, text);
                for index in 1..*count {
                    let sealed = stored.next().and_then(Sealed::new);
                    prop_assert_eq!(sealed, Some(Sealed::Following(index)));
                }
            }
            prop_assert_eq!(stored.next(), None);
        }

        #[test]
        fn groups_when_pushed_then_are_as_large_as_may_be_and_within_their_bounds(
            data in any_data()
        ) {
            let (batch, groups) = pushed(&data);
            let bytes = data.iter().map(|data| record(data).bytes()).sum();
            let most = sealed_bytes_max(data.len(), bytes, 1);
            let framed = if batch.is_empty() { 0 } else { batch.finish().bytes().len() };
            prop_assert!(framed <= most, "{} of {}", framed, most);
            for (count, text) in &groups {
                prop_assert!(*count == 1 || text.len() <= GROUP_BYTES_MAX);
            }
            for pair in groups.windows(2) {
                prop_assert!(pair[0].1.len() + pair[1].1.len() > GROUP_BYTES_MAX);
            }
        }
    }
}
