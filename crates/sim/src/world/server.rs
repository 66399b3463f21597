//! A server process without sockets: bodies in, bodies out.
//!
//! What stands between a socket and the engine in the real one is kept: the body is decoded, a change
//! runs in a task of its own with a deadline, errors are encoded. Signatures are not. Beside the engine, on
//! the same store, lives another machine: counters, asked without any protocol.

use auth::{Authorized, Operator, Principal};
use engine::{AnyFact, Engine, Fact as _, Handler, Outcome, Output as _};
use env::{Life, Tasks};
use log::{AppendError, Batch, Batches, LogId, LogSettings, LogStore, ReadError, StoreError};
use millstream_replicated::testing::{Command, Counters, Refusal};
use millstream_replicated::{ProposalId, ProposeError, Replicated};
use model::{AccountId, Region};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use wire::{Error, ErrorCode, Operation, Protocol};

/// How long a change is waited for.
const MUTATION_MAX: Duration = Duration::from_secs(5);

/// What a process holds.
pub(super) struct Opened {
    pub(super) store: Arc<dyn LogStore>,
    pub(super) engine: Arc<Engine>,
    pub(super) counters: Arc<Replicated<Counters>>,
}

/// A life of the server.
pub(super) struct Server {
    store: Arc<dyn LogStore>,
    engine: Arc<Engine>,
    counters: Arc<Replicated<Counters>>,
    life: Life,
    /// Which life: rises with every start.
    pub(super) generation: u64,
}

/// An answer as it travels.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    /// What the server knows of a request that has no output. It does not travel in the real one.
    pub(super) outcome: Option<Outcome>,
}

/// An error as it travels, and what the server knows.
struct Failed {
    error: Error,
    outcome: Outcome,
}

impl Failed {
    fn with_fact(fact: &AnyFact) -> Self {
        Self {
            error: engine::say(fact),
            outcome: fact.outcome(),
        }
    }

    /// The operation may still run, or have ended in a panic.
    fn unheard() -> Self {
        Self {
            error: Error::without_message(ErrorCode::InternalFailure),
            outcome: Outcome::Unknown,
        }
    }
}

impl Server {
    pub(super) fn new(opened: Opened, life: Life, generation: u64) -> Self {
        Self {
            store: opened.store,
            engine: opened.engine,
            counters: opened.counters,
            life,
            generation,
        }
    }

    pub(super) fn is_alive(&self) -> bool {
        self.life.goes_on()
    }

    pub(super) fn is_writable(&self) -> bool {
        self.engine.is_writable() && self.counters.is_following()
    }

    pub(super) async fn shutdown(&self) {
        self.engine.shutdown().await;
    }

    /// Hands a request over; the answer never comes if the process ends before.
    pub(super) fn receive<H: Handler>(
        &self,
        protocol: Protocol,
        body: Vec<u8>,
    ) -> oneshot::Receiver<Answer> {
        let (answer, answered) = oneshot::channel();
        let (engine, life) = (self.engine.clone(), self.life.clone());
        let serve = async move {
            let result = serve::<H>(engine, &life, protocol, &body).await;
            let reply = match result {
                Ok(output) => Answer {
                    status: 200,
                    body: bytes_of(output.into_body(protocol)),
                    outcome: None,
                },
                Err(Failed { error, outcome }) => {
                    let mut body = Vec::new();
                    wire::encode_error(protocol, &error, &mut body);
                    Answer {
                        status: error.code.status(),
                        body,
                        outcome: Some(outcome),
                    }
                }
            };
            // The client may be gone.
            let _ = answer.send(reply);
        };
        self.life.spawn(H::Operation::NAME, Box::pin(serve));
        answered
    }

    // --- Counters ---------------------------------------------------------------------------------

    /// Proposes a command of the counters; the answer never comes if the process ends before.
    pub(super) fn count(
        &self,
        id: ProposalId,
        command: Command,
    ) -> oneshot::Receiver<Result<u64, ProposeError<Refusal>>> {
        let counters = self.counters.clone();
        self.answer(
            "count",
            async move { counters.propose_as(id, command).await },
        )
    }

    /// Makes a log of a counter.
    pub(super) fn make_log(&self, log: LogId) -> oneshot::Receiver<Result<(), StoreError>> {
        let (store, logs) = (self.store.clone(), vec![(log, LogSettings::default())]);
        self.answer("make_log", async move { store.create(logs).await })
    }

    /// Appends a record to a counter's log.
    pub(super) fn write(&self, log: LogId) -> oneshot::Receiver<Result<(), AppendError>> {
        let (store, batches) = (
            self.store.clone(),
            Batches::one(log, Batch::data(b"a record")),
        );
        self.answer("write", async move {
            let mut results = store.append_many(batches).await;
            results.pop().expect("one batch has one result").map(drop)
        })
    }

    fn answer<T: Send + 'static>(
        &self,
        name: &'static str,
        work: impl Future<Output = T> + Send + 'static,
    ) -> oneshot::Receiver<T> {
        let (answer, answered) = oneshot::channel();
        let task = async move {
            // Whoever asked may be gone.
            let _ = answer.send(work.await);
        };
        self.life.spawn(name, Box::pin(task));
        answered
    }

    /// The counters' values.
    pub(super) fn counters(&self) -> BTreeMap<u64, u64> {
        self.counters.state().0.clone()
    }

    /// How many records a log has.
    pub(super) fn log_end(&self, log: LogId) -> Result<u64, ReadError> {
        self.store.known_bounds(log).map(|bounds| bounds.end.0)
    }

    pub(super) fn has_log(&self, log: LogId) -> bool {
        self.store.known_list().contains(&log)
    }
}

async fn serve<H: Handler>(
    engine: Arc<Engine>,
    life: &Life,
    protocol: Protocol,
    body: &[u8],
) -> Result<H::Output, Failed> {
    let decoded: Result<H::Input, Error> = wire::decode(protocol, body);
    let input = decoded.map_err(|error| Failed {
        error,
        outcome: Outcome::NotApplied,
    })?;
    let found = engine::find::<H>(&engine, &principal(), &input);
    let found = found.map_err(|lacking| H::Error::from(lacking.into_why()));
    let found = found.map_err(|error| Failed::with_fact(&error.into()))?;
    let operator = Operator::from_command_line();
    let request = Authorized::by_operator(&operator, principal(), input, found);
    let handled = H::handle(engine, request);
    let handled = async {
        let result = handled.await;
        result.map_err(|error| Failed::with_fact(&error.into()))
    };
    if !<H::Operation as wire::Row>::EFFECT.is_write() {
        return handled.await;
    }
    let (tell, told) = oneshot::channel();
    let change = async move {
        // Nobody may be there any more to hear it.
        let _ = tell.send(handled.await);
    };
    life.spawn("change", Box::pin(change));
    tokio::select! {
        biased;
        told = told => told.unwrap_or_else(|_| Err(Failed::unheard())),
        () = life.clock().sleep(MUTATION_MAX) => Err(Failed::unheard()),
    }
}

fn bytes_of(body: engine::Body) -> Vec<u8> {
    body.into_bytes().map(Vec::from).unwrap_or_default()
}

fn principal() -> Principal {
    Principal {
        account: AccountId::parse("111111111111").expect("twelve digits are an account"),
        region: Region::parse("us-east-1").expect("it is a region of AWS"),
    }
}
