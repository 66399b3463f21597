//! Accounts, regions and the names that users give.

use std::fmt;
use std::sync::Arc;

/// Why a text is not a valid name of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {0}")]
pub struct NameError(pub &'static str);

macro_rules! text_newtype {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Parses and validates a text.
            ///
            /// # Errors
            /// If it is not valid.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                let is_valid: fn(&str) -> bool = $check;
                if is_valid(text) { Ok(Self(Arc::from(text))) } else { Err(NameError($kind)) }
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        /// Orders and hashes as its text, so that a map can be queried by `&str`.
        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

fn is_name(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

text_newtype!(
    /// An AWS account: twelve digits.
    AccountId,
    "account id",
    |text| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
);
text_newtype!(
    /// A region, such as `us-east-1`. Any name of that form is accepted: a self-hosted server may
    /// use its own.
    Region,
    "region",
    |text| (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
);
text_newtype!(
    /// A stream's name: 1–128 of `[a-zA-Z0-9_.-]`, unique in its account and region.
    StreamName,
    "stream name",
    is_name
);
text_newtype!(
    /// A registered consumer's name: 1–128 of `[a-zA-Z0-9_.-]`, unique in its stream.
    ConsumerName,
    "consumer name",
    is_name
);

impl AccountId {
    /// The default account, for requests that name none.
    pub fn zero() -> Self {
        Self(Arc::from("000000000000"))
    }
}

impl Region {
    /// The default region, for requests that name none.
    pub fn us_east_1() -> Self {
        Self(Arc::from("us-east-1"))
    }

    /// The ARN partition that the region belongs to.
    pub fn partition(&self) -> &'static str {
        if self.0.starts_with("cn-") {
            "aws-cn"
        } else if self.0.starts_with("us-gov-") {
            "aws-us-gov"
        } else {
            "aws"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_when_at_and_past_their_bounds_then_only_valid_ones_parse() {
        assert!(StreamName::parse("a").is_ok());
        assert!(StreamName::parse(&"a".repeat(128)).is_ok());
        for bad in ["", &"a".repeat(129), "a/b", "ä", "a b"] {
            assert_eq!(
                StreamName::parse(bad),
                Err(NameError("stream name")),
                "{bad:?}"
            );
        }
        assert!(AccountId::parse("123456789012").is_ok());
        for bad in ["", "12345678901", "1234567890123", "12345678901a"] {
            assert_eq!(
                AccountId::parse(bad),
                Err(NameError("account id")),
                "{bad:?}"
            );
        }
    }
}
