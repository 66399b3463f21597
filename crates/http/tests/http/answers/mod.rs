//! What AWS answers in each state: status, error and text, word for word.
//!
//! Requests are JSON, as clients send them; there is no network, and the clock stands still unless
//! it is told to pass.

mod consumers;
mod encryption;
mod foreign;
mod lists;
mod positions;
mod quotas;
mod record_sizes;
mod records;
mod scalings;
mod shard_ids;
mod status_matrix;
mod statuses;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Uri};
use millstream_auth::{Channel, Context, Head};
use millstream_env::{Env, ManualClock, Timestamp};
use millstream_protocol::Protocol;
use millstream_service::Calls;
use millstream_store::MemoryStore;
use millstream_streams::{Engine, Limits, Settings};
use std::sync::Arc;
use std::time::Duration;

const ACCOUNT: &str = "111111111111";
const ARN: &str = "arn:aws:kinesis:us-east-1:111111111111:stream/s";
const CREDENTIAL: &str = "AWS4-HMAC-SHA256 Credential=111111111111/20260101/us-east-1/kinesis/\
                          aws4_request, SignedHeaders=host, Signature=0";
const START: Timestamp = Timestamp(1_767_225_600_000);

const ARGUMENT: &str = "InvalidArgumentException";
const IN_USE: &str = "ResourceInUseException";
const LIMIT: &str = "LimitExceededException";
const NOT_FOUND: &str = "ResourceNotFoundException";
const VALIDATION: &str = "ValidationException";

/// An error: its name and its text.
type Refused = (&'static str, String);

/// An operation, a request, and a part of the answer or the error.
type Row<'a> = (&'a str, &'a str, Result<&'a str, (&'static str, &'a str)>);

struct Server {
    calls: Calls,
    clock: Arc<ManualClock>,
    /// Time that passes before each call but GetRecords: no call comes too soon for AWS's rates.
    pace: Duration,
}

impl Server {
    async fn new(settings: Settings) -> Self {
        let clock = Arc::new(ManualClock::new(START));
        let pace = match settings.limits {
            Limits::Aws => Duration::from_millis(200),
            Limits::Off => Duration::ZERO,
        };
        let env = Env {
            clock: Arc::clone(&clock) as _,
            ..Env::real()
        };
        let store = Arc::new(MemoryStore::new(Arc::clone(&env.clock)));
        let engine = Engine::open(env.clone(), store, settings).await.unwrap();
        let calls = Calls::new(env, engine, millstream_service::Settings::default());
        Self { calls, clock, pace }
    }

    /// Statuses pass at once, and no limits hold but those of the operations themselves.
    async fn without_limits() -> Self {
        let limits = Limits::Off;
        Self::new(Settings {
            limits,
            ..Settings::default()
        })
        .await
    }

    /// The same with a stream `s`.
    async fn with_stream(shards: u32) -> Self {
        let server = Self::without_limits().await;
        server.create("s", shards).await;
        server
    }

    /// Every status takes ten seconds.
    async fn slow(limits: Limits) -> Self {
        let transition_time = Duration::from_secs(10);
        Self::new(Settings {
            limits,
            transition_time,
            ..Settings::default()
        })
        .await
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    async fn call(&self, operation: &str, body: &str) -> Result<String, Refused> {
        if operation != "GetRecords" {
            self.clock.advance(self.pace);
        }
        self.call_by(CREDENTIAL, operation, body).await
    }

    /// A call by the sender of a credential, at once.
    async fn call_by(
        &self,
        credential: &'static str,
        operation: &str,
        body: &str,
    ) -> Result<String, Refused> {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", HeaderValue::from_static(credential));
        headers.insert("x-amz-date", HeaderValue::from_static("20260101T000000Z"));
        let head = Head {
            method: &Method::POST,
            uri: &Uri::from_static("/"),
            headers: &headers,
            context: Context {
                peer: ([127, 0, 0, 1], 1).into(),
                channel: Channel::Plain,
            },
        };
        let body = Bytes::copy_from_slice(body.as_bytes());
        match self.calls.call(head, operation, Protocol::Json, body).await {
            Ok(answer) => {
                let bytes = answer.into_bytes().unwrap_or_default();
                Ok(String::from_utf8(bytes.to_vec()).unwrap())
            }
            Err(failed) => {
                let error = failed.error;
                Err((error.code.name(), error.message.unwrap_or_default()))
            }
        }
    }

    async fn ok(&self, operation: &str, body: &str) -> String {
        let answer = self.call(operation, body).await;
        answer.unwrap_or_else(|error| panic!("{operation} {body}: {error:?}"))
    }

    async fn create(&self, name: &str, shards: u32) {
        let body = format!(r#"{{"StreamName":"{name}","ShardCount":{shards}}}"#);
        self.ok("CreateStream", &body).await;
    }

    /// Checks what is answered to each request.
    async fn check(&self, rows: &[Row<'_>]) {
        for (operation, body, expected) in rows {
            let found = self.call(operation, body).await;
            match expected {
                Ok(part) => {
                    let whole = found.unwrap_or_else(|e| panic!("{operation} {body}: {e:?}"));
                    assert!(whole.contains(part), "{operation} {body}: {whole}");
                }
                Err((name, text)) => {
                    let expected = Err((*name, (*text).to_owned()));
                    assert_eq!(found, expected, "{operation} {body}");
                }
            }
        }
    }
}

/// The values of a text member, in order.
fn members<'a>(answer: &'a str, name: &str) -> Vec<&'a str> {
    let key = format!("\"{name}\":\"");
    let values = answer.split(&key).skip(1);
    values.filter_map(|rest| rest.split('"').next()).collect()
}

/// The value of the only text member of that name.
fn member<'a>(answer: &'a str, name: &str) -> &'a str {
    let found = members(answer, name);
    assert_eq!(found.len(), 1, "{name} in {answer}");
    found[0]
}

fn error(name: &'static str, text: impl Into<String>) -> Result<String, Refused> {
    Err((name, text.into()))
}
