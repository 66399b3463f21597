//! Sorting: it runs in the background, yields when its room is wanted, and keeps up all the same.

use super::harness::{DIRECTORY, World, batch, create, id, read_all, small, try_append};
use super::inline::InlineTasks;
use crate::space::backlog::is_interleaved;
use crate::space::grace::FREED_AFTER;
use crate::{Journal, Options};
use millstream_env::{BoxFuture, Deaths, Env, Tasks, Work};
use millstream_store::store::{AppendError, LogStore, Offset};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::Semaphore;

const LOGS: u32 = 20;
/// Longest wait for a lock that is free.
const PATIENCE: Duration = Duration::from_secs(100);

/// Tasks on the test's own thread. Unhurried work waits for a permit, and is run while somebody
/// else has every lock that writers and readers want.
struct Watched {
    permits: Arc<Semaphore>,
    unhurried: AtomicUsize,
    journal: Arc<OnceLock<Arc<Journal>>>,
}

impl Watched {
    fn unhurried(&self) -> usize {
        self.unhurried.load(Ordering::Relaxed)
    }

    /// Lets all unhurried work run.
    fn release(&self) {
        self.permits.add_permits(1000);
    }
}

impl Tasks for Watched {
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
        InlineTasks.run_blocking(work)
    }

    fn deaths(&self) -> Deaths {
        InlineTasks.deaths()
    }

    fn run_unhurried(&self, work: Work) -> BoxFuture<()> {
        self.unhurried.fetch_add(1, Ordering::Relaxed);
        let (permits, journal) = (self.permits.clone(), self.journal.clone());
        Box::pin(async move {
            permits.acquire().await.unwrap().forget();
            run_while_all_is_locked(journal.get().unwrap(), work);
        })
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "it may never end, which no task may"
)]
fn run_alone(work: Work) {
    let (tell, told) = mpsc::sync_channel(1);
    let run = move || {
        work();
        tell.send(()).unwrap();
    };
    std::thread::Builder::new().spawn(run).unwrap();
    let done = told.recv_timeout(PATIENCE);
    assert_eq!(done, Ok(()), "it waits for a lock");
}

fn run_while_all_is_locked(journal: &Journal, work: Work) {
    let mut work = Some(work);
    let mut run = || run_alone(work.take().expect("it is run once"));
    let mut run = || journal.damage.while_locked(&mut run);
    let mut run = || journal.segments.while_locked(&mut run);
    let mut run = || journal.logs.while_locked(&mut run);
    let mut run = || journal.handover.while_locked(&mut run);
    let mut run = || journal.upkeep.listing.while_locked(&mut run);
    let mut run = || journal.upkeep.footers.while_locked(&mut run);
    journal.upkeep.reclaimer.while_locked(&mut run);
}

/// A world, and a journal in it whose sorting waits to be released.
fn open(options: Options) -> (World, Arc<Watched>, Arc<Journal>) {
    let world = World::inline(1).with(options);
    let tasks = Arc::new(Watched {
        permits: Arc::new(Semaphore::new(0)),
        unhurried: AtomicUsize::new(0),
        journal: Arc::default(),
    });
    let env = Env {
        tasks: tasks.clone(),
        ..world.env()
    };
    let journal = Journal::open(env, Path::new(DIRECTORY), world.options).unwrap();
    assert!(tasks.journal.set(journal.clone()).is_ok());
    (world, tasks, journal)
}

/// Segments that wait to be sorted.
fn waiting(journal: &Journal) -> usize {
    let segments = journal.segments.all();
    let waiting = segments.values().filter(|segment| is_interleaved(segment));
    waiting.count()
}

/// Appends to all logs in turns until so many segments wait to be sorted; how often.
async fn interleave_until(journal: &Journal, segments: usize) -> u64 {
    let mut rounds = 0;
    while waiting(journal) < segments {
        assert_eq!(interleave(journal).await, None);
        rounds += 1;
    }
    rounds
}

async fn interleave(journal: &Journal) -> Option<AppendError> {
    let batches = (0..LOGS).map(|log| (id(log), batch(&[vec![log as u8; 2_000]])));
    let results = journal.append_many(batches.collect()).await;
    results.into_iter().find_map(Result::err)
}

async fn check_records(journal: &Journal, rounds: u64) {
    for log in 0..LOGS {
        let records = read_all(journal, log).await.unwrap();
        let as_written = |(_, bytes): &(u64, Vec<u8>)| *bytes == vec![log as u8; 2_000];
        assert!(records.len() as u64 == rounds && records.iter().all(as_written));
    }
}

/// No copy that was given up is left, and nothing else that no MANIFEST lists.
fn check_files(world: &World, journal: &Journal) {
    let listed = journal.segments.count();
    assert_eq!(world.segments().len(), listed);
}

#[tokio::test]
async fn segments_when_few_wait_then_are_copied_unhurried_and_without_any_lock_that_others_want() {
    let (world, tasks, journal) = open(small());
    create(&journal, LOGS).await;
    let rounds = interleave_until(&journal, 3).await;
    assert_eq!(tasks.unhurried(), 1, "one at a time");
    check_records(&journal, rounds).await;
    tasks.release();
    journal.maintain().await;
    assert_eq!((waiting(&journal), tasks.unhurried()), (0, 3));
    check_records(&journal, rounds).await;
    check_files(&world, &journal);
    check_records(&world.lose_power(), rounds).await;
}

#[tokio::test]
async fn segments_when_too_many_wait_then_are_copied_in_a_hurry_until_few_do() {
    const MAX: usize = 2;
    let options = Options {
        unsorted_segments_max: MAX,
        ..small()
    };
    let (world, tasks, journal) = open(options);
    create(&journal, LOGS).await;
    let rounds = interleave_until(&journal, 6).await;
    assert_eq!(tasks.unhurried(), 1);
    let begun = || journal.segments.next_number();
    let before = begun();
    tasks.release();
    journal.maintain().await;
    // The first was given up when it came to run, to begin again.
    assert_eq!((waiting(&journal), begun() - before), (0, 6));
    assert_eq!(tasks.unhurried(), 1 + MAX);
    check_records(&journal, rounds).await;
    check_files(&world, &journal);
}

#[tokio::test]
async fn a_segment_when_freed_while_it_is_copied_then_is_forgotten_with_its_copy() {
    let (world, tasks, journal) = open(small());
    create(&journal, LOGS).await;
    let rounds = interleave_until(&journal, 1).await;
    for log in 0..LOGS {
        journal.trim(id(log), Offset(rounds)).await.unwrap();
    }
    world.clock.advance(FREED_AFTER);
    // Not the journal's own, which would wait for the sorter.
    journal.upkeep.maintain().await;
    assert_eq!((waiting(&journal), tasks.unhurried()), (0, 1));
    tasks.release();
    journal.maintain().await;
    let segments = journal.segments.all();
    assert!(segments.values().all(|segment| !segment.is_sorted));
    check_files(&world, &journal);
    check_records(&journal, 0).await;
}

#[tokio::test]
async fn a_segment_when_the_disk_fills_while_it_is_copied_then_leaves_the_room_to_others() {
    let (world, tasks, journal) = open(small());
    world.disk.set_capacity(Some(12 * 1024 * 1024));
    create(&journal, LOGS + 1).await;
    let mut rounds = interleave_until(&journal, 1).await;
    while interleave(&journal).await.is_none() {
        rounds += 1;
    }
    let written = world.disk.written_bytes();
    tasks.release();
    // Without the cleaner, which would look whether the disk is still full.
    journal.sorter.sort().await;
    assert!(waiting(&journal) > 1);
    assert_eq!(world.disk.written_bytes(), written);
    assert_eq!(tasks.unhurried(), 1, "none was begun after it");
    check_files(&world, &journal);
    check_records(&journal, rounds).await;
    let refused = try_append(&journal, 0, batch(&[[1; 500_000]])).await;
    assert_eq!(refused.err(), Some(AppendError::Full));
}
