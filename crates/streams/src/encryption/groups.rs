//! Groups: records of a batch that are sealed together.
//!
//! A seal costs as much as encrypting a few hundred bytes, in time and on the disk. So records of a
//! call that go to the same shard share one, up to [`GROUP_BYTES_MAX`].

use crate::record::sealed::{
    FOLLOWING_HEAD_BYTES, GROUP_BYTES_MAX, HEAD_BYTES, Head, following_head,
};
use crate::record::{OVERHEAD_BYTES, StoredRecord};
use millstream_store::batch::RECORD_OVERHEAD_BYTES;
use millstream_store::{BatchBuilder, Kind};

/// Bytes that records of batches have at most, sealed and framed: so many records of so many bytes
/// in so many batches.
pub(crate) fn sealed_bytes_max(records: usize, bytes: usize, batches: usize) -> usize {
    let text = bytes + records * OVERHEAD_BYTES;
    // Two groups, one behind the other in a batch, have a longer text than the maximum.
    let groups = records.min(batches + 2 * text / GROUP_BYTES_MAX);
    text + records * (RECORD_OVERHEAD_BYTES + FOLLOWING_HEAD_BYTES)
        + groups * (HEAD_BYTES - FOLLOWING_HEAD_BYTES)
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
    seal: impl FnMut(u16, &mut [u8]) -> Head,
) {
    match records {
        [] => {}
        [record] => push_alone(record, batch, seal),
        records => push_together(records, text_bytes, batch, seal),
    }
}

/// A group of one record, which is sealed where it stands.
fn push_alone(
    record: &StoredRecord<'_>,
    batch: &mut BatchBuilder,
    mut seal: impl FnMut(u16, &mut [u8]) -> Head,
) {
    let head = [0; HEAD_BYTES];
    let key = record.partition_key.unwrap_or_default().as_bytes();
    let parts: [&[u8]; 4] = [&head, &record.framed_head(), key, record.data];
    batch.push_changed(Kind::Data, &parts, |stored| {
        let (head, text) = stored.split_at_mut(HEAD_BYTES);
        head.copy_from_slice(&seal(1, text).to_bytes());
    });
}

fn push_together(
    records: &[&StoredRecord<'_>],
    text_bytes: usize,
    batch: &mut BatchBuilder,
    mut seal: impl FnMut(u16, &mut [u8]) -> Head,
) {
    let mut text = Vec::with_capacity(text_bytes);
    for record in records {
        text.extend_from_slice(&record.framed_head());
        text.extend_from_slice(record.partition_key.unwrap_or_default().as_bytes());
        text.extend_from_slice(record.data);
    }
    let count = u16::try_from(records.len()).expect("the text of each has a length");
    let head = seal(count, &mut text).to_bytes();
    let mut rest = &text[..];
    for (index, record) in (0..count).zip(records) {
        let (part, behind) = rest.split_at(OVERHEAD_BYTES + record.bytes());
        match index {
            0 => batch.push(Kind::Data, &[&head, part]),
            index => batch.push(Kind::Data, &[&following_head(index), part]),
        }
        rest = behind;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::sealed::{GROUP_STORED_BYTES_MAX, Sealed, TAG_BYTES};
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
            let stored = RecordIter::new(batch.bytes());
            let stored: Vec<_> = stored.map(|(_, stored)| Sealed::new(stored).unwrap()).collect();
            let parts: Vec<u8> = stored.iter().flat_map(|sealed| sealed.text().to_vec()).collect();
            prop_assert_eq!(parts, text);
            let mut next = 0;
            for (place, (count, _)) in groups.iter().enumerate() {
                let Sealed::First(head, _) = stored[next] else {
                    return Err(TestCaseError::fail("a group begins with its head"));
                };
                prop_assert_eq!((head.count, head.counter), (*count, place as u64 + 1));
                for index in 1..*count {
                    let is_next = matches!(
                        stored[next + usize::from(index)],
                        Sealed::Following(it, _) if it == index
                    );
                    prop_assert!(is_next);
                }
                next += usize::from(*count);
            }
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

    #[test]
    fn group_when_its_records_are_empty_then_is_stored_within_the_maximum() {
        let data = vec![Vec::new(); 2 * GROUP_BYTES_MAX / OVERHEAD_BYTES];
        let (batch, groups) = pushed(&data);
        let most = groups.iter().map(|(count, _)| *count).max().unwrap();
        let first = RecordIter::new(batch.finish().bytes())
            .take(most.into())
            .map(|(_, stored)| RECORD_OVERHEAD_BYTES + stored.len())
            .sum::<usize>();
        assert_eq!(groups.len(), 2);
        assert!(first <= GROUP_STORED_BYTES_MAX && first > GROUP_STORED_BYTES_MAX - 64);
    }
}
