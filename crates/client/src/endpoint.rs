//! The endpoint of a call, by AWS's endpoint rules for Kinesis.
//!
//! It is what boto3 resolves for the same parameters, and a test compares the two. A call that
//! names a stream by its ARN goes to a host of the stream's account, such as
//! `123456789012.data-kinesis.us-east-1.amazonaws.com`, and all others to the region's, such as
//! `kinesis.us-east-1.amazonaws.com`. Whatever becomes part of a host name is a valid label of one.
//!
//! AWS's description of the rules: <https://smithy.io/2.0/additional-specs/rules-engine/>.

mod error;
mod params;

pub use error::{ArnMember, EndpointError, Identified};
pub use params::{AccountIdMode, EndpointParams, OperationType, ResourceType};

use crate::partitions::Partition;
use http::Uri;
use std::borrow::Cow;

/// Where a call goes to, and the region that it is signed for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The server.
    pub uri: Uri,
    /// The region, or none if only an endpoint was given.
    pub signing_region: Option<String>,
}

impl Endpoint {
    /// Resolves the endpoint of a call.
    ///
    /// ```
    /// use millstream_client::endpoint::{Endpoint, EndpointParams};
    ///
    /// let params = EndpointParams {
    ///     region: Some("eu-central-1"),
    ///     ..EndpointParams::of("PutRecord")
    /// };
    /// let endpoint = Endpoint::resolve(&params)?;
    /// assert_eq!(endpoint.uri, "https://kinesis.eu-central-1.amazonaws.com");
    ///
    /// let arn = "arn:aws:kinesis:eu-central-1:123456789012:stream/orders";
    /// let params = EndpointParams { stream_arn: Some(arn), ..params };
    /// let endpoint = Endpoint::resolve(&params)?;
    /// let host = "123456789012.data-kinesis.eu-central-1.amazonaws.com";
    /// assert_eq!(endpoint.uri.host(), Some(host));
    /// # Ok::<(), millstream_client::endpoint::EndpointError>(())
    /// ```
    ///
    /// # Errors
    /// If the parameters contradict each other, an ARN is not one of Kinesis's, or there is neither
    /// a region nor an endpoint.
    pub fn resolve(params: &EndpointParams<'_>) -> Result<Self, EndpointError> {
        let region = params.region.map(|region| region_of(region));
        let is_pseudo = region.as_deref() != params.region;
        let params = EndpointParams {
            region: region.as_deref(),
            use_fips: params.use_fips || is_pseudo,
            ..*params
        };
        if let Some(region) = params.region.filter(|region| !is_region(region)) {
            return Err(EndpointError::Region(region.to_owned()));
        }
        let url = url(&params)?;
        let uri = url.parse().ok().filter(is_server);
        let uri = uri.ok_or(EndpointError::Url(url))?;
        Ok(Self {
            uri,
            signing_region: region.map(Cow::into_owned),
        })
    }
}

/// The region that a pseudo-region such as `fips-us-east-1` stands for.
fn region_of(region: &str) -> Cow<'_, str> {
    if region.contains("fips-") || region.contains("-fips") {
        region.replace("fips-", "").replace("-fips", "").into()
    } else {
        region.into()
    }
}

/// Whether requests can be sent there: AWS's SDKs refuse `localhost:4567`, which has no scheme.
fn is_server(uri: &Uri) -> bool {
    let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
    is_http && uri.host().is_some_and(|host| !host.is_empty())
}

/// Maximum length of a label of a host name.
const LABEL_BYTES_MAX: usize = 63;

fn is_label(text: &str) -> bool {
    let is_part = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    let is_whole = !text.is_empty() && text.len() <= LABEL_BYTES_MAX && text.bytes().all(is_part);
    is_whole && !text.starts_with('-') && !text.ends_with('-')
}

fn is_region(text: &str) -> bool {
    is_label(text) && !text.bytes().all(|b| b.is_ascii_digit())
}

/// The two services that share an API, by the first part of their host names.
const STREAMS: &str = "kinesis";
const QUEUES: &str = "kinesis-queues";

fn url(params: &EndpointParams<'_>) -> Result<String, EndpointError> {
    let region = params.region.map(|region| Regional {
        region,
        partition: Partition::of(region),
        params,
    });
    let named = region
        .as_ref()
        .filter(|r| r.partition.has_named_endpoints());
    if let (Some(regional), Some(id)) = (named, params.stream_id.and_then(StreamIdParts::of)) {
        return regional.of_stream_id(id);
    }
    if let Some(endpoint) = params.endpoint {
        return custom(params, endpoint);
    }
    if let Some(url) = region.as_ref().and_then(Regional::of_arns) {
        return url;
    }
    if params.queue_arn.is_some() && params.resource_type != ResourceType::Queue {
        return Err(EndpointError::QueueArnOfOtherOperation);
    }
    let regional = region.ok_or(EndpointError::RegionMissing)?;
    if let Some(url) = regional.of_account() {
        return url;
    }
    Ok(match params.resource_type {
        ResourceType::Queue => regional.url(None, QUEUES),
        ResourceType::Stream if params.use_fips && regional.partition.name == "aws-us-gov" => {
            regional.of_government()
        }
        ResourceType::Stream => regional.url(None, STREAMS),
    })
}

fn custom(params: &EndpointParams<'_>, endpoint: &str) -> Result<String, EndpointError> {
    if params.use_fips {
        return Err(EndpointError::FipsOfEndpoint);
    }
    if params.use_dual_stack {
        return Err(EndpointError::DualStackOfEndpoint);
    }
    Ok(endpoint.to_owned())
}

/// The parameters of a call to a region.
struct Regional<'a> {
    region: &'a str,
    partition: &'static Partition,
    params: &'a EndpointParams<'a>,
}

impl Regional<'_> {
    /// `https://[NAME.OPERATION-TYPE-]SERVICE[-fips].REGION.SUFFIX`.
    fn url(&self, name: Option<&str>, service: &str) -> String {
        let prefix = name.map(|name| format!("{name}.{}-", self.params.operation_type.text()));
        let prefix = prefix.unwrap_or_default();
        let fips = if self.params.use_fips { "-fips" } else { "" };
        let suffix = if self.params.use_dual_stack {
            self.partition.dual_stack_dns_suffix
        } else {
            self.partition.dns_suffix
        };
        format!("https://{prefix}{service}{fips}.{}.{suffix}", self.region)
    }

    /// All endpoints of the government's regions conform to FIPS, and the usual name stands for it,
    /// except with dual stack.
    fn of_government(&self) -> String {
        if self.params.use_dual_stack {
            return self.url(None, STREAMS);
        }
        format!("https://kinesis.{}.amazonaws.com", self.region)
    }

    fn of_stream_id(&self, id: StreamIdParts<'_>) -> Result<String, EndpointError> {
        let StreamIdParts { prefix, suffix } = id;
        if !is_label(prefix) || !is_label(suffix) {
            return Err(EndpointError::StreamId);
        }
        let stage = self.params.endpoint.and_then(stage).unwrap_or_default();
        if stage.is_empty() || is_label(&stage[1..]) {
            let service = format!("{STREAMS}{stage}");
            return Ok(self.url(Some(&format!("{prefix}.{suffix}")), &service));
        }
        Err(EndpointError::StreamId)
    }

    /// The endpoint that an ARN names, in the order in which AWS looks at them.
    fn of_arns(&self) -> Option<Result<String, EndpointError>> {
        use ArnMember::{Channel, Consumer, Queue, Resource, Stream};
        let params = self.params;
        if self.partition.has_named_endpoints() {
            let named = [
                (Stream, params.stream_arn),
                (Consumer, params.consumer_arn),
                (Resource, params.resource_arn),
                (Channel, params.channel_arn),
            ];
            let named = named
                .into_iter()
                .find_map(|(member, arn)| Some((member, arn?)));
            if let Some((member, arn)) = named {
                return Some(self.of_arn(member, arn));
            }
        } else if let Some(arn) = params.resource_arn {
            let parsed = Arn::parse(arn);
            if parsed.is_some_and(|arn| arn.kind() == Identified::Queue.text()) {
                return Some(self.of_arn(Resource, arn));
            }
        }
        let arn = params.queue_arn?;
        (params.resource_type == ResourceType::Queue).then(|| self.of_arn(Queue, arn))
    }

    fn of_arn(&self, member: ArnMember, text: &str) -> Result<String, EndpointError> {
        let arn = Arn::parse(text).ok_or(EndpointError::ArnUnread)?;
        if !is_label(arn.account) {
            return Err(EndpointError::ArnAccount);
        }
        if !is_label(arn.region) {
            return Err(EndpointError::ArnRegion);
        }
        if arn.service != STREAMS {
            return Err(EndpointError::ArnService(arn.service.to_owned()));
        }
        let kind = arn.kind();
        if kind.is_empty() {
            return Err(EndpointError::ArnWithoutType);
        }
        let identified = member.identified(kind);
        let identified = identified.ok_or_else(|| EndpointError::ArnType {
            member,
            found: kind.to_owned(),
        })?;
        if arn.partition != self.partition.name {
            return Err(EndpointError::ArnPartition {
                found: arn.partition.to_owned(),
                expected: self.partition.name,
            });
        }
        if identified == Identified::Stream {
            return Ok(self.url(Some(arn.account), STREAMS));
        }
        let id = arn.id().ok_or(EndpointError::IdMissing(identified))?;
        if !is_label(id) {
            return Err(EndpointError::Id(identified));
        }
        if member == ArnMember::Channel && self.params.operation_type == OperationType::Data {
            return Err(EndpointError::DataOfChannel);
        }
        let name = self.partition.has_named_endpoints().then_some(id);
        Ok(match identified {
            Identified::Queue => self.url(name, QUEUES),
            Identified::Stream | Identified::Channel => self.url(name, STREAMS),
        })
    }

    /// The endpoint of the account whose credentials sign the call.
    fn of_account(&self) -> Option<Result<String, EndpointError>> {
        let account = match (self.params.account_id_mode, self.params.account_id) {
            (AccountIdMode::Disabled, _) | (AccountIdMode::Preferred, None) => return None,
            (AccountIdMode::Preferred | AccountIdMode::Required, account) => account,
        };
        let is_named = self.partition.has_named_endpoints();
        let service = match self.params.resource_type {
            ResourceType::Queue => QUEUES,
            ResourceType::Stream => STREAMS,
        };
        match account {
            Some(account) if is_named && is_label(account) => {
                Some(Ok(self.url(Some(account), service)))
            }
            Some(_) if is_named => Some(Err(EndpointError::AccountId)),
            _ if self.params.account_id_mode == AccountIdMode::Preferred => None,
            _ if is_named => Some(Err(EndpointError::AccountIdMissing)),
            _ => Some(Err(EndpointError::AccountIdOfPartition)),
        }
    }
}

/// An ARN, as AWS's rules read it: any text with five colons.
#[derive(Clone, Copy)]
struct Arn<'a> {
    partition: &'a str,
    service: &'a str,
    region: &'a str,
    account: &'a str,
    resource: &'a str,
}

impl<'a> Arn<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.strip_prefix("arn:")?.splitn(5, ':');
        let mut next = || parts.next();
        let arn = Self {
            partition: next()?,
            service: next()?,
            region: next()?,
            account: next()?,
            resource: next()?,
        };
        let required = [arn.partition, arn.service, arn.resource];
        required.iter().all(|part| !part.is_empty()).then_some(arn)
    }

    fn parts(self) -> impl Iterator<Item = &'a str> {
        self.resource.split(['/', ':'])
    }

    /// What kind of resource it names.
    fn kind(self) -> &'a str {
        self.parts().next().unwrap_or_default()
    }

    /// What follows the kind.
    fn id(self) -> Option<&'a str> {
        self.parts().nth(1)
    }
}

/// A stream's id: 20 characters, a hyphen, 3 characters.
struct StreamIdParts<'a> {
    prefix: &'a str,
    suffix: &'a str,
}

/// The length of a stream id's first part.
const STREAM_ID_PREFIX: usize = 20;
/// The length of its second.
const STREAM_ID_SUFFIX: usize = 3;

impl<'a> StreamIdParts<'a> {
    fn of(id: &'a str) -> Option<Self> {
        let hyphen_from_end = id.len().checked_sub(STREAM_ID_SUFFIX + 1)?;
        let is_hyphen = |at: usize| id.as_bytes().get(at) == Some(&b'-');
        if !id.is_ascii() || !is_hyphen(STREAM_ID_PREFIX) || !is_hyphen(hyphen_from_end) {
            return None;
        }
        let suffix = STREAM_ID_PREFIX + 1;
        Some(Self {
            prefix: &id[..STREAM_ID_PREFIX],
            suffix: id.get(suffix..suffix + STREAM_ID_SUFFIX)?,
        })
    }
}

/// The five characters behind `kinesis` in the endpoint of one of AWS's own stages, such as `-beta`
/// in `https://kinesis-beta.us-east-1.amazonaws.com`: the one part of a custom endpoint that a
/// stream's id leaves standing.
fn stage(endpoint: &str) -> Option<&str> {
    const STAGE_BYTES: usize = 5;
    if !endpoint.is_ascii() {
        return None;
    }
    ["https://kinesis", "http://"]
        .into_iter()
        .find_map(|before| {
            let rest = endpoint.get(before.len()..)?;
            let is_stage = rest.starts_with('-') && rest.as_bytes().get(STAGE_BYTES) == Some(&b'.');
            is_stage.then(|| &rest[..STAGE_BYTES])
        })
}
