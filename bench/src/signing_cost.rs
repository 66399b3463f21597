//! The cost of signing for the generator: with our signer, and with AWS's own, as `crates/client`
//! uses it.

use crate::signer::{Head, KEY_ID, REGION, SECRET, Signer, hash};
use anyhow::Context;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use std::hint::black_box;
use std::time::{Duration, Instant, SystemTime};

/// Number of signatures to time.
const TIMES: u32 = 20_000;
/// Body sizes to time.
const BODIES: [usize; 3] = [200, 64 * 1024, 1024 * 1024];

/// Times both, and prints the cost per request.
pub fn print() -> anyhow::Result<()> {
    let head = Head {
        host: "127.0.0.1:4567".to_owned(),
        content_type: "application/x-amz-json-1.1",
        target: "Kinesis_20131202.PutRecord".to_owned(),
    };
    let hashed = hash(b"{}");
    let (mut signer, mut out) = (Signer::new(), Vec::new());
    let ours = each(TIMES, || {
        out.clear();
        signer.write_head(&head, (&hashed, 2), SystemTime::now(), &mut out);
        black_box(&out);
        Ok(())
    })?;
    println!("the generator's signature, body hashed before: {ours:?}");
    for size in BODIES {
        let body = vec![7; size];
        let times = (TIMES / (1 + size as u32 / 2000)).max(100);
        let hashing = each(times, || {
            black_box(hash(&body));
            Ok(())
        })?;
        let theirs = each(times, || sign_with_awss(&head, &body))?;
        println!("body of {size} B: its hash {hashing:?}, AWS's signer in all {theirs:?}");
    }
    Ok(())
}

/// The time that each of some runs takes.
pub(crate) fn each(
    times: u32,
    mut work: impl FnMut() -> anyhow::Result<()>,
) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    for _ in 0..times {
        work()?;
    }
    Ok(begun.elapsed() / times)
}

fn sign_with_awss(head: &Head, body: &[u8]) -> anyhow::Result<()> {
    let signature = signature(head, body, SystemTime::now()).context("AWS's signer refused")?;
    black_box(signature);
    Ok(())
}

/// The signature of AWS's own signer.
pub(crate) fn signature(head: &Head, body: &[u8], now: SystemTime) -> anyhow::Result<String> {
    let credentials = aws_credential_types::Credentials::new(KEY_ID, SECRET, None, None, "bench");
    let identity = credentials.into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(REGION)
        .name("kinesis")
        .time(now)
        .settings(SigningSettings::default())
        .build()?
        .into();
    let headers = [
        ("content-type", head.content_type),
        ("host", &head.host),
        ("x-amz-target", &head.target),
    ];
    let uri = format!("http://{}/", head.host);
    let body = SignableBody::Bytes(body);
    let request = SignableRequest::new("POST", uri, headers.into_iter(), body)?;
    Ok(sign(request, &params)?.signature().to_owned())
}
