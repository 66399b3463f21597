//! A MANIFEST from an earlier time beside segments all of which are complete, as a backup that is
//! put back leaves them: nothing acknowledged goes without a word, neither by a start nor by a
//! repair.

use super::harness::{DIRECTORY, World, append, create, id, read_all, tiny};
use super::inspecting::{judge_repaired, look};
use crate::OpenError;
use crate::format::segment::segment_name;
use crate::inspect::What;
use crate::space::grace::FREED_AFTER;
use millstream_env::Disk;
use millstream_store::store::{LogSettings, LogStore};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Two from the beginning, and one that is made later.
const LOGS: u32 = 3;
const LATE: u32 = 2;
const ROLLS: usize = 9;
/// From here on the last log is there.
const LATE_FROM: usize = 4;

type Files = BTreeMap<PathBuf, Vec<u8>>;

fn record(log: u32, at: u64) -> Vec<u8> {
    let mut record = format!("log {log} record {at} ").into_bytes();
    record.resize(3_000, b'a' + log as u8);
    record
}

fn manifest() -> PathBuf {
    Path::new(DIRECTORY).join("MANIFEST")
}

/// A store whose newest segment was just begun when the power failed, so that it is zeros.
struct Store {
    files: Files,
    /// MANIFESTs that it had, from the first on.
    older: Vec<Vec<u8>>,
    /// The first record of each log and the number of all.
    logs: BTreeMap<u32, (u64, u64)>,
}

impl Store {
    async fn new() -> Self {
        let world = World::inline(1).with(tiny());
        let journal = world.open();
        create(&journal, LATE).await;
        let mut older: Vec<Vec<u8>> = Vec::new();
        let (mut rolls, mut logs) = (0, BTreeMap::new());
        let mut ends = [0; LOGS as usize];
        let mut log = 0;
        while rolls < ROLLS {
            let count = if rolls < LATE_FROM { LATE } else { LOGS };
            log = (log + 1) % count;
            let end = &mut ends[log as usize];
            logs.insert(log, (0, *end));
            let before = journal.segments.active();
            append(&journal, log, &record(log, *end)).await;
            *end += 1;
            if journal.segments.active() != before {
                rolls += 1;
                older.push(world.disk.contents(&manifest()).unwrap());
                if rolls == LATE_FROM {
                    let late = vec![(id(LATE), LogSettings::default())];
                    journal.create(late).await.unwrap();
                }
                if rolls < ROLLS {
                    journal.maintain().await;
                    world.clock.advance(FREED_AFTER);
                }
            }
            if rolls < ROLLS {
                logs.insert(log, (0, ends[log as usize]));
            }
        }
        journal.upkeep.footers.write();
        let newest = segment_name(journal.segments.active());
        let mut files = files(&world);
        { files.get_mut(&Path::new(DIRECTORY).join(newest)) }
            .unwrap()
            .fill(0);
        older.pop();
        older.dedup();
        Self { files, older, logs }
    }

    fn world(&self, manifest_then: &[u8]) -> World {
        let world = World::inline(1).with(tiny());
        Disk::create_directory(&world.disk, Path::new(DIRECTORY)).unwrap();
        for (path, bytes) in &self.files {
            world.disk.put_back(path, bytes);
        }
        world.disk.put_back(&manifest(), manifest_then);
        world
    }
}

fn files(world: &World) -> Files {
    let paths = Disk::list(&world.disk, Path::new(DIRECTORY)).unwrap();
    let paths = paths.into_iter();
    paths
        .filter_map(|path| world.disk.contents(&path).map(|bytes| (path, bytes)))
        .collect()
}

#[tokio::test]
async fn a_manifest_when_older_than_segments_that_are_all_complete_then_is_called_so_and_all_stays()
{
    let store = Store::new().await;
    assert!(store.older.len() > ROLLS / 2, "{}", store.older.len());
    for (nth, older) in store.older.iter().enumerate() {
        let world = store.world(older);
        let before = files(&world);
        let refused = world.try_open().err().unwrap();
        assert!(matches!(refused, OpenError::Stray { .. }), "{refused}");
        let text = refused.to_string();
        assert!(text.contains("MANIFEST is older than"), "{nth}: {text}");
        let after = files(&world);
        for (path, bytes) in &before {
            assert_eq!(after.get(path), Some(bytes), "{nth}: {}", path.display());
        }
        let seen = look(&world).unwrap();
        let is_older = |what: &What| *what == What::ManifestOlder;
        let mut damage = seen.damage().into_iter();
        assert!(damage.any(|found| is_older(&found.what)), "{nth}: {seen:?}");
        let wrong = judge_repaired(&world, "one", &store.logs, record).await;
        assert_eq!(wrong, None, "MANIFEST {nth}");
        let journal = world.open();
        for (log, (_, end)) in &store.logs {
            // One more record was added by the judge.
            let found = read_all(&journal, *log).await.unwrap().len() as u64;
            assert_eq!(found, end + 1, "MANIFEST {nth}, log {log}");
        }
    }
}

/// Fills segments with one log, whose blocks stay where they are, up to the last record before a
/// roll; returns the number of records.
async fn fill(world: &World) -> u64 {
    let journal = world.open();
    create(&journal, 1).await;
    let mut rolls = Vec::new();
    let mut at = 0;
    while rolls.len() < 3 {
        let before = journal.segments.active();
        append(&journal, 0, &record(0, at)).await;
        if journal.segments.active() != before {
            rolls.push(at);
        }
        at += 1;
    }
    rolls[2]
}

/// Copies ordered by log tell of no creation: of such logs an older MANIFEST knows nothing at all.
#[tokio::test]
async fn logs_when_made_after_an_older_manifest_and_copied_since_then_stay_with_all_they_hold() {
    let full = fill(&World::inline(1).with(tiny())).await;
    let world = World::inline(1).with(tiny());
    let journal = world.open();
    create(&journal, 1).await;
    for at in 0..full {
        append(&journal, 0, &record(0, at)).await;
    }
    let (older, before) = (
        world.disk.contents(&manifest()).unwrap(),
        journal.segments.active(),
    );
    // So many entries do not fit into what is left of the segment.
    let late = (1..300).map(|index| (id(index), LogSettings::default()));
    journal.create(late.collect()).await.unwrap();
    assert!(journal.segments.active() > before);
    let (mut logs, mut ends) = (BTreeMap::from([(0, (0, full))]), [0; 3]);
    let (mut rolls, mut log) = (0, 1);
    while rolls < 3 {
        log = 3 - log;
        let (active, end) = (journal.segments.active(), &mut ends[log as usize]);
        logs.insert(log, (0, *end));
        append(&journal, log, &record(log, *end)).await;
        *end += 1;
        if journal.segments.active() != active {
            rolls += 1;
            world.clock.advance(FREED_AFTER);
            journal.maintain().await;
        }
    }
    // The newest one is lost with its only record, the last of all.
    logs.insert(3 - log, (0, ends[3 - log as usize]));
    let newest = Path::new(DIRECTORY).join(segment_name(journal.segments.active()));
    let mut files = files(&world);
    files.get_mut(&newest).unwrap().fill(0);
    let store = Store {
        files,
        older: Vec::new(),
        logs,
    };
    let world = store.world(&older);
    let refused = world.try_open().err().unwrap();
    assert!(matches!(refused, OpenError::Stray { .. }), "{refused}");
    let wrong = judge_repaired(&world, "one", &store.logs, record).await;
    assert_eq!(wrong, None);
    let journal = world.open();
    for (log, (_, end)) in &store.logs {
        let found = read_all(&journal, *log).await.unwrap().len() as u64;
        assert_eq!(found, end + 1, "log {log}");
    }
}
