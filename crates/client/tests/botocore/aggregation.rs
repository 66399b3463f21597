//! Aggregated records, compared with those of Amazon's library for Python, both ways.

use millstream_client::aggregation::Aggregator;
use millstream_client::routing::HashKey;
use millstream_pages::ask_botocore::ask;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

const PROGRAM: &str = include_str!("aggregation.py");

const CASES: usize = 24;
/// As many as have room in an argument.
const CASES_AT_ONCE: usize = 6;

type User = (String, Option<u128>, Vec<u8>);

fn any_users() -> impl Strategy<Value = Vec<User>> {
    let hash_key = prop_oneof![
        Just(None),
        any::<u128>().prop_map(Some),
        (0..3_u128).prop_map(Some)
    ];
    let user = (
        "[a-c]|[a-z\u{e4}\u{1f600}]{1,40}",
        hash_key,
        vec(any::<u8>(), 0..200),
    );
    vec(user, 2..24)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn aggregated(users: &[User]) -> String {
    let mut aggregator = Aggregator::new();
    for (partition_key, hash_key, data) in users {
        let hash_key = hash_key.map(HashKey);
        aggregator.add(partition_key, hash_key, data).unwrap();
    }
    hex(&aggregator.finish().unwrap().data)
}

#[test]
fn users_when_aggregated_then_are_the_bytes_of_amazons_library_which_reads_them_back() {
    let mut runner = TestRunner::deterministic();
    let mut any_case = || any_users().new_tree(&mut runner).unwrap().current();
    let cases: Vec<Vec<User>> = (0..CASES).map(|_| any_case()).collect();
    let mut compared = 0;
    for some in cases.chunks(CASES_AT_ONCE) {
        let asked = some.iter().map(|users| {
            let of_user = |(partition_key, hash_key, data): &User| {
                let hash_key = hash_key.map(|key| key.to_string());
                json!([partition_key, hash_key, hex(data)])
            };
            let listed: Vec<Value> = users.iter().map(of_user).collect();
            json!({"users": listed, "record": aggregated(users)})
        });
        let asked = Value::from_iter(asked).to_string();
        for (users, line) in some.iter().zip(ask(PROGRAM, &[&asked])) {
            let found: Value = serde_json::from_str(&line).unwrap();
            assert_eq!(found["record"], aggregated(users));
            let read = users.iter().enumerate();
            let read = read.map(|(at, (key, _, data))| json!([key, hex(data), at]));
            assert_eq!(found["users"], Value::from_iter(read));
            compared += 1;
        }
    }
    assert_eq!(compared, CASES);
}
