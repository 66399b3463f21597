//! The engine: the components that operations work with, put together.
//!
//! It has no rules of its own. Each component owns what it changes, is given the others that it
//! uses, and is used through its methods alone: no lock of one can be taken by another.

use crate::admission::Admission;
use crate::call_rates::CallRates;
use crate::catalog::{Catalog, Command, Quotas, Scope, State, Stream};
use crate::duties::Duties;
use crate::encryption::Encryption;
use crate::facts::{ChangeError, NoKeyService};
use crate::fanout::Fanout;
use crate::fence::Fence;
use crate::horizon::Horizons;
use crate::logs::ShardLogs;
use crate::metrics::Metrics;
use crate::open_error::OpenError;
use crate::position::Positions;
use crate::put::Puts;
use crate::read::ShardReader;
use crate::readiness::Readiness;
use crate::reads::Reads;
use crate::retention::Retention;
use crate::runtime::{Runtimes, StreamRuntime};
use crate::scaling::Scaling;
use crate::settings::Settings;
use crate::streams::Streams;
use crate::token::Keyring;
use millstream_env::{Clock, Env, Timestamp};
use millstream_kms::KeyService;
use millstream_memory::{Budget, Share};
use millstream_model::AccountId;
use millstream_replicated::{Owner, Replayed, SNAPSHOT_AFTER_BYTES};
use millstream_store::LogStore;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

/// How long a caller is kept waiting for work that usually completes soon.
const SETTLED_WITHIN: Duration = Duration::from_secs(3);

/// What the operations work with.
pub struct Engine {
    env: Env,
    store: Arc<dyn LogStore>,
    settings: Settings,
    catalog: Arc<Catalog>,
    runtimes: Arc<Runtimes>,
    readiness: Arc<Readiness>,
    streams: Streams,
    logs: ShardLogs,
    keyring: Arc<Keyring>,
    reads: Arc<Reads>,
    fence: Arc<Fence>,
    retention: Arc<Retention>,
    scaling: Arc<Scaling>,
    duties: Arc<Duties>,
    puts: Puts,
    fanout: Arc<Fanout>,
    call_rates: CallRates,
    /// Admission to the disk, and response memory.
    admission: Arc<Admission>,
}

impl Engine {
    /// Replays the catalog and resumes unfinished work; the engine is then ready.
    ///
    /// # Errors
    /// If the catalog is damaged or newer than this version, or the store does not accept the
    /// changes needed at start.
    pub async fn open(
        env: Env,
        store: Arc<dyn LogStore>,
        settings: Settings,
    ) -> Result<Arc<Self>, OpenError> {
        Self::open_beside(env, store, settings, Vec::new()).await
    }

    /// The same on a store that also holds logs of other machines: they are asked before an
    /// apparently orphaned log is removed.
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
        let engine = Arc::new(Self::assemble(env, store, settings, catalog, others));
        engine.duties.at_start().await?;
        engine.duties.start(&engine.env, &engine.readiness);
        Ok(engine)
    }

    fn assemble(
        env: Env,
        store: Arc<dyn LogStore>,
        settings: Settings,
        catalog: Arc<Catalog>,
        others: Vec<Arc<dyn Owner>>,
    ) -> Self {
        let runtimes = Arc::<Runtimes>::default();
        let readiness = Readiness::new(env.clone(), store.clone(), catalog.clone());
        let readiness = Arc::new(readiness);
        let streams = Streams::new(catalog.clone());
        let logs = ShardLogs::new(store.clone(), catalog.clone());
        let keyring = Arc::new(Keyring::new(env.clone(), catalog.clone(), &settings));
        let encryption = Arc::new(Encryption::new(&env, &store, &settings, &streams));
        let reads = Reads::new(&env, &store, &streams, &logs, &runtimes, &encryption);
        let reads = Arc::new(reads);
        let fanout = Fanout::new(
            env.clock.clone(),
            store.clone(),
            settings.limits,
            streams.clone(),
            runtimes.clone(),
            Arc::clone(&reads),
        );
        let puts = Puts::new(
            &env.clock,
            store.clone(),
            settings.limits,
            streams.clone(),
            runtimes.clone(),
            logs.clone(),
            encryption,
        );
        let call_rates = CallRates::new(&env.clock, settings.limits, &streams, &runtimes);
        let fence = Fence::new(&env, &store, &catalog, &runtimes, &logs, &readiness);
        let fence = Arc::new(fence);
        let retention = Retention::new(&store, &streams, &runtimes, &reads, &logs);
        let retention = Arc::new(retention);
        let scaling = Scaling::new(&env.clock, &settings, &streams, &runtimes, &fence);
        let scaling = Arc::new(scaling);
        let duties = Arc::new(Duties::new(
            catalog.clone(),
            keyring.clone(),
            logs.clone(),
            fence.clone(),
            retention.clone(),
            scaling.clone(),
            others,
        ));
        Self {
            env,
            store,
            settings,
            catalog,
            runtimes,
            readiness,
            streams,
            logs,
            keyring,
            fence,
            retention,
            scaling,
            duties,
            puts,
            fanout: Arc::new(fanout),
            call_rates,
            admission: Arc::clone(reads.admission()),
            reads,
        }
    }

    /// Whether changes are accepted. Determines readiness.
    pub fn is_writable(&self) -> bool {
        self.readiness.is_writable()
    }

    /// Whether records of some stream are encrypted, or may be of former times.
    pub fn has_encrypted_streams(&self) -> bool {
        let state = self.catalog.state();
        let is_encrypted = |stream: &Arc<Stream>| {
            stream.encryption.is_some() || stream.data_keys.newest().is_some()
        };
        state.streams().any(is_encrypted)
    }

    /// The engine's series.
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::new(Metrics::new(
            self.catalog.clone(),
            self.runtimes.clone(),
            Arc::clone(&self.admission),
            Arc::clone(&self.scaling),
            Arc::clone(&self.store),
        ))
    }

    /// Ends all subscriptions gracefully, including later ones.
    pub fn end_subscriptions(&self) {
        self.fanout.end();
    }

    /// Whether subscribers are short of memory that stalled clients of this stream hold.
    pub fn is_wanted_of_stalled(&self, stream: u64) -> bool {
        self.fanout.is_wanted_of_stalled(stream)
    }

    /// Completes what was submitted, makes it durable, and stops.
    pub async fn shutdown(&self) {
        self.store.shutdown().await;
    }

    /// Proposes a change to a stream as its proposer saw it.
    pub(crate) async fn change(
        &self,
        stream: &Stream,
        command: Command,
    ) -> Result<Arc<Stream>, ChangeError> {
        self.streams.change(stream, command).await
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        self.clock().now()
    }

    /// Clocks, and waiting.
    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.env.clock
    }

    /// What whoever started the engine decided.
    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What wraps the keys that encrypt records.
    pub(crate) fn keys(&self) -> Result<&dyn KeyService, NoKeyService> {
        self.settings.keys.as_deref().ok_or(NoKeyService)
    }

    /// The quotas of an account and region, and of each of its streams, at this moment.
    pub(crate) fn quotas(&self, scope: &Scope) -> Quotas {
        let (state, now) = (self.state(), self.clock().now());
        self.settings.stream_quotas(scope, &state, now)
    }

    /// The catalog's present state.
    pub(crate) fn state(&self) -> impl Deref<Target = Arc<Replayed<State>>> {
        self.streams.state()
    }

    /// What is kept in memory of the stream of an id.
    pub(crate) fn runtime(&self, stream: u64) -> Arc<StreamRuntime> {
        self.runtimes.stream(stream)
    }

    /// The streams of this node's catalog.
    pub(crate) fn streams(&self) -> &Streams {
        &self.streams
    }

    /// Logs of shards, where they are missing.
    pub(crate) fn logs(&self) -> &ShardLogs {
        &self.logs
    }

    /// How shards end.
    pub(crate) fn fence(&self) -> &Arc<Fence> {
        &self.fence
    }

    /// Changes of the retention.
    pub(crate) fn retention(&self) -> &Retention {
        &self.retention
    }

    /// Tokens, sealed and opened.
    pub(crate) fn tokens(&self) -> &Keyring {
        &self.keyring
    }

    /// Where readers start, and where shards end.
    pub(crate) fn positions(&self) -> &Positions {
        self.reads.positions()
    }

    /// Puts of records.
    pub(crate) fn puts(&self) -> &Puts {
        &self.puts
    }

    /// Rates of calls.
    pub(crate) fn call_rates(&self) -> &CallRates {
        &self.call_rates
    }

    /// What subscriptions share.
    pub(crate) fn fanout(&self) -> &Arc<Fanout> {
        &self.fanout
    }

    /// What retention hides.
    pub(crate) fn horizons(&self) -> &Horizons {
        self.reads.horizons()
    }

    /// Reads of shards.
    pub(crate) fn reader(&self) -> &ShardReader {
        self.reads.shards()
    }

    /// Memory for responses; passed on to whoever sends them.
    pub fn room(&self) -> &Arc<Budget> {
        self.admission.room()
    }

    /// An empty share of it, which counts as an account's.
    pub fn share_of_room(&self, account: &AccountId) -> Share {
        self.admission.share_of(account)
    }

    /// The places of subscriptions, one for each.
    pub fn subscriptions(&self) -> &Budget {
        self.admission.subscriptions()
    }

    /// Admission of reads and subscriptions.
    pub(crate) fn admission(&self) -> &Admission {
        &self.admission
    }

    /// Performs the duties of every minute; above all, makes expiry durable.
    pub async fn sweep(&self) {
        self.duties.every_minute_by_the_clock().await;
    }

    /// Waits for work that usually completes soon when statuses take no time of their own, so that
    /// a caller finds it done and need not poll.
    pub(crate) async fn settled(&self, is_done: impl Fn(&State) -> bool) {
        if self.settings.transition_time.is_zero() {
            tokio::select! {
                biased;
                () = self.catalog.wait_until(is_done) => {}
                () = self.env.clock.sleep(SETTLED_WITHIN) => {}
            }
        }
    }
}
