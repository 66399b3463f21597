//! Which logs are removed because no machine needs them.

use super::World;
use crate::testing::{COUNTERS, Command, log_of};
use crate::{CatchUpError, CollectError, Namespace, Owner, Ownership, collect_orphans};
use millstream_store::store::Answer;
use millstream_store::{LogId, LogSettings, LogStore, Offset, ReadError};
use std::future::ready;
use std::sync::Arc;

/// An owner that says the same about every log.
struct Says {
    namespace: Namespace,
    word: Ownership,
    caught_up: Result<(), CatchUpError>,
}

impl Says {
    fn all(word: Ownership, namespace: u8) -> Arc<dyn Owner> {
        Arc::new(Self {
            namespace: Namespace::new(namespace),
            word,
            caught_up: Ok(()),
        })
    }
}

impl Owner for Says {
    fn name(&self) -> &'static str {
        "says"
    }

    fn namespace(&self) -> Namespace {
        self.namespace
    }

    fn catch_up(&self) -> Answer<'_, Result<(), CatchUpError>> {
        Box::pin(ready(self.caught_up.clone()))
    }

    fn owns(&self, _: LogId) -> Ownership {
        self.word
    }
}

fn log(namespace: u8) -> LogId {
    LogId {
        group: Namespace::new(namespace).group(5),
        index: 3,
    }
}

async fn make(world: &World, logs: &[LogId]) {
    let logs = logs.iter().map(|log| (*log, LogSettings::default()));
    world.store.create(logs.collect()).await.unwrap();
}

#[tokio::test]
async fn log_when_its_machine_gives_it_up_and_no_other_wants_it_then_alone_is_removed() {
    use Ownership::{Mine, NotMine, Orphan};
    for its in [Mine, NotMine, Orphan] {
        for others in [Mine, NotMine, Orphan] {
            let world = World::new();
            make(&world, &[log(1)]).await;
            let owners = [Says::all(others, 2), Says::all(its, 1)];
            collect_orphans(&*world.store, &owners).await.unwrap();
            let is_removed = world.store.known_list().is_empty();
            let expected = (its, others) == (Orphan, NotMine);
            assert_eq!(is_removed, expected, "{its:?}, others {others:?}");
        }
    }
}

#[tokio::test]
async fn log_when_nobody_here_has_its_namespace_then_is_left_alone() {
    let world = World::new();
    let nobodys = LogId {
        group: u64::MAX - 255,
        index: 0,
    };
    let logs = [log(1), nobodys, Namespace::new(1).commands()];
    make(&world, &logs).await;
    let owners = [Says::all(Ownership::Orphan, 2)];
    collect_orphans(&*world.store, &owners).await.unwrap();
    assert_eq!(world.store.known_list(), logs);
}

#[tokio::test]
async fn logs_when_a_machine_cannot_catch_up_then_are_left_alone() {
    let world = World::new();
    make(&world, &[log(1)]).await;
    let cause = CatchUpError::Read(ReadError::Io("EIO".to_owned()));
    let behind: Arc<dyn Owner> = Arc::new(Says {
        namespace: Namespace::new(2),
        word: Ownership::NotMine,
        caught_up: Err(cause.clone()),
    });
    let owners = [behind, Says::all(Ownership::Orphan, 1)];
    let collected = collect_orphans(&*world.store, &owners).await;
    let machine = "says";
    assert_eq!(collected, Err(CollectError::Behind { machine, cause }));
    assert_eq!(world.store.known_list(), [log(1)]);
}

#[tokio::test]
async fn logs_when_their_commands_are_not_applied_here_yet_then_are_judged_after_them() {
    let world = World::new();
    let node = world.open().await;
    let (kept, gone) = (0, 1);
    // Appended by another node, before this one looks.
    for command in [Command::Create, Command::Create, Command::Remove(gone)] {
        world.append_new(command).await;
    }
    make(&world, &[log_of(kept), log_of(gone)]).await;
    assert_eq!(node.state().next, Offset(0));
    let owners: [Arc<dyn Owner>; 1] = [node.clone()];
    collect_orphans(&*world.store, &owners).await.unwrap();
    let own = [COUNTERS.commands(), COUNTERS.snapshots()];
    assert_eq!(
        world.store.known_list(),
        [&[log_of(kept)], &own[..]].concat()
    );
}
