//! Consumers of enhanced fan-out.

use millstream_protocol_derive::Shape;

use crate::Timestamp;
use crate::shape::{Described, Type};
use crate::types::named;

/// `ConsumerList`.
pub const CONSUMER_LIST: &Type = &Type::list("ConsumerList", Consumer::SHAPE);

/// A consumer.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct Consumer {
    /// The name.
    #[shape(of = named::CONSUMER_NAME)]
    pub consumer_name: String,
    /// The ARN.
    #[shape(name = "ConsumerARN", of = named::CONSUMER_ARN)]
    pub consumer_arn: String,
    /// The state of the consumer.
    pub consumer_status: ConsumerStatus,
    /// When the consumer was registered.
    pub consumer_creation_timestamp: Timestamp,
}

/// A consumer with its stream.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct ConsumerDescription {
    /// The name.
    #[shape(of = named::CONSUMER_NAME)]
    pub consumer_name: String,
    /// The ARN.
    #[shape(name = "ConsumerARN", of = named::CONSUMER_ARN)]
    pub consumer_arn: String,
    /// The state of the consumer.
    pub consumer_status: ConsumerStatus,
    /// When the consumer was registered.
    pub consumer_creation_timestamp: Timestamp,
    /// The stream, by ARN.
    #[shape(name = "StreamARN", of = named::STREAM_ARN)]
    pub stream_arn: String,
}

/// The state of a consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Shape)]
pub enum ConsumerStatus {
    /// Being created.
    #[shape(name = "CREATING")]
    Creating,
    /// Being deleted.
    #[shape(name = "DELETING")]
    Deleting,
    /// In use.
    #[shape(name = "ACTIVE")]
    Active,
}
