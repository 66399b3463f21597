//! Random steps against the journal on a disk that fails, loses, tears and flips: what was
//! acknowledged is there, what was refused is not, and what is unknown is there whole or not at
//! all.
//!
//! `MILLSTREAM_MODEL_SEQUENCES` sets the number of sequences, `MILLSTREAM_MODEL_SEED` the first
//! seed. A sequence runs on one thread: its seed decides every step and every call of the disk.

use super::harness::{World, batch, create, id, read_all, tiny};
use super::inspecting;
use crate::space::grace::FREED_AFTER;
use crate::{Journal, Options};
use fastrand::Rng;
use millstream_env::{Call, Fault};
use millstream_store::store::{AppendError, LogStore, Offset, ReadError};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const SEQUENCES: u64 = 200;
const STEPS: usize = 50;
const LOGS: u32 = 3;
const RECORD_BYTES_MAX: usize = 8_000;
/// Of a segment that becomes a spare when it is freed, and of the records that fill it.
const LARGE: (u64, usize) = (2 * 1024 * 1024, 200_000);
/// One in so many sequences has such segments.
const LARGE_EVERY: u64 = 4;
/// Sequences that are run twice, before anything else.
const TWICE: u64 = 5;

const CALLS: [Call; 11] = [
    Call::Write,
    Call::Read,
    Call::SyncData,
    Call::SyncDirectory,
    Call::Open,
    Call::Rename,
    Call::Remove,
    Call::Allocate,
    Call::SetLength,
    Call::Length,
    Call::List,
];
const FAULTS: [Fault; 6] = [
    Fault::EIO,
    Fault::ENOSPC,
    Fault::Errno(4),
    Fault::Half(5),
    Fault::Half(28),
    Fault::Late(5),
];

type Records = Vec<Vec<u8>>;

/// What a log may hold.
#[derive(Default)]
struct Log {
    /// The records that it has for certain, by offset.
    known: Records,
    /// Batches of unknown outcome.
    maybe: Vec<Records>,
    /// It begins at the first of these at least, at the second at most.
    first: (u64, u64),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Honesty {
    Honest,
    LiesAboutSyncs,
}

struct Sequence {
    rng: Rng,
    world: World,
    journal: Arc<Journal>,
    logs: Vec<Log>,
    trace: Vec<String>,
    struck: BTreeMap<String, u64>,
    record_bytes_max: usize,
}

impl Sequence {
    async fn begin(seed: u64, honesty: Honesty) -> Self {
        let is_large = seed.is_multiple_of(LARGE_EVERY);
        let (segment_bytes_max, record_bytes_max) = match is_large {
            true => LARGE,
            false => (tiny().segment_bytes_max, RECORD_BYTES_MAX),
        };
        let options = Options {
            segment_bytes_max,
            ..tiny()
        };
        let world = World {
            options,
            ..World::inline(seed)
        };
        if honesty == Honesty::LiesAboutSyncs {
            world.disk.lie_about_syncs();
        }
        let journal = world.open();
        create(&journal, LOGS).await;
        Self {
            rng: Rng::with_seed(seed),
            world,
            journal,
            logs: (0..LOGS).map(|_| Log::default()).collect(),
            trace: Vec::new(),
            struck: BTreeMap::new(),
            record_bytes_max,
        }
    }

    async fn run(mut self) -> Self {
        for _ in 0..STEPS {
            match self.rng.u8(..56) {
                0..=21 => self.append().await,
                22..=26 => self.look().await,
                27..=28 => self.trim().await,
                29..=31 => self.world.clock.advance(Duration::from_secs(900)),
                32..=34 => self.journal.maintain().await,
                35..=43 => self.order_fault(),
                44 => {
                    self.journal.shutdown().await;
                    self.restart("stopped").await;
                }
                45..=46 => self.restart("killed").await,
                47..=52 => self.die().await,
                53.. => {
                    self.world.disk.power_loss(&self.world.dice);
                    self.restart("lost power").await;
                }
            }
            self.count_struck();
        }
        self.rot().await;
        self
    }

    /// The process dies, or the power goes, at some call of a step or of the start after it.
    async fn die(&mut self) {
        let call = CALLS[self.rng.usize(..CALLS.len())];
        let nth = self.rng.u64(1..8);
        self.world.disk.fail_nth(call, nth, Fault::Death);
        match self.rng.u8(..4) {
            0 => self.append().await,
            1..=2 => {
                self.world.clock.advance(FREED_AFTER);
                self.journal.maintain().await;
            }
            3.. => {}
        }
        if self.rng.bool() {
            self.world.disk.power_loss(&self.world.dice);
        }
        self.restart("died").await;
    }

    fn say(&mut self, what: String) {
        let calls = CALLS.map(|call| self.world.disk.calls(call));
        self.trace.push(format!("{what} after {calls:?}"));
    }

    fn order_fault(&mut self) {
        let call = match self.rng.bool() {
            true => Call::Write,
            false => CALLS[self.rng.usize(..CALLS.len())],
        };
        let fault = FAULTS[self.rng.usize(..FAULTS.len())];
        self.world.disk.fail_nth(call, self.rng.u64(1..4), fault);
    }

    fn count_struck(&mut self) {
        for (call, fault) in self.world.disk.take_struck() {
            *self
                .struck
                .entry(format!("{call:?} {fault:?}"))
                .or_default() += 1;
            self.say(format!("{fault:?} at {call:?}"));
        }
    }

    fn any_records(&mut self) -> Records {
        let count = self.rng.usize(1..4);
        let most = self.record_bytes_max;
        let record = |rng: &mut Rng| vec![rng.u8(..); rng.usize(..most)];
        (0..count).map(|_| record(&mut self.rng)).collect()
    }

    async fn append(&mut self) {
        let first = self.rng.u32(..LOGS);
        let logs = [first, (first + 1) % LOGS];
        let logs = &logs[..self.rng.usize(1..=2)];
        let appends: Vec<(u32, Records)> =
            logs.iter().map(|log| (*log, self.any_records())).collect();
        let batches = appends
            .iter()
            .map(|(log, records)| (id(*log), batch(records)));
        let results = self.journal.append_many(batches.collect()).await;
        self.say(format!("append {results:?}"));
        for ((index, records), result) in appends.into_iter().zip(results) {
            let log = &mut self.logs[index as usize];
            match result {
                Ok(appended) => {
                    assert!(log.maybe.is_empty(), "an append after an unknown one");
                    assert_eq!(appended.first.0, log.known.len() as u64);
                    log.known.extend(records);
                }
                Err(AppendError::Full | AppendError::NotApplied(_)) => {}
                Err(AppendError::Unknown(_)) => log.maybe.push(records),
                Err(
                    error @ (AppendError::TooLarge
                    | AppendError::NoSuchLog(_)
                    | AppendError::Sealed(_)
                    | AppendError::Fenced),
                ) => {
                    panic!("{error}");
                }
            }
        }
    }

    async fn trim(&mut self) {
        let index = self.rng.u32(..LOGS);
        let before = self
            .rng
            .u64(..=self.logs[index as usize].known.len() as u64);
        let result = self.journal.trim(id(index), Offset(before)).await;
        self.say(format!("trim {index} before {before}: {result:?}"));
        let first = &mut self.logs[index as usize].first;
        first.1 = first.1.max(before);
        if result.is_ok() {
            first.0 = first.0.max(before);
        }
    }

    /// Reads everything; a device that fails may say so, but only as long as it does.
    async fn look(&mut self) {
        for index in 0..LOGS {
            let mut found = read_all(&self.journal, index).await;
            if let Err(ReadError::Io(_)) = found {
                self.count_struck();
                self.world.disk.cancel_faults();
                found = read_all(&self.journal, index).await;
            }
            let found = found.unwrap_or_else(|error| panic!("log {index}: {error}"));
            self.logs[index as usize].check(&found);
        }
        self.say("look".to_owned());
    }

    /// A new process, as soon as the disk lets it start.
    async fn restart(&mut self, how: &str) {
        self.world.disk.process_death();
        let opened = self.world.try_open();
        self.count_struck();
        self.say(format!("{how}, opened: {}", opened.is_ok()));
        self.journal = match opened {
            Ok(journal) => journal,
            Err(_) => {
                self.world.disk.cancel_faults();
                if self.rng.bool() {
                    self.world.disk.power_loss(&self.world.dice);
                }
                self.world.kill()
            }
        };
        self.world.disk.cancel_faults();
        for index in 0..LOGS {
            let found = read_all(&self.journal, index).await.unwrap();
            self.logs[index as usize].settle(&found);
        }
    }

    /// Flips a bit somewhere, when all is closed by a witness: it is named, or harmless.
    async fn rot(&mut self) {
        self.restart("at the end").await;
        self.journal.shutdown().await;
        self.world.disk.process_death();
        let mut files = millstream_env::Disk::list(&self.world.disk, Path::new("/data")).unwrap();
        let is_empty =
            |path: &std::path::PathBuf| self.world.disk.contents(path).unwrap().is_empty();
        files.retain(|path| !is_empty(path));
        let path = &files[self.rng.usize(..files.len())];
        let length = self.world.disk.contents(path).unwrap().len() as u64;
        let (position, mask) = (self.rng.u64(..length), 1 << self.rng.u8(..8));
        self.world.disk.corrupt(path, position, mask);
        let what = format!("bit {mask:#x} of byte {position} of {}", path.display());
        let is_sound = inspecting::look(&self.world).is_ok_and(|seen| seen.damage().is_empty());
        let Ok(journal) = self.world.try_open() else {
            assert!(!is_sound, "{what}");
            return self.found("Rot refused", what);
        };
        let mut damaged = false;
        // What rotted may have been a trim; the journal says then that something did.
        let may_begin_earlier = journal.damage.is_any();
        for index in 0..LOGS {
            if may_begin_earlier {
                self.logs[index as usize].first.0 = 0;
            }
            match read_all(&journal, index).await {
                Ok(found) => self.logs[index as usize].check(&found),
                Err(ReadError::Damaged { .. }) => damaged = true,
                Err(error) => panic!("{what}: {error}"),
            }
        }
        assert!(!(damaged && is_sound), "{what}");
        self.found(["Rot harmless", "Rot damaged"][usize::from(damaged)], what);
    }

    fn found(&mut self, outcome: &str, what: String) {
        *self.struck.entry(outcome.to_owned()).or_default() += 1;
        self.say(format!("{what}: {outcome}"));
    }
}

impl Log {
    /// All that is certain, and nothing else.
    fn check(&self, found: &[(u64, Vec<u8>)]) {
        let begins = found
            .first()
            .map_or(self.known.len() as u64, |record| record.0);
        assert!(
            (self.first.0..=self.first.1).contains(&begins),
            "begins at {begins}"
        );
        let kept = self.known.iter().skip(begins as usize);
        let expected: Vec<(u64, &Vec<u8>)> = (begins..).zip(kept).collect();
        let found: Vec<(u64, &Vec<u8>)> = found.iter().map(|(at, record)| (*at, record)).collect();
        assert!(
            expected == found,
            "{} records, not {}",
            found.len(),
            expected.len()
        );
    }

    /// After a restart: which of the unknown batches are there is certain from now on.
    fn settle(&mut self, found: &[(u64, Vec<u8>)]) {
        let end = found.last().map_or(0, |record| record.0 as usize + 1);
        let mut rest: Records = found
            .iter()
            .filter(|(at, _)| *at as usize >= self.known.len())
            .map(|(_, record)| record.clone())
            .collect();
        assert!(end >= self.known.len() || found.is_empty());
        for maybe in std::mem::take(&mut self.maybe) {
            if rest.starts_with(&maybe) {
                rest.drain(..maybe.len());
                self.known.extend(maybe);
            }
        }
        assert!(
            rest.is_empty(),
            "{} records that nobody appended",
            rest.len()
        );
        self.check(found);
    }
}

fn run(seed: u64) -> Sequence {
    run_on(seed, Honesty::Honest)
}

fn run_on(seed: u64, honesty: Honesty) -> Sequence {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.unwrap();
    runtime.block_on(async { Sequence::begin(seed, honesty).await.run().await })
}

fn number(variable: &str, otherwise: u64) -> u64 {
    let text = std::env::var(variable).ok();
    text.map_or(otherwise, |text| text.parse().unwrap())
}

#[test]
fn the_journal_when_its_disk_fails_at_random_then_agrees_with_what_it_said() {
    let first = number("MILLSTREAM_MODEL_SEED", 1);
    for seed in first..first + TWICE {
        let (one, again) = (run(seed).trace, run(seed).trace);
        let differ = one.iter().zip(&again).find(|(one, again)| one != again);
        assert_eq!(differ, None, "seed {seed} took two ways");
        assert_eq!(one.len(), again.len());
    }
    let sequences = number("MILLSTREAM_MODEL_SEQUENCES", SEQUENCES);
    let mut struck: BTreeMap<String, u64> = BTreeMap::new();
    for seed in first..first + sequences {
        // The harness shows what was printed last if it panics.
        println!("MILLSTREAM_MODEL_SEED={seed}");
        for (fault, count) in run(seed).struck {
            *struck.entry(fault).or_default() += count;
        }
    }
    println!("{struck:#?}");
    let has_met = |call: &Call| {
        struck
            .keys()
            .any(|it| it.starts_with(&format!("{call:?} ")))
    };
    let never: Vec<&Call> = CALLS.iter().filter(|call| !has_met(call)).collect();
    assert!(
        never.is_empty() || sequences < SEQUENCES,
        "no fault met {never:?}"
    );
}

/// A judge that has never found a fault proves nothing.
#[test]
fn loss_when_the_disk_lies_about_syncs_then_is_noticed() {
    let is_noticed = |seed: &u64| {
        let lied_to = || run_on(*seed, Honesty::LiesAboutSyncs);
        std::panic::catch_unwind(lied_to).is_err()
    };
    assert!((1..=20).filter(is_noticed).count() >= 15);
}
