//! Startup: creates a journal's components, lets recovery fill them, and spawns the tasks.
//!
//! Each task gets only the components that it uses. Which task's end releases which waiter is
//! decided here.

use crate::Journal;
use crate::measured::Measured;
use crate::open_error::OpenError;
use crate::options::Options;
use crate::read::reads::Reads;
use crate::recover::preflight;
use crate::recover::recovery::{self, Recovery};
use crate::space::backlog::Backlog;
use crate::space::cleaner::Cleaner;
use crate::space::footers::Footers;
use crate::space::keeper::Keeper;
use crate::space::listing::Listing;
use crate::space::making::SegmentMaker;
use crate::space::reclaim::{self, Reclaimer};
use crate::space::reserve::Reserve;
use crate::space::rewrite::{self, Rewriter};
use crate::space::shortage::Shortage;
use crate::space::sorter::Sorter;
use crate::space::upkeep::Upkeep;
use crate::state::damage::Damage;
use crate::state::handover::Handover;
use crate::state::health::Health;
use crate::state::home::Home;
use crate::state::lifecycle::{DirectoryLock, Ending, Lifecycle};
use crate::state::logs::Logs;
use crate::state::segments::Segments;
use crate::write::active_segment::ActiveSegment;
use crate::write::queue::Queue;
use crate::write::writer::{self, Writer};
use millstream_env::Env;
use std::path::Path;
use std::sync::Arc;

/// Opens the journal in a directory.
pub(crate) fn open(env: Env, directory: &Path, options: Options) -> Result<Journal, OpenError> {
    env.disk
        .create_directory(directory)
        .map_err(OpenError::writing)?;
    preflight::check(&*env.disk, directory)?;
    let lock = preflight::lock(&*env.disk, directory)?;
    preflight::refuse_unfinished(&*env.disk, directory)?;
    let components = Components::new(State::new(env, directory, options, lock));
    let open = components.recover()?;
    let journal = components.journal();
    components.start(&journal, open);
    // Recovery may have left footers to write.
    journal.handover.ring_keeper();
    Ok(journal)
}

/// The components of a journal that is only looked at: no task is started, and whatever is
/// submitted is refused. `env` has a disk that nothing can be written to.
pub(crate) fn look(env: Env, directory: &Path, lock: DirectoryLock) -> Components {
    let state = State::new(env, directory, Options::default(), lock);
    state.queue.close();
    Components::new(state)
}

/// The state that the tasks share, and the environment.
struct State {
    env: Env,
    options: Options,
    home: Arc<Home>,
    backlog: Arc<Backlog>,
    damage: Arc<Damage>,
    handover: Arc<Handover>,
    health: Arc<Health>,
    lifecycle: Arc<Lifecycle>,
    listing: Arc<Listing>,
    logs: Arc<Logs>,
    measured: Arc<Measured>,
    queue: Arc<Queue>,
    reads: Arc<Reads>,
    reserve: Arc<Reserve>,
    segments: Arc<Segments>,
}

impl State {
    fn new(env: Env, directory: &Path, options: Options, lock: DirectoryLock) -> Self {
        let clock = &env.clock;
        let home = Arc::new(Home::new(env.disk.clone(), directory));
        let (damage, health, logs) = <(Arc<Damage>, Arc<Health>, Arc<Logs>)>::default();
        let segments = Segments::new(env.random.clone(), options.segment_bytes_max);
        let segments = Arc::new(segments);
        let reserve = Reserve::new(clock.clone(), home.clone(), logs.clone(), segments.clone());
        let reserve = Arc::new(reserve);
        let listing = Listing::new(
            options,
            home.clone(),
            damage.clone(),
            health.clone(),
            logs.clone(),
            reserve.clone(),
            segments.clone(),
        );
        Self {
            backlog: Arc::default(),
            handover: Arc::default(),
            lifecycle: Arc::new(Lifecycle::new(lock)),
            listing: Arc::new(listing),
            measured: Arc::default(),
            queue: Arc::new(Queue::new(options.queue_bytes_max)),
            reads: Arc::new(Reads::new(clock.clone(), options)),
            env,
            options,
            home,
            damage,
            health,
            logs,
            reserve,
            segments,
        }
    }
}

/// All components, until they are given to the tasks.
pub(crate) struct Components {
    state: State,
    footers: Arc<Footers>,
    maker: Arc<SegmentMaker>,
    reclaimer: Arc<Reclaimer>,
    rewriter: Arc<Rewriter>,
    shortage: Arc<Shortage>,
}

impl Components {
    fn new(state: State) -> Self {
        let (clock, options) = (&state.env.clock, state.options);
        let (listing, reserve) = (&state.listing, &state.reserve);
        let maker = Arc::new(SegmentMaker::new(
            state.home.clone(),
            listing.clone(),
            reserve.clone(),
            state.segments.clone(),
        ));
        let uses = reclaim::Uses {
            home: state.home.clone(),
            damage: state.damage.clone(),
            listing: listing.clone(),
            logs: state.logs.clone(),
            maker: maker.clone(),
            reserve: reserve.clone(),
            segments: state.segments.clone(),
        };
        let reclaimer = Arc::new(Reclaimer::new(clock.clone(), options, uses));
        let uses = rewrite::Uses {
            home: state.home.clone(),
            listing: listing.clone(),
            logs: state.logs.clone(),
            maker: maker.clone(),
            reads: state.reads.clone(),
            reserve: reserve.clone(),
            segments: state.segments.clone(),
        };
        let rewriter = Rewriter::new(clock.clone(), options.copy_bytes_max, uses);
        let shortage = Shortage::new(
            listing.clone(),
            maker.clone(),
            reclaimer.clone(),
            reserve.clone(),
        );
        let (handover, backlog) = (state.handover.clone(), state.backlog.clone());
        let footers = Footers::new(handover, reserve.clone(), backlog);
        Self {
            footers: Arc::new(footers),
            maker,
            reclaimer,
            rewriter: Arc::new(rewriter),
            shortage: Arc::new(shortage),
            state,
        }
    }

    fn recover(&self) -> Result<ActiveSegment, OpenError> {
        self.recovery().run()
    }

    /// The recovery of what the directory holds.
    pub(crate) fn recovery(&self) -> Recovery<'_> {
        let uses = recovery::Uses {
            clock: &*self.state.env.clock,
            options: &self.state.options,
            home: &self.state.home,
            damage: &self.state.damage,
            handover: &self.state.handover,
            listing: &self.state.listing,
            logs: &self.state.logs,
            maker: &self.maker,
            reclaimer: &self.reclaimer,
            reserve: &self.state.reserve,
            segments: &self.state.segments,
            shortage: &self.shortage,
        };
        Recovery::new(uses)
    }

    /// The journal as others see it.
    pub(crate) fn journal(&self) -> Journal {
        Journal {
            tasks: self.state.env.tasks.clone(),
            backlog: self.state.backlog.clone(),
            damage: self.state.damage.clone(),
            handover: self.state.handover.clone(),
            health: self.state.health.clone(),
            lifecycle: self.state.lifecycle.clone(),
            logs: self.state.logs.clone(),
            measured: self.state.measured.clone(),
            queue: self.state.queue.clone(),
            reads: self.state.reads.clone(),
            reserve: self.state.reserve.clone(),
            segments: self.state.segments.clone(),
            sorter: Arc::new(self.sorter()),
            upkeep: Arc::new(self.upkeep()),
        }
    }

    fn sorter(&self) -> Sorter {
        Sorter {
            env: self.state.env.clone(),
            options: self.state.options,
            backlog: self.state.backlog.clone(),
            lifecycle: self.state.lifecycle.clone(),
            logs: self.state.logs.clone(),
            reclaimer: self.reclaimer.clone(),
            reserve: self.state.reserve.clone(),
            rewriter: self.rewriter.clone(),
            segments: self.state.segments.clone(),
        }
    }

    fn upkeep(&self) -> Upkeep {
        let cleaner = Cleaner {
            clock: self.state.env.clock.clone(),
            options: self.state.options,
            home: self.state.home.clone(),
            lifecycle: self.state.lifecycle.clone(),
            logs: self.state.logs.clone(),
            measured: self.state.measured.clone(),
            reclaimer: self.reclaimer.clone(),
            reserve: self.state.reserve.clone(),
            rewriter: self.rewriter.clone(),
            segments: self.state.segments.clone(),
        };
        Upkeep {
            env: self.state.env.clone(),
            backlog: self.state.backlog.clone(),
            cleaner,
            footers: self.footers.clone(),
            lifecycle: self.state.lifecycle.clone(),
            listing: self.state.listing.clone(),
            maker: self.maker.clone(),
            reclaimer: self.reclaimer.clone(),
            reserve: self.state.reserve.clone(),
            rewriter: self.rewriter.clone(),
        }
    }

    fn writer(&self, open: ActiveSegment) -> Writer {
        let uses = writer::Uses {
            env: self.state.env.clone(),
            options: self.state.options,
            damage: self.state.damage.clone(),
            handover: self.state.handover.clone(),
            health: self.state.health.clone(),
            lifecycle: self.state.lifecycle.clone(),
            listing: self.state.listing.clone(),
            logs: self.state.logs.clone(),
            measured: self.state.measured.clone(),
            queue: self.state.queue.clone(),
            reads: self.state.reads.clone(),
            reserve: self.state.reserve.clone(),
            segments: self.state.segments.clone(),
        };
        Writer::new(uses, open)
    }

    fn keeper(&self) -> Keeper {
        Keeper {
            tasks: self.state.env.tasks.clone(),
            footers: self.footers.clone(),
            handover: self.state.handover.clone(),
            lifecycle: self.state.lifecycle.clone(),
            shortage: self.shortage.clone(),
        }
    }

    fn start(self, journal: &Journal, open: ActiveSegment) {
        let tasks = &self.state.env.tasks;
        // Created before any task can end.
        let (writer_end, keeper_end) = (self.writer_end(), self.keeper_end());
        let [cleaner_end, sorter_end] = [(); 2].map(|()| Ending::new(&self.state.lifecycle, || ()));
        let writer = self.writer(open).run(writer_end);
        tasks.spawn_thread("journal-writer", Box::pin(writer));
        let keeper = Arc::new(self.keeper()).run(keeper_end);
        tasks.spawn("journal-keeper", Box::pin(keeper));
        let upkeep = journal.upkeep.clone().run(cleaner_end);
        tasks.spawn("journal-cleaner", Box::pin(upkeep));
        let sorter = journal.sorter.clone().run(sorter_end);
        tasks.spawn("journal-sorter", Box::pin(sorter));
    }

    /// The guard of the writer: its end fails the queued calls and ends the other tasks.
    fn writer_end(&self) -> Ending {
        let (backlog, handover) = (self.state.backlog.clone(), self.state.handover.clone());
        let (queue, reserve) = (self.state.queue.clone(), self.state.reserve.clone());
        let lifecycle = self.state.lifecycle.clone();
        Ending::new(&self.state.lifecycle, move || {
            // The queue is empty if the writer ended normally.
            queue.abandon();
            lifecycle.stop();
            handover.ring_keeper();
            reserve.ring_cleaner();
            backlog.ring_sorter();
        })
    }

    /// The guard of the keeper: its end releases a writer that waits for a segment.
    fn keeper_end(&self) -> Ending {
        let (handover, lifecycle) = (self.state.handover.clone(), self.state.lifecycle.clone());
        Ending::new(&self.state.lifecycle, move || {
            lifecycle.note_unkept();
            handover.ring_writer();
        })
    }
}
