//! The stream that is meant, and its status.

use super::Words;
use millstream_streams::facts::StreamError;
use millstream_streams::facts::{Mode, Status, StreamLabel};

pub(super) fn words(fact: &StreamError) -> Words {
    match fact {
        StreamError::NotNamed => {
            Words::unrecorded("Either StreamARN or StreamName must be provided.".to_owned())
        }
        StreamError::ArnMissing => Words::unrecorded("StreamARN must be provided.".to_owned()),
        StreamError::InvalidArn { arn } => invalid_arn("StreamARN", arn),
        StreamError::NameAndArnDisagree { name, arn } => {
            Words::unrecorded(format!("StreamARN {arn} does not match StreamName {name}."))
        }
        StreamError::NotFound { name, account } => {
            Words::recorded(format!("Stream {name} under account {account} not found."))
        }
        StreamError::NotActive { stream, status } => not_active(stream, *status),
        StreamError::NotReadable { stream, status } => {
            let StreamLabel { name, account } = stream;
            Words::recorded(format!(
                "Stream {name} under account {account} not ACTIVE or UPDATING, instead in state {}",
                status.name()
            ))
        }
        StreamError::OnDemand {
            stream: StreamLabel { name, account },
            operation: _,
        } => Words::recorded(format!(
            "Request is invalid. Stream {name} under account {account} is in On-Demand mode."
        )),
    }
}

pub(super) fn exists(stream: &StreamLabel) -> Words {
    let StreamLabel { name, account } = stream;
    Words::recorded(format!(
        "Stream {name} under account {account} already exists."
    ))
}

pub(super) fn not_active(stream: &StreamLabel, status: Status) -> Words {
    let StreamLabel { name, account } = stream;
    Words::recorded(format!(
        "Stream {name} under account {account} not ACTIVE, instead in state {}",
        status.name()
    ))
}

/// The text is in AWS's developer guide, where it describes distribution by the service.
pub(super) fn auto_provisioned(stream: &StreamLabel) -> Words {
    Words::recorded(format!(
        "RecordDistributionStrategy=AUTO is only supported for on-demand streams. Stream {} is using \
         PROVISIONED mode.",
        stream.name
    ))
}

pub(super) fn auto_holds_mode(stream: &StreamLabel) -> Words {
    let StreamLabel { name, account } = stream;
    Words::unrecorded(format!(
        "Stream {name} under account {account} is using RecordDistributionStrategy=AUTO, which is only \
         supported for on-demand streams. Set USER_PARTITION_KEY before changing its mode."
    ))
}

pub(super) fn mode_unchanged(stream: &StreamLabel, mode: Mode) -> Words {
    let StreamLabel { name, account } = stream;
    Words::unrecorded(format!(
        "Stream {name} under account {account} is already in the {} capacity mode.",
        mode.name()
    ))
}

pub(super) fn not_on_demand(stream: &StreamLabel) -> Words {
    let StreamLabel { name, account } = stream;
    Words::unrecorded(format!(
        "Request is invalid. Stream {name} under account {account} is in Provisioned mode."
    ))
}

/// DeleteStream.
pub(super) fn has_consumers(stream: &StreamLabel) -> Words {
    let StreamLabel { name, account } = stream;
    Words::recorded(format!(
        "DeleteStream can't delete {account}:{name} because there are consumers associated with \
         this data stream. To delete {name} anyway, set the EnforceConsumerDeletion parameter to \
         true to force the deletion of all the consumers that are associated with it."
    ))
}

pub(super) fn invalid_arn(kind: &str, arn: &str) -> Words {
    Words::unrecorded(format!("{kind} {arn} is not valid."))
}
