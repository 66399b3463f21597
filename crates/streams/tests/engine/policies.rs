//! Resource policies of streams and consumers: kept byte for byte, replaced, removed, and gone with
//! what they belong to.

use super::tags::{ARN, slow};
use super::world::{Caller, World, message};
use millstream_protocol::operations::{
    DeleteResourcePolicyInput, GetResourcePolicyInput, ListTagsForResourceInput,
    PutResourcePolicyInput, TagResourceInput, UntagResourceInput,
};
use millstream_protocol::{Error, ErrorCode};
use millstream_streams::operations::{
    DeleteResourcePolicy, GetResourcePolicy, ListTagsForResource, PutResourcePolicy, TagResource,
    UntagResource,
};
use proptest::prelude::*;
use std::time::Duration;

const NONE: &str = "{}";

impl Caller {
    async fn put_policy(&self, arn: &str, policy: &str) -> Result<(), Error> {
        let input = PutResourcePolicyInput {
            resource_arn: arn.to_owned(),
            policy: policy.to_owned(),
            stream_id: None,
        };
        self.call::<PutResourcePolicy>(input).await
    }

    async fn policy(&self, arn: &str) -> Result<String, Error> {
        let input = GetResourcePolicyInput {
            resource_arn: arn.to_owned(),
            stream_id: None,
        };
        Ok(self.call::<GetResourcePolicy>(input).await?.policy)
    }

    async fn delete_policy(&self, arn: &str) -> Result<(), Error> {
        let input = DeleteResourcePolicyInput {
            resource_arn: arn.to_owned(),
            stream_id: None,
        };
        self.call::<DeleteResourcePolicy>(input).await
    }
}

/// A policy of one statement.
fn policy(arn: &str, action: &str) -> String {
    format!(
        r#"{{ "Statement": [{{"Effect":"Allow","Principal":{{"AWS":"222222222222"}},
            "Action":"kinesis:{action}", "Resource":"{arn}"}}] }}"#
    )
}

/// A stream `s` with a consumer, and the consumer's ARN.
async fn scene() -> (World, Caller, String) {
    let world = World::without_limits();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    let consumer = caller.register("app", None).await.unwrap();
    (world, caller, consumer)
}

#[tokio::test]
async fn policy_when_put_then_is_returned_until_it_is_replaced_or_removed() {
    let (_world, caller, consumer) = scene().await;
    for (arn, actions) in [
        (ARN, ["PutRecord", "GetRecords"]),
        (&consumer, ["SubscribeToShard", "describestreamconsumer"]),
    ] {
        assert_eq!(caller.policy(arn).await.unwrap(), NONE);
        for action in actions {
            let policy = policy(arn, action);
            caller.put_policy(arn, &policy).await.unwrap();
            assert_eq!(caller.policy(arn).await.unwrap(), policy);
        }
        caller.delete_policy(arn).await.unwrap();
        assert_eq!(caller.policy(arn).await.unwrap(), NONE);
        let error = caller.delete_policy(arn).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::ResourceNotFoundException);
        let expected = format!("No resource policy found for resource ARN {arn}");
        assert_eq!(message(&error), expected);
    }
}

#[tokio::test]
async fn policy_when_of_a_stream_and_of_its_consumer_then_are_two() {
    let (_world, caller, consumer) = scene().await;
    let (of_stream, of_consumer) = (
        policy(ARN, "PutRecord"),
        policy(&consumer, "SubscribeToShard"),
    );
    caller.put_policy(ARN, &of_stream).await.unwrap();
    caller.put_policy(&consumer, &of_consumer).await.unwrap();
    assert_eq!(caller.policy(ARN).await.unwrap(), of_stream);
    caller.delete_policy(ARN).await.unwrap();
    assert_eq!(caller.policy(&consumer).await.unwrap(), of_consumer);
}

/// Whole texts; each kind of fault has its own test beside the parser.
#[tokio::test]
async fn policy_when_invalid_then_is_refused_and_changes_nothing() {
    let (_world, caller, consumer) = scene().await;
    let sound = policy(ARN, "PutRecord");
    caller.put_policy(ARN, &sound).await.unwrap();
    let too_long = format!("{sound}{}", " ".repeat(20_481 - sound.len()));
    for (text, expected) in [
        ("", "Policy is not a valid JSON document."),
        ("{}", "Policy is not valid: Statement is missing."),
        (
            &too_long,
            "Policy has 20481 bytes. A policy cannot have more than 20480 bytes.",
        ),
        (
            &sound.replace("222222222222", "*"),
            "Policy is not valid: Wildcards are not supported in Principal.",
        ),
        (
            &sound.replace("PutRecord", "DeleteStream"),
            "Policy is not valid: Action kinesis:DeleteStream is not supported for the resource.",
        ),
        (
            &sound.replace(ARN, &consumer),
            &format!("Policy is not valid: Resource {consumer} does not match ResourceARN."),
        ),
    ] {
        let error = caller.put_policy(ARN, text).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidArgumentException, "{text}");
        assert_eq!(message(&error), expected, "{text}");
    }
    assert_eq!(caller.policy(ARN).await.unwrap(), sound);
}

#[tokio::test]
async fn policy_when_its_resource_goes_then_goes_with_it() {
    let (world, caller, consumer) = scene().await;
    caller
        .put_policy(ARN, &policy(ARN, "PutRecord"))
        .await
        .unwrap();
    let text = policy(&consumer, "SubscribeToShard");
    caller.put_policy(&consumer, &text).await.unwrap();
    caller.deregister(&consumer).await;
    let error = caller.policy(&consumer).await.unwrap_err();
    assert_eq!(
        message(&error),
        format!("Consumer {consumer}, account 111111111111 not found.")
    );
    world.clock.advance(Duration::from_secs(2));
    let again = caller.register("app", None).await.unwrap();
    assert_eq!(caller.policy(&again).await.unwrap(), NONE);
    caller.delete("s").await;
    let is_gone = async || caller.policy(ARN).await.is_err();
    crate::world::until(is_gone).await;
    caller.create("s", 1).await.unwrap();
    assert_eq!(caller.policy(ARN).await.unwrap(), NONE);
    let error = caller.policy(&again).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::ResourceNotFoundException);
}

#[tokio::test]
async fn policy_when_its_resource_is_not_active_then_is_neither_put_nor_read_nor_removed() {
    let world = slow();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    let refused = async |arn: &str, text: &str| {
        let answers = [
            caller.put_policy(arn, NONE).await,
            caller.policy(arn).await.map(drop),
            caller.delete_policy(arn).await,
        ];
        for answer in answers {
            let error = answer.unwrap_err();
            assert_eq!(error.code, ErrorCode::ResourceInUseException, "{text}");
            assert!(message(&error).ends_with(text), "{error:?}");
        }
    };
    refused(ARN, "not ACTIVE, instead in state CREATING").await;
    world.pass(Duration::from_secs(11)).await;
    let app = caller.register("app", None).await.unwrap();
    refused(&app, "is not in ACTIVE status.").await;
    world.pass(Duration::from_secs(11)).await;
    caller
        .put_policy(&app, &policy(&app, "SubscribeToShard"))
        .await
        .unwrap();
    let splitting = caller.split("s", "0", 1 << 127);
    let looking = async {
        tokio::task::yield_now().await;
        refused(ARN, "not ACTIVE, instead in state UPDATING").await;
        world.pass(Duration::from_secs(11)).await;
    };
    tokio::join!(splitting, looking).0.unwrap();
    caller
        .put_policy(ARN, &policy(ARN, "PutRecord"))
        .await
        .unwrap();
    caller.deregister(&app).await;
    refused(&app, "is not in ACTIVE status.").await;
    let looking = async {
        tokio::task::yield_now().await;
        refused(ARN, "not ACTIVE, instead in state DELETING").await;
        world.pass(Duration::from_secs(11)).await;
    };
    tokio::join!(caller.delete("s"), looking);
}

/// What each of the six operations answers to an ARN.
async fn answers(caller: &Caller, arn: &str) -> [(&'static str, Result<(), Error>); 6] {
    let resource_arn = arn.to_owned();
    let tag = TagResourceInput {
        resource_arn: resource_arn.clone(),
        tags: [("a".to_owned(), "b".to_owned())].into(),
        stream_id: None,
    };
    let untag = UntagResourceInput {
        resource_arn: resource_arn.clone(),
        tag_keys: vec![";".to_owned()],
        stream_id: None,
    };
    let list = ListTagsForResourceInput {
        resource_arn,
        stream_id: None,
    };
    [
        ("TagResource", caller.call::<TagResource>(tag).await),
        ("UntagResource", caller.call::<UntagResource>(untag).await),
        (
            "ListTagsForResource",
            caller.call::<ListTagsForResource>(list).await.map(drop),
        ),
        (
            "PutResourcePolicy",
            caller.put_policy(arn, "nonsense").await,
        ),
        ("GetResourcePolicy", caller.policy(arn).await.map(drop)),
        ("DeleteResourcePolicy", caller.delete_policy(arn).await),
    ]
}

const AT: &str = "arn:aws:kinesis:us-east-1:111111111111";

async fn check_all(caller: &Caller, arn: &str, code: ErrorCode, text: &str) {
    for (operation, answer) in answers(caller, arn).await {
        let error = answer.unwrap_err();
        assert_eq!(error.code, code, "{operation} {arn}");
        assert_eq!(message(&error), text, "{operation} {arn}");
    }
}

/// That it does not exist comes before what else is wrong.
#[tokio::test]
async fn resource_when_its_arn_names_none_then_every_operation_says_so() {
    let (_world, caller, _) = scene().await;
    let other = "arn:aws:kinesis:us-east-1:222222222222:stream/s";
    let abroad = "arn:aws:kinesis:eu-west-1:111111111111:stream/s";
    let no_stream =
        |name: &str, account: &str| format!("Stream {name} under account {account} not found.");
    for (arn, text) in [
        (
            format!("{AT}:stream/none"),
            no_stream("none", "111111111111"),
        ),
        (
            format!("{AT}:stream/none/consumer/a:1"),
            no_stream("none", "111111111111"),
        ),
        (
            format!("{ARN}/consumer/app:1"),
            format!("Consumer {ARN}/consumer/app:1, account 111111111111 not found."),
        ),
        (other.to_owned(), no_stream("s", "222222222222")),
        (
            format!("{other}/consumer/app:1"),
            no_stream("s", "222222222222"),
        ),
        (abroad.to_owned(), no_stream("s", "111111111111")),
        (
            format!("{AT}:queue/q-1"),
            format!("Queue {AT}:queue/q-1 not found."),
        ),
    ] {
        check_all(&caller, &arn, ErrorCode::ResourceNotFoundException, &text).await;
    }
}

#[tokio::test]
async fn resource_when_its_arn_is_of_nothing_that_can_be_then_every_operation_says_so() {
    let (_world, caller, consumer) = scene().await;
    for arn in [
        format!("{AT}:mystream/s"),
        format!("{AT}:stream/s/shard/1"),
        format!("{consumer}0x"),
        "arn:aws-cn:kinesis:us-east-1:111111111111:stream/s".to_owned(),
        format!("arn:aws:kinesis:us-east-1:x:{ARN}"),
    ] {
        let text = format!("ResourceARN {arn} is not valid.");
        check_all(&caller, &arn, ErrorCode::InvalidArgumentException, &text).await;
    }
}

/// A channel has tags and no policy.
#[tokio::test]
async fn channel_when_named_then_is_not_found_and_its_policy_cannot_be() {
    let (_world, caller, _) = scene().await;
    let channel = format!("{AT}:channel/c-1");
    for (operation, answer) in answers(&caller, &channel).await {
        let error = answer.unwrap_err();
        let expected = match operation.ends_with("Policy") {
            true => (
                ErrorCode::InvalidArgumentException,
                format!(
                    "ResourceARN {channel} is not valid. Resource policies are supported for data \
                     streams, consumers and queues."
                ),
            ),
            false => (
                ErrorCode::ResourceNotFoundException,
                format!("Channel {channel} not found."),
            ),
        };
        let found = (error.code, message(&error).to_owned());
        assert_eq!(found, expected, "{operation}");
    }
}

/// Valid policies of the stream, with white space and escapes of all kinds.
fn policies() -> impl Strategy<Value = String> {
    let space = || "[ \\t\\n\\r]{0,3}";
    let action = prop::sample::select(vec![
        r#""kinesis:GetRecords""#,
        r#"["kinesis:putrecord","Kinesis:PutRecords"]"#,
        r#""kinesis:List\u0053hards""#,
    ]);
    let sid = "[a-zA-Z0-9 é日\u{1f600}]{0,20}";
    let value = prop::sample::select(vec!["1e3", "true", "\"\\/\"", "[0.10, \"\"]"]);
    let statement = (space(), space(), action, sid, value);
    let statement = statement.prop_map(|(before, after, action, sid, value)| {
        let head = format!(r#"{before}{{"Sid":"SID{sid}","Effect":{before}"Deny""#);
        let rest = format!(
            r#","Principal":{{"AWS":["222222222222"]}},"Action":{action},"Resource":"{ARN}","#
        );
        format!(r#"{head}{rest}"Condition":{{"StringLike":{{"aws:userid":{value}}}}}}}{after}"#)
    });
    prop::collection::vec(statement, 1..20).prop_map(|statements| {
        let numbered = statements.iter().enumerate();
        let numbered = numbered.map(|(i, one)| one.replace("SID", &format!("{i} ")));
        let all: Vec<String> = numbered.collect();
        format!(
            r#"{{"Statement":[{}],"Version":"2012-10-17"}}"#,
            all.join(",")
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn policy_when_the_server_restarts_then_is_the_same_byte_for_byte(text in policies()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (world, caller, consumer) = scene().await;
            caller.put_policy(ARN, &text).await.unwrap();
            drop(caller);
            let caller = world.open().await;
            assert_eq!(caller.policy(ARN).await.unwrap(), text);
            assert_eq!(caller.policy(&consumer).await.unwrap(), NONE);
        });
    }
}
