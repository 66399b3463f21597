//! Data keys, unwrapped by the key service when they are needed and again when they are not fresh.
//!
//! A data key is asked for by one task at a time, whoever waits for it, and the task ends whoever
//! leaves.

use super::cipher::RecordKey;
use super::keeping::{Kept, Look, Which};
use crate::catalog::Stream;
use crate::facts::DataKeyFailure;
use crate::streams::Streams;
use bytes::Bytes;
use millstream_auth::Secret;
use millstream_env::{Env, LineLimit, Monotonic};
use millstream_kms::{KeyArn, KeyError, KeyService};
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How long a record's data key may be missing in the catalog, where another node made it.
const CATALOG_WAIT_MAX: Duration = Duration::from_secs(2);
/// Rate limit for lines about refusals.
const LINES_PER_SECOND: u64 = 1;

/// A data key of a stream, as the catalog has it.
struct Wrapped {
    stream: Arc<Stream>,
    /// The KMS key.
    by: KeyArn,
    ciphertext: Bytes,
}

/// The data keys that this process has unwrapped.
pub(super) struct DataKeys {
    env: Env,
    service: Option<Arc<dyn KeyService>>,
    streams: Streams,
    kept: Mutex<Kept>,
    lines: LineLimit,
}

impl DataKeys {
    pub(super) fn new(env: Env, service: Option<Arc<dyn KeyService>>, streams: Streams) -> Self {
        Self {
            env,
            service,
            streams,
            kept: Mutex::default(),
            lines: LineLimit::new(LINES_PER_SECOND),
        }
    }

    /// What wraps data keys.
    pub(super) fn service(&self) -> Result<&Arc<dyn KeyService>, DataKeyFailure> {
        self.service.as_ref().ok_or(DataKeyFailure::NoService)
    }

    /// A data key that may be used now.
    pub(super) async fn usable(
        self: &Arc<Self>,
        stream: u64,
        number: u32,
    ) -> Result<Arc<RecordKey>, DataKeyFailure> {
        let which = (stream, number);
        loop {
            let now = self.env.clock.monotonic();
            let (look, tell) = self.kept.lock().look(which, now);
            match (look, tell) {
                (Look::Use(key), _) => return Ok(key),
                (Look::UseAndAsk(key), tell) => {
                    // Whoever comes after the grace finds out what is wrong.
                    let _ = self.ask(which, tell).await;
                    return Ok(key);
                }
                (Look::Refuse(why), _) => return Err(why.into()),
                (Look::Wait(mut asking), _) => {
                    // The sender is dropped once the answer is noted.
                    let _ = asking.changed().await;
                }
                (Look::Ask, tell) => self.ask(which, tell).await?,
            }
        }
    }

    /// Keeps a data key that the key service made when it was asked at this time.
    pub(super) fn keep(&self, which: Which, secret: &Secret<32>, asked: Monotonic) {
        let key = Arc::new(RecordKey::new(secret));
        self.kept.lock().note(which, Ok(key), asked);
    }

    /// Forgets the data keys of streams that are gone.
    pub(super) fn forget_gone(&self) {
        let state = self.streams.state();
        let is_there = |stream| state.stream_by_id(stream).is_some();
        self.kept.lock().retain(is_there);
    }

    /// Has a task ask the key service; `tell` wakes those who wait for it.
    async fn ask(
        self: &Arc<Self>,
        which: Which,
        tell: Option<watch::Sender<()>>,
    ) -> Result<(), DataKeyFailure> {
        let service = Arc::clone(self.service()?);
        let wrapped = self.wrapped(which).await.inspect_err(|failure| {
            // Whoever waits is told the same for a while, instead of waiting for itself.
            let why = KeyError::Unavailable {
                why: failure.to_string(),
            };
            self.kept
                .lock()
                .note(which, Err(why), self.env.clock.monotonic());
        })?;
        let keys = Arc::clone(self);
        let task = async move {
            let Wrapped {
                stream,
                by,
                ciphertext,
            } = wrapped;
            let context = super::context(&stream);
            // What it allows, it allowed no later than when it was asked.
            let asked = keys.env.clock.monotonic();
            let answer = service.decrypt(&by, &context, &ciphertext).await;
            if let Err(why) = &answer {
                keys.tell(&stream, why);
            }
            let (answer, at) = match answer {
                Ok(secret) => (Ok(Arc::new(RecordKey::new(&secret))), asked),
                Err(why) => (Err(why), keys.env.clock.monotonic()),
            };
            keys.kept.lock().note(which, answer, at);
            drop(tell);
        };
        self.env.tasks.spawn_request("data-key", Box::pin(task));
        Ok(())
    }

    /// A data key as the catalog has it.
    async fn wrapped(&self, (id, number): Which) -> Result<Wrapped, DataKeyFailure> {
        let find = || {
            let stream = self.streams.of_id(id)?;
            let key = stream.data_keys.get(number)?;
            let (by, ciphertext) = (key.key.clone(), key.ciphertext.clone());
            Some(Wrapped {
                stream,
                by,
                ciphertext,
            })
        };
        if let Some(found) = find() {
            return Ok(found);
        }
        let comes = self.streams.wait_until(|state| {
            let stream = state.stream_by_id(id);
            stream.is_none_or(|stream| stream.data_keys.get(number).is_some())
        });
        tokio::select! {
            biased;
            () = comes => {}
            () = self.env.clock.sleep(CATALOG_WAIT_MAX) => {}
        }
        find().ok_or(DataKeyFailure::Missing { number })
    }

    /// Logs why a KMS key may not be used.
    pub(super) fn tell(&self, stream: &Stream, why: &KeyError) {
        if let Some(kept_back) = self.lines.pass(self.env.clock.monotonic()) {
            tracing::warn!(%stream, %why, kept_back, "a KMS key cannot be used");
        }
    }
}
