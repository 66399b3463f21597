//! Which stream is meant, and how it is.

use super::Words;
use crate::catalog::{Status, StreamLabel};
use crate::facts::StreamError;

pub(super) fn words(fact: &StreamError) -> Words {
    match fact {
        StreamError::NotFound { name, account } => {
            Words::recorded(format!("Stream {name} under account {account} not found."))
        }
    }
}

pub(super) fn not_active(stream: &StreamLabel, status: Status) -> Words {
    let StreamLabel { name, account } = stream;
    Words::recorded(format!(
        "Stream {name} under account {account} not ACTIVE, instead in state {}",
        status.name()
    ))
}
