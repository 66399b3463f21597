//! The id of a deleted log: taken for as long as anything of the log may be read again.

use super::harness::{World, append, create, id, read_all, tiny};
use crate::Journal;
use crate::space::grace::FREED_AFTER;
use millstream_store::store::{LogSettings, LogStore, Offset, StoreError};
use std::sync::Arc;

/// Rounds within which all that is deleted must be gone.
const ROUNDS_MAX: u32 = 20;
/// Logs that are deleted: one with a record, one without.
const GONE: [u32; 2] = [0, 1];
const OTHER: u32 = 2;

async fn make(journal: &Journal, index: u32) -> Result<(), StoreError> {
    let logs = vec![(id(index), LogSettings::default())];
    journal.create(logs).await
}

#[track_caller]
fn check_taken(index: u32, made: Result<(), StoreError>, when: &str) {
    assert_eq!(made, Err(StoreError::Exists(id(index))), "{when}");
}

/// Writes until a segment is full, and frees what it can.
async fn roll(world: &World, journal: &Arc<Journal>) {
    let active = journal.segments.active();
    while journal.segments.active() == active {
        append(journal, OTHER, &[7; 6_000]).await;
    }
    let end = journal.known_bounds(id(OTHER)).unwrap().end;
    journal.trim(id(OTHER), Offset(end.0)).await.unwrap();
    world.clock.advance(FREED_AFTER);
    journal.maintain().await;
}

#[tokio::test]
async fn id_of_a_deleted_log_when_anything_of_it_is_stored_then_is_taken_and_later_makes_a_new_log()
{
    let world = World::inline(1).with(tiny());
    let journal = world.open();
    create(&journal, 3).await;
    append(&journal, 0, b"old").await;
    // From now on the MANIFEST alone tells of their creation.
    roll(&world, &journal).await;
    append(&journal, 0, b"old, too").await;
    journal.delete(GONE.map(id).to_vec()).await.unwrap();
    for index in GONE {
        check_taken(index, make(&journal, index).await, "at once");
    }
    journal.upkeep.listing.note_ends();
    for index in GONE {
        check_taken(index, make(&journal, index).await, "after a MANIFEST");
    }
    // The MANIFEST of a stop is newer than the deletion, whose segment goes on.
    journal.shutdown().await;
    let mut journal = world.open();
    for index in GONE {
        check_taken(index, make(&journal, index).await, "after a stop");
    }
    for index in GONE {
        let mut rounds = 0;
        while let Err(error) = make(&journal, index).await {
            check_taken(index, Err(error), "later");
            rounds += 1;
            assert!(rounds < ROUNDS_MAX, "it is taken for ever");
            roll(&world, &journal).await;
        }
        append(&journal, index, b"new").await;
    }
    for _ in 0..3 {
        journal = world.kill();
        for index in GONE {
            let found = read_all(&journal, index).await.unwrap();
            assert_eq!(found, [(0, b"new".to_vec())]);
        }
        roll(&world, &journal).await;
    }
}
