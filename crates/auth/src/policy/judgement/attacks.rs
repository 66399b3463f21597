//! Policies that are made to take long, held against a number of steps: wildcards upon wildcards,
//! as many as fit into the largest policy, for the longest values that a request can have.

use super::*;
use crate::Resource;
use crate::policy::bounded::STEPS_MAX;
use crate::policy::{
    IDENTITY_POLICY_CHARS_MAX, IdentityPolicy, POLICIES_PER_USER_MAX, Policy, Request, RequestTags,
    User,
};
use millstream_env::Timestamp;
use millstream_model::limits::POLICY_BYTES_MAX;
use millstream_model::{ConsumerArn, StreamArn};
use std::collections::BTreeMap;

/// The longest value of a tag, which conditions can compare and variables stand for.
const TAG_CHARS: usize = 256;
const ACCOUNT: &str = "111111111111";
const USER: &str = "arn:aws:iam::111111111111:user/a";
const STREAM: &str = "arn:aws:kinesis:us-east-1:111111111111:stream/s";

/// Patterns of this length: which a naive matcher tries in all ways, or which stay at all places.
fn patterns(chars: usize) -> Vec<String> {
    let filled = |part: &str, end: &str| {
        let room = chars - end.len();
        part.repeat(room / part.len()) + end
    };
    vec![
        filled("*", "b"),
        filled("*a", "b"),
        filled("**a", "b"),
        filled("a*", "b"),
        filled("?*", "b"),
        filled("?", ""),
        filled("*a*", ""),
        format!("*{}", filled("a", "b").split_off(1)),
        format!("*{}", filled("${aws:ResourceTag/k}", "").split_off(20)),
        filled("*${aws:ResourceTag/k}", ""),
    ]
}

/// Fills a document with patterns up to its limit: one, or as many of a length as fit.
fn documents(document: impl Fn(&str) -> String, chars_max: usize) -> Vec<String> {
    let room = chars_max - document("").len();
    let mut all = Vec::new();
    for chars in [room - 2, 200, 64] {
        for pattern in patterns(chars) {
            let one = format!("{pattern:?}");
            let count = (room + 1) / (one.len() + 1);
            all.push(document(&vec![one; count].join(",")));
        }
    }
    all
}

struct World {
    who: Who,
    tags: BTreeMap<String, String>,
    owner: AccountId,
}

impl World {
    fn new() -> Self {
        let owner = AccountId::parse(ACCOUNT).unwrap();
        let mut who = Who::root(owner.clone(), "aws");
        who.user = User::new("a", None);
        let tags = [("k".to_owned(), "a".repeat(TAG_CHARS))].into();
        Self { who, tags, owner }
    }

    /// The steps of a judgement of PutRecord, and whether it is permitted.
    fn judge(&self, who: &Who, resource: &str, policy: Option<&ResourcePolicy>) -> (usize, bool) {
        let request = Request {
            who,
            region: Some("us-east-1"),
            context: None,
            now: Timestamp(0),
            owner: Some(&self.owner),
            resource_tags: Some(&self.tags),
            request_tags: &RequestTags::None,
        };
        let asked = Asked {
            who,
            action: "kinesis:PutRecord",
            resource,
            owner: Some(&self.owner),
            policy,
        };
        let keys = Bounded::new(&request);
        let judgement = judge_within(asked, &keys);
        let steps = STEPS_MAX - keys.steps_left();
        (steps, judgement.decision == Decision::Allow)
    }
}

/// A stream's policy for the user, under a condition with many values.
fn resource_policy(effect: &str, operator: &str, key: &str, values: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"{effect}","Principal":{{"AWS":
        "{USER}"}},"Action":"kinesis:PutRecord","Resource":"{STREAM}","Condition":
        {{"{operator}":{{"{key}":[{values}]}}}}}}}}"#
    )
}

#[test]
fn resource_policy_when_full_of_the_worst_wildcards_then_ends_within_the_steps_there_are() {
    let world = World::new();
    let arn = StreamArn::parse(STREAM).unwrap();
    let (mut most, mut given_up) = (0, 0);
    for (operator, key) in [
        ("StringLike", "aws:ResourceTag/k"),
        ("StringNotLike", "aws:ResourceTag/k"),
        ("StringEqualsIgnoreCase", "aws:ResourceTag/k"),
        ("StringLike", "aws:PrincipalArn"),
    ] {
        let document = |values: &str| resource_policy("Allow", operator, key, values);
        for text in documents(document, POLICY_BYTES_MAX) {
            let room = POLICY_BYTES_MAX - text.len();
            assert!(room < 300, "{room}");
            Policy::parse(&text, Resource::from(&arn)).unwrap();
            let policy = ResourcePolicy::of_stored(&text, Resource::from(&arn));
            let (steps, is_permitted) = world.judge(&world.who, STREAM, Some(&policy));
            most = most.max(steps);
            if steps == STEPS_MAX {
                given_up += 1;
                assert!(!is_permitted, "{text}");
                // The same as a refusal holds, whatever the user's own policies permit.
                let text = text.replacen("Allow", "Deny", 1);
                let policy = ResourcePolicy::of_stored(&text, Resource::from(&arn));
                let mut who = world.who.clone();
                let own = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
                who.policies = [IdentityPolicy::parse("all", own).unwrap()].into();
                assert!(!world.judge(&who, STREAM, Some(&policy)).1, "{text}");
                assert!(world.judge(&who, STREAM, None).1);
            }
        }
    }
    assert!(given_up > 0 && most == STEPS_MAX, "{given_up} {most}");
}

/// Policies of users have their limits, too, and there may be as many as a user has.
#[test]
fn identity_policies_when_full_of_the_worst_wildcards_then_end_within_the_steps_there_are() {
    let mut world = World::new();
    let consumer = format!("{STREAM}/consumer/{}:1", "a".repeat(128));
    assert!(ConsumerArn::parse(&consumer).is_ok());
    let condition = |values: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"*","Resource":"*",
            "Condition":{{"StringLike":{{"aws:ResourceTag/k":[{values}]}}}}}}}}"#
        )
    };
    let resource = |values: &str| {
        let values = values.replace("\"*", "\"arn:aws:kinesis:*:*:*");
        format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"*",
            "Resource":[{values}]}}}}"#
        )
    };
    let (mut read, mut most) = (0, 0);
    for text in documents(condition, IDENTITY_POLICY_CHARS_MAX)
        .into_iter()
        .chain(documents(resource, IDENTITY_POLICY_CHARS_MAX / 2))
    {
        let Ok(policy) = IdentityPolicy::parse("p", &text) else {
            // Not each of them is the pattern of an ARN.
            continue;
        };
        read += 1;
        world.who.policies = vec![policy; POLICIES_PER_USER_MAX].into();
        let (steps, is_permitted) = world.judge(&world.who, &consumer, None);
        most = most.max(steps);
        assert!(!is_permitted || steps < STEPS_MAX, "{text}");
    }
    assert!(read > 30, "{read}");
    assert_eq!(most, STEPS_MAX);
}

/// What people write is far from the limit.
#[test]
fn policies_when_as_large_as_allowed_and_ordinary_then_are_judged_to_their_end() {
    let mut world = World::new();
    let resources: Vec<_> = (0..90)
        .map(|number| format!("\"arn:aws:kinesis:*:111111111111:stream/team-{number}-*\""))
        .collect();
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":["kinesis:Put*",
        "kinesis:Get*"],"Resource":[{}]}}}}"#,
        resources.join(",")
    );
    let policy = IdentityPolicy::parse("p", &text).unwrap();
    world.who.policies = vec![policy; POLICIES_PER_USER_MAX].into();
    let last = "arn:aws:kinesis:us-east-1:111111111111:stream/team-89-orders";
    let (steps, is_permitted) = world.judge(&world.who, last, None);
    assert!(is_permitted && steps < STEPS_MAX / 5, "{steps}");
}
