//! New access keys, from the operating system's chance.

use crate::credentials::layout::SECRET_BYTES_MAX;
use millstream_env::Random;
use zeroize::Zeroizing;

/// Says whose keys these are, as AWS's begin with AKIA.
const ID_PREFIX: &str = "MSAK";
/// The letters of an id that are drawn: 80 bits.
const ID_LETTERS: usize = 16;
/// The letters of a secret: 240 bits, as many as AWS's have.
const SECRET_LETTERS: usize = 40;

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const _: () = assert!(SECRET_LETTERS <= SECRET_BYTES_MAX);

/// A new access key.
pub struct Issued {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: Zeroizing<String>,
}

/// Draws an access key.
pub fn draw(random: &dyn Random) -> Issued {
    let mut id = [0; ID_LETTERS];
    random.fill(&mut id);
    let mut secret = Zeroizing::new([0; SECRET_LETTERS]);
    random.fill(&mut *secret);
    // The alphabets have 32 and 64 letters, so that each is drawn as often.
    let id = id.map(|byte| char::from(BASE32[usize::from(byte % 32)]));
    let mut text = Zeroizing::new(String::with_capacity(SECRET_LETTERS));
    for byte in &*secret {
        text.push(char::from(BASE64[usize::from(byte % 64)]));
    }
    Issued {
        id: ID_PREFIX.chars().chain(id).collect(),
        secret: text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_auth::AccessKeyId;
    use millstream_env::SystemRandom;
    use std::collections::BTreeSet;

    #[test]
    fn keys_when_drawn_then_are_valid_and_never_the_same() {
        let mut seen = BTreeSet::new();
        for _ in 0..100 {
            let Issued { id, secret } = draw(&SystemRandom);
            assert!(AccessKeyId::parse(&id).is_some() && id.len() == 20, "{id}");
            assert_eq!(secret.len(), 40);
            assert!(seen.insert(id) && seen.insert(secret.to_string()));
        }
    }
}
