//! A server process without sockets: bodies in, bodies out.
//!
//! What stands between a socket and the engine in the real one is kept: the body is decoded, a change
//! runs in a task of its own with a deadline, errors are encoded. Signatures are not.

use auth::{Authorized, Principal};
use engine::{AnyFact, Engine, Fact as _, Handler, Outcome, Output as _};
use env::{Life, Tasks};
use model::{AccountId, Region};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use wire::{Error, ErrorCode, Operation, Protocol};

/// How long a change is waited for.
const MUTATION_MAX: Duration = Duration::from_secs(5);

/// A life of the server.
pub(super) struct Server {
    engine: Arc<Engine>,
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
    pub(super) fn new(engine: Arc<Engine>, life: Life, generation: u64) -> Self {
        Self {
            engine,
            life,
            generation,
        }
    }

    pub(super) fn is_alive(&self) -> bool {
        self.life.goes_on()
    }

    pub(super) fn is_writable(&self) -> bool {
        self.engine.is_writable()
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
                    body: output.into_body(protocol).into_bytes().into(),
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
    let handled = H::handle(engine, Authorized::by_operator(principal(), input));
    let handled = async {
        let result = handled.await;
        result.map_err(|error| Failed::with_fact(&error.into()))
    };
    if !H::MUTATES {
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

fn principal() -> Principal {
    Principal {
        account: AccountId::parse("111111111111").expect("twelve digits are an account"),
        region: Region::parse("us-east-1").expect("it is a region of AWS"),
    }
}
