//! The cost of verifying a signature for the server: all that it does before it knows whose a
//! request is, beyond hashing the body.

use crate::requests;
use crate::signer::{Head, KEY_ID, SECRET, Signer, hash};
use crate::signing_cost::each;
use crate::workload::{Operation, Protocol, Workload};
use anyhow::Context;
use aws_lc_rs::digest::{SHA256, digest};
use http::Request;
use http::request::Parts;
use millstream_auth::{
    AccessKey, AccessKeyId, Authenticator, Channel, KeyStore, Keys, Mode, SecretText, User,
    UserName, Validity, Verifier,
};
use millstream_env::SystemClock;
use millstream_model::AccountId;
use std::collections::BTreeSet;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// The most that verifying may cost beyond hashing, for a request of any size.
const BEYOND_MAX: Duration = Duration::from_micros(5);
/// Rounds, of which the fastest counts: nothing else ran in it.
const ROUNDS: usize = 200;
/// Requests that are verified in a round, at least.
const TIMES_MIN: u32 = 20;
/// The same, at most.
const TIMES_MAX: u32 = 2000;
/// Bytes that are hashed in a round, within these bounds.
const BYTES: usize = 4 * 1024 * 1024;
/// Requests, as records and bytes of each. The rest costs as much for larger ones, but is lost in
/// the noise of hashing them.
const REQUESTS: [(usize, usize); 3] = [(1, 100), (1, 10 * 1024), (500, 100)];

/// Times both, and prints the cost per request.
pub fn print() -> anyhow::Result<()> {
    let authenticator = authenticator()?;
    println!("| request | body | verified in all | of which its hash | beyond it | met |");
    println!("|---|---|---|---|---|---|");
    for (batch, record_size) in REQUESTS {
        let cost = Cost::of(&authenticator, batch, record_size)?;
        let beyond = cost.beyond();
        println!(
            "| {batch} × {record_size} B | {} B | {:.2} µs | {:.2} µs | {:.2} µs | {} |",
            cost.body_bytes,
            micros(cost.verified),
            micros(cost.hashed),
            micros(beyond),
            if beyond < BEYOND_MAX { "yes" } else { "**no**" },
        );
    }
    Ok(())
}

/// What a request costs.
struct Cost {
    body_bytes: usize,
    verified: Duration,
    hashed: Duration,
}

impl Cost {
    fn of(authenticator: &Authenticator, batch: usize, record_size: usize) -> anyhow::Result<Self> {
        let workload = Workload {
            operation: match batch {
                1 => Operation::PutRecord,
                _ => Operation::PutRecords,
            },
            protocol: Protocol::Json,
            record_size,
            batch,
            connections: 1,
            shards: 1,
        };
        let pool = requests::pool(&workload, &workload.stream());
        let body = &pool.first().context("a pool has bodies")?.bytes;
        let parts = signed(&workload, body)?;
        let head = millstream_auth::Head::new(&parts, context());
        let times = u32::try_from(BYTES / body.len())?.clamp(TIMES_MIN, TIMES_MAX);
        let (mut verified, mut hashed) = (Duration::MAX, Duration::MAX);
        for _ in 0..ROUNDS {
            let all = each(times, || {
                let principal = authenticator.authenticate(black_box(head), black_box(body));
                black_box(principal.ok().context("the signature is refused")?);
                Ok(())
            });
            verified = verified.min(all?);
            let all = each(times, || {
                black_box(digest(&SHA256, black_box(body)));
                Ok(())
            });
            hashed = hashed.min(all?);
        }
        Ok(Self {
            body_bytes: body.len(),
            verified,
            hashed,
        })
    }

    fn beyond(&self) -> Duration {
        self.verified.saturating_sub(self.hashed)
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// The head of a request as the generator sends it.
fn signed(workload: &Workload, body: &[u8]) -> anyhow::Result<Parts> {
    let protocol = millstream_protocol::Protocol::from(workload.protocol);
    let operation = workload.operation.name();
    let head = Head {
        host: "127.0.0.1:4567".to_owned(),
        content_type: protocol.content_type(),
        target: format!("{}.{operation}", millstream_protocol::TARGET_PREFIX),
    };
    let mut written = Vec::new();
    let covered = (&hash(body), body.len());
    Signer::new().write_head(&head, covered, SystemTime::now(), &mut written);
    let mut request = Request::post("/");
    let text = String::from_utf8(written)?;
    for line in text.lines().skip(1).filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(": ").context("a header has a value")?;
        request = request.header(name, value);
    }
    Ok(request.body(())?.into_parts().0)
}

fn context() -> millstream_auth::Context {
    millstream_auth::Context {
        peer: ([127, 0, 0, 1], 4711).into(),
        channel: Channel::Plain,
    }
}

/// An authenticator that knows the generator's access key.
fn authenticator() -> anyhow::Result<Authenticator> {
    let name = UserName::parse("bench").context("the name is one")?;
    let user = User::new(AccountId::zero(), name, Arc::default());
    let secret = SecretText::from(SECRET.to_owned());
    let key = AccessKey::new(Arc::new(user), &secret, Validity::Lasting);
    let mut keys = Keys::none(BTreeSet::new());
    let id = AccessKeyId::parse(KEY_ID).context("the id is one")?;
    keys.add(id, key).ok().context("the key is the only one")?;
    let verifier = Verifier::new(KeyStore::new(keys), Arc::new(SystemClock::new()));
    Ok(Authenticator::new(Mode::Verified(verifier)))
}
