//! A loop of deaths: clients at work, the server dies at a random time and is restarted on the same
//! directory, and so on; at the end everything is read and the whole history can be judged.
//!
//! A server's life ends after a random number of acknowledgements and a random delay, so a slow
//! machine does as much work between two kills as a fast one. Some lives end before the server is
//! ready.

use super::control::Worker;
use super::endpoint::{Access, Director, Endpoint};
use super::fate::Fate;
use super::follower::Follower;
use super::operator::Operator;
use super::poller::Poller;
use super::producer::Producer;
use super::recorder::Recorder;
use super::server::{Launch, Process};
use super::{DriveError, STALLED_AFTER};
use fastrand::Rng;
use millstream_env::{BoxFuture, Env};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;

/// The streams, with their initial numbers of shards.
const STREAMS: [(&str, i32); 3] = [("one", 1), ("two", 2), ("four", 4)];
const PRODUCERS: u32 = 8;
const POLLERS: u32 = 4;
/// Maximum number of acknowledgements in one life of the server.
const ACKS_MAX: u64 = 500;
/// Polling interval of acknowledgements.
const LOOK: Duration = Duration::from_millis(2);

/// A run to be made.
pub struct Campaign {
    /// The server.
    pub launch: Launch,
    /// The seed of random choices; thread scheduling is not determined.
    pub seed: u64,
    /// Number of deaths of a ready server.
    pub cycles: usize,
    /// The cause of death.
    pub fate: Fate,
}

/// Counts of a run; what it saw is in its recorder.
pub struct Report {
    /// Acknowledged splits, merges and new counts.
    pub reshards: u64,
    /// Reads with an iterator of an earlier life of the server.
    pub iterators_across: u64,
    /// Iterators asked for by a number of an earlier life of the server.
    pub numbers_across: u64,
    /// Responses with a status of 500 or above.
    pub server_faults: u64,
    /// Deaths before the server was ready.
    pub ends_at_start: usize,
    /// For each restart, the time until its first line.
    pub restarts: Vec<Duration>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slowest = self.restarts.iter().max().copied().unwrap_or_default();
        let sum: Duration = self.restarts.iter().sum();
        let count = u32::try_from(self.restarts.len()).unwrap_or(u32::MAX);
        let mean = sum.checked_div(count).unwrap_or_default();
        write!(
            f,
            "{} restarts ({mean:?} on average, {slowest:?} at most) and {} ends during one; ",
            self.restarts.len(),
            self.ends_at_start
        )?;
        write!(
            f,
            "{} reshards; {} reads and {} positions from an earlier life; {} answers of 5xx",
            self.reshards, self.iterators_across, self.numbers_across, self.server_faults
        )
    }
}

impl Campaign {
    /// An empty memory for the run.
    pub fn recorder(&self, env: &Env) -> Arc<Recorder> {
        Recorder::new(env, &STREAMS.map(|(name, _)| name), self.launch.limits)
    }

    /// Performs the run, and leaves everything it saw in `recorder`, even if it fails.
    ///
    /// # Errors
    /// If the server does not start, ends by itself, or no longer responds.
    pub async fn run(self, env: &Env, recorder: &Arc<Recorder>) -> Result<Report, DriveError> {
        let mut rng = Rng::with_seed(self.seed);
        let (director, access) = Director::new();
        let mut run = Run {
            env: env.clone(),
            campaign: self,
            director,
            worker: worker(env, access, recorder, &mut rng),
            rng,
            recorder: Arc::clone(recorder),
            restarts: Vec::new(),
            ends_at_start: 0,
        };
        let process = run.begin().await?;
        let workers = run.release_workers();
        let process = run.end_and_restart(process).await?;
        run.end(process, workers).await
    }
}

fn worker(env: &Env, access: Access, recorder: &Arc<Recorder>, rng: &mut Rng) -> Worker {
    Worker {
        env: env.clone(),
        access,
        recorder: Arc::clone(recorder),
        rng: rng.fork(),
    }
}

/// A run in progress.
struct Run {
    env: Env,
    campaign: Campaign,
    director: Director,
    /// From which others are forked, and which does what has to be done between.
    worker: Worker,
    rng: Rng,
    recorder: Arc<Recorder>,
    restarts: Vec<Duration>,
    ends_at_start: usize,
}

impl Run {
    /// Starts a server and creates the streams.
    async fn begin(&mut self) -> Result<Process, DriveError> {
        let (process, at) = self.start().await?;
        for (stream, (_, shards)) in STREAMS.into_iter().enumerate() {
            self.worker.create(&at, stream, shards).await?;
            self.worker.until_active(stream).await;
            self.worker.list(&at, stream).await;
        }
        Ok(process)
    }

    async fn start(&mut self) -> Result<(Process, Endpoint), DriveError> {
        let began = self.env.clock.monotonic();
        let mut process = self.campaign.launch.spawn()?;
        let url = process.ready(&self.env).await?;
        self.restarts.push(self.env.clock.monotonic().since(began));
        let endpoint = self.director.up(&self.env, &url);
        Ok((process, endpoint))
    }

    fn release_workers(&mut self) -> Vec<oneshot::Receiver<()>> {
        let mut tasks: Vec<BoxFuture<()>> = Vec::new();
        for client in 0..PRODUCERS {
            tasks.push(Box::pin(Producer::new(self.worker.fork(), client).run()));
        }
        for consumer in 0..POLLERS {
            tasks.push(Box::pin(Poller::new(self.worker.fork(), consumer).run()));
        }
        for stream in 0..STREAMS.len() {
            tasks.push(Box::pin(Operator::new(self.worker.fork(), stream).run()));
            let follower = Follower::new(self.worker.fork(), stream, POLLERS);
            tasks.push(Box::pin(follower.run()));
        }
        let release = |task: BoxFuture<()>| {
            let (done, ended) = oneshot::channel();
            let task = async move {
                task.await;
                // The receiver is gone if the run was abandoned.
                let _ = done.send(());
            };
            self.env.tasks.spawn("worker", Box::pin(task));
            ended
        };
        tasks.into_iter().map(release).collect()
    }

    async fn end_and_restart(&mut self, mut process: Process) -> Result<Process, DriveError> {
        for _ in 0..self.campaign.cycles {
            let acks = self.rng.u64(1..ACKS_MAX);
            self.work(&mut process, acks).await?;
            let a_while = Duration::from_micros(self.rng.u64(..20_000));
            self.env.clock.sleep(a_while).await;
            self.campaign.fate.strike(process)?;
            self.director.down();
            while self.rng.u8(..) < 64 {
                self.end_at_start().await?;
            }
            process = self.start().await?.0;
        }
        Ok(process)
    }

    /// Starts a server and usually kills it before it is ready.
    async fn end_at_start(&mut self) -> Result<(), DriveError> {
        let process = self.campaign.launch.spawn()?;
        let usual = self.restarts.last().copied().unwrap_or_default();
        let usual_micros = u64::try_from(usual.as_micros()).unwrap_or(u64::MAX);
        let a_while = Duration::from_micros(self.rng.u64(..=usual_micros));
        self.env.clock.sleep(a_while).await;
        self.ends_at_start += 1;
        self.campaign.fate.strike(process)
    }

    /// Lets the workers run until this many more records are acknowledged.
    async fn work(&self, process: &mut Process, acks: u64) -> Result<(), DriveError> {
        let mut last = (self.recorder.acked(), self.env.clock.monotonic());
        let enough = last.0 + acks;
        while last.0 < enough {
            self.env.clock.sleep(LOOK).await;
            let now = self.env.clock.monotonic();
            if process.has_ended()? {
                return Err(DriveError::Ended);
            }
            let acked = self.recorder.acked();
            if acked > last.0 {
                last = (acked, now);
            } else if now.since(last.1) > STALLED_AFTER {
                return Err(DriveError::Stalled(STALLED_AFTER));
            }
        }
        Ok(())
    }

    /// Without faults: works on for a while, stops, and reads everything.
    async fn end(
        mut self,
        mut process: Process,
        workers: Vec<oneshot::Receiver<()>>,
    ) -> Result<Report, DriveError> {
        self.work(&mut process, ACKS_MAX).await?;
        let at = self.worker.access.endpoint().await;
        self.director.over();
        for worker in workers {
            worker.await.map_err(|_| DriveError::Panicked)?;
        }
        let at = at.ok_or(DriveError::Ended)?;
        for (stream, (name, _)) in STREAMS.into_iter().enumerate() {
            let follower = Follower::new(self.worker.fork(), stream, POLLERS + 1);
            if !follower.drain(&at).await {
                return Err(DriveError::NotDrained(name.to_owned()));
            }
        }
        process.kill()?;
        let reached = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Ok(Report {
            reshards: reached(&self.recorder.reached.reshards),
            iterators_across: reached(&self.recorder.reached.iterators_across),
            numbers_across: reached(&self.recorder.reached.numbers_across),
            server_faults: reached(&self.recorder.reached.server_faults),
            ends_at_start: self.ends_at_start,
            restarts: self.restarts,
        })
    }
}
