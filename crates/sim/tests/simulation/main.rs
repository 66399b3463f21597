//! The whole server in a simulated world, for many seeds: nothing acknowledged is lost and no
//! promise broken under any fault, and the server recovers by itself when the faults have ended.
//! Once as one node over the journal, once as two nodes over one cluster that behaves like Kafka.
//!
//! `MILLSTREAM_SIM_SEEDS` sets the number of seeds, `MILLSTREAM_SIM_FIRST` the first of them;
//! `MILLSTREAM_SIM_SEED` runs one alone and keeps its histories.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use millstream_env::{Line, OpenMode};
use millstream_judge::Kind;
use millstream_sim::{
    Bug, DiskHonesty, FaultKind, Layout, Plan, Reach, Report, run, run_with_lines,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Seeds of an ordinary run of one node …
const SEEDS: u64 = 300;
/// … and of two.
const TWO_NODE_SEEDS: u64 = 100;
/// Seeds that are run twice, before anything else.
const TWICE: u64 = 3;

/// Seeds of which one has to find a planted bug.
const BUG_SEEDS: u64 = 20;
/// Seeds on a disk that lies: each of them must be found out.
const LYING_SEEDS: u64 = 4;

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("{variable} is no number: {text}")))
}

#[test]
fn server_when_anything_fails_in_simulation_then_keeps_its_promises_and_recovers() {
    simulate(Plan::of, SEEDS);
}

#[test]
fn nodes_when_two_share_a_store_and_anything_fails_then_keep_their_promises_and_recover() {
    simulate(Plan::of_two_nodes, TWO_NODE_SEEDS);
}

/// Runs the plans of the seeds that the environment asks for, or of as many as `ordinary` says.
fn simulate(plan: fn(u64) -> Plan, ordinary: u64) {
    if let Some(seed) = number("MILLSTREAM_SIM_SEED") {
        let report = run(plan(seed));
        print!("{report}{}", report.reach);
        keep(&report);
        assert!(report.is_good());
        return;
    }
    let first = number("MILLSTREAM_SIM_FIRST").unwrap_or(1);
    for seed in first..first + TWICE {
        let [one, again] = [(); 2].map(|()| run_with_lines(plan(seed)));
        let difference = Line::first_difference(&one.1, &again.1);
        assert_eq!(difference, None, "seed {seed} took two ways");
        assert!(!one.1.is_empty() && one.0.trace == again.0.trace);
    }
    let seeds = number("MILLSTREAM_SIM_SEEDS").unwrap_or(ordinary);
    // A rare pair of fault and operation may need a few more.
    let more = if seeds >= ordinary { seeds } else { 0 };
    let sum = run_all(plan, first, seeds, more);
    print!("{}", sum.reach);
    let seeds = sum.seeds;
    println!(
        "{seeds} seeds from {first} on: {} calls, {} records acknowledged, {} starts, {} shards by \
         themselves",
        sum.reach.calls(),
        sum.acked,
        sum.starts,
        sum.scaled
    );
    assert!(sum.failed.is_empty(), "seeds that failed: {:?}", sum.failed);
    if seeds >= ordinary {
        assert!(sum.scaled > 0, "no on-demand stream ever scaled");
        assert_eq!(
            sum.reach.missing(),
            [],
            "faults that never met an operation"
        );
    }
}

/// A judge that has never found a fault proves nothing.
#[test]
fn loss_when_the_disk_lies_about_syncs_then_is_seen() {
    let lying = |seed| {
        let mut plan = Plan::of(seed);
        plan.disk = DiskHonesty::LiesAboutSyncs;
        plan.faults = vec![FaultKind::PowerLoss];
        plan
    };
    let seen = (1..=LYING_SEEDS).filter(|seed| !run(lying(*seed)).is_good());
    assert_eq!(seen.count() as u64, LYING_SEEDS);
}

/// One after the other, until one finds the bug.
#[test]
fn bug_when_planted_in_the_server_then_is_found_within_a_few_seeds() {
    for bug in Bug::OF_ONE_NODE {
        find(bug, Plan::of, |report| !report.is_good());
    }
}

/// That a subscription goes on is for the judge to say, and not for whoever holds it.
#[test]
fn takeover_when_the_first_subscription_ignores_it_then_the_judge_says_so() {
    find(Bug::KeepsSeat, Plan::of, |report| {
        let mut verdicts = report.verdicts.iter();
        verdicts.any(|verdict| verdict.count(Kind::SharedSeat) > 0)
    });
}

/// Where two nodes are needed to show it.
#[test]
fn bug_when_planted_in_two_nodes_then_is_found_within_a_few_seeds() {
    for (bug, fault) in Bug::OF_TWO_NODES {
        let with_fault = |seed| {
            let mut plan = Plan::of_two_nodes(seed);
            plan.faults.retain(|kind| *kind != fault);
            plan.faults.push(fault);
            plan
        };
        find(bug, with_fault, |report| !report.is_good());
    }
}

/// Runs one seed after the other until one shows a bug.
fn find(bug: Bug, plan: impl Fn(u64) -> Plan, shows: impl Fn(&Report) -> bool) {
    let with_bug = |seed| {
        let mut plan = plan(seed);
        plan.bug = Some(bug);
        run(plan)
    };
    let found = (1..=BUG_SEEDS).map(with_bug).find(|it| shows(it));
    let report = found.unwrap_or_else(|| panic!("{BUG_SEEDS} seeds do not find {bug:?}"));
    println!(
        "{bug:?}: found by seed {}: {}",
        report.plan.seed,
        words(&report)
    );
}

/// What was wrong, in a line.
fn words(report: &Report) -> String {
    let kinds = Kind::ALL.iter().filter_map(|kind| {
        let count = report
            .verdicts
            .iter()
            .map(|it| it.count(*kind))
            .sum::<usize>();
        (count > 0).then(|| format!("{count} × {kind}"))
    });
    let complaint = report.complaints.first().cloned();
    kinds.chain(complaint).collect::<Vec<_>>().join(", ")
}

struct Sum {
    reach: Reach,
    /// How many were run.
    seeds: u64,
    acked: usize,
    starts: u64,
    scaled: usize,
    failed: Vec<u64>,
}

/// Runs the seeds on all processors; no run knows of another. While a fault has not met an
/// operation yet, so many more.
fn run_all(plan: fn(u64) -> Plan, first: u64, seeds: u64, more: u64) -> Sum {
    let sum = Mutex::new(Sum::new(plan(first).layout));
    let next = AtomicU64::new(first);
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            let is_missing = || !sum.lock().unwrap().reach.missing().is_empty();
            let is_wanted = seed < first + seeds || seed < first + seeds + more && is_missing();
            if !is_wanted {
                return;
            }
            let report = catch_unwind(AssertUnwindSafe(|| run(plan(seed))));
            let mut sum = sum.lock().unwrap();
            sum.seeds += 1;
            match report {
                Ok(report) => sum.add(&report),
                Err(_) => {
                    println!("{} panicked; MILLSTREAM_SIM_SEED={seed}", plan(seed));
                    sum.failed.push(seed);
                }
            }
        }
    };
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..processors {
            scope.spawn(work);
        }
    });
    sum.into_inner().unwrap()
}

impl Sum {
    fn new(layout: Layout) -> Self {
        Self {
            reach: Reach::new(layout),
            seeds: 0,
            acked: 0,
            starts: 0,
            scaled: 0,
            failed: Vec::new(),
        }
    }

    fn add(&mut self, report: &Report) {
        self.reach.add(&report.reach);
        self.acked += report.acked();
        self.starts += report.starts;
        self.scaled += report.scaled;
        if !report.is_good() {
            let kept = keep(report);
            let seed = report.plan.seed;
            print!(
                "MILLSTREAM_SIM_SEED={seed}, histories in {}: {report}",
                kept.display()
            );
            self.failed.push(seed);
        }
    }
}

/// Keeps the histories as JSON lines.
#[expect(
    clippy::disallowed_methods,
    reason = "histories are kept on the real disk"
)]
fn keep(report: &Report) -> PathBuf {
    let layout = match report.plan.layout {
        Layout::OneNode => "",
        Layout::TwoNodes => "two-nodes-",
    };
    let folder = format!("simulation-{layout}{}", report.plan.seed);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    // It may be left of an earlier run.
    let _ = std::fs::remove_dir_all(&folder);
    let disk = millstream_env::RealDisk;
    millstream_env::Disk::create_directory(&disk, &folder).unwrap();
    for (name, history) in &report.histories {
        let mut lines = Vec::new();
        history.write_lines(&mut lines).unwrap();
        let path = folder.join(format!("{name}.jsonl"));
        let file = millstream_env::Disk::open(&disk, &path, OpenMode::CreateNew).unwrap();
        file.write_all_at(&lines, 0).unwrap();
    }
    folder
}
