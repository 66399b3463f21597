//! No nonce is used twice under a data key: over restarts, rotations and changes of the key.

use super::{Locked, nonce};
use millstream_store::LogId;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::time::Duration;

/// What happens between puts.
#[derive(Clone, Copy, Debug)]
enum Step {
    Put(usize),
    Restart,
    Change,
    Stop,
    Pass(Duration),
    Split,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1..20_usize).prop_map(Step::Put),
        2 => Just(Step::Restart),
        1 => Just(Step::Change),
        1 => Just(Step::Stop),
        1 => (1..30_u64).prop_map(|hours| Step::Pass(Duration::from_hours(hours))),
        1 => Just(Step::Split),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn nonces_when_there_are_restarts_rotations_and_changes_then_never_repeat(
        steps in proptest::collection::vec(any_step(), 1..24)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(&steps));
    }
}

async fn run(steps: &[Step]) {
    let locked = Locked::new();
    let mut caller = locked.encrypted().await;
    let (mut is_first_key, mut split) = (true, false);
    let mut seen = BTreeSet::new();
    let mut read_of: std::collections::BTreeMap<LogId, usize> = Default::default();
    for step in steps {
        match step {
            Step::Put(count) => {
                for nth in 0..*count {
                    caller.put("s", &format!("key{nth}"), "data").await.unwrap();
                }
            }
            // What the process knew is lost, whether it stopped or died.
            Step::Restart => caller = locked.world.open().await,
            Step::Change => {
                is_first_key = !is_first_key;
                let key = if is_first_key { &locked.a } else { &locked.b };
                caller.encrypt("s", key).await;
            }
            Step::Stop => {
                let key = if is_first_key { &locked.a } else { &locked.b };
                caller.encrypt_no_more("s", key).await;
                caller.encrypt("s", key).await;
            }
            Step::Pass(time) => locked.pass(*time).await,
            Step::Split if split => {}
            Step::Split => {
                caller.split("s", "0", 1 << 127).await.unwrap();
                split = true;
            }
        }
        for log in caller.shard_logs() {
            let stored = caller.stored(log).await;
            let from = read_of.insert(log, stored.len()).unwrap_or(0);
            for record in stored.iter().skip(from).filter(|record| record.len() > 1) {
                assert!(seen.insert(nonce(record)), "twice: {:?}", nonce(record));
            }
        }
    }
}

#[tokio::test]
async fn data_key_when_a_day_old_or_of_another_process_then_seals_no_more() {
    let locked = Locked::new();
    let caller = locked.encrypted().await;
    let log = caller.shard_logs()[0];
    let put = async |caller: &crate::world::Caller| {
        caller.put("s", "key", "data").await.unwrap();
        nonce(caller.stored(log).await.last().unwrap())
    };
    assert_eq!(put(&caller).await, (1, 0));
    assert_eq!(put(&caller).await, (1, 1));
    locked.pass(Duration::from_hours(23)).await;
    assert_eq!(put(&caller).await, (1, 2));
    locked.pass(Duration::from_hours(1)).await;
    assert_eq!(put(&caller).await, (1, 3), "nobody waits for the next one");
    locked.pass(Duration::from_secs(1)).await;
    assert_eq!(put(&caller).await, (2, 0));
    let caller = locked.world.open().await;
    assert_eq!(put(&caller).await, (3, 0));
}
