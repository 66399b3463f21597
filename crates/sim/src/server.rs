//! A server process without sockets: bodies in, bodies out.
//!
//! Between a request and the engine is the real server's own code: authentication, the table of
//! operations, decoding, authorization, and the task in which a change runs to completion. Beside
//! the engine, on the same store, lives another machine: counters, called without a protocol.

use super::node::NodeNumber;
use super::plan::{Layout, Plan};
use super::planted::{Bug, STREAMS};
use super::planted_seat::KeptSeats;
use super::pushed::Pushed;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Uri};
use millstream_auth::{Channel, Context, Head};
use millstream_env::{Env, Life, Monotonic, Tasks};
use millstream_protocol::Protocol;
use millstream_replicated::testing::{Command, Counters, Refusal};
use millstream_replicated::{CatchUpError, Namespace, ProposalId, ProposeError, Replicated};
use millstream_service::{Calls, Frames, Settings};
use millstream_store::{
    AppendError, Batch, Batches, Epoch, LogId, LogSettings, LogStore, ReadError, StoreError,
};
use millstream_streams::{Engine, Outcome};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// Whose every request is.
pub(super) const ACCOUNT: &str = "111111111111";
/// Where every request is sent.
pub(super) const REGION: &str = "us-east-1";
/// Nobody listens there.
const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

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
    calls: Arc<Calls>,
    counters: Arc<Replicated<Counters>>,
    life: Life,
    layout: Layout,
    /// Where it lives.
    pub(super) node: NodeNumber,
    /// Which life: rises with every start, wherever that is.
    pub(super) generation: u64,
    sleep: Mutex<Option<Sleep>>,
    /// Only with a bug planted.
    kept_seats: Option<Arc<KeptSeats>>,
}

/// The last time that a server was suspended.
#[derive(Clone, Copy)]
struct Sleep {
    from: Monotonic,
    until: Option<Monotonic>,
}

/// An answer as it travels.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Body,
    /// What the server knows of a request that has no output. It does not travel in the real one.
    pub(super) outcome: Option<Outcome>,
}

/// An answer's body.
pub(super) enum Body {
    Whole(Bytes),
    Events(mpsc::Receiver<Pushed>),
}

impl Server {
    pub(super) fn new(
        opened: Opened,
        env: Env,
        life: Life,
        plan: &Plan,
        (node, generation): (NodeNumber, u64),
    ) -> Self {
        let calls = Calls::new(env, Arc::clone(&opened.engine), Settings::default());
        Self {
            store: opened.store,
            engine: opened.engine,
            calls: Arc::new(calls),
            counters: opened.counters,
            life,
            layout: plan.layout,
            node,
            generation,
            sleep: Mutex::default(),
            kept_seats: (plan.bug == Some(Bug::KeepsSeat)).then(Arc::default),
        }
    }

    pub(super) fn is_alive(&self) -> bool {
        self.life.goes_on()
    }

    // --- Standing still
    // ---------------------------------------------------------------------------

    pub(super) fn is_awake(&self) -> bool {
        let sleep = self.sleep.lock();
        sleep.is_none_or(|sleep| sleep.until.is_some())
    }

    pub(super) fn suspend(&self, now: Monotonic) {
        *self.sleep.lock() = Some(Sleep {
            from: now,
            until: None,
        });
        self.life.suspend();
    }

    pub(super) fn resume(&self, now: Monotonic) {
        if let Some(sleep) = &mut *self.sleep.lock() {
            sleep.until = Some(now);
        }
        self.life.resume();
    }

    /// A change that this process was asked for may come until one answers whose number is higher.
    /// Over a cluster it may come for ever: the request to append it may turn up later.
    pub(super) fn changes_until(&self) -> u64 {
        match self.layout {
            Layout::OneNode => self.generation,
            Layout::TwoNodes => 0,
        }
    }

    /// Since when it may have heard of no command, where a call that was sent at some moment is
    /// answered from what it knows; `None` if it was awake all the time.
    pub(super) fn behind_since(&self, sent: Monotonic) -> Option<Monotonic> {
        let sleep = (*self.sleep.lock())?;
        let has_slept = sleep.until.is_none_or(|until| sent <= until);
        has_slept.then_some(sleep.from)
    }

    // --- How it is
    // --------------------------------------------------------------------------------

    pub(super) fn is_writable(&self) -> bool {
        self.engine.is_writable() && self.counters.is_following()
    }

    pub(super) async fn shutdown(&self) {
        self.engine.shutdown().await;
    }

    /// Requests that a panic ended: the real server answers them and goes on.
    pub(super) fn panics(&self) -> u64 {
        self.life.tasks().deaths().requests()
    }

    /// Hands a request over; the answer never comes if the process ends before. Whoever drops the
    /// receiver has gone, as the end of a connection tells the real server.
    pub(super) fn receive(
        &self,
        operation: &'static str,
        protocol: Protocol,
        body: Vec<u8>,
    ) -> oneshot::Receiver<Answer> {
        let (mut answer, answered) = oneshot::channel();
        let calls = Arc::clone(&self.calls);
        let (seats, request) = (self.kept_seats.clone(), Bytes::from(body));
        let serve = async move {
            let headers = headers();
            let head = Head {
                method: &Method::POST,
                uri: &Uri::from_static("/"),
                headers: &headers,
                context: Context {
                    peer: NOWHERE,
                    channel: Channel::Plain,
                },
            };
            let called = tokio::select! {
                biased;
                called = calls.call(head, operation, protocol, request.clone()) => called,
                () = answer.closed() => return,
            };
            let (status, outcome, body) = match called {
                Ok(body) => (200, None, body.into_bytes()),
                Err(failed) => {
                    let mut body = Vec::new();
                    millstream_protocol::encode_error(protocol, &failed.error, &mut body);
                    let status = failed.error.code.status();
                    (status, Some(failed.outcome), Ok(body.into()))
                }
            };
            let (body, pushing) = match body {
                Ok(bytes) => (Body::Whole(bytes), None),
                Err(frames) => {
                    let (push, pushed) = mpsc::channel(1);
                    (Body::Events(pushed), Some((push, frames)))
                }
            };
            let answer = answer.send(Answer {
                status,
                body,
                outcome,
            });
            // The client may be gone.
            if let (Ok(()), Some((push, frames))) = (answer, pushing) {
                match seats.and_then(|seats| seats.take(protocol, &request, &push)) {
                    None => push_all(push, frames).await,
                    Some(kept) => kept.push_all(push, frames).await,
                }
            }
        };
        self.life.spawn(operation, Box::pin(serve));
        answered
    }

    // --- Counters
    // ---------------------------------------------------------------------------------

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

    /// Resolves once it knows all commands of the counters that there are.
    pub(super) fn catch_up(&self) -> oneshot::Receiver<Result<(), CatchUpError>> {
        let counters = self.counters.clone();
        self.answer("catch_up", async move { counters.catch_up().await })
    }

    /// How many records a log has.
    pub(super) fn log_end(&self, log: LogId) -> oneshot::Receiver<Result<u64, ReadError>> {
        let store = self.store.clone();
        self.answer("log_end", async move {
            store.fresh_bounds(log).await.map(|bounds| bounds.end.0)
        })
    }

    /// All logs that there are.
    pub(super) fn logs(&self) -> oneshot::Receiver<Result<Vec<LogId>, ReadError>> {
        let store = self.store.clone();
        self.answer("logs", async move { store.fresh_list().await })
    }

    // --- Owning
    // -----------------------------------------------------------------------------------

    /// Takes the shards' logs, those that there are by now, under an epoch.
    pub(super) fn own_shards(&self, epoch: Epoch) -> oneshot::Receiver<()> {
        let store = self.store.clone();
        self.answer("own_shards", async move {
            let logs = store.fresh_list().await.unwrap_or_default();
            let own = STREAMS.commands().group;
            let is_shard = |log: &LogId| Namespace::of(*log) == Some(STREAMS) && log.group != own;
            for log in logs.into_iter().filter(is_shard) {
                // One that is gone by now wants no owner, and who has a higher epoch keeps it.
                drop(store.claim(log, epoch).await);
            }
        })
    }
}

/// Pushes until the subscription ends or its client has gone. A frame is made once the one before
/// has been taken, as a transport does that has room for one.
async fn push_all(push: mpsc::Sender<Pushed>, mut frames: Box<Frames>) {
    while let Ok(place) = push.reserve().await {
        let frame = tokio::select! {
            biased;
            frame = frames.next() => frame,
            () = push.closed() => return,
        };
        match frame {
            Some(frame) => place.send(Pushed::Frame(frame.parts.concat().into())),
            None => return place.send(Pushed::End),
        }
    }
}

/// The head of every request; nobody checks its signature.
fn headers() -> HeaderMap {
    let credential = format!("{ACCOUNT}/20260101/{REGION}/kinesis/aws4_request");
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host;x-amz-date, Signature=0"
    );
    let authorization = HeaderValue::try_from(authorization);
    let mut headers = HeaderMap::new();
    headers.insert(
        http::header::AUTHORIZATION,
        authorization.expect("it is visible ASCII"),
    );
    let date = HeaderValue::from_static("20260101T000000Z");
    headers.insert("x-amz-date", date);
    headers
}
