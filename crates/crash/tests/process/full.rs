//! A 64 MiB volume, filled until writes are refused: reads and operations that free space go on,
//! and writes resume by themselves once there is room.
//!
//! That a shorter retention frees space is shown in process, where a day can pass: nothing here is
//! older than the minimum. Here it is accepted on a full volume.

use crate::place::Place;
use crate::scene::{STREAM, Scene, within};
use millstream_crash::{Endpoint, Producer, RootShare, Volume};
use millstream_env::Env;
use millstream_judge::{Event, HashKey, History, Outcome, Put};
use millstream_protocol::operations::{
    DecreaseStreamRetentionPeriod, DecreaseStreamRetentionPeriodInput, DeleteStream,
    DeleteStreamInput, IncreaseStreamRetentionPeriod, IncreaseStreamRetentionPeriodInput,
};
use std::time::Duration;

const VOLUME_BYTES: u64 = 64 * 1024 * 1024;
/// The second stream, that makes room for the first.
const VICTIM: usize = 1;
/// A volume that refuses so many puts in a row is full for puts of any size.
const REFUSALS: usize = 20;
/// A put that is refused is refused within this time.
const REFUSED_WITHIN: Duration = Duration::from_secs(10);
/// Writing goes on within this time when there is room.
const GOES_ON_WITHIN: Duration = Duration::from_secs(10);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn volume_when_it_is_full_then_refuses_writes_until_a_stream_is_deleted() {
    let env = Env::real();
    let place = Place::new(&env, "full");
    let mut launch = place.launch("4MiB");
    let volume = Volume::make(&env, place.path(), VOLUME_BYTES, RootShare::None).unwrap();
    launch.data = volume.root().join("data");
    let mut scene = Scene::new(&env, launch, &["kept", "victim"]);
    let (process, at) = scene.start().await.unwrap();
    for stream in [STREAM, VICTIM] {
        scene.create(&at, stream).await;
        set_retention(&mut scene, &at, stream, Retention::TwoDays).await;
    }

    // Half of it belongs to either stream; then there is room for neither.
    fill(&mut scene, &at, &[STREAM, VICTIM]).await;
    assert!(scene.drain(&at, STREAM).await, "reads go on");
    set_retention(&mut scene, &at, VICTIM, Retention::OneDay).await;
    assert!(scene.drain(&at, VICTIM).await, "a day old is nothing here");

    // It cannot wait for room, so it has to be refused again after a restart, and no record be
    // lost.
    scene.kill(process);
    let (process, at) = scene.start().await.unwrap();
    assert!(scene.drain(&at, STREAM).await, "reads go on");
    delete(&mut scene, &at, VICTIM).await;
    let waited = until_written(&mut scene, &at).await;
    println!("writing went on {waited:?} after DeleteStream");

    fill(&mut scene, &at, &[STREAM]).await;
    assert!(scene.drain(&at, STREAM).await, "reads go on");
    scene.kill(process);
    verify_refusals(&scene.recorder.history(STREAM));
    println!("{}", scene.judge(&place, STREAM));
    drop(volume);
    place.remove();
}

/// Puts until nothing is taken any more.
pub async fn fill(scene: &mut Scene, at: &Endpoint, streams: &[usize]) {
    let mut producer = scene.producer();
    let env = scene.env.clone();
    let filled = async {
        let mut refusals = 0;
        for stream in streams.iter().copied().cycle() {
            let acked = scene.recorder.acked();
            put(&mut producer, at, stream).await;
            let is_refused = scene.recorder.acked() == acked;
            refusals = if is_refused { refusals + 1 } else { 0 };
            if refusals == REFUSALS {
                break;
            }
        }
    };
    within(&env, filled).await;
}

/// Some large records, and a smallest one for the room that is left.
async fn put(producer: &mut Producer, at: &Endpoint, stream: usize) {
    producer.put_any(at, stream).await;
    producer.put_at(at, stream, HashKey(0)).await;
}

/// How long it takes until a record is taken.
pub async fn until_written(scene: &mut Scene, at: &Endpoint) -> Duration {
    let began = scene.env.clock.monotonic();
    let acked = scene.recorder.acked();
    let mut producer = scene.producer();
    loop {
        put(&mut producer, at, STREAM).await;
        let waited = scene.env.clock.monotonic().since(began);
        if scene.recorder.acked() > acked {
            return waited;
        }
        assert!(waited < GOES_ON_WITHIN, "there is room, and it is not used");
        scene.env.clock.sleep(LOOK).await;
    }
}

pub async fn delete(scene: &mut Scene, at: &Endpoint, stream: usize) {
    let input = DeleteStreamInput {
        stream_name: Some(scene.recorder.name(stream).to_owned()),
        ..DeleteStreamInput::default()
    };
    let client = at.client(&mut scene.worker.rng);
    client.call::<DeleteStream>(&input).await.unwrap();
}

#[derive(Clone, Copy)]
enum Retention {
    OneDay,
    TwoDays,
}

async fn set_retention(scene: &mut Scene, at: &Endpoint, stream: usize, retention: Retention) {
    let stream_name = Some(scene.recorder.name(stream).to_owned());
    let client = at.client(&mut scene.worker.rng);
    let answer = match retention {
        Retention::TwoDays => {
            let input = IncreaseStreamRetentionPeriodInput {
                stream_name,
                retention_period_hours: 48,
                ..IncreaseStreamRetentionPeriodInput::default()
            };
            client.call::<IncreaseStreamRetentionPeriod>(&input).await
        }
        Retention::OneDay => {
            let input = DecreaseStreamRetentionPeriodInput {
                stream_name,
                retention_period_hours: 24,
                ..DecreaseStreamRetentionPeriodInput::default()
            };
            client.call::<DecreaseStreamRetentionPeriod>(&input).await
        }
    };
    answer.unwrap();
}

/// Every put was answered soon, and those that failed with an error to try again after: another one
/// is a complaint of the recorder.
fn verify_refusals(history: &History) {
    let puts = history.events.iter().filter_map(|event| match event {
        Event::Put(put) => Some(put),
        Event::Open(_)
        | Event::Subscribed(_)
        | Event::Read(_)
        | Event::List(_)
        | Event::Reshard(_) => None,
    });
    let is_refused = |put: &&Put| !matches!(put.outcome, Outcome::Acked { .. });
    let refused: Vec<&Put> = puts.filter(is_refused).collect();
    let lasted = |put: &&Put| Duration::from_nanos(put.span.finished - put.span.started);
    let longest = refused.iter().map(lasted).max().unwrap_or_default();
    println!("{} records refused, within {longest:?}", refused.len());
    assert!(refused.len() >= 2 * REFUSALS, "it was full twice");
    assert!(longest < REFUSED_WITHIN, "{longest:?}");
}
