//! Snapshots, and what is trimmed after them.

use super::{Machine, World};
use crate::snapshot::{Finder, PART_BYTES_MAX, encode};
use crate::testing::{COUNTERS_MAX, Counters};
use crate::{REPEATS_KNOWN, SnapshotError, Versions};
use millstream_store::batch::RECORD_OVERHEAD_BYTES;
use millstream_store::{Batch, LogStore, Offset};

/// Snapshot threshold in tests, in bytes of commands.
const OFTEN: u64 = 512;

/// The offset at which the newest snapshot was taken.
async fn taken_at(world: &World) -> Option<Offset> {
    let found = crate::replicated::read_snapshots::<Counters>(&*world.store).await;
    found.unwrap().last().map(|found| found.next)
}

/// Waits until a snapshot includes nearly all commands before an offset.
pub(super) async fn settle(world: &World, next: Offset) {
    const NEARLY: u64 = 32;
    for _ in 0..super::TURNS_MAX {
        let taken = taken_at(world).await;
        if taken.is_some_and(|taken| taken.0 + NEARLY >= next.0) {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("no snapshot was taken");
}

#[tokio::test]
async fn state_when_it_comes_from_a_snapshot_then_is_the_same() {
    let world = World::new();
    let node = world.open_with_snapshots(OFTEN).await;
    for _ in 0..COUNTERS_MAX {
        let counter = node.create().await;
        for more in 0..20 {
            node.add(counter, more).await.unwrap();
        }
    }
    settle(&world, node.state().next).await;
    let restarted = world.open().await;
    assert_eq!(*restarted.state(), *node.state());
}

#[tokio::test]
async fn log_when_it_has_grown_then_is_trimmed_but_for_what_repetitions_are_known_by() {
    let world = World::new();
    let node = world.open_with_snapshots(OFTEN).await;
    let counter = node.create().await;
    let first = || world.store.known_bounds(Machine::COMMANDS).unwrap().first;
    for _ in 0..REPEATS_KNOWN {
        node.add(counter, 1).await.unwrap();
    }
    assert_eq!(first(), Offset(0));
    for _ in 0..200 {
        node.add(counter, 1).await.unwrap();
    }
    super::until(|| first() > Offset(100)).await;
    let taken = taken_at(&world).await.unwrap();
    assert!(first().0 + REPEATS_KNOWN as u64 <= taken.0);
    let snapshots = world.store.known_bounds(Machine::SNAPSHOTS).unwrap();
    assert!(
        snapshots.end.0 - snapshots.first.0 <= 4,
        "two of two records"
    );
    let value = node.value(counter);
    assert_eq!(world.open().await.value(counter), value);
}

fn find(records: &[Batch]) -> Result<Vec<(Offset, usize)>, SnapshotError> {
    let mut finder = Finder::new(Versions {
        oldest: 1,
        newest: 2,
    });
    for (offset, record) in (0..).zip(records) {
        finder.push(Offset(offset), &record.bytes()[RECORD_OVERHEAD_BYTES..])?;
    }
    let found = finder.finish().into_iter();
    Ok(found.map(|it| (it.next, it.size())).collect())
}

#[test]
fn snapshot_when_it_has_parts_or_none_then_is_found_whole_and_a_torn_one_is_passed_over() {
    let large = vec![7; PART_BYTES_MAX + 1];
    let whole = encode(1, Offset(3), &large);
    assert_eq!(whole.len(), 3);
    let of_large = (Offset(3), large.len());
    assert_eq!(find(&whole).unwrap(), [of_large]);
    assert_eq!(find(&whole[..2]).unwrap(), [], "no seal");
    assert_eq!(find(&whole[1..]).unwrap(), [], "a part is missing");
    let other_parts = [&whole[1..2], &whole[1..]].concat();
    assert_eq!(find(&other_parts).unwrap(), [], "other bytes");
    let after_torn = [&whole[..1], &whole[..]].concat();
    assert_eq!(find(&after_torn).unwrap(), [of_large]);
    let empty = encode(2, Offset(4), &[]);
    let both = [whole, empty].concat();
    assert_eq!(find(&both).unwrap(), [of_large, (Offset(4), 0)]);
}

#[test]
fn snapshot_when_its_version_is_not_known_then_says_so() {
    for version in [0, 3] {
        let error = find(&encode(version, Offset(3), b"image")).unwrap_err();
        assert!(matches!(error, SnapshotError::Version(of) if of == version));
    }
}
