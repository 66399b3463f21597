//! A server with a few streams, controlled step by step: for tests that do one thing at a time.
//!
//! A campaign does everything at once, at random; a scene does what the test says, and its puts and
//! reads are judged in the same way.

use crate::place::Place;
use fastrand::Rng;
use millstream_crash::{
    Director, DriveError, Endpoint, Follower, Launch, Process, Producer, Recorder, Worker,
};
use millstream_env::{BoxFuture, Env};
use millstream_judge::{Verdict, judge};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// The first stream, the only one of most scenes.
pub const STREAM: usize = 0;
/// Calls that put records anywhere, each time that a scene puts.
pub const PUTS: usize = 12;
/// What has not ended by then does not end: far above what a slow machine takes.
const STUCK_AFTER: Duration = Duration::from_secs(300);

pub struct Scene {
    pub env: Env,
    pub launch: Launch,
    pub director: Director,
    pub worker: Worker,
    pub recorder: Arc<Recorder>,
    names: &'static [&'static str],
    /// Whose records have which number.
    clients: u32,
    /// Who reads has which number.
    consumers: u32,
}

impl Scene {
    /// A scene of streams with these names, none of which is there yet.
    pub fn new(env: &Env, launch: Launch, names: &'static [&'static str]) -> Self {
        let recorder = Recorder::new(env, names, launch.limits);
        let (director, access) = Director::new();
        let worker = Worker {
            env: env.clone(),
            access,
            recorder: Arc::clone(&recorder),
            rng: Rng::with_seed(4),
        };
        Self {
            env: env.clone(),
            launch,
            director,
            worker,
            recorder,
            names,
            clients: 0,
            consumers: 0,
        }
    }

    /// Starts a server.
    pub async fn start(&mut self) -> Result<(Process, Endpoint), DriveError> {
        let mut process = self.launch.spawn()?;
        let url = process.ready(&self.env).await?;
        Ok((process, self.director.up(&self.env, &url)))
    }

    /// Kills the server.
    pub fn kill(&self, process: Process) {
        self.director.down();
        process.kill().unwrap();
    }

    /// Forgets all that was seen: the stream begins anew.
    pub fn forget(&mut self) {
        self.recorder = Recorder::new(&self.env, self.names, self.launch.limits);
        self.worker.recorder = Arc::clone(&self.recorder);
    }

    /// Creates a stream of two shards.
    pub async fn create(&mut self, at: &Endpoint, stream: usize) {
        self.worker.create(at, stream, 2).await.unwrap();
        assert!(self.worker.until_active(stream).await);
    }

    /// Puts to both ends of every open shard, and anywhere.
    pub async fn put(&mut self, at: &Endpoint, stream: usize) {
        let shards = self.worker.list(at, stream).await.unwrap();
        let open = shards.iter().filter(|shard| shard.last.is_none());
        let keys = open.flat_map(|shard| [shard.range.first, shard.range.last]);
        let mut producer = self.producer();
        for key in keys {
            producer.put_at(at, stream, key).await;
        }
        for _ in 0..PUTS {
            producer.put_any(at, stream).await;
        }
    }

    /// A client of its own.
    pub fn producer(&mut self) -> Producer {
        self.clients += 1;
        Producer::new(self.worker.fork(), self.clients)
    }

    /// The number of a reader.
    pub fn consumer(&mut self) -> u32 {
        self.consumers += 1;
        self.consumers
    }

    /// Reads a whole stream; `false` if that cannot be done.
    pub async fn drain(&mut self, at: &Endpoint, stream: usize) -> bool {
        let consumer = self.consumer();
        let follower = Follower::new(self.worker.fork(), stream, consumer);
        let env = self.env.clone();
        within(&env, follower.drain(at)).await
    }

    /// Lets a worker go its own way; what is answered resolves when it is back.
    pub fn release(&self, work: impl Future<Output = ()> + Send + 'static) -> BoxFuture<()> {
        let (done, ended) = oneshot::channel();
        let task = async move {
            work.await;
            // Nobody waits any more if the test has failed.
            let _ = done.send(());
        };
        self.env.tasks.spawn("worker", Box::pin(task));
        Box::pin(async { ended.await.expect("the worker did not panic") })
    }

    /// Judges a stream; a bad history is kept at its place.
    pub fn judge(&self, place: &Place, stream: usize) -> Verdict {
        let history = self.recorder.history(stream);
        let verdict = judge(&history).unwrap();
        if !verdict.is_good() {
            place.keep(&self.env, self.names[stream], &history);
        }
        assert!(verdict.is_good(), "{verdict}");
        assert!(verdict.judged.puts > PUTS, "{verdict}");
        assert_eq!(self.recorder.complaints(), Vec::<String>::new());
        verdict
    }
}

/// Bounds what would hang.
pub async fn within<T>(env: &Env, work: impl Future<Output = T>) -> T {
    tokio::select! {
        biased;
        done = work => done,
        () = env.clock.sleep(STUCK_AFTER) => panic!("nothing moves any more"),
    }
}
