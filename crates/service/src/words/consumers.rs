//! Registered consumers and their subscriptions.

use super::{Record, Words, streams};
use millstream_model::{AccountId, ConsumerName};
use millstream_streams::facts::ConsumerError;
use millstream_streams::facts::StreamLabel;
use std::fmt::Display;

pub(super) fn words(fact: &ConsumerError) -> Words {
    match fact {
        ConsumerError::NotNamed => Words::unrecorded(
            "Either ConsumerARN or both StreamARN and ConsumerName must be provided.".to_owned(),
        ),
        ConsumerError::InvalidArn { arn } => streams::invalid_arn("ConsumerARN", arn),
        ConsumerError::ReferencesDisagree { arn } => Words::unrecorded(format!(
            "ConsumerARN {arn} does not match StreamARN and ConsumerName."
        )),
        ConsumerError::NotFound { consumer, stream } => not_found(consumer, stream),
        ConsumerError::ArnNotFound { arn, account } => no_such(arn, account),
        ConsumerError::NotActive {
            consumer,
            arn_s,
            status: _,
            stream,
        } => not_active(consumer, *arn_s, stream),
        ConsumerError::SeatTaken {
            consumer,
            shard,
            stream: StreamLabel { name, account },
        } => Words {
            text: Some(format!(
                "Another active subscription exists for this consumer: {account}:{name}:{shard}:{consumer}"
            )),
            record: Record::Beginning,
        },
        ConsumerError::TooManySubscriptions {
            consumer,
            shard,
            stream: StreamLabel { name, account },
        } => Words::unrecorded(format!(
            "Consumer {consumer} cannot subscribe to shard {shard} in stream {name} under account {account} because there are too many subscriptions. Try again later."
        )),
        ConsumerError::TooFast {
            consumer,
            shard,
            stream: StreamLabel { name, account },
        } => Words::unrecorded(format!(
            "Rate exceeded for consumer {consumer} and shard {shard} in stream {name} under account {account}."
        )),
    }
}

pub(super) fn exists(consumer: &ConsumerName, stream: &StreamLabel) -> Words {
    let StreamLabel { name, account } = stream;
    Words::unrecorded(format!(
        "Consumer {consumer} in stream {name} under account {account} already exists."
    ))
}

/// The consumer as it was given: by name or by ARN.
pub(super) fn not_found(consumer: impl Display, stream: &StreamLabel) -> Words {
    no_such(consumer, &stream.account)
}

fn no_such(consumer: impl Display, account: &AccountId) -> Words {
    Words::recorded(format!("Consumer {consumer}, account {account} not found."))
}

pub(super) fn not_active(consumer: &ConsumerName, arn_s: u64, stream: &StreamLabel) -> Words {
    let StreamLabel { name, account } = stream;
    Words::recorded(format!(
        "Consumer {consumer} with creation timestamp {arn_s} under stream: {name}, account {account} is \
         not in ACTIVE status."
    ))
}
