//! A server that verifies by a credentials file, and the commands that change the file.

use crate::calls::connect;
use crate::process::{Running, Stopped, millstream, refused};
use millstream_client::{Client, Credentials, Error, HttpVersion};
use millstream_protocol::ErrorCode::{
    self, AccessDeniedException, InvalidSignatureException, MissingAuthenticationTokenException,
    UnrecognizedClientException,
};
use serde_json::Value;
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// How often a call is repeated until a change of the file shows.
const CALLS_MAX: usize = 100_000;
const FULL_ACCESS: &str = "arn:aws:iam::aws:policy/AmazonKinesisFullAccess";
const CANARY: &str = "CANARYwJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLE";

/// A key as `credentials create --json` prints it.
struct Key {
    id: String,
    secret: String,
}

impl Key {
    fn of(output: &Output) -> Self {
        assert!(output.status.success(), "{output:?}");
        let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
        let text = |member: &str| printed["AccessKey"][member].as_str().unwrap().to_owned();
        Self {
            id: text("AccessKeyId"),
            secret: text("SecretAccessKey"),
        }
    }
}

/// A folder with data and a credentials file.
struct World {
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("keys.toml")
    }

    /// Runs `millstream credentials ACTION FILE …`.
    fn credentials(&self, action: &str, more: &[&str]) -> Output {
        let mut command = millstream();
        command
            .args(["credentials", action])
            .arg(self.file())
            .args(more);
        command.output().unwrap()
    }

    /// A key of a user who may do everything.
    fn create(&self, user: &str) -> Key {
        self.create_with(user, &["--policy", FULL_ACCESS])
    }

    fn create_with(&self, user: &str, more: &[&str]) -> Key {
        let flags = ["--account", "111122223333", "--user", user, "--json"];
        Key::of(&self.credentials("create", &[&flags, more].concat()))
    }

    fn serve(&self) -> Command {
        self.serve_on("127.0.0.1:0")
    }

    fn serve_on(&self, address: &str) -> Command {
        let mut command = millstream();
        command
            .args([
                "serve",
                "--listen",
                address,
                "--admin-listen",
                "127.0.0.1:0",
            ])
            .args(["--limits", "off", "--log-level", "debug", "--data-dir"])
            .arg(self.folder.path().join("data"))
            .arg("--credentials")
            .arg(self.file());
        command
    }
}

/// Opens a file anew that only its owner has access to.
#[expect(
    clippy::disallowed_methods,
    reason = "credentials are on the real disk"
)]
fn create(path: &Path) -> std::fs::File {
    let mut options = std::fs::OpenOptions::new();
    let options = options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path).unwrap()
}

fn write(path: &Path, text: &str) {
    create(path).write_all(text.as_bytes()).unwrap();
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn client(url: &str, key: &Key) -> Client {
    let credentials = Credentials::new(&key.id, &key.secret, None);
    let client = Client::builder().endpoint(url).region("eu-west-1");
    client.credentials(credentials).build().unwrap()
}

async fn list(client: &Client) -> Result<(), ErrorCode> {
    let listed = client.list_streams().send().await;
    listed
        .map(drop)
        .map_err(|error: Error| error.code().unwrap_or_else(|| panic!("{error}")))
}

/// Repeats a call until it has this result.
async fn until(client: &Client, expected: Result<(), ErrorCode>) {
    for _ in 0..CALLS_MAX {
        if list(client).await == expected {
            return;
        }
    }
    panic!("never {expected:?}");
}

/// The answer to a request that is not signed.
fn unsigned(url: &str) -> String {
    let mut stream = connect(url);
    let request = "POST / HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-amz-json-1.1\r\n\
                   x-amz-target: Kinesis_20131202.ListStreams\r\nconnection: close\r\n\
                   content-length: 2\r\n\r\n{}";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[tokio::test]
async fn request_when_a_file_has_keys_then_is_served_to_its_users_alone() {
    let world = World::new();
    let key = world.create("ann");
    let server = Running::start(&mut world.serve());
    let ann = client(&server.url, &key);
    ann.create_stream("orders")
        .shard_count(1)
        .send()
        .await
        .unwrap();
    let described = ann.describe_stream_summary("orders").send().await.unwrap();
    let arn = described.stream_description_summary.stream_arn;
    assert_eq!(arn, "arn:aws:kinesis:eu-west-1:111122223333:stream/orders");

    let missing = MissingAuthenticationTokenException;
    assert!(unsigned(&server.url).contains(&format!("{missing:?}")));
    let wrong = Key {
        id: key.id.clone(),
        secret: CANARY.to_owned(),
    };
    assert_eq!(
        list(&client(&server.url, &wrong)).await,
        Err(InvalidSignatureException)
    );
    let stranger = Key {
        id: "MSAKNOBODY".to_owned(),
        secret: CANARY.to_owned(),
    };
    assert_eq!(
        list(&client(&server.url, &stranger)).await,
        Err(UnrecognizedClientException)
    );
}

#[tokio::test]
async fn file_when_its_keys_change_then_the_server_follows_and_tells_no_secret() {
    let world = World::new();
    let first = world.create("ann");
    // A file takes every line; a pipe that nobody reads does not.
    let log_path = world.folder.path().join("log");
    let log = std::process::Stdio::from(create(&log_path));
    let server = Running::start_with_log_to(&mut world.serve(), log);
    let log = std::fs::read_to_string(&log_path).unwrap();
    let (_, admin) = log.split_once("operator's pages on ").unwrap();
    let admin = admin.lines().next().unwrap().to_owned();
    let with_first = client(&server.url, &first);
    assert_eq!(list(&with_first).await, Ok(()));

    let second = Key::of(&world.credentials("rotate", &[&first.id, "--json"]));
    until(&with_first, Err(UnrecognizedClientException)).await;
    let with_second = client(&server.url, &second);
    assert_eq!(list(&with_second).await, Ok(()));
    let third = Key::of(&world.credentials("rotate", &[&second.id, "--keep-old", "--json"]));
    let with_third = client(&server.url, &third);
    until(&with_third, Ok(())).await;
    assert_eq!(list(&with_second).await, Ok(()));
    assert!(world.credentials("revoke", &[&second.id]).status.success());
    until(&with_second, Err(UnrecognizedClientException)).await;
    assert_eq!(list(&with_third).await, Ok(()));

    // Emptied, exposed, wrong, gone: nobody is let in, until it is right again.
    let text = std::fs::read_to_string(world.file()).unwrap();
    for broken in ["", "users = 1", "[[users]"] {
        write(&world.file(), broken);
        until(&with_third, Err(UnrecognizedClientException)).await;
        write(&world.file(), &text);
        until(&with_third, Ok(())).await;
    }
    set_mode(&world.file(), 0o644);
    until(&with_third, Err(UnrecognizedClientException)).await;
    assert!(unsigned(&server.url).contains("MissingAuthenticationTokenException"));
    set_mode(&world.file(), 0o600);
    until(&with_third, Ok(())).await;

    let mut metrics = String::new();
    let mut stream = connect(&admin);
    stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").unwrap();
    stream.read_to_string(&mut metrics).unwrap();
    assert!(metrics.contains("millstream_"), "{metrics}");
    server.signal(rustix::process::Signal::TERM);
    let Stopped { output, .. } = server.wait();
    let log = std::fs::read_to_string(&log_path).unwrap();
    let refusals = log.matches("everybody is refused").count();
    assert!(refusals >= 4, "{refusals} in {} bytes", log.len());
    for secret in [&first.secret, &second.secret, &third.secret] {
        for said in [&metrics, &log, &output] {
            assert!(!said.contains(secret.as_str()), "{said}");
        }
    }
}

#[tokio::test]
#[expect(
    clippy::disallowed_methods,
    reason = "credentials are on the real disk"
)]
async fn user_when_its_policies_are_given_changed_or_broken_then_may_do_what_they_say() {
    const READS: &str =
        r#"{"Statement":{"Effect":"Allow","Action":"kinesis:List*","Resource":"*"}}"#;
    let world = World::new();
    let policy = world.folder.path().join("reads.json");
    write(&policy, READS);
    let nobody = world.create_with("nobody", &[]);
    let reader = world.create_with("reader", &["--policy", policy.to_str().unwrap()]);
    let root = world.create_with("root", &[]);
    let server = Running::start(&mut world.serve());
    let [nobody, reader, root] = [nobody, reader, root].map(|key| client(&server.url, &key));
    let refused = nobody.list_streams().send().await.unwrap_err();
    assert_eq!(refused.code(), Some(AccessDeniedException));
    let said = "User: arn:aws:iam::111122223333:user/nobody is not authorized to perform: \
                kinesis:ListStreams on resource: * because no identity-based policy allows the \
                kinesis:ListStreams action";
    assert!(refused.to_string().contains(said), "{refused}");
    assert_eq!(list(&root).await, Ok(()));
    assert_eq!(list(&reader).await, Ok(()));
    let create = reader.create_stream("orders").shard_count(1).send().await;
    assert_eq!(create.unwrap_err().code(), Some(AccessDeniedException));

    // A change is in force without a restart, and what is no policy lets nobody in.
    write(&policy, &READS.replace("List", "Get"));
    until(&reader, Err(AccessDeniedException)).await;
    assert_eq!(list(&root).await, Ok(()));
    write(&policy, &READS.replace("Resource", "Resources"));
    until(&root, Err(UnrecognizedClientException)).await;
    write(&policy, READS);
    until(&reader, Ok(())).await;
    std::fs::remove_file(&policy).unwrap();
    until(&reader, Err(UnrecognizedClientException)).await;
}

#[test]
fn user_when_made_without_policies_then_the_command_says_that_it_may_do_nothing() {
    let world = World::new();
    let said = |more: &[&str]| {
        let output = world.credentials("create", more);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let nothing = said(&["--user", "ann"]);
    assert!(nothing.contains("may do nothing yet"), "{nothing}");
    assert!(
        nothing.contains("policies = [\"arn:aws:iam::aws:policy/AmazonKinesisReadOnlyAccess\"]"),
        "{nothing}"
    );
    assert_eq!(said(&["--user", "root"]), "");
    assert_eq!(said(&["--user", "ann", "--policy", FULL_ACCESS]), "");
    assert_eq!(said(&["--user", "ann"]), "");
    let listed = String::from_utf8(world.credentials("list", &["--json"]).stdout).unwrap();
    let listed: Vec<Value> = listed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let policies = |name: &str| {
        let row = listed.iter().find(|row| row["UserName"] == name).unwrap();
        row["Policies"].clone()
    };
    assert_eq!(policies("ann"), serde_json::json!([FULL_ACCESS]));
    assert_eq!(policies("root"), serde_json::json!([]));
    let unknown = world.credentials("create", &["--user", "ann", "--policy", "none.json"]);
    assert_eq!(unknown.status.code(), Some(1));
    let said = String::from_utf8(unknown.stderr).unwrap();
    assert!(said.contains("none.json: No such file"), "{said}");
}

/// HTTP/2 has the signed host in `:authority`; TLS changes nothing about what is signed.
#[tokio::test]
async fn request_when_over_either_http_with_and_without_tls_then_is_verified() {
    let world = World::new();
    let key = world.create("ann");
    let folder = world.folder.path();
    let made = millstream().args(["cert", "--out"]).arg(folder).output();
    let flags = String::from_utf8(made.unwrap().stdout).unwrap();
    let server = Running::start(world.serve().args(flags.split_whitespace()));
    let bundle = std::fs::read_to_string(folder.join("cert.pem")).unwrap();
    let plain = server.url.replace("https", "http");
    let wrong = "a-secret-of-somebody-else";
    for (url, version) in [
        (&plain, HttpVersion::Http1),
        (&plain, HttpVersion::Http2),
        (&server.url, HttpVersion::Http1),
        (&server.url, HttpVersion::Http2),
    ] {
        for (secret, expected) in [
            (key.secret.as_str(), Ok(())),
            (wrong, Err(InvalidSignatureException)),
        ] {
            let credentials = Credentials::new(&key.id, secret, None);
            let client = Client::builder()
                .endpoint(url)
                .region("eu-west-1")
                .http_version(version)
                .ca_bundle(bundle.clone())
                .credentials(credentials);
            let listed = list(&client.build().unwrap()).await;
            assert_eq!(listed, expected, "{url} {version:?}");
        }
    }
}

#[test]
fn serve_when_its_credentials_cannot_be_used_then_does_not_start_and_quotes_nothing() {
    let world = World::new();
    let text = format!(
        "[[users]]\naccount = \"111122223333\"\nname = \"ann\"\n[[users.keys]]\nid = \"AKID\"\n\
         secret = \"{CANARY}\"\n"
    );
    for (text, mode, said) in [
        (None, 0o600, "No such file"),
        (Some(text.clone()), 0o640, "(mode 640); chmod 600 it"),
        (
            Some(text.replace("secret", "secrets")),
            0o600,
            "has a member that is none of",
        ),
        (
            Some(text.replace("= \"CANARY", "= CANARY")),
            0o600,
            "line 6: ",
        ),
        (
            Some(format!("{text}policies = \"{CANARY}\"")),
            0o600,
            "has a member that is none of",
        ),
    ] {
        if let Some(text) = text {
            write(&world.file(), &text);
            set_mode(&world.file(), mode);
        }
        let Stopped { status, log, .. } = refused(&mut world.serve());
        assert_eq!(status.code(), Some(1), "{log}");
        assert!(log.contains(said), "{said}: {log}");
        assert!(
            log.contains("--credentials") && !log.contains("CANARY"),
            "{log}"
        );
    }
    assert!(!world.folder.path().join("data").exists());
}

#[tokio::test]
async fn serve_when_others_can_connect_then_starts_only_with_what_protects_the_data() {
    let world = World::new();
    let key = world.create("ann");
    let beyond = |more: &[&str]| {
        let mut command = world.serve_on("0.0.0.0:0");
        command.args(more);
        command
    };
    let Stopped { status, log, .. } = refused(&mut beyond(&[]));
    assert_eq!(status.code(), Some(2), "{log}");
    assert!(log.contains("without a certificate"), "{log}");
    drop(Running::start(&mut beyond(&["--tls", "off"])));
    let made = millstream()
        .args(["cert", "--out"])
        .arg(world.folder.path())
        .output()
        .unwrap();
    let flags = String::from_utf8(made.stdout).unwrap();
    let flags: Vec<_> = flags.split_whitespace().collect();
    let server = Running::start(&mut beyond(&flags));
    // Over TLS alone: nothing is sent in the clear twice.
    let address = server.url.strip_prefix("https://0.0.0.0").unwrap();
    let (tls, plain) = (
        format!("https://127.0.0.1{address}"),
        format!("http://127.0.0.1{address}"),
    );
    let bundle = std::fs::read_to_string(world.folder.path().join("cert.pem")).unwrap();
    for (url, expected) in [(tls, Ok(())), (plain, Err(AccessDeniedException))] {
        let credentials = Credentials::new(&key.id, &key.secret, None);
        let client = Client::builder().endpoint(url).region("eu-west-1");
        let client = client.ca_bundle(bundle.clone()).credentials(credentials);
        assert_eq!(list(&client.build().unwrap()).await, expected);
    }
}

#[test]
fn keys_when_listed_then_are_shown_without_secrets_and_unknown_ones_are_refused() {
    let world = World::new();
    let key = world.create("ann");
    let mode = world.file().metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let shared = world.credentials("create", &["--user", "bob"]);
    let shared = String::from_utf8(shared.stdout).unwrap();
    let lines: Vec<_> = shared
        .lines()
        .filter_map(|line| line.split_once(" = "))
        .collect();
    let [("aws_access_key_id", id), ("aws_secret_access_key", secret)] = lines[..] else {
        panic!("{shared}");
    };
    for more in [&[][..], &["--json"]] {
        let listed = String::from_utf8(world.credentials("list", more).stdout).unwrap();
        for said in [&key.id, "111122223333", "ann", id, "000000000000", "bob"] {
            assert!(listed.contains(said), "{said}: {listed}");
        }
        assert!(
            !listed.contains(&key.secret) && !listed.contains(secret),
            "{listed}"
        );
    }
    for action in ["revoke", "rotate"] {
        let output = world.credentials(action, &["MSAKNOBODY"]);
        assert_eq!(output.status.code(), Some(1));
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(said, "millstream: there is no access key MSAKNOBODY.\n");
    }
    let bad = world.credentials("create", &["--user", "a b"]);
    assert_eq!(bad.status.code(), Some(2));
}
