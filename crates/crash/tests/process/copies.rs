//! Copies of the data directory, and restored files: everything acknowledged earlier is there, or
//! the server names what does not fit. It never removes a file that it does not know.

#![expect(clippy::disallowed_methods, reason = "the files of a real process")]

use crate::admin;
use crate::place::Place;
use crate::scene::{STREAM, Scene, within};
use bytes::Bytes;
use millstream_client::Client;
use millstream_crash::{DriveError, Endpoint, Launch, Process};
use millstream_env::Env;
use millstream_protocol::operations::{
    GetRecords, GetRecordsInput, GetShardIterator, GetShardIteratorInput, PutRecord, PutRecordInput,
};
use millstream_protocol::types::ShardIteratorType;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::Mutex;

const PAGE: &str = include_str!("../../../../docs/operations/backup.md");
/// Segments roll, are sorted and recycled while they are copied.
const SEGMENT_SIZE: &str = "1MiB";
const PRODUCERS: u64 = 4;
const COPIES: usize = 12;
/// Records that are put between two copies, at least.
const PUTS: usize = 60;
const RECORD_BYTES: u64 = 24 * 1024;
const SHARDS: [&str; 2] = ["shardId-000000000000", "shardId-000000000001"];
const LOOK: std::time::Duration = std::time::Duration::from_millis(2);

/// Numbered records that were acknowledged.
type Acknowledged = Arc<Mutex<Vec<u64>>>;

/// The commands that a page has behind a mark.
fn commands(mark: &str) -> &'static str {
    let (_, rest) = PAGE.split_once(mark).unwrap();
    let (_, rest) = rest.split_once("```sh\n").unwrap();
    rest.split_once("```").unwrap().0
}

/// Runs commands in a shell; whether they succeeded.
fn run(commands: &str, process: &Process, data: &Path, copy: &Path) -> bool {
    let ran = Command::new("sh")
        .args(["-c", commands])
        .env("PID", process.id().to_string())
        .env("DATA", data)
        .env("COPY", copy)
        .output();
    ran.unwrap().status.success()
}

fn record(number: u64) -> Bytes {
    let mut bytes = number.to_le_bytes().to_vec();
    let length = 8 + number.wrapping_mul(0x9e37_79b9) % RECORD_BYTES;
    bytes.resize(length as usize, number as u8);
    bytes.into()
}

/// Puts records until one fails, and notes those that were acknowledged.
async fn produce(at: Client, first: u64, acknowledged: Acknowledged) {
    for number in (first..).step_by(PRODUCERS as usize) {
        let input = PutRecordInput {
            stream_name: Some("s".to_owned()),
            data: record(number),
            partition_key: Some(number.to_string()),
            ..PutRecordInput::default()
        };
        if at.call::<PutRecord>(&input).await.is_err() {
            break;
        }
        acknowledged.lock().unwrap().push(number);
    }
}

/// All that can be read; `Err` says what was answered instead.
async fn read(at: &Client) -> Result<BTreeSet<u64>, millstream_client::Error> {
    let mut found = BTreeSet::new();
    for shard in SHARDS {
        let input = GetShardIteratorInput {
            stream_name: Some("s".to_owned()),
            shard_id: shard.to_owned(),
            shard_iterator_type: ShardIteratorType::TrimHorizon,
            starting_sequence_number: None,
            timestamp: None,
            stream_arn: None,
            stream_id: None,
            dry_run: None,
        };
        let answer = at.call::<GetShardIterator>(&input).await?;
        let mut iterator = answer.shard_iterator.unwrap();
        loop {
            let input = GetRecordsInput {
                shard_iterator: iterator,
                ..GetRecordsInput::default()
            };
            let answer = at.call::<GetRecords>(&input).await?;
            for got in &answer.records {
                let number = u64::from_le_bytes(got.data[..8].try_into().unwrap());
                assert_eq!(got.data, record(number));
                assert!(found.insert(number), "{number} is there twice");
            }
            iterator = answer.next_shard_iterator.unwrap();
            if answer.records.is_empty() && answer.millis_behind_latest == Some(0) {
                break;
            }
        }
    }
    Ok(found)
}

fn files(data: &Path) -> BTreeMap<PathBuf, u64> {
    let entries = std::fs::read_dir(data).unwrap().map(Result::unwrap);
    let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
    files
        .map(|file| (file.path(), file.metadata().unwrap().len()))
        .collect()
}

fn client(scene: &mut Scene, at: &Endpoint) -> Client {
    at.client(&mut scene.worker.rng).clone()
}

/// A server under load, of whose directory copies are made.
struct Source {
    place: Place,
    scene: Scene,
    process: Process,
    acknowledged: Acknowledged,
}

impl Source {
    async fn begin(env: &Env, name: &str) -> Self {
        let place = Place::new(env, name);
        let mut scene = Scene::new(env, place.launch(SEGMENT_SIZE), &["s"]);
        let (process, at) = scene.start().await.unwrap();
        scene.create(&at, STREAM).await;
        let acknowledged = Acknowledged::default();
        for producer in 0..PRODUCERS {
            let load = produce(client(&mut scene, &at), producer, acknowledged.clone());
            env.tasks.spawn("load", Box::pin(load));
        }
        Self {
            place,
            scene,
            process,
            acknowledged,
        }
    }

    /// What is acknowledged after some more puts.
    async fn acknowledged(&self) -> Vec<u64> {
        let count = || self.acknowledged.lock().unwrap().len();
        let enough = count() + PUTS;
        let env = &self.scene.env;
        let more = async {
            while count() < enough {
                env.clock.sleep(LOOK).await;
            }
        };
        within(env, more).await;
        self.acknowledged.lock().unwrap().clone()
    }

    fn copy(&self, nth: usize) -> Launch {
        Launch {
            data: self.place.path().join(format!("copy-{nth}")),
            log: self.place.path().join(format!("copy-{nth}.log")),
            ..self.scene.launch.clone()
        }
    }
}

/// What a server makes of a copy.
#[derive(Debug, PartialEq, Eq)]
enum Opened {
    /// All that was acknowledged is there.
    Whole,
    /// It does not start, and says why.
    Refused(String),
    /// It does not read all, and says why.
    Damaged,
}

async fn open(scene: &mut Scene, launch: &Launch, acknowledged: &[u64]) -> Opened {
    let mut process = launch.spawn().unwrap();
    let Ok(url) = process.ready(&scene.env).await else {
        let words = admin::last_words(&launch.log);
        assert!(
            words.contains(".segment") || words.contains("MANIFEST"),
            "{words}"
        );
        return Opened::Refused(words);
    };
    let at = scene.director.up(&scene.env, &url);
    let client = client(scene, &at);
    let Ok(found) = within(&scene.env, read(&client)).await else {
        let log = std::fs::read_to_string(&launch.log).unwrap();
        assert!(log.contains("damage"), "{log}");
        return Opened::Damaged;
    };
    let missing = acknowledged.iter().find(|number| !found.contains(number));
    assert_eq!(missing, None, "of {} records", acknowledged.len());
    process.kill().unwrap();
    Opened::Whole
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copy_when_made_as_documented_then_has_all_that_was_acknowledged_before() {
    let env = Env::real();
    let mut source = Source::begin(&env, "copies").await;
    for nth in 0..COPIES {
        let acknowledged = source.acknowledged().await;
        let launch = source.copy(nth);
        let data = &source.scene.launch.data;
        let commands = commands("<!-- session: copy -->");
        assert!(run(commands, &source.process, data, &launch.data));
        let opened = open(&mut source.scene, &launch, &acknowledged).await;
        assert_eq!(opened, Opened::Whole, "copy {nth}");
        std::fs::remove_dir_all(&launch.data).unwrap();
    }
    source.process.kill().unwrap();
    source.place.remove();
}

/// Files of different moments: never as if nothing were missing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copy_when_files_change_under_it_then_is_whole_or_is_told_by_name() {
    let env = Env::real();
    let mut source = Source::begin(&env, "loose-copies").await;
    let mut tally = BTreeMap::new();
    for nth in 0..COPIES {
        let acknowledged = source.acknowledged().await;
        let launch = source.copy(nth);
        let data = &source.scene.launch.data;
        // The MANIFEST first or last, and whatever goes meanwhile is missing.
        let commands = match nth % 2 {
            0 => {
                r#"mkdir "$COPY"; cp -a "$DATA"/MANIFEST "$COPY"; cp -a "$DATA"/*.segment "$COPY""#
            }
            _ => {
                r#"mkdir "$COPY"; cp -a "$DATA"/*.segment "$COPY"; cp -a "$DATA"/MANIFEST "$COPY""#
            }
        };
        run(commands, &source.process, data, &launch.data);
        let before = files(&launch.data);
        let kind = match open(&mut source.scene, &launch, &acknowledged).await {
            Opened::Whole => "whole",
            Opened::Damaged => "damaged",
            Opened::Refused(words) => {
                let after = files(&launch.data);
                let is_gone = |path: &&PathBuf| !after.contains_key(*path);
                assert_eq!(before.keys().find(is_gone), None, "{words}");
                "refused"
            }
        };
        *tally.entry(kind).or_insert(0) += 1;
        std::fs::remove_dir_all(&launch.data).unwrap();
    }
    println!("copies of files of different moments: {tally:?}");
    source.process.kill().unwrap();
    source.place.remove();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn manifest_when_an_older_one_is_put_back_then_nothing_is_removed_and_the_right_one_serves() {
    let env = Env::real();
    let source = Source::begin(&env, "old-manifest").await;
    let data = source.scene.launch.data.clone();
    let (manifest, older) = (data.join("MANIFEST"), data.join("MANIFEST.older"));
    source.acknowledged().await;
    std::fs::copy(&manifest, &older).unwrap();
    while files(&data).len() < 8 {
        source.acknowledged().await;
    }
    let acknowledged = source.acknowledged().await;
    let Source {
        place,
        mut scene,
        process,
        ..
    } = source;
    process.kill().unwrap();
    let launch = scene.launch.clone();
    let right = data.join("MANIFEST.right");
    std::fs::copy(&manifest, &right).unwrap();
    std::fs::copy(&older, &manifest).unwrap();
    for name in ["zzzz.segment", "notes.spare"] {
        std::fs::copy(&older, data.join(name)).unwrap();
    }
    let before = files(&data);
    let refused = open(&mut scene, &launch, &acknowledged).await;
    let Opened::Refused(words) = refused else {
        panic!("{refused:?}");
    };
    assert!(words.contains("nothing was removed"), "{words}");
    assert_eq!(files(&data), before);
    std::fs::copy(&right, &manifest).unwrap();
    let opened = open(&mut scene, &launch, &acknowledged).await;
    assert_eq!(opened, Opened::Whole);
    for name in ["zzzz.segment", "notes.spare"] {
        assert!(data.join(name).is_file(), "{name}");
    }
    // Without its MANIFEST a directory in a segment's place is named too.
    std::fs::create_dir(data.join("00000000000000ff.segment")).unwrap();
    let refused = open(&mut scene, &launch, &acknowledged).await;
    let Opened::Refused(words) = refused else {
        panic!("{refused:?}");
    };
    assert!(words.contains("00000000000000ff.segment"), "{words}");
    place.remove();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lock_when_it_is_removed_then_a_second_server_does_not_start() {
    let env = Env::real();
    let source = Source::begin(&env, "lock").await;
    source.acknowledged().await;
    let data = &source.scene.launch.data;
    env.disk.remove(&data.join("LOCK")).unwrap();
    let mut second = source.copy(0);
    second.data = data.clone();
    let mut process = second.spawn().unwrap();
    let ready = process.ready(&env).await.unwrap_err();
    assert!(matches!(ready, DriveError::NotReady), "{ready}");
    let words = admin::last_words(&second.log);
    assert!(words.contains("in use by another process"), "{words}");
    source.acknowledged().await;
    source.process.kill().unwrap();
    source.place.remove();
}
