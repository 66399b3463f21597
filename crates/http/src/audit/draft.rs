//! What the line of a request will say, gathered before its head is let go, until it is known
//! whether there will be one.

use crate::audit::Audit;
use crate::audit::event::{
    Event, Failure, HOST_BYTES_MAX, Identity, Resource, TlsDetails, USER_AGENT_BYTES_MAX, cut,
    members, time_of,
};
use crate::connection::tls::TlsSession;
use bytes::Bytes;
use http::{HeaderName, header};
use millstream_auth::{Claimed, Head, Principal};
use millstream_env::{Env, RequestContext};
use millstream_model::{AccountId, ConsumerArn, Region, StreamArn, StreamName};
use millstream_protocol::operations::ALL;
use millstream_protocol::{Description, Error, ErrorCode, Protocol};
use millstream_service::{Body, Failed, SHOWN_BODY_BYTES_MAX, Served, Shown, show, show_some};
use serde_json::{Map, Value, json};
use std::net::IpAddr;

/// Operations on records: as with CloudTrail's data events, only their denials have lines.
///
/// <https://docs.aws.amazon.com/streams/latest/dev/logging-using-cloudtrail.html>
pub(super) const ON_RECORDS: [&str; 5] = [
    "GetRecords",
    "GetShardIterator",
    "PutRecord",
    "PutRecords",
    "SubscribeToShard",
];
/// The code of a call whose client left before its answer. Not one of AWS's.
const CLIENT_GONE: &str = "ClientDisconnected";

/// Members that name what a request is about: ARNs, and the name of a stream of the sender's.
const NAMING: [&str; 4] = ["consumerARN", "resourceARN", "streamARN", "streamName"];
/// Maximum size of a body that is shown of a sender who was not let in.
const STRANGERS_BODY_BYTES_MAX: usize = 2 * 1024;

/// Where the lines of a request go, and what it is known by.
#[derive(Clone)]
pub(crate) struct Heard {
    pub(crate) audit: Audit,
    pub(crate) env: Env,
    /// How its connection is encrypted.
    pub(crate) tls: Option<TlsSession>,
}

/// A line in the making.
pub(crate) struct Draft {
    heard: Heard,
    operation: &'static Description,
    protocol: Protocol,
    /// Its body, as long as it may be shown.
    body: Option<Bytes>,
    /// What a body names that is too large to be shown.
    naming: Map<String, Value>,
    claimed: Claimed,
    principal: Option<Principal>,
    peer: IpAddr,
    user_agent: Option<String>,
    host: Option<String>,
    request_id: String,
}

/// How a call ended.
enum End<'a> {
    Done(&'a Body),
    Failed(&'a Error),
    Broken(Failure),
}

impl Draft {
    /// What is known of a request for the operation at an index in the table.
    pub(crate) fn new(
        heard: Heard,
        head: Head<'_>,
        place: usize,
        protocol: Protocol,
        body: &Bytes,
    ) -> Self {
        let host = header_text(head, header::HOST, HOST_BYTES_MAX);
        let authority = || head.uri.host().map(|host| cut(host, HOST_BYTES_MAX));
        let request = RequestContext::current();
        Self {
            heard,
            operation: &ALL[place],
            protocol,
            naming: Map::new(),
            body: Some(body.clone()),
            claimed: head.claimed(),
            principal: None,
            peer: head.context.peer.ip().to_canonical(),
            user_agent: header_text(head, header::USER_AGENT, USER_AGENT_BYTES_MAX),
            host: host.or_else(authority),
            request_id: request
                .map(|request| request.id().to_owned())
                .unwrap_or_default(),
        }
    }

    /// Adds who sent the request. What is too large to be shown is let go, but for what it names.
    pub(crate) fn sent_by(self, principal: &Principal) -> Self {
        let large = self
            .body
            .as_ref()
            .filter(|body| body.len() > SHOWN_BODY_BYTES_MAX);
        let naming = match large.filter(|_| self.is_management()) {
            Some(body) => show_some(self.protocol, body, self.operation.input, &NAMING),
            None => Map::new(),
        };
        Self {
            principal: Some(principal.clone()),
            naming,
            body: self.body.filter(|body| body.len() <= SHOWN_BODY_BYTES_MAX),
            ..self
        }
    }

    /// Records that the sender was not let in.
    pub(crate) async fn refuse(self, error: &Error) {
        let clock = &*self.heard.env.clock;
        let Some(left_out) = self.heard.audit.pass_stranger(clock) else {
            return;
        };
        // The text about a header that is no signature has all of it: it may be a secret of another
        // kind.
        let without_text = Error::without_message(error.code);
        let error = match error.code == ErrorCode::IncompleteSignatureException {
            true => &without_text,
            false => error,
        };
        let event = || Event {
            additional_event_data: (left_out > 0).then(|| json!({ "denialsLeftOut": left_out })),
            ..self.event(End::Failed(error))
        };
        self.heard.audit.take(event, clock).await;
    }

    /// Watches a call to its end, and records it if it is to be.
    pub(crate) fn watch(self, served: Served) -> Served {
        let unrecorded = Unrecorded(Some(self));
        Box::pin(async move {
            let result = served.await;
            if let Some(draft) = unrecorded.end() {
                draft.record(&result).await;
            }
            result
        })
    }

    async fn record(&self, result: &Result<Body, Failed>) {
        let end = match result {
            Ok(_) if !self.is_management() => return,
            Err(failed) if !self.is_management() && !is_denial(failed.error.code) => return,
            Ok(body) => End::Done(body),
            Err(failed) => End::Failed(&failed.error),
        };
        let Heard { audit, env, .. } = &self.heard;
        audit.take(|| self.event(end), &*env.clock).await;
    }

    fn is_management(&self) -> bool {
        !ON_RECORDS.contains(&self.operation.name)
    }

    fn event(&self, end: End<'_>) -> Event {
        let env = &self.heard.env;
        let mut event_id = [0; 16];
        env.random.fill(&mut event_id);
        let event_id = uuid::Builder::from_random_bytes(event_id).into_uuid();
        let principal = self.principal.as_ref();
        let (claimed, is_management) = (&self.claimed, self.is_management());
        let region = principal.map(|principal| &principal.region);
        let region = region.or(claimed.region.as_ref());
        let shown = self.shown();
        let resources = match &shown {
            Shown::Members(members) => resources(members, principal),
            Shown::TooLarge => resources(&self.naming, principal),
            Shown::Malformed => Vec::new(),
        };
        let request_parameters = members(shown, "requestParameters");
        let response_elements = self.elements(&end);
        Event {
            event_version: Event::VERSION,
            user_identity: match principal {
                Some(principal) => Identity::of(principal, claimed),
                None => Identity::unknown(claimed),
            },
            event_time: time_of(env.clock.now()),
            event_source: Event::SOURCE,
            event_name: self.operation.name,
            aws_region: region.map(ToString::to_string),
            source_ip_address: self.peer.to_string(),
            user_agent: self.user_agent.clone(),
            failure: match end {
                End::Done(_) => None,
                End::Failed(Error { code, message }) => {
                    Some(Failure::new(code.name(), message.as_deref()))
                }
                End::Broken(failure) => Some(failure),
            },
            request_parameters,
            response_elements,
            additional_event_data: None,
            request_id: self.request_id.clone(),
            event_id: event_id.to_string(),
            read_only: !self.operation.effect.is_write(),
            resources,
            event_type: Event::TYPE,
            management_event: is_management,
            recipient_account_id: principal.map(|principal| principal.account.to_string()),
            event_category: if is_management { "Management" } else { "Data" },
            tls_details: self
                .heard
                .tls
                .map(|session| TlsDetails::of(session, self.host.clone())),
        }
    }

    fn shown(&self) -> Shown {
        // Strangers do not fill the log.
        let bytes_max = match self.principal {
            Some(_) => SHOWN_BODY_BYTES_MAX,
            None => STRANGERS_BODY_BYTES_MAX,
        };
        match self.body.as_ref().filter(|body| body.len() <= bytes_max) {
            Some(body) => show(self.protocol, body, self.operation.input),
            None => Shown::TooLarge,
        }
    }

    /// What a change answered. As with CloudTrail, there is nothing for what only reads.
    fn elements(&self, end: &End<'_>) -> Value {
        match end {
            End::Done(Body::Whole(bytes)) if self.operation.effect.is_write() => {
                let shown = show(self.protocol, bytes, self.operation.output);
                members(shown, "responseElements")
            }
            End::Done(_) | End::Failed(_) | End::Broken(_) => Value::Null,
        }
    }
}

/// A draft that is recorded at the latest when it is dropped: its client has gone, or the call
/// panicked.
struct Unrecorded(Option<Draft>);

impl Unrecorded {
    fn end(mut self) -> Option<Draft> {
        self.0.take()
    }
}

impl Drop for Unrecorded {
    fn drop(&mut self) {
        let Some(draft) = self.0.take().filter(Draft::is_management) else {
            return;
        };
        let failure = match std::thread::panicking() {
            true => Failure::new(ErrorCode::InternalFailure.name(), None),
            false => Failure::new(CLIENT_GONE, Some("The client left before the answer.")),
        };
        let Heard { audit, env, .. } = &draft.heard;
        audit.take_now(|| draft.event(End::Broken(failure)), &*env.clock);
    }
}

/// Whether an error says that its sender may not do this, or is not who it claims to be.
fn is_denial(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::AccessDeniedException | ErrorCode::KMSAccessDeniedException
    )
}

/// A header's text, up to a length.
fn header_text(head: Head<'_>, name: HeaderName, bytes_max: usize) -> Option<String> {
    let bytes = head.headers.get(name)?.as_bytes();
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(bytes_max)]);
    Some(cut(&text, bytes_max))
}

/// What a request names: the ARNs among its members, or the stream of a name that is its sender's.
fn resources(parameters: &Map<String, Value>, principal: Option<&Principal>) -> Vec<Resource> {
    let text = |member: &str| parameters.get(member).and_then(Value::as_str);
    let [arns @ .., name] = NAMING;
    if let Some(found) = arns.into_iter().filter_map(text).find_map(of_arn) {
        return vec![found];
    }
    let name = text(name).and_then(|name| StreamName::parse(name).ok());
    let stream = name.zip(principal).map(|(name, principal)| StreamArn {
        account: AccountId::clone(&principal.account),
        region: Region::clone(&principal.region),
        name,
    });
    stream.iter().map(of_stream).collect()
}

fn of_arn(text: &str) -> Option<Resource> {
    if let Ok(stream) = StreamArn::parse(text) {
        return Some(of_stream(&stream));
    }
    let consumer = ConsumerArn::parse(text).ok()?;
    Some(Resource {
        arn: consumer.to_string(),
        account_id: consumer.stream.account.to_string(),
        r#type: "AWS::Kinesis::StreamConsumer",
    })
}

fn of_stream(stream: &StreamArn) -> Resource {
    Resource {
        arn: stream.to_string(),
        account_id: stream.account.to_string(),
        r#type: "AWS::Kinesis::Stream",
    }
}
