//! Events of SubscribeToShard, without their frames.

use millstream_protocol_derive::Shape;

use crate::shape::{Described, Member, Type};
use crate::types::{ChildShard, Record, lists, named};

/// Records pushed to a consumer.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct SubscribeToShardEvent {
    /// The records.
    #[shape(of = lists::RECORD_LIST)]
    pub records: Vec<Record>,
    /// The position to resubscribe at; absent at the end of a closed shard.
    #[shape(of = named::SEQUENCE_NUMBER, required)]
    pub continuation_sequence_number: Option<String>,
    /// How far behind the end of the shard the reader is, in milliseconds.
    #[shape(of = named::MILLIS_BEHIND_LATEST)]
    pub millis_behind_latest: i64,
    /// The child shards; only at the end of a closed shard.
    #[shape(of = lists::CHILD_SHARD_LIST)]
    pub child_shards: Option<Vec<ChildShard>>,
}

/// The events of a subscription, and the errors that may end it.
///
/// A marker: events are frames of their own, never part of a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SubscribeToShardEventStream;

impl Described for SubscribeToShardEventStream {
    const SHAPE: &'static Type = &Type::event_stream(
        "SubscribeToShardEventStream",
        &[
            Member::required("SubscribeToShardEvent", SubscribeToShardEvent::SHAPE),
            Member::optional(
                "ResourceNotFoundException",
                &error("ResourceNotFoundException"),
            ),
            Member::optional("ResourceInUseException", &error("ResourceInUseException")),
            Member::optional("KMSDisabledException", &error("KMSDisabledException")),
            Member::optional(
                "KMSInvalidStateException",
                &error("KMSInvalidStateException"),
            ),
            Member::optional(
                "KMSAccessDeniedException",
                &error("KMSAccessDeniedException"),
            ),
            Member::optional("KMSNotFoundException", &error("KMSNotFoundException")),
            Member::optional("KMSOptInRequired", &error("KMSOptInRequired")),
            Member::optional("KMSThrottlingException", &error("KMSThrottlingException")),
            Member::optional(
                "InternalFailureException",
                &error("InternalFailureException"),
            ),
        ],
    );
}

/// The shape of an error: a structure with a message.
const fn error(name: &'static str) -> Type {
    const MEMBERS: &[Member] = &[Member::optional("message", named::ERROR_MESSAGE)];
    Type::structure(name, MEMBERS)
}
