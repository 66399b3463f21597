//! Checks docs/formats/tokens.md: its tables are compared with tokens that are opened by
//! independent code. The contents of NextTokens are checked where they are declared.

use super::*;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use millstream_env::{ManualClock, RealDisk, SeededRandom, TokioTasks};
use millstream_model::{AccountId, Region};
use millstream_pages::cbor::{Page, encoded};
use std::sync::Arc;

const NOW_MS: u64 = 1_700_000_000_000;

fn env() -> Env {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let _guard = runtime.enter();
    Env {
        clock: Arc::new(ManualClock::new(Timestamp(NOW_MS))),
        random: Arc::new(SeededRandom::new(7)),
        disk: Arc::new(RealDisk),
        tasks: Arc::new(TokioTasks::current()),
    }
}

fn scope() -> Scope {
    Scope {
        account: AccountId::parse("123456789012").unwrap(),
        region: Region::parse("eu-west-1").unwrap(),
    }
}

fn key() -> TokenSecret {
    [7; 32].into()
}

fn iterator(name: &str) -> ShardIterator {
    ShardIterator {
        stream: 1,
        name: name.to_owned(),
        shard: 2,
        position: 3,
    }
}

#[test]
fn tokens_page_when_laid_over_tokens_then_fits() {
    let mut page = Page::new(include_str!("../../../../docs/formats/tokens.md"));
    let kinds = [
        (1, Kind::ShardIterator),
        (2, Kind::ListShards),
        (3, Kind::ListStreams),
        (4, Kind::ListStreamConsumers),
    ];
    for name_chars in [1, 128] {
        for (number, kind) in kinds {
            check_token(&mut page, number, kind, &iterator(&"n".repeat(name_chars)));
        }
    }
    let expected = [
        ("stream", 1.into()),
        ("name", "orders".into()),
        ("shard", 2.into()),
        ("position", 3.into()),
    ];
    page.check_fields("ShardIterator", &encoded(&iterator("orders")), &expected);
}

/// Opens a token as the page says, without the code under test.
fn check_token(page: &mut Page, number: u8, kind: Kind, content: &ShardIterator) {
    let token = seal(&env(), &key(), kind, &scope(), content);
    let bytes = BASE64.decode_to_vec(&token).unwrap();
    let (head, sealed) = bytes.split_at(32);
    let (sealed, tag) = sealed.split_at(sealed.len() - 16);
    let fields: [(&str, &[u8]); 4] = [
        ("version", &[0, 0, 0, 0, 0, 0, 0, 1]),
        ("nonce", &head[8..]),
        ("sealed", sealed),
        ("tag", tag),
    ];
    page.check_bytes("Token", &bytes, &fields);

    let aad = [&[number], "123456789012/eu-west-1".as_bytes()].concat();
    let fields: [(&str, &[u8]); 4] = [
        ("kind", &[number]),
        ("account", b"123456789012"),
        ("slash", b"/"),
        ("region", b"eu-west-1"),
    ];
    page.check_bytes("Associated data", &aad, &fields);

    let nonce: [u8; 24] = head[8..].try_into().unwrap();
    let payload = Payload {
        msg: &bytes[32..],
        aad: &aad,
    };
    let cipher = XChaCha20Poly1305::new(&[7; 32].into());
    let plain = cipher.decrypt(&XNonce::from(nonce), payload).unwrap();
    let content = minicbor::to_vec(content).unwrap();
    let used = 8 + content.len();
    assert!(plain[used..].iter().all(|byte| *byte == 0), "padding");
    let smaller = [104, 168].into_iter().filter(|size| *size < plain.len());
    assert!(
        smaller.max().is_none_or(|size| size < used),
        "the first size"
    );
    let fields: [(&str, &[u8]); 2] = [("created", &NOW_MS.to_be_bytes()), ("content", &content)];
    page.check_bytes("Content", &plain[..used], &fields);
}
