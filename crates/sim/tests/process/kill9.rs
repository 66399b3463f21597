//! The kill -9 loop: nothing acknowledged is lost and no order broken, over many kills.
//!
//! `MILLSTREAM_KILL_CYCLES` sets the number of kills, `MILLSTREAM_KILL_SEED` the seed of the first
//! history. What kill -9 cannot show is what was not synced: the page cache outlives a process.

use crate::place::Place;
use env::Env;
use millstream_sim::drive::{Campaign, Recorder};
use millstream_sim::judge;

/// Kills of an ordinary run.
const CYCLES: usize = 30;
/// Longer runs begin a new history after so many, so that judging and draining stay small.
const CYCLES_OF_A_HISTORY: usize = 50;
/// So many kills cannot but meet readers and operators at work.
const CYCLES_THAT_REACH: usize = 10;
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
    let kept = format!("MILLSTREAM_KILL_SEED={seed}");
    println!("{cycles} kills, segments of {segment_size}: {kept}");
    let campaign = Campaign {
        launch: place.launch(segment_size),
        seed,
        cycles,
    };
    let recorder = Campaign::recorder(env);
    let report = campaign.run(env, &recorder).await;
    let is_good = verify(&recorder);
    let report = match report {
        Ok(report) if is_good => report,
        failed => {
            keep(env, &place, &recorder);
            let error = failed.err().map(|error| error.to_string());
            panic!("{error:?} {:?}; {kept}", recorder.complaints());
        }
    };
    println!("{report}");
    // A good verdict over nothing proves nothing; a run of a kill or two may be over too soon.
    let reached = [
        report.reshards,
        report.iterators_across,
        report.numbers_across,
    ];
    let is_short = cycles < CYCLES_THAT_REACH;
    assert!(
        is_short || reached.iter().all(|count| *count > 0),
        "{report}; {kept}"
    );
    place.remove();
}

/// Judges every stream.
fn verify(recorder: &Recorder) -> bool {
    let mut is_good = recorder.complaints().is_empty();
    for stream in 0..recorder.stream_count() {
        let verdict = judge(&recorder.history(stream)).unwrap();
        print!("stream {}: {verdict}", recorder.name(stream));
        is_good &= verdict.is_good() && verdict.judged.acked > 0;
    }
    is_good
}

fn keep(env: &Env, place: &Place, recorder: &Recorder) {
    for stream in 0..recorder.stream_count() {
        place.keep(env, recorder.name(stream), &recorder.history(stream));
    }
}
