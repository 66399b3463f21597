//! StartStreamEncryption and StopStreamEncryption: which keys they take, what they show, and what
//! they answer where a key cannot be used.

use super::*;
use millstream_kms::{KeyArn, KeyError, KeyState, MemoryKeys, Place};
use millstream_model::{AccountId, Region};

const OF_S: &str = r#"{"StreamName":"s"}"#;
const GUID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";
const KEY: &str = "arn:aws:kms:us-east-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const OTHER: &str = "arn:aws:kms:us-east-1:222222222222:key/b";
const UPDATING: &str = "Stream s under account 111111111111 not ACTIVE, instead in state UPDATING";

/// A server with a stream `s` and a key service of which the test decides.
struct World {
    server: Server,
    keys: Arc<MemoryKeys>,
    key: KeyArn,
}

fn place(account: &str) -> Place {
    Place {
        account: AccountId::parse(account).unwrap(),
        region: Region::us_east_1(),
    }
}

impl World {
    /// One key and its alias, and one of another account.
    async fn new(limits: Limits, transition_time: Duration) -> Self {
        let keys = Arc::new(MemoryKeys::new());
        let key = keys.create(&place(ACCOUNT), GUID);
        keys.alias(&place(ACCOUNT), "orders", &key);
        keys.create(&place("222222222222"), "b");
        let server = Server::new(Settings {
            limits,
            transition_time,
            keys: Some(keys.clone()),
            ..Settings::default()
        })
        .await;
        server.create("s", 1).await;
        server.clock.advance(transition_time);
        Self { server, keys, key }
    }

    async fn at_once() -> Self {
        Self::new(Limits::Off, Duration::ZERO).await
    }

    async fn start(&self, key_id: &str) -> Result<String, Refused> {
        self.server
            .call("StartStreamEncryption", &with(key_id))
            .await
    }

    async fn stop(&self, key_id: &str) -> Result<String, Refused> {
        self.server
            .call("StopStreamEncryption", &with(key_id))
            .await
    }

    /// Checks that both descriptions show a key, or none.
    async fn assert_shown(&self, key_id: Option<&str>) {
        for operation in ["DescribeStream", "DescribeStreamSummary"] {
            let shown = self.server.ok(operation, OF_S).await;
            let kind = key_id.map_or("NONE", |_| "KMS");
            assert_eq!(member(&shown, "EncryptionType"), kind, "{operation}");
            assert_eq!(
                members(&shown, "KeyId"),
                Vec::from_iter(key_id),
                "{operation}"
            );
        }
    }

    async fn status(&self) -> String {
        let shown = self.server.ok("DescribeStreamSummary", OF_S).await;
        member(&shown, "StreamStatus").to_owned()
    }
}

fn with(key_id: &str) -> String {
    format!(r#"{{"StreamName":"s","EncryptionType":"KMS","KeyId":"{key_id}"}}"#)
}

#[tokio::test]
async fn key_when_named_in_any_form_then_is_taken_and_shown_as_it_was_given() {
    let world = World::at_once().await;
    world.assert_shown(None).await;
    let alias_arn = KEY.replace(&format!("key/{GUID}"), "alias/orders");
    for key_id in [
        GUID,
        KEY,
        "alias/orders",
        &alias_arn,
        "alias/aws/kinesis",
        OTHER,
    ] {
        assert_eq!(world.start(key_id).await, Ok(String::new()), "{key_id}");
        world.assert_shown(Some(key_id)).await;
    }
    assert_eq!(world.stop(OTHER).await, Ok(String::new()));
    world.assert_shown(None).await;
}

#[tokio::test]
async fn encryption_when_changed_then_the_stream_is_updating_and_takes_no_other_change_meanwhile() {
    let world = World::new(Limits::Off, Duration::from_secs(10)).await;
    for (key_id, to) in [("alias/orders", "start"), (GUID, "start"), (GUID, "stop")] {
        let changed = match to {
            "start" => world.start(key_id).await,
            _ => world.stop(key_id).await,
        };
        assert_eq!(changed, Ok(String::new()), "{to} {key_id}");
        assert_eq!(world.status().await, "UPDATING");
        world.assert_shown((to == "start").then_some(key_id)).await;
        assert_eq!(world.start(KEY).await, error(IN_USE, UPDATING));
        assert_eq!(world.stop(KEY).await, error(IN_USE, UPDATING));
        world.server.pass(10);
        assert_eq!(world.status().await, "ACTIVE");
    }
}

/// Its key cannot be used any more, and is not the one that is named.
#[tokio::test]
async fn encryption_when_stopped_then_no_key_is_asked_for_and_a_plain_stream_stays_as_it_is() {
    let world = World::new(Limits::Off, Duration::from_secs(10)).await;
    assert_eq!(world.stop("n/a").await, Ok(String::new()));
    assert_eq!(world.status().await, "ACTIVE", "nothing changed");
    world.start(GUID).await.unwrap();
    world.server.pass(10);
    world.keys.set(&world.key, KeyState::Deleted);
    world.keys.fail(Some(KeyError::Throttled));
    let asked = world.keys.calls();
    assert_eq!(world.stop("alias/other").await, Ok(String::new()));
    world.assert_shown(None).await;
    assert_eq!(world.keys.calls(), asked);
}

#[tokio::test]
async fn key_when_it_cannot_be_used_then_the_error_says_why_and_nothing_changes() {
    let world = World::at_once().await;
    world.start("alias/aws/kinesis").await.unwrap();
    for (state, code, text) in [
        (
            KeyState::Disabled,
            "KMSDisabledException",
            format!("{KEY} is disabled."),
        ),
        (
            KeyState::PendingDeletion,
            "KMSInvalidStateException",
            format!("{KEY} is pending deletion."),
        ),
        (
            KeyState::Denied,
            "KMSAccessDeniedException",
            format!("Access to {KEY} is denied."),
        ),
        (
            KeyState::Deleted,
            "KMSNotFoundException",
            format!("Key '{KEY}' does not exist"),
        ),
    ] {
        world.keys.set(&world.key, state);
        for key_id in [GUID, "alias/orders"] {
            assert_eq!(world.start(key_id).await, error(code, &text), "{key_id}");
        }
    }
    world.keys.set(&world.key, KeyState::Enabled);
    let unavailable = KeyError::Unavailable {
        why: "connection refused".to_owned(),
    };
    for (failure, code, text) in [
        (
            KeyError::OptInRequired,
            "KMSOptInRequired",
            "The AWS Access Key Id needs a subscription for the service",
        ),
        (
            KeyError::Throttled,
            "KMSThrottlingException",
            "You have exceeded the rate at which you may call KMS. Reduce the frequency of your \
             calls.",
        ),
        (unavailable, "InternalFailure", "Internal Service Failure."),
    ] {
        world.keys.fail(Some(failure));
        assert_eq!(world.start(GUID).await, error(code, text));
    }
    world.keys.fail(None);
    world.assert_shown(Some("alias/aws/kinesis")).await;
    world.start(GUID).await.unwrap();
}

#[tokio::test]
async fn key_when_there_is_none_then_is_not_found() {
    let world = World::at_once().await;
    for (key_id, text) in [
        ("alias/other", "Alias alias/other is not found.".to_owned()),
        (
            "c",
            "Key 'arn:aws:kms:us-east-1:111111111111:key/c' does not exist".to_owned(),
        ),
        // The other account's.
        (
            "b",
            "Key 'arn:aws:kms:us-east-1:111111111111:key/b' does not exist".to_owned(),
        ),
        ("n/a", "Invalid keyId 'n/a'".to_owned()),
        (
            "arn:aws:kms:us-east-1:111111111111:grant/c",
            "Invalid keyId 'arn:aws:kms:us-east-1:111111111111:grant/c'".to_owned(),
        ),
    ] {
        assert_eq!(
            world.start(key_id).await,
            error("KMSNotFoundException", text)
        );
    }
    world.assert_shown(None).await;
}

#[tokio::test]
async fn request_when_wrong_in_itself_or_without_a_stream_then_no_key_is_looked_for() {
    let world = World::at_once().await;
    let asked = world.keys.calls();
    let of = |stream: &str, kind: &str| {
        format!(r#"{{"StreamName":"{stream}","EncryptionType":"{kind}","KeyId":"{GUID}"}}"#)
    };
    let none = "EncryptionType NONE is not valid. The only valid value is KMS.";
    let (of_none, of_other) = (of("s", "NONE"), of("other", "KMS"));
    let no_stream = "Stream other under account 111111111111 not found.";
    for operation in ["StartStreamEncryption", "StopStreamEncryption"] {
        world
            .server
            .check(&[
                (operation, &of_none, Err((ARGUMENT, none))),
                (operation, &of_other, Err((NOT_FOUND, no_stream))),
            ])
            .await;
    }
    assert_eq!(world.keys.calls(), asked);
    world.assert_shown(None).await;
}

#[tokio::test]
async fn encryption_when_there_is_no_key_service_then_the_error_names_the_flag() {
    let server = Server::with_stream(1).await;
    let text = "No key service is configured. Start the server with --keys.";
    let no_service = Err(("KMSNotFoundException", text));
    server
        .check(&[(
            "StartStreamEncryption",
            &with("alias/aws/kinesis"),
            no_service,
        )])
        .await;
}

/// Failures and stops of nothing are not counted.
#[tokio::test]
async fn encryption_when_changed_as_often_as_a_day_allows_then_waits_for_the_first_to_be_over() {
    let world = World::new(Limits::Aws, Duration::ZERO).await;
    let too_often = |operation: &str| {
        let text = format!(
            "{operation} cannot be called more than 25 times in 24 hours on stream s under \
             account 111111111111."
        );
        error(LIMIT, text)
    };
    for _ in 0..25 {
        assert_eq!(
            world.start("c").await.unwrap_err().0,
            "KMSNotFoundException"
        );
        assert_eq!(world.stop(GUID).await, Ok(String::new()));
        world.start(GUID).await.unwrap();
        assert_eq!(world.stop(GUID).await, Ok(String::new()));
    }
    assert_eq!(world.start(GUID).await, too_often("StartStreamEncryption"));
    world.server.pass(24 * 3_600);
    world.start(GUID).await.unwrap();
    world.stop(GUID).await.unwrap();
    let world = World::new(Limits::Off, Duration::ZERO).await;
    for _ in 0..30 {
        world.start(GUID).await.unwrap();
    }
}
