//! More work than there is room for: what is above it is refused at once, in a way that SDKs retry;
//! what was taken is done; one account leaves some for the next; and in the end all is as before.
//!
//! The disk is a gate, so that it is known what is in flight and nothing depends on speed.

use crate::harness::{Running, connect, exchange, read_answer, request};
use crate::interposed::{Hook, Interposed};
use millstream_env::Env;
use millstream_http::Limits;
use millstream_store::MemoryStore;
use millstream_streams::Settings;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::watch;

/// Requests that there is room for.
const CAPACITY: usize = 12;
/// A request's body.
const BODY_BYTES: usize = 10_000;
const NEVER: Duration = Duration::from_secs(3600);
const BUSY: &str = "111111111111";
const QUIET: &str = "222222222222";

/// Appends wait while it is closed.
struct Gate(watch::Sender<bool>);

impl Hook for Arc<Gate> {
    async fn before(&self) {
        let mut open = self.0.subscribe();
        // An error means that the test is over.
        let _ = open.wait_for(|is_open| *is_open).await;
    }

    async fn after(&self) {}
}

struct World {
    server: Running,
    gate: Arc<Gate>,
}

impl World {
    /// A server with room for [`CAPACITY`] bodies, and a stream of each account.
    async fn start() -> Self {
        let limits = Limits {
            body_idle: NEVER,
            body: NEVER,
            body_when_short: NEVER,
            mutation: NEVER,
            body_bytes_in_flight: CAPACITY * BODY_BYTES,
            body_bytes_of_connection: BODY_BYTES,
            small_body_bytes: 0,
            small_body_bytes_in_flight: 0,
            ..Limits::default()
        };
        let gate = Arc::new(Gate(watch::Sender::new(true)));
        let env = Env::real();
        let store = Interposed {
            store: Arc::new(MemoryStore::new(Arc::clone(&env.clock))),
            hook: Arc::clone(&gate),
        };
        let settings = Settings {
            limits: millstream_streams::Limits::Off,
            ..Settings::default()
        };
        let server = Running::start_over(Arc::new(store), env, settings, limits).await;
        let world = Self { server, gate };
        for account in [BUSY, QUIET] {
            let create = br#"{"StreamName": "s", "ShardCount": 1}"#;
            let created = call(account, "CreateStream", create);
            let answer = exchange(world.server.address, &created).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            let summary = call(account, "DescribeStreamSummary", br#"{"StreamName": "s"}"#);
            while !exchange(world.server.address, &summary)
                .await
                .text()
                .contains("ACTIVE")
            {}
            assert_eq!(world.put(account).await, 200);
        }
        world
    }

    fn set_open(&self, is_open: bool) {
        self.gate.0.send_replace(is_open);
    }

    async fn put(&self, account: &str) -> u16 {
        let mut stream = self.begin_put(account).await;
        let answer = read_answer(&mut stream).await;
        answer.status
    }

    /// Sends a put on a connection of its own.
    async fn begin_put(&self, account: &str) -> TcpStream {
        let mut stream = connect(self.server.address).await;
        let bytes = call(account, "PutRecord", &record());
        stream.write_all(&bytes).await.unwrap();
        stream
    }

    /// Sends puts of an account one by one, so that each is taken or refused before the next;
    /// returns those taken, and the number of those refused.
    async fn put_many(&self, account: &str, count: usize) -> (Vec<TcpStream>, usize) {
        let (mut taken, mut refused) = (Vec::new(), 0);
        for _ in 0..count {
            let before = self.refused().await;
            let mut stream = self.begin_put(account).await;
            let in_flight = (taken.len() + 1) as u64;
            let is_taken = loop {
                if self.refused().await > before {
                    break false;
                }
                if self.puts_at_the_gate().await >= in_flight {
                    break true;
                }
            };
            if is_taken {
                taken.push(stream);
                continue;
            }
            let answer = read_answer(&mut stream).await;
            assert_eq!((answer.status, answer.text()), (503, ""));
            assert_eq!(answer.header("x-amzn-errortype"), "ServiceUnavailable");
            refused += 1;
        }
        (taken, refused)
    }

    async fn refused(&self) -> u64 {
        let name = "millstream_large_bodies_refused_total";
        self.server.metric(name).await
    }

    /// The number of bodies that are held, while nothing but the gate holds any.
    async fn puts_at_the_gate(&self) -> u64 {
        let held = self.server.metric("millstream_body_bytes_in_flight").await;
        assert!(held <= (CAPACITY * BODY_BYTES) as u64, "{held}");
        held / BODY_BYTES as u64
    }

    async fn records(&self, account: &str) -> usize {
        let ask = async |operation: &str, body: String| {
            let bytes = call(account, operation, body.as_bytes());
            let answer = exchange(self.server.address, &bytes).await;
            assert_eq!(answer.status, 200);
            answer.text().to_owned()
        };
        let iterator =
            r#"{"StreamName": "s", "ShardId": "0", "ShardIteratorType": "TRIM_HORIZON"}"#;
        let iterator = ask("GetShardIterator", iterator.to_owned()).await;
        let read = ask("GetRecords", iterator).await;
        read.matches("PartitionKey").count()
    }

    /// All is as before, and is served.
    async fn check_calm(self) {
        for metric in [
            "millstream_body_bytes_in_flight",
            "millstream_head_bytes_in_flight",
            "millstream_answer_bytes_in_flight",
            "millstream_connections",
            "millstream_panics_total",
        ] {
            self.server.until(metric, |held| held == 0).await;
        }
        for account in [BUSY, QUIET] {
            assert_eq!(self.put(account).await, 200);
        }
        let all = self.put_many_served(CAPACITY).await;
        assert_eq!(all, CAPACITY);
        self.server.stop().await;
    }

    /// So many puts at once, all of them served.
    async fn put_many_served(&self, count: usize) -> usize {
        let mut streams = Vec::new();
        for _ in 0..count {
            streams.push(self.begin_put(QUIET).await);
        }
        let mut served = 0;
        for mut stream in streams {
            served += usize::from(read_answer(&mut stream).await.status == 200);
        }
        served
    }
}

/// A request on behalf of an account.
fn call(account: &str, operation: &str, body: &[u8]) -> Vec<u8> {
    let credential = format!(
        "AWS4-HMAC-SHA256 Credential={account}/20260101/us-east-1/kinesis/aws4_request, \
         SignedHeaders=host, Signature=0"
    );
    let target = format!("Kinesis_20131202.{operation}");
    let headers = [
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", &target),
        ("x-amz-date", "20260101T000000Z"),
        ("authorization", &credential),
        ("connection", "close"),
    ];
    request("POST / HTTP/1.1", &headers, body)
}

/// A put of exactly the size that the capacity is counted in.
fn record() -> Vec<u8> {
    let mut body = br#"{"StreamName": "s", "PartitionKey": "k", "Data": "QUJD""#.to_vec();
    body.resize(BODY_BYTES - 1, b' ');
    body.push(b'}');
    body
}

#[tokio::test]
async fn server_when_offered_twice_and_ten_times_its_capacity_then_refuses_the_rest_and_recovers() {
    for factor in [2, 10] {
        let world = World::start().await;
        world.set_open(false);
        // Three quarters: the rest is left for other accounts.
        let most = CAPACITY / 4 * 3;
        let (taken, refused) = world.put_many(BUSY, factor * CAPACITY).await;
        assert_eq!((taken.len(), refused), (most, factor * CAPACITY - most));
        world.set_open(true);
        for mut stream in taken {
            assert_eq!(read_answer(&mut stream).await.status, 200);
        }
        // The one from before, and no half of those refused.
        assert_eq!(world.records(BUSY).await, 1 + most);
        world.check_calm().await;
    }
}

#[tokio::test]
async fn account_when_another_has_taken_its_part_then_is_served() {
    let world = World::start().await;
    world.set_open(false);
    let (of_busy, _) = world.put_many(BUSY, 2 * CAPACITY).await;
    let mut of_quiet = world.begin_put(QUIET).await;
    let all = of_busy.len() as u64 + 1;
    while world.puts_at_the_gate().await < all {}
    world.set_open(true);
    assert_eq!(read_answer(&mut of_quiet).await.status, 200);
    for mut stream in of_busy {
        assert_eq!(read_answer(&mut stream).await.status, 200);
    }
    world.check_calm().await;
}

/// A client that gives up leaves a change that goes on; it holds its body until it ends.
#[tokio::test]
async fn clients_when_they_leave_while_their_puts_wait_then_make_no_room_until_those_end() {
    let world = World::start().await;
    world.set_open(false);
    let (taken, _) = world.put_many(BUSY, CAPACITY).await;
    let count = taken.len();
    drop(taken);
    world
        .server
        .until("millstream_connections", |open| open == 0)
        .await;
    assert_eq!(world.puts_at_the_gate().await, count as u64);
    let (more, refused) = world.put_many(BUSY, 1).await;
    assert_eq!((more.len(), refused), (0, 1));
    world.set_open(true);
    world
        .server
        .until("millstream_body_bytes_in_flight", |held| held == 0)
        .await;
    assert_eq!(world.records(BUSY).await, 1 + count);
    world.check_calm().await;
}
