//! Whom a request claims to come from, in either of AWS's two forms, unverified.
//!
//! Parsing a claim judges its form alone, with AWS's texts; whether it is true is for the
//! authenticator. A request never falls back from one form to the other, and duplicates are
//! refused.

use crate::Head;
use http::HeaderName;
use millstream_protocol::{Error, ErrorCode};
use std::borrow::Cow;

/// A complete claim: the text of its credential.
#[derive(Debug)]
pub(crate) struct Claim<'a> {
    pub(crate) credential: Cow<'a, str>,
    pub(crate) scope: Scope<'a>,
}

/// Which scope the signing algorithm gives a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope<'a> {
    /// The scope names a region.
    Regional,
    /// The scope names none: the signature holds in a set of regions, which a header lists.
    OfRegions(Option<&'a str>),
}

/// The algorithm whose scope names no region.
const ASYMMETRIC: &str = "AWS4-ECDSA-P256-SHA256";
const REGION_SET: HeaderName = HeaderName::from_static("x-amz-region-set");
const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const HEADER_PARAMETERS: [&str; 3] = ["Credential", "Signature", "SignedHeaders"];
const QUERY_PARAMETERS: [&str; 5] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Signature",
    "X-Amz-SignedHeaders",
    "X-Amz-Date",
];

impl<'a> Claim<'a> {
    /// Parses the claim of a request; `None` if it makes none.
    ///
    /// # Errors
    /// `InvalidSignatureException` if it makes one in each form, `IncompleteSignatureException` if
    /// parts of it are missing.
    pub(crate) fn read(head: Head<'a>) -> Result<Option<Self>, Error> {
        let mut headers = head.headers.get_all(http::header::AUTHORIZATION).iter();
        let header = headers.next().map(|value| text_of(value.as_bytes()));
        if headers.next().is_some() {
            return Err(incomplete(TWO_HEADERS.to_owned()));
        }
        let header = header.filter(|text| !text.is_empty());
        let query = head.uri.query().map(QueryForm::read).transpose()?;
        let query = query.filter(QueryForm::is_claim);
        match (header, query) {
            (None, None) => Ok(None),
            (Some(_), Some(_)) => Err(found_both()),
            (Some(header), None) => from_header(head, header).map(Some),
            (None, Some(query)) => query.complete().map(Some),
        }
    }
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
    let scope = if header.starts_with(ASYMMETRIC) {
        Scope::OfRegions(head.text(REGION_SET))
    } else {
        Scope::Regional
    };
    let credential = match header {
        Cow::Borrowed(header) => Cow::Borrowed(credential_of(head, header)?),
        Cow::Owned(header) => Cow::Owned(credential_of(head, &header)?.to_owned()),
    };
    Ok(Claim { credential, scope })
}

fn credential_of<'h>(head: Head<'_>, header: &'h str) -> Result<&'h str, Error> {
    let values = header_values(header)?;
    let is_dated = head.text(DATE).is_some() || head.text(http::header::DATE).is_some();
    if !is_dated || values.contains(&"") {
        return Err(incomplete(lacking(header, values, is_dated)));
    }
    let [credential, ..] = values;
    Ok(credential)
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
}

impl<'a> QueryForm<'a> {
    fn read(query: &'a str) -> Result<Self, Error> {
        let mut form = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if let Some(place) = QUERY_PARAMETERS.iter().position(|known| *known == name)
                && form.values[place].replace(value).is_some()
            {
                return Err(incomplete(twice(&name)));
            }
        }
        Ok(form)
    }

    /// Whether the query makes a claim: it names an algorithm or a credential, whatever else it
    /// lacks.
    fn is_claim(&self) -> bool {
        self.values[0].is_some() || self.values[1].is_some()
    }

    fn complete(self) -> Result<Claim<'a>, Error> {
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
        let [_, credential, ..] = self.values;
        Ok(Claim {
            credential: credential.unwrap_or_default(),
            scope: Scope::Regional,
        })
    }
}
