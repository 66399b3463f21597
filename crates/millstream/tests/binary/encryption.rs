//! Servers with a keyring, without one, and with one that changes.

use crate::process::{Running, Stopped, millstream, refused};
use millstream_client::{Client, Credentials};
use millstream_protocol::ErrorCode::{
    self, KMSDisabledException, KMSInvalidStateException, KMSNotFoundException,
};
use millstream_protocol::types::EncryptionType;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How often a call is repeated until a change of the keyring shows.
const CALLS_MAX: usize = 100_000;

/// A folder with data and a keyring.
struct World {
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn keyring(&self) -> PathBuf {
        self.folder.path().join("keyring.json")
    }

    /// Runs `millstream keys ACTION FILE …`, and returns what it prints.
    fn keys(&self, action: &str, more: &[&str]) -> String {
        let mut command = millstream();
        let command = command
            .args(["keys", action])
            .arg(self.keyring())
            .args(more);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout)
            .unwrap()
            .trim_end()
            .to_owned()
    }

    fn run(&self, server: &str) -> Command {
        let mut command = millstream();
        let command = command.args([server, "--listen", "127.0.0.1:0", "--limits", "off"]);
        let command = command.args(["--admin-listen", "127.0.0.1:0", "--log-level", "debug"]);
        command.arg("--data-dir").arg(self.data());
        std::mem::replace(command, millstream())
    }

    fn serve_with_keys(&self) -> Command {
        let mut command = self.run("serve");
        command.arg("--keys").arg(self.keyring());
        command
    }
}

fn client(url: &str) -> Client {
    let credentials = Credentials::new("AKID", "secret", None);
    let client = Client::builder().endpoint(url).region("us-east-1");
    client.credentials(credentials).build().unwrap()
}

async fn create(client: &Client, stream: &str) {
    let create = client.create_stream(stream).shard_count(1);
    create.send().await.unwrap();
}

async fn start(client: &Client, stream: &str, key: &str) -> Result<(), ErrorCode> {
    let start = client.start_stream_encryption(stream, EncryptionType::Kms, key);
    let started = start.send().await;
    started
        .map(drop)
        .map_err(|error| error.code().unwrap_or_else(|| panic!("{error}")))
}

/// The key of a stream, if it is encrypted.
async fn key_of(client: &Client, stream: &str) -> Option<String> {
    let described = client.describe_stream_summary(stream).send().await;
    described.unwrap().stream_description_summary.key_id
}

/// Repeats a call until it has this result.
async fn until(client: &Client, key: &str, expected: Result<(), ErrorCode>) {
    for _ in 0..CALLS_MAX {
        if start(client, "orders", key).await == expected {
            return;
        }
    }
    panic!("never {expected:?}");
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "the keyring is on the real disk")]
fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
}

#[expect(clippy::disallowed_methods, reason = "the keyring is on the real disk")]
fn remove(path: &Path) {
    std::fs::remove_file(path).unwrap();
}

/// The secrets in a keyring.
fn secrets(path: &Path) -> Vec<String> {
    let file: Value = serde_json::from_str(&read(path)).unwrap();
    let keys = file["keys"].as_array().unwrap().iter();
    let materials = keys.flat_map(|key| key["materials"].as_array().unwrap());
    let secret = |material: &Value| material["secret"].as_str().unwrap().to_owned();
    materials.map(secret).collect()
}

#[tokio::test]
async fn keyring_when_its_keys_change_then_the_server_follows_and_tells_no_secret() {
    let world = World::new();
    let arn = world.keys("create", &["--alias", "alias/orders"]);
    let log_path = world.folder.path().join("log");
    // A file takes every line; a pipe that nobody reads does not.
    let log = make(&log_path).into();
    let server = Running::start_with_log_to(&mut world.serve_with_keys(), log);
    let client = client(&server.url);
    create(&client, "orders").await;
    let id = arn.rsplit('/').next().unwrap().to_owned();
    let alias_arn = "arn:aws:kms:us-east-1:000000000000:alias/orders".to_owned();
    for key in [id, arn.clone(), "alias/orders".to_owned(), alias_arn] {
        assert_eq!(start(&client, "orders", &key).await, Ok(()));
        assert_eq!(key_of(&client, "orders").await, Some(key));
    }
    world.keys("disable", &["alias/orders"]);
    until(&client, &arn, Err(KMSDisabledException)).await;
    world.keys("enable", &["alias/orders"]);
    until(&client, &arn, Ok(())).await;
    world.keys("delete", &["alias/orders"]);
    until(&client, &arn, Err(KMSInvalidStateException)).await;
    world.keys("cancel-deletion", &["alias/orders"]);
    until(&client, &arn, Err(KMSDisabledException)).await;
    world.keys("enable", &["alias/orders"]);
    until(&client, &arn, Ok(())).await;
    world.keys("rotate", &["alias/orders"]);
    world.keys("alias", &["alias/orders", "--remove"]);
    until(&client, "alias/orders", Err(KMSNotFoundException)).await;

    // Emptied, damaged: no key of it is used, until it is right again.
    let text = read(&world.keyring());
    for broken in [String::new(), text.replace("Enabled", "Disabled")] {
        write(&world.keyring(), &broken);
        until(&client, &arn, Err(ErrorCode::InternalFailure)).await;
        assert_eq!(read(&world.keyring()), broken);
        write(&world.keyring(), &text);
        until(&client, &arn, Ok(())).await;
    }
    // Made at its first use, in the file.
    until(&client, "alias/aws/kinesis", Ok(())).await;
    let listed = world.keys("list", &[]);
    assert!(listed.contains("alias/aws/kinesis"), "{listed}");

    server.signal(rustix::process::Signal::TERM);
    let Stopped { output, .. } = server.wait();
    let log = read(&log_path);
    assert!(log.contains("no data key is made or unwrapped"), "{log}");
    let secrets = secrets(&world.keyring());
    assert_eq!(secrets.len(), 3);
    for secret in secrets {
        for said in [&log, &output] {
            assert!(!said.contains(&secret), "{said}");
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the log is on the real disk")]
fn make(path: &Path) -> std::fs::File {
    std::fs::File::create(path).unwrap()
}

#[test]
fn serve_when_its_keyring_cannot_be_used_then_does_not_start_nor_touch_the_data() {
    let world = World::new();
    let missing = "there is no keyring";
    let damaged = "it is damaged, or no keyring";
    for (text, said) in [
        (None, missing),
        (Some(""), "it is empty"),
        (Some("[]"), damaged),
    ] {
        if let Some(text) = text {
            // As the command makes it: its owner's alone.
            world.keys("create", &[]);
            write(&world.keyring(), text);
        }
        let Stopped { status, log, .. } = refused(&mut world.serve_with_keys());
        assert_eq!(status.code(), Some(1), "{log}");
        assert!(
            log.contains("--keys") && log.contains(said),
            "{said}: {log}"
        );
        assert!(!world.data().exists());
        if world.keyring().exists() {
            remove(&world.keyring());
        }
    }
    let Stopped { status, log, .. } = refused(world.run("serve").args(["--kms-key", "a"]));
    assert_eq!(status.code(), Some(2), "{log}");
    assert!(
        log.contains("--kms-key is for --keys aws-kms alone"),
        "{log}"
    );
}

#[tokio::test]
async fn serve_when_started_without_its_keys_then_says_so_and_serves_the_rest() {
    let world = World::new();
    world.keys("create", &["--alias", "alias/orders"]);
    let server = Running::start(&mut world.serve_with_keys());
    let keyed = client(&server.url);
    create(&keyed, "orders").await;
    assert_eq!(start(&keyed, "orders", "alias/orders").await, Ok(()));
    server.signal(rustix::process::Signal::TERM);
    assert!(!server.wait().log.contains("their keys are not there"));

    let server = Running::start(&mut world.run("serve"));
    let keyless = client(&server.url);
    assert_eq!(
        key_of(&keyless, "orders").await.as_deref(),
        Some("alias/orders")
    );
    create(&keyless, "others").await;
    let refused = start(&keyless, "others", "alias/orders").await;
    assert_eq!(refused, Err(KMSNotFoundException));
    server.signal(rustix::process::Signal::TERM);
    let log = server.wait().log;
    assert!(
        log.contains("some streams are encrypted, and their keys are not there"),
        "{log}"
    );
}

#[tokio::test]
async fn dev_when_nothing_is_configured_then_has_keys_and_keeps_them_with_its_data() {
    let world = World::new();
    let beside = world.data().join("keys/keyring.json");
    let server = Running::start(&mut world.run("dev"));
    let first = client(&server.url);
    create(&first, "orders").await;
    assert_eq!(start(&first, "orders", "alias/aws/kinesis").await, Ok(()));
    server.signal(rustix::process::Signal::TERM);
    drop(server.wait());
    let keys = secrets(&beside);
    assert!(!keys.is_empty());

    let server = Running::start(&mut world.run("dev"));
    let second = client(&server.url);
    assert_eq!(start(&second, "orders", "alias/aws/kinesis").await, Ok(()));
    server.signal(rustix::process::Signal::TERM);
    assert!(!server.wait().log.contains("their keys are not there"));
    assert_eq!(secrets(&beside), keys);

    remove(&beside);
    let server = Running::start(&mut world.run("dev"));
    server.signal(rustix::process::Signal::TERM);
    assert!(server.wait().log.contains("their keys are not there"));
}
