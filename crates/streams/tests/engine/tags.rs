//! Tags: of streams by name and by ARN, which are one set, and of consumers, which have their own.

use super::world::{Caller, World, message};
use millstream_protocol::operations::{
    AddTagsToStreamInput, CreateStreamInput, DeleteStreamInput, ListTagsForResourceInput,
    ListTagsForStreamInput, RegisterStreamConsumerInput, RemoveTagsFromStreamInput,
    TagResourceInput, UntagResourceInput,
};
use millstream_protocol::{Error, ErrorCode};
use millstream_streams::operations::{
    AddTagsToStream, CreateStream, DeleteStream, ListTagsForResource, ListTagsForStream,
    RegisterStreamConsumer, RemoveTagsFromStream, TagResource, UntagResource,
};
use millstream_streams::{Limits, Settings};
use std::collections::BTreeMap;
use std::time::Duration;

pub const ARN: &str = "arn:aws:kinesis:us-east-1:111111111111:stream/s";
const CHARACTERS: &str = "Some tags contain invalid characters. Valid characters: Unicode letters, \
                          digits, white space, _ . / = + - % @.";
const PERCENT: &str = "because some tags contained illegal characters. The allowed characters are \
                       Unicode letters, white-spaces, '_',',','/','=','+','-','@'.";

type Tags = BTreeMap<String, String>;

fn tags(pairs: &[(&str, &str)]) -> Tags {
    let own = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    pairs.iter().map(own).collect()
}

fn numbered(count: usize) -> Tags {
    (0..count)
        .map(|i| (format!("k{i:02}"), String::new()))
        .collect()
}

impl Caller {
    async fn tag(&self, arn: &str, tags: Tags) -> Result<(), Error> {
        let input = TagResourceInput {
            resource_arn: arn.to_owned(),
            tags,
            stream_id: None,
        };
        self.call::<TagResource>(input).await
    }

    async fn untag(&self, arn: &str, keys: &[&str]) -> Result<(), Error> {
        let input = UntagResourceInput {
            resource_arn: arn.to_owned(),
            tag_keys: keys.iter().map(|key| (*key).to_owned()).collect(),
            stream_id: None,
        };
        self.call::<UntagResource>(input).await
    }

    async fn listed(&self, arn: &str) -> Result<Vec<(String, String)>, Error> {
        let input = ListTagsForResourceInput {
            resource_arn: arn.to_owned(),
            ..ListTagsForResourceInput::default()
        };
        let found = self.call::<ListTagsForResource>(input).await?.tags;
        let pair = |tag: millstream_protocol::types::Tag| (tag.key, tag.value.unwrap());
        Ok(found.unwrap().into_iter().map(pair).collect())
    }

    async fn add_tags(&self, tags: Tags) -> Result<(), Error> {
        let input = AddTagsToStreamInput {
            stream_name: Some("s".to_owned()),
            tags,
            ..AddTagsToStreamInput::default()
        };
        self.call::<AddTagsToStream>(input).await
    }

    async fn remove_tags(&self, keys: &[&str]) -> Result<(), Error> {
        let input = RemoveTagsFromStreamInput {
            stream_name: Some("s".to_owned()),
            tag_keys: keys.iter().map(|key| (*key).to_owned()).collect(),
            ..RemoveTagsFromStreamInput::default()
        };
        self.call::<RemoveTagsFromStream>(input).await
    }

    async fn create_tagged(&self, name: &str, tags: Tags) -> Result<(), Error> {
        let input = CreateStreamInput {
            stream_name: name.to_owned(),
            shard_count: Some(1),
            tags: Some(tags),
            ..CreateStreamInput::default()
        };
        self.call::<CreateStream>(input).await
    }

    /// Registers a consumer of the stream `s`; returns its ARN.
    pub async fn register(&self, name: &str, tags: Option<Tags>) -> Result<String, Error> {
        let input = RegisterStreamConsumerInput {
            stream_arn: ARN.to_owned(),
            consumer_name: name.to_owned(),
            stream_id: None,
            tags,
        };
        let answer = self.call::<RegisterStreamConsumer>(input).await?;
        Ok(answer.consumer.consumer_arn)
    }

    pub async fn delete(&self, name: &str) {
        let input = DeleteStreamInput {
            stream_name: Some(name.to_owned()),
            enforce_consumer_deletion: Some(true),
            ..DeleteStreamInput::default()
        };
        self.call::<DeleteStream>(input).await.unwrap();
    }
}

/// What an operation says of something invalid: nothing, or the end of its text.
type Verdict = Option<&'static str>;

/// Keys and values, with the verdict on them as a key, and as a value.
const TEXTS: [(&str, Verdict, Verdict); 23] = [
    ("team:owner", None, None),
    (":", None, None),
    ("a b", None, None),
    ("a\u{a0}b\u{3000}", None, None),
    ("a\u{2028}b", None, None),
    ("Ünï-9_./=+@", None, None),
    ("日本", None, None),
    ("٣Ⅷ²", None, None),
    ("a\tb", Some(CHARACTERS), Some(CHARACTERS)),
    ("a\nb", Some(CHARACTERS), Some(CHARACTERS)),
    ("a\u{85}b", Some(CHARACTERS), Some(CHARACTERS)),
    ("a\0", Some(CHARACTERS), Some(CHARACTERS)),
    ("a\u{7f}", Some(CHARACTERS), Some(CHARACTERS)),
    ("a\u{200b}", Some(CHARACTERS), Some(CHARACTERS)),
    (";", Some(CHARACTERS), Some(CHARACTERS)),
    ("(a)", Some(CHARACTERS), Some(CHARACTERS)),
    ("a,b", Some(CHARACTERS), Some(CHARACTERS)),
    ("😀", Some(CHARACTERS), Some(CHARACTERS)),
    ("50 %", Some(PERCENT), Some(PERCENT)),
    ("%;", Some(CHARACTERS), Some(CHARACTERS)),
    ("aws:x", Some("begins with aws:, which is reserved."), None),
    ("AwS:", Some("begins with aws:, which is reserved."), None),
    ("aws", None, None),
];

fn check(what: &str, text: &str, answer: Result<(), Error>, verdict: Verdict) {
    match (answer, verdict) {
        (Ok(()), None) => {}
        (Err(error), Some(end)) => {
            assert_eq!(
                error.code,
                ErrorCode::InvalidArgumentException,
                "{what} {text:?}"
            );
            assert!(message(&error).ends_with(end), "{what} {text:?}: {error:?}");
        }
        (answer, _) => panic!("{what} {text:?}: {answer:?}"),
    }
}

#[tokio::test]
async fn tags_when_set_or_removed_by_any_operation_then_keep_to_the_same_rules() {
    let world = World::without_limits();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    let consumer = caller.register("app", None).await.unwrap();
    for (place, (text, as_key, as_value)) in TEXTS.into_iter().enumerate() {
        let pairs = [
            (tags(&[(text, "v")]), as_key),
            (tags(&[("k", text)]), as_value),
        ];
        for (side, (tags, verdict)) in pairs.into_iter().enumerate() {
            let name = format!("{place}-{side}");
            let answers = [
                ("add", caller.add_tags(tags.clone()).await),
                ("tag stream", caller.tag(ARN, tags.clone()).await),
                ("tag consumer", caller.tag(&consumer, tags.clone()).await),
                ("create", caller.create_tagged(&name, tags.clone()).await),
                (
                    "register",
                    caller.register(&name, Some(tags)).await.map(drop),
                ),
            ];
            for (what, answer) in answers {
                check(what, text, answer, verdict);
            }
        }
        let answers = [
            ("remove", caller.remove_tags(&["k", text]).await),
            ("untag stream", caller.untag(ARN, &["k", text]).await),
            (
                "untag consumer",
                caller.untag(&consumer, &["k", text]).await,
            ),
        ];
        for (what, answer) in answers {
            check(what, text, answer, as_key);
        }
    }
    let left = tags(&[("k", "aws")]);
    caller.add_tags(left.clone()).await.unwrap();
    let left: Vec<_> = left.into_iter().collect();
    assert_eq!(
        caller.listed(ARN).await.unwrap(),
        left,
        "refused ones change nothing"
    );
}

/// The whole texts, of a stream and of a consumer.
#[tokio::test]
async fn tags_when_refused_then_the_text_names_the_resource() {
    let world = World::without_limits();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    let consumer = caller.register("app", None).await.unwrap();
    let of_stream = "stream s under account 111111111111";
    let of_consumer = "consumer app in stream s under account 111111111111";
    for (arn, name) in [(ARN, of_stream), (&consumer, of_consumer)] {
        let text = async |tags: Tags| {
            let error = caller.tag(arn, tags).await.unwrap_err();
            message(&error).to_owned()
        };
        let expected = format!("Failed to add tags to {name} {PERCENT}");
        assert_eq!(text(tags(&[("%", "")])).await, expected);
        let kind = name.split_once(' ').unwrap().0;
        let expected = format!(
            "Failed to add tags to {name} because a given {kind} cannot have more than 50 tags \
             associated with it."
        );
        assert_eq!(text(numbered(51)).await, expected);
        caller.tag(arn, numbered(50)).await.unwrap();
        assert_eq!(text(tags(&[("one more", "")])).await, expected);
        caller.tag(arn, tags(&[("k07", "changed")])).await.unwrap();
        caller.untag(arn, &["k07", "absent"]).await.unwrap();
        caller.tag(arn, tags(&[("one more", "")])).await.unwrap();
        assert_eq!(caller.listed(arn).await.unwrap().len(), 50);
        let error = caller.untag(arn, &["aws:x"]).await.unwrap_err();
        let expected = format!(
            "Failed to remove tags from {name} because the tag key aws:x begins with aws:, which is \
             reserved."
        );
        assert_eq!(message(&error), expected);
    }
}

#[tokio::test]
async fn stream_when_tagged_by_name_and_by_arn_then_has_one_set_of_tags_in_order() {
    let world = World::without_limits();
    let caller = world.open().await;
    caller
        .create_tagged("s", tags(&[("m", "1")]))
        .await
        .unwrap();
    caller
        .add_tags(tags(&[("b", "2"), ("é", "3")]))
        .await
        .unwrap();
    caller
        .tag(ARN, tags(&[("a", "4"), ("b", "5")]))
        .await
        .unwrap();
    let expected = [("a", "4"), ("b", "5"), ("m", "1"), ("é", "3")];
    let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(caller.listed(ARN).await.unwrap(), expected);
    let input = ListTagsForStreamInput {
        stream_name: Some("s".to_owned()),
        ..ListTagsForStreamInput::default()
    };
    let by_name = caller.call::<ListTagsForStream>(input).await.unwrap();
    let by_name = by_name
        .tags
        .into_iter()
        .map(|tag| (tag.key, tag.value.unwrap()));
    assert_eq!(by_name.collect::<Vec<_>>(), expected);
    caller.remove_tags(&["a"]).await.unwrap();
    caller.untag(ARN, &["b", "é"]).await.unwrap();
    let left = [("m".to_owned(), "1".to_owned())];
    assert_eq!(caller.listed(ARN).await.unwrap(), left);
}

#[tokio::test]
async fn consumer_when_tagged_then_has_its_own_tags_which_survive_a_restart_and_go_with_it() {
    let world = World::without_limits();
    let caller = world.open().await;
    caller
        .create_tagged("s", tags(&[("of", "stream")]))
        .await
        .unwrap();
    let app = caller
        .register("app", Some(tags(&[("of", "app")])))
        .await
        .unwrap();
    let other = caller.register("other", None).await.unwrap();
    caller
        .tag(&app, tags(&[("a", "1"), ("b", "2")]))
        .await
        .unwrap();
    caller.untag(&app, &["of"]).await.unwrap();
    drop(caller);
    let caller = world.open().await;
    let expected = [("a", "1"), ("b", "2")];
    let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(caller.listed(&app).await.unwrap(), expected);
    assert_eq!(caller.listed(&other).await.unwrap(), []);
    let of_stream = [("of".to_owned(), "stream".to_owned())];
    assert_eq!(caller.listed(ARN).await.unwrap(), of_stream);
    caller.deregister(&app).await;
    world.clock.advance(Duration::from_secs(2));
    let again = caller.register("app", None).await.unwrap();
    assert_ne!(again, app);
    assert_eq!(caller.listed(&again).await.unwrap(), []);
    let error = caller.tag(&app, tags(&[("a", "1")])).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::ResourceNotFoundException);
    let text = format!("Consumer {app}, account 111111111111 not found.");
    assert_eq!(message(&error), text);
}

/// A world in which streams and consumers are CREATING and DELETING for ten seconds.
pub fn slow() -> World {
    World::new(Settings {
        limits: Limits::Off,
        transition_time: Duration::from_secs(10),
        ..Settings::default()
    })
}

#[tokio::test]
async fn resource_when_creating_or_deleting_then_its_tags_are_out_of_reach_by_arn() {
    let world = slow();
    let caller = world.open().await;
    let (first, second) = (tags(&[("a", "1")]), tags(&[("b", "2")]));
    caller.create_tagged("s", first.clone()).await.unwrap();
    let refused = async |arn: &str, text: &str| {
        let answers = [
            caller.tag(arn, second.clone()).await,
            caller.untag(arn, &["a"]).await,
            caller.listed(arn).await.map(drop),
        ];
        for answer in answers {
            let error = answer.unwrap_err();
            assert_eq!(error.code, ErrorCode::ResourceInUseException, "{text}");
            assert_eq!(message(&error), text);
        }
    };
    let stream = "Stream s under account 111111111111 not ACTIVE or UPDATING, instead in state";
    refused(ARN, &format!("{stream} CREATING")).await;
    world.pass(Duration::from_secs(11)).await;
    let app = caller.register("app", Some(first.clone())).await.unwrap();
    let (_, second_s) = app.rsplit_once(':').unwrap();
    let consumer = format!(
        "Consumer app with creation timestamp {second_s} under stream: s, account 111111111111 is \
         not in ACTIVE status."
    );
    refused(&app, &consumer).await;
    world.pass(Duration::from_secs(11)).await;
    // UPDATING is no obstacle.
    let splitting = caller.split("s", "0", 1 << 127);
    let tagging = async {
        tokio::task::yield_now().await;
        caller.tag(ARN, second.clone()).await
    };
    let (split, tagged, ()) = tokio::join!(splitting, tagging, world.pass(Duration::from_secs(11)));
    split.and(tagged).unwrap();
    caller.tag(&app, second.clone()).await.unwrap();
    let both: Vec<_> = first.clone().into_iter().chain(second.clone()).collect();
    assert_eq!(caller.listed(ARN).await.unwrap(), both);
    assert_eq!(caller.listed(&app).await.unwrap(), both);
    caller.deregister(&app).await;
    refused(&app, &consumer).await;
    let deleting = caller.delete("s");
    let looking = async {
        tokio::task::yield_now().await;
        refused(ARN, &format!("{stream} DELETING")).await;
        let of_consumer =
            "Stream s under account 111111111111 not ACTIVE, instead in state DELETING";
        refused(&app, of_consumer).await;
        world.pass(Duration::from_secs(11)).await;
    };
    tokio::join!(deleting, looking);
}
