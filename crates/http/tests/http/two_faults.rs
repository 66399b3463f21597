//! Requests that are wrong in two ways: which check comes first.
//!
//! The order is AWS's: types, authorization, constraints, state. The policies of these tests deny
//! some requests, and record what they were asked about.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Uri};
use millstream_auth::policy::{Decision, Denial};
use millstream_auth::{Authorizer, Channel, Context, Head, Policies, Question, Resource};
use millstream_env::Env;
use millstream_protocol::{Error, Protocol};
use millstream_service::Calls;
use millstream_store::MemoryStore;
use millstream_streams::{Engine, Limits, Settings};
use std::sync::{Arc, Mutex};

pub const MINE: &str = "arn:aws:kinesis:us-east-1:111111111111:stream";
const THEIRS: &str = "arn:aws:kinesis:us-east-1:222222222222:stream/orders";
pub const CREDENTIAL: &str = "AWS4-HMAC-SHA256 Credential=111111111111/20260101/us-east-1/kinesis/\
                          aws4_request, SignedHeaders=host, Signature=0";

/// Policies with a fixed decision that record the resources.
struct Remembering {
    decision: Decision,
    asked: Mutex<Vec<String>>,
}

impl Policies for Remembering {
    fn judge(&self, question: Question<'_>) -> Decision {
        let (action, resource) = (question.action.0, question.subject.resource);
        let asked = match resource {
            Resource::Unnamed => format!("{action} of nothing"),
            Resource::Account | Resource::Stream(_) | Resource::Consumer { .. } => {
                format!("{action} of {resource}")
            }
        };
        self.asked.lock().unwrap().push(asked);
        self.decision
    }
}

/// What a request's head has.
pub struct Signed {
    uri: Uri,
    headers: HeaderMap,
}

impl Signed {
    pub fn by(credential: &str) -> Self {
        let mut headers = HeaderMap::new();
        let credential = HeaderValue::from_str(credential).unwrap();
        headers.insert("authorization", credential);
        headers.insert("x-amz-date", HeaderValue::from_static("20260101T000000Z"));
        Self {
            uri: Uri::from_static("/"),
            headers,
        }
    }

    pub fn head(&self) -> Head<'_> {
        Head {
            method: &Method::POST,
            uri: &self.uri,
            headers: &self.headers,
            context: Context {
                peer: ([127, 0, 0, 1], 1).into(),
                channel: Channel::Plain,
            },
        }
    }
}

/// A caller under policies.
struct Caller {
    calls: Calls,
    policies: Arc<Remembering>,
}

impl Caller {
    fn new(engine: &Arc<Engine>, decision: Decision) -> Self {
        let policies = Arc::new(Remembering {
            decision,
            asked: Mutex::default(),
        });
        let settings = millstream_service::Settings {
            authorizer: Authorizer::new(policies.clone()),
            ..millstream_service::Settings::default()
        };
        Self {
            calls: Calls::new(Env::real(), engine.clone(), settings),
            policies,
        }
    }

    async fn call(&self, operation: &str, body: &str) -> Result<String, Error> {
        let signed = Signed::by(CREDENTIAL);
        let body = Bytes::copy_from_slice(body.as_bytes());
        let head = signed.head();
        let answer = self.calls.call(head, operation, Protocol::Json, body).await;
        let answer = answer.map_err(|failed| failed.error)?;
        let bytes = answer.into_bytes().unwrap_or_default();
        Ok(String::from_utf8(bytes.to_vec()).unwrap())
    }

    /// The name of the error, or "OK".
    async fn answer(&self, operation: &str, body: &str) -> &'static str {
        match self.call(operation, body).await {
            Ok(_) => "OK",
            Err(error) => error.code.name(),
        }
    }

    /// The resources that the policies were asked about in the last call.
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.policies.asked.lock().unwrap())
    }
}

/// A string member of a response.
fn member(answer: &str, name: &str) -> String {
    let (_, rest) = answer.split_once(&format!("\"{name}\":\"")).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

/// Two streams, `orders` with a consumer, and two callers: one allowed everything, one denied
/// everything.
struct Scene {
    open: Caller,
    closed: Caller,
    consumer: String,
}

impl Scene {
    async fn new() -> Self {
        let env = Env::real();
        let store = Arc::new(MemoryStore::new(Arc::clone(&env.clock)));
        let settings = Settings {
            limits: Limits::Off,
            ..Settings::default()
        };
        let engine = Engine::open(env, store, settings).await.unwrap();
        let open = Caller::new(&engine, Decision::Allow);
        for name in ["orders", "others"] {
            let body = format!(r#"{{"StreamName":"{name}","ShardCount":2}}"#);
            open.call("CreateStream", &body).await.unwrap();
        }
        let body = format!(r#"{{"StreamARN":"{MINE}/orders","ConsumerName":"reader"}}"#);
        let consumer = open.call("RegisterStreamConsumer", &body).await.unwrap();
        open.asked();
        Self {
            closed: Caller::new(&engine, Decision::Deny(Denial::NoIdentityPolicy)),
            consumer: member(&consumer, "ConsumerARN"),
            open,
        }
    }
}

/// Operation, body, and the results if everything is allowed and if everything is denied.
type Row = (&'static str, &'static str, &'static str, &'static str);

const TYPES: &str = "SerializationException";
const DENIED: &str = "AccessDeniedException";
const CONSTRAINTS: &str = "ValidationException";
const NOT_FOUND: &str = "ResourceNotFoundException";
const ARGUMENT: &str = "InvalidArgumentException";

const ROWS: &[Row] = &[
    // Types and constraints; types and state.
    (
        "ListStreams",
        r#"{"Limit":0,"NextToken":true}"#,
        TYPES,
        TYPES,
    ),
    (
        "DescribeStream",
        r#"{"StreamName":"none","Limit":"a"}"#,
        TYPES,
        TYPES,
    ),
    (
        "PutRecord",
        r#"{"StreamName":"none","Data":"?"}"#,
        TYPES,
        TYPES,
    ),
    // Constraints and state.
    (
        "DescribeStream",
        r#"{"StreamName":"none","Limit":0}"#,
        CONSTRAINTS,
        DENIED,
    ),
    (
        "SplitShard",
        r#"{"StreamName":"none"}"#,
        CONSTRAINTS,
        DENIED,
    ),
    (
        "GetRecords",
        r#"{"ShardIterator":"x","Limit":0}"#,
        CONSTRAINTS,
        DENIED,
    ),
    (
        "PutRecords",
        r#"{"StreamName":"none","Records":[]}"#,
        CONSTRAINTS,
        DENIED,
    ),
    (
        "CreateStream",
        r#"{"StreamName":"orders","ShardCount":0}"#,
        CONSTRAINTS,
        DENIED,
    ),
    (
        "ListShards",
        r#"{"NextToken":"x","MaxResults":0}"#,
        CONSTRAINTS,
        DENIED,
    ),
    // State alone, after authorization.
    (
        "DeleteStream",
        r#"{"StreamName":"none"}"#,
        NOT_FOUND,
        DENIED,
    ),
    ("GetRecords", r#"{"ShardIterator":"x"}"#, ARGUMENT, DENIED),
    (
        "CreateStream",
        r#"{"StreamName":"orders","ShardCount":1}"#,
        "ResourceInUseException",
        DENIED,
    ),
    ("ListShards", r#"{"NextToken":"x"}"#, ARGUMENT, DENIED),
    ("ListShards", "{}", ARGUMENT, DENIED),
    ("DescribeStreamSummary", "{}", ARGUMENT, DENIED),
    // Two state checks: the stream comes before the requested change …
    (
        "RemoveTagsFromStream",
        r#"{"StreamName":"none","TagKeys":[";"]}"#,
        NOT_FOUND,
        DENIED,
    ),
    (
        "AddTagsToStream",
        r#"{"StreamName":"none","Tags":{";":"a"}}"#,
        NOT_FOUND,
        DENIED,
    ),
    (
        "UntagResource",
        r#"{"ResourceARN":"arn:aws:kinesis:us-east-1:111111111111:stream/none","TagKeys":[";"]}"#,
        NOT_FOUND,
        DENIED,
    ),
    (
        "TagResource",
        r#"{"ResourceARN":"arn:aws:kinesis:us-east-1:111111111111:stream/none","Tags":{";":"a"}}"#,
        NOT_FOUND,
        DENIED,
    ),
    (
        "PutResourcePolicy",
        r#"{"ResourceARN":"arn:aws:kinesis:us-east-1:111111111111:stream/none","Policy":""}"#,
        NOT_FOUND,
        DENIED,
    ),
    (
        "PutResourcePolicy",
        r#"{"ResourceARN":"arn:aws:kinesis:us-east-1:111111111111:table/orders","Policy":""}"#,
        CONSTRAINTS,
        DENIED,
    ),
    (
        "IncreaseStreamRetentionPeriod",
        r#"{"StreamName":"none","RetentionPeriodHours":1}"#,
        NOT_FOUND,
        DENIED,
    ),
    // … and a conflict with a token comes before the token.
    (
        "ListShards",
        r#"{"NextToken":"x","StreamName":"orders"}"#,
        ARGUMENT,
        DENIED,
    ),
    // Nothing wrong, and nothing allowed.
    ("DescribeLimits", "{}", "OK", DENIED),
    ("ListStreams", "{}", "OK", DENIED),
];

#[tokio::test]
async fn request_when_wrong_in_two_ways_then_is_told_what_is_looked_at_first() {
    let scene = Scene::new().await;
    for (operation, body, open, closed) in ROWS {
        let answers = [
            scene.open.answer(operation, body).await,
            scene.closed.answer(operation, body).await,
        ];
        assert_eq!(answers, [*open, *closed], "{operation} {body}");
    }
}

/// As on AWS, the shard's id is checked before the stream.
#[tokio::test]
async fn request_when_shard_and_stream_are_both_wrong_then_is_told_of_the_shard() {
    let scene = Scene::new().await;
    let body = r#"{"StreamName":"none","ShardToSplit":"shard","NewStartingHashKey":"7"}"#;
    let error = scene.open.call("SplitShard", body).await.unwrap_err();
    let text = "Could not find shard shard in stream none under account 111111111111.";
    assert_eq!(error.message.as_deref(), Some(text));
}

/// Policies are told its owner; the sender is told that it does not exist.
#[tokio::test]
async fn stream_of_another_account_when_named_then_policies_are_asked_before_it_is_refused() {
    let scene = Scene::new().await;
    let body = format!(r#"{{"StreamARN":"{THEIRS}"}}"#);
    let error = scene.open.call("DescribeStream", &body).await.unwrap_err();
    let text = "Stream orders under account 222222222222 not found.";
    assert_eq!(error.message.as_deref(), Some(text));
    assert_eq!(scene.open.asked(), [format!("DescribeStream of {THEIRS}")]);
    let denied = scene.closed.call("DescribeStream", &body).await;
    let text = denied.unwrap_err().message.unwrap();
    assert!(
        text.contains(&format!("on resource: {THEIRS} because")),
        "{text}"
    );
}

/// Requests that name resources in every way, and the names that policies see.
fn naming(consumer: &str, iterator: &str, page: &str) -> Vec<(&'static str, String, String)> {
    let orders = format!("{MINE}/orders");
    let by_name = |name: &str| format!(r#"{{"StreamName":"{name}"}}"#);
    let by_arn = |name: &str| format!(r#"{{"StreamARN":"{MINE}/{name}"}}"#);
    let of_orders =
        |name: &str| format!(r#"{{"StreamARN":"{MINE}/orders","ConsumerName":"{name}"}}"#);
    let by_resource = |arn: &str| format!(r#"{{"ResourceARN":"{arn}"}}"#);
    let without_records = r#"{"StreamName":"orders","Records":[]}"#.to_owned();
    let nothing = || "nothing".to_owned();
    let missing = || format!("{MINE}/orders/consumer/none:0");
    vec![
        ("ListStreams", "{}".to_owned(), "*".to_owned()),
        ("DescribeLimits", "{}".to_owned(), "*".to_owned()),
        ("DescribeStream", by_name("orders"), orders.clone()),
        ("DescribeStream", by_arn("orders"), orders.clone()),
        // It does not matter that one does not exist, and one is to be created.
        ("DeleteStream", by_arn("none"), format!("{MINE}/none")),
        ("CreateStream", by_name("new"), format!("{MINE}/new")),
        (
            "GetRecords",
            format!(r#"{{"ShardIterator":"{iterator}"}}"#),
            orders.clone(),
        ),
        (
            "ListShards",
            format!(r#"{{"NextToken":"{page}"}}"#),
            orders.clone(),
        ),
        (
            "DescribeStreamConsumer",
            format!(r#"{{"ConsumerARN":"{consumer}"}}"#),
            consumer.to_owned(),
        ),
        (
            "DescribeStreamConsumer",
            of_orders("reader"),
            consumer.to_owned(),
        ),
        ("DescribeStreamConsumer", of_orders("none"), missing()),
        ("ListTagsForResource", by_resource(&orders), orders.clone()),
        ("TagResource", by_resource(consumer), consumer.to_owned()),
        (
            "GetResourcePolicy",
            by_resource(&format!("{MINE}/none")),
            format!("{MINE}/none"),
        ),
        (
            "PutResourcePolicy",
            by_resource(&format!("{MINE}/orders/consumer/none:1")),
            format!("{MINE}/orders/consumer/none:1"),
        ),
        (
            "DeleteResourcePolicy",
            by_resource(THEIRS),
            THEIRS.to_owned(),
        ),
        (
            "UntagResource",
            by_resource(&MINE.replace("stream", "queue/q")),
            nothing(),
        ),
        // If constraints are violated, the valid members still name a resource.
        ("PutRecords", without_records, orders),
        ("DescribeStream", by_name("?"), nothing()),
        ("DescribeStream", "{}".to_owned(), nothing()),
        (
            "GetRecords",
            r#"{"ShardIterator":"x"}"#.to_owned(),
            nothing(),
        ),
    ]
}

#[tokio::test]
async fn request_when_it_names_a_resource_in_any_way_then_policies_are_asked_about_that() {
    let scene = Scene::new().await;
    let iterator = r#"{"StreamName":"orders","ShardId":"0","ShardIteratorType":"LATEST"}"#;
    let iterator = scene.open.call("GetShardIterator", iterator).await.unwrap();
    let iterator = member(&iterator, "ShardIterator");
    let page = r#"{"StreamName":"orders","MaxResults":1}"#;
    let page = member(
        &scene.open.call("ListShards", page).await.unwrap(),
        "NextToken",
    );
    scene.open.asked();
    for (operation, body, resource) in naming(&scene.consumer, &iterator, &page) {
        let _ = scene.closed.call(operation, &body).await;
        let expected = format!("{operation} of {resource}");
        assert_eq!(scene.closed.asked(), [expected], "{body}");
    }
}
