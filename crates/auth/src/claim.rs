//! Who a request says it comes from, in either of AWS's two forms, unproven.
//!
//! Reading a claim judges its form alone, with AWS's texts; whether it is true is the
//! authenticator's business. A request never falls back from one form to the other.

use crate::Head;
use std::borrow::Cow;
use wire::{Error, ErrorCode};

/// The credential text of a complete claim.
#[derive(Debug)]
pub(crate) struct Claim<'a> {
    pub(crate) credential: Cow<'a, str>,
}

const HEADER_PARAMETERS: [&str; 3] = ["Credential", "Signature", "SignedHeaders"];
const QUERY_PARAMETERS: [&str; 5] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Signature",
    "X-Amz-SignedHeaders",
    "X-Amz-Date",
];

impl<'a> Claim<'a> {
    /// Reads the claim of a request; absent if it makes none.
    ///
    /// # Errors
    /// `InvalidSignatureException` if it makes one in each form, `IncompleteSignatureException` if
    /// parts of it are missing.
    pub(crate) fn read(head: Head<'a>) -> Result<Option<Self>, Error> {
        let header = head.headers.get(http::header::AUTHORIZATION);
        let header = header.map(|value| String::from_utf8_lossy(value.as_bytes()));
        let header = header.filter(|text| !text.is_empty());
        let query = head
            .uri
            .query()
            .map(QueryForm::read)
            .filter(|query| query.is_claim());
        match (header, query) {
            (None, None) => Ok(None),
            (Some(_), Some(_)) => Err(found_both()),
            (Some(header), None) => from_header(head, header).map(Some),
            (None, Some(query)) => query.complete().map(Some),
        }
    }
}

fn found_both() -> Error {
    Error::new(
        ErrorCode::InvalidSignatureException,
        "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
    )
}

fn incomplete(message: String) -> Error {
    Error::new(ErrorCode::IncompleteSignatureException, message)
}

/// `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`
fn from_header<'a>(head: Head<'a>, header: Cow<'a, str>) -> Result<Claim<'a>, Error> {
    let values = header_values(&header);
    let mut message = String::new();
    for (name, value) in HEADER_PARAMETERS.into_iter().zip(values) {
        if value.is_empty() {
            message += &format!("Authorization header requires '{name}' parameter. ");
        }
    }
    if head.text("x-amz-date").is_none() && head.text("date").is_none() {
        message += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' \
                    header. ";
    }
    if !message.is_empty() {
        return Err(incomplete(format!("{message}Authorization={header}")));
    }
    let [credential, ..] = values;
    // Parts between ASCII bytes of a text are texts.
    let credential = String::from_utf8_lossy(credential).into_owned();
    Ok(Claim {
        credential: Cow::Owned(credential),
    })
}

/// The values of [`HEADER_PARAMETERS`], which stand behind the algorithm; empty where missing. Every
/// request comes through here, so it reads the header once.
fn header_values(header: &str) -> [&[u8]; HEADER_PARAMETERS.len()] {
    let mut values: [&[u8]; HEADER_PARAMETERS.len()] = [&[]; _];
    for pair in header
        .as_bytes()
        .split(|byte| matches!(byte, b',' | b' '))
        .skip(1)
    {
        for (name, value) in HEADER_PARAMETERS.iter().zip(&mut values) {
            let rest = pair.strip_prefix(name.as_bytes());
            if let Some(found) = rest.and_then(|rest| rest.strip_prefix(b"=")) {
                *value = found;
            }
        }
    }
    values
}

/// The `X-Amz-…` parameters of a query, by their place in [`QUERY_PARAMETERS`].
#[derive(Debug, Default)]
struct QueryForm<'a> {
    values: [Option<Cow<'a, str>>; QUERY_PARAMETERS.len()],
}

impl<'a> QueryForm<'a> {
    fn read(query: &'a str) -> Self {
        let mut form = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if let Some(place) = QUERY_PARAMETERS.iter().position(|known| *known == name) {
                form.values[place] = Some(value);
            }
        }
        form
    }

    /// Whether the query names an algorithm or a credential: then it speaks of its sender, whatever
    /// else it lacks.
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
        })
    }
}
