//! Call rates, operation by operation: as many calls as the table allows pass, the next is refused
//! with AWS's words, and when a part of the second has passed there is one more. Nobody else is
//! refused meanwhile.

use super::two_faults::{CREDENTIAL, MINE, Signed};
use bytes::Bytes;
use millstream_auth::policy::{Decision, Denial};
use millstream_auth::{Authorizer, Policies, Question};
use millstream_env::{Env, ManualClock, Timestamp};
use millstream_protocol::operations::ALL;
use millstream_protocol::{
    Description, Error, ErrorCode, Period, Protocol, Rate, ResourceKind, Scope,
};
use millstream_service::Calls;
use millstream_store::MemoryStore;
use millstream_streams::{Engine, Limits, Settings};
use std::sync::Arc;
use std::time::Duration;

/// Operations whose budgets count more than calls, with tests of their own.
const WITH_BUDGETS: [&str; 4] = ["GetRecords", "PutRecord", "PutRecords", "SubscribeToShard"];
/// Statuses last, so that what is deleted is still there for a while.
const TRANSITION: Duration = Duration::from_secs(10);
const START: Timestamp = Timestamp(1_767_225_600_000);
const OTHERS: &str = "222222222222";

/// A node whose clock stands still.
struct World {
    clock: Arc<ManualClock>,
    calls: Calls,
}

impl World {
    /// Two accounts, with the streams `orders` and `others` of two shards, each with a consumer
    /// `reader`. All are ACTIVE, and all buckets full.
    async fn new(limits: Limits) -> Self {
        Self::under(limits, Authorizer::default()).await
    }

    async fn under(limits: Limits, authorizer: Authorizer) -> Self {
        let clock = Arc::new(ManualClock::new(START));
        let env = Env {
            clock: clock.clone(),
            ..Env::real()
        };
        let store = Arc::new(MemoryStore::new(clock.clone()));
        let settings = Settings {
            limits,
            transition_time: TRANSITION,
            ..Settings::default()
        };
        let engine = Engine::open(env.clone(), store, settings).await.unwrap();
        let open = Calls::new(env.clone(), engine.clone(), Default::default());
        let settings = millstream_service::Settings {
            authorizer,
            ..Default::default()
        };
        let calls = Calls::new(env, engine, settings);
        let world = Self { clock, calls };
        for account in ["111111111111", OTHERS] {
            for stream in ["orders", "others"] {
                let create = format!(r#"{{"StreamName":"{stream}","ShardCount":2}}"#);
                call(&open, account, "CreateStream", &create).await.unwrap();
            }
        }
        world.clock.advance(TRANSITION * 2);
        for (account, of) in [("111111111111", MINE.to_owned()), (OTHERS, theirs())] {
            for stream in ["orders", "others"] {
                let body = format!(r#"{{"StreamARN":"{of}/{stream}","ConsumerName":"reader"}}"#);
                let registered = call(&open, account, "RegisterStreamConsumer", &body).await;
                registered.unwrap();
            }
        }
        world.clock.advance(TRANSITION * 2);
        world
    }

    async fn call(&self, caller: &Caller, operation: &str) -> Result<String, Error> {
        let body = body(operation, caller);
        call(&self.calls, caller.account, operation, &body).await
    }

    /// Whether a call is refused because of its rate; `None` if the operation began, whatever it
    /// answered.
    async fn refusal(&self, caller: &Caller, operation: &str) -> Option<Error> {
        let refused = self.call(caller, operation).await.err()?;
        let text = refused.message.as_deref().unwrap_or_default();
        text.starts_with("Rate exceeded").then_some(refused)
    }
}

/// Who calls, about what.
#[derive(Clone, Copy)]
struct Caller {
    account: &'static str,
    stream: &'static str,
    shard: &'static str,
}

const US: Caller = Caller {
    account: "111111111111",
    stream: "orders",
    shard: "shardId-000000000000",
};

fn theirs() -> String {
    MINE.replace(US.account, OTHERS)
}

async fn call(calls: &Calls, account: &str, operation: &str, body: &str) -> Result<String, Error> {
    let credential = CREDENTIAL.replace("111111111111", account);
    let signed = Signed::by(&credential);
    let body = Bytes::copy_from_slice(body.as_bytes());
    let head = signed.head();
    let answer = calls.call(head, operation, Protocol::Json, body).await;
    let answer = answer.map_err(|failed| failed.error)?;
    let bytes = answer.into_bytes().unwrap_or_default();
    Ok(String::from_utf8(bytes.to_vec()).unwrap())
}

/// A valid request.
fn body(operation: &str, caller: &Caller) -> String {
    let Caller {
        account,
        stream,
        shard,
    } = caller;
    let name = format!(r#""StreamName":"{stream}""#);
    let arn = format!("arn:aws:kinesis:us-east-1:{account}:stream/{stream}");
    let (by_arn, resource) = (
        format!(r#""StreamARN":"{arn}""#),
        format!(r#""ResourceARN":"{arn}""#),
    );
    let encryption = r#""EncryptionType":"KMS","KeyId":"alias/aws/kinesis""#;
    let members = match operation {
        "AddTagsToStream" => format!(r#"{name},"Tags":{{"a":"b"}}"#),
        "CreateStream" => format!(r#"{name},"ShardCount":1"#),
        "DecreaseStreamRetentionPeriod" | "IncreaseStreamRetentionPeriod" => {
            format!(r#"{name},"RetentionPeriodHours":24"#)
        }
        "DescribeAccountSettings" | "DescribeLimits" | "ListStreams" => String::new(),
        "DeleteStream"
        | "DescribeStream"
        | "DescribeStreamSummary"
        | "ListShards"
        | "ListTagsForStream" => name,
        "DeregisterStreamConsumer" | "DescribeStreamConsumer" | "RegisterStreamConsumer" => {
            format!(r#"{by_arn},"ConsumerName":"reader""#)
        }
        "DisableEnhancedMonitoring" | "EnableEnhancedMonitoring" => {
            format!(r#"{name},"ShardLevelMetrics":["ALL"]"#)
        }
        "DeleteResourcePolicy" | "GetResourcePolicy" | "ListTagsForResource" => resource,
        "GetShardIterator" => {
            format!(r#"{name},"ShardId":"{shard}","ShardIteratorType":"LATEST""#)
        }
        "ListStreamConsumers" => by_arn,
        "MergeShards" => {
            format!(r#"{name},"ShardToMerge":"{shard}","AdjacentShardToMerge":"{shard}""#)
        }
        "PutResourcePolicy" => format!(r#"{resource},"Policy":"{{}}""#),
        "RemoveTagsFromStream" => format!(r#"{name},"TagKeys":["a"]"#),
        "SplitShard" => {
            format!(r#"{name},"ShardToSplit":"{shard}","NewStartingHashKey":"0""#)
        }
        "StartStreamEncryption" | "StopStreamEncryption" => format!("{name},{encryption}"),
        "TagResource" => format!(r#"{resource},"Tags":{{"a":"b"}}"#),
        "UntagResource" => format!(r#"{resource},"TagKeys":["a"]"#),
        "UpdateAccountSettings" => {
            r#""MinimumThroughputBillingCommitment":{"Status":"DISABLED"}"#.to_owned()
        }
        "UpdateMaxRecordSize" => format!(r#"{by_arn},"MaxRecordSizeInKiB":1024"#),
        "UpdateShardCount" => {
            format!(r#"{name},"TargetShardCount":2,"ScalingType":"UNIFORM_SCALING""#)
        }
        "UpdateStreamMode" => {
            format!(r#"{by_arn},"StreamModeDetails":{{"StreamMode":"PROVISIONED"}}"#)
        }
        "UpdateStreamRecordDistributionStrategy" => {
            format!(r#"{by_arn},"RecordDistributionStrategy":"USER_PARTITION_KEY""#)
        }
        "UpdateStreamWarmThroughput" => format!(r#"{name},"WarmThroughputMiBps":1"#),
        other => panic!("this test has no request for {other}"),
    };
    format!("{{{members}}}")
}

/// Operations whose calls are counted before they begin, with their rates.
fn counted() -> impl Iterator<Item = (&'static Description, Rate)> {
    let counted = ALL.iter().filter(|it| !WITH_BUDGETS.contains(&it.name));
    counted.map(|operation| {
        let mut rates = operation.rates.iter();
        let rate = rates.find(|rate| rate.period == Period::Second);
        let name = operation.name;
        let rate = rate.unwrap_or_else(|| panic!("{name} has no rate a second"));
        (operation, *rate)
    })
}

/// What AWS answers when a rate is exceeded.
fn refused(operation: &Description, rate: Rate) -> Error {
    let Caller {
        account,
        stream,
        shard,
    } = US;
    let limit = ErrorCode::LimitExceededException;
    match (rate.scope, operation.resource) {
        (Scope::Account, ResourceKind::Account) => {
            Error::new(limit, format!("Rate exceeded for account {account}."))
        }
        (Scope::Account | Scope::Stream, _) => {
            let text = format!("Rate exceeded for stream {stream} under account {account}.");
            Error::new(limit, text)
        }
        (Scope::Shard, _) => Error::new(
            ErrorCode::ProvisionedThroughputExceededException,
            format!("Rate exceeded for shard {shard} in stream {stream} under account {account}."),
        ),
        (Scope::ShardRecords | Scope::ConsumerAndShard, _) => {
            panic!("{} has a budget", operation.name)
        }
    }
}

/// Whoever has a bucket of their own.
fn another(scope: Scope) -> Caller {
    match scope {
        Scope::Account => Caller {
            account: OTHERS,
            ..US
        },
        Scope::Stream => Caller {
            stream: "others",
            ..US
        },
        Scope::Shard | Scope::ShardRecords | Scope::ConsumerAndShard => Caller {
            shard: "shardId-000000000001",
            ..US
        },
    }
}

#[tokio::test]
async fn calls_when_above_their_rate_then_are_refused_until_the_refill_and_nobody_else_is() {
    for (operation, rate) in counted() {
        let (world, name) = (World::new(Limits::Aws).await, operation.name);
        for nth in 1..=rate.calls {
            let refusal = world.refusal(&US, name).await;
            assert_eq!(refusal, None, "{name} has {rate:?}, and this is call {nth}");
        }
        let refusal = world.refusal(&US, name).await;
        assert_eq!(refusal, Some(refused(operation, rate)), "{name}");
        let other = another(rate.scope);
        assert_eq!(world.refusal(&other, name).await, None, "{name} of others");
        let one = Duration::from_secs(1) / rate.calls;
        world.clock.advance(one - Duration::from_nanos(1));
        assert!(world.refusal(&US, name).await.is_some(), "{name}: too soon");
        world.clock.advance(Duration::from_nanos(1));
        assert_eq!(world.refusal(&US, name).await, None, "{name}: there is one");
        assert!(world.refusal(&US, name).await.is_some(), "{name}: only one");
    }
}

#[tokio::test]
async fn calls_when_limits_are_off_then_are_never_refused() {
    for (operation, rate) in counted() {
        let (world, name) = (World::new(Limits::Off).await, operation.name);
        for _ in 0..rate.calls * 2 {
            assert_eq!(world.refusal(&US, name).await, None, "{name}");
        }
    }
}

#[tokio::test]
async fn operations_when_one_is_called_too_often_then_leave_the_others_their_rates() {
    let world = World::new(Limits::Aws).await;
    for _ in 0..10 {
        assert_eq!(world.refusal(&US, "DescribeStream").await, None);
    }
    assert!(world.refusal(&US, "DescribeStream").await.is_some());
    for (operation, _) in counted().filter(|(it, _)| it.name != "DescribeStream") {
        let refusal = world.refusal(&US, operation.name).await;
        assert_eq!(refusal, None, "{}", operation.name);
    }
}

/// Nothing is counted for what does not exist, whatever a stranger names.
#[tokio::test]
async fn calls_when_wrong_in_themselves_then_cost_nothing() {
    let world = World::new(Limits::Aws).await;
    let wrong = [
        (r#"{"StreamName":7}"#, ErrorCode::SerializationException),
        (r#"{"StreamName":"$"}"#, ErrorCode::ValidationException),
        ("{}", ErrorCode::InvalidArgumentException),
        (
            r#"{"StreamName":"x"}"#,
            ErrorCode::ResourceNotFoundException,
        ),
    ];
    for (body, code) in wrong {
        for _ in 0..30 {
            let answer = call(&world.calls, US.account, "DescribeStream", body).await;
            assert_eq!(answer.unwrap_err().code, code, "{body}");
        }
    }
    for nth in 1..=10 {
        let answer = world.call(&US, "DescribeStream").await;
        assert!(answer.is_ok(), "call {nth}: {answer:?}");
    }
}

#[tokio::test]
async fn calls_when_denied_then_cost_nothing_to_those_who_may() {
    /// Denies DescribeLimits to clients without TLS, and thus to these.
    struct NoLimits;

    impl Policies for NoLimits {
        fn judge(&self, question: Question<'_>) -> Decision {
            match question.action.0 {
                "DescribeLimits" => Decision::Deny(Denial::NoIdentityPolicy),
                _ => Decision::Allow,
            }
        }
    }

    let world = World::under(Limits::Aws, Authorizer::new(Arc::new(NoLimits))).await;
    for _ in 0..3 {
        let denied = world.call(&US, "DescribeLimits").await.unwrap_err();
        assert_eq!(denied.code, ErrorCode::AccessDeniedException);
    }
}

/// AWS names the stream that a new one would be, though its rate is the account's.
#[tokio::test]
async fn create_stream_when_refused_by_its_rate_then_makes_nothing() {
    let world = World::new(Limits::Aws).await;
    let create = |name: &'static str| Caller { stream: name, ..US };
    for name in ["a", "b", "c", "d", "e"] {
        world.call(&create(name), "CreateStream").await.unwrap();
        world.clock.advance(Duration::from_nanos(1));
    }
    let refused = world.call(&create("f"), "CreateStream").await.unwrap_err();
    assert_eq!(
        (refused.code, refused.message.as_deref()),
        (
            ErrorCode::LimitExceededException,
            Some("Rate exceeded for stream f under account 111111111111.")
        )
    );
    let listed = world.call(&US, "ListStreams").await.unwrap();
    assert!(
        listed.contains(r#""e""#) && !listed.contains(r#""f""#),
        "{listed}"
    );
}
