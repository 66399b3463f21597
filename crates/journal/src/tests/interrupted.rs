//! Power lost while space is freed: at each call to the disk that freeing, copying and listing
//! make, whichever of the unsynced names and bytes remain. The journal opens with all its records,
//! and soon has no file that the MANIFEST does not list.

use super::faults::KINDS;
use super::harness::{World, append, batch, create, id, read_all, tiny, try_append};
use super::refilled::verify_files;
use crate::format::segment::HEAD_BYTES;
use crate::space::grace::FREED_AFTER;
use crate::{Journal, Options};
use millstream_env::{Call, Fault, Random, SeededRandom};
use millstream_store::store::{LogStore, Offset};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

/// The log whose records are trimmed.
const TRIMMED: u32 = 0;
/// The log of which each segment has a little, which is all that a copy holds.
const KEPT: u32 = 1;
const ROUNDS: u64 = 80;
const KEPT_EVERY: u64 = 15;
const TRIMMED_BYTES: usize = 6_000;
/// Where the trimmed log begins in the end.
const FIRST: u64 = ROUNDS - 5;
/// So many unsynced changes remain or are lost in every combination; later ones repeat it.
const COMBINED: u32 = 5;
/// Of a segment that becomes a spare when it is freed.
const SPARE_BYTES: u64 = 2 * 1024 * 1024;
/// Losses that also tear writes, for each call.
const TORN: u64 = 3;

/// Which unsynced changes a loss of power takes: one bit for each, those of names first.
struct Outcome {
    bits: u32,
    asked: AtomicU32,
}

impl Outcome {
    fn new(bits: u32) -> Self {
        let asked = AtomicU32::new(0);
        Self { bits, asked }
    }

    /// All of them.
    fn every() -> impl Iterator<Item = Self> {
        (0..1 << COMBINED).map(Self::new)
    }
}

impl Random for Outcome {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            let asked = self.asked.fetch_add(1, Ordering::Relaxed);
            *byte = (self.bits >> (asked % COMBINED) & 1) as u8;
        }
    }
}

fn trimmed(at: u64) -> Vec<u8> {
    vec![at as u8; TRIMMED_BYTES]
}

/// A journal with some segments of which little is wanted.
async fn begin(world: &World) -> Arc<Journal> {
    let journal = world.open();
    create(&journal, 2).await;
    for at in 0..ROUNDS {
        if at % KEPT_EVERY == 0 {
            append(&journal, KEPT, &at.to_le_bytes()).await;
        }
        append(&journal, TRIMMED, &trimmed(at)).await;
    }
    journal.trim(id(TRIMMED), Offset(FIRST)).await.unwrap();
    world.clock.advance(FREED_AFTER);
    journal
}

async fn check(journal: &Arc<Journal>, what: &str) {
    let kept = (0..ROUNDS).step_by(KEPT_EVERY as usize);
    let kept = kept.map(|at| at.to_le_bytes().to_vec());
    let kept: Vec<_> = (0..).zip(kept).collect();
    assert_eq!(read_all(journal, KEPT).await.unwrap(), kept, "{what}");
    let last: Vec<_> = (FIRST..ROUNDS).map(|at| (at, trimmed(at))).collect();
    assert!(read_all(journal, TRIMMED).await.unwrap() == last, "{what}");
}

/// Loses power at the `nth` call of a kind while space is freed; `false` if there are fewer.
async fn interrupt(call: Call, nth: u64, outcome: &dyn Random, what: &str) -> bool {
    let world = World::inline(1).with(tiny());
    let journal = begin(&world).await;
    world.disk.fail_nth(call, nth, Fault::Death);
    journal.maintain().await;
    let is_struck = !world.disk.take_struck().is_empty();
    world.disk.cancel_faults();
    world.disk.power_loss(outcome);
    let opened = world.try_open();
    let journal = opened.unwrap_or_else(|error| panic!("{what}: {error}"));
    check(&journal, what).await;
    journal.maintain().await;
    verify_files(&world, &journal);
    check(&world.lose_power(), what).await;
    is_struck
}

#[tokio::test]
async fn space_when_power_is_lost_at_any_call_that_frees_it_then_the_journal_opens_with_all() {
    let mut struck = 0;
    for call in KINDS {
        for nth in 1.. {
            let mut is_struck = true;
            for outcome in Outcome::every() {
                let what = format!("{call:?} {nth}, outcome {:b}", outcome.bits);
                is_struck &= interrupt(call, nth, &outcome, &what).await;
            }
            if !is_struck {
                break;
            }
            for seed in 0..TORN {
                let what = format!("{call:?} {nth}, torn by {seed}");
                interrupt(call, nth, &SeededRandom::new(seed), &what).await;
            }
            struck += 1;
        }
    }
    assert!(struck > 20, "power was lost at {struck} calls");
}

/// Names that a spare had before are lost, and what overwrites it is torn behind its first sector.
struct TornSpare {
    names: usize,
    asked: AtomicUsize,
}

impl Random for TornSpare {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            let asked = self.asked.fetch_add(1, Ordering::Relaxed);
            *byte = match asked.checked_sub(self.names) {
                None => 1,
                Some(0) => 2,
                Some(1) => 0,
                Some(_) => 1,
            };
        }
    }
}

/// Overwrites a spare whose name is not durable, and loses power at the `nth` sync meanwhile;
/// whether it was meanwhile.
async fn tear_spare(nth: u64, names: usize) -> bool {
    let options = Options {
        segment_bytes_max: SPARE_BYTES,
        ..tiny()
    };
    let world = World {
        options,
        ..World::inline(1)
    };
    let journal = world.open();
    create(&journal, 1).await;
    let record = vec![7; SPARE_BYTES as usize / 5];
    let mut count = 0;
    while journal.segments.active() < 2 {
        append(&journal, TRIMMED, &record).await;
        count += 1;
    }
    journal.trim(id(TRIMMED), Offset(count - 1)).await.unwrap();
    world.clock.advance(FREED_AFTER);
    // The second is after the freed segment has got the name of a spare.
    world.disk.fail_nth(Call::SyncDirectory, 2, Fault::EIO);
    journal.maintain().await;
    let names_now = world.disk.names();
    let spares = names_now
        .iter()
        .filter(|path| path.ends_with("0000000000000001.spare"));
    assert_eq!(spares.count(), 1, "{names_now:?}");
    world.disk.fail_nth(Call::SyncData, nth, Fault::Death);
    for _ in 0..2 {
        drop(try_append(&journal, TRIMMED, batch(&[&record])).await);
    }
    let struck = world.disk.take_struck();
    world.disk.cancel_faults();
    let asked = AtomicUsize::new(0);
    world.disk.power_loss(&TornSpare { names, asked });
    let opened = world.try_open();
    let journal = opened.unwrap_or_else(|error| panic!("sync {nth}, {names} names: {error}"));
    assert!(!read_all(&journal, TRIMMED).await.unwrap().is_empty());
    struck.iter().any(|(_, fault)| *fault == Fault::Death)
}

#[tokio::test]
async fn a_spare_when_power_is_lost_while_it_is_overwritten_then_is_no_segment_any_more() {
    let mut struck = 0;
    for nth in 1..=4 {
        for names in 0..=6 {
            struck += u32::from(tear_spare(nth, names).await);
        }
    }
    assert!(struck > 20, "{struck} losses");
}

/// What the first test interrupts.
#[tokio::test]
async fn a_copy_when_little_is_wanted_then_is_shorter_than_what_an_unused_segment_shows() {
    let world = World::inline(1).with(tiny());
    let journal = begin(&world).await;
    journal.maintain().await;
    let files = world.segments();
    let lengths = files.iter().map(|path| world.disk.contents(path).unwrap());
    let shortest = lengths.map(|bytes| bytes.len()).min().unwrap();
    assert!(shortest < HEAD_BYTES, "{shortest} bytes");
    check(&journal, "uninterrupted").await;
}
