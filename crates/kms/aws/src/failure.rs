//! What AWS KMS's errors mean, by their codes.
//!
//! <https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html>

use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use millstream_kms::KeyError;
use std::error::Error;
use std::fmt::Write as _;

/// Maximum length of what is told of an error's causes.
const WHY_CHARS_MAX: usize = 500;

/// Why a call about a key failed.
pub(crate) fn failure<E, R>(error: &SdkError<E, R>, key: &str) -> KeyError
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug,
{
    match error {
        SdkError::ServiceError(refused) => refusal(refused.err(), key),
        SdkError::TimeoutError(_) => unavailable("it took too long"),
        SdkError::ResponseError(_) => other_answer(),
        SdkError::DispatchFailure(failed) => unavailable(&causes(
            failed.as_connector_error().map(|it| it as &dyn Error),
        )),
        SdkError::ConstructionFailure(_) => unavailable(&causes(error.source())),
        other => unavailable(&causes(other.source())),
    }
}

fn refusal(refused: &impl ProvideErrorMetadata, key: &str) -> KeyError {
    let code = refused.code().unwrap_or_default();
    let key = || key.to_owned();
    match code {
        "NotFoundException" | "InvalidArnException" | "InvalidKeyUsageException" => {
            KeyError::NotFound { key: key() }
        }
        "DisabledException" => KeyError::Disabled { key: key() },
        "KMSInvalidStateException" => KeyError::InvalidState {
            key: key(),
            state: state(refused.message().unwrap_or_default()),
        },
        // The last two: wrapped by another key, or for another context.
        "AccessDeniedException"
        | "AccessDenied"
        | "InvalidGrantTokenException"
        | "IncorrectKeyException"
        | "InvalidCiphertextException" => KeyError::AccessDenied { key: key() },
        "OptInRequired" | "SubscriptionRequiredException" => KeyError::OptInRequired,
        "ThrottlingException"
        | "Throttling"
        | "TooManyRequestsException"
        | "RequestLimitExceeded"
        | "LimitExceededException" => KeyError::Throttled,
        "" => other_answer(),
        // Credentials that do not hold, a failure of its own, and what there will be. Codes are
        // words of AWS's; messages may have anything in them.
        code => unavailable(&format!("it answered {}", word(code))),
    }
}

/// The state of a key as AWS tells it: "arn:… is pending deletion."
fn state(message: &str) -> String {
    let told = message.rsplit_once(" is ").map(|(_, state)| state);
    let told = told.map(|state| state.trim_end_matches('.'));
    let is_words = |text: &&str| {
        let is_letter = |c: char| c.is_ascii_alphabetic() || c == ' ';
        !text.is_empty() && text.len() <= WHY_CHARS_MAX && text.chars().all(is_letter)
    };
    told.filter(is_words)
        .unwrap_or("not in a valid state")
        .to_owned()
}

/// A code, if it is one.
fn word(code: &str) -> &str {
    const CODE_CHARS_MAX: usize = 100;
    let is_word = |c: char| c.is_ascii_alphanumeric() || "._:#-".contains(c);
    let is_code = code.len() <= CODE_CHARS_MAX && code.chars().all(is_word);
    if is_code { code } else { "an unknown error" }
}

/// An answer that AWS KMS does not give.
pub(crate) fn other_answer() -> KeyError {
    unavailable("it did not answer as AWS KMS does")
}

fn unavailable(why: &str) -> KeyError {
    let why = why.to_owned();
    KeyError::Unavailable { why }
}

/// An error and its causes in one line, as far as there is room.
fn causes(error: Option<&dyn Error>) -> String {
    let mut text = String::new();
    let mut next = error;
    while let Some(error) = next {
        let separator = if text.is_empty() { "" } else { ": " };
        // Memory takes everything.
        let _ = write!(text, "{separator}{error}");
        next = error.source();
    }
    let text = text.replace(|c: char| c.is_control(), " ");
    match text.is_empty() {
        true => "it could not be called".to_owned(),
        false => text.chars().take(WHY_CHARS_MAX).collect(),
    }
}
