//! A server without HTTP, over an empty store in memory, and calls of its operations.

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use millstream_auth::{Channel, Context, Head};
use millstream_env::{Env, ManualClock, RealDisk, SeededRandom, Timestamp, TokioTasks};
use millstream_protocol::{Error, Protocol};
use millstream_service::Calls;
use millstream_store::MemoryStore;
use millstream_streams::{Engine, Limits, Settings};
use std::sync::Arc;

/// 2026-01-01T00:00:00Z
const START: Timestamp = Timestamp(1_767_225_600_000);
/// Shards of the account: far fewer than some requests ask for.
const SHARDS_MAX: u32 = 1_000;

/// A server whose clock stands still, and whose chance is always the same.
pub struct Server {
    calls: Calls,
}

impl Server {
    pub async fn start() -> Self {
        let clock = Arc::new(ManualClock::new(START));
        let env = Env {
            clock: clock.clone(),
            random: Arc::new(SeededRandom::new(1)),
            disk: Arc::new(RealDisk),
            tasks: Arc::new(TokioTasks::current()),
        };
        let settings = Settings {
            limits: Limits::Off,
            shard_limit: Some(SHARDS_MAX),
            ..Settings::default()
        };
        let store = Arc::new(MemoryStore::new(clock));
        let engine = Engine::open(env.clone(), store, settings).await.unwrap();
        let calls = Calls::new(env, engine, millstream_service::Settings::default());
        Self { calls }
    }

    /// The body of an answer, empty if it comes in events.
    pub async fn call(
        &self,
        operation: &str,
        protocol: Protocol,
        body: Vec<u8>,
    ) -> Result<Bytes, Error> {
        let head = Head {
            method: &Method::POST,
            uri: &Uri::from_static("/"),
            headers: &HeaderMap::new(),
            context: Context {
                peer: ([127, 0, 0, 1], 1).into(),
                channel: Channel::Plain,
            },
        };
        let answer = self
            .calls
            .call(head, operation, protocol, body.into())
            .await;
        let answer = answer.map_err(|failed| failed.error)?;
        Ok(answer.into_bytes().unwrap_or_default())
    }
}
