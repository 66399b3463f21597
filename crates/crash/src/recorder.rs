//! Records what every worker saw, one history per stream, with times of one clock.
//!
//! What the checker cannot express is a complaint: a request that the server should have accepted
//! and refused, or a malformed response. A run with a complaint has failed whatever the checker
//! says.

use super::server::Limits;
use millstream_env::{Clock, Env};
use millstream_judge::{Event, History, ListedShard, Outcome, Put, Span};
use millstream_judge::{SequenceNumber, ShardId};
use millstream_protocol::ErrorCode;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Maximum number of complaints kept: the first ones tell the story.
const COMPLAINTS_MAX: usize = 20;
/// Places that readers may start from; later ones replace earlier ones.
const PLACES_MAX: usize = 4096;

/// A place that the server once gave out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) shard: ShardId,
    pub(super) sequence_number: SequenceNumber,
    /// The life of the server that gave it.
    pub(super) generation: u64,
}

/// What is known of one stream.
pub(super) struct StreamRecord {
    pub(super) name: String,
    events: Mutex<Vec<Event>>,
    places: Mutex<Vec<Place>>,
    /// As last listed.
    shards: Mutex<Vec<ListedShard>>,
}

/// How often something happened that a run is worthless without.
#[derive(Default)]
pub(super) struct Reached {
    pub(super) acked: AtomicU64,
    pub(super) reshards: AtomicU64,
    pub(super) iterators_across: AtomicU64,
    pub(super) numbers_across: AtomicU64,
    pub(super) server_faults: AtomicU64,
}

/// The memory of a run.
pub struct Recorder {
    clock: Arc<dyn Clock>,
    pub(super) streams: Vec<StreamRecord>,
    pub(super) reached: Reached,
    complaints: Mutex<Vec<String>>,
    numbers: AtomicU64,
    /// Those of the server: under AWS's, being throttled is nothing to complain of.
    limits: Limits,
}

impl Recorder {
    /// A memory of streams with these names; they are spoken of by index.
    pub fn new(env: &Env, names: &[&str], limits: Limits) -> Arc<Self> {
        let stream = |name: &&str| StreamRecord {
            name: (*name).to_owned(),
            events: Mutex::default(),
            places: Mutex::default(),
            shards: Mutex::default(),
        };
        Arc::new(Self {
            clock: Arc::clone(&env.clock),
            streams: names.iter().map(stream).collect(),
            reached: Reached::default(),
            complaints: Mutex::default(),
            numbers: AtomicU64::new(0),
            limits,
        })
    }

    /// How many streams there are.
    pub fn stream_count(&self) -> usize {
        self.streams.len()
    }

    /// A stream's name.
    pub fn name(&self, stream: usize) -> &str {
        &self.streams[stream].name
    }

    /// All that happened to a stream.
    pub fn history(&self, stream: usize) -> History {
        let events = self.streams[stream].events.lock().clone();
        History { events }
    }

    /// What went wrong besides.
    pub fn complaints(&self) -> Vec<String> {
        self.complaints.lock().clone()
    }

    /// How many records were acknowledged.
    pub fn acked(&self) -> u64 {
        self.reached.acked.load(Ordering::Relaxed)
    }

    /// Takes note of something that must not happen.
    pub fn complain(&self, what: String) {
        let mut complaints = self.complaints.lock();
        if complaints.len() < COMPLAINTS_MAX {
            complaints.push(what);
        }
    }

    /// Whether an error is that of a call, or of a record, which came too soon. It was not applied,
    /// and may be tried again later.
    pub(super) fn is_throttled(&self, code: Option<ErrorCode>) -> bool {
        let is_limit = matches!(
            code,
            Some(
                ErrorCode::ProvisionedThroughputExceededException
                    | ErrorCode::LimitExceededException
            )
        );
        match self.limits {
            Limits::Aws => is_limit,
            Limits::Off => false,
        }
    }

    /// Complains about a refusal, unless it is none: no answer and a 5xx are faults of the run.
    pub(super) fn complain_if_refused(&self, doing: &str, error: &millstream_client::Error) {
        match error {
            millstream_client::Error::Service { .. } if self.is_throttled(error.code()) => {}
            millstream_client::Error::Service { remote, .. } if remote.status < 500 => {
                self.complain(format!("{doing} was refused: {error}"));
            }
            millstream_client::Error::Service { .. } => {
                self.reached.server_faults.fetch_add(1, Ordering::Relaxed);
            }
            millstream_client::Error::Transport(_)
            | millstream_client::Error::NotSent(_)
            | millstream_client::Error::Invalid(_)
            | millstream_client::Error::Credentials(_) => {}
        }
    }

    /// A number that this run has not used yet.
    pub(super) fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn now(&self) -> u64 {
        let since_start = self.clock.monotonic().0.as_nanos();
        u64::try_from(since_start).expect("a run is shorter than 500 years")
    }

    /// Runs a call and says when it ran.
    pub(super) async fn timed<T>(&self, call: impl Future<Output = T>) -> (Span, T) {
        let started = self.now();
        let answer = call.await;
        let finished = self.now();
        (Span { started, finished }, answer)
    }

    pub(super) fn record(&self, stream: usize, event: Event) {
        self.streams[stream].events.lock().push(event);
    }

    /// Writes down a put, and where it is if that is known.
    pub(super) fn record_put(&self, stream: usize, put: Put, generation: u64) {
        if let Outcome::Acked {
            shard,
            sequence_number,
        } = put.outcome
        {
            let place = Place {
                shard,
                sequence_number,
                generation,
            };
            let mut places = self.streams[stream].places.lock();
            if places.len() < PLACES_MAX {
                places.push(place);
            } else {
                let nth = self.acked() as usize % PLACES_MAX;
                places[nth] = place;
            }
            drop(places);
            self.reached.acked.fetch_add(1, Ordering::Relaxed);
        }
        self.record(stream, Event::Put(put));
    }

    pub(super) fn set_shards(&self, stream: usize, shards: Vec<ListedShard>) {
        *self.streams[stream].shards.lock() = shards;
    }

    pub(super) fn any_shard(&self, stream: usize, rng: &mut fastrand::Rng) -> Option<ShardId> {
        let shards = self.streams[stream].shards.lock();
        rng.choice(shards.iter()).map(|shard| shard.shard)
    }

    pub(super) fn any_place(&self, stream: usize, rng: &mut fastrand::Rng) -> Option<Place> {
        let places = self.streams[stream].places.lock();
        rng.choice(places.iter()).copied()
    }
}
