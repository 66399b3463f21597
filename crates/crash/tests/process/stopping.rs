//! The server is told to stop while its disk does not answer.

use crate::place::Place;
use crate::scene::{STREAM, Scene, within};
use crate::strace::{Injection, Strace};
use millstream_crash::Process;
use millstream_env::Env;
use millstream_judge::HashKey;
use std::time::Duration;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);

/// The status that a process ends with by itself.
pub async fn ended(env: &Env, process: &mut Process) -> Option<i32> {
    let status = async {
        loop {
            if let Some(status) = process.status().unwrap() {
                return status;
            }
            env.clock.sleep(LOOK).await;
        }
    };
    within(env, status).await.code()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_when_its_disk_hangs_then_a_second_signal_stops_it_at_once() {
    let env = Env::real();
    let place = Place::new(&env, "hang");
    let mut scene = Scene::new(&env, place.launch("1MiB"), &["s"]);
    let (mut process, at) = scene.start().await.unwrap();
    scene.create(&at, STREAM).await;
    scene.put(&at, STREAM).await;
    let seen = place.path().join("strace.log");
    let strace =
        Strace::attach_with_log(process.id(), "fdatasync", Injection::Hang, 1, &seen).unwrap();
    let mut producer = scene.producer();
    let own = at.clone();
    let putting = scene.release(async move {
        producer.put_at(&own, STREAM, HashKey(0)).await;
    });
    let hangs = async {
        while !std::fs::read_to_string(&seen).is_ok_and(|seen| seen.contains("fdatasync")) {
            env.clock.sleep(LOOK).await;
        }
    };
    within(&env, hangs).await;
    let stopped = async {
        loop {
            // Those within a second of the first are the same wish.
            drop(process.terminate());
            env.clock.sleep(LOOK).await;
            if let Some(status) = process.status().unwrap() {
                return status;
            }
        }
    };
    let status = within(&env, stopped).await;
    assert_eq!(status.code(), Some(1));
    let log = std::fs::read_to_string(place.path().join("server.log")).unwrap();
    assert!(log.contains("already stopping"), "{log}");
    assert!(log.contains("stopped at once by a second signal"), "{log}");
    scene.director.down();
    within(&env, putting).await;
    drop(strace);
    let (process, at) = scene.start().await.unwrap();
    assert!(scene.drain(&at, STREAM).await, "all is there");
    scene.kill(process);
    place.remove();
}
