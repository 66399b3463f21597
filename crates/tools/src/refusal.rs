//! What to do when an endpoint refuses or is not there.

use crate::Failure;
use millstream_client::Error;
use millstream_protocol::ErrorCode;

const CREDENTIALS: &str =
    "Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or the profile.";
const LATER: &str = "Try again later.";
const ARGUMENTS: &str = "Check the arguments; --help describes them.";
const KEY: &str = "Check the key of the stream in KMS: its state, its policy, and the quota.";
const NO_KINESIS: &str = "Check whether the endpoint serves Kinesis.";

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let advice = match &error {
            Error::Service { remote, .. } => remote.code().map_or(NO_KINESIS, by_code),
            Error::Transport(cause) | Error::NotSent(cause) => by_cause(cause),
            Error::Credentials(_) => CREDENTIALS,
            Error::Invalid(_) => ARGUMENTS,
        };
        Self::new(error.to_string()).with_advice(advice)
    }
}

/// What to do about an error of the service.
fn by_code(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::AccessDeniedException => {
            "A policy must allow the action, or use other credentials."
        }
        ErrorCode::DryRunOperationException => "Nothing was changed; leave the dry run out.",
        ErrorCode::ExpiredIteratorException => {
            "An iterator is valid for five minutes: start again after the last record that was read."
        }
        ErrorCode::ExpiredNextTokenException => "A token is valid for five minutes: start again.",
        ErrorCode::ExpiredTokenException
        | ErrorCode::IncompleteSignatureException
        | ErrorCode::InvalidSignatureException
        | ErrorCode::MissingAuthenticationTokenException
        | ErrorCode::SubscriptionRequiredException
        | ErrorCode::UnrecognizedClientException => CREDENTIALS,
        ErrorCode::InternalFailure
        | ErrorCode::InternalFailureException
        | ErrorCode::ServiceUnavailable => {
            "Try again; the server's log has the cause, under the id of the request."
        }
        ErrorCode::InvalidArgumentException
        | ErrorCode::SerializationException
        | ErrorCode::ValidationException => ARGUMENTS,
        ErrorCode::KMSAccessDeniedException
        | ErrorCode::KMSDisabledException
        | ErrorCode::KMSInvalidStateException
        | ErrorCode::KMSNotFoundException
        | ErrorCode::KMSOptInRequired
        | ErrorCode::KMSThrottlingException => KEY,
        ErrorCode::LimitExceededException => {
            "Try again later; if it is a quota, delete something or ask for a higher one."
        }
        ErrorCode::ProvisionedThroughputExceededException => {
            "Try again later, or give the stream more shards."
        }
        ErrorCode::ResourceInUseException => {
            "Wait until the resource is ACTIVE, or choose another name."
        }
        ErrorCode::ResourceNotFoundException => {
            "`millstream streams` lists what there is; check --region and the account, too."
        }
        ErrorCode::ThrottlingException => LATER,
        ErrorCode::UnknownOperationException => NO_KINESIS,
    }
}

/// What to do about a cause that a library has put in words.
fn by_cause(cause: &str) -> &'static str {
    let known = [
        (
            "Connection refused",
            "Check whether the server is running, and the endpoint (--endpoint-url, AWS_ENDPOINT_URL).",
        ),
        (
            "dns error",
            "Check the host of the endpoint (--endpoint-url, AWS_ENDPOINT_URL).",
        ),
        (
            "UnknownIssuer",
            "--ca-bundle FILE, or AWS_CA_BUNDLE, names the certificates to trust.",
        ),
        (
            "certificate",
            "The certificate must be valid for the endpoint's host; --ca-bundle FILE names whom to trust.",
        ),
        (
            "InvalidContentType",
            "The server does not speak TLS there: use http://.",
        ),
        (
            "took too long",
            "Try again; check the network and the load of the server.",
        ),
    ];
    let found = known.iter().find(|(part, _)| cause.contains(part));
    found.map_or(
        "Try again; check the endpoint (--endpoint-url, AWS_ENDPOINT_URL).",
        |(_, advice)| advice,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_protocol::RemoteError;

    fn refusal(status: u16, name: &str) -> Failure {
        let message = Some("Stream orders not found.".to_owned());
        let name = name.to_owned();
        let request_id = Some("0-1".to_owned());
        let remote = RemoteError {
            status,
            name,
            message,
        };
        Error::Service {
            remote,
            request_id,
            is_after_unknown: false,
        }
        .into()
    }

    #[test]
    fn refusal_when_it_has_a_code_then_is_quoted_with_what_to_do() {
        let line = refusal(400, "ResourceNotFoundException").line();
        let expected = "millstream: ResourceNotFoundException: Stream orders not found. (status 400) \
                        (request 0-1). `millstream streams` lists what there is; check --region and \
                        the account, too.";
        assert_eq!(line.as_deref(), Some(expected));
        let line = refusal(404, "NotFound").line().unwrap();
        assert!(line.ends_with(NO_KINESIS), "{line}");
        for code in ErrorCode::ALL {
            let advice = by_code(*code);
            assert!(advice.ends_with('.') && advice.len() > 10, "{code:?}");
        }
    }

    #[test]
    fn failure_when_nothing_was_answered_then_says_what_to_look_at() {
        for (cause, said) in [
            (
                "tcp connect error: Connection refused (os error 111)",
                "server is running",
            ),
            ("dns error: failed to lookup address", "the host"),
            ("invalid peer certificate: UnknownIssuer", "AWS_CA_BUNDLE"),
            (
                "invalid peer certificate: NotValidForName",
                "valid for the endpoint's host",
            ),
            ("it took too long", "load"),
            ("anything", "--endpoint-url"),
        ] {
            let line = Failure::from(Error::NotSent(cause.to_owned()))
                .line()
                .unwrap();
            assert!(line.starts_with("millstream: not sent: "), "{line}");
            assert!(line.contains(said), "{line}");
        }
    }
}
