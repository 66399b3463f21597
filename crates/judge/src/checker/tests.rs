//! The judge accuses no good history, and catches every planted fault.

mod boundaries;
mod generations;
mod generator;
mod mutators;
mod reference;
mod scene;

use crate::{Event, History, Kind, Outcome, Start, judge};
use fastrand::Rng;
use generator::{Size, generate};
use mutators::MUTATORS;
use std::collections::BTreeSet;

/// Number of good histories.
const GOOD_HISTORIES: u64 = 2000;
/// Number of faults per mutator.
const PLANTED_EACH: u32 = 100;
/// Maximum number of histories tried for that.
const TRIES_MAX: u64 = 4000;

fn size(seed: u64) -> Size {
    let mut rng = Rng::with_seed(!seed);
    Size {
        producers: rng.u32(1..=5),
        ops_each: rng.u64(5..=40),
        pollers: rng.u32(0..=5),
        shards_max: rng.usize(1..=12),
    }
}

fn good(seed: u64) -> History {
    generate(seed, &size(seed))
}

/// How often the good histories contain situations that mislead judges.
#[derive(Debug, Default)]
struct Reached {
    unknown_read: usize,
    unknown_never_read: usize,
    splits: usize,
    merges: usize,
    latest: usize,
    timestamps: usize,
    resumed: usize,
    shard_ends: usize,
    empty_tails: usize,
}

impl Reached {
    fn add(&mut self, history: &History) {
        let seen: BTreeSet<_> = scene::seen(history)
            .into_iter()
            .map(|it| it.record)
            .collect();
        for put in scene::puts(history)
            .iter()
            .filter(|put| put.outcome == Outcome::Unknown)
        {
            let counter = match seen.contains(&Some(put.record)) {
                true => &mut self.unknown_read,
                false => &mut self.unknown_never_read,
            };
            *counter += 1;
        }
        for reshard in scene::reshards(history) {
            self.splits += usize::from(reshard.parents.len() == 1);
            self.merges += usize::from(reshard.parents.len() == 2);
        }
        for open in scene::opens(history) {
            self.latest += usize::from(open.start == Start::Latest);
            self.timestamps += usize::from(open.start == Start::Timestamp);
            self.resumed += usize::from(matches!(open.start, Start::After(_)));
        }
        for read in scene::reads(history) {
            self.shard_ends += usize::from(read.shard_end);
            self.empty_tails += usize::from(read.reached_tail && read.records.is_empty());
        }
    }

    fn least(&self) -> usize {
        let Self {
            unknown_read,
            unknown_never_read,
            splits,
            merges,
            latest,
            ..
        } = *self;
        let Self {
            timestamps,
            resumed,
            shard_ends,
            empty_tails,
            ..
        } = *self;
        let writes = unknown_read.min(unknown_never_read).min(splits).min(merges);
        let opens = latest.min(timestamps).min(resumed);
        writes.min(opens).min(shard_ends).min(empty_tails)
    }
}

#[test]
fn good_histories_when_judged_then_none_is_accused() {
    let mut reached = Reached::default();
    for seed in 0..GOOD_HISTORIES {
        let history = good(seed);
        let verdict = judge(&history).unwrap();
        assert!(verdict.is_good(), "seed {seed}: {verdict}");
        reached.add(&history);
    }
    println!("{reached:?}");
    assert!(
        reached.least() > 1000,
        "good histories show too little: {reached:?}"
    );
}

#[test]
fn planted_faults_when_judged_then_every_one_is_caught() {
    for (kind, name, plant) in MUTATORS {
        let (mut planted, mut caught) = (0, 0);
        for seed in 0..TRIES_MAX {
            if planted == PLANTED_EACH {
                break;
            }
            let mut history = good(seed);
            if plant(&mut history, &mut Rng::with_seed(seed)) {
                planted += 1;
                let verdict = judge(&history).unwrap();
                caught += u32::from(verdict.count(*kind) > 0);
                assert_eq!(
                    planted, caught,
                    "{name}, seed {seed}: no {kind} in {verdict}"
                );
            }
        }
        println!("{kind}: {name}: planted {planted}, caught {caught}");
        assert_eq!(
            (planted, caught),
            (PLANTED_EACH, PLANTED_EACH),
            "{name} was planted too rarely"
        );
    }
}

#[test]
fn kinds_when_listed_then_each_is_planted_by_some_mutator() {
    let planted: BTreeSet<_> = MUTATORS.iter().map(|(kind, _, _)| *kind).collect();
    assert_eq!(planted, Kind::ALL.iter().copied().collect());
}

#[test]
fn history_when_kept_as_lines_then_is_read_back_the_same() {
    for seed in 0..50 {
        let history = good(seed);
        let mut lines = Vec::new();
        history.write_lines(&mut lines).unwrap();
        assert_eq!(
            lines.iter().filter(|byte| **byte == b'\n').count(),
            history.events.len()
        );
        assert_eq!(History::read_lines(lines.as_slice()).unwrap(), history);
    }
}

#[test]
fn lines_when_one_is_no_event_then_the_error_names_it() {
    let mut lines = Vec::new();
    good(1).write_lines(&mut lines).unwrap();
    let kept = lines.iter().filter(|byte| **byte == b'\n').count();
    lines.extend_from_slice(b"{\"event\":\"put\"}\n");
    let error = History::read_lines(lines.as_slice())
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with(&format!("line {} is no event", kept + 1)),
        "{error}"
    );
}

/// `MILLSTREAM_HISTORY_PUTS=1000000 cargo test --release` judges as many, by hand.
#[test]
fn large_history_when_judged_then_is_not_accused() {
    let puts =
        std::env::var("MILLSTREAM_HISTORY_PUTS").map_or(20_000, |text| text.parse().unwrap());
    let size = Size {
        producers: 8,
        ops_each: puts / 8,
        pollers: 6,
        shards_max: 60,
    };
    let history = generate(1, &size);
    let verdict = judge(&history).unwrap();
    assert!(verdict.is_good(), "{verdict}");
    assert!(verdict.judged.puts as u64 >= puts);
}

#[test]
fn verdict_when_reported_then_names_counts_and_evidence() {
    let mut history = good(3);
    let is_put = |event: &Event| matches!(event, Event::Put(_));
    history.events.retain(|event| !is_put(event));
    let verdict = judge(&history).unwrap();
    let report = verdict.to_string();
    assert!(verdict.count(Kind::Phantom) > verdict.anomalies().len());
    assert!(
        report.contains(&format!("phantom {}", verdict.count(Kind::Phantom))),
        "{report}"
    );
    assert!(report.contains("shardId-000000000000 at 4959"), "{report}");
}
