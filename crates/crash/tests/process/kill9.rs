//! The kill -9 loop: over many kills nothing acknowledged is lost and no order is broken.
//!
//! `MILLSTREAM_KILL_CYCLES` sets the number of kills, `MILLSTREAM_KILL_SEED` the seed of the first
//! history. kill -9 cannot show missing syncs: the page cache outlives a process.

use crate::campaigns::Campaigns;
use millstream_crash::Fate;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_when_killed_again_and_again_then_loses_nothing_acknowledged() {
    let kills = Campaigns {
        name: "kill9",
        cycles: 30,
        cycles_variable: "MILLSTREAM_KILL_CYCLES",
        seed_variable: "MILLSTREAM_KILL_SEED",
        fate: |_, _, _| Fate::Kill,
    };
    kills.run().await;
}
