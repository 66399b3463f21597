//! The journal's metrics match what it did.

use super::harness::{World, append, batch, create, id, read_all, small, tiny, try_append};
use crate::space::grace::FREED_AFTER;
use crate::{Journal, Options};
use millstream_env::{Call, Fault};
use millstream_store::metrics::{Distribution, Value};
use millstream_store::store::{AppendError, LogStore, Offset};

fn value(journal: &Journal, name: &str) -> Value {
    let mut metrics = journal.metrics().into_iter();
    let found = metrics.find(|metric| metric.name == name);
    found.unwrap_or_else(|| panic!("no {name}")).value
}

fn gauge(journal: &Journal, name: &str) -> u64 {
    let Value::Gauge(now) = value(journal, name) else {
        panic!("{name} is no gauge");
    };
    now
}

fn distribution(journal: &Journal, name: &str) -> Distribution {
    let Value::Histogram(distribution) = value(journal, name) else {
        panic!("{name} is no histogram");
    };
    distribution
}

fn count(journal: &Journal, name: &str, of: &str) -> u64 {
    let Value::Counters { counts, .. } = value(journal, name) else {
        panic!("{name} has no labels");
    };
    let found = counts.iter().find(|(cache, _)| *cache == of);
    found.unwrap_or_else(|| panic!("no {of} in {name}")).1
}

#[tokio::test]
async fn groups_when_written_then_each_is_counted_with_its_bytes_its_calls_and_its_sync() {
    let world = World::inline(1);
    let journal = world.open();
    create(&journal, 1).await;
    let before = distribution(&journal, "journal_sync_seconds").count();
    for _ in 0..3 {
        append(&journal, 0, &[7; 1000]).await;
    }
    let calls = distribution(&journal, "journal_group_calls");
    assert_eq!((calls.count(), calls.sum), (4, 4.0));
    let bytes = distribution(&journal, "journal_group_bytes");
    assert_eq!(bytes.count(), 4);
    assert!((3_000.0..5_000.0).contains(&bytes.sum), "{bytes:?}");
    let syncs = distribution(&journal, "journal_sync_seconds").count() - before;
    assert_eq!(syncs, 3, "no group is resolved without one");
    assert_eq!(gauge(&journal, "journal_waiting_calls"), 0);
    assert_eq!(gauge(&journal, "journal_disk_bytes"), journal.disk_bytes());
    assert_eq!(gauge(&journal, "journal_writable"), 1);
}

#[tokio::test]
async fn journal_when_a_sync_failed_then_tells_that_it_takes_no_writes() {
    let world = World::inline(1);
    let journal = world.open();
    create(&journal, 1).await;
    world.disk.fail_nth(Call::SyncData, 1, Fault::EIO);
    let failed = try_append(&journal, 0, batch(&[b"a"])).await.unwrap_err();
    assert!(matches!(failed, AppendError::Unknown(_)), "{failed:?}");
    assert_eq!(gauge(&journal, "journal_writable"), 0);
    let calls = distribution(&journal, "journal_group_calls");
    assert_eq!(calls.count(), 1, "what was not written is no group");
}

#[tokio::test]
async fn reads_when_served_from_memory_or_not_then_are_hits_and_misses_of_the_part_they_looked_into()
 {
    let world = World::inline(1).with(Options {
        cache_bytes_max: 1,
        ..small()
    });
    let journal = world.open();
    create(&journal, 1).await;
    append(&journal, 0, &[1; 1000]).await;
    read_all(&journal, 0).await.unwrap();
    assert_eq!(count(&journal, "journal_cache_hits", "newest"), 1);
    assert_eq!(count(&journal, "journal_cache_misses", "newest"), 0);
    // It takes the place of the one before.
    append(&journal, 0, &[2; 1000]).await;
    for _ in 0..2 {
        read_all(&journal, 0).await.unwrap();
    }
    assert!(count(&journal, "journal_cache_misses", "newest") > 0);
    assert!(count(&journal, "journal_cache_misses", "windows") > 0);
    assert!(count(&journal, "journal_cache_hits", "windows") > 0);
}

#[tokio::test]
async fn records_when_hidden_for_an_hour_beside_others_then_their_bytes_are_told() {
    let world = World::inline(1).with(tiny());
    let journal = world.open();
    create(&journal, 2).await;
    for _ in 0..20 {
        append(&journal, 0, &[1; 4000]).await;
        append(&journal, 1, &[2; 4000]).await;
    }
    assert_eq!(gauge(&journal, "journal_hidden_bytes"), 0);
    journal.trim(id(0), Offset(20)).await.unwrap();
    world.clock.advance(FREED_AFTER);
    journal.maintain().await;
    let hidden = gauge(&journal, "journal_hidden_bytes");
    assert!((40_000..100_000).contains(&hidden), "{hidden}");
}
