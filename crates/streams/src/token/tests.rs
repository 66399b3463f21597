//! Tokens open in the scope they were sealed for, and nowhere else.

use super::*;
use millstream_env::{ManualClock, RealDisk, SeededRandom, TokioTasks};
use millstream_model::{AccountId, Region};
use std::sync::Arc;

fn world() -> (tokio::runtime::Runtime, Env) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let _guard = runtime.enter();
    let env = Env {
        clock: Arc::new(ManualClock::new(Timestamp(1_700_000_000_000))),
        random: Arc::new(SeededRandom::new(7)),
        disk: Arc::new(RealDisk),
        tasks: Arc::new(TokioTasks::current()),
    };
    (runtime, env)
}

fn scope(account: &str, region: &str) -> Scope {
    Scope {
        account: AccountId::parse(account).unwrap(),
        region: Region::parse(region).unwrap(),
    }
}

fn key(byte: u8) -> TokenSecret {
    [byte; 32].into()
}

fn iterator(name_chars: usize) -> ShardIterator {
    ShardIterator {
        stream: 9,
        name: "s".repeat(name_chars),
        shard: 4_000_000,
        position: u64::MAX,
    }
}

const ACCOUNT: &str = "123456789012";

#[test]
fn token_when_sealed_then_has_awss_size_and_opens_under_any_kept_key() {
    let (_runtime, env) = world();
    let scope = scope(ACCOUNT, "eu-west-1");
    for name_chars in [1, 60, 128] {
        let content = iterator(name_chars);
        let token = seal(&env, &key(2), Kind::ShardIterator, &scope, &content);
        let bytes = BASE64.decode_to_vec(&token).unwrap();
        assert!(token.len() <= TOKEN_CHARS_MAX, "{}", token.len());
        assert!((152..=280).contains(&bytes.len()), "{}", bytes.len());
        assert_eq!((bytes.len() - 8) % 16, 0);
        assert_eq!(&bytes[..8], &[0, 0, 0, 0, 0, 0, 0, 1]);
        let keys = [key(1), key(2), key(3)];
        for token in [token.clone(), format!("\"{token}\"")] {
            let opened = open::<ShardIterator>(&keys, Kind::ShardIterator, &scope, &token).unwrap();
            assert_eq!(opened.content, content);
            assert_eq!(opened.created, env.clock.now());
        }
    }
}

#[test]
fn token_when_of_another_kind_account_region_or_key_then_does_not_open() {
    let (_runtime, env) = world();
    let own = scope(ACCOUNT, "eu-west-1");
    let token = seal(&env, &key(1), Kind::ShardIterator, &own, &iterator(3));
    let opens = |keys: &[TokenSecret], kind, scope: &Scope| {
        open::<ShardIterator>(keys, kind, scope, &token).is_some()
    };
    assert!(opens(&[key(1)], Kind::ShardIterator, &own));
    assert!(!opens(&[key(2)], Kind::ShardIterator, &own));
    assert!(!opens(&[key(1)], Kind::ListShards, &own));
    assert!(!opens(
        &[key(1)],
        Kind::ShardIterator,
        &scope("123456789013", "eu-west-1")
    ));
    assert!(!opens(
        &[key(1)],
        Kind::ShardIterator,
        &scope(ACCOUNT, "eu-west-2")
    ));
}

#[test]
fn token_when_any_bit_is_flipped_or_cut_then_does_not_open() {
    let (_runtime, env) = world();
    let scope = scope(ACCOUNT, "eu-west-1");
    let token = seal(&env, &key(1), Kind::ShardIterator, &scope, &iterator(3));
    let bytes = BASE64.decode_to_vec(&token).unwrap();
    let opens = |bytes: &[u8]| {
        let token = BASE64.encode_to_string(bytes);
        open::<ShardIterator>(&[key(1)], Kind::ShardIterator, &scope, &token).is_some()
    };
    for bit in 0..bytes.len() * 8 {
        let mut edited = bytes.clone();
        edited[bit / 8] ^= 1 << (bit % 8);
        assert!(!opens(&edited), "bit {bit}");
    }
    for length in 0..bytes.len() {
        assert!(!opens(&bytes[..length]), "length {length}");
    }
}
