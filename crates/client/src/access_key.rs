//! Access keys that a program has at hand.

use std::fmt;

/// An access key.
#[derive(Clone)]
pub struct Credentials {
    pub(crate) inner: aws_credential_types::Credentials,
}

impl Credentials {
    /// An access key, with a session token if it has one.
    pub fn new(
        access_key_id: impl Into<String>,
        secret_access_key: impl Into<String>,
        session_token: Option<String>,
    ) -> Self {
        let inner = aws_credential_types::Credentials::new(
            access_key_id,
            secret_access_key,
            session_token,
            None,
            "millstream-client",
        );
        Self { inner }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({}, ***)", self.inner.access_key_id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_when_printed_then_keep_their_secret() {
        let credentials = Credentials::new("AKID", "hidden", Some("hidden".to_owned()));
        assert_eq!(format!("{credentials:?}"), "Credentials(AKID, ***)");
    }
}
