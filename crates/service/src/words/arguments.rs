//! Arguments that are inconsistent or out of bounds.

use super::{Record, Words, limits, reshards, streams};
use millstream_streams::facts::{
    CapacityError, FilterMember, ListError, ListMember, ResourceLabel, SplitKeyTooLarge,
    StreamLabel, TagAct, TagError,
};

pub(super) fn capacity(fact: &CapacityError) -> Words {
    Words::unrecorded(match fact {
        CapacityError::AutoProvisioned { stream } => return streams::auto_provisioned(stream),
        CapacityError::WarmProvisioned => {
            "WarmThroughputMiBps must not be specified for a stream in the PROVISIONED capacity mode."
                .to_owned()
        }
        CapacityError::ShardsOnDemand => {
            "ShardCount must not be specified for a stream in the ON_DEMAND capacity mode."
                .to_owned()
        }
        CapacityError::ShardsMissing => {
            "ShardCount must be specified for a stream in the PROVISIONED capacity mode.".to_owned()
        }
        CapacityError::TooManyShards { shards, most } => {
            format!("ShardCount {shards} is greater than the maximum of {most} shards of a stream.")
        }
    })
}

pub(super) fn tags(fact: &TagError) -> Words {
    match fact {
        TagError::TooMany { resource, most } => limits::tags(resource, *most),
        TagError::Characters => Words::recorded(
            "Some tags contain invalid characters. Valid characters: Unicode letters, digits, white \
             space, _ . / = + - % @."
                .to_owned(),
        ),
        TagError::Percent { act, resource } => not_tagged(
            *act,
            resource,
            "because some tags contained illegal characters. The allowed characters are Unicode \
             letters, white-spaces, '_',',','/','=','+','-','@'.",
        ),
        TagError::Reserved { act, key, resource } => Words {
            record: Record::Unrecorded,
            ..not_tagged(
                *act,
                resource,
                &format!("because the tag key {key} begins with aws:, which is reserved."),
            )
        },
    }
}

/// Text about tags that were neither added nor removed. Those about streams are on record.
pub(super) fn not_tagged(act: TagAct, resource: &ResourceLabel, why: &str) -> Words {
    let what = match act {
        TagAct::Add => "add tags to",
        TagAct::Remove => "remove tags from",
    };
    match resource {
        ResourceLabel::Stream(StreamLabel { name, account }) => Words::recorded(format!(
            "Failed to {what} stream {name} under account {account} {why}"
        )),
        ResourceLabel::Consumer {
            name: consumer,
            stream: StreamLabel { name, account },
        } => Words::unrecorded(format!(
            "Failed to {what} consumer {consumer} in stream {name} under account {account} {why}"
        )),
    }
}

pub(super) fn split_key(fact: &SplitKeyTooLarge) -> Words {
    reshards::split_key(&fact.key, fact.shard, fact.range, &fact.stream)
}

pub(super) fn lists(fact: &ListError) -> Words {
    match fact {
        ListError::NothingNamed => {
            Words::recorded("Either NextToken or StreamName should be provided.".to_owned())
        }
        ListError::TokenAnd(member) => {
            let together = |member| format!("NextToken and {member} cannot be provided together.");
            match member {
                ListMember::StreamName => Words::recorded(together("StreamName")),
                ListMember::StreamArn => Words::recorded(together("StreamARN")),
                ListMember::ExclusiveStartShardId => {
                    Words::unrecorded(together("ExclusiveStartShardId"))
                }
                ListMember::StreamCreationTimestamp => {
                    Words::unrecorded(together("StreamCreationTimestamp"))
                }
            }
        }
        ListError::FilterNeeds { kind, member } => Words::unrecorded(format!(
            "ShardFilter of type {kind} requires {}.",
            member_name(*member)
        )),
        ListError::FilterTakesNo { kind, member } => Words::unrecorded(format!(
            "ShardFilter of type {kind} does not take {}.",
            member_name(*member)
        )),
    }
}

fn member_name(member: FilterMember) -> &'static str {
    match member {
        FilterMember::ShardId => "ShardId",
        FilterMember::Timestamp => "Timestamp",
    }
}
