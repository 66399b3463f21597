//! The tags in a request, for the policies that ask about them.

use millstream_auth::policy::RequestTags;
use millstream_auth::{Besides, Resource};
use millstream_env::Timestamp;
use millstream_model::{ConsumerArn, ConsumerName, StreamArn};
use millstream_protocol::operations::{
    AddTagsToStreamInput, CreateStreamInput, RegisterStreamConsumerInput,
    RemoveTagsFromStreamInput, TagResourceInput, UntagResourceInput,
};
use std::any::Any;
use std::collections::BTreeMap;

/// The tags that an input gives to something, or takes away. Its type is known when this is
/// compiled, and nothing is left of it for operations without any.
#[inline]
pub(crate) fn tags_of(input: &dyn Any) -> RequestTags {
    if let Some(input) = input.downcast_ref::<AddTagsToStreamInput>() {
        return pairs(Some(&input.tags));
    }
    if let Some(input) = input.downcast_ref::<TagResourceInput>() {
        return pairs(Some(&input.tags));
    }
    if let Some(input) = input.downcast_ref::<CreateStreamInput>() {
        return pairs(input.tags.as_ref());
    }
    if let Some(input) = input.downcast_ref::<RegisterStreamConsumerInput>() {
        return pairs(input.tags.as_ref());
    }
    if let Some(input) = input.downcast_ref::<RemoveTagsFromStreamInput>() {
        return RequestTags::Keys(input.tag_keys.clone());
    }
    if let Some(input) = input.downcast_ref::<UntagResourceInput>() {
        return RequestTags::Keys(input.tag_keys.clone());
    }
    RequestTags::None
}

/// What else than its operation an input asks for: the tags of what it makes in a stream's place,
/// or for a stream. Nothing is left of it for operations that make nothing.
#[inline]
pub(crate) fn besides_of(
    input: &dyn Any,
    resource: Resource<'_>,
    now: impl FnOnce() -> Timestamp,
) -> Option<Besides> {
    if let Some(input) = input.downcast_ref::<CreateStreamInput>() {
        input.tags.as_ref()?;
        return stream_of(resource).map(Besides::TagsOfStream);
    }
    if let Some(input) = input.downcast_ref::<RegisterStreamConsumerInput>() {
        input.tags.as_ref()?;
        return Some(Besides::TagsOfConsumer(ConsumerArn {
            stream: stream_of(resource)?,
            name: ConsumerName::parse(&input.consumer_name).ok()?,
            created_s: now().seconds(),
        }));
    }
    None
}

/// The stream that a request names, if there can be one.
fn stream_of(resource: Resource<'_>) -> Option<StreamArn> {
    match resource {
        Resource::Stream(stream) => Some(StreamArn {
            region: stream.region.clone(),
            account: stream.account.clone(),
            name: stream.name.clone(),
        }),
        Resource::Account | Resource::Consumer { .. } | Resource::Unnamed => None,
    }
}

fn pairs(tags: Option<&BTreeMap<String, String>>) -> RequestTags {
    let owned = |(key, value): (&String, &String)| (key.clone(), value.clone());
    match tags {
        Some(tags) => RequestTags::Pairs(tags.iter().map(owned).collect()),
        None => RequestTags::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_protocol::operations::{ALL, ListStreamsInput};

    /// Every operation with such a member is among those above, which are as many.
    #[test]
    fn operations_when_they_have_tags_in_their_input_then_are_those_that_are_looked_at() {
        let has_tags = |name: &str| matches!(name, "Tags" | "TagKeys");
        let with_tags: Vec<&str> = ALL
            .iter()
            .filter(|one| {
                one.input
                    .members()
                    .iter()
                    .any(|member| has_tags(member.name))
            })
            .map(|one| one.name)
            .collect();
        let known = [
            "AddTagsToStream",
            "CreateStream",
            "RegisterStreamConsumer",
            "RemoveTagsFromStream",
            "TagResource",
            "UntagResource",
        ];
        assert_eq!(with_tags, known);
        let tags = [("team".to_owned(), "red".to_owned())];
        let given = RequestTags::Pairs(tags.to_vec());
        let add = AddTagsToStreamInput {
            tags: tags.clone().into(),
            ..AddTagsToStreamInput::default()
        };
        assert_eq!(tags_of(&add), given);
        let create = CreateStreamInput {
            tags: Some(tags.into()),
            ..CreateStreamInput::default()
        };
        assert_eq!(tags_of(&create), given);
        let remove = RemoveTagsFromStreamInput {
            tag_keys: vec!["team".to_owned()],
            ..RemoveTagsFromStreamInput::default()
        };
        assert_eq!(tags_of(&remove), RequestTags::Keys(vec!["team".to_owned()]));
        assert_eq!(tags_of(&ListStreamsInput::default()), RequestTags::None);
    }
}
