//! Hands in the directory: an earlier version of a file put back, a file gone, a file that cannot
//! be read, after a clean stop and after a death. The store has rolled, sorted, freed and recycled
//! before.
//!
//! Allowed: everything is right; what is lost is refused with its log and file; or the journal does
//! not open and says which file keeps it from that, and every file is as it was. Never: a record
//! less without a word, or a file less beside damage.

use super::harness::{DIRECTORY, World, append, create, id, read, read_all, small};
use super::inspecting;
use crate::format::segment::{HEAD_BYTES, segment_name};
use crate::planted::PlantedBug;
use crate::space::grace::FREED_AFTER;
use crate::{Journal, OpenError, Options};
use millstream_env::{Disk, Unreadable};
use millstream_store::store::{LogSettings, LogStore, Offset, ReadError};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Written all the time; the first stays whole, the second is trimmed.
const WHOLE: u32 = 0;
const TRIMMED: u32 = 1;
/// Deleted half-way.
const DELETED: u32 = 2;
/// Made half-way.
const LATE: u32 = 3;
const ROUNDS: u64 = 120;
/// Up to here records are so small that their segments are sorted; those of later ones stay as they
/// are.
const SORTED_ROUNDS: u64 = 80;
const SMALL_BYTES: usize = 24_000;
const LARGE_BYTES: usize = 40_000;
/// What is left of a full one is large enough to be kept as a spare.
const SEGMENT_BYTES: u64 = 2 * 1024 * 1024;
const WAYS: [Unreadable; 3] = [Unreadable::FORBIDDEN, Unreadable::LOST, Unreadable::BROKEN];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Stop,
    /// The process dies after the last group had its witness.
    Death,
}

/// A store as it was left, and every version that each of its files ever had.
struct Store {
    bug: Option<PlantedBug>,
    files: Files,
    versions: BTreeMap<PathBuf, Vec<Vec<u8>>>,
    /// For each log that is there, the first record and the number of all.
    logs: BTreeMap<u32, (u64, u64)>,
    newest: PathBuf,
}

/// What one case showed.
#[derive(Debug, PartialEq, Eq)]
enum Finding {
    Right,
    Damaged,
    Refused(String),
    /// The last records are not there, and nothing says so.
    Short(String),
    Wrong(String),
}

fn record(log: u32, at: u64) -> Vec<u8> {
    let mut record = format!("log {log} record {at} ").into_bytes();
    let round = if log == LATE { at + ROUNDS / 2 } else { at };
    let bytes = if round < SORTED_ROUNDS {
        SMALL_BYTES
    } else {
        LARGE_BYTES
    };
    record.resize(bytes, b'a' + log as u8);
    record
}

fn world(bug: Option<PlantedBug>) -> World {
    let options = Options {
        planted: bug,
        segment_bytes_max: SEGMENT_BYTES,
        ..small()
    };
    World {
        options,
        ..World::inline(1)
    }
}

fn files(world: &World) -> Files {
    let paths = Disk::list(&world.disk, Path::new(DIRECTORY)).unwrap();
    let files = paths.into_iter();
    files
        .filter_map(|path| world.disk.contents(&path).map(|bytes| (path, bytes)))
        .collect()
}

fn name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

fn is_begun(path: &Path, bytes: &[u8]) -> bool {
    // What was recycled has old bytes further on.
    name(path).ends_with(".segment") && bytes.iter().take(HEAD_BYTES).any(|byte| *byte != 0)
}

fn manifest() -> PathBuf {
    Path::new(DIRECTORY).join("MANIFEST")
}

impl Store {
    async fn new(bug: Option<PlantedBug>, end: End) -> Self {
        let world = world(bug);
        let mut store = Self {
            bug,
            files: Files::new(),
            versions: BTreeMap::new(),
            logs: BTreeMap::new(),
            newest: PathBuf::new(),
        };
        let mut journal = world.open();
        create(&journal, 3).await;
        for at in 0..ROUNDS {
            if at % 6 == 0 {
                store.keep_versions(&world);
            }
            if at == ROUNDS / 2 {
                journal.delete(vec![id(DELETED)]).await.unwrap();
                let late = vec![(id(LATE), LogSettings::default())];
                journal.create(late).await.unwrap();
                journal.shutdown().await;
                store.keep_versions(&world);
                journal = world.open();
            }
            let third = if at < ROUNDS / 2 { DELETED } else { LATE };
            for log in [WHOLE, TRIMMED, third] {
                let of_log = if log == LATE { at - ROUNDS / 2 } else { at };
                append(&journal, log, &record(log, of_log)).await;
            }
            if at % 20 == 19 {
                journal.trim(id(TRIMMED), Offset(at)).await.unwrap();
                world.clock.advance(FREED_AFTER);
                journal.maintain().await;
                store.keep_versions(&world);
            }
        }
        for log in [WHOLE, TRIMMED, LATE] {
            let bounds = journal.known_bounds(id(log)).unwrap();
            store.logs.insert(log, (bounds.first.0, bounds.end.0));
        }
        end_of(&world, &journal, end).await;
        store.files = files(&world);
        let newest = journal.segments.active();
        store.newest = Path::new(DIRECTORY).join(segment_name(newest));
        store
    }

    fn keep_versions(&mut self, world: &World) {
        for (path, bytes) in files(world) {
            let versions = self.versions.entry(path).or_default();
            if !versions.contains(&bytes) {
                versions.push(bytes);
            }
        }
    }

    /// Opens a store of these files, of which some may be unreadable, and looks at everything.
    async fn examine(&self, files: &Files, unreadable: &[(&PathBuf, Unreadable)]) -> Finding {
        let world = world(self.bug);
        Disk::create_directory(&world.disk, Path::new(DIRECTORY)).unwrap();
        for (path, bytes) in files {
            world.disk.put_back(path, bytes);
        }
        for (path, how) in unreadable {
            world.disk.make_unreadable(path, *how);
        }
        let is_sound = match self.bug {
            None => inspecting::look(&world).is_ok_and(|seen| seen.damage().is_empty()),
            Some(_) => false,
        };
        let finding = self.examine_opened(&world, files).await;
        let is_bad = matches!(finding, Finding::Damaged | Finding::Refused(_));
        if is_bad && is_sound {
            return Finding::Wrong(format!("called sound, but {finding:?}"));
        }
        if is_bad && self.bug.is_none() && unreadable.is_empty() {
            let repaired = self.examine_repaired(files).await;
            return repaired.map_or(finding, Finding::Wrong);
        }
        finding
    }

    /// Repairs a store of these files, and looks at everything; returns what is wrong then.
    async fn examine_repaired(&self, files: &Files) -> Option<String> {
        let world = world(None);
        Disk::create_directory(&world.disk, Path::new(DIRECTORY)).unwrap();
        for (path, bytes) in files {
            world.disk.put_back(path, bytes);
        }
        inspecting::judge_repaired(&world, "one", &self.logs, record).await
    }

    /// Opens a store and looks at everything.
    async fn examine_opened(&self, world: &World, files: &Files) -> Finding {
        let opened = world.try_open();
        world.disk.make_readable();
        let journal = match opened {
            Ok(journal) => journal,
            Err(error) => return judge_refusal(&error, files, world),
        };
        let finding = self.look(&journal).await;
        let is_kept = |path: &Path| world.disk.contents(path).is_some();
        let begun = files.iter().filter(|(path, bytes)| is_begun(path, bytes));
        let lost: Vec<_> = begun.filter(|(path, _)| !is_kept(path)).collect();
        match finding {
            Finding::Damaged if !lost.is_empty() => {
                Finding::Wrong(format!("{:?} removed beside damage", lost[0].0))
            }
            Finding::Right => self.go_on(world, &journal).await,
            Finding::Damaged | Finding::Refused(_) | Finding::Short(_) | Finding::Wrong(_) => {
                finding
            }
        }
    }

    /// What is right stays so when it is written to, and after a death.
    async fn go_on(&self, world: &World, journal: &Arc<Journal>) -> Finding {
        for (log, (_, end)) in &self.logs {
            let appended = append(journal, *log, b"on").await;
            if appended.first.0 != *end {
                return Finding::Wrong(format!("log {log} goes on at {}", appended.first.0));
            }
        }
        let journal = world.kill();
        for (log, (_, end)) in &self.logs {
            let last = read_all(&journal, *log).await.unwrap().pop();
            if last != Some((*end, b"on".to_vec())) {
                return Finding::Wrong(format!("log {log} has lost what was added"));
            }
        }
        self.look(&journal).await
    }

    async fn look(&self, journal: &Journal) -> Finding {
        let mut worst = Finding::Right;
        let is_damaged = journal.damage.is_any();
        for (log, (first, end)) in &self.logs {
            let found = look_at(journal, *log, *end).await;
            match found {
                Err(finding @ Finding::Damaged) => worst = finding,
                Err(finding) => return finding,
                // Damage may have taken a trim along.
                Ok(begins) if begins == *first || is_damaged => {}
                Ok(begins) => return Finding::Wrong(format!("log {log} begins at {begins}")),
            }
        }
        if !is_damaged && journal.known_bounds(id(DELETED)).is_ok() {
            return Finding::Wrong("a deleted log is there".to_owned());
        }
        worst
    }
}

/// Where a log begins, if it is right from there to its end.
async fn look_at(journal: &Journal, log: u32, end: u64) -> Result<u64, Finding> {
    let Ok(bounds) = journal.known_bounds(id(log)) else {
        return match read(journal, log, 0).await {
            Err(ReadError::Damaged { .. }) => Err(Finding::Damaged),
            other => Err(Finding::Short(format!("no log {log}: {other:?}"))),
        };
    };
    let mut next = bounds.first.0;
    while next < end {
        match read(journal, log, next).await {
            Ok(slice) => {
                let before = next;
                for found in slice.records().take_while(|found| found.offset.0 < end) {
                    if found.offset.0 != next || found.bytes != record(log, next) {
                        return Err(Finding::Wrong(format!("log {log} at {next}")));
                    }
                    next += 1;
                }
                if next == before {
                    return Err(Finding::Short(format!("log {log} ends at {next}")));
                }
            }
            Err(ReadError::Damaged { .. }) => return Err(Finding::Damaged),
            Err(other) => return Err(Finding::Wrong(format!("log {log} at {next}: {other}"))),
        }
    }
    Ok(bounds.first.0)
}

/// It names a file, and every file is as it was.
fn judge_refusal(error: &OpenError, before: &Files, world: &World) -> Finding {
    let chain = [
        Some(error as &dyn std::error::Error),
        std::error::Error::source(error),
    ];
    let chain = chain.into_iter().flatten().map(ToString::to_string);
    let text = chain.collect::<Vec<_>>().join(": ");
    let names = before.keys().map(|path| name(path)).chain(["MANIFEST"]);
    if !names.into_iter().any(|name| text.contains(name)) {
        return Finding::Wrong(format!("no name: {text}"));
    }
    let after = files(world);
    let is_same = |(path, bytes): &(&PathBuf, &Vec<u8>)| after.get(*path) == Some(*bytes);
    match before.iter().find(|file| !is_same(file)) {
        None => Finding::Refused(text),
        // The last of all that is looked at: by then the newest segment says where writing goes on.
        Some(_) if text.contains("RESERVE") => Finding::Refused(text),
        Some((path, _)) => Finding::Wrong(format!("{} changed: {text}", path.display())),
    }
}

async fn end_of(world: &World, journal: &Arc<Journal>, end: End) {
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
}

#[derive(Default)]
struct Tally {
    right: u64,
    damaged: u64,
    refused: u64,
    complaints: Vec<String>,
    reasons: BTreeSet<String>,
}

impl Tally {
    fn add(&mut self, case: String, finding: Finding) {
        match finding {
            Finding::Right => self.right += 1,
            Finding::Damaged => self.damaged += 1,
            Finding::Refused(why) => {
                self.refused += 1;
                self.reasons.insert(why);
            }
            Finding::Short(what) | Finding::Wrong(what) => {
                self.complaints.push(format!("{case}: {what}"));
            }
        }
    }

    #[track_caller]
    fn check(&self, what: &str) {
        let Self {
            right,
            damaged,
            refused,
            complaints,
            reasons,
        } = self;
        println!("{what}: {right} right, {damaged} damaged, {refused} refused: {reasons:#?}");
        assert!(complaints.is_empty(), "{what}: {complaints:#?}");
    }
}

/// Every earlier version of every file, put back one at a time.
async fn put_back_each(store: &Store, end: End) -> Tally {
    let mut tally = Tally::default();
    for (path, versions) in &store.versions {
        for (nth, version) in versions.iter().enumerate() {
            if store.files.get(path) == Some(version) {
                continue;
            }
            let mut files = store.files.clone();
            files.insert(path.clone(), version.clone());
            let finding = store.examine(&files, &[]).await;
            // What stands after the newest MANIFEST has no other witness until a clean stop makes
            // one.
            let is_untold = end == End::Death && *path == store.newest;
            if !(is_untold && matches!(finding, Finding::Short(_))) {
                tally.add(format!("version {nth} of {}", name(path)), finding);
            }
        }
    }
    tally
}

#[tokio::test]
async fn a_file_when_an_earlier_version_is_put_back_then_all_is_right_or_its_name_is_told() {
    for end in [End::Stop, End::Death] {
        let store = Store::new(None, end).await;
        assert_eq!(store.examine(&store.files, &[]).await, Finding::Right);
        let ever = |ending: &str| {
            store
                .versions
                .keys()
                .any(|path| name(path).ends_with(ending))
        };
        assert!(
            ever(".spare") && ever(".segment"),
            "it was freed and recycled"
        );
        assert!(store.versions[&manifest()].len() > 8);
        let tally = put_back_each(&store, end).await;
        tally.check(&format!("put back after a {end:?}"));
        assert!(tally.right > 0 && tally.damaged > 1 && tally.refused > 0);
    }
}

#[tokio::test]
async fn a_file_when_it_is_gone_or_unreadable_then_all_is_right_or_its_name_is_told() {
    for end in [End::Stop, End::Death] {
        let store = Store::new(None, end).await;
        let mut tally = Tally::default();
        for path in store.files.keys() {
            let mut files = store.files.clone();
            files.remove(path);
            let finding = store.examine(&files, &[]).await;
            tally.add(format!("{} gone", name(path)), finding);
            for way in WAYS {
                let finding = store.examine(&store.files, &[(path, way)]).await;
                tally.add(format!("{} {way:?}", name(path)), finding);
            }
        }
        tally.check(&format!("gone or unreadable after a {end:?}"));
        assert!(tally.right > 0 && tally.damaged > 0 && tally.refused > 0);
    }
}

/// Without a MANIFEST the files alone tell that there was a journal.
#[tokio::test]
async fn a_manifest_when_it_is_gone_and_segments_are_unreadable_or_empty_then_no_file_is_removed() {
    let store = Store::new(None, End::Stop).await;
    let mut without = store.files.clone();
    without.remove(&manifest());
    let begun = without.iter().filter(|(path, bytes)| is_begun(path, bytes));
    let begun: Vec<PathBuf> = begun.map(|(path, _)| path.clone()).collect();
    assert!(begun.len() > 2);
    let mut tally = Tally::default();
    for way in WAYS {
        let all: Vec<_> = begun.iter().map(|path| (path, way)).collect();
        let finding = store.examine(&without, &all).await;
        tally.add(format!("all {way:?}"), finding);
    }
    for path in &begun {
        let mut alone = without.clone();
        alone.retain(|other, _| other == path || !begun.contains(other));
        alone.get_mut(path).unwrap()[..4096].fill(0);
        let finding = store.examine(&alone, &[]).await;
        tally.add(format!("{} without its first page", name(path)), finding);
    }
    let ever = store.versions.iter();
    let spares = ever.filter(|(path, _)| name(path).ends_with(".spare"));
    for (path, versions) in spares {
        let alone = Files::from([(path.clone(), versions[0].clone())]);
        let finding = store.examine(&alone, &[]).await;
        tally.add(format!("{} alone", name(path)), finding);
    }
    tally.check("without a MANIFEST");
    assert_eq!((tally.right, tally.damaged), (0, 0));
}

/// A copy takes its number when it is begun, and is listed when it is whole.
#[tokio::test]
async fn a_manifest_when_it_is_older_than_a_copy_with_a_lower_number_then_the_copy_stays() {
    let world = world(None);
    let journal = world.open();
    create(&journal, 2).await;
    let put = async |count: u64| {
        for _ in 0..count {
            for log in [0, 1] {
                let end = journal.known_bounds(id(log)).unwrap().end.0;
                append(&journal, log, &record(log, end)).await;
            }
        }
    };
    put(60).await;
    let upkeep = &journal.upkeep;
    upkeep.footers.write();
    let first = journal.segments.copyable().remove(0);
    let (now, grace) = (
        world.env().clock.monotonic(),
        crate::space::grace::Grace::Hour,
    );
    let plan = crate::space::clean_plan::Plan::new(&journal.logs, vec![first], now, grace);
    let rewriter = &upkeep.rewriter;
    let mut rewrite = rewriter.begin(plan).unwrap();
    put(60).await;
    let older = world.disk.contents(&manifest()).unwrap();
    let copied = rewrite.copy(rewriter, &|| true);
    assert!(rewriter.put_in_place(rewrite, copied, now).is_ok());
    journal.shutdown().await;
    world.disk.put_back(&manifest(), &older);
    let before = files(&world);
    let refused = world.try_open().err().unwrap();
    let finding = judge_refusal(&refused, &before, &world);
    assert!(matches!(finding, Finding::Refused(_)), "{finding:?}");
}

/// Some earlier MANIFESTs, other ones with each seed.
pub(crate) async fn put_back_manifests(world: World) {
    let store = Store::new(world.options.planted, End::Stop).await;
    let versions = &store.versions[&manifest()];
    for version in versions.iter().skip(world.seed as usize).step_by(4) {
        let mut files = store.files.clone();
        files.insert(manifest(), version.clone());
        match store.examine(&files, &[]).await {
            Finding::Right | Finding::Damaged | Finding::Refused(_) => {}
            finding @ (Finding::Short(_) | Finding::Wrong(_)) => panic!("{finding:?}"),
        }
    }
}

#[tokio::test]
async fn files_when_somebody_elses_then_stay_and_a_directory_in_a_segments_place_is_named() {
    let world = world(None);
    let journal = world.open();
    create(&journal, 1).await;
    append(&journal, 0, b"here").await;
    journal.shutdown().await;
    let at = |name: &str| Path::new(DIRECTORY).join(name);
    let foreign = [
        "zzzz.segment",
        "1.segment",
        "notes",
        "000000000000000A.segment",
        "old.spare",
    ];
    for name in foreign {
        world.disk.put_back(&at(name), b"mine");
    }
    let journal = world.open();
    assert_eq!(read_all(&journal, 0).await.unwrap().len(), 1);
    journal.maintain().await;
    journal.shutdown().await;
    for name in foreign {
        assert_eq!(world.disk.contents(&at(name)).unwrap(), b"mine", "{name}");
    }
    let folder = "00000000000000ff.segment";
    Disk::create_directory(&world.disk, &at(folder)).unwrap();
    let refused = world.try_open().err().unwrap();
    let source = std::error::Error::source(&refused).unwrap().to_string();
    assert!(source.contains(folder), "{source}");
}

#[tokio::test]
async fn a_lock_file_when_it_is_removed_then_a_second_opener_is_refused_all_the_same() {
    let world = world(None);
    let journal = world.open();
    create(&journal, 1).await;
    let lock = Path::new(DIRECTORY).join("LOCK");
    for _ in 0..2 {
        Disk::remove(&world.disk, &lock).unwrap();
        assert!(matches!(world.try_open(), Err(OpenError::Locked(_))));
        world.disk.put_back(&lock, b"");
    }
    append(&journal, 0, b"alone").await;
    journal.shutdown().await;
    assert_eq!(read_all(&world.open(), 0).await.unwrap().len(), 1);
}
