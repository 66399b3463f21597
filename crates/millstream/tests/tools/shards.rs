//! `millstream shards`.

use crate::call::{Call, Ran};
use crate::server::{Server, server};
use serde_json::Value;

/// Runs a tool with these words.
fn tool(server: &Server, words: &[&str]) -> Ran {
    Call::new(words).to(server).run()
}

/// A server with a stream `orders` of two shards.
fn orders() -> Server {
    let server = server();
    let create = ["streams", "create", "orders", "--shards", "2", "--wait"];
    tool(&server, &create).done();
    server
}

/// Splits the first of two shards, and merges its right half with the second.
fn split_and_merge(server: &Server) {
    let split = ["shards", "split", "orders", "0", "--wait"];
    let expected = "\
SHARD                 STATE  PARENTS   SHARE  HASH KEYS
shardId-000000000002  open   0        25.0 %  #####...............
shardId-000000000003  open   0        25.0 %  .....#####..........
";
    assert_eq!(tool(server, &split).done(), expected);
    let merge = [
        "shards",
        "merge",
        "orders",
        "1",
        "shardId-000000000003",
        "--wait",
    ];
    let expected = "\
SHARD                 STATE  PARENTS   SHARE  HASH KEYS
shardId-000000000004  open   3+1      75.0 %  .....###############
";
    let merged = tool(server, &merge);
    assert_eq!(merged.done(), expected);
}

#[test]
fn shards_when_split_and_merged_then_are_listed_and_their_lineage_is_drawn() {
    let server = orders();
    let expected = "\
SHARD                 STATE  PARENTS   SHARE  HASH KEYS
shardId-000000000000  open   -        50.0 %  ##########..........
shardId-000000000001  open   -        50.0 %  ..........##########
";
    assert_eq!(tool(&server, &["shards", "orders"]).done(), expected);
    split_and_merge(&server);
    let expected = "\
SHARD                 STATE   PARENTS   SHARE  HASH KEYS
shardId-000000000000  closed  -        50.0 %  ##########..........
shardId-000000000001  closed  -        50.0 %  ..........##########
shardId-000000000002  open    0        25.0 %  #####...............
shardId-000000000003  closed  0        25.0 %  .....#####..........
shardId-000000000004  open    3+1      75.0 %  .....###############

o     shardId-000000000000  closed  50.0 %
|   o shardId-000000000001  closed  50.0 %
+-+ |
* | | shardId-000000000002  open    25.0 %
| o | shardId-000000000003  closed  25.0 %
| +-+
| *   shardId-000000000004  open    75.0 %
";
    let listed = tool(&server, &["shards", "orders"]);
    assert_eq!(listed.done(), expected);

    let call = || Call::new(&["shards", "orders"]).to(&server);
    let shown = call().run_on_screen(100).text().replace("\r\n", "\n");
    for line in [
        "├─╮ │\n",
        "│ ○ │ shardId-000000000003",
        "│ ├─╯\n",
        "│ ●   shardId-000000000004",
    ] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    assert!(shown.contains("·····███████████████"), "{shown}");
    let ascii = Call::new(&["shards", "orders", "--ascii"]).to(&server);
    assert!(ascii.run_on_screen(100).text().is_ascii());
    // There is no room for lanes.
    let narrow = call().run_on_screen(40);
    assert!(
        narrow
            .text()
            .contains("the lineage takes 46 columns and is not drawn")
    );
}

#[test]
fn shards_when_filtered_and_wide_then_only_those_are_listed_with_their_numbers() {
    let server = orders();
    split_and_merge(&server);
    let filter = ["shards", "orders", "--filter", "at-latest", "--wide"];
    let listed = tool(&server, &filter).done().to_owned();
    let lines: Vec<Vec<&str>> = listed
        .lines()
        .map(|it| it.split_whitespace().collect())
        .collect();
    assert_eq!(lines.len(), 3, "{listed}");
    assert_eq!(lines[1][..4], ["shardId-000000000002", "open", "0", "25.0"]);
    assert_eq!(
        lines[1][6..8],
        ["0", "85070591730234615865843651857942052863"]
    );
    assert_eq!(lines[2][0], "shardId-000000000004");
    assert_eq!(lines[2][7], u128::MAX.to_string());
    assert_eq!((lines[2][8].len(), lines[2][9]), (56, "-"));

    let filter = ["shards", "orders", "--json", "--filter", "after-shard-id=3"];
    let document: Value = serde_json::from_str(tool(&server, &filter).done()).unwrap();
    assert_eq!(document.as_array().unwrap().len(), 1, "{document}");
    assert_eq!(document[0]["ShardId"], "shardId-000000000004");
    let parents = ["ParentShardId", "AdjacentParentShardId"];
    assert!(parents.iter().all(|parent| document[0][parent].is_string()));
}

#[test]
fn shard_when_split_at_a_hash_key_then_the_document_has_both_halves() {
    let server = orders();
    let split = ["shards", "split", "orders", "1", "--at"];
    let at = "255211775190703847597530955573826158592";
    let split = [&split[..], &[at, "--wait", "--json"]].concat();
    let document: Value = serde_json::from_str(tool(&server, &split).done()).unwrap();
    assert_eq!(document["ShardToSplit"], "shardId-000000000001");
    assert_eq!(document["NewStartingHashKey"], at);
    let children = document["ChildShards"].as_array().unwrap();
    assert_eq!(children.len(), 2);
    assert_eq!(children[1]["HashKeyRange"]["StartingHashKey"], at);
    // Without --wait it is only said what was asked for.
    let ran = tool(&server, &["shards", "merge", "orders", "2", "3"]);
    assert_eq!(
        ran.done(),
        "merging shardId-000000000002 and shardId-000000000003 of orders\n"
    );
}

#[test]
fn shards_when_they_cannot_be_split_or_merged_then_the_line_says_why() {
    let server = orders();
    split_and_merge(&server);
    for (words, status, said) in [
        (
            &["split", "orders", "0"][..],
            1,
            "shardId-000000000000 is closed: it was split or merged before. `millstream shards \
             orders` lists them.",
        ),
        (
            &["split", "orders", "9"],
            1,
            "orders has no shard shardId-000000000009. `millstream shards orders` lists them.",
        ),
        (
            &["split", "orders", "2", "--at", "1"],
            1,
            "1 does not split shardId-000000000002. It owns the hash keys from 0 to \
             85070591730234615865843651857942052863; each half needs two at least.",
        ),
        (
            &["merge", "orders", "2", "2"],
            1,
            "shardId-000000000002 and shardId-000000000002 are not adjacent. Adjacent to \
             shardId-000000000002: shardId-000000000004.",
        ),
        (
            &["orders", "split", "orders", "2"],
            2,
            "what is to be listed stands before another command. The command comes first, and \
             then the stream's name.",
        ),
    ] {
        let ran = tool(&server, &[&["shards"], words].concat());
        assert_eq!(ran.failed(status), format!("millstream: {said}"));
    }
    let ran = tool(&server, &["shards", "nothing"]);
    let line = ran.failed(1);
    assert!(
        line.starts_with("millstream: ResourceNotFoundException: "),
        "{line}"
    );
    for words in [&["shards"][..], &["shards", "orders", "--filter", "open"]] {
        assert_eq!(tool(&server, words).status.code(), Some(2), "{words:?}");
    }
}
