//! The kill -9 loop: nothing acknowledged is lost and no order broken, over many kills.
//!
//! `MILLSTREAM_KILL_CYCLES` sets the number of kills, `MILLSTREAM_KILL_SEED` the seed of the first
//! history. What kill -9 cannot show is what was not synced: the page cache outlives a process.

use crate::place::Place;
use env::Env;
use millstream_sim::drive::{Campaign, Report};
use millstream_sim::judge;

/// Kills of an ordinary run.
const CYCLES: usize = 30;
/// Longer runs begin a new history after so many, so that judging and draining stay small.
const CYCLES_OF_A_HISTORY: usize = 50;
/// Small segments roll often, the default ones hardly.
const SEGMENT_SIZES: [&str; 3] = ["1MiB", "8MiB", "128MiB"];

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("{variable} is no number: {text}")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_when_killed_again_and_again_then_loses_nothing_acknowledged() {
    let env = Env::real();
    let cycles = number("MILLSTREAM_KILL_CYCLES").map_or(CYCLES, |cycles| cycles as usize);
    let first_seed = number("MILLSTREAM_KILL_SEED").unwrap_or_else(|| {
        let mut bytes = [0; 4];
        env.random.fill(&mut bytes);
        u64::from(u32::from_be_bytes(bytes))
    });
    let histories = cycles.div_ceil(CYCLES_OF_A_HISTORY);
    for nth in 0..histories {
        let seed = first_seed + nth as u64;
        let cycles = CYCLES_OF_A_HISTORY.min(cycles - nth * CYCLES_OF_A_HISTORY);
        run(&env, seed, cycles).await;
    }
}

async fn run(env: &Env, seed: u64, cycles: usize) {
    let place = Place::new(env, &format!("kill9-{seed}"));
    let segment_size = SEGMENT_SIZES[seed as usize % SEGMENT_SIZES.len()];
    let kept = format!(
        "MILLSTREAM_KILL_SEED={seed}, files in {}",
        place.path().display()
    );
    println!("{cycles} kills, segments of {segment_size}: {kept}");
    let campaign = Campaign {
        launch: place.launch(segment_size),
        seed,
        cycles,
    };
    let report = campaign.run(env).await;
    let report = report.unwrap_or_else(|error| panic!("{error}; {kept}"));
    println!("{report}");
    let is_good = verify(env, &place, &report);
    assert!(is_good, "{:?}; {kept}", report.complaints);
    // A good verdict over nothing proves nothing.
    let reached = [
        report.reshards,
        report.iterators_across,
        report.numbers_across,
    ];
    assert!(reached.iter().all(|count| *count > 0), "{report}; {kept}");
    place.remove();
}

/// Judges every stream; keeps the histories unless all is good.
fn verify(env: &Env, place: &Place, report: &Report) -> bool {
    let mut is_good = report.complaints.is_empty();
    for (name, history) in &report.histories {
        let verdict = judge(history).unwrap();
        print!("stream {name}: {verdict}");
        is_good &= verdict.is_good() && verdict.judged.acked > 0;
    }
    if !is_good {
        for (name, history) in &report.histories {
            place.keep(env, name, history);
        }
    }
    is_good
}
