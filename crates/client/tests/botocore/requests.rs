//! Requests, compared byte for byte with those that boto3 sends for the same call.

use crate::capture::Capture;
use millstream_client::operations::ALL;
use millstream_client::types::*;
use millstream_client::{Call, Client, Credentials, Protocol, Retries, Tags, Timestamp};
use millstream_env::{Env, ManualClock};
use millstream_pages::ask_botocore::ask;
use millstream_protocol::Operation;
use serde_json::Value;
use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;

const PROGRAM: &str = include_str!("requests.py");
/// 2026-01-02T03:04:05Z, the instant of the program.
const NOW: millstream_env::Timestamp = millstream_env::Timestamp(1_767_323_045_000);
/// The headers by which a client names itself and its invocation.
const OF_CLIENT: [&str; 3] = ["user-agent", "amz-sdk-invocation-id", "amz-sdk-request"];

const STREAM_ARN: &str = "arn:aws:kinesis:eu-central-1:123456789012:stream/orders";
const CONSUMER_ARN: &str =
    "arn:aws:kinesis:eu-central-1:123456789012:stream/orders/consumer/billing:1700000000";
const SHARD: &str = "shardId-000000000001";
const ID: &str = "stream-id";
/// Text that JSON and Python escape in ways of their own.
const TEXT: &str = "ä\"\\/<\u{7f}\u{2028}\u{1f600}\n\t\u{1}";

/// A call: its operation, its body, and the future that sends it.
struct Case {
    operation: &'static str,
    body: String,
    send: Pin<Box<dyn Future<Output = ()>>>,
}

fn case<O: Operation<Input: Sync>>(mut call: Call<O>) -> Case {
    let mut body = Vec::new();
    millstream_protocol::encode_request(Protocol::Json, call.input_mut(), &mut body);
    Case {
        operation: O::NAME,
        body: String::from_utf8(body).unwrap(),
        // The endpoint answers every call with an empty object.
        send: Box::pin(async move { drop(call.await) }),
    }
}

fn tags() -> Tags {
    let pair = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
    [("cost", TEXT), ("team", "")]
        .into_iter()
        .map(pair)
        .collect()
}

fn position(r#type: ShardIteratorType) -> StartingPosition {
    StartingPosition {
        r#type,
        sequence_number: Some("4957".to_owned()),
        timestamp: Some(Timestamp(1_700_000_000_123)),
    }
}

/// Calls with every argument and every setter, by name and by ARN.
fn cases(client: &Client) -> Vec<Case> {
    let mut cases = Vec::new();
    for stream in ["orders", STREAM_ARN] {
        cases.extend(cases_of_stream(client, stream));
        cases.extend(cases_of_shards(client, stream));
    }
    cases.extend(cases_of_records(client));
    cases.extend(cases_of_consumers(client));
    cases.extend(cases_of_capacity(client));
    cases
}

fn cases_of_stream(client: &Client, stream: &str) -> Vec<Case> {
    let metrics = || vec![MetricsName::IncomingBytes, MetricsName::All];
    let keys = || vec!["cost".to_owned(), TEXT.to_owned()];
    vec![
        case(client.add_tags_to_stream(stream, tags()).stream_id(ID)),
        case(
            client
                .decrease_stream_retention_period(stream, 24)
                .stream_id(ID),
        ),
        case(
            client
                .delete_stream(stream)
                .enforce_consumer_deletion(true)
                .stream_id(ID),
        ),
        case(client.delete_stream(stream)),
        case(client.describe_stream_summary(stream).stream_id(ID)),
        case(
            client
                .disable_enhanced_monitoring(stream, metrics())
                .stream_id(ID),
        ),
        case(
            client
                .enable_enhanced_monitoring(stream, metrics())
                .stream_id(ID),
        ),
        case(
            client
                .increase_stream_retention_period(stream, 48)
                .stream_id(ID),
        ),
        case(
            client
                .list_tags_for_stream(stream)
                .exclusive_start_tag_key(TEXT)
                .limit(1)
                .stream_id(ID),
        ),
        case(client.remove_tags_from_stream(stream, keys()).stream_id(ID)),
    ]
}

fn cases_of_shards(client: &Client, stream: &str) -> Vec<Case> {
    vec![
        case(
            client
                .describe_stream(stream)
                .limit(10)
                .exclusive_start_shard_id(SHARD)
                .stream_id(ID),
        ),
        case(
            client
                .list_shards(stream)
                .next_token("token")
                .exclusive_start_shard_id(SHARD)
                .max_results(7)
                .stream_creation_timestamp(Timestamp(1_700_000_000_000))
                .shard_filter(ShardFilter {
                    r#type: ShardFilterType::AtTimestamp,
                    shard_id: Some(SHARD.to_owned()),
                    timestamp: Some(Timestamp(1_700_000_000_500)),
                })
                .stream_id(ID),
        ),
        case(
            client
                .merge_shards(stream, SHARD, "shardId-000000000002")
                .stream_id(ID),
        ),
        case(
            client
                .split_shard(stream, SHARD, "170141183460469231731")
                .stream_id(ID),
        ),
        case(
            client
                .start_stream_encryption(stream, EncryptionType::Kms, "alias/aws/kinesis")
                .stream_id(ID),
        ),
        case(
            client
                .stop_stream_encryption(stream, EncryptionType::None, "alias/aws/kinesis")
                .stream_id(ID),
        ),
        case(
            client
                .update_shard_count(stream, 4, ScalingType::UniformScaling)
                .stream_id(ID),
        ),
        case(
            client
                .update_stream_warm_throughput(stream, 10)
                .stream_id(ID),
        ),
    ]
}

fn cases_of_records(client: &Client) -> Vec<Case> {
    let entry = |key: Option<&str>| PutRecordsRequestEntry {
        data: vec![0, 1, 0xff, 0xfe].into(),
        explicit_hash_key: key.map(|_| "0".to_owned()),
        partition_key: key.map(str::to_owned),
    };
    vec![
        case(
            client
                .get_records("iterator")
                .limit(5)
                .stream_arn(STREAM_ARN)
                .stream_id(ID)
                .dry_run(true),
        ),
        case(client.get_records("iterator")),
        case(client.get_shard_iterator("orders", SHARD, ShardIteratorType::TrimHorizon)),
        case(
            client
                .get_shard_iterator(STREAM_ARN, SHARD, ShardIteratorType::AtTimestamp)
                .starting_sequence_number("4957")
                .timestamp(Timestamp(1_700_000_000_007))
                .stream_id(ID)
                .dry_run(false),
        ),
        case(client.put_record("orders", "data").partition_key("key")),
        case(
            client
                .put_record(STREAM_ARN, vec![0_u8; 100])
                .partition_key(TEXT)
                .explicit_hash_key("12")
                .sequence_number_for_ordering("4957")
                .stream_id(ID)
                .dry_run(true),
        ),
        case(client.put_record("orders", "")),
        case(
            client
                .put_records("orders", vec![entry(Some("a")), entry(None)])
                .stream_id(ID),
        ),
        case(
            client
                .put_records(STREAM_ARN, vec![entry(Some(TEXT))])
                .dry_run(false),
        ),
        case(
            client
                .subscribe_to_shard(CONSUMER_ARN, SHARD, position(ShardIteratorType::Latest))
                .stream_id(ID)
                .dry_run(true),
        ),
    ]
}

fn cases_of_consumers(client: &Client) -> Vec<Case> {
    vec![
        case(client.delete_resource_policy(STREAM_ARN).stream_id(ID)),
        case(
            client
                .deregister_stream_consumer()
                .stream_arn(STREAM_ARN)
                .consumer_name("billing")
                .consumer_arn(CONSUMER_ARN)
                .stream_id(ID),
        ),
        case(
            client
                .describe_stream_consumer()
                .stream_arn(STREAM_ARN)
                .consumer_name("billing")
                .consumer_arn(CONSUMER_ARN)
                .stream_id(ID),
        ),
        case(client.get_resource_policy(CONSUMER_ARN).stream_id(ID)),
        case(
            client
                .list_stream_consumers(STREAM_ARN)
                .next_token("token")
                .max_results(3)
                .stream_creation_timestamp(Timestamp(1_700_000_000_000))
                .stream_id(ID),
        ),
        case(client.list_tags_for_resource(STREAM_ARN).stream_id(ID)),
        case(
            client
                .put_resource_policy(STREAM_ARN, r#"{"Version": "2012-10-17"}"#)
                .stream_id(ID),
        ),
        case(
            client
                .register_stream_consumer(STREAM_ARN, "billing")
                .tags(tags())
                .stream_id(ID),
        ),
        case(client.tag_resource(STREAM_ARN, tags()).stream_id(ID)),
        case(
            client
                .untag_resource(STREAM_ARN, vec!["cost".to_owned()])
                .stream_id(ID),
        ),
    ]
}

fn cases_of_capacity(client: &Client) -> Vec<Case> {
    let mode = |stream_mode| StreamModeDetails { stream_mode };
    let commitment = MinimumThroughputBillingCommitmentInput {
        status: MinimumThroughputBillingCommitmentInputStatus::Enabled,
    };
    vec![
        case(client.create_stream("orders").shard_count(1)),
        case(
            client
                .create_stream("orders")
                .shard_count(2)
                .stream_mode_details(mode(StreamMode::OnDemand))
                .tags(tags())
                .warm_throughput_mibps(20)
                .max_record_size_in_kib(2048)
                .record_distribution_strategy(RecordDistributionStrategy::Auto),
        ),
        case(client.describe_account_settings()),
        case(client.describe_limits()),
        case(client.list_streams()),
        case(
            client
                .list_streams()
                .limit(3)
                .exclusive_start_stream_name("orders")
                .next_token("token"),
        ),
        case(client.update_account_settings(commitment)),
        case(
            client
                .update_max_record_size(STREAM_ARN, 4096)
                .stream_id(ID),
        ),
        case(
            client
                .update_stream_mode(STREAM_ARN, mode(StreamMode::Provisioned))
                .warm_throughput_mibps(5)
                .stream_id(ID),
        ),
        case(
            client
                .update_stream_record_distribution_strategy(
                    STREAM_ARN,
                    RecordDistributionStrategy::Auto,
                )
                .stream_id(ID),
        ),
    ]
}

fn client(endpoint: &str, token: Option<&str>) -> Client {
    let env = Env {
        clock: Arc::new(ManualClock::new(NOW)),
        ..Env::real()
    };
    let token = token.map(str::to_owned);
    Client::builder()
        .endpoint(endpoint)
        .region("eu-central-1")
        .credentials(Credentials::new("AKIDEXAMPLE", "secret", token))
        .retries(Retries::none())
        .build_in(env)
        .unwrap()
}

/// A request without the headers by which the client names itself.
fn anonymous(request: &str) -> Vec<&str> {
    let named = |line: &&str| {
        let name = line
            .split(':')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        !OF_CLIENT.contains(&&*name)
    };
    request.split("\r\n").filter(named).collect()
}

#[tokio::test]
async fn call_when_of_any_operation_with_any_member_then_is_byte_for_byte_that_of_boto3() {
    for token in [None, Some("the/session+token==")] {
        let capture = Capture::start();
        let client = client(&capture.url, token);
        let cases = cases(&client);
        let inputs: Vec<_> = cases
            .iter()
            .map(|case| (case.operation, &case.body))
            .collect();
        let inputs = serde_json::to_string(&inputs).unwrap();
        let arguments = [&*capture.url, token.unwrap_or_default(), &inputs];
        // What it prints is of no interest: it cannot make sense of the answers.
        drop(ask(PROGRAM, &arguments));
        let theirs = capture.taken();
        assert_eq!(theirs.len(), cases.len());
        for (case, theirs) in cases.into_iter().zip(theirs) {
            case.send.await;
            let ours = capture.taken().remove(0);
            assert_eq!(anonymous(&ours), anonymous(&theirs), "{}", case.operation);
        }
    }
}

#[tokio::test]
async fn members_when_of_any_input_then_have_an_argument_or_a_setter() {
    let client = client("http://127.0.0.1:1", None);
    let mut given: BTreeSet<(&str, String)> = BTreeSet::new();
    for case in cases(&client) {
        let body: Value = serde_json::from_str(&case.body).unwrap();
        let members = body.as_object().unwrap().keys();
        given.extend(members.map(|member| (case.operation, member.clone())));
        given.insert((case.operation, String::new()));
    }
    for operation in ALL {
        let whole = (operation.name, String::new());
        assert!(given.contains(&whole), "{}", operation.name);
        for member in operation.input.members() {
            let member = (operation.name, member.name.to_owned());
            assert!(given.contains(&member), "{member:?}");
        }
    }
}
