//! The part of a request, besides its body, that authentication looks at.

use crate::{Claimed, Context};
use http::{HeaderMap, HeaderName, Method, Uri};

/// A request's head, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// The method.
    pub method: &'a Method,
    /// The request target, with its query.
    pub uri: &'a Uri,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// How the request arrived.
    pub context: Context,
}

impl<'a> Head<'a> {
    /// A header's text; `None` if it is missing or not text.
    pub(crate) fn text(&self, name: HeaderName) -> Option<&'a str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl<'a> Head<'a> {
    /// The head of a request with this context.
    pub fn new(parts: &'a http::request::Parts, context: Context) -> Self {
        Self {
            method: &parts.method,
            uri: &parts.uri,
            headers: &parts.headers,
            context,
        }
    }

    /// What the request says of its sender. Nothing of it is verified.
    pub fn claimed(self) -> Claimed {
        Claimed::of(self)
    }
}
