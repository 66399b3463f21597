//! A run: everything is made ready, requests are sent until the end, and what came of them.

use super::deliveries::Consumers;
use super::live::{DRAWN_EVERY, Live};
use super::records::Maker;
use super::report::Ended;
use super::schedule::Schedule;
use super::stream::Stream;
use super::tally::Tally;
use super::worker::{Origin, Reading, Shared, Work, Worker};
use super::workload::{Operation, Workload};
use crate::terminal::Progress;
use crate::{Failure, Stop, Surroundings};
use millstream_client::Client;
use parking_lot::Mutex;
use std::sync::Arc;
use tokio::sync::mpsc;

/// The clients of a run.
pub(super) struct Clients {
    /// Those that are measured, which try nothing again. Each has connections of its own.
    pub(super) measured: Vec<Client>,
    /// The one for everything else.
    pub(super) other: Client,
}

/// What came of a run.
pub(super) struct Finished {
    pub(super) tally: Tally,
    pub(super) seconds: f64,
    pub(super) ended: Ended,
    pub(super) never_begun: u64,
    pub(super) missing_deliveries: Option<u64>,
    /// Why it ended early, or what is left behind.
    pub(super) failure: Option<Failure>,
}

/// Runs a load on a stream that is there, with these shards.
///
/// # Errors
/// If nothing could be measured.
pub(super) async fn measure(
    workload: &Workload,
    clients: &Clients,
    stream: &Stream,
    shards: &[String],
    surroundings: &Surroundings,
) -> Result<Finished, Failure> {
    let env = &surroundings.env;
    let maker = Maker::new(workload, Arc::clone(&env.random));
    let prepare = async {
        let filled = stream.fill(workload, &maker, shards.len(), surroundings);
        filled.await?;
        origins(workload, clients, stream, shards).await
    };
    let origins = surroundings.stop.unless_asked(prepare).await;
    let origins = origins.ok_or_else(|| Failure::new("stopped before anything was measured"))??;
    let spinner = Progress::spinner(&surroundings.terminal, "starting");
    let consumers = Consumers::start(workload, &clients.other, stream, surroundings).await?;
    drop(spinner);
    let shared = Arc::new(Shared {
        schedule: Schedule::begin(
            workload.warm_up,
            workload.extent,
            workload.rate,
            &*env.clock,
        ),
        env: env.clone(),
        tally: Mutex::new(Tally::new()),
        halt: Stop::default(),
        failure: Mutex::new(None),
    });
    let receiving = consumers.receive(&shared, maker.mark());
    let works = works(workload, stream, &maker, &origins);
    send(works, clients, workload, &shared, surroundings).await;
    let was_stopped = surroundings.stop.is_asked();
    let expected = match workload.operation.delivers() {
        true => Some(shared.tally.lock().records * u64::from(workload.consumers)),
        false => None,
    };
    let spinner =
        expected.map(|_| Progress::spinner(&surroundings.terminal, "receiving the last records"));
    let received = receiving.end(expected.unwrap_or(0), &shared).await;
    drop(spinner);
    let failure = shared.failure.lock().take().or(received.err());
    let tally = shared.tally.lock().clone();
    let never_begun = match was_stopped || failure.is_some() {
        true => 0,
        false => shared.schedule.never_begun(),
    };
    let delivered = tally.deliveries.count();
    Ok(Finished {
        seconds: tally
            .last
            .since(shared.schedule.counted_from())
            .as_secs_f64(),
        ended: match (&failure, was_stopped) {
            (Some(_), _) => Ended::Failed,
            (None, true) => Ended::Stopped,
            (None, false) => Ended::Done,
        },
        never_begun,
        missing_deliveries: expected.map(|expected| expected.saturating_sub(delivered)),
        tally,
        failure,
    })
}

/// The beginnings of the shards, if they are read.
async fn origins(
    workload: &Workload,
    clients: &Clients,
    stream: &Stream,
    shards: &[String],
) -> Result<Vec<Arc<Origin>>, Failure> {
    let mut origins = Vec::new();
    if workload.operation == Operation::GetRecords {
        for shard in shards.iter().take(workload.in_flight as usize) {
            let origin = Origin::of(&clients.other, &stream.name, shard.clone()).await?;
            origins.push(Arc::new(origin));
        }
    }
    Ok(origins)
}

/// What each worker does.
fn works(
    workload: &Workload,
    stream: &Stream,
    maker: &Maker,
    origins: &[Arc<Origin>],
) -> Vec<Work> {
    let records = workload.records;
    let work = |worker: usize| {
        let (stream, maker) = (stream.name.clone(), maker.clone());
        match workload.operation {
            Operation::PutRecord => Work::Put { stream, maker },
            Operation::EndToEnd | Operation::Subscribe if records == 1 => {
                Work::Put { stream, maker }
            }
            Operation::PutRecords | Operation::EndToEnd | Operation::Subscribe => Work::PutMany {
                stream,
                maker,
                records,
            },
            Operation::GetRecords => {
                let origin = Arc::clone(&origins[worker % origins.len()]);
                Work::Get(Reading::new(
                    origin,
                    i32::try_from(records).unwrap_or(i32::MAX),
                ))
            }
        }
    };
    (0..workload.in_flight as usize).map(work).collect()
}

/// Sends requests on tasks of their own until all workers have ended, and shows how it goes.
async fn send(
    works: Vec<Work>,
    clients: &Clients,
    workload: &Workload,
    shared: &Arc<Shared>,
    surroundings: &Surroundings,
) {
    let (hold, mut held) = mpsc::channel::<()>(1);
    for (work, client) in works.into_iter().zip(clients.measured.iter().cycle()) {
        let worker = Worker {
            shared: Arc::clone(shared),
            client: client.clone(),
            work,
        };
        let hold = hold.clone();
        let run = async move {
            worker.run().await;
            drop(hold);
        };
        let tasks = &surroundings.env.tasks;
        tasks.spawn("bench worker", Box::pin(run));
    }
    drop(hold);
    let mut live = Live::begin(workload, &shared.schedule, surroundings);
    let (clock, stop) = (&surroundings.env.clock, &surroundings.stop);
    loop {
        let is_over = tokio::select! {
            biased;
            // Nothing is sent: all ends are dropped in the end.
            _ = held.recv() => true,
            () = stop.asked(), if !shared.halt.is_asked() => {
                shared.halt.ask();
                false
            }
            () = clock.sleep(DRAWN_EVERY) => false,
        };
        if live.is_seen() {
            let tally = shared.tally.lock().clone();
            live.draw(&tally, &shared.schedule, clock.monotonic());
        }
        if is_over {
            return;
        }
    }
}
