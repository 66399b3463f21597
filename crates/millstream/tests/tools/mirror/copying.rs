//! What is copied, and where to.

use super::{ALL, mirror, said, servers, write};
use crate::call::Call;
use crate::records::{client, records};
use crate::server::server_with;
use millstream_client::Client;
use millstream_client::consumer::{Consumer, ConsumerSettings};
use millstream_client::routing::{HashKey, Router};
use std::collections::BTreeMap;
use std::fmt::Write;

#[tokio::test]
async fn record_when_put_with_an_explicit_hash_key_then_goes_to_the_first_of_its_shards_range() {
    for (from_shards, to_shards) in [(4, 1), (1, 4), (4, 4), (2, 5), (5, 2)] {
        let [from, to] = servers(from_shards, to_shards);
        let (source, target) = (client(&from), client(&to));
        for number in 0..40_u128 {
            let key = format!("key-{number}");
            let put = source.put_record("orders", key.clone()).partition_key(key);
            let hash_key = (u128::MAX / 20 * (number / 2)).to_string();
            match number % 2 {
                0 => put.await.unwrap(),
                _ => put.explicit_hash_key(hash_key).await.unwrap(),
            };
        }
        let ran = mirror(&from, &to, &[ALL]).run();
        assert!(said(&ran).starts_with("40 records mirrored, "), "{ran:?}");
        let where_in = async |client: &Client, stream: &str| {
            let mut found = BTreeMap::new();
            for shard in client.list_shards(stream).pages().all().await.unwrap() {
                let only = [shard.shard_id.clone()].into_iter().collect();
                let settings = ConsumerSettings {
                    shards: only,
                    ..ConsumerSettings::default()
                };
                let mut consumer = Consumer::start(client, stream, settings).await.unwrap();
                while !consumer.is_caught_up() {
                    for record in consumer.next().await.unwrap().unwrap().records {
                        found.insert(record.partition_key.unwrap(), shard.clone());
                    }
                }
            }
            found
        };
        let shards = target.list_shards("copy").pages().all().await.unwrap();
        let router = Router::new(&shards).unwrap();
        let found = where_in(&target, "copy").await;
        for (key, shard) in where_in(&source, "orders").await {
            let range = millstream_client::routing::range_of(&shard.hash_key_range).unwrap();
            let own = HashKey::of_partition_key(&key);
            let hash_key = match range.contains(own) {
                true => own,
                false => range.start,
            };
            let expected = router.shard_of_hash_key(hash_key).unwrap();
            assert_eq!(
                found[&key].shard_id, expected,
                "{from_shards} {to_shards} {key}"
            );
        }
    }
}

#[tokio::test]
async fn records_without_keys_when_both_streams_take_them_then_are_mirrored() {
    let server = server_with(&["--limits", "off"]);
    let client = client(&server);
    for stream in ["orders", "copy"] {
        let mode = millstream_client::types::StreamModeDetails {
            stream_mode: millstream_client::types::StreamMode::OnDemand,
        };
        let mut create = client.create_stream(stream).stream_mode_details(mode);
        create.input_mut().record_distribution_strategy =
            Some(millstream_client::types::RecordDistributionStrategy::Auto);
        create.await.unwrap();
        client.wait_until_stream_exists(stream).await.unwrap();
    }
    for number in 0..20 {
        client
            .put_record("orders", number.to_string())
            .await
            .unwrap();
    }
    let ran = mirror(&server, &server, &[ALL]).run();
    assert!(said(&ran).starts_with("20 records mirrored, "), "{ran:?}");
    let found = records(&client, "copy").await;
    assert!(found.iter().all(|record| record.partition_key.is_none()));
    let mut numbers: Vec<u32> = found
        .iter()
        .map(|record| str::from_utf8(&record.data).unwrap().parse().unwrap())
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..20).collect::<Vec<u32>>());
    let ran = mirror(&server, &server, &["--verify"]).run();
    assert!(said(&ran).contains(": 0 missing, 0 out of order, 0 repeated, 0 "));
}

#[tokio::test]
async fn sides_when_they_have_profiles_of_their_own_then_are_of_their_accounts_and_regions() {
    let server = server_with(&["--limits", "off"]);
    let folder = tempfile::tempdir().unwrap();
    let [config, credentials] = ["config", "credentials"].map(|name| folder.path().join(name));
    let (mut regions, mut keys) = (String::new(), String::new());
    for (profile, account, region) in [
        ("old", "111111111111", "us-west-2"),
        ("new", "222222222222", "eu-west-1"),
    ] {
        writeln!(regions, "[profile {profile}]\nregion = {region}").unwrap();
        write!(keys, "[{profile}]\naws_access_key_id = {account}\n").unwrap();
        writeln!(keys, "aws_secret_access_key = any").unwrap();
    }
    write(&config, &regions);
    write(&credentials, &keys);
    let call = |words: &[&str]| {
        let call = Call::new(words).env("AWS_ENDPOINT_URL", &server.url);
        call.env("AWS_CONFIG_FILE", config.to_str().unwrap())
            .env("AWS_SHARED_CREDENTIALS_FILE", credentials.to_str().unwrap())
    };
    for profile in ["old", "new"] {
        let words = [
            "streams",
            "create",
            "orders",
            "--wait",
            "--profile",
            profile,
        ];
        call(&words).run().done();
    }
    let put = call(&["put", "orders", "--profile", "old"]).input("one\ntwo\n");
    said(&put.run());
    let words = ["mirror", "orders", "orders", "--profile", "old"];
    let to = ["--to-profile", "new"];
    let ran = call(&[&words[..], &to, &[ALL]].concat()).run();
    assert!(said(&ran).starts_with("2 records mirrored, "), "{ran:?}");
    let tail = [
        "tail",
        "orders",
        "--from",
        "trim-horizon",
        ALL,
        "--profile",
        "new",
    ];
    assert_eq!(call(&tail).run().done().lines().count(), 2);
    let ran = call(&[&words[..], &to, &["--plan"]].concat()).run();
    let plan = ran.done();
    for said in ["us-west-2:111111111111:", "eu-west-1:222222222222:"] {
        assert!(plan.contains(said), "{plan}");
    }
    // A region of its own is enough, and so is none: then it is the same stream.
    let ran = call(&[&words[..], &["--to-region", "eu-west-1"]].concat()).run();
    assert!(
        ran.failed(1)
            .contains("there is no stream orders at http://")
    );
    let ran = call(&words).run();
    assert!(
        ran.failed(1)
            .contains("FROM and TO are the same stream, arn:")
    );
}

#[test]
fn mirror_when_called_wrongly_then_says_what_to_do() {
    let server = server_with(&["--stream", "orders"]);
    for (flags, expected) in [
        (
            &["--from", "4957"][..],
            "millstream: a sequence number is one of a shard. --from takes trim-horizon, latest or \
             a time.",
        ),
        (
            &["--from", "3000-01-01T00:00:00Z"],
            "millstream: --from is a time that is yet to come.",
        ),
    ] {
        assert_eq!(mirror(&server, &server, flags).run().failed(2), expected);
    }
    for flags in [
        &["--json"][..],
        &["--plan", "--verify"],
        &["--from", "yesterday"],
    ] {
        let ran = mirror(&server, &server, flags).run();
        assert_eq!(ran.status.code(), Some(2), "{flags:?}");
    }
}
