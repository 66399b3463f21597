//! A process killed at any call to the disk that changes something, and the power lost at any such
//! call of the next process: while it starts, frees space, and goes on to the next segment. What
//! the first one left in the page cache counts for the second, and may then be gone. The third
//! opens with all that was acknowledged, and soon has no file that the MANIFEST does not list.

use super::harness::{DIRECTORY, World, append, batch, create, id, read_all, tiny, try_append};
use super::refilled::verify_files;
use crate::format::segment::segment_name;
use crate::space::grace::FREED_AFTER;
use crate::{Journal, Options};
use millstream_env::{Call, Disk, Fault, Random};
use millstream_store::store::{AppendError, LogStore, Offset};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The log whose records are trimmed.
const TRIMMED: u32 = 0;
/// The log of which the first segments have a little.
const KEPT: u32 = 1;
/// The log that each process appends to.
const GROWING: u32 = 2;
/// The size of segments, and of those that become spares when they are freed.
const SMALL_BYTES: u64 = 128 * 1024;
const LARGE_BYTES: u64 = 2 * 1024 * 1024;
/// The number of the last segment that the first process finds.
const LAST: u64 = 4;
const SECTOR_BYTES: usize = 512;
/// Where its first page has a limit.
const LIMIT: std::ops::Range<usize> = 1536..1552;
/// Calls that change something.
const CHANGES: [Call; 7] = [
    Call::Write,
    Call::SyncData,
    Call::SetLength,
    Call::Allocate,
    Call::Rename,
    Call::Remove,
    Call::SyncDirectory,
];
/// What a loss of power takes, asked about each unsynced change in turn.
const OUTCOMES: [&[u8]; 6] = [
    &[ALL],
    &[NOTHING],
    &[NAMES],
    &[BYTES],
    &[ALL, NOTHING],
    &[NOTHING, ALL],
];
/// A change is lost, or remains, whether of a name or of bytes.
const ALL: u8 = 3;
const NOTHING: u8 = 4;
/// A change of a name is lost, and one of bytes remains; or the reverse.
const NAMES: u8 = 1;
const BYTES: u8 = 0;

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// A store that the first process finds.
struct Found {
    options: Options,
    files: Files,
    /// The records of the log that is kept.
    kept: Vec<(u64, Vec<u8>)>,
}

/// Chance that is told what comes, again and again.
struct InTurn {
    bytes: &'static [u8],
    asked: AtomicUsize,
}

impl InTurn {
    fn new(bytes: &'static [u8]) -> Self {
        let asked = AtomicUsize::new(0);
        Self { bytes, asked }
    }
}

impl Random for InTurn {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            let asked = self.asked.fetch_add(1, Ordering::Relaxed);
            *byte = self.bytes[asked % self.bytes.len()];
        }
    }
}

/// What the processes appended.
#[derive(Clone, Copy, Default)]
struct Appended {
    acknowledged: u64,
    tried: u64,
}

/// How the last segment is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    /// With frames.
    Begun,
    /// With all of its first write but the sector of the header.
    LostHeader,
    /// Unused, with nothing of a first write but a limit.
    LostFrame,
    /// Unused, and all others have footers.
    Unused,
}

impl Last {
    const ALL: [Self; 4] = [Self::Begun, Self::LostHeader, Self::LostFrame, Self::Unused];
}

fn files(world: &World) -> Files {
    let paths = Disk::list(&world.disk, Path::new(DIRECTORY)).unwrap();
    let files = paths.into_iter();
    files
        .filter_map(|path| world.disk.contents(&path).map(|bytes| (path, bytes)))
        .collect()
}

impl Found {
    async fn new(segment_bytes_max: u64, last: Last) -> Self {
        let options = Options {
            segment_bytes_max,
            ..tiny()
        };
        let world = World {
            options,
            ..World::inline(1)
        };
        let journal = world.open();
        create(&journal, 3).await;
        let is_begun = matches!(last, Last::Begun | Last::LostHeader);
        let is_reached = || match is_begun {
            true => journal.segments.active() == LAST,
            false => journal.segments.newest() == Some(LAST),
        };
        let mut kept = Vec::new();
        let record = vec![7; segment_bytes_max as usize / 5];
        for at in 0_u64.. {
            if is_reached() {
                break;
            }
            kept.push((at, at.to_le_bytes().to_vec()));
            append(&journal, KEPT, &at.to_le_bytes()).await;
            append(&journal, TRIMMED, &record).await;
        }
        let all = Offset(kept.len() as u64);
        journal.trim(id(TRIMMED), all).await.unwrap();
        if last == Last::Unused {
            // Its first write fails, and meanwhile the one before it is sealed.
            world.disk.fail_nth(Call::Write, 1, Fault::ENOSPC);
            let large = vec![7; segment_bytes_max as usize * 3 / 4];
            let refused = try_append(&journal, TRIMMED, batch(&[&large])).await;
            assert_eq!(refused.err(), Some(AppendError::Full));
            assert_eq!(journal.segments.active(), LAST);
            journal.upkeep.footers.write();
        }
        world.disk.process_death();
        let mut files = files(&world);
        let newest = Path::new(DIRECTORY).join(segment_name(LAST));
        let newest = files.get_mut(&newest).unwrap();
        match last {
            Last::Begun | Last::Unused => {}
            Last::LostHeader => newest[..SECTOR_BYTES].fill(0),
            Last::LostFrame => newest[LIMIT].fill(1),
        }
        Self {
            options,
            files,
            kept,
        }
    }

    /// With other salts to come than those that were.
    fn world(&self) -> World {
        let options = self.options;
        let world = World {
            options,
            ..World::inline(2)
        };
        Disk::create_directory(&world.disk, Path::new(DIRECTORY)).unwrap();
        for (path, bytes) in &self.files {
            world.disk.put_back(path, bytes);
        }
        world
    }
}

/// A process that opens the journal, frees space and goes on to the next segment.
async fn live(world: &World, appended: &mut Appended) -> Option<Arc<Journal>> {
    let journal = world.try_open().ok()?;
    world.clock.advance(FREED_AFTER);
    journal.maintain().await;
    let record = vec![9; world.options.segment_bytes_max as usize / 4];
    for _ in 0..3 {
        appended.tried += 1;
        let done = try_append(&journal, GROWING, batch(&[&record])).await;
        appended.acknowledged += u64::from(done.is_ok());
    }
    Some(journal)
}

/// A call at which a process dies.
type Death = (Call, u64);

/// A process that dies at a call, or at the end; whether it was at the call.
async fn live_until(world: &World, (call, nth): Death, appended: &mut Appended) -> bool {
    world.disk.fail_nth(call, nth, Fault::Death);
    drop(live(world, appended).await);
    world.disk.cancel_faults();
    world.disk.process_death();
    !world.disk.take_struck().is_empty()
}

impl Found {
    async fn check(&self, journal: &Arc<Journal>, appended: Appended, what: &str) {
        let Appended {
            acknowledged,
            tried,
        } = appended;
        let kept = read_all(journal, KEPT).await;
        assert_eq!(kept.as_ref(), Ok(&self.kept), "{what}");
        assert_eq!(read_all(journal, TRIMMED).await, Ok(Vec::new()), "{what}");
        let grown = read_all(journal, GROWING).await.unwrap().len() as u64;
        assert!((acknowledged..=tried).contains(&grown), "{what}: {grown}");
    }

    /// Two processes that die, and two that do not; whether each of the first died at its call.
    async fn lives(&self, deaths: [Death; 2], outcome: &'static [u8]) -> [bool; 2] {
        let what = format!("{deaths:?}, outcome {outcome:?}");
        let (world, mut appended) = (self.world(), Appended::default());
        let first = live_until(&world, deaths[0], &mut appended).await;
        let second = live_until(&world, deaths[1], &mut appended).await;
        world.disk.power_loss(&InTurn::new(outcome));
        let opened = world.try_open();
        let journal = opened.unwrap_or_else(|error| panic!("{what}: {error}"));
        self.check(&journal, appended, &what).await;
        drop(journal);
        world.disk.process_death();
        let journal = live(&world, &mut appended).await;
        let journal = journal.unwrap_or_else(|| panic!("{what}: it does not open again"));
        self.check(&journal, appended, &what).await;
        verify_files(&world, &journal);
        [first, second]
    }

    /// Every two deaths, of which the first is at such a call; the outcomes by turns.
    async fn try_all(&self, firsts: &[Call]) -> u64 {
        let mut cases = 0;
        for first in firsts.iter().copied() {
            for nth in 1.. {
                let mut has_died = false;
                for second in CHANGES {
                    for mth in 1.. {
                        let deaths = [(first, nth), (second, mth)];
                        let outcome = OUTCOMES[cases as usize % OUTCOMES.len()];
                        let died = self.lives(deaths, outcome).await;
                        cases += 1;
                        has_died |= died[0];
                        if !died[1] {
                            break;
                        }
                    }
                }
                if !has_died {
                    break;
                }
            }
        }
        cases
    }
}

#[tokio::test]
async fn processes_when_one_is_killed_and_the_next_loses_power_then_the_third_has_all() {
    for last in Last::ALL {
        let cases = Found::new(SMALL_BYTES, last).await.try_all(&CHANGES).await;
        assert!(cases > 1_000, "{last:?}: {cases} cases");
    }
}

/// Segments that are kept as spares once they are freed, and overwritten by the next ones.
#[tokio::test]
async fn processes_when_they_die_with_spares_one_after_the_other_then_the_third_has_all() {
    let names = [Call::Rename, Call::SyncDirectory];
    let found = Found::new(LARGE_BYTES, Last::LostFrame).await;
    let cases = found.try_all(&names).await;
    assert!(cases > 500, "{cases} cases");
}
