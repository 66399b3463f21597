//! Signs requests with AWS's Signature Version 4, fast.
//!
//! Every request has its own signature over the time at which it is sent, as with a real client.
//! Whatever does not change between requests (the signing key of the day, the names of the headers)
//! is cached. A test compares the signatures with those of AWS's own signer, and `bench sign`
//! compares the costs.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::io::Write;
use std::time::SystemTime;
use time::OffsetDateTime;
use time::macros::format_description;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const SIGNED_HEADERS: &str = "content-type;host;x-amz-date;x-amz-target";
/// The access key of the generator, which the servers that verify signatures know.
pub const KEY_ID: &str = "AKIDBENCH";
/// Its secret.
pub const SECRET: &str = "no-secret-of-anybody";
/// The region of its requests.
pub const REGION: &str = "us-east-1";

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// A SHA-256 in lower-case hexadecimal digits.
pub type HexHash = [u8; 64];

/// The hash of a body, as the signature covers it.
pub fn hash(body: &[u8]) -> HexHash {
    hex(&Sha256::digest(body).into())
}

fn hex(bytes: &[u8; 32]) -> HexHash {
    let mut digits = [0; 64];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    digits
}

fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text);
    mac.finalize().into_bytes().into()
}

/// The signer of one connection's requests.
#[derive(Clone, Debug)]
pub struct Signer {
    access_key: String,
    secret: String,
    region: String,
    day: String,
    key: [u8; 32],
    scratch: Vec<u8>,
}

/// The content of a request's head, apart from the signature.
#[derive(Clone, Debug)]
pub struct Head {
    /// The server, as `Host` names it.
    pub host: String,
    /// The body's type.
    pub content_type: &'static str,
    /// `X-Amz-Target`.
    pub target: String,
}

impl Signer {
    /// The signer of an access key of its own, where a server takes any.
    pub fn of(access_key: &str) -> Self {
        Self {
            access_key: access_key.to_owned(),
            ..Self::new()
        }
    }

    /// The signer of the generator, without a cached key.
    pub fn new() -> Self {
        Self {
            access_key: KEY_ID.to_owned(),
            secret: SECRET.to_owned(),
            region: REGION.to_owned(),
            day: String::new(),
            key: [0; 32],
            scratch: Vec::new(),
        }
    }

    /// Appends the head of a signed request: request line, headers, and the blank line after them.
    pub fn write_head(
        &mut self,
        head: &Head,
        body: (&HexHash, usize),
        now: SystemTime,
        out: &mut Vec<u8>,
    ) {
        let stamp = stamp(now);
        self.turn_to(&stamp[..8]);
        let signature = self.sign(head, body.0, &stamp);
        let (access_key, day, region) = (&self.access_key, &self.day, &self.region);
        write!(
            out,
            "POST / HTTP/1.1\r\nhost: {}\r\ncontent-type: {}\r\nx-amz-target: {}\r\n\
             x-amz-date: {stamp}\r\nauthorization: {ALGORITHM} \
             Credential={access_key}/{day}/{region}/kinesis/aws4_request, \
             SignedHeaders={SIGNED_HEADERS}, Signature=",
            head.host, head.content_type, head.target
        )
        .expect("memory can be written to");
        out.extend_from_slice(&signature);
        write!(out, "\r\ncontent-length: {}\r\n\r\n", body.1).expect("memory can be written to");
    }

    /// Derives the signing key when the day changes.
    fn turn_to(&mut self, day: &str) {
        if self.day == day {
            return;
        }
        day.clone_into(&mut self.day);
        let secret = format!("AWS4{}", self.secret);
        let key = hmac(secret.as_bytes(), day.as_bytes());
        let key = hmac(&key, self.region.as_bytes());
        self.key = hmac(&hmac(&key, b"kinesis"), b"aws4_request");
    }

    fn sign(&mut self, head: &Head, body: &HexHash, stamp: &str) -> HexHash {
        self.scratch.clear();
        write!(
            self.scratch,
            "POST\n/\n\ncontent-type:{}\nhost:{}\nx-amz-date:{stamp}\nx-amz-target:{}\n\n\
             {SIGNED_HEADERS}\n",
            head.content_type, head.host, head.target
        )
        .expect("memory can be written to");
        self.scratch.extend_from_slice(body);
        let request = hash(&self.scratch);
        self.scratch.clear();
        let (day, region) = (&self.day, &self.region);
        write!(
            self.scratch,
            "{ALGORITHM}\n{stamp}\n{day}/{region}/kinesis/aws4_request\n"
        )
        .expect("memory can be written to");
        self.scratch.extend_from_slice(&request);
        hex(&hmac(&self.key, &self.scratch))
    }
}

fn stamp(now: SystemTime) -> String {
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    OffsetDateTime::from(now)
        .format(format)
        .expect("the format has only parts of a date and a time")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signing_cost::signature;
    use std::time::Duration;

    #[test]
    fn head_when_written_then_has_the_signature_that_awss_signer_makes() {
        let mut signer = Signer::new();
        let head = Head {
            host: "127.0.0.1:4567".to_owned(),
            content_type: "application/x-amz-json-1.1",
            target: "Kinesis_20131202.PutRecord".to_owned(),
        };
        // The second is on another day, and needs another key.
        for (seconds, body) in [(1_700_000_000, &b"{}"[..]), (1_700_100_000, b"other")] {
            let now = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            let mut written = Vec::new();
            signer.write_head(&head, (&hash(body), body.len()), now, &mut written);
            let written = String::from_utf8(written).unwrap();
            let expected = signature(&head, body, now).unwrap();
            let expected = format!("Signature={expected}\r\n");
            assert!(written.contains(&expected), "{written}\n{expected}");
        }
    }
}
