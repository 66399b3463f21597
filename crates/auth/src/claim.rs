//! Whom a request claims to come from, in either of AWS's two forms, unverified.
//!
//! Parsing a claim judges its form alone, with AWS's texts; whether it is true is for the
//! authenticator. A request never falls back from one form to the other, and what its own form says
//! twice is refused.

use crate::credential::Credential;
use crate::{AccessKeyId, Head};
use http::HeaderName;
use millstream_model::Region;
use millstream_protocol::{Error, ErrorCode};
use std::borrow::Cow;

/// A complete claim: its texts, none of which is empty.
pub(crate) struct Claim<'a> {
    pub(crate) credential: Cow<'a, str>,
    pub(crate) scope: Scope<'a>,
    pub(crate) signed_headers: Cow<'a, str>,
    pub(crate) signature: Cow<'a, str>,
    pub(crate) form: Form<'a>,
}

/// Where a claim is made, with what only that place says.
pub(crate) enum Form<'a> {
    /// In the header `Authorization`; its date and its token are headers too.
    Header,
    /// In the query.
    Query(Presigned<'a>),
}

/// What a query says beside the parts that both forms have.
pub(crate) struct Presigned<'a> {
    pub(crate) date: Cow<'a, str>,
    pub(crate) expires: Option<Cow<'a, str>>,
    pub(crate) token: Option<Cow<'a, str>>,
}

/// Which scope the signing algorithm gives a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scope<'a> {
    /// The scope names a region.
    Regional,
    /// The scope names none: the signature holds in a set of regions, of which this is the first
    /// that is named without a pattern.
    OfRegions(Option<Cow<'a, str>>),
}

/// The algorithm whose scope names a region.
const SYMMETRIC: &str = "AWS4-HMAC-SHA256";
/// The algorithm whose scope names none.
pub(crate) const ASYMMETRIC: &str = "AWS4-ECDSA-P256-SHA256";
const REGION_SET: HeaderName = HeaderName::from_static("x-amz-region-set");
pub(crate) const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const HEADER_PARAMETERS: [&str; 3] = ["Credential", "Signature", "SignedHeaders"];
/// The first one makes a query a claim.
const QUERY_PARAMETERS: [&str; 5] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Signature",
    "X-Amz-SignedHeaders",
    "X-Amz-Date",
];
/// Parameters that a claim may have.
const OPTIONAL_PARAMETERS: [&str; 3] =
    ["X-Amz-Region-Set", "X-Amz-Expires", "X-Amz-Security-Token"];

impl<'a> Claim<'a> {
    /// Parses the claim of a request; `None` if it makes none.
    ///
    /// # Errors
    /// `InvalidSignatureException` if it makes one in each form, `IncompleteSignatureException` if
    /// parts of it are missing, `MissingAuthenticationTokenException` if there are parts of a query
    /// without the one that makes it a claim.
    pub(crate) fn read(head: Head<'a>) -> Result<Option<Self>, Error> {
        let mut headers = head.headers.get_all(http::header::AUTHORIZATION).iter();
        let header = headers.next().map(|value| text_of(value.as_bytes()));
        if headers.next().is_some() {
            return Err(incomplete(TWO_HEADERS.to_owned()));
        }
        let header = header.filter(|text| !text.is_empty());
        let query = head.uri.query().map(QueryForm::read).unwrap_or_default();
        match header {
            Some(_) if query.is_claim() => Err(found_both()),
            Some(header) => from_header(head, header).map(Some),
            None if query.is_claim() => query.complete().map(Some),
            None if query.is_nothing() => Ok(None),
            None => Err(missing()),
        }
    }
}

/// What a request says of its sender, whether or not it is true.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claimed {
    /// The access key that it names, if that can be one.
    pub access_key_id: Option<AccessKeyId>,
    /// The region that it names, if that can be one.
    pub region: Option<Region>,
}

impl Claimed {
    pub(crate) fn of(head: Head<'_>) -> Self {
        let claim = Claim::read(head).ok().flatten();
        let credential = claim
            .as_ref()
            .and_then(|claim| Credential::parse(&claim.credential, &claim.scope).ok());
        credential.map_or_else(Self::default, |credential| Self {
            access_key_id: AccessKeyId::parse(credential.access_key_id),
            region: credential
                .region
                .and_then(|region| Region::parse(region).ok()),
        })
    }
}

/// The error of a request that makes no claim where one is required.
pub(crate) fn missing() -> Error {
    Error::new(
        ErrorCode::MissingAuthenticationTokenException,
        "Missing Authentication Token",
    )
}

/// *Unrecorded*.
const TWO_HEADERS: &str = "Authorization header is present more than once.";

fn found_both() -> Error {
    Error::new(
        ErrorCode::InvalidSignatureException,
        "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
    )
}

fn incomplete(message: String) -> Error {
    Error::new(ErrorCode::IncompleteSignatureException, message)
}

/// A header's text. Almost every header is ASCII, so that case is tried first.
fn text_of(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    }
}

/// `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`
fn from_header<'a>(head: Head<'a>, header: Cow<'a, str>) -> Result<Claim<'a>, Error> {
    let [credential, signature, signed_headers] = match &header {
        Cow::Borrowed(header) => parts_of(head, header)?.map(Cow::Borrowed),
        Cow::Owned(header) => parts_of(head, header)?.map(|part| Cow::Owned(part.to_owned())),
    };
    let algorithm = header.split([',', ' ']).next().unwrap_or_default();
    let scope = scope_of(algorithm, || {
        let sets = head.headers.get_all(REGION_SET).iter();
        sets.map(|set| text_of(set.as_bytes())).find_map(region_of)
    })?;
    Ok(Claim {
        credential,
        scope,
        signed_headers,
        signature,
        form: Form::Header,
    })
}

/// The scope of an algorithm's credentials.
///
/// # Errors
/// If there is no such algorithm. The text is *unrecorded* for this service.
fn scope_of<'a>(
    algorithm: &str,
    region: impl FnOnce() -> Option<Cow<'a, str>>,
) -> Result<Scope<'a>, Error> {
    match algorithm {
        SYMMETRIC => Ok(Scope::Regional),
        ASYMMETRIC => Ok(Scope::OfRegions(region())),
        _ => Err(unsupported(algorithm)),
    }
}

/// The error of an algorithm that is not served.
pub(crate) fn unsupported(algorithm: &str) -> Error {
    incomplete(format!("Unsupported AWS 'algorithm': '{algorithm}'."))
}

/// The first region of a set that is no pattern.
fn region_of(set: Cow<'_, str>) -> Option<Cow<'_, str>> {
    fn first(set: &str) -> Option<&str> {
        let mut regions = set.split(',').map(str::trim);
        regions.find(|region| !region.is_empty() && !region.contains('*'))
    }
    match set {
        Cow::Borrowed(set) => first(set).map(Cow::Borrowed),
        Cow::Owned(set) => first(&set).map(|region| Cow::Owned(region.to_owned())),
    }
}

/// The values of [`HEADER_PARAMETERS`], all of which a header must have.
fn parts_of<'h>(
    head: Head<'_>,
    header: &'h str,
) -> Result<[&'h str; HEADER_PARAMETERS.len()], Error> {
    let values = header_values(header)?;
    let is_dated = [DATE, http::header::DATE]
        .into_iter()
        .any(|name| head.text(name).is_some_and(|date| !date.is_empty()));
    if !is_dated || values.contains(&"") {
        return Err(incomplete(lacking(header, values, is_dated)));
    }
    Ok(values)
}

/// AWS's text for what an Authorization header lacks.
fn lacking(header: &str, values: [&str; HEADER_PARAMETERS.len()], is_dated: bool) -> String {
    let mut message = String::new();
    for (name, value) in HEADER_PARAMETERS.into_iter().zip(values) {
        if value.is_empty() {
            message += &format!("Authorization header requires '{name}' parameter. ");
        }
    }
    if !is_dated {
        message += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' \
                    header. ";
    }
    format!("{message}Authorization={header}")
}

/// The values of [`HEADER_PARAMETERS`], which follow the algorithm; empty where missing. Runs for
/// every request, so it scans the header once.
///
/// # Errors
/// If a part is not a parameter (such as the rest of a credential that contains a space), or one
/// occurs twice.
fn header_values(header: &str) -> Result<[&str; HEADER_PARAMETERS.len()], Error> {
    let mut values = [""; HEADER_PARAMETERS.len()];
    let ends = memchr::memchr2_iter(b',', b' ', header.as_bytes());
    let mut start = 0;
    let mut is_algorithm = true;
    for end in ends.chain([header.len()]) {
        let pair = &header[start..end];
        start = end + 1;
        if std::mem::take(&mut is_algorithm) || pair.is_empty() {
            continue;
        }
        let Some((name, found)) = pair.split_once('=') else {
            return Err(incomplete(format!(
                "'{pair}' not a valid key=value pair (missing equal-sign) in Authorization header: \
                 '{header}'."
            )));
        };
        if let Some(place) = HEADER_PARAMETERS.iter().position(|known| *known == name) {
            let before = std::mem::replace(&mut values[place], found);
            if !before.is_empty() {
                return Err(incomplete(twice(name)));
            }
        }
    }
    Ok(values)
}

/// *Unrecorded*.
fn twice(name: &str) -> String {
    format!("'{name}' parameter is present more than once.")
}

/// The `X-Amz-…` parameters of a query, indexed as [`QUERY_PARAMETERS`].
#[derive(Debug, Default)]
struct QueryForm<'a> {
    values: [Option<Cow<'a, str>>; QUERY_PARAMETERS.len()],
    /// The values of [`OPTIONAL_PARAMETERS`].
    optional: [Option<Cow<'a, str>>; OPTIONAL_PARAMETERS.len()],
    /// The first parameter that occurs more than once.
    repeated: Option<&'static str>,
}

impl<'a> QueryForm<'a> {
    fn read(query: &'a str) -> Self {
        let mut form = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let place = |known: &[&str]| known.iter().position(|known| *known == name);
            let (known, place) = if let Some(place) = place(&QUERY_PARAMETERS) {
                (QUERY_PARAMETERS[place], &mut form.values[place])
            } else if let Some(place) = place(&OPTIONAL_PARAMETERS) {
                (OPTIONAL_PARAMETERS[place], &mut form.optional[place])
            } else {
                continue;
            };
            if place.replace(value).is_some() {
                form.repeated.get_or_insert(known);
            }
        }
        form
    }

    /// Whether the query makes a claim: it names an algorithm, whatever else it lacks.
    fn is_claim(&self) -> bool {
        self.values[0].is_some()
    }

    /// Whether no part of a claim is there.
    fn is_nothing(&self) -> bool {
        self.values.iter().all(Option::is_none)
    }

    fn complete(self) -> Result<Claim<'a>, Error> {
        if let Some(name) = self.repeated {
            return Err(incomplete(twice(name)));
        }
        let mut message = String::new();
        for (name, value) in QUERY_PARAMETERS.iter().zip(&self.values) {
            if value.as_deref().is_none_or(str::is_empty) {
                message += &format!("AWS query-string parameters must include '{name}'. ");
            }
        }
        if !message.is_empty() {
            return Err(incomplete(
                message + "Re-examine the query-string parameters.",
            ));
        }
        let [algorithm, credential, signature, signed_headers, date] =
            self.values.map(Option::unwrap_or_default);
        let [region_set, expires, token] = self.optional;
        Ok(Claim {
            credential,
            scope: scope_of(&algorithm, || region_set.and_then(region_of))?,
            signed_headers,
            signature,
            form: Form::Query(Presigned {
                date,
                expires,
                token,
            }),
        })
    }
}
