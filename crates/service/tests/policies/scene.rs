//! A server that enforces policies, with streams in one account and callers of three.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Uri};
use millstream_auth::policy::{IdentityPolicy, User, Who};
use millstream_auth::{Authorizer, Callers, Channel, Context, Enforced, Head, Principal};
use millstream_env::{Env, ManualClock, Timestamp};
use millstream_protocol::{Error, Protocol};
use millstream_service::Calls;
use millstream_store::MemoryStore;
use millstream_streams::{Engine, Limits, Settings};
use parking_lot::Mutex;
use std::sync::Arc;

const EVERYTHING: &str = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
const TAGGER: &str = r#"
    {"Effect":"Allow","Action":"kinesis:AddTagsToStream","Resource":"*","Condition":{
        "StringEquals":{"aws:RequestTag/team":"red"},
        "ForAllValues:StringEquals":{"aws:TagKeys":"team"}}},
    {"Effect":"Allow","Action":"kinesis:RemoveTagsFromStream","Resource":"*","Condition":{
        "ForAllValues:StringEquals":{"aws:TagKeys":"team"}}},
    {"Effect":"Allow","Action":"kinesis:Describe*","Resource":"*","Condition":{
        "StringEquals":{"aws:ResourceTag/team":"red"}}}"#;

/// Permits everything with one stream and its consumers.
const OF_ORDERS: &str = r#"{"Effect":"Allow","Action":"kinesis:*","Resource":[
    "arn:aws:kinesis:us-east-1:111111111111:stream/orders",
    "arn:aws:kinesis:us-east-1:111111111111:stream/orders/consumer/*"]}"#;
const MAKER: &str = r#"
    {"Effect":"Allow","Action":["kinesis:CreateStream","kinesis:RegisterStreamConsumer",
        "kinesis:TagResource"],"Resource":"arn:aws:kinesis:us-east-1:111111111111:stream/*"},
    {"Effect":"Deny","Action":"kinesis:TagResource","NotResource":
        "arn:aws:kinesis:us-east-1:111111111111:stream/*/consumer/tagged:*"},
    {"Effect":"Allow","Action":"kinesis:AddTagsToStream","Resource":
        "arn:aws:kinesis:us-east-1:111111111111:stream/tagged","Condition":{
        "StringEquals":{"aws:RequestTag/team":"red"}}}"#;
const START: Timestamp = Timestamp(1_796_040_000_000);

/// A caller's account and the statements of its policy.
fn of(name: &str) -> (&'static str, &'static str) {
    match name {
        "ann" => ("111111111111", EVERYTHING),
        "erin" => ("111111111111", ""),
        "frank" => ("111111111111", TAGGER),
        "gina" => ("111111111111", OF_ORDERS),
        "henry" => ("111111111111", MAKER),
        "bob" => ("222222222222", EVERYTHING),
        "carol" => ("333333333333", ""),
        _ => panic!("nobody is called {name}"),
    }
}

/// The stream of the first account.
pub fn orders() -> String {
    "arn:aws:kinesis:us-east-1:111111111111:stream/orders".to_owned()
}

/// Takes whoever calls for the user that is set: names are for the other gate.
struct Set(Mutex<Arc<Who>>);

impl Callers for Set {
    fn who(&self, principal: &Principal) -> Arc<Who> {
        let who = Arc::clone(&self.0.lock());
        assert_eq!(who.account, principal.account);
        who
    }
}

pub struct Scene {
    enforcing: Calls,
    open: Calls,
    caller: Arc<Set>,
    pub clock: Arc<ManualClock>,
    pub consumer: String,
}

impl Scene {
    /// `orders` with two shards and a consumer, and `others`.
    pub async fn new() -> Self {
        let clock = Arc::new(ManualClock::new(START));
        let env = Env {
            clock: clock.clone(),
            ..Env::real()
        };
        let store = Arc::new(MemoryStore::new(Arc::clone(&env.clock)));
        let settings = Settings {
            limits: Limits::Off,
            ..Settings::default()
        };
        let engine = Engine::open(env.clone(), store, settings).await.unwrap();
        let caller = Arc::new(Set(Mutex::new(Arc::new(who("ann")))));
        let enforced = Enforced::new(caller.clone(), Arc::clone(&env.clock));
        let settings = millstream_service::Settings {
            authorizer: Authorizer::new(Arc::new(enforced)),
            ..millstream_service::Settings::default()
        };
        let mut scene = Self {
            enforcing: Calls::new(env.clone(), Arc::clone(&engine), settings),
            open: Calls::new(env, engine, millstream_service::Settings::default()),
            caller,
            clock,
            consumer: String::new(),
        };
        for name in ["orders", "others"] {
            let body = format!(r#"{{"StreamName":"{name}","ShardCount":2}}"#);
            scene.call("ann", "CreateStream", &body).await.unwrap();
        }
        let body = format!(r#"{{"StreamARN":"{}","ConsumerName":"reader"}}"#, orders());
        let answer = scene
            .call("ann", "RegisterStreamConsumer", &body)
            .await
            .unwrap();
        scene.consumer = member(&answer, "ConsumerARN");
        scene
    }

    /// A call under policies.
    pub async fn call(&self, name: &str, operation: &str, body: &str) -> Result<String, Error> {
        self.call_in("us-east-1", name, operation, body).await
    }

    /// A call under policies in a region.
    pub async fn call_in(
        &self,
        region: &str,
        name: &str,
        operation: &str,
        body: &str,
    ) -> Result<String, Error> {
        *self.caller.0.lock() = Arc::new(who(name));
        send(&self.enforcing, of(name).0, region, operation, body).await
    }

    /// A call of a user with this policy, if with any.
    pub async fn call_with(
        &self,
        arn: &str,
        statements: &str,
        operation: &str,
        body: &str,
    ) -> Result<String, Error> {
        let user = Who::parse(arn).unwrap();
        let account = user.account.as_str().to_owned();
        *self.caller.0.lock() = Arc::new(with_policy(user, statements));
        send(&self.enforcing, &account, "us-east-1", operation, body).await
    }

    /// A call without policies, of an account.
    pub async fn call_openly(
        &self,
        account: &str,
        operation: &str,
        body: &str,
    ) -> Result<String, Error> {
        send(&self.open, account, "us-east-1", operation, body).await
    }

    /// The text of a refusal by policies.
    pub async fn denied(&self, name: &str, operation: &str, body: &str) -> String {
        let refused = self.call(name, operation, body).await.unwrap_err();
        let code = refused.code.name();
        assert_eq!(
            code, "AccessDeniedException",
            "{operation} {body}: {refused:?}"
        );
        refused.message.unwrap()
    }

    /// Shares all of `orders` that can be shared with an account.
    pub async fn share_stream(&self, with: &str) {
        self.put_stream_policy("Allow", with).await;
    }

    pub async fn put_stream_policy(&self, effect: &str, with: &str) {
        let actions = r#"["kinesis:DescribeStream","kinesis:DescribeStreamSummary",
            "kinesis:GetRecords","kinesis:GetShardIterator","kinesis:ListShards",
            "kinesis:PutRecord","kinesis:PutRecords"]"#;
        self.put_policy(&orders(), effect, with, actions).await;
    }

    /// Shares the consumer with an account.
    pub async fn share_consumer(&self, with: &str) {
        let actions = r#"["kinesis:DescribeStreamConsumer","kinesis:SubscribeToShard"]"#;
        self.put_policy(&self.consumer, "Allow", with, actions)
            .await;
    }

    async fn put_policy(&self, arn: &str, effect: &str, with: &str, actions: &str) {
        let statement = format!(
            r#"{{"Effect":"{effect}","Principal":{{"AWS":"{with}"}},"Action":{actions},
            "Resource":"{arn}"}}"#
        );
        self.put_statements(arn, &statement).await.unwrap();
    }

    /// Puts a policy of these statements.
    pub async fn put_statements(&self, arn: &str, statements: &str) -> Result<String, Error> {
        let policy = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
        let body = serde_json::json!({"ResourceARN": arn, "Policy": policy}).to_string();
        self.call("ann", "PutResourcePolicy", &body).await
    }
}

fn who(name: &str) -> Who {
    let (account, statements) = of(name);
    let user = Who::parse(&format!("arn:aws:iam::{account}:user/{name}")).unwrap();
    assert_eq!(user.user, User::new(name, None));
    with_policy(user, statements)
}

fn with_policy(user: Who, statements: &str) -> Who {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    let policy = (!statements.is_empty()).then(|| IdentityPolicy::parse("own", &text).unwrap());
    Who {
        policies: policy.into_iter().collect(),
        ..user
    }
}

async fn send(
    calls: &Calls,
    account: &str,
    region: &str,
    operation: &str,
    body: &str,
) -> Result<String, Error> {
    let credential = format!(
        "AWS4-HMAC-SHA256 Credential={account}/20260101/{region}/kinesis/aws4_request, \
         SignedHeaders=host, Signature=0"
    );
    let mut headers = HeaderMap::new();
    headers.insert("authorization", HeaderValue::from_str(&credential).unwrap());
    headers.insert("x-amz-date", HeaderValue::from_static("20260101T000000Z"));
    let head = Head {
        method: &Method::POST,
        uri: &Uri::from_static("/"),
        headers: &headers,
        context: Context {
            peer: ([127, 0, 0, 1], 1).into(),
            channel: Channel::Plain,
        },
    };
    let body = Bytes::copy_from_slice(body.as_bytes());
    let answer = calls.call(head, operation, Protocol::Json, body).await;
    let answer = answer.map_err(|failed| failed.error)?;
    let bytes = answer.into_bytes().unwrap_or_default();
    Ok(String::from_utf8(bytes.to_vec()).unwrap())
}

/// A string member of an answer.
pub fn member(answer: &str, name: &str) -> String {
    let (_, rest) = answer.split_once(&format!("\"{name}\":\"")).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

/// A caller's iterator of the first shard.
pub async fn iterator_of(scene: &Scene, name: &str) -> String {
    let body = format!(
        r#"{{"StreamARN":"{}","ShardId":"shardId-000000000000",
            "ShardIteratorType":"TRIM_HORIZON"}}"#,
        orders()
    );
    let answer = scene.call(name, "GetShardIterator", &body).await.unwrap();
    member(&answer, "ShardIterator")
}
