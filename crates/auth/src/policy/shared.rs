//! What may be shared: the actions that a policy of each kind of resource may name.
//!
//! <https://docs.aws.amazon.com/streams/latest/dev/controlling-access.html>

use super::fault::{Element, Fault};
use crate::{Action, Resource};

/// Of a stream: to read and to write it. AWS's list of what may be shared lacks DescribeStream, and
/// its instructions for sharing with a Lambda function require it:
/// <https://docs.aws.amazon.com/streams/latest/dev/resource-based-policy-examples.html>
pub(super) const OF_STREAMS: &[&str] = &[
    "DescribeStream",
    "DescribeStreamSummary",
    "GetRecords",
    "GetShardIterator",
    "ListShards",
    "PutRecord",
    "PutRecords",
];
/// Of a consumer: to read as it.
pub(super) const OF_CONSUMERS: &[&str] = &["DescribeStreamConsumer", "SubscribeToShard"];

/// The action of a text, if a policy of the resource may name it. Letters of either case are the
/// same, as everywhere in IAM's actions.
pub(super) fn parse(text: &str, resource: Resource<'_>) -> Result<Action, Fault> {
    if text.contains(['*', '?']) {
        let element = Element::Action;
        return Err(Fault::Wildcard { element });
    }
    let shared = match resource {
        Resource::Stream(_) => OF_STREAMS,
        Resource::Consumer { .. } => OF_CONSUMERS,
        Resource::Account | Resource::Unnamed => &[],
    };
    let meant = text
        .split_once(':')
        .filter(|(service, _)| service.eq_ignore_ascii_case("kinesis"))
        .and_then(|(_, name)| shared.iter().find(|one| one.eq_ignore_ascii_case(name)));
    match meant {
        Some(name) => Ok(Action(name)),
        None => Err(Fault::Action {
            given: text.to_owned(),
        }),
    }
}

/// Whether a policy of some resource may name an action, given with its service.
pub(super) fn is_shared(action: &str) -> bool {
    let name = action.strip_prefix("kinesis:");
    let is = |list: &[&str]| name.is_some_and(|name| list.contains(&name));
    is(OF_STREAMS) || is(OF_CONSUMERS)
}
