//! The n-th system call of a kind fails under load: nothing acknowledged is lost, nothing wrong is
//! read, the server goes on or reports that it accepts no writes, and after a plain restart
//! everything is there.
//!
//! `MILLSTREAM_FAULTED_CALLS` sets how many calls of a kind are tried, one in each life of the
//! server. The journal's tests do the same in process, at each of its calls.

use crate::admin;
use crate::campaigns::number;
use crate::place::Place;
use crate::scene::{STREAM, Scene, within};
use crate::strace::{Injection, Strace};
use millstream_crash::{Endpoint, Follower, Operator, Process, Progress, Request, Session};
use millstream_env::{BoxFuture, Env};
use millstream_judge::{HashKey, Lineage, ShardId, Start};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Which calls are tried in an ordinary run: the first ones.
const CALLS: usize = 6;
/// Clients that put at once, and how often each does in a life of the server.
const PRODUCERS: usize = 3;
const PUTS: usize = 16;
/// Between two looks.
const LOOK: Duration = Duration::from_millis(2);
const ERRORS: [&str; 3] = ["EIO", "ENOSPC", "EINTR"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn write_or_sync_when_the_nth_fails_then_nothing_acknowledged_is_lost() {
    fail_each(&["pwrite64", "fdatasync"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn change_of_a_file_when_the_nth_fails_then_nothing_acknowledged_is_lost() {
    // Which of them renames depends on the machine.
    let rename = "?rename,?renameat,?renameat2";
    fail_each(&["fsync", rename, "openat", "ftruncate", "fallocate"]).await;
}

async fn fail_each(kinds: &[&'static str]) {
    let env = Env::real();
    let calls = number("MILLSTREAM_FAULTED_CALLS").map_or(CALLS, |calls| calls as usize);
    for syscalls in kinds.iter().copied() {
        for error in ERRORS {
            let trial = Trial::new(&env, syscalls, error);
            let tally = trial.run(calls).await;
            println!("{syscalls} with {error}: {tally:?}");
            assert!(tally.injected > 0, "{syscalls} never failed with {error}");
            // A sync that was interrupted is called again; one that failed is not.
            let ends_writing = syscalls == "fdatasync" && error != "EINTR";
            assert!(!ends_writing || tally.writable == 0, "{tally:?}");
        }
    }
}

/// What lives with a failed call came to.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    /// Failed calls.
    injected: usize,
    /// Lives that took writes at their end.
    writable: usize,
    /// Lives that said that they take none.
    read_only: usize,
    /// Lives that ended by themselves.
    ended: usize,
}

/// One kind of call and one error, over several lives of one server.
struct Trial {
    scene: Scene,
    place: Place,
    syscalls: &'static str,
    error: &'static str,
    seen: PathBuf,
}

impl Trial {
    fn new(env: &Env, syscalls: &'static str, error: &'static str) -> Self {
        let word = syscalls.trim_start_matches('?').split(',').next();
        let name = format!("fault-{}-{error}", word.unwrap_or_default());
        let place = Place::new(env, &name);
        Self {
            scene: Scene::new(env, place.launch("1MiB"), &["s"]),
            seen: place.path().join("strace.log"),
            place,
            syscalls,
            error,
        }
    }

    async fn run(mut self, calls: usize) -> Tally {
        let mut tally = Tally::default();
        let (mut process, mut at) = self.scene.start().await.unwrap();
        self.scene.create(&at, STREAM).await;
        self.scene.put(&at, STREAM).await;
        let bystanders = self.release_bystanders();
        for nth in 1..=calls {
            let injected = self.live(&mut process, &at, nth, &mut tally).await;
            self.scene.kill(process);
            (process, at) = self.scene.start().await.unwrap();
            let acked = self.scene.recorder.acked();
            self.scene.put(&at, STREAM).await;
            assert!(self.scene.recorder.acked() > acked, "writing goes on");
            if injected == 0 {
                break;
            }
            tally.injected += injected;
        }
        self.scene.director.over();
        for bystander in bystanders {
            within(&self.scene.env, bystander).await;
        }
        assert!(self.scene.drain(&at, STREAM).await, "all can be read");
        self.scene.kill(process);
        self.scene.judge(&self.place, STREAM);
        self.place.remove();
        tally
    }

    /// A reader, and someone who changes the shards, through all lives.
    fn release_bystanders(&mut self) -> [BoxFuture<()>; 2] {
        let scene = &mut self.scene;
        let consumer = scene.consumer();
        let follower = Follower::new(scene.worker.fork(), STREAM, consumer);
        let operator = Operator::new(scene.worker.fork(), STREAM);
        [scene.release(follower.run()), scene.release(operator.run())]
    }

    /// A life with a failing call; answers how many calls failed.
    async fn live(
        &mut self,
        process: &mut Process,
        at: &Endpoint,
        nth: usize,
        tally: &mut Tally,
    ) -> usize {
        let injection = Injection::Error(self.error);
        let id = process.id();
        let strace = Strace::attach_with_log(id, self.syscalls, injection, nth, &self.seen);
        let strace = strace.unwrap();
        self.load(at).await;
        strace.detach();
        if process.has_ended().unwrap() {
            let words = admin::last_words(&self.scene.launch.log);
            assert!(words.contains("rror"), "it ended without a word: {words}");
            tally.ended += 1;
        } else {
            let env = self.scene.env.clone();
            if within(&env, self.takes_writes(at)).await {
                tally.writable += 1;
            } else {
                tally.read_only += 1;
            }
            self.read(at).await;
        }
        count_injected(&self.seen)
    }

    /// Reads go on, from the beginning.
    async fn read(&mut self, at: &Endpoint) {
        let request = Request {
            stream: STREAM,
            consumer: self.scene.consumer(),
            shard: ShardId(0),
            start: Start::TrimHorizon,
            lineage: Lineage::Any,
        };
        let worker = &mut self.scene.worker;
        let mut session = Session::open(worker, at, request).await.unwrap();
        let progress = session.read(worker, at, None).await;
        assert_eq!(progress, Progress::Records);
    }

    async fn load(&mut self, at: &Endpoint) {
        let mut loads = Vec::new();
        for _ in 0..PRODUCERS {
            let (mut producer, at) = (self.scene.producer(), at.clone());
            loads.push(self.scene.release(async move {
                for _ in 0..PUTS {
                    producer.put_any(&at, STREAM).await;
                }
            }));
        }
        for load in loads {
            within(&self.scene.env, load).await;
        }
    }

    /// Whether it takes a record; if it does not, it says so in the end.
    async fn takes_writes(&mut self, at: &Endpoint) -> bool {
        let mut producer = self.scene.producer();
        loop {
            let acked = self.scene.recorder.acked();
            producer.put_at(at, STREAM, HashKey(0)).await;
            if self.scene.recorder.acked() > acked {
                return true;
            }
            if !admin::is_ready(&self.scene.launch.log) {
                return false;
            }
            self.scene.env.clock.sleep(LOOK).await;
        }
    }
}

fn count_injected(seen: &Path) -> usize {
    let text = std::fs::read_to_string(seen).unwrap();
    text.lines().filter(|it| it.contains("(INJECTED)")).count()
}
