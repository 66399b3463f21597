//! The key service: names, states, the built-in key, and a file that changes under it.

use super::*;
use crate::local::ChangeError;
use crate::local::codec::encode_keyring;
use crate::local::keyring::Usable;
use crate::local::keyring::tests::place;
use millstream_env::{
    Call, Disk, Fault, FileMode, ManualClock, MemoryDisk, SeededRandom, TokioTasks, replace_file,
};
use millstream_model::{AccountId, Region};
use std::path::{Path, PathBuf};

const NOW: Timestamp = Timestamp(1_764_511_200_000);
const FILE: &str = "/folder/keyring.json";
const ACCOUNT: &str = "111122223333";

struct World {
    disk: MemoryDisk,
    clock: Arc<ManualClock>,
    env: Env,
    file: KeyringFile,
}

impl World {
    /// A keyring without keys.
    fn new() -> Self {
        let disk = MemoryDisk::new();
        disk.create_directory(Path::new("/folder")).unwrap();
        let clock = Arc::new(ManualClock::new(NOW));
        let env = Env {
            clock: clock.clone(),
            random: Arc::new(SeededRandom::new(5)),
            disk: Arc::new(disk.boot()),
            tasks: Arc::new(TokioTasks::current()),
        };
        let file = KeyringFile::new(env.disk.clone(), PathBuf::from(FILE));
        file.change(Missing::Made, |_| Ok(())).unwrap();
        Self {
            disk,
            clock,
            env,
            file,
        }
    }

    /// The keyring as a later start finds it, after a power loss.
    fn after_power_loss(&self) -> Keyring {
        self.disk.power_loss(&SeededRandom::new(3));
        let disk = Arc::new(self.disk.boot());
        KeyringFile::new(disk, PathBuf::from(FILE)).read().unwrap()
    }

    fn change<T>(&self, change: impl FnOnce(&mut Keyring) -> Result<T, ChangeError>) -> T {
        self.file.change(Missing::Refused, change).unwrap().0
    }

    fn create(&self, place: Place) -> KeyArn {
        let change = Change {
            now: NOW,
            random: &*self.env.random,
        };
        self.change(|keyring| keyring.create(place, change))
    }

    fn open(&self) -> LocalKeys {
        LocalKeys::open(self.file.clone(), &self.env).unwrap()
    }

    fn write(&self, bytes: &[u8]) {
        replace_file(&self.disk, Path::new(FILE), bytes, FileMode::Private).unwrap();
    }
}

fn here() -> Place {
    place(ACCOUNT, "eu-west-1")
}

fn context() -> EncryptionContext {
    EncryptionContext {
        name: "aws:kinesis:arn",
        value: "arn:aws:kinesis:eu-west-1:111122223333:stream/orders".to_owned(),
    }
}

async fn describe(keys: &LocalKeys, key: &str) -> Result<KeyArn, KeyError> {
    keys.describe_key(&here(), &KeyId::parse(key).unwrap())
        .await
}

/// A key's use in every way: the same error, or none.
async fn usable(keys: &LocalKeys, arn: &KeyArn, wrapped: &[u8]) -> Result<(), KeyError> {
    let described = describe(keys, &arn.to_string()).await.map(drop);
    let made = keys.generate_data_key(arn, &context()).await.map(drop);
    let opened = keys.decrypt(arn, &context(), wrapped).await.map(drop);
    assert_eq!(described, made);
    assert_eq!(made, opened);
    made
}

#[tokio::test]
async fn key_when_named_in_any_form_then_is_found_at_its_own_place_alone() {
    let world = World::new();
    let arn = world.create(here());
    let elsewhere = world.create(place(ACCOUNT, "us-east-1"));
    let stranger = world.create(place("444455556666", "eu-west-1"));
    for arn in [&arn, &elsewhere, &stranger] {
        world.change(|keyring| keyring.set_alias(arn, "orders", NOW));
    }
    let keys = world.open();
    let alias = |region, account| format!("arn:aws:kms:{region}:{account}:alias/orders");
    let own_alias = alias("eu-west-1", ACCOUNT);
    for name in [arn.id(), &arn.to_string(), "alias/orders", &own_alias] {
        assert_eq!(describe(&keys, name).await.as_ref(), Ok(&arn), "{name}");
    }
    let not_found = |key: &str| {
        Err(KeyError::NotFound {
            key: key.to_owned(),
        })
    };
    let denied = |key: &str| {
        Err(KeyError::AccessDenied {
            key: key.to_owned(),
        })
    };
    let key = |id: &str| format!("arn:aws:kms:eu-west-1:{ACCOUNT}:key/{id}");
    let missing = key("00000000-0000-0000-0000-000000000000");
    let in_us = alias("us-east-1", ACCOUNT);
    let of_stranger = alias("eu-west-1", "444455556666");
    let nobodys = missing.replace(ACCOUNT, "444455556666");
    for (name, expected) in [
        (elsewhere.id(), not_found(&key(elsewhere.id()))),
        (&elsewhere.to_string(), not_found(&elsewhere.to_string())),
        (&in_us, not_found(&in_us)),
        (&missing, not_found(&missing)),
        (
            "alias/none",
            not_found(&alias("eu-west-1", ACCOUNT).replace("orders", "none")),
        ),
        (
            "alias/aws/s3",
            not_found(&own_alias.replace("orders", "aws/s3")),
        ),
        (stranger.id(), not_found(&key(stranger.id()))),
        // Whether it is there or not.
        (&stranger.to_string(), denied(&stranger.to_string())),
        (&nobodys, denied(&nobodys)),
        (&of_stranger, denied(&of_stranger)),
    ] {
        assert_eq!(describe(&keys, name).await, expected, "{name}");
    }
}

#[tokio::test]
async fn key_when_its_state_changes_then_is_refused_for_that_reason_within_a_look() {
    let world = World::new();
    let arn = world.create(here());
    let keys = world.open();
    let made = keys.generate_data_key(&arn, &context()).await.unwrap();
    let usable = async || usable(&keys, &arn, &made.ciphertext).await;
    assert_eq!(usable().await, Ok(()));
    let key = arn.to_string();

    world.change(|keyring| keyring.set_state(&arn, Usable::No, NOW));
    keys.0.look();
    assert_eq!(usable().await, Err(KeyError::Disabled { key: key.clone() }));
    world.change(|keyring| keyring.set_state(&arn, Usable::Yes, NOW));
    keys.0.look();
    assert_eq!(usable().await, Ok(()));

    let due = world.change(|keyring| keyring.schedule_deletion(&arn, 7, NOW));
    keys.0.look();
    let state = "pending deletion".to_owned();
    let pending = KeyError::InvalidState {
        key: key.clone(),
        state,
    };
    assert_eq!(usable().await, Err(pending));
    // Nothing has to look once it is due.
    world.clock.set_wall(due);
    assert_eq!(usable().await, Err(KeyError::NotFound { key }));
}

#[tokio::test]
async fn data_key_when_its_key_was_rotated_then_opens_still() {
    let world = World::new();
    let arn = world.create(here());
    let keys = world.open();
    let before = keys.generate_data_key(&arn, &context()).await.unwrap();
    let change = Change {
        now: NOW,
        random: &*world.env.random,
    };
    world.change(|keyring| keyring.rotate(&arn, change));
    keys.0.look();
    let after = keys.generate_data_key(&arn, &context()).await.unwrap();
    for made in [&before, &after] {
        let opened = keys.decrypt(&arn, &context(), &made.ciphertext).await;
        assert_eq!(opened.as_ref(), Ok(&made.plaintext));
        let other = EncryptionContext {
            value: "another stream".to_owned(),
            ..context()
        };
        let refused = keys.decrypt(&arn, &other, &made.ciphertext).await;
        let key = arn.to_string();
        assert_eq!(refused, Err(KeyError::AccessDenied { key }));
    }
}

#[tokio::test]
async fn keyring_when_an_older_copy_is_put_back_then_says_which_material_is_missing() {
    let world = World::new();
    let arn = world.create(here());
    let older = world.file.read_bytes().unwrap();
    let keys = world.open();
    let change = Change {
        now: NOW,
        random: &*world.env.random,
    };
    world.change(|keyring| keyring.rotate(&arn, change));
    keys.0.look();
    let made = keys.generate_data_key(&arn, &context()).await.unwrap();
    world.write(&older);
    keys.0.look();
    let refused = keys.decrypt(&arn, &context(), &made.ciphertext).await;
    let why = format!("{FILE} has no material 2 of {arn}: put the newest copy of it back");
    assert_eq!(refused, Err(KeyError::MaterialMissing { why }));
}

#[tokio::test]
async fn built_in_key_when_asked_for_first_then_is_durable_before_it_is_told() {
    let world = World::new();
    let keys = world.open();
    let arn = describe(&keys, "alias/aws/kinesis").await.unwrap();
    assert_eq!(arn.place(), &here());
    world.disk.power_loss(&SeededRandom::new(1));
    let file = KeyringFile::new(Arc::new(world.disk.boot()), PathBuf::from(FILE));
    let kept = file.read().unwrap();
    assert_eq!(kept.aliased(&here(), BUILT_IN_ALIAS, NOW), Some(&arn));
    // Elsewhere it is another one.
    let other = KeyId::parse("alias/aws/kinesis").unwrap();
    let world = World::new();
    let keys = world.open();
    let first = keys.describe_key(&here(), &other).await.unwrap();
    let us = place(ACCOUNT, "us-east-1");
    let second = keys.describe_key(&us, &other).await.unwrap();
    assert_ne!(first.id(), second.id());
    assert_eq!(keys.describe_key(&here(), &other).await, Ok(first));
}

#[tokio::test]
async fn built_in_key_when_it_cannot_be_written_then_is_not_told_and_there_is_none() {
    for call in [Call::Write, Call::SyncData, Call::Rename] {
        let world = World::new();
        let keys = world.open();
        let before = world.file.read_bytes().unwrap();
        world.disk.fail_nth(call, 1, Fault::ENOSPC);
        let refused = describe(&keys, "alias/aws/kinesis").await;
        assert!(
            matches!(refused, Err(KeyError::Unavailable { .. })),
            "{refused:?}"
        );
        assert_eq!(world.file.read_bytes().unwrap(), before, "{call:?}");
        describe(&keys, "alias/aws/kinesis").await.unwrap();
    }
}

#[tokio::test]
async fn built_in_key_when_told_then_survives_a_power_loss_whatever_failed_before() {
    for fails in [0, 1, 2] {
        let world = World::new();
        let keys = world.open();
        for nth in 1..=fails {
            world.disk.fail_nth(Call::SyncDirectory, 1, Fault::EIO);
            let refused = describe(&keys, "alias/aws/kinesis").await;
            assert!(refused.is_err(), "{nth} of {fails}");
        }
        let arn = describe(&keys, "alias/aws/kinesis").await.unwrap();
        let kept = world.after_power_loss();
        assert_eq!(kept.aliased(&here(), BUILT_IN_ALIAS, NOW), Some(&arn));
    }
}

#[tokio::test]
async fn key_when_its_file_was_not_durable_yet_then_is_not_used_before_it_is() {
    let world = World::new();
    let arn = world.create(here());
    let text = world.file.read_bytes().unwrap();
    let other = World::new();
    let keys = other.open();
    other.disk.fail_nth(Call::SyncDirectory, 1, Fault::EIO);
    // Its maker ends before the name is durable.
    let replaced = replace_file(&*other.env.disk, Path::new(FILE), &text, FileMode::Private);
    assert!(replaced.is_err());
    other.disk.fail_nth(Call::SyncDirectory, 1, Fault::EIO);
    keys.0.look();
    assert!(describe(&keys, &arn.to_string()).await.is_err());
    keys.0.look();
    describe(&keys, &arn.to_string()).await.unwrap();
    assert!(other.after_power_loss().key(&arn, NOW).is_some());
}

#[tokio::test]
async fn built_in_keys_when_an_account_has_one_in_many_regions_then_others_have_room() {
    let world = World::new();
    let keys = world.open();
    let of = |account: &str, number: usize| Place {
        account: AccountId::parse(account).unwrap(),
        region: Region::parse(&format!("region-{number}")).unwrap(),
    };
    let built_in = KeyId::parse("alias/aws/kinesis").unwrap();
    for number in 0..64 {
        keys.describe_key(&of(ACCOUNT, number), &built_in)
            .await
            .unwrap();
    }
    assert!(
        keys.describe_key(&of(ACCOUNT, 64), &built_in)
            .await
            .is_err()
    );
    keys.describe_key(&of(ACCOUNT, 63), &built_in)
        .await
        .unwrap();
    keys.describe_key(&of("999999999999", 64), &built_in)
        .await
        .unwrap();
}

#[tokio::test]
async fn built_in_key_when_many_ask_at_once_then_is_one() {
    let world = World::new();
    // Of two processes.
    let both = [world.open(), world.open()];
    let mut waiting = Vec::new();
    for turn in 0..20 {
        let (tell, told) = oneshot::channel();
        let keys = both[turn % 2].clone();
        let ask = async move { drop(tell.send(describe(&keys, "alias/aws/kinesis").await)) };
        world.env.tasks.spawn("asking", Box::pin(ask));
        waiting.push(told);
    }
    let mut arns = Vec::new();
    for mut told in waiting {
        arns.push(loop {
            match told.try_recv() {
                Ok(found) => break found.unwrap(),
                Err(oneshot::error::TryRecvError::Empty) => {
                    // One of them may wait for the file.
                    world.clock.advance(Duration::from_millis(1));
                    tokio::task::yield_now().await;
                }
                Err(oneshot::error::TryRecvError::Closed) => panic!("it died"),
            }
        });
    }
    arns.dedup();
    assert_eq!(arns.len(), 1);
    assert_eq!(world.file.read().unwrap().keys().count(), 1);
}

#[tokio::test]
async fn keyring_when_it_cannot_be_used_then_no_key_of_it_is_and_none_is_made() {
    let world = World::new();
    let arn = world.create(here());
    let good = world.file.read_bytes().unwrap();
    let keys = world.open();
    let made = keys.generate_data_key(&arn, &context()).await.unwrap();
    let mut damaged = good.to_vec();
    damaged[100] ^= 1;
    let breaks: [&dyn Fn(); 4] = [
        &|| world.write(b""),
        &|| world.write(&damaged),
        &|| world.disk.remove(Path::new(FILE)).unwrap(),
        &|| world.disk.set_mode(Path::new(FILE), 0o644).unwrap(),
    ];
    for broken in breaks {
        broken();
        let now = world.disk.contents(Path::new(FILE));
        // It may be in the middle of being written.
        keys.0.look();
        assert_eq!(usable(&keys, &arn, &made.ciphertext).await, Ok(()));
        keys.0.look();
        let refused = usable(&keys, &arn, &made.ciphertext).await;
        assert!(
            matches!(refused, Err(KeyError::Unavailable { .. })),
            "{refused:?}"
        );
        let refused = describe(&keys, "alias/aws/kinesis").await;
        assert!(
            matches!(refused, Err(KeyError::Unavailable { .. })),
            "{refused:?}"
        );
        assert_eq!(world.disk.contents(Path::new(FILE)), now);
        world.write(&good);
        keys.0.look();
        assert_eq!(usable(&keys, &arn, &made.ciphertext).await, Ok(()));
    }
    let unread = World::new();
    unread.write(b"");
    LocalKeys::open(unread.file.clone(), &unread.env).unwrap_err();
}

/// Between two looks the file is damaged or removed: what is in memory does not overwrite it.
#[tokio::test]
async fn built_in_key_when_the_file_was_damaged_a_moment_ago_then_is_not_made() {
    let world = World::new();
    let keys = world.open();
    world.write(b"");
    let refused = describe(&keys, "alias/aws/kinesis").await.unwrap_err();
    let why = format!("{FILE}: it is empty; put a copy of it back");
    assert_eq!(refused, KeyError::Unavailable { why });
    let found = world.disk.contents(Path::new(FILE));
    assert_eq!(found.as_deref(), Some(&[][..]));
    world.disk.remove(Path::new(FILE)).unwrap();
    let refused = describe(&keys, "alias/aws/kinesis").await.unwrap_err();
    assert!(
        refused.to_string().contains("there is no keyring"),
        "{refused}"
    );
    assert_eq!(world.disk.contents(Path::new(FILE)), None);
}

#[tokio::test]
async fn built_in_key_when_another_process_has_the_file_for_long_then_is_unavailable() {
    let world = World::new();
    let keys = world.open();
    let lock = world.disk.lock(Path::new("/folder")).unwrap();
    let own = keys.clone();
    let asked = async move { describe(&own, "alias/aws/kinesis").await };
    tokio::pin!(asked);
    let refused = loop {
        tokio::select! {
            biased;
            refused = &mut asked => break refused.unwrap_err(),
            () = tokio::task::yield_now() => world.clock.advance(CHANGE_INTERVAL),
        }
    };
    assert!(
        matches!(refused, KeyError::Unavailable { .. }),
        "{refused:?}"
    );
    drop(lock);
    describe(&keys, "alias/aws/kinesis").await.unwrap();
}

#[tokio::test]
async fn service_when_its_file_changes_then_follows_by_itself_and_ends_with_its_last_clone() {
    let world = World::new();
    let keys = world.open();
    let arn = world.create(here());
    let found = loop {
        world.clock.advance(LOOK_INTERVAL);
        tokio::task::yield_now().await;
        if let Ok(found) = describe(&keys, arn.id()).await {
            break found;
        }
    };
    assert_eq!(found, arn);
    let weak = Arc::downgrade(&keys.0);
    drop(keys);
    while weak.strong_count() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn service_when_printed_for_debugging_then_shows_its_file_alone() {
    let world = World::new();
    world.create(here());
    let keys = world.open();
    assert_eq!(format!("{keys:?}"), format!("LocalKeys({FILE:?})"));
    let keyring = world.file.read().unwrap();
    assert!(
        str::from_utf8(&encode_keyring(&keyring))
            .unwrap()
            .contains("secret")
    );
    let current = format!("{:?}", keys.0.current.load());
    assert!(current.contains("***"), "{current}");
}
