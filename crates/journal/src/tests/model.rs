//! Random steps against the journal and the store in memory at once: they must agree, through
//! restarts and power failures.

use super::harness::{ANY, World, id, tiny};
use super::inspecting;
use crate::Journal;
use millstream_env::Timestamp;
use millstream_store::MemoryStore;
use millstream_store::batch::{BatchBuilder, Kind};
use millstream_store::batches::Batches;
use millstream_store::store::{LogSettings, LogStore, Offset, ReadError};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use std::sync::Arc;
use std::time::Duration;

const LOGS: u32 = 4;
/// Of a run that a seed makes.
const STEPS_AT_RANDOM: usize = 50;

#[derive(Clone, Debug)]
enum Step {
    Append {
        log: u32,
        records: Vec<(bool, usize)>,
        other: Option<u32>,
    },
    Create(u32),
    Delete(u32),
    Seal(u32),
    Trim(u32, u64),
    Configure(u32, u64),
    Read {
        log: u32,
        from: u64,
    },
    Search {
        log: u32,
        back_ms: u64,
    },
    Advance(u64),
    Maintain,
    Stop,
    Kill,
    LosePower,
}

fn step() -> impl Strategy<Value = Step> {
    let records = prop::collection::vec((prop::bool::weighted(0.002), 0..8_000_usize), 1..6);
    let log = 0..LOGS;
    prop_oneof![
        20 => (log.clone(), records, prop::option::of(log.clone()))
            .prop_map(|(log, records, other)| Step::Append { log, records, other }),
        4 => (0..LOGS * 8).prop_map(Step::Create),
        1 => log.clone().prop_map(Step::Delete),
        1 => log.clone().prop_map(Step::Seal),
        3 => (log.clone(), 0..200_u64).prop_map(|(log, before)| Step::Trim(log, before)),
        1 => (log.clone(), 0..9_u64).prop_map(|(log, ms)| Step::Configure(log, ms)),
        5 => (log.clone(), 0..200_u64).prop_map(|(log, from)| Step::Read { log, from }),
        3 => (log, 0..5_000_u64).prop_map(|(log, back_ms)| Step::Search { log, back_ms }),
        5 => (0..3_000_000_u64).prop_map(Step::Advance),
        2 => Just(Step::Maintain),
        1 => Just(Step::Stop),
        1 => Just(Step::Kill),
        2 => Just(Step::LosePower),
    ]
}

struct Pair {
    world: World,
    journal: Arc<Journal>,
    model: MemoryStore,
    /// The journal forgets a deleted id once its blocks have gone; the model never does.
    deleted: Vec<u32>,
}

impl Pair {
    async fn apply(&mut self, step: Step) {
        match step {
            Step::Append {
                log,
                records,
                other,
            } => self.append(log, &records, other).await,
            Step::Create(log) if !self.deleted.contains(&log) => {
                let logs = || vec![(id(log), LogSettings::default())];
                assert_eq!(
                    self.journal.create(logs()).await,
                    self.model.create(logs()).await
                );
            }
            Step::Create(_) => {}
            Step::Delete(log) => {
                self.deleted.push(log);
                let logs = || vec![id(log)];
                assert_eq!(
                    self.journal.delete(logs()).await,
                    self.model.delete(logs()).await
                );
            }
            Step::Seal(log) => {
                let sealed = self.journal.seal(id(log), b"end").await;
                assert_eq!(sealed, self.model.seal(id(log), b"end").await);
            }
            Step::Trim(log, before) => {
                let before = Offset(before);
                let trimmed = self.journal.trim(id(log), before).await;
                assert_eq!(trimmed, self.model.trim(id(log), before).await);
            }
            Step::Configure(log, retention_ms) => {
                let settings = LogSettings {
                    retention_ms,
                    ..LogSettings::default()
                };
                let configured = self.journal.configure(id(log), settings).await;
                assert_eq!(configured, self.model.configure(id(log), settings).await);
            }
            Step::Read { log, from } => self.read(log, Offset(from)).await.unwrap_or_default(),
            Step::Search { log, back_ms } => {
                let time =
                    Timestamp(millstream_env::Clock::now(&*self.world.clock).0 - back_ms * 1000);
                let found = self.journal.offset_at(id(log), time).await;
                assert_eq!(found, self.model.offset_at(id(log), time).await);
            }
            Step::Advance(by) => self.world.clock.advance(Duration::from_millis(by)),
            Step::Maintain => self.journal.maintain().await,
            Step::Stop => {
                self.journal.shutdown().await;
                self.journal = self.world.open();
                self.check().await;
            }
            Step::Kill => {
                self.world.disk.process_death();
                inspecting::expect_sound(&self.world);
                self.journal = self.world.open();
                self.check().await;
            }
            Step::LosePower => {
                self.world.disk.power_loss(&self.world.dice);
                inspecting::expect_sound(&self.world);
                self.journal = self.world.open();
                self.check().await;
            }
        }
    }

    async fn append(&self, log: u32, records: &[(bool, usize)], other: Option<u32>) {
        let mut builder = BatchBuilder::default();
        for (at, (is_control, length)) in (0_u8..).zip(records) {
            let kind = if *is_control {
                Kind::Control
            } else {
                Kind::Data
            };
            builder.push(kind, &[&vec![at; *length]]);
        }
        let batch = builder.finish();
        let logs = [Some(log), other, other].into_iter().flatten();
        let batches: Batches = logs.map(|log| (id(log), batch.clone())).collect();
        let appended = self.journal.append_many(batches.clone()).await;
        assert_eq!(appended, self.model.append_many(batches).await);
    }

    async fn read(&self, log: u32, from: Offset) -> Result<(), ReadError> {
        let mut next = from;
        let expected = self.model.read(id(log), from, ANY).await;
        let mut expected = match expected {
            Ok(slice) => slice,
            Err(error) => {
                assert_eq!(
                    self.journal.read(id(log), from, ANY).await.err(),
                    Some(error.clone())
                );
                return Err(error);
            }
        };
        let mut found = Vec::new();
        let mut end = expected.next;
        while found.is_empty() || next < end {
            let slice = self.journal.read(id(log), next, ANY).await?;
            (next, end) = (slice.next, slice.end);
            found.extend(slice.runs);
            if next == end {
                break;
            }
        }
        assert_eq!((next, end), (expected.next, expected.end));
        let runs = std::mem::replace(&mut expected.runs, found);
        let found = expected
            .records()
            .map(|record| format!("{record:?}"))
            .collect::<Vec<_>>();
        expected.runs = runs;
        let wanted = expected
            .records()
            .map(|record| format!("{record:?}"))
            .collect::<Vec<_>>();
        assert_eq!(found, wanted);
        Ok(())
    }

    async fn check(&self) {
        assert_eq!(self.journal.known_list(), self.model.known_list());
        for log in self.model.known_list() {
            assert_eq!(self.journal.known_bounds(log), self.model.known_bounds(log));
            assert_eq!(self.journal.settings(log), self.model.settings(log));
            self.read(log.index, Offset(0)).await.unwrap();
        }
    }
}

/// Whether others work on the journal beside the steps.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Beside {
    Nothing,
    /// Space is looked for again and again.
    Maintenance,
}

async fn run(world: World, steps: Vec<Step>, beside: Beside) {
    let world = world.with(tiny());
    let (journal, model) = (world.open(), MemoryStore::new(world.clock.clone()));
    let mut pair = Pair {
        world,
        journal,
        model,
        deleted: Vec::new(),
    };
    let creations = (0..LOGS).map(Step::Create);
    let steps = creations.chain(steps).chain([Step::LosePower]);
    for step in steps {
        let journal = pair.journal.clone();
        let maintained = async {
            match beside {
                Beside::Nothing => std::future::pending().await,
                Beside::Maintenance => loop {
                    journal.maintain().await;
                },
            }
        };
        if matches!(step, Step::Stop) && beside == Beside::Maintenance {
            // A stop waits for the journal's own tasks, and not for what a caller has left.
            journal.maintain().await;
            pair.apply(step).await;
            continue;
        }
        tokio::select! {
            biased;
            () = pair.apply(step) => {}
            () = maintained => {}
        }
    }
}

fn config(seed: u64) -> Config {
    Config {
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        ..Config::default()
    }
}

/// The steps that come with the world's seed.
pub(crate) async fn run_at_random(world: World) {
    let steps = prop::collection::vec(step(), STEPS_AT_RANDOM);
    let tree = steps.new_tree(&mut TestRunner::new(config(world.seed)));
    run(world, tree.unwrap().current(), Beside::Nothing).await;
}

fn run_cases(beside: Beside) {
    let config = Config {
        cases: 200,
        ..config(1)
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let steps = prop::collection::vec(step(), 1..80);
    let mut runner = TestRunner::new(config);
    let ran = runner.run(&(any::<u64>(), steps), |(seed, steps)| {
        runtime.block_on(run(World::new(seed), steps, beside));
        Ok(())
    });
    ran.unwrap();
}

#[test]
fn the_journal_when_used_at_random_then_agrees_with_the_model() {
    run_cases(Beside::Nothing);
}

#[test]
fn the_journal_when_looked_through_for_space_all_the_time_then_agrees_with_the_model() {
    run_cases(Beside::Maintenance);
}
