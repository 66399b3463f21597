//! How long records are kept.

use super::Words;
use crate::catalog::StreamLabel;

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
