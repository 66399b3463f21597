//! Campaigns as tests: any number of them, each with its own seed and directory, each judged.

use crate::place::Place;
use millstream_crash::{Campaign, Durability, Fate, Launch, Limits, Recorder};
use millstream_env::Env;
use millstream_judge::judge;

/// Longer runs begin a new history after so many, so that judging and draining stay small.
const CYCLES_OF_A_HISTORY: usize = 50;
/// So many ends cannot but meet readers and operators at work.
const CYCLES_THAT_REACH: usize = 10;
/// Small segments roll often, the default ones hardly.
const SEGMENT_SIZES: [&str; 3] = ["1MiB", "8MiB", "128MiB"];

/// A loop of ends and restarts.
pub struct Campaigns {
    /// What it is called in names of folders.
    pub name: &'static str,
    /// How often, if nobody says otherwise.
    pub cycles: usize,
    /// The environment variable that says otherwise.
    pub cycles_variable: &'static str,
    /// The environment variable with the seed of the first history.
    pub seed_variable: &'static str,
    /// Makes what ends the server's lives, and puts its data there.
    pub fate: fn(&Env, &Place, &mut Launch) -> Fate,
}

/// The number in an environment variable, if there is one.
pub fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("{variable} is no number: {text}")))
}

impl Campaigns {
    /// Makes and judges all histories.
    pub async fn run(&self) {
        let env = Env::real();
        let cycles = number(self.cycles_variable).map_or(self.cycles, |cycles| cycles as usize);
        let first_seed = number(self.seed_variable).unwrap_or_else(|| {
            let mut bytes = [0; 4];
            env.random.fill(&mut bytes);
            u64::from(u32::from_be_bytes(bytes))
        });
        let histories = cycles.div_ceil(CYCLES_OF_A_HISTORY);
        for nth in 0..histories {
            let seed = first_seed + nth as u64;
            let cycles = CYCLES_OF_A_HISTORY.min(cycles - nth * CYCLES_OF_A_HISTORY);
            self.run_one(&env, seed, cycles).await;
        }
    }

    async fn run_one(&self, env: &Env, seed: u64, cycles: usize) {
        let place = Place::new(env, &format!("{}-{seed}", self.name));
        let segment_size = SEGMENT_SIZES[seed as usize % SEGMENT_SIZES.len()];
        let kept = format!("{}={seed}", self.seed_variable);
        let mut launch = place.launch(segment_size);
        // Every other history meets throttling too.
        launch.limits = match seed % 2 {
            0 => Limits::Aws,
            _ => Limits::Off,
        };
        println!(
            "{cycles} × {}, segments of {segment_size}, limits {:?}: {kept}",
            self.name, launch.limits
        );
        let fate = (self.fate)(env, &place, &mut launch);
        assert_eq!(launch.durability, Durability::Fsync);
        let campaign = Campaign {
            launch,
            seed,
            cycles,
            fate,
        };
        let recorder = campaign.recorder(env);
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
        // A good verdict over nothing proves nothing; a run of an end or two may be over too soon.
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
