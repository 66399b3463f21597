//! A task of the journal panics: waiters are notified, the other tasks end, and everything
//! acknowledged is kept.

use super::harness::{DIRECTORY, World, batch, create, id, read_all, tiny, try_append};
use crate::Journal;
use millstream_env::{Clock, DoomedTasks, Env, SystemClock, Tasks, TokioTasks};
use millstream_store::store::{AppendError, LogStore};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Records that roll the segment several times.
const RECORDS: u32 = 200;
/// Time after which a test counts as stuck.
const STUCK_AFTER: Duration = Duration::from_secs(300);

async fn in_time<T>(coming: impl Future<Output = T>) -> T {
    tokio::select! {
        biased;
        come = coming => come,
        () = SystemClock::new().sleep(STUCK_AFTER) => panic!("it takes for ever"),
    }
}

/// The bytes of a record of its own.
fn record(number: u32) -> Vec<u8> {
    let mut bytes = vec![7; 3000];
    bytes[..4].copy_from_slice(&number.to_le_bytes());
    bytes
}

/// Appends until nothing is taken any more; how many were acknowledged.
async fn append_while_taken(journal: &Journal) -> (u64, Option<AppendError>) {
    for number in 0..RECORDS {
        let appended = try_append(journal, 0, batch(&[record(number)])).await;
        if let Err(error) = appended {
            return (number.into(), Some(error));
        }
        // Meanwhile the writer comes to rest: the next call wakes it once more.
        TokioTasks::current().run_blocking(Box::new(|| ())).await;
    }
    (RECORDS.into(), None)
}

/// A journal of which `victim` dies after so many polls; what its appends met.
async fn live_with(victim: &'static str, polls: u32) -> Option<AppendError> {
    let world = World::new(1).with(tiny());
    let first = world.open();
    create(&first, 1).await;
    first.shutdown().await;
    let tasks = DoomedTasks::new(Arc::new(TokioTasks::current()), victim, polls);
    let env = Env {
        tasks: Arc::new(tasks),
        ..world.env()
    };
    let deaths = env.tasks.deaths();
    let journal = Journal::open(env, Path::new(DIRECTORY), world.options).unwrap();
    let (acknowledged, error) = in_time(append_while_taken(&journal)).await;
    assert_eq!(in_time(deaths.wait()).await.task, victim);
    in_time(journal.shutdown()).await;
    assert!(!journal.is_writable());

    let journal = world.open();
    let found = read_all(&journal, 0).await.unwrap();
    let kept = found.iter().take(acknowledged as usize);
    assert_eq!(kept.len() as u64, acknowledged, "{victim}");
    for (number, (_, bytes)) in (0..).zip(kept) {
        assert_eq!(*bytes, record(number));
    }
    assert_eq!(journal.known_list(), [id(0)]);
    journal.shutdown().await;
    error
}

#[tokio::test]
async fn writer_when_it_dies_then_calls_are_answered_at_once_and_the_journal_closes() {
    for polls in [0, 1, 5] {
        let error = live_with("journal-writer", polls).await;
        let is_told = matches!(
            error,
            Some(AppendError::Unknown(_) | AppendError::NotApplied(_))
        );
        assert!(is_told, "{polls}: {error:?}");
    }
}

#[tokio::test]
async fn keeper_when_it_dies_then_the_writer_does_not_wait_for_it_and_the_journal_closes() {
    for polls in [0, 1, 3] {
        let error = live_with("journal-keeper", polls).await;
        let is_told = matches!(error, Some(AppendError::NotApplied(_)));
        assert!(is_told, "{polls}: {error:?}");
    }
}

#[tokio::test]
async fn cleaner_or_sorter_when_it_dies_then_the_journal_still_closes() {
    for victim in ["journal-cleaner", "journal-sorter"] {
        assert_eq!(live_with(victim, 0).await, None, "{victim}");
    }
}
