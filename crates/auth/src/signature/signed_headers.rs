//! The list of the headers that a signature covers, and what must be on it.
//!
//! What decides who asks for what must be signed: the host, the date, and every header `x-amz-…`,
//! among them the one that names the operation. The list has one form: lower case, ascending, each
//! name once, and each of a header that is there.

use crate::Head;
use crate::claim::DATE;
use crate::signature::words;
use http::{HeaderMap, HeaderName, header};
use millstream_protocol::Error;

/// HTTP/2's name of the host.
const AUTHORITY: &str = ":authority";
/// The prefix of the headers that AWS's protocol reads.
const PREFIX: &str = "x-amz-";

/// A list of names, in its canonical form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SignedHeaders<'a>(&'a str);

impl<'a> SignedHeaders<'a> {
    /// Parses a list.
    ///
    /// # Errors
    /// If it is not in the canonical form.
    pub(crate) fn parse(text: &'a str) -> Result<Self, Error> {
        let list = Self(text);
        let mut before = "";
        for name in list.names() {
            if name <= before || !is_name(name) {
                return Err(words::not_canonical(text));
            }
            before = name;
        }
        Ok(list)
    }

    /// The list's text.
    pub(crate) fn text(self) -> &'a str {
        self.0
    }

    /// The names, in ascending order.
    pub(crate) fn names(self) -> impl Iterator<Item = &'a str> {
        self.0.split(';')
    }

    fn has(self, name: &str) -> bool {
        self.names().any(|signed| signed == name)
    }

    /// Holds the list against a request.
    ///
    /// # Errors
    /// If a header that must be on the list is not, or one on the list is not there.
    pub(crate) fn check(self, head: Head<'_>, date: DateHeader) -> Result<(), Error> {
        let (mut has_host, mut has_date, mut signed, mut absent) = (false, false, 0, None);
        for name in self.names() {
            if is_host(name) {
                has_host = true;
            } else if head.headers.contains_key(name) {
                has_date |= name == header::DATE.as_str();
                signed += usize::from(name.starts_with(PREFIX));
            } else {
                absent = absent.or(Some(name));
            }
        }
        if !has_host {
            return Err(words::unsigned("'Host' or ':authority'"));
        }
        if date == DateHeader::Date && !has_date {
            return Err(words::unsigned("'Date'"));
        }
        // No name is on the list twice: as many as there are, are all.
        let of_amazon = || {
            let names = head.headers.keys().map(HeaderName::as_str);
            names.filter(|name| name.starts_with(PREFIX))
        };
        if of_amazon().count() != signed
            && let Some(name) = of_amazon().find(|name| !self.has(name))
        {
            return Err(words::unsigned(&format!("'{name}'")));
        }
        absent.map_or(Ok(()), |name| Err(words::absent(name)))
    }
}

/// Where the date of a signature comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DateHeader {
    /// `X-Amz-Date`, which must be signed like every `x-amz-…`.
    AmzDate,
    /// `Date`.
    Date,
    /// The query.
    Query,
}

/// Whether a name stands for the host: both do, in either version of HTTP.
pub(crate) fn is_host(name: &str) -> bool {
    name == AUTHORITY || name == header::HOST.as_str()
}

/// The host that a request names.
///
/// # Errors
/// If it names two.
pub(crate) fn host_of(head: Head<'_>) -> Result<&[u8], Error> {
    let authority = head
        .uri
        .authority()
        .map(|authority| authority.as_str().as_bytes());
    let host = head.headers.get(header::HOST).map(|host| host.as_bytes());
    match (host, authority) {
        (Some(host), Some(authority)) if host != authority => Err(words::two_hosts()),
        (Some(host), _) => Ok(host),
        (None, authority) => Ok(authority.unwrap_or_default()),
    }
}

/// Headers of which a request may have one only: to sign two as `a,b` is to sign one of that value.
const ONCE: [HeaderName; 6] = [
    header::HOST,
    header::DATE,
    DATE,
    TARGET,
    SECURITY_TOKEN,
    CONTENT_SHA256,
];
const TARGET: HeaderName = HeaderName::from_static("x-amz-target");
/// The token of a session.
pub(crate) const SECURITY_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");
/// What a request says that its body's hash is.
pub(crate) const CONTENT_SHA256: HeaderName = HeaderName::from_static("x-amz-content-sha256");

/// Refuses a request that says something twice.
///
/// # Errors
/// If it does.
pub(crate) fn check_once(headers: &HeaderMap) -> Result<(), Error> {
    // As many values as names: nothing is repeated.
    if headers.len() == headers.keys_len() {
        return Ok(());
    }
    match ONCE
        .iter()
        .find(|name| headers.get_all(*name).iter().nth(1).is_some())
    {
        Some(name) => Err(words::repeated(name.as_str())),
        None => Ok(()),
    }
}

/// Whether a text is a header's name in lower case.
fn is_name(text: &str) -> bool {
    let is_letter = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(&byte)
    };
    text == AUTHORITY || (!text.is_empty() && text.bytes().all(is_letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn list_when_not_canonical_then_is_refused() {
        for text in ["host", ":authority;host;x-amz-date", "a;b;c", "accept;host"] {
            assert_eq!(SignedHeaders::parse(text).unwrap().text(), text);
        }
        for text in [
            "",
            ";",
            "host;",
            ";host",
            "Host",
            "host;Host",
            "host;host",
            "x-amz-date;host",
            "host; x-amz-date",
            "host,x-amz-date",
            "host;:authority",
            ":path",
            "h\u{f6}st",
        ] {
            let error = SignedHeaders::parse(text).unwrap_err();
            let said = error.message.unwrap();
            assert!(said.ends_with(&format!("got '{text}'")), "{said}");
        }
    }
}
