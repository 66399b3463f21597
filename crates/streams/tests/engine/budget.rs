//! Instructions per record, from the request's body to the response's: a budget that no change may
//! exceed by much.
//!
//! HTTP, signatures and the disk are not included: the store is in memory.

use crate::counted;
use crate::encryption::Locked;
use crate::world::{Caller, Start};
use millstream_protocol::operations::{GetRecordsInput, PutRecordsInput};
use millstream_protocol::types::PutRecordsRequestEntry;
use millstream_protocol::{Protocol, decode, encode};
use millstream_service::Body;
use millstream_streams::Handler;
use millstream_streams::operations::{GetRecords, PutRecords};

const RECORDS: usize = 500;
const RECORD_BYTES: usize = 100;
const TURNS: usize = 4;
const TEST: &str = "budget::instructions_when_counted_for_each_record_then_are_within_their_budget";

/// Twice the count when it was set.
const BUDGETS: [(&str, u64); 6] = [
    ("put json", 4_600),
    ("put cbor", 3_100),
    ("get json", 1_300),
    ("get cbor", 820),
    ("sealed-put json", 9_000),
    ("sealed-get json", 6_000),
];

#[test]
fn instructions_when_counted_for_each_record_then_are_within_their_budget() {
    if let Some(work) = counted::work() {
        return run(&work);
    }
    for (work, budget) in BUDGETS {
        let once = counted::instructions(TEST, &format!("{work} {TURNS}"));
        let twice = counted::instructions(TEST, &format!("{work} {}", 2 * TURNS));
        let each = (twice - once) / (TURNS * RECORDS) as u64;
        println!("{work}: {each} instructions a record");
        assert!(
            each <= budget,
            "{work}: {each} instructions a record, {budget} at most"
        );
        assert!(
            each > budget / 8,
            "{work}: {each} instructions a record: it counts something else"
        );
    }
}

/// Does the work, given as operation, protocol and turns.
#[tokio::main(flavor = "current_thread")]
async fn run(work: &str) {
    let mut words = work.split(' ');
    let (operation, protocol) = (words.next().unwrap(), words.next().unwrap());
    let turns: usize = words.next().unwrap().parse().unwrap();
    let protocol = match protocol {
        "json" => Protocol::Json,
        _ => Protocol::Cbor,
    };
    let locked = Locked::new();
    let caller = locked.world.open().await;
    let (operation, is_sealed) = match operation.strip_prefix("sealed-") {
        Some(operation) => (operation, true),
        None => (operation, false),
    };
    let create = async |stream: &str| {
        caller.create(stream, 1).await.unwrap();
        if is_sealed {
            caller.encrypt(stream, &locked.a).await;
        }
    };
    create("counted").await;
    let put = put_body(protocol, "counted");
    match operation {
        "put" => {
            for _ in 0..turns {
                answer::<PutRecords>(&caller, protocol, &put).await;
            }
        }
        _ => {
            // As many whatever is read of them, and each is read once: what is read again is kept.
            let mut gets = Vec::new();
            for index in 0..2 * TURNS {
                let stream = format!("read-{index}");
                create(&stream).await;
                answer::<PutRecords>(&caller, protocol, &put_body(protocol, &stream)).await;
                gets.push(get_body(&caller, protocol, &stream).await);
            }
            for get in &gets[..turns] {
                let answered = answer::<GetRecords>(&caller, protocol, get).await;
                assert!(take(answered) > RECORDS * RECORD_BYTES);
            }
        }
    }
}

/// What the server does with a request once it knows who asks.
async fn answer<H: Handler>(caller: &Caller, protocol: Protocol, body: &[u8]) -> Body {
    let input: H::Input = decode(protocol, body).unwrap();
    let output = caller.handle::<H>(input).await.unwrap();
    caller.body(protocol, output)
}

/// Takes a body as the transport does, and gives its length.
fn take(body: Body) -> usize {
    match body {
        Body::Whole(bytes) => bytes.len(),
        Body::Pieces(pieces) => pieces.map(|piece| piece.len()).sum(),
        Body::Events(_) => unreachable!("nobody subscribes"),
    }
}

fn put_body(protocol: Protocol, stream: &str) -> Vec<u8> {
    let record = |index: usize| PutRecordsRequestEntry {
        data: vec![index as u8; RECORD_BYTES].into(),
        explicit_hash_key: None,
        partition_key: Some(format!("{index:016x}")),
    };
    let input: PutRecordsInput = PutRecordsInput {
        records: (0..RECORDS).map(record).collect(),
        stream_name: Some(stream.to_owned()),
        stream_arn: None,
        stream_id: None,
        dry_run: None,
    };
    let mut body = Vec::new();
    encode(protocol, &input, &mut body);
    body
}

async fn get_body(caller: &Caller, protocol: Protocol, stream: &str) -> Vec<u8> {
    let shard = "shardId-000000000000";
    let input = GetRecordsInput {
        shard_iterator: caller
            .iterator(stream, shard, Start::Horizon)
            .await
            .unwrap(),
        ..GetRecordsInput::default()
    };
    let mut body = Vec::new();
    encode(protocol, &input, &mut body);
    body
}
