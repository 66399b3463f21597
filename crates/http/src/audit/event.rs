//! A line of the audit log: CloudTrail's fields, under CloudTrail's names.
//!
//! "CloudTrail record contents", in <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/>

use crate::audit::ascii::to_line;
use crate::connection::tls::TlsSession;
use millstream_auth::{Claimed, Principal};
use millstream_env::Timestamp;
use millstream_service::Shown;
use serde::Serialize;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The version of CloudTrail's format that the fields are from.
const VERSION: &str = "1.11";
const SOURCE: &str = "kinesis.amazonaws.com";
/// The most bytes of a request's or an answer's members, as CloudTrail has it.
const MEMBERS_BYTES_MAX: usize = 100 * 1024;
/// The most bytes of a user agent, as CloudTrail has it.
pub(super) const USER_AGENT_BYTES_MAX: usize = 1024;
/// The most bytes of an error's text, as CloudTrail has it.
const MESSAGE_BYTES_MAX: usize = 1024;
/// The most bytes of a host.
pub(super) const HOST_BYTES_MAX: usize = 255;

/// A line.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Event {
    pub(super) event_version: &'static str,
    pub(super) user_identity: Identity,
    pub(super) event_time: String,
    pub(super) event_source: &'static str,
    pub(super) event_name: &'static str,
    pub(super) aws_region: Option<String>,
    #[serde(rename = "sourceIPAddress")]
    pub(super) source_ip_address: String,
    pub(super) user_agent: Option<String>,
    #[serde(flatten)]
    pub(super) failure: Option<Failure>,
    pub(super) request_parameters: Value,
    pub(super) response_elements: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) additional_event_data: Option<Value>,
    #[serde(rename = "requestID")]
    pub(super) request_id: String,
    #[serde(rename = "eventID")]
    pub(super) event_id: String,
    pub(super) read_only: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) resources: Vec<Resource>,
    pub(super) event_type: &'static str,
    pub(super) management_event: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) recipient_account_id: Option<String>,
    pub(super) event_category: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tls_details: Option<TlsDetails>,
}

/// Who sent a request.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Identity {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_key_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<String>,
}

/// Why a call failed.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Failure {
    error_code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<String>,
}

/// What a call was about.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Resource {
    #[serde(rename = "ARN")]
    pub(super) arn: String,
    #[serde(rename = "accountId")]
    pub(super) account_id: String,
    pub(super) r#type: &'static str,
}

/// How a request was encrypted on its way.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TlsDetails {
    tls_version: &'static str,
    cipher_suite: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_provided_host_header: Option<String>,
}

impl Event {
    /// The fields that are the same in all lines, over the others.
    pub(super) const VERSION: &'static str = VERSION;
    pub(super) const SOURCE: &'static str = SOURCE;
    pub(super) const TYPE: &'static str = "AwsApiCall";

    /// The line, with its end; without the members of request and answer where they are too large
    /// together.
    pub(super) fn into_line(mut self, bytes_max: usize) -> Option<Vec<u8>> {
        let line = to_line(&self, bytes_max - 1).or_else(|| {
            self.request_parameters = omitted("requestParameters");
            self.response_elements = omitted("responseElements");
            to_line(&self, bytes_max - 1)
        });
        let mut line = line?;
        line.push(b'\n');
        Some(line)
    }
}

impl Identity {
    /// A sender who was identified, by the key that the request names.
    pub(super) fn of(principal: &Principal, claimed: &Claimed) -> Self {
        Self {
            r#type: match principal.user {
                Some(_) => "IAMUser",
                None => "Root",
            },
            arn: Some(principal.arn()),
            account_id: Some(principal.account.as_str().to_owned()),
            access_key_id: key_of(claimed),
            user_name: principal.user.as_ref().map(|user| user.name.to_string()),
        }
    }

    /// A sender who was not: all that is known is the key that the request names.
    pub(super) fn unknown(claimed: &Claimed) -> Self {
        Self {
            r#type: "Unknown",
            arn: None,
            account_id: None,
            access_key_id: key_of(claimed).map(|id| match id.len() > STRANGERS_KEY_BYTES_MAX {
                true => cut(&id, STRANGERS_KEY_SHOWN_BYTES),
                false => id,
            }),
            user_name: None,
        }
    }
}

/// A key of a stranger's that is longer may be the secret, in the id's place.
const STRANGERS_KEY_BYTES_MAX: usize = 32;
/// What is shown of it.
const STRANGERS_KEY_SHOWN_BYTES: usize = 4;

fn key_of(claimed: &Claimed) -> Option<String> {
    let id = claimed.access_key_id.as_ref();
    id.map(|id| id.as_str().to_owned())
}

impl Failure {
    pub(super) fn new(code: &str, message: Option<&str>) -> Self {
        Self {
            error_code: code.to_owned(),
            error_message: message.map(|message| cut(message, MESSAGE_BYTES_MAX)),
        }
    }
}

impl TlsDetails {
    pub(super) fn of(session: TlsSession, host: Option<String>) -> Self {
        Self {
            tls_version: session.version,
            cipher_suite: session.cipher_suite,
            client_provided_host_header: host,
        }
    }
}

/// Members as a field shows them.
pub(super) fn members(shown: Shown, field: &str) -> Value {
    match shown {
        Shown::Members(members) if fits(&members) => Value::Object(members),
        Shown::Members(_) | Shown::TooLarge => omitted(field),
        Shown::Malformed => Value::Null,
    }
}

fn fits(members: &Map<String, Value>) -> bool {
    to_line(members, MEMBERS_BYTES_MAX).is_some()
}

/// What CloudTrail puts in the place of a field that is too large.
fn omitted(field: &str) -> Value {
    json!({ "omitted": true, "reason": format!("{field} too large") })
}

/// The beginning of a text.
pub(super) fn cut(text: &str, bytes_max: usize) -> String {
    text[..text.floor_char_boundary(bytes_max)].to_owned()
}

/// A time as CloudTrail writes it: to the second.
pub(super) fn time_of(now: Timestamp) -> String {
    let seconds = i64::try_from(now.seconds()).unwrap_or(i64::MAX);
    let instant = OffsetDateTime::from_unix_timestamp(seconds);
    let instant = instant.unwrap_or(OffsetDateTime::UNIX_EPOCH);
    instant.format(&Rfc3339).unwrap_or_default()
}
