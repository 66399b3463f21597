//! Shard iterators and NextTokens: texts that may be tokens, and contents that a token may have.

use millstream_env::{Env, ManualClock, MemoryDisk, SeededRandom, Timestamp, TokioTasks};
use millstream_model::{AccountId, Region};
use millstream_streams::testing::{
    Kind, Scope, ShardIterator, TOKEN_CHARS_MAX, TokenSecret, open, seal,
};
use std::sync::{Arc, OnceLock};

const KINDS: [Kind; 4] = [
    Kind::ShardIterator,
    Kind::ListShards,
    Kind::ListStreams,
    Kind::ListStreamConsumers,
];

/// A text is a token of one kind at most; a content that is sealed opens as the same one, and only
/// as that kind.
pub(super) fn tokens(bytes: &[u8]) {
    let (key, scope) = (key(), scope());
    if let Ok(text) = str::from_utf8(bytes) {
        let opens = |kind: &&Kind| open::<ShardIterator>([&key], **kind, &scope, text).is_some();
        assert!(KINDS.iter().filter(opens).count() <= 1);
    }
    let Ok(content) = minicbor::decode::<ShardIterator>(bytes) else {
        return;
    };
    for sealed in KINDS {
        let token = seal(env(), &key, sealed, &scope, &content);
        for kind in KINDS {
            let opened = open::<ShardIterator>([&key], kind, &scope, &token);
            let expected = kind == sealed && token.len() <= TOKEN_CHARS_MAX;
            assert_eq!(
                opened.map(|opened| opened.content),
                expected.then(|| content.clone())
            );
        }
    }
}

fn key() -> TokenSecret {
    [7; 32].into()
}

fn scope() -> Scope {
    Scope {
        account: AccountId::zero(),
        region: Region::us_east_1(),
    }
}

/// A world that does not move.
fn env() -> &'static Env {
    static WORLD: OnceLock<(tokio::runtime::Runtime, Env)> = OnceLock::new();
    let (_, env) = WORLD.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.build().unwrap();
        let guard = runtime.enter();
        let env = Env {
            clock: Arc::new(ManualClock::new(Timestamp(1_700_000_000_000))),
            random: Arc::new(SeededRandom::new(1)),
            disk: Arc::new(MemoryDisk::new()),
            tasks: Arc::new(TokioTasks::current()),
        };
        drop(guard);
        (runtime, env)
    });
    env
}
