//! Every operation on a stream in each of its statuses.
//!
//! AWS's service model says which operations may fail with ResourceInUseException. Those that
//! change a setting, or the shards, need an ACTIVE stream, and so do all three of policies; those
//! that read, subscribe, tag or register also take an UPDATING one. Tags given at creation
//! cannot be changed before the stream is ACTIVE:
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html>

use super::*;
use std::collections::BTreeSet;

const STATUSES: [&str; 4] = ["CREATING", "ACTIVE", "UPDATING", "DELETING"];

/// Operations that concern no existing stream.
const OF_ACCOUNTS: [&str; 4] = [
    "DescribeAccountSettings",
    "DescribeLimits",
    "ListStreams",
    "UpdateAccountSettings",
];

/// What is answered.
#[derive(Clone, Copy)]
enum To {
    /// The operation is carried out.
    Done,
    /// The stream is not ACTIVE.
    Busy,
    /// The stream is neither ACTIVE nor UPDATING.
    Unready,
    /// For puts, there is no such stream.
    NoStream,
    /// There is no such shard.
    NoShard,
    /// No consumer can have been registered yet.
    NoConsumer,
    /// No iterator can have been given out yet.
    NoIterator,
    /// There is a stream of that name.
    Exists,
    /// The operation has a service of keys, which there is none of.
    NoKeys,
}

use To::{Busy, Done, Exists, NoConsumer, NoIterator, NoKeys, NoShard, NoStream, Unready};

const CHANGES: [To; 4] = [Busy, Done, Busy, Busy];
const READS: [To; 4] = [Unready, Done, Done, Unready];
const ALWAYS: [To; 4] = [Done; 4];

/// Operations on a provisioned stream, by ARN `{arn}`, with a consumer `c`, a policy and an
/// iterator once it is ACTIVE; and what they are answered in each status.
const ROWS: &[(&str, &str, [To; 4])] = &[
    (
        "AddTagsToStream",
        r#""StreamARN":"{arn}","Tags":{"a":"b"}"#,
        READS,
    ),
    (
        "RemoveTagsFromStream",
        r#""StreamARN":"{arn}","TagKeys":["a"]"#,
        READS,
    ),
    ("ListTagsForStream", r#""StreamARN":"{arn}""#, ALWAYS),
    (
        "TagResource",
        r#""ResourceARN":"{arn}","Tags":{"a":"b"}"#,
        READS,
    ),
    (
        "UntagResource",
        r#""ResourceARN":"{arn}","TagKeys":["a"]"#,
        READS,
    ),
    ("ListTagsForResource", r#""ResourceARN":"{arn}""#, READS),
    (
        "RegisterStreamConsumer",
        r#""StreamARN":"{arn}","ConsumerName":"n""#,
        READS,
    ),
    ("ListStreamConsumers", r#""StreamARN":"{arn}""#, READS),
    (
        "DescribeStreamConsumer",
        r#""StreamARN":"{arn}","ConsumerName":"c""#,
        [NoConsumer, Done, Done, Done],
    ),
    (
        "DeregisterStreamConsumer",
        r#""StreamARN":"{arn}","ConsumerName":"c""#,
        [NoConsumer, Done, Done, Done],
    ),
    (
        "SubscribeToShard",
        r#""ConsumerARN":"{consumer}","ShardId":"0","StartingPosition":{"Type":"LATEST"}"#,
        [NoConsumer, Done, Done, Unready],
    ),
    ("ListShards", r#""StreamARN":"{arn}""#, READS),
    (
        "GetShardIterator",
        r#""StreamARN":"{arn}","ShardId":"0","ShardIteratorType":"LATEST""#,
        [NoShard, Done, Done, Done],
    ),
    (
        "GetRecords",
        r#""ShardIterator":"{iterator}""#,
        [NoIterator, Done, Done, Done],
    ),
    (
        "PutRecord",
        r#""StreamARN":"{arn}","PartitionKey":"k","Data":"""#,
        [NoStream, Done, Done, NoStream],
    ),
    (
        "PutRecords",
        r#""StreamARN":"{arn}","Records":[{"PartitionKey":"k","Data":""}]"#,
        [NoStream, Done, Done, NoStream],
    ),
    (
        "CreateStream",
        r#""StreamName":"s","ShardCount":1"#,
        [Exists; 4],
    ),
    ("DescribeStream", r#""StreamARN":"{arn}""#, ALWAYS),
    ("DescribeStreamSummary", r#""StreamARN":"{arn}""#, ALWAYS),
    (
        "DeleteStream",
        r#""StreamARN":"{arn}","EnforceConsumerDeletion":true"#,
        [Done, Done, Done, Busy],
    ),
    (
        "SplitShard",
        r#""StreamARN":"{arn}","ShardToSplit":"0","NewStartingHashKey":"7""#,
        CHANGES,
    ),
    (
        "MergeShards",
        r#""StreamARN":"{arn}","ShardToMerge":"0","AdjacentShardToMerge":"1""#,
        CHANGES,
    ),
    (
        "UpdateShardCount",
        r#""StreamARN":"{arn}","TargetShardCount":3,"ScalingType":"UNIFORM_SCALING""#,
        CHANGES,
    ),
    (
        "IncreaseStreamRetentionPeriod",
        r#""StreamARN":"{arn}","RetentionPeriodHours":48"#,
        CHANGES,
    ),
    (
        "DecreaseStreamRetentionPeriod",
        r#""StreamARN":"{arn}","RetentionPeriodHours":24"#,
        CHANGES,
    ),
    (
        "EnableEnhancedMonitoring",
        r#""StreamARN":"{arn}","ShardLevelMetrics":["ALL"]"#,
        CHANGES,
    ),
    (
        "DisableEnhancedMonitoring",
        r#""StreamARN":"{arn}","ShardLevelMetrics":["ALL"]"#,
        CHANGES,
    ),
    (
        "StartStreamEncryption",
        r#""StreamARN":"{arn}","EncryptionType":"KMS","KeyId":"k""#,
        [Busy, NoKeys, Busy, Busy],
    ),
    (
        "StopStreamEncryption",
        r#""StreamARN":"{arn}","EncryptionType":"KMS","KeyId":"k""#,
        CHANGES,
    ),
    (
        "UpdateMaxRecordSize",
        r#""StreamARN":"{arn}","MaxRecordSizeInKiB":2048"#,
        CHANGES,
    ),
    (
        "UpdateStreamMode",
        r#""StreamARN":"{arn}","StreamModeDetails":{"StreamMode":"ON_DEMAND"}"#,
        CHANGES,
    ),
    (
        "UpdateStreamRecordDistributionStrategy",
        r#""StreamARN":"{arn}","RecordDistributionStrategy":"USER_PARTITION_KEY""#,
        CHANGES,
    ),
    (
        "PutResourcePolicy",
        r#""ResourceARN":"{arn}","Policy":"{policy}""#,
        CHANGES,
    ),
    ("GetResourcePolicy", r#""ResourceARN":"{arn}""#, CHANGES),
    ("DeleteResourcePolicy", r#""ResourceARN":"{arn}""#, CHANGES),
];

/// The same on an on-demand stream.
const ON_DEMAND: &[(&str, &str, [To; 4])] = &[
    (
        "UpdateStreamWarmThroughput",
        r#""StreamARN":"{arn}","WarmThroughputMiBps":5"#,
        CHANGES,
    ),
    (
        "UpdateStreamRecordDistributionStrategy",
        r#""StreamARN":"{arn}","RecordDistributionStrategy":"AUTO""#,
        CHANGES,
    ),
];

/// A policy within a JSON text.
const POLICY: &str = concat!(
    r#"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","#,
    r#"\"Principal\":{\"AWS\":\"222222222222\"},\"Resource\":\"{arn}\","#,
    r#"\"Action\":\"kinesis:DescribeStreamSummary\"}]}"#
);

/// A stream `s` in a status, and what requests on it are filled in with.
struct Scene {
    server: Server,
    consumer: String,
    iterator: String,
}

impl Scene {
    async fn new(create: &str, status: &str) -> Self {
        let server = Server::slow(Limits::Off).await;
        let commit = r#"{"MinimumThroughputBillingCommitment":{"Status":"ENABLED"}}"#;
        server.ok("UpdateAccountSettings", commit).await;
        server.ok("CreateStream", create).await;
        let mut scene = Self {
            server,
            consumer: format!("{ARN}/consumer/c:1767225600"),
            iterator: "none".to_owned(),
        };
        if status != "CREATING" {
            scene.become_active().await;
        }
        match status {
            "UPDATING" => {
                scene
                    .ok("UpdateMaxRecordSize", r#""MaxRecordSizeInKiB":1025"#)
                    .await
            }
            "DELETING" => {
                scene
                    .ok("DeleteStream", r#""EnforceConsumerDeletion":true"#)
                    .await
            }
            _ => String::new(),
        };
        scene
    }

    async fn become_active(&mut self) {
        self.server.pass(10);
        let registered = self
            .ok("RegisterStreamConsumer", r#""ConsumerName":"c""#)
            .await;
        member(&registered, "ConsumerARN").clone_into(&mut self.consumer);
        let policy = POLICY.replace("{arn}", ARN);
        let put = format!(r#"{{"ResourceARN":"{ARN}","Policy":"{policy}"}}"#);
        self.server.ok("PutResourcePolicy", &put).await;
        let at = r#""ShardId":"0","ShardIteratorType":"LATEST""#;
        let opened = self.ok("GetShardIterator", at).await;
        member(&opened, "ShardIterator").clone_into(&mut self.iterator);
        self.server.pass(10);
    }

    /// A call on the stream that succeeds.
    async fn ok(&self, operation: &str, members: &str) -> String {
        let body = format!(r#"{{"StreamARN":"{ARN}",{members}}}"#);
        self.server.ok(operation, &body).await
    }

    async fn call(&self, operation: &str, members: &str) -> Result<String, Refused> {
        let policy = POLICY.replace("{arn}", ARN);
        let members = members.replace("{policy}", &policy);
        let members = members.replace("{consumer}", &self.consumer);
        let members = members.replace("{iterator}", &self.iterator);
        let body = format!("{{{}}}", members.replace("{arn}", ARN));
        self.server.call(operation, &body).await
    }
}

fn refusal(to: To, status: &str) -> Option<(&'static str, String)> {
    let told = |name, text: &str| Some((name, text.to_owned()));
    let stream = format!("Stream s under account {ACCOUNT}");
    match to {
        Done => None,
        Busy => told(
            IN_USE,
            &format!("{stream} not ACTIVE, instead in state {status}"),
        ),
        Unready => told(
            IN_USE,
            &format!("{stream} not ACTIVE or UPDATING, instead in state {status}"),
        ),
        NoStream => told(NOT_FOUND, &format!("{stream} not found.")),
        NoShard => told(
            NOT_FOUND,
            "Shard shardId-000000000000 in stream s under account 111111111111 does not exist",
        ),
        NoConsumer => told(NOT_FOUND, ""),
        NoIterator => told(ARGUMENT, "Invalid ShardIterator."),
        Exists => told(IN_USE, &format!("{stream} already exists.")),
        NoKeys => told("KMSNotFoundException", ""),
    }
}

async fn check(create: &str, rows: &[(&str, &str, [To; 4])]) {
    for (operation, members, answers) in rows {
        for (status, to) in STATUSES.iter().zip(answers) {
            let scene = Scene::new(create, status).await;
            let found = scene.call(operation, members).await;
            let told = format!("{operation} of a stream that is {status}: {found:?}");
            match refusal(*to, status) {
                None => assert!(found.is_ok(), "{told}"),
                Some((name, text)) => {
                    let (code, message) = found.expect_err(&told);
                    assert_eq!(code, name, "{told}");
                    assert!(text.is_empty() || message == text, "{told}, not {text}");
                }
            }
        }
    }
}

#[tokio::test]
async fn operation_when_the_stream_has_any_status_then_is_carried_out_or_says_which() {
    check(r#"{"StreamName":"s","ShardCount":2}"#, ROWS).await;
    check(r#"{"StreamName":"s"}"#, ON_DEMAND).await;
}

#[test]
fn operations_when_about_streams_then_are_each_tried_in_every_status() {
    let rows = ROWS.iter().chain(ON_DEMAND).map(|(name, _, _)| *name);
    let tried: BTreeSet<&str> = rows.chain(OF_ACCOUNTS).collect();
    let all = millstream_service::operations().iter().map(|row| row.name);
    assert_eq!(tried, all.collect());
}
