//! How long records are kept.

use super::Words;
use millstream_model::limits::{RETENTION_HOURS_MAX, RETENTION_HOURS_MIN};
use millstream_streams::facts::RetentionError;
use millstream_streams::facts::StreamLabel;

pub(super) fn words(fact: &RetentionError) -> Words {
    match fact {
        RetentionError::TooShort { hours } => Words::recorded(format!(
            "Minimum allowed retention period is {RETENTION_HOURS_MIN} hours. Requested retention period \
             ({hours} hours) is too short."
        )),
        RetentionError::TooLong { hours } => Words::recorded(format!(
            "Maximum allowed retention period is {RETENTION_HOURS_MAX} hours. Requested retention period \
             ({hours} hours) is too long."
        )),
    }
}

pub(super) fn not_longer(hours: u32, existing: u32, stream: &StreamLabel) -> Words {
    Words::recorded(format!(
        "Requested retention period ({hours} hours) for stream {} can not be shorter than existing \
         retention period ({existing} hours). Use DecreaseRetentionPeriod API.",
        stream.name
    ))
}

pub(super) fn not_shorter(hours: u32, existing: u32, stream: &StreamLabel) -> Words {
    Words::recorded(format!(
        "Requested retention period ({hours} hours) for stream {} can not be longer than existing \
         retention period ({existing} hours). Use IncreaseRetentionPeriod API.",
        stream.name
    ))
}
