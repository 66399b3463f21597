//! Secret bytes: keys.
//!
//! A secret prints as stars, compares in constant time, and is zeroized when dropped. Values
//! derived from it are not covered: code that encodes a secret or passes it to a cipher is
//! responsible for the result.

use std::fmt;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

/// `N` secret bytes. They are boxed, so that moving the value leaves no copy behind.
#[derive(Clone)]
pub struct Secret<const N: usize>(Box<Zeroizing<[u8; N]>>);

impl<const N: usize> Secret<N> {
    /// A secret whose bytes `fill` writes.
    pub fn filled(fill: impl FnOnce(&mut [u8])) -> Self {
        let mut secret = Self(Box::new(Zeroizing::new([0; N])));
        fill(&mut **secret.0);
        secret
    }

    /// The bytes, for code that has to use them.
    pub fn expose(&self) -> &[u8; N] {
        &self.0
    }
}

/// Moves the bytes in and zeroizes the source.
impl<const N: usize> From<[u8; N]> for Secret<N> {
    fn from(mut bytes: [u8; N]) -> Self {
        let secret = Self::filled(|place| place.copy_from_slice(&bytes));
        bytes.zeroize();
        secret
    }
}

impl<const N: usize> PartialEq for Secret<N> {
    fn eq(&self, other: &Self) -> bool {
        self.expose().ct_eq(other.expose()).into()
    }
}

impl<const N: usize> Eq for Secret<N> {}

impl<const N: usize> fmt::Debug for Secret<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A secret text of any length, such as a secret access key or a session's token.
#[derive(Clone)]
pub struct SecretText(Zeroizing<Vec<u8>>);

impl SecretText {
    /// The bytes, for code that has to use them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Whether this is the text, in a time that depends on its length alone.
    pub fn is(&self, text: &[u8]) -> bool {
        self.expose().ct_eq(text).into()
    }
}

/// Takes the text over, without a copy.
impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text.into_bytes()))
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_when_printed_then_is_stars_alone() {
        let secret = Secret::from([0x41; 32]);
        assert_eq!(format!("{secret:?} {secret:#?}"), "*** ***");
        assert_eq!(secret.expose(), &[0x41; 32]);
    }

    #[test]
    fn text_when_printed_then_is_stars_and_is_compared_as_a_whole() {
        let text = SecretText::from("CANARY".to_owned());
        assert_eq!(format!("{text:?} {text:#?}"), "*** ***");
        assert!(text.is(b"CANARY"));
        for other in ["", "CANAR", "CANARYS", "CANARy"] {
            assert!(!text.is(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn secrets_when_compared_then_are_alike_by_every_byte() {
        let secret = Secret::filled(|bytes| bytes.fill(7));
        assert_eq!(secret, Secret::from([7; 4]));
        for place in 0..4 {
            let mut other = [7; 4];
            other[place] = 8;
            assert_ne!(secret, Secret::from(other));
        }
    }
}
