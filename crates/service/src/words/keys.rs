//! Keys that cannot be used, and encryption without one.
//!
//! What AWS says for itself is not on record. These are the texts of AWS KMS, where it has some.

use super::{Words, internal};
use millstream_streams::facts::{
    DataKeyFailure, KeyError, KeyFailure, NoKeyService, NoneRequested,
};

pub(super) fn words(failure: &KeyFailure) -> Words {
    match failure {
        KeyFailure::NoService(NoKeyService) => Words::unrecorded(
            "No key service is configured. Start the server with --keys.".to_owned(),
        ),
        KeyFailure::Malformed(malformed) => {
            Words::unrecorded(format!("Invalid keyId '{}'", malformed.key_id))
        }
        KeyFailure::Service(error) => of_service(error),
    }
}

pub(super) fn data_keys(failure: &DataKeyFailure) -> Words {
    match failure {
        DataKeyFailure::NoService => words(&KeyFailure::NoService(NoKeyService)),
        DataKeyFailure::Service(error) => of_service(error),
        DataKeyFailure::KmsKeyChanges
        | DataKeyFailure::NotAdded { .. }
        | DataKeyFailure::Missing { .. } => internal(),
    }
}

fn of_service(error: &KeyError) -> Words {
    let text = match error {
        KeyError::NotFound { key } if key.contains("alias/") => {
            format!("Alias {key} is not found.")
        }
        KeyError::NotFound { key } => format!("Key '{key}' does not exist"),
        KeyError::Disabled { key } => format!("{key} is disabled."),
        KeyError::InvalidState { key, state } => format!("{key} is {state}."),
        KeyError::AccessDenied { key } => format!("Access to {key} is denied."),
        KeyError::OptInRequired => {
            "The AWS Access Key Id needs a subscription for the service".to_owned()
        }
        KeyError::Throttled => "You have exceeded the rate at which you may call KMS. Reduce the \
                                frequency of your calls."
            .to_owned(),
        KeyError::MaterialMissing { .. } | KeyError::Unavailable { .. } => return internal(),
    };
    Words::unrecorded(text)
}

pub(super) fn none(_: &NoneRequested) -> Words {
    Words::unrecorded("EncryptionType NONE is not valid. The only valid value is KMS.".to_owned())
}
