//! What a sender is told about its signature: AWS's texts. Those that no recording shows are marked
//! *unrecorded*.

use crate::credential::{Credential, NO_REGION};
use crate::signature::date::{EXPIRES_SECONDS_MAX, SKEW_MAX, SignedDate, basic};
use crate::signature::{SERVICE, TERMINATOR};
use millstream_env::Timestamp;
use millstream_protocol::{Error, ErrorCode};
use std::time::Duration;

fn invalid(message: String) -> Error {
    Error::new(ErrorCode::InvalidSignatureException, message)
}

/// The signature is not that of the request. AWS's Kinesis has not shown what should have been
/// signed since about 2017, nor is it shown here: it contains the token of a session.
pub(crate) fn mismatch() -> Error {
    invalid(
        "The request signature we calculated does not match the signature you provided. Check \
         your AWS Secret Access Key and signing method. Consult the service documentation for \
         details."
            .to_owned(),
    )
}

/// The key was valid until some time ago.
pub(crate) fn expired_token() -> Error {
    Error::new(
        ErrorCode::ExpiredTokenException,
        "The security token included in the request is expired",
    )
}

/// Signed too long ago.
pub(crate) fn expired(date: &str, now: Timestamp, valid: Duration) -> Error {
    let (earliest, now) = (basic(now.minus(valid)), basic(now));
    let valid = match valid {
        SKEW_MAX => "5 min.".to_owned(),
        // *Unrecorded*.
        valid => format!("{} sec.", valid.as_secs()),
    };
    invalid(format!(
        "Signature expired: {date} is now earlier than {earliest} ({now} - {valid})"
    ))
}

/// Signed in the future.
pub(crate) fn not_yet_current(date: &str, now: Timestamp) -> Error {
    let (latest, now) = (basic(now.plus(SKEW_MAX)), basic(now));
    invalid(format!(
        "Signature not yet current: {date} is still later than {latest} ({now} + 5 min.)"
    ))
}

/// The date is not one.
pub(crate) fn no_date(given: &str) -> Error {
    invalid(format!(
        "Date must be in ISO-8601 'basic format'. Got '{given}'. See \
         http://en.wikipedia.org/wiki/ISO_8601"
    ))
}

/// The scope is not that of this service: its faults, one after the other.
pub(crate) fn scope(credential: &Credential<'_>, date: &SignedDate, has_region: bool) -> Error {
    let Credential {
        day,
        service,
        terminator,
        ..
    } = credential;
    let mut faults = String::new();
    if !has_region {
        faults += NO_REGION;
    }
    if *service != SERVICE {
        faults += &format!("Credential should be scoped to correct service: '{SERVICE}'. ");
    }
    if *terminator != TERMINATOR {
        faults += &format!(
            "Credential should be scoped with a valid terminator: '{TERMINATOR}', not \
             '{terminator}'. "
        );
    }
    if *day != date.day() {
        faults += &format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from \
             HTTP: '{day}' != '{}', from '{}'. ",
            date.day(),
            date.text()
        );
    }
    invalid(faults)
}

/// A header that has to be signed is not. For the host AWS's text, for others in its style.
pub(crate) fn unsigned(name: &str) -> Error {
    invalid(format!(
        "{name} must be a 'SignedHeader' in the AWS Authorization."
    ))
}

/// *Unrecorded*.
pub(crate) fn not_canonical(given: &str) -> Error {
    invalid(format!(
        "SignedHeaders must be lower-case names of headers in ascending order, each once, between \
         semicolons, got '{given}'"
    ))
}

/// *Unrecorded*.
pub(crate) fn absent(name: &str) -> Error {
    invalid(format!(
        "'{name}' is a 'SignedHeader' in the AWS Authorization, but not a header of the request."
    ))
}

/// *Unrecorded*.
pub(crate) fn repeated(name: &str) -> Error {
    invalid(format!("The header '{name}' is present more than once."))
}

/// *Unrecorded*.
pub(crate) fn two_hosts() -> Error {
    invalid("The header 'Host' and ':authority' name different hosts.".to_owned())
}

/// The text of S3, which is the service that reads the header.
pub(crate) fn other_body() -> Error {
    invalid(
        "The provided 'x-amz-content-sha256' header does not match what was computed.".to_owned(),
    )
}

/// *Unrecorded*.
pub(crate) fn expires() -> Error {
    invalid(format!(
        "X-Amz-Expires must be a number of seconds from 1 to {EXPIRES_SECONDS_MAX}"
    ))
}
