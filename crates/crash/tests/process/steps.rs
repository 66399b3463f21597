//! A kill between any two steps of create, delete, split and merge: before each write and before
//! each sync. After the restart the change is complete or was never begun, and everything else is
//! intact.
//!
//! The same is done in process, at each change of the store, by the engine's tests.

use crate::place::Place;
use crate::scene::{STREAM, Scene, within};
use crate::strace::{Injection, Strace};
use millstream_crash::{Endpoint, Launch, Operator, Process, Progress, Request, Session, Worker};
use millstream_env::Env;
use millstream_judge::{
    HashKey, HashKeyRange, Lineage, ListedShard, ReshardOutcome, ShardChange, ShardId, Start,
};
use millstream_protocol::operations::{DeleteStream, DeleteStreamInput};
use millstream_protocol::types::StreamStatus;
use std::time::Duration;

/// The only stream.
const NAMES: [&str; 1] = ["s"];
/// A change of so many writes or syncs does not come to an end.
const STEPS_MAX: usize = 60;
/// Between two looks.
const LOOK: Duration = Duration::from_millis(2);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Create,
    Delete,
    Split,
    Merge,
}

impl Act {
    /// The shards of the stream when it is done.
    fn shards_after(self) -> usize {
        match self {
            Self::Create => 2,
            Self::Delete => 0,
            Self::Split => 4,
            Self::Merge => 3,
        }
    }

    /// Fewer kills than that would mean that the test looks away, or that a step is left out: the
    /// stream and its logs; the begin, the CLOSE and the end of a delete; of a reshard the
    /// children's logs, too.
    fn kills_min(self) -> usize {
        match self {
            Self::Create => 2,
            Self::Delete => 3,
            Self::Split | Self::Merge => 4,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn create_when_killed_at_any_step_then_is_done_or_never_begun() {
    kill_at_every_step(Act::Create).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn delete_when_killed_at_any_step_then_is_done_or_never_begun() {
    kill_at_every_step(Act::Delete).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn split_when_killed_at_any_step_then_is_done_or_never_begun() {
    kill_at_every_step(Act::Split).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn merge_when_killed_at_any_step_then_is_done_or_never_begun() {
    kill_at_every_step(Act::Merge).await;
}

async fn kill_at_every_step(act: Act) {
    let env = Env::real();
    for syscall in ["pwrite64", "fdatasync"] {
        let mut kills = 0;
        loop {
            match kill_at(&env, act, syscall, kills + 1).await {
                Ok(true) => kills += 1,
                Ok(false) => break,
                Err(why) => {
                    println!("SKIPPED: {act:?} killed at every {syscall}: {why}");
                    return;
                }
            }
            assert!(kills < STEPS_MAX, "{act:?}: no end of calls of {syscall}");
        }
        println!("{act:?}: killed at each of {kills} calls of {syscall}");
        assert!(kills >= act.kills_min(), "{act:?}: {kills} at {syscall}");
    }
}

/// Whether the kill came before the end of the change; an error if this machine cannot do it.
async fn kill_at(env: &Env, act: Act, syscall: &str, nth: usize) -> Result<bool, String> {
    let place = Place::new(env, &format!("steps-{act:?}-{syscall}-{nth}"));
    let mut world = World::new(env, place.launch("8MiB"));
    let (process, at) = world.scene.start().await.unwrap();
    let iterator = match act {
        Act::Create => None,
        Act::Delete | Act::Split | Act::Merge => Some(world.prepare(&at).await),
    };
    // After a restart, so that no write of the past is still under way and counted.
    process.kill().unwrap();
    let (process, at) = world.scene.start().await.unwrap();
    let strace = match Strace::attach(process.id(), syscall, Injection::Kill, nth) {
        Ok(strace) => strace,
        Err(why) => {
            place.remove();
            return Err(why);
        }
    };
    let was_killed = world.act(act, process, at).await;
    drop(strace);
    world.verify(act, iterator).await;
    world.judge(&place);
    place.remove();
    Ok(was_killed)
}

/// What became of a change.
enum Outcome {
    /// It was answered with 200.
    Done,
    /// Nobody knows.
    Unknown,
}

struct World {
    scene: Scene,
    /// The server after the change.
    after: Option<(Process, Endpoint)>,
    outcome: Outcome,
}

impl World {
    fn new(env: &Env, launch: Launch) -> Self {
        Self {
            scene: Scene::new(env, launch, &NAMES),
            after: None,
            outcome: Outcome::Unknown,
        }
    }

    /// Two shards with records, and an iterator that stands before them.
    async fn prepare(&mut self, at: &Endpoint) -> Session {
        self.scene.create(at, STREAM).await;
        self.scene.put(at, STREAM).await;
        let request = Request {
            stream: STREAM,
            consumer: 0,
            shard: ShardId(0),
            start: Start::TrimHorizon,
            lineage: Lineage::Any,
        };
        Session::open(&mut self.scene.worker, at, request)
            .await
            .unwrap()
    }

    /// Makes the change; if the server is killed over it, starts it again. If not, kills it then.
    async fn act(&mut self, act: Act, mut process: Process, at: Endpoint) -> bool {
        let worker = self.scene.worker.fork();
        let change = async move {
            match act {
                Act::Create => create(worker, &at).await,
                Act::Delete => delete(worker, &at).await,
                Act::Split => reshard(worker, &at, ShardChange::Split(ShardId(0), 1 << 126)).await,
                Act::Merge => {
                    reshard(worker, &at, ShardChange::Merge(ShardId(0), ShardId(1))).await
                }
            }
        };
        let mut change = std::pin::pin!(change);
        let env = self.scene.env.clone();
        let death = async {
            while !process.has_ended().unwrap() {
                env.clock.sleep(LOOK).await;
            }
        };
        let done = tokio::select! {
            biased;
            done = &mut change => Some(done),
            () = death => None,
        };
        self.scene.kill(process);
        self.after = Some(self.scene.start().await.unwrap());
        let was_killed = done.is_none();
        self.outcome = match done {
            Some(outcome) => outcome,
            None => within(&env, change).await,
        };
        was_killed
    }

    async fn verify(&mut self, act: Act, iterator: Option<Session>) {
        let (process, at) = self.after.take().unwrap();
        let scene = &mut self.scene;
        if within(&scene.env, is_there(&mut scene.worker)).await {
            let shards = scene.worker.list(&at, STREAM).await.unwrap();
            self.verify_shards(act, &shards);
            if let Some(mut iterator) = iterator {
                let progress = iterator.read(&mut self.scene.worker, &at, None).await;
                assert_eq!(progress, Progress::Records);
            }
        } else {
            let may_be_gone = match act {
                Act::Create => matches!(self.outcome, Outcome::Unknown),
                Act::Delete => true,
                Act::Split | Act::Merge => false,
            };
            assert!(may_be_gone, "the stream is gone");
            // The name is free, and nothing of the old stream is in the new one.
            self.scene.forget();
            self.scene.create(&at, STREAM).await;
        }
        self.scene.put(&at, STREAM).await;
        assert!(self.scene.drain(&at, STREAM).await);
        process.kill().unwrap();
    }

    fn judge(&self, place: &Place) {
        let verdict = self.scene.judge(place, STREAM);
        assert_eq!(verdict.judged.acked, verdict.judged.puts, "{verdict}");
    }

    fn verify_shards(&self, act: Act, shards: &[ListedShard]) {
        let was_answered = matches!(self.outcome, Outcome::Done);
        let is_done = shards.len() == act.shards_after();
        let is_as_before = shards.len() == 2 && !was_answered;
        assert!(is_done || is_as_before, "{shards:?}");
        let ring = HashKeyRange {
            first: HashKey(0),
            last: HashKey(u128::MAX),
        };
        let open = shards.iter().filter(|shard| shard.last.is_none());
        let mut ranges: Vec<HashKeyRange> = open.map(|shard| shard.range).collect();
        ranges.sort_unstable();
        let (first, last) = (ranges.first().unwrap(), ranges.last().unwrap());
        assert_eq!((first.first, last.last), (ring.first, ring.last));
        let touch = |pair: &[HashKeyRange]| pair[0].last.0 + 1 == pair[1].first.0;
        assert!(ranges.windows(2).all(touch), "{shards:?}");
    }
}

/// Waits, if need be for another server, until the stream is there or not; says which.
async fn is_there(worker: &mut Worker) -> bool {
    while let Some(at) = worker.access.endpoint().await {
        match worker.status(&at, STREAM).await {
            Ok(Some(StreamStatus::Active)) => return true,
            Ok(None) => return false,
            Ok(Some(StreamStatus::Creating | StreamStatus::Updating | StreamStatus::Deleting)) => {}
            Err(error) => assert!(!error.was_not_applied() || is_not_sent(&error), "{error}"),
        }
        worker.env.clock.sleep(LOOK).await;
    }
    panic!("nobody says that it is over");
}

fn is_not_sent(error: &millstream_client::Error) -> bool {
    matches!(error, millstream_client::Error::NotSent(_))
}

/// What a call came to, after all that follows from it.
async fn settled(worker: &mut Worker, answer: Result<(), millstream_client::Error>) -> Outcome {
    is_there(worker).await;
    match answer {
        Ok(()) => Outcome::Done,
        Err(error) => {
            let was_refused = error.was_not_applied() && !is_not_sent(&error);
            assert!(!was_refused, "{error}");
            Outcome::Unknown
        }
    }
}

async fn create(mut worker: Worker, at: &Endpoint) -> Outcome {
    let answer = worker.create(at, STREAM, 2).await;
    settled(&mut worker, answer).await
}

async fn delete(mut worker: Worker, at: &Endpoint) -> Outcome {
    let input = DeleteStreamInput {
        stream_name: Some(NAMES[STREAM].to_owned()),
        ..DeleteStreamInput::default()
    };
    let client = at.client(&mut worker.rng);
    let answer = client.call::<DeleteStream>(&input).await;
    settled(&mut worker, answer).await
}

async fn reshard(worker: Worker, at: &Endpoint, change: ShardChange) -> Outcome {
    match Operator::new(worker, STREAM).reshard(at, &change).await {
        ReshardOutcome::Acked => Outcome::Done,
        ReshardOutcome::DefinitelyFailed | ReshardOutcome::Unknown => Outcome::Unknown,
    }
}
