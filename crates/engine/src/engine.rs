//! The engine: what all operations share.

use crate::admission::Admission;
use crate::catalog::{Catalog, Command, ProposeError, Quotas, Refusal, Scope, State, Stream};
use crate::duties::Duties;
use crate::facts::{ChangeError, StreamError, TokenError};
use crate::fanout::Blocks;
use crate::logs::ShardLogs;
use crate::longer::LENGTHENINGS_MAX;
use crate::metrics::Metrics;
use crate::put::{PARKED_BYTES_MAX, REFUSED_LINES_PER_SECOND};
use crate::read::{EncodedRuns, PieceBuffers};
use crate::retention;
use crate::room::{ROOM_BYTES, Room};
use crate::runtime::Runtimes;
use crate::settings::{Limits, Settings};
use crate::token::{self, Kind, Opened};
use env::{Env, LineLimit};
use log::LogStore;
use millstream_replicated::{CatchUpError, CollectError, Owner, ReplayError, SNAPSHOT_AFTER_BYTES};
use minicbor::{Decode, Encode};
use model::limits;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};

/// How long a caller is kept waiting for what is a matter of moments.
const SETTLED_WITHIN: Duration = Duration::from_secs(3);

/// Why an engine did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The catalog cannot be read, or holds what this version does not know.
    #[error("the catalog cannot be used")]
    Catalog(#[from] ReplayError),
    /// The catalog did not take what has to be changed at the start.
    #[error("the catalog cannot be changed")]
    Change(#[from] ProposeError),
    /// The store did not take what has to be done at the start.
    #[error("the store cannot be used")]
    Store(#[from] log::StoreError),
    /// Logs that nobody needs any more cannot be found, or not be removed.
    #[error("orphaned logs cannot be collected")]
    Orphans(#[from] CollectError),
    /// It is not known whether all changes of the catalog are known here.
    #[error("the catalog is behind its log")]
    Behind(#[from] CatchUpError),
}

/// The state that the operations work on.
pub struct Engine {
    pub(crate) env: Env,
    pub(crate) store: Arc<dyn LogStore>,
    pub(crate) settings: Settings,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) runtimes: Arc<Runtimes>,
    /// Logs of shards, where they are missing.
    pub(crate) logs: ShardLogs,
    /// What records may wait for a reshard: see [`crate::put`].
    pub(crate) parked_bytes: Semaphore,
    /// Changes to a longer retention: see [`crate::longer`].
    pub(crate) lengthenings: Semaphore,
    /// Puts that the store refused, in the log.
    pub(crate) refused_lines: LineLimit,
    /// What is pushed to subscribers.
    pub(crate) blocks: Blocks,
    /// Who may wait for the disk, and room for answers.
    pub(crate) admission: Arc<Admission>,
    /// What readers were sent.
    pub(crate) encoded_runs: Arc<EncodedRuns>,
    /// What readers are sent is written to these.
    pub(crate) piece_buffers: Arc<PieceBuffers>,
    /// Turns true when subscriptions are to end.
    pub(crate) subscriptions_end: watch::Sender<bool>,
}

impl Engine {
    /// Replays the catalog, takes up what was unfinished, and is then ready.
    ///
    /// # Errors
    /// If the catalog is damaged or newer than this version, or the store does not take what has
    /// to be made at the start.
    pub async fn open(
        env: Env,
        store: Arc<dyn LogStore>,
        settings: Settings,
    ) -> Result<Arc<Self>, OpenError> {
        Self::open_beside(env, store, settings, Vec::new()).await
    }

    /// The same on a store that holds logs of other machines, too: they are asked before a log is
    /// removed that nobody seems to need.
    ///
    /// # Errors
    /// As [`Engine::open`].
    pub async fn open_beside(
        env: Env,
        store: Arc<dyn LogStore>,
        settings: Settings,
        others: Vec<Arc<dyn Owner>>,
    ) -> Result<Arc<Self>, OpenError> {
        let catalog = Catalog::open(env.clone(), store.clone(), SNAPSHOT_AFTER_BYTES).await?;
        let logs = ShardLogs::new(store.clone(), catalog.clone());
        let engine = Arc::new(Self {
            logs,
            env,
            store,
            settings,
            catalog,
            runtimes: Arc::default(),
            parked_bytes: Semaphore::new(PARKED_BYTES_MAX),
            lengthenings: Semaphore::new(LENGTHENINGS_MAX),
            refused_lines: LineLimit::new(REFUSED_LINES_PER_SECOND),
            blocks: Blocks::default(),
            admission: Arc::new(Admission::new(Room::new(ROOM_BYTES))),
            encoded_runs: Arc::default(),
            piece_buffers: Arc::default(),
            subscriptions_end: watch::Sender::new(false),
        });
        Duties::new(&engine, others).at_start().await?;
        retention::start(&engine);
        Ok(engine)
    }

    /// Whether changes are accepted: for readiness.
    pub fn is_writable(&self) -> bool {
        let is_whole = !self.env.tasks.deaths().are_any();
        is_whole && self.store.is_writable() && self.catalog.is_following()
    }

    /// The engine's series.
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::new(Metrics::new(
            self.catalog.clone(),
            self.runtimes.clone(),
            Arc::clone(&self.admission),
            Arc::clone(&self.store),
        ))
    }

    /// Ends all subscriptions in good order, those that come later too.
    pub fn end_subscriptions(&self) {
        self.subscriptions_end.send_replace(true);
    }

    /// Whether subscribers are short of memory that clients of this stream hold which take nothing.
    pub fn is_wanted_of_stalled(&self, stream: u64) -> bool {
        let now = self.env.clock.monotonic();
        self.blocks.are_wanted_of(stream, now)
    }

    /// Finishes what was handed over, makes it durable, and stops.
    pub async fn shutdown(&self) {
        self.store.shutdown().await;
    }

    /// Proposes a change of a stream that its proposer saw.
    ///
    /// Only the catalog says that the stream is gone. A later state does not: what is unknown stays
    /// unknown, since the change may have come before the end.
    pub(crate) async fn change(
        &self,
        stream: &Stream,
        command: Command,
    ) -> Result<Arc<Stream>, ChangeError> {
        match self.catalog.propose(command).await {
            Ok(applied) => Ok(applied
                .into_stream()
                .expect("a command about a stream that is there answers it")),
            Err(ProposeError::Refused(Refusal::StreamGone { .. })) => {
                Err(StreamError::gone(&stream.label()).into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Whether a stream has gone, or is about to, since its caller saw it: what fails over it then
    /// is no failure.
    pub(crate) fn is_going(&self, stream: &Stream) -> bool {
        let state = self.catalog.state();
        let now = state.stream_by_id(stream.id);
        now.is_none_or(|now| now.deletion.is_some())
    }

    /// How long CREATING, UPDATING and DELETING last.
    pub(crate) fn transition_ms(&self) -> u64 {
        self.settings.transition_time.as_millis() as u64
    }

    /// Waits for what is a matter of moments when statuses take no time of their own; a caller then
    /// finds it done and need not poll.
    pub(crate) async fn settled(&self, is_done: impl Fn(&State) -> bool) {
        if self.settings.transition_time.is_zero() {
            tokio::select! {
                biased;
                () = self.catalog.wait_until(is_done) => {}
                () = self.env.clock.sleep(SETTLED_WITHIN) => {}
            }
        }
    }

    /// Open shards that an account and region may have.
    pub(crate) fn shard_limit(&self, scope: &Scope) -> u32 {
        let default = || limits::shards_default(scope.region.as_str());
        self.settings.shard_limit.unwrap_or_else(default)
    }

    /// What an account and region, and each of its streams, may have.
    pub(crate) fn stream_quotas(&self, scope: &Scope) -> Quotas {
        let shards = Some(self.shard_limit(scope));
        match self.settings.limits {
            Limits::Aws => Quotas {
                shards,
                on_demand_streams: Some(limits::ON_DEMAND_STREAMS_MAX),
                creating_streams: Some(limits::STREAMS_IN_TRANSITION_MAX),
                scalings_per_day: Some(limits::UPDATE_SHARD_COUNT_PER_DAY),
                consumers: Some(limits::CONSUMERS_MAX),
                creating_consumers: Some(limits::CONSUMERS_CREATING_MAX),
            },
            // A limit that the operator chose holds whatever AWS's are.
            Limits::Off => Quotas {
                shards: self.settings.shard_limit,
                ..Quotas::default()
            },
        }
    }

    /// Seals a token.
    pub(crate) fn seal<T: Encode<()>>(&self, kind: Kind, scope: &Scope, content: &T) -> String {
        let state = self.catalog.state();
        let key = state
            .token_keys
            .last()
            .expect("the first key is made before requests come");
        token::seal(&self.env, key, kind, scope, content)
    }

    /// Opens a token; `None` if it is not one of ours, of this kind, account and region.
    pub(crate) fn open_token<T: for<'b> Decode<'b, ()>>(
        &self,
        kind: Kind,
        scope: &Scope,
        text: &str,
    ) -> Option<Opened<T>> {
        token::open(&self.catalog.state().token_keys, kind, scope, text)
    }

    /// Opens a NextToken that is not too old.
    pub(crate) fn open_next_token<T: for<'b> Decode<'b, ()>>(
        &self,
        kind: Kind,
        scope: &Scope,
        text: &str,
    ) -> Result<T, TokenError> {
        let opened = self
            .open_token::<T>(kind, scope, text)
            .ok_or(TokenError::NoNextToken)?;
        let age = self.env.clock.now().since(opened.created);
        if age.as_millis() > u128::from(limits::TOKEN_LIFETIME_MS) {
            return Err(TokenError::NextTokenExpired);
        }
        Ok(opened.content)
    }
}
