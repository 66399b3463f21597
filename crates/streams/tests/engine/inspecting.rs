//! A store at rest as streams and shards: what fits is sound, and each thing that does not is told.

use crate::world::{Caller, World, until};
use millstream_store::{Batch, Batches, LogId, LogSettings, Offset};
use millstream_streams::inspect::{CatalogAudit, Lost, Place, Unsound, judge_records};

const COMMANDS: LogId = LogId {
    group: u64::MAX,
    index: 0,
};

/// A stream whose first shard was split, with records before and after that.
async fn split_stream(world: &World) -> Caller {
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    for at in 0..5 {
        caller.put("s", &format!("k{at}"), "before").await.unwrap();
    }
    caller.split("s", "0", 1 << 127).await.unwrap();
    let is_split = async || caller.shards("s").await.len() == 3;
    until(is_split).await;
    for at in 0..5 {
        caller.put("s", &format!("k{at}"), "after").await.unwrap();
    }
    caller
}

/// The logs of the stream's shards, in order.
fn logs(world: &World) -> Vec<LogId> {
    let mut logs = world.store.known_list();
    logs.retain(|log| log.group < 1 << 56);
    logs
}

async fn unsound(world: &World) -> Vec<Unsound> {
    let audit = CatalogAudit::of(&*world.store, &Lost::new()).await;
    let mut found = Vec::new();
    audit.compare(&*world.store, &mut |unsound| found.push(unsound));
    found
}

#[tokio::test]
async fn store_when_its_logs_fit_the_catalog_then_is_sound_and_named() {
    let world = World::without_limits();
    split_stream(&world).await;
    let audit = CatalogAudit::of(&*world.store, &Lost::new()).await;
    assert!(audit.faults().is_empty());
    assert_eq!(unsound(&world).await, []);
    assert_eq!(audit.unclaimed(&*world.store), []);
    assert!(audit.adjustments(&*world.store).is_empty());
    let [parent, ..] = logs(&world)[..] else {
        panic!("no logs")
    };
    assert_eq!(audit.closes(), [(parent, Offset(5))]);
    let named = audit.name(parent, (Offset(2), Some(Offset(4))), None);
    let Place::Shard { stream, shard } = &named.place else {
        panic!("{named:?}")
    };
    assert_eq!(shard.to_string(), "shardId-000000000000");
    assert_eq!(stream.name.as_str(), "s");
    assert!(named.from < named.before, "{named:?}");
    assert_eq!(
        audit.name(COMMANDS, (Offset(0), None), None).place,
        Place::Commands
    );
}

#[tokio::test]
async fn store_when_a_log_does_not_fit_the_catalog_then_is_told_which_and_how_to_mend_it() {
    let world = World::without_limits();
    split_stream(&world).await;
    let [parent, child, _] = logs(&world)[..] else {
        panic!("not three logs")
    };
    let stranger = LogId {
        group: 1 << 40,
        index: 0,
    };
    let settings = LogSettings::default();
    world
        .store
        .create(vec![(stranger, settings)])
        .await
        .unwrap();
    assert_eq!(unsound(&world).await, [Unsound::OfNoStream(stranger)]);
    world.store.delete(vec![stranger]).await.unwrap();
    let at = world.store.seal(child, &[1]).await.unwrap();
    assert_eq!(unsound(&world).await, [Unsound::SealedOpen(child, at)]);
    world.store.delete(vec![parent, child]).await.unwrap();
    // An open shard's log may not have been made yet; a closed one's was.
    assert_eq!(unsound(&world).await, [Unsound::LogMissing(parent)]);
    let audit = CatalogAudit::of(&*world.store, &Lost::new()).await;
    let adjustments = audit.adjustments(&*world.store);
    let made: Vec<_> = { adjustments.made.iter() }
        .map(|(log, _, first)| (*log, *first))
        .collect();
    assert_eq!(made[0], (parent, Offset(6)), "behind its end");
    assert_eq!(made[1].0, child);
    assert!(made[1].1 > Offset(1 << 32), "no number is given out twice");
    assert_eq!(adjustments.sealed, [(parent, Offset(5))]);
}

#[tokio::test]
async fn catalog_when_commands_are_malformed_then_names_them_and_applies_those_behind() {
    let world = World::without_limits();
    let caller = world.open().await;
    caller.create("first", 1).await.unwrap();
    drop(caller);
    let garbage = Batches::one(COMMANDS, Batch::data(b"no command"));
    world.store.append_many(garbage).await.remove(0).unwrap();
    let mut audit = CatalogAudit::of(&*world.store, &Lost::new()).await;
    assert_eq!(audit.faults().len(), 1, "{:?}", audit.faults());
    assert_eq!(audit.streams(), 1);
    assert_eq!(audit.begins_nowhere(), None);
    // A start goes on behind it once a snapshot has what is left.
    for batch in audit.snapshot(&*world.store) {
        let batches = Batches::one(CatalogAudit::snapshots_log(), batch);
        world.store.append_many(batches).await.remove(0).unwrap();
    }
    let again = CatalogAudit::of(&*world.store, &Lost::new()).await;
    assert!(again.faults().is_empty(), "{:?}", again.faults());
    assert_eq!(again.streams(), 1);
}

#[tokio::test]
async fn catalog_when_its_commands_were_freed_and_no_snapshot_is_left_then_begins_nowhere() {
    let world = World::without_limits();
    let caller = world.open().await;
    caller.create("first", 1).await.unwrap();
    caller.create("second", 1).await.unwrap();
    let end = world.store.known_bounds(COMMANDS).unwrap().end;
    let before = Offset(end.0 - 1);
    world.store.trim(COMMANDS, before).await.unwrap();
    let audit = CatalogAudit::of(&*world.store, &Lost::new()).await;
    assert_eq!(audit.begins_nowhere(), Some(before.0));
    let nameless = audit.nameless(&*world.store);
    assert_eq!(nameless, [], "no record was put");
    assert!(!audit.unclaimed(&*world.store).is_empty());
}

#[test]
fn records_when_of_no_known_form_then_are_told_by_what() {
    let shard = LogId { group: 3, index: 0 };
    let judge = |batch: Batch| judge_records(shard, batch.bytes());
    assert_eq!(judge(Batch::data(&[0, 1, 0, b'k', b'd'])), None);
    assert_eq!(judge(Batch::data(&[1, 0, 0, b'd'])), None);
    assert_eq!(judge(Batch::control(&[1])), None);
    for (batch, why) in [
        (Batch::data(&[9, 1, 0, b'k']), "a form that this version"),
        (Batch::data(&[0, 9, 0, b'k']), "a form that this version"),
        (Batch::data(&[0, 1, 0, 0xff]), "is not text"),
        (Batch::control(&[7]), "is not the end of a shard"),
    ] {
        let told = judge(batch).unwrap();
        assert!(told.contains(why), "{told}");
    }
    assert_eq!(judge_records(COMMANDS, Batch::data(b"any").bytes()), None);
}
