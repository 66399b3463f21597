//! Each planted bug, and the judge that finds it: the tests of this folder, run once more with the
//! bug switched on, must fail; and must not without it.
//!
//! All runs stand on one thread and repeat by their seed. Who finds what, and at which seed first,
//! is printed (`cargo test -p millstream-journal planted -- --nocapture`).

use super::faults::{self, KINDS};
use super::harness::{World, small};
use super::{model, recovery, room, rot, stray};
use crate::Options;
use crate::planted::PlantedBug;
use millstream_env::Fault;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;

/// How much of what a judge says is printed.
const COMPLAINT_CHARS: usize = 120;

type Run = Pin<Box<dyn Future<Output = ()>>>;

/// One of the tests: it panics if what it sees is wrong.
struct Judge {
    name: &'static str,
    run: fn(World) -> Run,
    /// It is asked about this many worlds, from seed 0 on.
    seeds: u64,
}

const MODEL: Judge = Judge {
    name: "random steps against the model",
    run: |world| Box::pin(model::run_at_random(world)),
    seeds: 40,
};
const POWER: Judge = Judge {
    name: "power lost after acknowledgements",
    run: |world| Box::pin(recovery::acknowledge_then_lose_power(world)),
    seeds: 20,
};
const POWER_AT_CALL: Judge = Judge {
    name: "power lost at the n-th call",
    run: |world| Box::pin(strike(world, Fault::Death)),
    seeds: 12 * 10,
};
const FAULT_AT_CALL: Judge = Judge {
    name: "the n-th call fails",
    run: |world| Box::pin(strike(world, Fault::EIO)),
    seeds: 12 * 10,
};
const FAILED_SYNC: Judge = Judge {
    name: "a sync fails",
    run: |world| Box::pin(faults::fail_sync(world)),
    seeds: 5,
};
const TWO_CRASHES: Judge = Judge {
    name: "power lost after a restart",
    run: |world| Box::pin(faults::restart_then_lose_power(world)),
    seeds: 20,
};
const FREEING: Judge = Judge {
    name: "power lost after segments were freed",
    run: |world| Box::pin(recovery::free_then_lose_power(world)),
    seeds: 3,
};
const TRIMMING: Judge = Judge {
    name: "half of a log trimmed",
    run: |world| Box::pin(room::trim_half(world)),
    seeds: 3,
};
const ROT: Judge = Judge {
    name: "flipped bits",
    run: |world| Box::pin(rot::flip_some(world)),
    seeds: 8,
};
const STRAY: Judge = Judge {
    name: "an earlier MANIFEST put back",
    run: |world| Box::pin(stray::put_back_manifests(world)),
    seeds: 4,
};
const JUDGES: [&Judge; 10] = [
    &MODEL,
    &POWER,
    &POWER_AT_CALL,
    &FAULT_AT_CALL,
    &FAILED_SYNC,
    &TWO_CRASHES,
    &FREEING,
    &TRIMMING,
    &ROT,
    &STRAY,
];

/// Who must find which bug.
const FINDERS: [(PlantedBug, &Judge); 14] = [
    (PlantedBug::NoSync, &POWER),
    (PlantedBug::ResolveBeforeSync, &POWER_AT_CALL),
    (PlantedBug::PublishBeforeSync, &FAILED_SYNC),
    (PlantedBug::SkipRewrite, &TWO_CRASHES),
    (PlantedBug::StopAtBadFrame, &ROT),
    (PlantedBug::NoWitness, &ROT),
    (PlantedBug::IgnoreChecksum, &ROT),
    (PlantedBug::ForgetDirectorySync, &MODEL),
    (PlantedBug::TruncateAtRot, &ROT),
    (PlantedBug::ReuseOffset, &FREEING),
    (PlantedBug::FreeLiveSegment, &TRIMMING),
    (PlantedBug::RetrySync, &FAULT_AT_CALL),
    (PlantedBug::RemoveUnlisted, &STRAY),
    (PlantedBug::AppendBehindSeal, &MODEL),
];

/// Each kind of call by turns, ever later ones.
async fn strike(world: World, fault: Fault) {
    let kinds = KINDS.len() as u64;
    let (kind, nth) = (KINDS[(world.seed % kinds) as usize], 1 + world.seed / kinds);
    faults::fill_through(world, kind, nth, fault).await;
}

impl Judge {
    /// The first seed at which something is wrong, and what.
    fn find(&self, bug: Option<PlantedBug>) -> Option<(u64, String)> {
        (0..self.seeds).find_map(|seed| Some((seed, self.complaint(seed, bug)?)))
    }

    fn complaint(&self, seed: u64, planted: Option<PlantedBug>) -> Option<String> {
        let options = Options { planted, ..small() };
        let world = World {
            options,
            ..World::inline(seed)
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let run = AssertUnwindSafe(|| runtime.block_on((self.run)(world)));
        let panic = catch_unwind(run).err()?;
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Some(text.unwrap_or("it panicked").to_owned())
    }
}

#[test]
fn planted_bugs_when_switched_on_one_at_a_time_then_each_is_found_by_its_judge() {
    let planted: Vec<PlantedBug> = FINDERS.iter().map(|(bug, _)| *bug).collect();
    assert_eq!(planted, PlantedBug::ALL, "each has its judge");
    let mut missed = Vec::new();
    for (bug, due) in FINDERS {
        for judge in JUDGES {
            let found = judge.find(Some(bug));
            if let Some((seed, complaint)) = &found {
                let complaint: String = complaint.split_whitespace().collect::<Vec<_>>().join(" ");
                let complaint: String = complaint.chars().take(COMPLAINT_CHARS).collect();
                println!("{bug:?}: {}, seed {seed}: {complaint}", judge.name);
            } else if judge.name == due.name {
                missed.push((bug, judge.name));
            }
        }
    }
    assert_eq!(missed, [], "bugs that their judges do not find");
}

#[test]
fn the_judges_of_planted_bugs_when_there_is_none_then_find_nothing() {
    for judge in JUDGES {
        assert_eq!(judge.find(None), None, "{}", judge.name);
    }
}
