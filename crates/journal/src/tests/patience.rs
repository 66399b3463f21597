//! Reads that need not block are answered on the caller's thread; others return the same from
//! another thread.

use super::harness::{ANY, DIRECTORY, World, append, create, id};
use super::inline::InlineTasks;
use crate::Journal;
use millstream_env::{BoxFuture, Deaths, Env, Tasks, Work};
use millstream_store::store::{LogStore, Offset, ReadLimit};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Tasks on the test's own thread that count what may block.
#[derive(Default)]
struct CountingTasks {
    blocking: AtomicUsize,
}

impl CountingTasks {
    fn blocking(&self) -> usize {
        self.blocking.load(Ordering::Relaxed)
    }
}

impl Tasks for CountingTasks {
    fn spawn(&self, name: &'static str, task: BoxFuture<()>) {
        InlineTasks.spawn(name, task);
    }

    fn spawn_thread(&self, name: &'static str, task: BoxFuture<()>) {
        InlineTasks.spawn_thread(name, task);
    }

    fn spawn_request(&self, name: &'static str, task: BoxFuture<()>) {
        InlineTasks.spawn_request(name, task);
    }

    fn run_blocking(&self, work: Work) -> BoxFuture<()> {
        self.blocking.fetch_add(1, Ordering::Relaxed);
        InlineTasks.run_blocking(work)
    }

    fn deaths(&self) -> Deaths {
        InlineTasks.deaths()
    }

    fn run_unhurried(&self, work: Work) -> BoxFuture<()> {
        InlineTasks.run_unhurried(work)
    }
}

/// A record that is read by itself.
fn record(byte: u8) -> Vec<u8> {
    vec![byte; 300_000 + usize::from(byte) * 1000]
}

/// A journal that has so many records, none of them in its own memory. Its disk has about half of
/// all places at hand.
async fn cold_journal(records: u8) -> (Arc<Journal>, Arc<CountingTasks>) {
    let world = World::inline(1);
    let journal = world.open();
    create(&journal, 1).await;
    for byte in 0..records {
        append(&journal, 0, &record(byte)).await;
    }
    journal.shutdown().await;
    let tasks = Arc::new(CountingTasks::default());
    let env = Env {
        tasks: tasks.clone(),
        ..world.env()
    };
    let journal = Journal::open(env, Path::new(DIRECTORY), world.options).unwrap();
    (journal, tasks)
}

#[tokio::test]
async fn cold_reads_when_the_bytes_are_at_hand_then_need_no_thread_and_bring_what_others_bring() {
    const RECORDS: u8 = 60;
    let one = ReadLimit { records: 1, ..ANY };
    let (journal, tasks) = cold_journal(RECORDS).await;
    let mut at_once = 0;
    for byte in 0..RECORDS {
        let before = tasks.blocking();
        let slice = journal.read(id(0), Offset(byte.into()), one).await.unwrap();
        at_once += u8::from(tasks.blocking() == before);
        let bytes: Vec<&[u8]> = slice.records().map(|record| record.bytes).collect();
        assert_eq!(bytes, [record(byte)]);
    }
    let some = 5..RECORDS - 5;
    assert!(some.contains(&at_once), "{at_once} of {RECORDS} at once");
}

#[tokio::test]
async fn a_read_when_it_would_keep_the_thread_for_long_then_brings_a_part() {
    const RECORDS: u64 = 40;
    let (journal, tasks) = cold_journal(RECORDS as u8).await;
    let mut parts = 0;
    for from in 0..RECORDS {
        let before = tasks.blocking();
        let slice = journal.read(id(0), Offset(from), ANY).await.unwrap();
        if tasks.blocking() == before {
            assert_eq!(
                slice.next,
                Offset(from + 1),
                "a block is as much as may come"
            );
            parts += 1;
        } else {
            assert_eq!(slice.next, slice.end);
        }
    }
    assert!(parts > 5, "{parts} parts");
}
