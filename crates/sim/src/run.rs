//! One run: a plan, its world, clients and faults; then calm, a health check, and everything read
//! once more.

use super::admin::Admin;
use super::chronicle::Chronicle;
use super::clerk::Clerk;
use super::client::{Capacity, Client, Settled, Stays};
use super::machine::Machine;
use super::nemesis::Nemesis;
use super::operator::operate;
use super::owner::keep_owner;
use super::plan::{FaultKind, Plan};
use super::producer::Producer;
use super::reach::Reach;
use super::reader::{Follower, poll};
use super::subscriber::Subscriber;
use super::teller::Teller;
use super::tenant::{Finished, Tenant};
use fastrand::Rng;
use millstream_env::{BoxFuture, Line, Tasks, Trace};
use millstream_judge::{Event, History, Verdict};
use millstream_protocol::types::RecordDistributionStrategy;
use millstream_streams::Limits;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// The streams that stay. The last one scales by itself, so that it is there only where limits
/// hold.
const STREAMS: [(&str, Capacity); 3] = [
    ("one", Capacity::Shards(1)),
    ("three", Capacity::Shards(3)),
    ("on-demand", ON_DEMAND),
];
/// The capacity of the one that scales.
const ON_DEMAND: Capacity = Capacity::OnDemand(RecordDistributionStrategy::UserPartitionKey);
/// Shards that an on-demand stream begins with.
const ON_DEMAND_SHARDS: usize = 4;
/// Consumers and tenants have numbers above those of producers.
const POLLERS: [u32; 2] = [100, 101];
const FOLLOWER: u32 = 200;
const DRAIN: u32 = 201;
const TENANTS: [u32; 2] = [300, 301];
const SUBSCRIBERS: [u32; 2] = [400, 401];
/// Holds a subscription for as long as it lasts.
const LAST_SUBSCRIBER: u32 = 499;
const STORM: u32 = 500;
/// From the last fault on.
const CALM: Duration = Duration::from_secs(60);
/// From the last fault on, at most: a server that never comes back must not be waited for.
const OVER_WITHIN: Duration = Duration::from_mins(40);
/// A client that does not end within this time hangs.
const END_WITHIN: Duration = Duration::from_secs(120);
/// Puts that must be acknowledged at the end, one after the other.
const LAST_PUTS: u32 = 20;

/// The first complaints tell the story.
const COMPLAINTS_SHOWN: usize = 20;

/// What a run saw.
pub struct Report {
    /// What it was.
    pub plan: Plan,
    /// Its steps, in one number.
    pub trace: Trace,
    /// What was struck, and when.
    pub reach: Reach,
    /// The streams' names with their histories.
    pub histories: Vec<(String, History)>,
    /// And what the checker says of each, in the same order.
    pub verdicts: Vec<Verdict>,
    /// What the checker has no word for.
    pub complaints: Vec<String>,
    /// What was struck, and how the server took it, with times.
    pub events: Vec<String>,
    /// Processes that were started.
    pub starts: u64,
    /// Shards that on-demand streams got by themselves.
    pub scaled: usize,
}

impl Report {
    /// Whether nothing went wrong.
    pub fn is_good(&self) -> bool {
        self.complaints.is_empty() && self.verdicts.iter().all(Verdict::is_good)
    }

    /// Records acknowledged.
    pub fn acked(&self) -> usize {
        self.verdicts.iter().map(|it| it.judged.acked).sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}; {} starts; {}", self.plan, self.starts, self.trace)?;
        for event in &self.events {
            writeln!(f, "  {event}")?;
        }
        for complaint in self.complaints.iter().take(COMPLAINTS_SHOWN) {
            writeln!(f, "  COMPLAINT {complaint}")?;
        }
        for ((name, _), verdict) in self.histories.iter().zip(&self.verdicts) {
            if !verdict.is_good() {
                write!(f, "  stream {name}: {verdict}")?;
            }
        }
        Ok(())
    }
}

/// Runs a plan.
///
/// # Panics
/// If the server panics, or everybody in the world waits for ever.
pub fn run(plan: Plan) -> Report {
    run_on(&Machine::new(plan))
}

/// Runs a plan and keeps its steps one by one, to compare them with another run's.
///
/// # Panics
/// As [`run`] does.
pub fn run_with_lines(plan: Plan) -> (Report, Vec<Line>) {
    let machine = Machine::new(plan);
    machine.simulation.keep_lines();
    let report = run_on(&machine);
    (report, machine.simulation.take_lines())
}

fn run_on(machine: &Arc<Machine>) -> Report {
    let simulation = machine.simulation.clone();
    let world = World::new(machine);
    let histories = simulation.run(world.live());
    // Tasks hold their world as it holds them.
    machine.outside.end();
    let verdict = |(name, history): &(String, History)| {
        millstream_judge::judge(history).unwrap_or_else(|error| panic!("stream {name}: {error}"))
    };
    Report {
        scaled: scaled(&histories),
        trace: simulation.trace(),
        reach: machine.reach(),
        verdicts: histories.iter().map(verdict).collect(),
        histories,
        complaints: machine.complaints(),
        events: machine.events(),
        starts: machine.generation(),
        plan: machine.plan.clone(),
    }
}

/// The streams of a plan.
fn streams_of(plan: &Plan) -> impl Iterator<Item = (&'static str, Capacity)> + use<> {
    let has_limits = plan.limits == Limits::Aws;
    let streams = STREAMS.into_iter();
    streams.filter(move |(_, capacity)| has_limits || matches!(capacity, Capacity::Shards(_)))
}

/// The shards that on-demand streams had at last beyond those they began with.
fn scaled(histories: &[(String, History)]) -> usize {
    let is_on_demand =
        |(name, _): &&(String, History)| STREAMS.contains(&(name.as_str(), ON_DEMAND));
    let streams = histories.iter().filter(is_on_demand);
    let lists = streams.flat_map(|(_, history)| &history.events);
    let listed = lists.filter_map(|event| match event {
        Event::List(list) => Some(list.shards.len()),
        Event::Put(_)
        | Event::Open(_)
        | Event::Read(_)
        | Event::Subscribed(_)
        | Event::Reshard(_) => None,
    });
    listed
        .max()
        .map_or(0, |most| most.saturating_sub(ON_DEMAND_SHARDS))
}

struct World {
    machine: Arc<Machine>,
    client: Client,
    streams: Vec<Arc<Chronicle>>,
    finished: Finished,
}

impl World {
    fn new(machine: &Arc<Machine>) -> Self {
        let rng = Rng::with_seed(machine.simulation.below(u64::MAX));
        let stream = |(name, _): (&str, Capacity)| Arc::new(Chronicle::new(name.to_owned()));
        Self {
            machine: machine.clone(),
            client: Client::new(machine, rng, Stays::Longer),
            streams: streams_of(&machine.plan).map(stream).collect(),
            finished: Finished::default(),
        }
    }

    async fn live(mut self) -> Vec<(String, History)> {
        let (machine, clock) = (self.machine.clone(), self.client.clock.clone());
        for number in machine.numbers() {
            let operator = operate(machine.clone(), number, self.client.rng.fork());
            machine.outside.spawn("operator", Box::pin(operator));
        }
        if machine.plan.has(FaultKind::Takeover) {
            let owner = keep_owner(machine.clone());
            machine.outside.spawn("owner", Box::pin(owner));
        }
        tokio::select! {
            biased;
            () = self.work() => {}
            () = clock.sleep(machine.plan.faulty + OVER_WITHIN) => {
                machine.complain("the run comes to no end".to_owned());
            }
        }
        let named = |stream: &Arc<Chronicle>| (stream.name.clone(), stream.history());
        let mut histories: Vec<_> = self.streams.iter().map(named).collect();
        histories.append(&mut self.finished.lock());
        machine.numbers().for_each(|number| machine.stop(number));
        histories
    }

    async fn work(&mut self) {
        self.create().await;
        let workers = self.release();
        let nemesis = Nemesis::new(self.client.fork(Stays::Longer), self.streams.clone());
        nemesis.run().await;
        self.client.clock.sleep(CALM).await;
        self.check_health().await;
        self.machine.end_work();
        self.wait_for(workers).await;
        self.drain().await;
        self.outlast().await;
    }

    /// A subscription that nothing disturbs, for as long as it lasts. What scales by itself may end
    /// a shard under it.
    async fn outlast(&mut self) {
        let client = self.client.fork(Stays::Longer);
        let capacities = streams_of(&self.machine.plan).map(|(_, capacity)| capacity);
        let streams = self.streams.iter().zip(capacities);
        let lasting = streams.filter(|(_, capacity)| matches!(capacity, Capacity::Shards(_)));
        let lasting: Vec<_> = lasting.map(|(stream, _)| stream).collect();
        if let Some(stream) = self.client.rng.choice(lasting) {
            let subscriber = Subscriber::new(client, stream.clone(), LAST_SUBSCRIBER);
            subscriber.outlast().await;
        }
        // Whatever kept it from being held would keep every run from showing how long one lasts.
        let machine = &self.machine;
        if machine.reach().outlasted() == 0 {
            machine.complain("no subscription was held for as long as it lasts".to_owned());
        }
    }

    /// Nothing is struck yet.
    async fn create(&mut self) {
        let streams = streams_of(&self.machine.plan);
        for ((name, capacity), stream) in streams.zip(self.streams.clone()) {
            let server = self.client.server().await;
            let server = server.expect("the work is not over before it began");
            let created = self.client.create(&server, name, capacity).await;
            if let Err(failure) = created {
                let what = format!("a healthy server does not create {name}: {failure:?}");
                self.machine.complain(what);
            }
            self.client.until_settled(name).await;
            self.client.list(&server, &stream).await;
        }
    }

    fn release(&mut self) -> Vec<(&'static str, oneshot::Receiver<()>)> {
        let streams = self.streams.clone();
        let mut tasks: Vec<(&'static str, BoxFuture<()>)> = Vec::new();
        for number in 0..self.machine.plan.producers {
            let producer = Producer::new(self.client.fork(Stays::ForTheWork), number);
            tasks.push(("producer", Box::pin(producer.run(streams.clone()))));
        }
        for consumer in POLLERS {
            let poller = poll(
                self.client.fork(Stays::ForTheWork),
                streams.clone(),
                consumer,
            );
            tasks.push(("poller", Box::pin(poller)));
        }
        for ((_, capacity), stream) in streams_of(&self.machine.plan).zip(streams) {
            let client = self.client.fork(Stays::ForTheWork);
            match capacity {
                Capacity::Shards(_) => {
                    let admin = Admin::new(client, stream.clone());
                    tasks.push(("admin", Box::pin(admin.run())));
                }
                Capacity::OnDemand(_) => {
                    let storm = Producer::new(client, STORM).storm(stream.clone());
                    tasks.push(("storm", Box::pin(storm)));
                }
            }
            let clerk = Clerk::new(self.client.fork(Stays::ForTheWork), stream.clone());
            tasks.push(("clerk", Box::pin(clerk.run())));
            for number in SUBSCRIBERS {
                let client = self.client.fork(Stays::ForTheWork);
                let subscriber = Subscriber::new(client, stream.clone(), number);
                tasks.push(("subscriber", Box::pin(subscriber.run())));
            }
            let follower = Follower::new(self.client.fork(Stays::ForTheWork), stream, FOLLOWER);
            tasks.push(("follower", Box::pin(follower.run())));
        }
        for number in TENANTS {
            let tenant = Tenant::new(
                self.client.fork(Stays::ForTheWork),
                number,
                self.finished.clone(),
            );
            tasks.push(("tenant", Box::pin(tenant.run())));
        }
        let teller = Teller::new(self.client.fork(Stays::Longer));
        tasks.push(("teller", Box::pin(teller.run())));
        let release = |(name, task): (&'static str, BoxFuture<()>)| {
            let (done, ended) = oneshot::channel();
            let task = async move {
                task.await;
                // The receiver is gone if the run was abandoned.
                let _ = done.send(());
            };
            self.machine.outside.spawn(name, Box::pin(task));
            (name, ended)
        };
        tasks.into_iter().map(release).collect()
    }

    /// A minute after the last fault all must be as if there had been none.
    async fn check_health(&mut self) {
        for number in self.machine.numbers() {
            let server = self.machine.server_at(number);
            let is_healthy = server.is_some_and(|server| server.is_writable());
            if !is_healthy {
                let what = format!("the server of node {number} did not recover");
                self.machine.complain(what);
            }
        }
        for stream in self.streams.clone() {
            let settled = self.client.until_settled(&stream.name).await;
            if settled != Some(Settled::Active) {
                let what = format!("{} did not become ACTIVE: {settled:?}", stream.name);
                self.machine.complain(what);
            }
            let number = DRAIN + self.client.rng.u32(1_000..);
            let mut producer = Producer::new(self.client.fork(Stays::Longer), number);
            for _ in 0..LAST_PUTS {
                if !put_somewhere(&mut producer, &stream, self.machine.nodes.len()).await
                    && self.machine.plan.limits == Limits::Off
                {
                    self.machine.complain("a put failed at the end".to_owned());
                }
            }
        }
    }

    async fn drain(&mut self) {
        for stream in self.streams.clone() {
            let name = stream.name.clone();
            let follower = Follower::new(self.client.fork(Stays::Longer), stream, DRAIN);
            if !follower.drain().await {
                let what = format!("{name} could not be read to its end");
                self.machine.complain(what);
            }
        }
    }

    async fn wait_for(&self, workers: Vec<(&'static str, oneshot::Receiver<()>)>) {
        for (name, ended) in workers {
            tokio::select! {
                biased;
                _ = ended => {}
                () = self.client.clock.sleep(END_WITHIN) => {
                    self.machine.complain(format!("a {name} hangs"));
                }
            }
        }
    }
}

/// Puts a record at one of the nodes; whether any acknowledged it. One that does not own the shard
/// refuses it, and then its client goes on to the next.
async fn put_somewhere(producer: &mut Producer, stream: &Chronicle, nodes: usize) -> bool {
    for _ in 0..nodes {
        if producer.put_now(stream).await {
            return true;
        }
    }
    false
}
