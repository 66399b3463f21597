//! The audit log: which calls have a line, and what it says.

use crate::harness::{Answer, Running, any_port, connect, exchange, in_time, post, read_answer};
use crate::tls::{BOTH, connect_tls, identity};
use millstream_auth::{
    AccessKey, AccessKeyId, Authenticator, KeyStore, Keys, Mode, SecretText, User, UserName,
    Validity, Verifier,
};
use millstream_client::{Client, Credentials};
use millstream_env::{Env, ManualClock, SeededRandom, Timestamp};
use millstream_http::{Audit, Config, InTheClear, Lines, Tls};
use millstream_model::AccountId;
use millstream_protocol::ErrorCode;
use millstream_streams::{Limits, Settings};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::io::AsyncWriteExt;

/// 2023-11-14T22:13:20Z, and some milliseconds.
const NOW: Timestamp = Timestamp(1_700_000_000_123);
const KEY: &str = "AKIDEXAMPLE00000";
const SECRET: &str = "CANARYx-a-secret-of-ann";

/// A server with an audit log, and its lines.
struct World {
    server: Running,
    lines: Lines,
}

impl World {
    async fn start(env: Env, config: Config) -> Self {
        let (audit, lines) = Audit::new();
        let settings = Settings {
            limits: Limits::Off,
            ..Settings::default()
        };
        let config = Config {
            audit: Some(audit),
            ..config
        };
        let server = Running::start_configured(env, settings, config).await;
        Self { server, lines }
    }

    /// A server that believes everybody, at [`NOW`].
    async fn open() -> Self {
        let env = Env {
            clock: Arc::new(ManualClock::new(NOW)),
            random: Arc::new(SeededRandom::new(7)),
            ..Env::real()
        };
        Self::start(env, any_port()).await
    }

    /// A server that knows one key.
    async fn verified() -> Self {
        let env = Env::real();
        let account = AccountId::parse("111122223333").unwrap();
        let name = UserName::parse("ann").unwrap();
        let user = Arc::new(User::new(account, name, Arc::default()));
        let secret = SecretText::from(SECRET.to_owned());
        let mut keys = Keys::none(BTreeSet::new());
        let id = AccessKeyId::parse(KEY).unwrap();
        keys.add(id, AccessKey::new(user, &secret, Validity::Lasting))
            .unwrap();
        let verifier = Verifier::new(KeyStore::new(keys), Arc::clone(&env.clock));
        let config = Config {
            authenticator: Authenticator::new(Mode::Verified(verifier)),
            ..any_port()
        };
        Self::start(env, config).await
    }

    fn client(&self, key: &str, secret: &str) -> Client {
        Client::builder()
            .endpoint(format!("http://{}", self.server.address))
            .region("eu-west-1")
            .credentials(Credentials::new(key, secret, None))
            .build()
            .unwrap()
    }

    async fn call(&self, operation: &str, body: &str) -> Answer {
        self.call_with(operation, &[], body).await
    }

    async fn call_with(&self, operation: &str, more: &[(&str, &str)], body: &str) -> Answer {
        let target = format!("Kinesis_20131202.{operation}");
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", &target),
        ];
        let bytes = post(&[&headers, more].concat(), body.as_bytes());
        exchange(self.server.address, &bytes).await
    }

    /// The next line, as it is.
    async fn text(&mut self) -> String {
        let line = in_time(self.lines.next()).await.unwrap();
        String::from_utf8(line.bytes().to_vec()).unwrap()
    }

    async fn line(&mut self) -> Value {
        serde_json::from_str(&self.text().await).unwrap()
    }
}

/// The client is told its own header; the log of everybody's calls must not have it.
#[tokio::test]
async fn header_when_it_is_no_signature_then_is_not_in_the_line() {
    let mut world = World::verified().await;
    for header in [
        "Bearer CANARYtoken",
        "Basic CANARY==",
        "AWS4-HMAC-SHA256 Credential=CANARY/a, Signature=CANARY",
    ] {
        let answer = world
            .call_with("ListStreams", &[("authorization", header)], "{}")
            .await;
        assert!(answer.text().contains("CANARY"), "{}", answer.text());
        let text = world.text().await;
        assert!(
            text.contains("\"errorCode\":\"IncompleteSignatureException\""),
            "{text}"
        );
        assert!(!text.contains("CANARY"), "{text}");
    }
}

#[tokio::test]
async fn line_when_a_stream_is_created_then_has_every_field() {
    let mut world = World::open().await;
    let credential = "123456789012/20231114/eu-west-1/kinesis/aws4_request";
    let signed = format!(
        "AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=CANARYsignature"
    );
    let headers = [
        ("authorization", signed.as_str()),
        ("x-amz-date", "20231114T221320Z"),
        ("user-agent", "aws-cli/1.0 \"quoted\""),
    ];
    let body = r#"{"StreamName": "orders", "ShardCount": 2, "Tags": {"Team": "caf\u00e9"}}"#;
    let answer = world.call_with("CreateStream", &headers, body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let line = world.text().await;
    let parsed: Value = serde_json::from_str(&line).unwrap();
    let event_id = parsed["eventID"].as_str().unwrap();
    let uuid = uuid::Uuid::parse_str(event_id).unwrap();
    assert_eq!(uuid.get_version_num(), 4);
    let request_id = answer.header("x-amzn-requestid");
    assert_ne!(event_id, request_id);
    let expected = format!(
        concat!(
            r#"{{"eventVersion":"1.11","userIdentity":{{"type":"Root","#,
            r#""arn":"arn:aws:iam::123456789012:root","accountId":"123456789012","#,
            r#""accessKeyId":"123456789012"}},"eventTime":"2023-11-14T22:13:20Z","#,
            r#""eventSource":"kinesis.amazonaws.com","eventName":"CreateStream","#,
            r#""awsRegion":"eu-west-1","sourceIPAddress":"127.0.0.1","#,
            r#""userAgent":"aws-cli/1.0 \"quoted\"","requestParameters":{{"shardCount":2,"#,
            r#""streamName":"orders","tags":{{"Team":"caf\u00e9"}}}},"responseElements":null,"#,
            r#""requestID":"{request_id}","eventID":"{event_id}","readOnly":false,"#,
            r#""resources":[{{"#,
            r#""ARN":"arn:aws:kinesis:eu-west-1:123456789012:stream/orders","#,
            r#""accountId":"123456789012","type":"AWS::Kinesis::Stream"}}],"#,
            r#""eventType":"AwsApiCall","managementEvent":true,"#,
            r#""recipientAccountId":"123456789012","eventCategory":"Management"}}"#,
            "\n"
        ),
        request_id = request_id,
        event_id = event_id
    );
    assert_eq!(line, expected);
}

/// A call, and what its line says: name, error, whether it only reads, parameters, answer.
struct Row {
    operation: &'static str,
    body: &'static str,
    line: Option<(Option<&'static str>, bool, Value, Value)>,
}

fn row(
    operation: &'static str,
    body: &'static str,
    line: Option<(Option<&'static str>, bool, Value, Value)>,
) -> Row {
    Row {
        operation,
        body,
        line,
    }
}

/// Calls that reach their operation.
fn carried_out() -> Vec<Row> {
    let orders = || json!({"streamName": "orders"});
    let line = |error, reads, members| Some((error, reads, members, Value::Null));
    let created = json!({"streamName": "orders", "shardCount": 1});
    let iterator = r#"{"StreamName": "orders", "ShardId": "shardId-000000000000",
        "ShardIteratorType": "LATEST"}"#;
    let records = r#"{"StreamName": "orders", "Records": [{"Data": "YQ==", "PartitionKey": "k"}]}"#;
    vec![
        row(
            "CreateStream",
            r#"{"StreamName": "orders", "ShardCount": 1}"#,
            line(None, false, created.clone()),
        ),
        row(
            "CreateStream",
            r#"{"StreamName": "orders", "ShardCount": 1}"#,
            line(Some("ResourceInUseException"), false, created),
        ),
        // Calls about records have no lines, however they end.
        row(
            "PutRecord",
            r#"{"StreamName": "orders", "Data": "YQ==", "PartitionKey": "k"}"#,
            None,
        ),
        row("PutRecords", records, None),
        row(
            "PutRecord",
            r#"{"StreamName": "none", "Data": "YQ==", "PartitionKey": "k"}"#,
            None,
        ),
        row("GetShardIterator", iterator, None),
        row("GetRecords", r#"{"ShardIterator": "AAAA"}"#, None),
        row(
            "DescribeStreamSummary",
            r#"{"StreamName": "orders"}"#,
            line(None, true, orders()),
        ),
        row("ListStreams", "{}", line(None, true, json!({}))),
        row(
            "ListShards",
            r#"{"NextToken": "AAAA"}"#,
            line(
                Some("InvalidArgumentException"),
                true,
                json!({"nextToken": "HIDDEN_DUE_TO_SECURITY_REASONS"}),
            ),
        ),
        row(
            "UpdateShardCount",
            r#"{"StreamName": "orders", "TargetShardCount": 2, "ScalingType": "UNIFORM_SCALING"}"#,
            Some((
                None,
                false,
                json!({"streamName": "orders", "targetShardCount": 2,
                    "scalingType": "UNIFORM_SCALING"}),
                json!({"streamName": "orders", "currentShardCount": 1, "targetShardCount": 2,
                    "streamARN": "arn:aws:kinesis:us-east-1:000000000000:stream/orders"}),
            )),
        ),
    ]
}

/// Calls that are refused before, and the end of the stream.
fn refused() -> Vec<Row> {
    let line = |error, reads, members| Some((error, reads, members, Value::Null));
    vec![
        // Refused before it is an operation's.
        row(
            "CreateStream",
            r#"{"StreamName": 1}"#,
            line(Some("SerializationException"), false, json!({})),
        ),
        row(
            "CreateStream",
            r#"{"ShardCount": 0}"#,
            line(Some("ValidationException"), false, json!({"shardCount": 0})),
        ),
        row(
            "CreateStream",
            r#"{"StreamName": "#,
            line(Some("SerializationException"), false, Value::Null),
        ),
        row(
            "DeleteStream",
            r#"{"StreamName": "orders"}"#,
            line(None, false, json!({"streamName": "orders"})),
        ),
        // No operation, and one that is not served.
        row("Nothing", "{}", None),
    ]
}

fn rows() -> Vec<Row> {
    carried_out().into_iter().chain(refused()).collect()
}

#[tokio::test]
async fn calls_when_made_then_those_about_more_than_records_have_a_line_each() {
    let mut world = World::open().await;
    for Row {
        operation,
        body,
        line,
    } in rows()
    {
        let answer = world.call(operation, body).await;
        let Some((error, reads, parameters, elements)) = line else {
            continue;
        };
        let line = world.line().await;
        assert_eq!(line["eventName"], operation, "{body}");
        assert_eq!(line["errorCode"].as_str(), error, "{operation} {body}");
        assert_eq!(answer.status == 200, error.is_none());
        assert_eq!(line["readOnly"], reads, "{operation}");
        assert_eq!(line["requestParameters"], parameters, "{operation}");
        assert_eq!(line["responseElements"], elements, "{operation}");
        assert_eq!(line["requestID"], answer.header("x-amzn-requestid"));
        assert_eq!(line["managementEvent"], true);
        if error.is_some() && answer.text().contains("message") {
            let said: Value = serde_json::from_str(answer.text()).unwrap();
            assert_eq!(line["errorMessage"], said["message"], "{operation}");
        }
    }
    let lines = rows().into_iter().filter(|row| row.line.is_some()).count();
    let taken = world.server.metric("millstream_audit_lines_total").await;
    assert_eq!(taken, lines as u64, "no other call has one");
    assert_eq!(
        world
            .server
            .metric("millstream_audit_lines_lost_total")
            .await,
        0
    );
}

#[tokio::test]
async fn call_when_by_a_verified_user_then_names_user_and_key() {
    let mut world = World::verified().await;
    let ann = world.client(KEY, SECRET);
    ann.create_stream("orders")
        .shard_count(1)
        .send()
        .await
        .unwrap();
    let text = world.text().await;
    assert!(!text.contains("CANARY"), "{text}");
    let line: Value = serde_json::from_str(&text).unwrap();
    let identity = json!({
        "type": "IAMUser",
        "arn": "arn:aws:iam::111122223333:user/ann",
        "accountId": "111122223333",
        "accessKeyId": KEY,
        "userName": "ann",
    });
    assert_eq!(line["userIdentity"], identity);
    assert_eq!(line["awsRegion"], "eu-west-1");
    assert_eq!(line["recipientAccountId"], "111122223333");
}

#[tokio::test]
async fn sender_when_not_let_in_then_is_recorded_whatever_the_operation() {
    let mut world = World::verified().await;
    let unknown = json!({"type": "Unknown", "accessKeyId": "AKIDNOBODY000000"});
    let wrong = json!({"type": "Unknown", "accessKeyId": KEY});
    for (key, identity, code) in [
        (
            "AKIDNOBODY000000",
            unknown,
            ErrorCode::UnrecognizedClientException,
        ),
        (KEY, wrong, ErrorCode::InvalidSignatureException),
    ] {
        let client = world.client(key, "CANARYx-not-the-secret");
        let refused = client
            .put_record("orders", "secret")
            .partition_key("k")
            .send()
            .await;
        assert_eq!(refused.unwrap_err().code(), Some(code));
        let text = world.text().await;
        assert!(
            !text.contains("CANARY") && !text.contains("c2VjcmV0"),
            "{text}"
        );
        let line: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["errorCode"], code.name());
        assert_eq!(line["userIdentity"], identity);
        assert_eq!(line["eventName"], "PutRecord");
        assert_eq!(line["eventCategory"], "Data");
        assert_eq!(line["awsRegion"], "eu-west-1");
        let parameters = json!({"streamName": "orders"});
        assert_eq!(line["requestParameters"], parameters);
    }
    let answer = world.call("ListStreams", "{}").await;
    assert_eq!(answer.status, 400);
    let line = world.line().await;
    assert_eq!(line["errorCode"], "MissingAuthenticationTokenException");
    assert_eq!(line["errorMessage"], "Missing Authentication Token");
    assert_eq!(line["userIdentity"], json!({"type": "Unknown"}));
    assert_eq!(line["awsRegion"], Value::Null);
}

/// A secret where the id should be, and more text than a stranger may fill the log with.
#[tokio::test]
async fn sender_when_not_let_in_then_neither_a_secret_nor_a_long_body_is_in_the_line() {
    let mut world = World::verified().await;
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}/20240101/eu-west-1/kinesis/aws4_request, \
         SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature={}",
        "CANARY".repeat(7),
        "0".repeat(64)
    );
    let headers = [
        ("authorization", &*authorization),
        ("x-amz-date", "20240101T000000Z"),
    ];
    let body = json!({"StreamName": "a", "Tags": {"key": "v".repeat(3000)}}).to_string();
    let answer = world.call_with("AddTagsToStream", &headers, &body).await;
    assert_eq!(answer.status, 400);
    let text = world.text().await;
    assert!(text.len() < 2048 && !text.contains("CANARYC"), "{text}");
    let line: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(line["requestParameters"]["omitted"], true);
    assert_eq!(line["userIdentity"]["accessKeyId"], "CANA");
}

#[tokio::test]
async fn request_when_over_tls_then_says_how_and_one_that_is_not_is_recorded_as_denied() {
    let identity = identity();
    let config = Config {
        tls: Some(Tls::new(&identity).unwrap()),
        in_the_clear: InTheClear::Refused,
        ..any_port()
    };
    let mut world = World::start(Env::real(), config).await;
    let refused = world.call("ListStreams", "{}").await;
    assert_eq!(refused.header("x-amzn-errortype"), "AccessDeniedException");
    let line = world.line().await;
    assert_eq!(line["errorCode"], "AccessDeniedException");
    assert_eq!(line["tlsDetails"], Value::Null);

    let mut stream = connect_tls(&world.server, &identity, BOTH, &[])
        .await
        .unwrap();
    let headers = [
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", "Kinesis_20131202.ListStreams"),
    ];
    stream.write_all(&post(&headers, b"{}")).await.unwrap();
    assert_eq!(read_answer(&mut stream).await.status, 200);
    let details = json!({
        "tlsVersion": "TLSv1.3",
        "cipherSuite": "TLS_AES_256_GCM_SHA384",
        "clientProvidedHostHeader": "localhost",
    });
    assert_eq!(world.line().await["tlsDetails"], details);
}

/// Whatever is in a name, a header or an error's text: a line is one line of visible ASCII.
#[tokio::test]
async fn line_when_a_client_sends_line_breaks_and_escapes_of_terminals_then_is_one_line() {
    let mut world = World::open().await;
    let agent = "\u{1b}[2J\u{85}\u{2028}\u{2029}\u{202e}é\t{\"eventName\":\"x\"}";
    let mut stream = connect(world.server.address).await;
    let name = r#"a\n{\"eventName\":\"DeleteStream\"}\r\u001b[31m\u2028\u2029\u0085\u009b\u202e"#;
    let body = format!(r#"{{"StreamName": "{name}", "ShardCount": 1}}"#);
    let agent = agent.replace('\u{1b}', "");
    let headers = [
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", "Kinesis_20131202.CreateStream"),
        ("user-agent", &agent),
    ];
    stream
        .write_all(&post(&headers, body.as_bytes()))
        .await
        .unwrap();
    assert_eq!(read_answer(&mut stream).await.status, 400);
    let text = world.text().await;
    let line = text.strip_suffix('\n').unwrap();
    assert!(
        line.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
        "{line:?}"
    );
    let line: Value = serde_json::from_str(line).unwrap();
    assert_eq!(line["eventName"], "CreateStream");
    assert_eq!(line["userAgent"], agent);
    let sent: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(line["requestParameters"]["streamName"], sent["StreamName"]);
}

#[tokio::test]
async fn request_when_large_then_its_line_is_not() {
    let mut world = World::open().await;
    // The first is too long in the line alone, where it is escaped; the second as it comes.
    for policy in [
        "é".repeat(20_000),
        "\u{1}".repeat(20_000),
        "a".repeat(110_000),
    ] {
        check_large(&mut world, &policy).await;
    }
}

async fn check_large(world: &mut World, policy: &str) {
    let body =
        json!({"ResourceARN": "arn:aws:kinesis:us-east-1:000000000000:stream/a", "Policy": policy});
    let agent = "é".repeat(2000);
    world
        .call_with(
            "PutResourcePolicy",
            &[("user-agent", &agent)],
            &body.to_string(),
        )
        .await;
    let text = world.text().await;
    assert!(text.len() < 16 * 1024, "{} bytes", text.len());
    let line: Value = serde_json::from_str(&text).unwrap();
    let omitted = json!({"omitted": true, "reason": "requestParameters too large"});
    assert_eq!(line["requestParameters"], omitted);
    assert_eq!(line["userAgent"], "é".repeat(512));
    let stream = "arn:aws:kinesis:us-east-1:000000000000:stream/a";
    assert_eq!(
        line["resources"][0]["ARN"], stream,
        "it is named all the same"
    );
}
