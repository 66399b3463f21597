//! The power-loss loop: the file system is shut down under the server, in both ways alternately;
//! unsynced data is gone. Nothing acknowledged is lost and no order is broken.
//!
//! `MILLSTREAM_POWER_CYCLES` sets the number of losses, `MILLSTREAM_POWER_SEED` the seed of the
//! first history. A server that does not sync loses records here; otherwise the loop would show
//! nothing.

use crate::campaigns::Campaigns;
use crate::place::Place;
use crate::scene::{STREAM, Scene, within};
use millstream_crash::{Durability, Fate, Launch, Power, RootShare, Shutdown, Volume};
use millstream_env::Env;
use millstream_judge::{Kind, judge};
use std::time::Duration;

/// The file is sparse: only what is written takes room.
const VOLUME_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// Records that a server acknowledges before its power is lost, if it does not sync: so many that
/// what it does in the background after its start, which syncs once, is over long before the last.
const UNSYNCED: u64 = 1000;
/// Between two looks.
const LOOK: Duration = Duration::from_millis(2);

/// A volume in the test's folder, with the server's data on it.
fn volume(env: &Env, place: &Place, launch: &mut Launch) -> Volume {
    let volume = Volume::make(env, place.path(), VOLUME_BYTES, RootShare::None).unwrap();
    launch.data = volume.root().join("data");
    volume
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_when_power_is_lost_again_and_again_then_loses_nothing_acknowledged() {
    let losses = Campaigns {
        name: "power",
        cycles: 20,
        cycles_variable: "MILLSTREAM_POWER_CYCLES",
        seed_variable: "MILLSTREAM_POWER_SEED",
        fate: |env, place, launch| Fate::PowerLoss(Power::of(volume(env, place, launch))),
    };
    losses.run().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn power_loss_when_the_server_does_not_sync_then_is_found_to_lose_records() {
    for shutdown in [Shutdown::JournalLost, Shutdown::JournalFlushed] {
        lose_power_without_syncs(shutdown).await;
    }
}

async fn lose_power_without_syncs(shutdown: Shutdown) {
    let env = Env::real();
    let place = Place::new(&env, &format!("unsynced-{shutdown:?}"));
    let mut launch = place.launch("8MiB");
    let mut volume = volume(&env, &place, &mut launch);
    let mut scene = Scene::new(&env, launch, &["s"]);
    let (process, at) = scene.start().await.unwrap();
    scene.create(&at, STREAM).await;
    scene.put(&at, STREAM).await;
    scene.kill(process);

    scene.launch.durability = Durability::Os;
    let (process, _) = scene.start().await.unwrap();
    let enough = scene.recorder.acked() + UNSYNCED;
    let producer = scene.producer();
    let producing = scene.release(producer.run());
    let acknowledged = async {
        while scene.recorder.acked() < enough {
            env.clock.sleep(LOOK).await;
        }
    };
    within(&env, acknowledged).await;
    volume.shut_down(&process, shutdown).unwrap();
    scene.kill(process);
    volume.restart().unwrap();

    scene.launch.durability = Durability::Fsync;
    let (process, at) = scene.start().await.unwrap();
    scene.director.over();
    within(&env, producing).await;
    assert!(scene.drain(&at, STREAM).await);
    scene.kill(process);
    let verdict = judge(&scene.recorder.history(STREAM)).unwrap();
    println!("{shutdown:?} without syncs: {verdict}");
    assert!(verdict.count(Kind::LostWrite) > 0, "{verdict}");
    drop(volume);
    place.remove();
}
