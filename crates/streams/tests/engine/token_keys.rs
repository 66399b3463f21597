//! Keys for tokens with a key service: wrapped in the catalog's logs, and there again after a
//! restart.

use super::catalog::tags;
use super::world::{Caller, Start, World, message, until};
use millstream_kms::{KeyError, KeyState, MemoryKeys};
use millstream_store::{LogId, LogStore, Offset, ReadLimit};
use millstream_streams::operations::AddTagsToStream;
use millstream_streams::{NamedKey, Settings};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

/// The catalog's commands, and its snapshots.
const COMMANDS: LogId = LogId {
    group: u64::MAX,
    index: 0,
};
const SNAPSHOTS: LogId = LogId {
    group: u64::MAX,
    index: 1,
};
/// Enough changes for a snapshot.
const CHANGES: usize = 150;
const DAY: Duration = Duration::from_hours(24);

/// A world with a key service, or one that lost it.
fn world_of(world: &World, keys: Option<&Arc<MemoryKeys>>) -> World {
    World {
        clock: world.clock.clone(),
        env: world.env.clone(),
        store: world.store.clone(),
        settings: Settings {
            keys: keys.map(|keys| keys.clone() as _),
            ..world.settings.clone()
        },
    }
}

fn world() -> (World, Arc<MemoryKeys>) {
    let keys = Arc::new(MemoryKeys::new());
    let world = world_of(&World::without_limits(), Some(&keys));
    (world, keys)
}

/// An engine with a stream `s`, and an iterator of it.
async fn begin(world: &World) -> (Caller, String) {
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    let iterator = iterator(&caller).await;
    (caller, iterator)
}

async fn iterator(caller: &Caller) -> String {
    caller.iterator("s", "0", Start::Horizon).await.unwrap()
}

/// Whether an iterator is one of ours.
async fn opens(caller: &Caller, iterator: &str) -> bool {
    match caller.get(iterator).await {
        Ok(_) => true,
        Err(error) if message(&error) == "Invalid ShardIterator." => false,
        Err(error) => panic!("{error:?}"),
    }
}

/// How often bytes stand in a log.
async fn count(store: &dyn LogStore, log: LogId, wanted: &[u8]) -> usize {
    let bounds = store.known_bounds(log).unwrap();
    let (mut from, mut found) = (bounds.first, 0);
    while from < bounds.end {
        let limit = ReadLimit {
            records: 1_000,
            bytes: 1 << 20,
        };
        let slice = store.read(log, from, limit).await.unwrap();
        for record in slice.records() {
            let mut windows = record.bytes.windows(wanted.len());
            found += windows.by_ref().filter(|window| *window == wanted).count();
        }
        assert!(slice.next > from, "it goes on");
        from = slice.next;
    }
    found
}

/// The keys that are in the catalog's logs as they are.
async fn in_plain(store: &dyn LogStore, keys: &MemoryKeys) -> usize {
    let mut found = 0;
    for secret in keys.plaintexts() {
        for log in [COMMANDS, SNAPSHOTS] {
            found += count(store, log, secret.expose()).await;
        }
    }
    found
}

#[tokio::test]
async fn token_key_when_there_is_a_key_service_then_is_wrapped_in_commands_and_snapshots() {
    let (world, keys) = world();
    let (caller, iterator) = begin(&world).await;
    for round in 0..CHANGES {
        caller.call::<AddTagsToStream>(tags(round)).await.unwrap();
    }
    let snapshot = async || world.store.known_bounds(SNAPSHOTS).unwrap().end > Offset(0);
    until(snapshot).await;
    let made = keys.plaintexts();
    assert_eq!(made.len(), 1);
    assert_eq!(in_plain(&*world.store, &keys).await, 0);
    for log in [COMMANDS, SNAPSHOTS] {
        let wrapped = count(&*world.store, log, b"wrapped in memory").await;
        assert!(wrapped > 0, "{log:?}: what is looked for can be found");
    }
    drop(caller);
    let after = world.open().await;
    assert!(opens(&after, &iterator).await);
    assert_eq!(keys.plaintexts(), made, "the same key goes on");
}

#[tokio::test]
async fn token_key_when_a_day_old_then_another_is_wrapped_and_the_last_three_open() {
    let (world, keys) = world();
    let (caller, mut iterator) = begin(&world).await;
    for made in 2..=5 {
        world.pass(DAY + Duration::from_mins(2)).await;
        assert_eq!(keys.plaintexts().len(), made);
        let other = caller.iterator("s", "0", Start::Latest).await.unwrap();
        assert!(opens(&caller, &other).await);
        iterator = other;
    }
    drop(caller);
    let decrypted = keys.calls().decrypt;
    let after = world.open().await;
    assert!(opens(&after, &iterator).await);
    assert_eq!(keys.calls().decrypt, decrypted + 3);
    assert_eq!(keys.plaintexts().len(), 5);
    assert_eq!(in_plain(&*world.store, &keys).await, 0);
}

/// Lets time pass during which an engine is being opened, and does not open.
async fn pass_unopened(
    world: &World,
    opening: Pin<&mut impl Future<Output = Caller>>,
    time: Duration,
) {
    tokio::select! {
        biased;
        _ = opening => panic!("it opened"),
        () = world.pass(time) => {}
    }
}

#[tokio::test]
async fn start_when_the_key_service_does_not_answer_then_waits_longer_each_time_and_goes_on() {
    for failure in [
        KeyError::Throttled,
        KeyError::Unavailable {
            why: "connection refused".to_owned(),
        },
    ] {
        let (world, keys) = world();
        let (caller, iterator) = begin(&world).await;
        drop(caller);
        keys.fail(Some(failure));
        let mut opening = pin!(world.open());
        let asked = keys.calls().decrypt;
        let mut tries = Vec::new();
        for second in 1..=100 {
            pass_unopened(&world, opening.as_mut(), Duration::from_secs(1)).await;
            if keys.calls().decrypt > asked + tries.len() {
                tries.push(second);
            }
        }
        assert_eq!(tries, [1, 2, 3, 7, 15, 31, 61, 91], "the first at once");
        keys.fail(None);
        let (after, ()) = tokio::join!(opening, world.pass(Duration::from_secs(40)));
        assert!(opens(&after, &iterator).await);
    }
}

#[tokio::test]
async fn start_when_no_key_was_ever_made_then_waits_until_one_can_be() {
    let (world, keys) = world();
    let denied = KeyError::AccessDenied {
        key: "alias/aws/kinesis".to_owned(),
    };
    keys.fail(Some(denied));
    let mut opening = pin!(world.open());
    pass_unopened(&world, opening.as_mut(), Duration::from_mins(5)).await;
    assert_eq!(keys.plaintexts().len(), 0);
    keys.fail(None);
    let (caller, ()) = tokio::join!(opening, world.pass(Duration::from_mins(1)));
    caller.create("s", 1).await.unwrap();
    let iterator = iterator(&caller).await;
    assert!(opens(&caller, &iterator).await);
}

/// The alias is another key's by then.
#[tokio::test]
async fn start_when_a_key_can_no_longer_be_unwrapped_then_another_is_made() {
    for state in [
        KeyState::Disabled,
        KeyState::PendingDeletion,
        KeyState::Denied,
        KeyState::Deleted,
    ] {
        let (world, keys) = world();
        let place = NamedKey::default().place;
        let [first, second] = ["a", "b"].map(|id| keys.create(&place, id));
        keys.alias(&place, "aws/kinesis", &first);
        let (caller, before) = begin(&world).await;
        drop(caller);
        keys.set(&first, state);
        keys.alias(&place, "aws/kinesis", &second);
        let caller = world.open().await;
        assert!(!opens(&caller, &before).await, "{state:?}");
        let now = iterator(&caller).await;
        assert!(opens(&caller, &now).await);
        keys.set(&first, KeyState::Enabled);
        world.pass(Duration::from_mins(2)).await;
        assert!(opens(&caller, &before).await, "{state:?}: it can be again");
    }
}

#[tokio::test]
async fn token_key_when_plain_of_before_there_was_a_key_service_then_opens_and_seals_no_longer() {
    let (world, keys) = world();
    let without = world_of(&world, None);
    let (caller, plain) = begin(&without).await;
    drop(caller);
    let caller = world.open().await;
    assert_eq!(keys.plaintexts().len(), 1, "a wrapped one is made at once");
    assert!(opens(&caller, &plain).await);
    let wrapped = iterator(&caller).await;
    drop(caller);
    let caller = without.open().await;
    assert!(opens(&caller, &plain).await);
    assert!(!opens(&caller, &wrapped).await);
    let plain = iterator(&caller).await;
    drop(caller);
    let caller = world.open().await;
    assert!(opens(&caller, &plain).await && opens(&caller, &wrapped).await);
    assert_eq!(in_plain(&*world.store, &keys).await, 0);
}

#[tokio::test]
async fn start_when_an_older_key_does_then_the_new_one_comes_when_the_key_service_is_back() {
    let (world, keys) = world();
    let (caller, plain) = begin(&world_of(&world, None)).await;
    drop(caller);
    keys.fail(Some(KeyError::Throttled));
    let caller = world.open().await;
    let sealed = iterator(&caller).await;
    assert!(opens(&caller, &plain).await && opens(&caller, &sealed).await);
    assert_eq!(keys.plaintexts().len(), 0);
    keys.fail(None);
    world.pass(Duration::from_mins(2)).await;
    assert_eq!(keys.plaintexts().len(), 1);
    let wrapped = iterator(&caller).await;
    drop(caller);
    let caller = world.open().await;
    assert!(opens(&caller, &wrapped).await && opens(&caller, &sealed).await);
}
