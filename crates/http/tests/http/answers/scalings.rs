//! Splits, merges and scalings: what they refuse, and which shards they leave open.

use super::*;

const KEY_MAX: &str = "340282366920938463463374607431768211455";

fn scale(target: u32) -> String {
    format!(r#"{{"StreamName":"s","TargetShardCount":{target},"ScalingType":"UNIFORM_SCALING"}}"#)
}

/// The indexes of the open shards, from the lowest hash key upwards.
async fn open(server: &Server) -> Vec<u32> {
    let body = r#"{"StreamName":"s","ShardFilter":{"Type":"AT_LATEST"}}"#;
    let listed = server.ok("ListShards", body).await;
    let keys = members(&listed, "StartingHashKey");
    let keys = keys.iter().map(|key| key.parse::<u128>().unwrap());
    let ids = members(&listed, "ShardId");
    let ids = ids
        .iter()
        .map(|id| id.trim_start_matches("shardId-").parse().unwrap());
    let mut shards: Vec<(u128, u32)> = keys.zip(ids).collect();
    shards.sort_unstable();
    shards.into_iter().map(|(_, index)| index).collect()
}

#[tokio::test]
async fn scaling_when_carried_out_then_goes_from_left_to_right_and_numbers_follow_age() {
    let server = Server::with_stream(4).await;
    server.ok("UpdateShardCount", &scale(3)).await;
    assert_eq!(open(&server).await, [6, 9, 10]);
    server.ok("UpdateShardCount", &scale(5)).await;
    assert_eq!(open(&server).await, [11, 15, 16, 20, 19]);
    let listed = server.ok("ListShards", r#"{"StreamName":"s"}"#).await;
    let numbers = members(&listed, "StartingSequenceNumber");
    assert_eq!(numbers.len(), 21);
    let seconds = numbers.iter().map(|number| {
        let number: millstream_model::SequenceNumber = number.parse().unwrap();
        number.created_s
    });
    assert!(seconds.is_sorted(), "{numbers:?}");
}

/// Its thousands of steps take no time on the clock that listings go by.
#[tokio::test]
async fn shards_when_listed_a_millisecond_after_a_large_scaling_then_are_the_new_ones() {
    let server = Server::with_stream(500).await;
    server.ok("UpdateShardCount", &scale(999)).await;
    server.clock.advance(Duration::from_millis(1));
    let filter = |kind: &str| {
        let now = START.0 + 1;
        let seconds = format!("{}.{:03}", now / 1000, now % 1000);
        format!(r#"{{"StreamName":"s","ShardFilter":{{"Type":"{kind}","Timestamp":{seconds}}}}}"#)
    };
    let latest = open(&server).await;
    assert_eq!(latest.len(), 999);
    for kind in ["AT_TIMESTAMP", "FROM_TIMESTAMP"] {
        let listed = server.ok("ListShards", &filter(kind)).await;
        let mut indexes: Vec<u32> = members(&listed, "ShardId")
            .iter()
            .map(|id| id.trim_start_matches("shardId-").parse().unwrap())
            .collect();
        let mut expected = latest.clone();
        expected.sort_unstable();
        indexes.sort_unstable();
        assert_eq!(indexes, expected, "{kind}");
    }
}

#[tokio::test]
async fn scaling_when_too_far_then_is_over_a_limit_in_awss_words() {
    let server = Server::new(Settings {
        shard_limit: Some(12),
        ..Settings::default()
    })
    .await;
    server.create("s", 3).await;
    server.create("t", 5).await;
    let up = |target| {
        format!(
            "UpdateShardCount cannot scale up over double your current open shard count. Current \
             open shard count: 3, Target shard count: {target}"
        )
    };
    let down = "UpdateShardCount cannot scale down below half your current open shard count. Current \
                open shard count: 3, Target shard count: 1";
    let above = |target| {
        format!(
            "Target shard count or number of open shards cannot be greater than 12. Current open \
             shard count: 3, Target shard count: {target}"
        )
    };
    for (target, text) in [
        (1, down.to_owned()),
        (7, up(7)),
        (12, up(12)),
        (13, above(13)),
        (20_000, above(20_000)),
    ] {
        server
            .check(&[("UpdateShardCount", &scale(target), Err((LIMIT, &text)))])
            .await;
    }
    server.create("u", 3).await;
    // Three and three more, beside the eight of others.
    server
        .check(&[("UpdateShardCount", &scale(5), Err((LIMIT, &above(5))))])
        .await;
    server.ok("UpdateShardCount", &scale(4)).await;
}

#[tokio::test]
async fn scaling_when_to_more_shards_than_any_stream_has_then_says_how_many() {
    let server = Server::with_stream(1).await;
    let text = "Target shard count or number of open shards cannot be greater than 10000. Current \
                open shard count: 1, Target shard count: 10001";
    server
        .check(&[("UpdateShardCount", &scale(10_001), Err((LIMIT, text)))])
        .await;
}

#[tokio::test]
async fn stream_when_on_demand_then_its_shards_cannot_be_changed() {
    let server = Server::without_limits().await;
    server.ok("CreateStream", r#"{"StreamName":"s"}"#).await;
    let text = "Request is invalid. Stream s under account 111111111111 is in On-Demand mode.";
    let split = r#"{"StreamName":"s","ShardToSplit":"0","NewStartingHashKey":"7"}"#;
    let merge = r#"{"StreamName":"s","ShardToMerge":"0","AdjacentShardToMerge":"1"}"#;
    server
        .check(&[
            ("UpdateShardCount", &scale(8), Err((VALIDATION, text))),
            ("SplitShard", split, Err((VALIDATION, text))),
            ("MergeShards", merge, Err((VALIDATION, text))),
        ])
        .await;
}

#[tokio::test]
async fn split_when_its_key_is_at_an_end_or_beyond_all_then_is_told_in_the_same_words() {
    let server = Server::with_stream(2).await;
    let (end, start) = (
        "170141183460469231731687303715884105727",
        "170141183460469231731687303715884105728",
    );
    let nines = "9".repeat(39);
    for (shard, key, from, to) in [
        (0, "0", "0", end),
        (0, "1", "0", end),
        (0, end, "0", end),
        (0, start, "0", end),
        (1, end, start, KEY_MAX),
        (1, start, start, KEY_MAX),
        (1, "170141183460469231731687303715884105729", start, KEY_MAX),
        (1, KEY_MAX, start, KEY_MAX),
        (1, "340282366920938463463374607431768211456", start, KEY_MAX),
        (0, &nines, "0", end),
        (1, &nines, start, KEY_MAX),
    ] {
        let body = format!(
            r#"{{"StreamName":"s","ShardToSplit":"shard-{shard}","NewStartingHashKey":"{key}"}}"#
        );
        let text = format!(
            "NewStartingHashKey {key} used in SplitShard() on shard shardId-{shard:012} in stream s \
             under account {ACCOUNT} is not both greater than one plus the shard's StartingHashKey \
             {from} and less than the shard's EndingHashKey {to}."
        );
        server
            .check(&[("SplitShard", &body, Err((ARGUMENT, &text)))])
            .await;
    }
    let body = r#"{"StreamName":"s","ShardToSplit":"0","NewStartingHashKey":"2"}"#;
    server.ok("SplitShard", body).await;
    // What comes before the key in the order of checks still does.
    let closed = "Shard shardId-000000000000 in stream s under account 111111111111 has already been \
                  merged or split, and thus is not eligible for merging or splitting.";
    let missing =
        "Could not find shard shardId-000000000009 in stream s under account 111111111111.";
    let no_stream = "Stream none under account 111111111111 not found.";
    let split = |stream: &str, shard: &str| {
        format!(
            r#"{{"StreamName":"{stream}","ShardToSplit":"{shard}","NewStartingHashKey":"{nines}"}}"#
        )
    };
    server
        .check(&[
            ("SplitShard", &split("s", "0"), Err((ARGUMENT, closed))),
            ("SplitShard", &split("s", "9"), Err((NOT_FOUND, missing))),
            (
                "SplitShard",
                &split("none", "0"),
                Err((NOT_FOUND, no_stream)),
            ),
        ])
        .await;
}
