//! Resources that are named by their ARN alone.

use super::{Words, streams};
use millstream_streams::facts::ResourceError;

pub(super) fn words(fact: &ResourceError) -> Words {
    match fact {
        ResourceError::NotNamed => Words::unrecorded("ResourceARN must be provided.".to_owned()),
        ResourceError::InvalidArn { arn } => streams::invalid_arn("ResourceARN", arn),
        ResourceError::QueueNotFound { arn } => {
            Words::unrecorded(format!("Queue {arn} not found."))
        }
        ResourceError::ChannelNotFound { arn } => {
            Words::unrecorded(format!("Channel {arn} not found."))
        }
        ResourceError::PolicyOfChannel { arn } => Words::unrecorded(format!(
            "ResourceARN {arn} is not valid. Resource policies are supported for data streams, \
             consumers and queues."
        )),
    }
}
