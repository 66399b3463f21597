//! Duties: a node's background work, at its start and again and again.
//!
//! Several nodes may share a store, and each starts at any time. So every duty says who owns it and
//! what the node must know before it begins; a start beside other nodes is then harmless.
//!
//! | duty | whose | barrier | why nothing is done twice, or too early |
//! |---|---|---|---|
//! | a key for tokens | any node's | the log's order | an extra key opens what the others sealed, and the newest three are kept |
//! | orphaned logs | any node's | caught up since the logs were listed | logs are created after their command, and ids are never reused |
//! | missing logs | any node's | caught up | an existing log is not created again |
//! | what was begun, at the start and every minute | anybody's | caught up | each step may be done again by anybody (see [`crate::fence`]) |
//! | scaling of on-demand streams | anybody's | the log's order | of two proposals the second is refused (see [`crate::scaling`]) |
//! | expiry | the log owner's | the log's order | hidden records stay hidden, and trimming is idempotent |
//!
//! Today one node owns all logs, and what it has replayed at its start is complete.

use crate::catalog::Catalog;
use crate::fence::Fence;
use crate::logs::ShardLogs;
use crate::open_error::OpenError;
use crate::readiness::Readiness;
use crate::retention::Retention;
use crate::scaling::Scaling;
use crate::token::Keyring;
use millstream_env::{Agreement, Causes, Clocks, Env};
use millstream_replicated::Owner;
use std::sync::Arc;
use std::time::Duration;

/// How often those are carried out that are due again and again.
const AGAIN_AFTER: Duration = Duration::from_mins(1);

/// A duty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Duty {
    /// Keep a recent key for tokens, and those that others added unwrapped.
    TokenKey,
    /// Remove logs that are no longer needed.
    Orphans,
    /// Create missing logs of open shards.
    MissingLogs,
    /// Carry on unfinished reshards and deletions.
    Unfinished,
    /// Trim what has expired.
    Expiry,
    /// Measure on-demand streams, and scale them.
    Scaling,
}

/// The owner of a duty among several nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// Any node, or several at once.
    Anybodys,
    /// The owner of the log: only it appends to the log and trims it.
    LogOwners,
}

/// What a node must know before it performs a duty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Barrier {
    /// Nothing: its request is judged by its position in the catalog's log.
    LogOrder,
    /// All commands that existed when it began.
    CaughtUp,
    /// All commands of every machine on the store that existed when it listed the logs.
    CaughtUpSinceListed,
}

/// Duties at start, in this order, before any request; a key for tokens comes first of all.
const AT_START: [Duty; 3] = [Duty::Orphans, Duty::MissingLogs, Duty::Unfinished];
/// What is done every minute, whatever the clock says. Whoever began something may not have heard
/// that it was begun, and may never start again.
const EVERY_MINUTE: [Duty; 1] = [Duty::Unfinished];
/// Duties of every minute while the clock is trusted.
const EVERY_MINUTE_BY_THE_CLOCK: [Duty; 2] = [Duty::TokenKey, Duty::Expiry];
/// Duties at the pace of scaling.
const AT_SCALING_PACE: [Duty; 1] = [Duty::Scaling];

impl Duty {
    /// The owner.
    fn whose(self) -> Whose {
        match self {
            Self::TokenKey
            | Self::Orphans
            | Self::MissingLogs
            | Self::Unfinished
            | Self::Scaling => Whose::Anybodys,
            Self::Expiry => Whose::LogOwners,
        }
    }

    /// The prerequisite knowledge.
    fn barrier(self) -> Barrier {
        match self {
            Self::TokenKey | Self::Expiry | Self::Scaling => Barrier::LogOrder,
            Self::MissingLogs | Self::Unfinished => Barrier::CaughtUp,
            Self::Orphans => Barrier::CaughtUpSinceListed,
        }
    }
}

/// What carries duties out.
pub(crate) struct Duties {
    catalog: Arc<Catalog>,
    keyring: Arc<Keyring>,
    logs: ShardLogs,
    fence: Arc<Fence>,
    retention: Arc<Retention>,
    scaling: Arc<Scaling>,
    /// The other machines on the store.
    others: Vec<Arc<dyn Owner>>,
}

impl Duties {
    pub(crate) fn new(
        catalog: Arc<Catalog>,
        keyring: Arc<Keyring>,
        logs: ShardLogs,
        fence: Arc<Fence>,
        retention: Arc<Retention>,
        scaling: Arc<Scaling>,
        others: Vec<Arc<dyn Owner>>,
    ) -> Self {
        Self {
            catalog,
            keyring,
            logs,
            fence,
            retention,
            scaling,
            others,
        }
    }

    /// Carries out what has to be done before requests come, on a node that has just replayed its
    /// catalog.
    ///
    /// # Errors
    /// If any of them fails.
    pub(crate) async fn at_start(&self) -> Result<(), OpenError> {
        self.keyring.begin().await?;
        for duty in AT_START {
            self.carry_out(duty).await?;
        }
        Ok(())
    }

    /// Carries out from now on what is due again and again, while the node accepts changes, for as
    /// long as anybody holds both.
    pub(crate) fn start(self: &Arc<Self>, env: &Env, readiness: &Arc<Readiness>) {
        self.start_following(env);
        self.start_minutes(env, readiness);
        if let Some(pace) = self.scaling.pace() {
            self.start_scaling(env, readiness, pace);
        }
    }

    /// Follows keys for tokens: what any node has sealed by a new one is opened here.
    fn start_following(self: &Arc<Self>, env: &Env) {
        let (weak, mut changes) = (Arc::downgrade(self), self.catalog.changes());
        let task = async move {
            while changes.next().await {
                let Some(duties) = weak.upgrade() else { return };
                duties.keyring.follow().await;
            }
        };
        env.tasks.spawn("token keys", Box::pin(task));
    }

    fn start_scaling(self: &Arc<Self>, env: &Env, readiness: &Arc<Readiness>, pace: Duration) {
        let (weak, readiness) = (Arc::downgrade(self), Arc::downgrade(readiness));
        let clock = env.clock.clone();
        let task = async move {
            loop {
                clock.sleep(pace).await;
                let (Some(duties), Some(readiness)) = (weak.upgrade(), readiness.upgrade()) else {
                    return;
                };
                if readiness.is_writable() {
                    duties.carry_out_now(&AT_SCALING_PACE).await;
                }
            }
        };
        env.tasks.spawn("scaling", Box::pin(task));
    }

    fn start_minutes(self: &Arc<Self>, env: &Env, readiness: &Arc<Readiness>) {
        let (weak, readiness) = (Arc::downgrade(self), Arc::downgrade(readiness));
        let clock = env.clock.clone();
        let task = async move {
            let mut clocks = Clocks::new(clock.now(), clock.monotonic());
            loop {
                clock.sleep(AGAIN_AFTER).await;
                let (Some(duties), Some(readiness)) = (weak.upgrade(), readiness.upgrade()) else {
                    return;
                };
                let agreement = clocks.compare(clock.now(), clock.monotonic());
                if !readiness.is_writable() {
                    continue;
                }
                duties.every_minute().await;
                if is_believed(agreement) {
                    duties.every_minute_by_the_clock().await;
                }
            }
        };
        env.tasks.spawn("duties", Box::pin(task));
    }

    /// Performs the duties due every minute. Failures are logged and retried the next minute.
    pub(crate) async fn every_minute(&self) {
        self.carry_out_now(&EVERY_MINUTE).await;
    }

    /// The same of what is due every minute while the clock can be believed.
    pub(crate) async fn every_minute_by_the_clock(&self) {
        self.carry_out_now(&EVERY_MINUTE_BY_THE_CLOCK).await;
    }

    async fn carry_out_now(&self, duties: &[Duty]) {
        for duty in duties.iter().copied() {
            if let Err(error) = self.carry_out(duty).await {
                tracing::warn!(?duty, error = %Causes(&error), "left to the next time");
            }
        }
    }

    async fn carry_out(&self, duty: Duty) -> Result<(), OpenError> {
        tracing::debug!(?duty, whose = ?duty.whose(), barrier = ?duty.barrier(), "carried out");
        match duty.barrier() {
            Barrier::CaughtUp => self.catalog.catch_up().await?,
            // `CaughtUpSinceListed` is handled by the code that lists the logs.
            Barrier::LogOrder | Barrier::CaughtUpSinceListed => {}
        }
        match duty {
            Duty::TokenKey => self.keyring.keep().await?,
            Duty::Orphans => self.logs.collect_orphans(&self.others).await?,
            Duty::MissingLogs => self.logs.make_all_never_made().await?,
            Duty::Unfinished => self.fence.carry_on_all(),
            Duty::Expiry => self.retention.sweep().await,
            Duty::Scaling => self.scaling.sweep().await,
        }
        Ok(())
    }
}

/// Whether what time decides may be carried out.
fn is_believed(clocks: Agreement) -> bool {
    match clocks {
        Agreement::Whole => true,
        Agreement::Doubtful => false,
        Agreement::Broken(off) => {
            tracing::warn!(?off, "the wall clock was set: expiry pauses for an hour");
            false
        }
    }
}
