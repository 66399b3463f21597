//! Machines over a store in memory: proposals, repetitions, snapshots, orphans.

mod flawed;
mod orphans;
mod proposals;
mod repeats;
mod snapshots;

use crate::snapshot::to_vec;
use crate::testing::{Command, Counters, Refusal};
use crate::{
    ENVELOPE_VERSION, Envelope, ProposalId, ProposeError, Replicated, SNAPSHOT_AFTER_BYTES,
};
use flawed::Flawed;
use millstream_env::{Env, ManualClock, RealDisk, SeededRandom, Timestamp, TokioTasks};
use millstream_store::{Batch, Batches, LogStore, MemoryStore, Offset, ReadLimit};
use std::sync::Arc;

type Machine = Replicated<Counters>;
type Answer = Result<u64, ProposeError<Refusal>>;

/// Turns of the runtime after which a test counts as stuck.
const TURNS_MAX: usize = 100_000;

/// A store, and everything else that a node needs.
struct World {
    env: Env,
    store: Arc<Flawed>,
}

impl World {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp(1_767_225_600_000)));
        let env = Env {
            clock: clock.clone(),
            random: Arc::new(SeededRandom::new(1)),
            disk: Arc::new(RealDisk),
            tasks: Arc::new(TokioTasks::current()),
        };
        let store = Arc::new(Flawed::new(MemoryStore::new(clock)));
        Self { env, store }
    }

    /// Opens a node: the first, a concurrent one, or one after a restart.
    async fn open(&self) -> Arc<Machine> {
        self.open_with_snapshots(SNAPSHOT_AFTER_BYTES).await
    }

    async fn open_with_snapshots(&self, after_bytes: u64) -> Arc<Machine> {
        let opened = Machine::open(self.env.clone(), self.store.clone(), after_bytes).await;
        opened.unwrap()
    }

    /// The command at an offset, as stored in the log.
    async fn command(&self, at: Offset) -> Vec<u8> {
        let limit = ReadLimit {
            records: 1,
            bytes: 1,
        };
        let slice = self.store.read(Machine::COMMANDS, at, limit).await;
        slice.unwrap().records().next().unwrap().bytes.to_vec()
    }

    /// Appends a command once more, as a proposer does that got no answer.
    async fn append_again(&self, at: Offset) {
        let command = self.command(at).await;
        self.append(&command).await;
    }

    /// Appends a command as another node does.
    async fn append_new(&self, command: Command) {
        let envelope = Envelope {
            version: ENVELOPE_VERSION,
            id: ProposalId::draw(&self.env).0,
            time: self.env.clock.now(),
            command,
        };
        self.append(&to_vec(&envelope)).await;
    }

    async fn append(&self, command: &[u8]) {
        let batches = Batches::one(Machine::COMMANDS, Batch::data(command));
        for appended in self.store.append_many(batches).await {
            appended.unwrap();
        }
    }
}

impl Machine {
    async fn create(&self) -> u64 {
        self.propose(Command::Create).await.unwrap()
    }

    async fn add(&self, counter: u64, more: u64) -> Answer {
        self.propose(Command::Add(counter, more)).await
    }

    fn value(&self, counter: u64) -> Option<u64> {
        self.state().0.get(&counter).copied()
    }
}

/// Lets other tasks run until a condition holds.
async fn until(holds: impl Fn() -> bool) {
    for _ in 0..TURNS_MAX {
        if holds() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("it never came to hold");
}
