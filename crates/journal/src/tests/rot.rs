//! Bit rot, exhaustively: a small store closed by a witness, with every bit flipped, every length
//! cut, every two pieces swapped. Each case is read by a journal that knows nothing but the files.
//!
//! Allowed: everything is right, or what is lost is refused with the log, the file and the
//! position. Never: a wrong byte, or a log that ends early without a word.

use super::harness::{DIRECTORY, World, append, create, id, place_in_file, small};
use super::inspecting;
use crate::planted::PlantedBug;
use crate::{Journal, OpenError, Options};
use millstream_env::{Disk, OpenMode};
use millstream_store::store::{LogStore, ReadError};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) const LOGS: u32 = 3;
/// How many each log has.
pub(crate) const RECORDS: [u64; 3] = [5, 5, 3];
/// A header's page and a page of frames.
const SEGMENT_BYTES: u64 = 8 * 1024;

/// The files of a store.
pub(crate) type Files = Vec<(PathBuf, Vec<u8>)>;

/// How the cases went.
#[derive(Debug, Default)]
struct Tally {
    cases: u64,
    harmless: u64,
    detected: u64,
    refused_to_open: u64,
    wrong: Vec<String>,
    missing: Vec<String>,
}

/// What one damaged store showed.
enum Finding {
    Harmless,
    Detected,
    RefusedToOpen,
    Wrong(String),
    Missing(String),
}

pub(crate) fn world(bug: Option<PlantedBug>) -> World {
    let options = Options {
        segment_bytes_max: SEGMENT_BYTES,
        planted: bug,
        ..small()
    };
    World {
        options,
        ..World::inline(1)
    }
}

pub(crate) fn record(log: u32, at: u64) -> Vec<u8> {
    let mut record = format!("log {log} record {at} ").into_bytes();
    record.resize(310, b'a' + log as u8 * 8 + at as u8);
    record
}

/// How a store was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Stop,
    /// The process died after the last group had its witness.
    Death,
}

/// A store in two segments, closed by a witness; without the reserve, whose bytes mean nothing.
pub(crate) async fn store(bug: Option<PlantedBug>, end: End) -> Files {
    let world = world(bug);
    let journal = world.open();
    create(&journal, LOGS - 1).await;
    for at in 0..RECORDS[0] {
        for log in 0..LOGS - 1 {
            append(&journal, log, &record(log, at)).await;
        }
    }
    // The last log is made in the open segment: no MANIFEST tells of it.
    let last = vec![(id(LOGS - 1), millstream_store::LogSettings::default())];
    journal.create(last).await.unwrap();
    for at in 0..RECORDS[2] {
        append(&journal, LOGS - 1, &record(LOGS - 1, at)).await;
    }
    match end {
        End::Stop => journal.shutdown().await,
        End::Death => {
            tokio::task::yield_now().await;
            world.clock.advance(Duration::from_millis(50));
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            world.disk.process_death();
        }
    }
    let mut files = Disk::list(&world.disk, Path::new(DIRECTORY)).unwrap();
    files.retain(|file| !file.ends_with("RESERVE") && !file.ends_with("LOCK"));
    files
        .into_iter()
        .map(|file| (file.clone(), world.disk.contents(&file).unwrap()))
        .collect()
}

/// Opens a store of these files and reads everything.
async fn examine(files: &Files, bug: Option<PlantedBug>) -> Finding {
    let world = world(bug);
    put(&world, files);
    let is_sound = match bug {
        None => match inspecting::look(&world) {
            Ok(seen) => seen.damage().is_empty(),
            Err(error) => return Finding::Wrong(format!("not looked at: {error:?}")),
        },
        Some(_) => false,
    };
    let finding = read_all(&world, files).await;
    match finding {
        Finding::Detected | Finding::RefusedToOpen if is_sound => {
            Finding::Wrong("called sound, and it is not".to_owned())
        }
        Finding::Detected | Finding::RefusedToOpen if bug.is_none() && is_repaired(files) => {
            let wrong = examine_repaired(files).await;
            wrong.map_or(finding, Finding::Wrong)
        }
        Finding::Harmless | Finding::Detected | Finding::RefusedToOpen => finding,
        Finding::Wrong(_) | Finding::Missing(_) => finding,
    }
}

/// Repairs a store of these files, and reads everything; returns what is wrong then.
async fn examine_repaired(files: &Files) -> Option<String> {
    let world = world(None);
    put(&world, files);
    let kept = (0..LOGS)
        .map(|log| (log, (0, RECORDS[log as usize])))
        .collect();
    inspecting::judge_repaired(&world, "one", &kept, record).await
}

/// Whether this case is among those that are repaired, too: one of eight.
fn is_repaired(files: &Files) -> bool {
    let whole = files
        .iter()
        .fold(0, |crc, (_, bytes)| crc32c::crc32c_append(crc, bytes));
    whole.is_multiple_of(8)
}

/// Puts files on the disk of a world.
pub(crate) fn put(world: &World, files: &Files) {
    world.disk.create_directory(Path::new(DIRECTORY)).unwrap();
    for (path, bytes) in files {
        let file = world.disk.open(path, OpenMode::CreateNew).unwrap();
        file.write_all_at(bytes, 0).unwrap();
    }
}

/// Opens a store and reads everything.
async fn read_all(world: &World, files: &Files) -> Finding {
    let journal = match world.try_open() {
        Ok(journal) => journal,
        Err(OpenError::Damaged { .. }) => return Finding::RefusedToOpen,
        Err(other) => return Finding::Wrong(format!("not opened: {other:?}")),
    };
    let mut worst = Finding::Harmless;
    for log in 0..LOGS {
        match read_through(&journal, log, files).await {
            Finding::Harmless => {}
            found @ (Finding::Wrong(_) | Finding::Missing(_)) => return found,
            found @ (Finding::Detected | Finding::RefusedToOpen) => worst = found,
        }
    }
    journal.shutdown().await;
    worst
}

async fn read_through(journal: &Journal, log: u32, files: &Files) -> Finding {
    let mut next = 0;
    while next < RECORDS[log as usize] {
        let slice = match super::harness::read(journal, log, next).await {
            Ok(slice) => slice,
            Err(error) => return judge_error(&error, log, files),
        };
        let before = next;
        for found in slice.records() {
            if found.offset.0 != next || found.bytes != record(log, next) {
                return Finding::Wrong(format!("log {log} at {next}"));
            }
            next += 1;
        }
        if next == before {
            return Finding::Missing(format!("log {log} ends at {next}"));
        }
    }
    Finding::Harmless
}

/// Damage must come with the log, a file of the store and a place in it.
fn judge_error(error: &ReadError, log: u32, files: &Files) -> Finding {
    let ReadError::Damaged { log: told, at, .. } = error else {
        return Finding::Missing(format!("log {log}: {error}"));
    };
    let (file, position) = place_in_file(at);
    let is_file = |(path, bytes): &&(PathBuf, Vec<u8>)| {
        path.ends_with(&file) && position <= (bytes.len() as u64).max(SEGMENT_BYTES)
    };
    if *told == id(log) && files.iter().any(|found| is_file(&found)) {
        return Finding::Detected;
    }
    Finding::Wrong(format!("log {log}: a name that does not fit: {error}"))
}

impl Tally {
    fn add(&mut self, case: impl FnOnce() -> String, finding: Finding) {
        self.cases += 1;
        match finding {
            Finding::Harmless => self.harmless += 1,
            Finding::Detected => self.detected += 1,
            Finding::RefusedToOpen => self.refused_to_open += 1,
            Finding::Wrong(what) => self.wrong.push(format!("{}: {what}", case())),
            Finding::Missing(what) => self.missing.push(format!("{}: {what}", case())),
        }
    }

    #[track_caller]
    fn check(&self, what: &str) {
        println!(
            "{what}: {} cases, {} harmless, {} detected, {} refused to open, {} wrong, {} missing",
            self.cases,
            self.harmless,
            self.detected,
            self.refused_to_open,
            self.wrong.len(),
            self.missing.len()
        );
        self.judge(what);
    }

    #[track_caller]
    fn judge(&self, what: &str) {
        let complaints: Vec<_> = self.wrong.iter().chain(&self.missing).take(10).collect();
        assert!(complaints.is_empty(), "{what}: {complaints:#?}");
        assert!(self.detected > 0 && self.harmless > 0, "{what}");
    }
}

fn is_begun(bytes: &[u8]) -> bool {
    bytes.iter().any(|byte| *byte != 0)
}

/// Every `step`-th bit of every file flipped, one at a time.
async fn flip(bug: Option<PlantedBug>, end: End, first: usize, step: usize) -> Tally {
    let mut files = store(bug, end).await;
    let mut tally = Tally::default();
    for at in 0..files.len() {
        // Of a segment that nothing stands in a few do.
        let step = if is_begun(&files[at].1) { step } else { 997 };
        for bit in (first..files[at].1.len() * 8).step_by(step) {
            files[at].1[bit / 8] ^= 1 << (bit % 8);
            let finding = examine(&files, bug).await;
            let name = files[at].0.clone();
            tally.add(|| format!("{} bit {bit}", name.display()), finding);
            files[at].1[bit / 8] ^= 1 << (bit % 8);
        }
    }
    tally
}

#[tokio::test]
async fn a_store_of_sixteen_kibibytes_when_any_bit_flips_then_is_right_or_says_where_it_is_not() {
    for (end, what) in [
        (End::Stop, "flipped bits"),
        (End::Death, "flipped bits after a death"),
    ] {
        let files = store(None, end).await;
        let begun = files.iter().filter(|(_, bytes)| is_begun(bytes));
        let used: usize = begun.map(|(_, bytes)| bytes.len()).sum();
        assert_eq!(
            files.len(),
            4,
            "a sorted, an open and a prepared segment, and a MANIFEST"
        );
        assert!(used <= 16 * 1024, "{used} bytes");
        assert!(matches!(examine(&files, None).await, Finding::Harmless));
        let tally = flip(None, end, 0, 1).await;
        assert!(tally.cases > used as u64 * 8);
        tally.check(what);
        assert!(tally.refused_to_open > 0);
    }
}

#[tokio::test]
async fn a_store_when_a_file_is_cut_at_any_length_then_is_right_or_says_where_it_is_not() {
    let files = store(None, End::Stop).await;
    let mut tally = Tally::default();
    for at in 0..files.len() {
        for length in 0..files[at].1.len() {
            let mut cut = files.clone();
            cut[at].1.truncate(length);
            let finding = examine(&cut, None).await;
            tally.add(
                || format!("{} cut at {length}", cut[at].0.display()),
                finding,
            );
        }
    }
    tally.check("cut files");
}

#[tokio::test]
async fn a_store_when_any_page_is_zeroed_then_is_right_or_says_where_it_is_not() {
    const PAGE_BYTES: usize = 4096;
    for end in [End::Stop, End::Death] {
        let files = store(None, end).await;
        let mut tally = Tally::default();
        for at in 0..files.len() {
            for start in (0..files[at].1.len()).step_by(PAGE_BYTES) {
                let behind = files[at].1.get(start + PAGE_BYTES..).unwrap_or_default();
                if end == End::Death && start > 0 && !is_begun(behind) {
                    // The witness goes along, and nothing else tells.
                    continue;
                }
                let mut zeroed = files.clone();
                let page = zeroed[at].1[start..].iter_mut().take(PAGE_BYTES);
                page.for_each(|byte| *byte = 0);
                let finding = examine(&zeroed, None).await;
                let name = files[at].0.display();
                tally.add(|| format!("page at {start} of {name} zeroed"), finding);
            }
        }
        assert!(tally.wrong.is_empty(), "{tally:?}");
        assert!(tally.missing.is_empty(), "{tally:?}");
        assert!(tally.harmless > 0 && tally.refused_to_open > 0, "{tally:?}");
    }
}

/// Swaps every two pieces of this size, wherever in the store they stand.
async fn swap(piece: usize) -> Tally {
    let files = store(None, End::Stop).await;
    let places: Vec<(usize, usize)> = (0..files.len())
        .flat_map(|at| (0..files[at].1.len() / piece).map(move |place| (at, place * piece)))
        .collect();
    let mut tally = Tally::default();
    for (index, one) in places.iter().enumerate() {
        for other in &places[index + 1..] {
            let mut swapped = files.clone();
            let [first, second] =
                [one, other].map(|(at, from)| files[*at].1[*from..from + piece].to_vec());
            if first == second {
                continue;
            }
            swapped[one.0].1[one.1..one.1 + piece].copy_from_slice(&second);
            swapped[other.0].1[other.1..other.1 + piece].copy_from_slice(&first);
            let finding = examine(&swapped, None).await;
            tally.add(|| format!("{one:?} and {other:?} swapped"), finding);
        }
    }
    tally
}

#[tokio::test]
async fn a_store_when_any_two_sectors_are_swapped_then_is_right_or_says_where_it_is_not() {
    let tally = swap(512).await;
    tally.check("swapped sectors");
}

/// The payloads of any two blocks, which are all of one length.
#[tokio::test]
async fn a_store_when_any_two_blocks_are_swapped_then_says_so_for_both() {
    let files = store(None, End::Stop).await;
    let mut places = Vec::new();
    for log in 0..LOGS {
        for at in 0..RECORDS[log as usize] {
            let wanted = record(log, at);
            let found = files.iter().enumerate().find_map(|(file, (_, bytes))| {
                let place = bytes
                    .windows(wanted.len())
                    .position(|window| window == wanted);
                place.map(|place| (file, place))
            });
            places.push(found.unwrap());
        }
    }
    let length = record(0, 0).len();
    let mut tally = Tally::default();
    for (index, one) in places.iter().enumerate() {
        for other in &places[index + 1..] {
            let mut swapped = files.clone();
            for (to, from) in [(one, other), (other, one)] {
                let bytes = files[from.0].1[from.1..from.1 + length].to_vec();
                swapped[to.0].1[to.1..to.1 + length].copy_from_slice(&bytes);
            }
            let finding = examine(&swapped, None).await;
            tally.add(|| format!("blocks {one:?} and {other:?} swapped"), finding);
        }
    }
    assert_eq!((tally.cases, tally.detected), (78, 78), "{tally:?}");
}

/// Some bits of a store whose process died, other ones with each seed.
pub(crate) async fn flip_some(world: World) {
    let tally = flip(world.options.planted, End::Death, world.seed as usize, 509).await;
    tally.judge("flipped bits after a death");
}
