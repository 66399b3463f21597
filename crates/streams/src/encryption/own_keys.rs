//! The data keys that this process seals with: one for each encrypted stream.
//!
//! A data key is made by the process that seals with it, and is in the catalog before its first
//! use. Its counter is in memory alone: after a start there is another data key, so that no nonce
//! is used twice, whatever crashed.

use super::cipher::{Place, RecordKey};
use super::data_keys::DataKeys;
use super::groups::push_sealed;
use super::keeping::{REFUSAL_KEPT, UNCONFIRMED_MAX, is_no_answer};
use crate::catalog::{AddDataKey, Command, ProposeError, Refusal, Stream};
use crate::facts::{ChangeError, DataKeyFailure};
use crate::record::StoredRecord;
use crate::streams::Streams;
use millstream_env::{Env, Monotonic, Timestamp};
use millstream_kms::{DataKey, KeyArn};
use millstream_store::{BatchBuilder, LogStore};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// How long a data key seals.
const ROTATION_PERIOD: Duration = Duration::from_hours(24);
/// After how many groups of records another data key is made: far below what AES-GCM allows.
const DATA_KEY_GROUPS_MAX: u64 = 1 << 32;
/// How long a put may take from its look at a data key until its records have arrived, rounded up.
const PUT_TIME_MAX: Duration = Duration::from_mins(55);
/// No record arrives later than this after its data key was added. A data key goes on for a while
/// if the key service does not answer when it is time for the next.
pub const DATA_KEY_USED_MAX: Duration = Duration::from_secs(
    ROTATION_PERIOD.as_secs() + UNCONFIRMED_MAX.as_secs() + PUT_TIME_MAX.as_secs(),
);
/// How often a data key is made anew because its stream has got another KMS key meanwhile.
const ATTEMPTS_MAX: usize = 8;

/// What seals records with a stream's data key.
#[derive(Clone, Debug)]
pub(crate) struct Sealer {
    own: Arc<Own>,
    key: Arc<RecordKey>,
}

/// A data key of this process.
#[derive(Debug)]
struct Own {
    number: u32,
    /// The KMS key that wrapped it.
    wrapped_by: KeyArn,
    created: Timestamp,
    made: Monotonic,
    /// How many groups it has sealed: the next one's nonce.
    sealed: AtomicU64,
}

/// A stream's place among the own keys.
#[derive(Debug, Default)]
struct Slot {
    own: Option<Arc<Own>>,
    /// Why no data key was made, and when that was.
    failed: Option<(DataKeyFailure, Monotonic)>,
    /// The making that is under way.
    making: Option<watch::Receiver<()>>,
}

/// What to do about a stream's data key.
enum Look {
    Use(Arc<Own>),
    Refuse(DataKeyFailure),
    Wait(watch::Receiver<()>),
    Make(watch::Sender<()>),
}

/// The data keys of this process.
pub(super) struct OwnKeys(Arc<Shared>);

struct Shared {
    env: Env,
    store: Arc<dyn LogStore>,
    streams: Streams,
    data_keys: Arc<DataKeys>,
    slots: Mutex<BTreeMap<u64, Slot>>,
}

impl Sealer {
    /// Frames records into a batch, sealed for their place.
    pub(crate) fn push<'r>(
        &self,
        records: impl Iterator<Item = &'r StoredRecord<'r>>,
        place: Place,
        batch: &mut BatchBuilder,
    ) {
        push_sealed(records, batch, |count, text| {
            let counter = self.own.sealed.fetch_add(1, Ordering::Relaxed);
            let which = (self.own.number, counter);
            self.key.seal(which, place, count, text)
        });
    }
}

impl Own {
    /// By either clock: it is dropped by one, and used by the other.
    fn age(&self, env: &Env) -> Duration {
        let since_created = env.clock.now().since(self.created);
        since_created.max(env.clock.monotonic().since(self.made))
    }

    /// Whether it is time for another one.
    fn is_over(&self, wrapped_by: &KeyArn, env: &Env) -> bool {
        self.wrapped_by != *wrapped_by
            || self.age(env) >= ROTATION_PERIOD
            || self.sealed.load(Ordering::Relaxed) >= DATA_KEY_GROUPS_MAX
    }

    /// Whether it may seal while there is no other, although it is over.
    fn goes_on(&self, wrapped_by: &KeyArn, env: &Env) -> bool {
        self.wrapped_by == *wrapped_by && self.age(env) < ROTATION_PERIOD + UNCONFIRMED_MAX
    }
}

/// Why a data key was not added. To the caller nothing was changed: a data key that nobody uses is
/// harmless.
fn not_added(error: &ChangeError) -> DataKeyFailure {
    match error {
        ChangeError::Propose(ProposeError::Refused(Refusal::NotEncryptedWith { .. })) => {
            DataKeyFailure::KmsKeyChanges
        }
        error @ (ChangeError::Propose(_) | ChangeError::Stream(_)) => DataKeyFailure::NotAdded {
            why: error.to_string(),
        },
    }
}

/// Whether nobody decided that there is to be no data key.
fn is_undecided(why: &DataKeyFailure) -> bool {
    match why {
        DataKeyFailure::Service(why) => is_no_answer(why),
        DataKeyFailure::NotAdded { .. } => true,
        DataKeyFailure::NoService
        | DataKeyFailure::KmsKeyChanges
        | DataKeyFailure::Missing { .. } => false,
    }
}

impl OwnKeys {
    pub(super) fn new(
        env: Env,
        store: Arc<dyn LogStore>,
        streams: Streams,
        data_keys: Arc<DataKeys>,
    ) -> Self {
        Self(Arc::new(Shared {
            env,
            store,
            streams,
            data_keys,
            slots: Mutex::default(),
        }))
    }

    /// What seals a stream's records; `None` if they are not encrypted any more.
    pub(super) async fn sealer(&self, stream: u64) -> Result<Option<Sealer>, DataKeyFailure> {
        let shared = &self.0;
        for _ in 0..ATTEMPTS_MAX {
            let now = shared.streams.of_id(stream);
            let Some((now, wrapped_by)) = now.and_then(|now| {
                let key = now.encryption.as_ref()?.key.clone();
                Some((now, key))
            }) else {
                return Ok(None);
            };
            match shared.look(stream, &wrapped_by) {
                Look::Use(own) => {
                    let key = shared.data_keys.usable(stream, own.number).await?;
                    return Ok(Some(Sealer { own, key }));
                }
                Look::Refuse(why) => return Err(why),
                Look::Wait(mut making) => {
                    // The sender is dropped once it is made, or not.
                    let _ = making.changed().await;
                }
                Look::Make(tell) => shared.spawn_making(now, wrapped_by, tell),
            }
        }
        Err(DataKeyFailure::KmsKeyChanges)
    }

    /// Forgets the data keys of streams that are gone.
    pub(super) fn forget_gone(&self) {
        let state = self.0.streams.state();
        let is_there = |stream: &u64| state.stream_by_id(*stream).is_some();
        self.0.slots.lock().retain(|stream, _| is_there(stream));
    }
}

impl Shared {
    /// What to do about a stream whose KMS key this is.
    fn look(&self, stream: u64, wrapped_by: &KeyArn) -> Look {
        let mut slots = self.slots.lock();
        let slot = slots.entry(stream).or_default();
        if let Some(own) = slot
            .own
            .as_ref()
            .filter(|own| !own.is_over(wrapped_by, &self.env))
        {
            return Look::Use(Arc::clone(own));
        }
        // Whoever made one may have ended without.
        let making = slot.making.take();
        if let Some(making) = making.filter(|making| making.has_changed().is_ok()) {
            slot.making = Some(making.clone());
            let own = slot.own.as_ref();
            return match own.filter(|own| own.goes_on(wrapped_by, &self.env)) {
                Some(own) => Look::Use(Arc::clone(own)),
                None => Look::Wait(making),
            };
        }
        let now = self.env.clock.monotonic();
        if let Some((why, at)) = &slot.failed
            && now.since(*at) < REFUSAL_KEPT
        {
            let goes_on = |own: &&Arc<Own>| own.goes_on(wrapped_by, &self.env);
            return match slot.own.as_ref().filter(goes_on) {
                Some(own) if is_undecided(why) => Look::Use(Arc::clone(own)),
                Some(_) | None => Look::Refuse(why.clone()),
            };
        }
        let (tell, making) = watch::channel(());
        slot.making = Some(making);
        Look::Make(tell)
    }

    /// Has a task make a data key; `tell` wakes those who wait for it.
    fn spawn_making(
        self: &Arc<Self>,
        stream: Arc<Stream>,
        wrapped_by: KeyArn,
        tell: watch::Sender<()>,
    ) {
        let shared = Arc::clone(self);
        let task = async move {
            let made = shared.make(&stream, wrapped_by).await;
            shared.note(&stream, made);
            drop(tell);
        };
        self.env.tasks.spawn_request("new-data-key", Box::pin(task));
    }

    /// Makes a data key, and brings it into the catalog.
    async fn make(&self, stream: &Stream, wrapped_by: KeyArn) -> Result<Own, DataKeyFailure> {
        let service = self.data_keys.service()?;
        let context = super::context(stream);
        let asked = self.env.clock.monotonic();
        let generated = service.generate_data_key(&wrapped_by, &context).await;
        let DataKey {
            plaintext,
            ciphertext,
        } = generated.inspect_err(|why| self.data_keys.tell(stream, why))?;
        let added = self.streams.change(
            stream,
            Command::AddDataKey(AddDataKey {
                stream: stream.id,
                key: wrapped_by.clone(),
                ciphertext: ciphertext.clone(),
                arrived_ms: self.arrived(stream).map_or(0, |arrived| arrived.0),
            }),
        );
        let added = added.await.map_err(|error| not_added(&error))?;
        // Others may have added theirs meanwhile. A wrapped key is unlike any other.
        let mut newest_first = added.data_keys.all().iter().rev();
        let own = newest_first.find(|key| key.ciphertext == ciphertext);
        let own = own.ok_or(DataKeyFailure::KmsKeyChanges)?;
        self.data_keys
            .keep((stream.id, own.number), &plaintext, asked);
        Ok(Own {
            number: own.number,
            wrapped_by,
            created: Timestamp(own.created_ms),
            made: self.env.clock.monotonic(),
            sealed: AtomicU64::new(0),
        })
    }

    /// When a record of a stream arrived last; `None` if none is known to.
    fn arrived(&self, stream: &Stream) -> Option<Timestamp> {
        let logs = stream.logs().into_iter();
        let bounds = logs.filter_map(|log| self.store.known_bounds(log).ok());
        bounds.filter_map(|bounds| bounds.last_arrival).max()
    }

    fn note(&self, stream: &Stream, made: Result<Own, DataKeyFailure>) {
        let now = self.env.clock.monotonic();
        let mut slots = self.slots.lock();
        let slot = slots.entry(stream.id).or_default();
        slot.making = None;
        match made {
            Ok(own) => {
                slot.own = Some(Arc::new(own));
                slot.failed = None;
            }
            // The next look at the stream finds its present KMS key.
            Err(DataKeyFailure::KmsKeyChanges) => slot.failed = None,
            Err(why) => slot.failed = Some((why, now)),
        }
    }
}
