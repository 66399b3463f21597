//! `millstream check` and `millstream repair`: what they print, their exit statuses, and a server
//! that starts on what was repaired.
#![expect(
    clippy::disallowed_methods,
    reason = "the files of a real directory are damaged, and looked at"
)]

use crate::calls::{client, iterator, put_data};
use crate::process::{Running, millstream};
use bytes::Bytes;
use millstream_env::Env;
use millstream_journal::Inspection;
use millstream_protocol::operations::*;
use millstream_store::{LogId, Offset, ReadLimit};
use rustix::process::Signal;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

/// Runs an offline command.
fn offline(arguments: &[&str], directory: &Path) -> Output {
    let mut command = millstream();
    command.args(arguments).arg(directory).output().unwrap()
}

fn text(output: &Output) -> String {
    let error = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(
        error.is_empty() || matches!(output.status.code(), Some(1 | 3)),
        "{error}"
    );
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn serve(directory: &Path) -> Running {
    let mut command = millstream();
    command.args(["serve", "--listen", "127.0.0.1:0"]);
    command.args(["--admin-listen", "127.0.0.1:0", "--data-dir"]);
    Running::start(command.arg(directory))
}

fn stop(server: Running) {
    server.signal(Signal::TERM);
    assert!(server.wait().status.success());
}

async fn create(url: &str, name: &str) {
    let input = CreateStreamInput {
        stream_name: name.to_owned(),
        shard_count: Some(1),
        ..CreateStreamInput::default()
    };
    client(url).call::<CreateStream>(&input).await.unwrap();
}

/// The data of all records of a stream's first shard.
async fn records(url: &str, stream: &str) -> Vec<Bytes> {
    let client = client(url);
    let mut next = Some(iterator(&client, stream).await);
    let mut records = Vec::new();
    while let Some(shard_iterator) = next {
        let input = GetRecordsInput {
            shard_iterator,
            ..GetRecordsInput::default()
        };
        let output = client.call::<GetRecords>(&input).await.unwrap();
        if output.records.is_empty() && output.millis_behind_latest == Some(0) {
            break;
        }
        records.extend(output.records.into_iter().map(|record| record.data));
        next = output.next_shard_iterator;
    }
    records
}

/// A stopped server's directory with a stream of three records, and a second stream.
async fn stopped() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let server = serve(directory.path());
    create(&server.url, "orders").await;
    for data in ["first record", "second record", "third record"] {
        let client = client(&server.url);
        put_data(&client, "orders", Bytes::from(data)).await;
    }
    create(&server.url, "audit").await;
    stop(server);
    directory
}

/// The segment that holds these bytes, and where.
fn find(directory: &Path, wanted: &[u8]) -> (PathBuf, usize) {
    let files = fs::read_dir(directory).unwrap();
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.retain(|file| {
        file.extension()
            .is_some_and(|extension| extension == "segment")
    });
    let place = files.iter().find_map(|file| {
        let bytes = fs::read(file).unwrap();
        let at = bytes
            .windows(wanted.len())
            .position(|window| window == wanted)?;
        Some((file.clone(), at))
    });
    place.unwrap()
}

fn flip(directory: &Path, wanted: &[u8]) {
    let (file, at) = find(directory, wanted);
    let mut bytes = fs::read(&file).unwrap();
    bytes[at] ^= 4;
    fs::write(&file, bytes).unwrap();
}

/// All files, with their bytes.
fn files(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            files.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    files.sort();
    files
}

#[tokio::test]
async fn check_when_all_is_sound_then_says_so_and_changes_nothing() {
    let directory = stopped().await;
    let before = files(directory.path());
    let checked = offline(&["check"], directory.path());
    let printed = text(&checked);
    assert_eq!(checked.status.code(), Some(0), "{printed}");
    assert!(printed.starts_with("sound: "), "{printed}");
    assert!(printed.contains("2 streams, 4 logs, "), "{printed}");
    let checked = offline(&["check", "--json"], directory.path());
    let line = text(&checked);
    let summary: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(summary["kind"], "summary");
    assert_eq!(summary["sound"], true);
    assert!(summary["records"].as_u64().unwrap() >= 3, "{summary}");
    let repaired = offline(&["repair", "--accept-loss"], directory.path());
    assert_eq!(repaired.status.code(), Some(0));
    assert_eq!(text(&repaired), "sound: there is nothing to repair\n");
    assert_eq!(files(directory.path()), before);
}

#[tokio::test]
async fn check_when_it_cannot_read_the_directory_then_says_why_with_status_1() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("missing");
    let file = directory.path().join("file");
    fs::write(&file, "text").unwrap();
    let empty = tempfile::tempdir().unwrap();
    let data = tempfile::tempdir().unwrap();
    let server = serve(data.path());
    for (path, why) in [
        (missing.as_path(), "No such file or directory"),
        (&file, "Not a directory"),
        (empty.path(), "holds no journal"),
        (directory.path(), "holds no journal, but \"file\""),
        (data.path(), "is in use by another process"),
    ] {
        for command in ["check", "repair"] {
            let checked = offline(&[command], path);
            let error = String::from_utf8(checked.stderr).unwrap();
            assert_eq!(checked.status.code(), Some(1), "{error}");
            assert!(error.contains(why), "{error}");
            assert_eq!(error.lines().count(), 1, "{error}");
            assert_eq!(checked.stdout, b"");
        }
    }
    stop(server);
    assert_eq!(fs::read_dir(empty.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn record_when_it_is_damaged_then_is_named_given_up_and_the_others_are_served() {
    let directory = stopped().await;
    flip(directory.path(), b"second record");
    let before = files(directory.path());
    let checked = offline(&["check"], directory.path());
    let printed = text(&checked);
    assert_eq!(checked.status.code(), Some(3), "{printed}");
    let named = "1 record of arn:aws:kinesis:us-east-1:000000000000:stream/orders \
        shardId-000000000000, sequence numbers 49";
    let damage = printed
        .lines()
        .find(|line| line.starts_with("damage: "))
        .unwrap();
    assert!(
        damage.contains(".segment at byte ") && damage.contains(named),
        "{printed}"
    );
    assert!(printed.contains("\ndamaged: 1 finding; "), "{printed}");
    let planned = offline(&["repair"], directory.path());
    let printed = text(&planned);
    assert_eq!(planned.status.code(), Some(3), "{printed}");
    assert!(
        printed.contains("\nlost: 1 record of arn:aws:kinesis:"),
        "{printed}"
    );
    assert!(
        printed.ends_with("--accept-loss goes on without what is lost\n"),
        "{printed}"
    );
    assert_eq!(files(directory.path()), before, "nothing was changed");
    let repaired = offline(&["repair", "--accept-loss"], directory.path());
    let printed = text(&repaired);
    assert_eq!(repaired.status.code(), Some(0), "{printed}");
    assert!(
        printed.lines().last().unwrap().starts_with("sound: "),
        "{printed}"
    );
    let kept = fs::read_dir(directory.path()).unwrap();
    let kept = kept
        .map(|entry| entry.unwrap().path())
        .find(|path| path.is_dir())
        .unwrap();
    for (path, bytes) in before
        .iter()
        .filter(|(path, _)| !path.ends_with("MANIFEST"))
    {
        let name = path.file_name().unwrap();
        let is_kept = [directory.path(), &kept]
            .iter()
            .any(|folder| fs::read(folder.join(name)).is_ok_and(|found| found == *bytes));
        assert!(is_kept, "{}", path.display());
    }
    let server = serve(directory.path());
    let left: Vec<Bytes> = records(&server.url, "orders").await;
    assert_eq!(left, ["first record", "third record"]);
    put_data(&client(&server.url), "orders", Bytes::from("fourth record")).await;
    assert_eq!(records(&server.url, "orders").await.len(), 3);
    stop(server);
    assert_eq!(offline(&["check"], directory.path()).status.code(), Some(0));
}

#[tokio::test]
async fn command_of_the_catalog_when_it_is_damaged_then_what_it_did_is_lost_and_no_more() {
    let directory = tempfile::tempdir().unwrap();
    let server = serve(directory.path());
    create(&server.url, "first-stream").await;
    create(&server.url, "second-stream").await;
    let input = AddTagsToStreamInput {
        stream_name: Some("first-stream".to_owned()),
        tags: [("colour-of-tag".to_owned(), "blue".to_owned())].into(),
        ..AddTagsToStreamInput::default()
    };
    client(&server.url)
        .call::<AddTagsToStream>(&input)
        .await
        .unwrap();
    create(&server.url, "third-stream").await;
    put_data(
        &client(&server.url),
        "third-stream",
        Bytes::from("kept record"),
    )
    .await;
    stop(server);
    flip(directory.path(), b"colour-of-tag");
    let checked = offline(&["check"], directory.path());
    let printed = text(&checked);
    assert_eq!(checked.status.code(), Some(3), "{printed}");
    assert!(
        printed.contains("1 record of the catalog's commands"),
        "{printed}"
    );
    assert!(
        printed.contains("\ndamage: catalog: commands "),
        "{printed}"
    );
    let repaired = offline(&["repair", "--accept-loss"], directory.path());
    let printed = text(&repaired);
    assert_eq!(repaired.status.code(), Some(0), "{printed}");
    let server = serve(directory.path());
    assert_eq!(records(&server.url, "third-stream").await, ["kept record"]);
    create(&server.url, "fourth-stream").await;
    stop(server);
    let checked = offline(&["check"], directory.path());
    assert!(
        text(&checked).contains(" 4 streams, "),
        "{}",
        text(&checked)
    );
    let server = serve(directory.path());
    assert_eq!(records(&server.url, "third-stream").await, ["kept record"]);
    stop(server);
}

#[tokio::test]
async fn manifest_when_it_is_gone_or_damaged_then_is_made_from_the_files() {
    for damage in [
        (|path: &Path| fs::remove_file(path).unwrap()) as fn(&Path),
        |path| fs::write(path, "MSTRMAN1, and nothing else").unwrap(),
    ] {
        let directory = stopped().await;
        damage(&directory.path().join("MANIFEST"));
        let checked = offline(&["check"], directory.path());
        let printed = text(&checked);
        assert_eq!(checked.status.code(), Some(3), "{printed}");
        assert!(
            printed.starts_with("damage: MANIFEST at byte 0: "),
            "{printed}"
        );
        let repaired = offline(&["repair", "--accept-loss"], directory.path());
        let printed = text(&repaired);
        assert_eq!(repaired.status.code(), Some(0), "{printed}");
        assert!(!printed.contains("\nlost: "), "{printed}");
        let server = serve(directory.path());
        assert_eq!(records(&server.url, "orders").await.len(), 3);
        stop(server);
    }
}

/// Copies the files of a directory.
fn copy(directory: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    for (path, bytes) in files(directory) {
        fs::write(to.path().join(path.file_name().unwrap()), bytes).unwrap();
    }
    to
}

/// The records of the catalog's log of commands.
async fn commands(directory: &Path) -> Vec<Vec<u8>> {
    let inspection = Inspection::open(&Env::real(), directory).unwrap();
    let limit = ReadLimit {
        records: u32::MAX,
        bytes: u64::MAX,
    };
    let log = LogId {
        group: u64::MAX,
        index: 0,
    };
    let slice = inspection
        .store()
        .read(log, Offset(0), limit)
        .await
        .unwrap();
    slice
        .records()
        .map(|record| record.bytes.to_vec())
        .collect()
}

#[tokio::test]
async fn catalog_when_any_one_command_is_lost_then_is_repaired_and_a_server_starts() {
    let directory = tempfile::tempdir().unwrap();
    let server = serve(directory.path());
    create(&server.url, "split").await;
    put_data(&client(&server.url), "split", Bytes::from("before")).await;
    let input = SplitShardInput {
        stream_name: Some("split".to_owned()),
        shard_to_split: "shardId-000000000000".to_owned(),
        new_starting_hash_key: (1_u128 << 127).to_string(),
        ..SplitShardInput::default()
    };
    client(&server.url)
        .call::<SplitShard>(&input)
        .await
        .unwrap();
    put_data(&client(&server.url), "split", Bytes::from("after")).await;
    create(&server.url, "last").await;
    put_data(&client(&server.url), "last", Bytes::from("kept")).await;
    stop(server);
    let commands = commands(directory.path()).await;
    assert!(commands.len() >= 5, "{}", commands.len());
    let mut kept = 0;
    for (at, command) in commands.iter().enumerate() {
        let copied = copy(directory.path());
        flip(copied.path(), command);
        let planned = offline(&["repair"], copied.path());
        assert_eq!(
            planned.status.code(),
            Some(3),
            "command {at}: {}",
            text(&planned)
        );
        let repaired = offline(&["repair", "--accept-loss"], copied.path());
        let printed = text(&repaired);
        assert_eq!(repaired.status.code(), Some(0), "command {at}: {printed}");
        let server = serve(copied.path());
        let list = ListStreamsInput::default();
        let streams = client(&server.url)
            .call::<ListStreams>(&list)
            .await
            .unwrap();
        for stream in &streams.stream_names {
            put_data(&client(&server.url), stream, Bytes::from("again")).await;
            if stream == "last" {
                assert_eq!(records(&server.url, "last").await, ["kept", "again"]);
                kept += 1;
            } else {
                assert_eq!(records(&server.url, stream).await[0], "before");
            }
        }
        stop(server);
        let checked = offline(&["check"], copied.path());
        assert_eq!(
            checked.status.code(),
            Some(0),
            "command {at}: {}",
            text(&checked)
        );
    }
    assert_eq!(kept, commands.len() - 1, "only its own creation is needed");
}
