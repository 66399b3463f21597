//! Volumes of many sizes, filled to the last byte with records of all sizes: after a third of them
//! is deleted, whose records stand in nearly every segment, writing goes on, at once and after a
//! restart.

use super::harness::{DIRECTORY, World, batch, create, id, read_all, small, try_append};
use crate::{Journal, Options};
use fastrand::Rng;
use millstream_store::batch::Batch;
use millstream_store::batches::Batches;
use millstream_store::store::{AppendError, LogId, LogSettings, LogStore, Priority};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const MIB: u64 = 1024 * 1024;
/// Three streams of two shards.
const LOGS: u32 = 6;
/// The stream that is deleted has these.
const DELETED: [u32; 2] = [2, 3];
const RECORD_BYTES_MAX: usize = 60_000;
/// Looks of the cleaner until there must be room: one each second.
const LOOKS: u32 = 10;

pub(crate) fn catalog() -> LogId {
    LogId { group: 0, index: 0 }
}

/// The segments of a server, of which a volume takes smaller ones.
fn usual() -> Options {
    Options {
        segment_bytes_max: crate::SEGMENT_BYTES_MAX,
        ..small()
    }
}

struct Filled {
    world: World,
    journal: Arc<Journal>,
    rng: Rng,
    /// The records of each log.
    counts: [usize; LOGS as usize],
}

impl Filled {
    async fn new(world: World, capacity_bytes: u64) -> Self {
        world.disk.set_capacity(Some(capacity_bytes));
        let journal = world.open();
        let settings = LogSettings {
            priority: Priority::Reserved,
            ..LogSettings::default()
        };
        journal.create(vec![(catalog(), settings)]).await.unwrap();
        create(&journal, LOGS).await;
        let (rng, counts) = (Rng::with_seed(world.seed), [0; LOGS as usize]);
        let mut filled = Self {
            world,
            journal,
            rng,
            counts,
        };
        filled.fill().await;
        filled
    }

    /// Records of any size until one is refused, then smaller and smaller ones.
    async fn fill(&mut self) {
        let mut most = RECORD_BYTES_MAX;
        while most > 0 {
            while self.put(most).await {}
            most /= 2;
        }
        while self.put(1).await {}
    }

    async fn put(&mut self, most: usize) -> bool {
        let (index, length) = (self.rng.u32(..LOGS), self.rng.usize(..=most));
        let byte = self.counts[index as usize] as u8;
        match try_append(&self.journal, index, batch(&[vec![byte; length]])).await {
            Ok(appended) => {
                assert_eq!(appended.first.0, self.counts[index as usize] as u64);
                self.counts[index as usize] += 1;
                true
            }
            Err(AppendError::Full) => false,
            Err(AppendError::NoSuchLog(_)) => true,
            Err(error) => panic!("{error}"),
        }
    }

    /// As a stream is deleted: a command, marks in its shards, a command, and the logs go.
    async fn delete(&mut self) {
        for command in [&[1; 200], &[2; 200]] {
            let appended = Batches::one(catalog(), Batch::data(command));
            let appended = self.journal.append_many(appended).await.remove(0);
            appended.expect("a command is taken");
            for index in DELETED {
                let sealed = self.journal.seal(id(index), b"end").await;
                sealed.expect("a mark is taken");
            }
        }
        let logs = DELETED.map(id).to_vec();
        self.journal.delete(logs).await.unwrap();
    }

    /// Writes until what was deleted is written again, nearly; there is always room within a few
    /// looks.
    async fn refill(&mut self, bytes: u64) {
        let mut written = 0;
        while written < bytes {
            let length = self.rng.usize(..=RECORD_BYTES_MAX);
            self.put_soon(length).await;
            written += length as u64;
        }
    }

    async fn put_soon(&mut self, length: usize) {
        for _ in 0..LOOKS {
            let byte = self.counts[0] as u8;
            match try_append(&self.journal, 0, batch(&[vec![byte; length]])).await {
                Ok(_) => {
                    self.counts[0] += 1;
                    return;
                }
                Err(error) => assert_eq!(error, AppendError::Full),
            }
            self.world.clock.advance(Duration::from_secs(1));
            self.journal.maintain().await;
        }
        panic!(
            "no room: {} bytes are free, and the segments are {:?}",
            millstream_env::Disk::free_bytes(&self.world.disk, Path::new(DIRECTORY)).unwrap(),
            self.segments()
        );
    }

    /// What a look at a segment would tell.
    fn segments(&self) -> Vec<(u64, u64)> {
        let segments = self.journal.segments.all();
        let all = segments.values().map(|one| (one.number, one.file_bytes()));
        all.collect()
    }

    async fn restart(&mut self) {
        self.journal.shutdown().await;
        verify_files(&self.world, &self.journal);
        self.world.disk.process_death();
        self.journal = self.world.open();
    }

    async fn verify(&self) {
        for index in 0..LOGS {
            if DELETED.contains(&index) {
                continue;
            }
            let found = read_all(&self.journal, index).await.unwrap();
            assert_eq!(found.len(), self.counts[index as usize], "of log {index}");
            let is_right =
                |(at, record): &(u64, Vec<u8>)| record.iter().all(|byte| *byte == *at as u8);
            assert!(found.iter().all(is_right), "of log {index}");
        }
    }
}

/// Files in the directory that neither the MANIFEST lists nor always are there.
pub(crate) fn unexpected(world: &World, journal: &Journal) -> Vec<String> {
    let contents = world.disk.names();
    let name = |path: &std::path::PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    let segments = journal.segments.all();
    let is_listed = |name: &str| segments.values().any(|segment| segment.name == *name);
    let is_own = |name: &str| ["LOCK", "MANIFEST", "RESERVE", "stranger"].contains(&name);
    let (spares, mut others): (Vec<_>, Vec<_>) =
        { contents.iter().map(name) }.partition(|name| name.ends_with(".spare"));
    others.retain(|name| !is_listed(name) && !is_own(name));
    others.extend(spares.into_iter().skip(2));
    others
}

/// The directory holds what the MANIFEST lists and what always is there, and nothing else.
pub(crate) fn verify_files(world: &World, journal: &Journal) {
    assert_eq!(unexpected(world, journal), Vec::<String>::new());
    let names = journal.segments.all();
    let names = names.values().map(|segment| segment.name.clone());
    for name in names.chain(["MANIFEST", "RESERVE"].map(str::to_owned)) {
        let contents = world.disk.contents(&Path::new(DIRECTORY).join(&name));
        assert!(contents.is_some(), "{name} is missing");
    }
}

/// Somebody else takes whatever is left, also what the disk does not call free.
fn take_the_rest(world: &World) {
    let path = Path::new("/data/stranger");
    let file =
        millstream_env::Disk::open(&world.disk, path, millstream_env::OpenMode::CreateNew).unwrap();
    let (mut length, mut step) = (0, 64 * MIB);
    while step > 0 {
        match file.allocate(length + step) {
            Ok(()) => length += step,
            Err(_) => step /= 2,
        }
    }
}

async fn go_on(world: World, capacity_bytes: u64) {
    let filled = Filled::new(world, capacity_bytes).await;
    filled.verify().await;
    delete_and_go_on(filled, capacity_bytes).await;
}

async fn delete_and_go_on(mut filled: Filled, capacity_bytes: u64) {
    filled.delete().await;
    filled.refill(capacity_bytes / 8).await;
    filled.verify().await;
    filled.restart().await;
    filled.put_soon(RECORD_BYTES_MAX).await;
    filled.restart().await;
    filled.verify().await;
}

#[tokio::test]
async fn a_volume_of_any_size_when_it_was_full_and_a_third_is_deleted_then_is_written_again() {
    for (seed, mib) in (1..).zip([8, 10, 13, 16, 20, 26, 32, 40, 52, 64]) {
        println!("{mib} MiB");
        go_on(World::inline(seed).with(usual()), mib * MIB).await;
    }
}

/// The same with writer, keeper, cleaner and sorter each on a thread.
#[tokio::test]
async fn a_full_volume_when_everybody_works_at_once_then_is_written_again() {
    for (seed, mib) in (1..).zip([12, 24, 48]) {
        println!("{mib} MiB");
        go_on(World::new(seed).with(usual()), mib * MIB).await;
    }
}

/// As root's processes may do on a file system that keeps a twentieth for root.
#[tokio::test]
async fn a_full_volume_when_others_take_its_last_byte_then_is_written_again() {
    for (seed, mib) in (1..).zip([13, 16, 20, 24, 28, 32, 40, 64]) {
        println!("{mib} MiB");
        let world = World::inline(seed).with(usual());
        world.disk.set_kept(mib * MIB / 20);
        let mut filled = Filled::new(world, mib * MIB).await;
        take_the_rest(&filled.world);
        // What is left of the open segment.
        filled.fill().await;
        filled.verify().await;
        delete_and_go_on(filled, mib * MIB).await;
    }
}

#[tokio::test]
async fn a_full_volume_when_restarted_before_the_deletion_then_is_written_again() {
    for (seed, mib) in (1..).zip([8, 16, 32, 64]) {
        println!("{mib} MiB");
        let world = World::inline(seed).with(usual());
        let mut filled = Filled::new(world, mib * MIB).await;
        filled.restart().await;
        filled.delete().await;
        filled.restart().await;
        filled.refill(mib * MIB / 8).await;
        filled.verify().await;
    }
}
