//! Registered consumers and their subscriptions.

use super::Words;
use crate::catalog::StreamLabel;
use std::fmt::Display;

pub(super) fn not_found(consumer: impl Display, stream: &StreamLabel) -> Words {
    let StreamLabel { name, account } = stream;
    Words::unrecorded(format!(
        "Consumer {consumer} in stream {name} under account {account} not found."
    ))
}
