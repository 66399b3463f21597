//! A server in use while one of its background tasks dies: it shuts down gracefully and names the
//! task.

use super::*;
use crate::cli::{Cert, Cli};
use crate::{DIED, self_signed, status_of_failure};
use bytes::Bytes;
use millstream_client::{Client, Credentials};
use millstream_env::{Clock, Disk, DoomedTasks, OpenMode, RealDisk, SystemClock, TokioTasks};
use millstream_protocol::operations::*;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::future::pending;
use std::time::Duration;

/// Time after which a server counts as stuck.
const STUCK_AFTER: Duration = Duration::from_secs(100);

/// Standard output, whose first line is awaited.
struct Output(Option<oneshot::Sender<String>>);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        if let Some(tell) = self.0.take() {
            tell.send(text.trim().to_owned()).unwrap();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The settings of a server in a directory, with both sockets, and with TLS beside plain HTTP.
fn settings(folder: &Path) -> Settings {
    let cert = Cert {
        out: folder.join("tls"),
        hosts: vec!["localhost".to_owned()],
        days: 1,
    };
    self_signed::run(&cert).unwrap();
    let any = "127.0.0.1:0";
    let mut words: Vec<OsString> = ["millstream", "serve", "--limits", "off"]
        .into_iter()
        .chain(["--listen", any, "--admin-listen", any])
        .map(OsString::from)
        .collect();
    for (flag, path) in [
        ("--data-dir", "data"),
        ("--tls-cert", "tls/cert.pem"),
        ("--tls-key", "tls/key.pem"),
    ] {
        words.extend([flag.into(), folder.join(path).into_os_string()]);
    }
    let cli: Cli = crate::config::parse(words).unwrap();
    match cli.command {
        cli::Run::Serve(serve) => crate::serve::settings(serve).unwrap(),
        other @ (cli::Run::Dev(_)
        | cli::Run::Cert(_)
        | cli::Run::Check(_)
        | cli::Run::Credentials(_)
        | cli::Run::Keys(_)
        | cli::Run::Repair(_)
        | cli::Run::Policy(_)
        | cli::Run::Tool(_)) => panic!("not serve: {other:?}"),
    }
}

/// Gives every background task work, again and again.
async fn use_for_ever(url: &str) {
    let client = Client::builder()
        .endpoint(url.replace("https", "http"))
        .credentials(Credentials::new("AKID", "secret", None))
        .build()
        .unwrap();
    // Any call may fail once the task has died.
    for round in 0.. {
        let name = format!("stream-{round}");
        let create = CreateStreamInput {
            stream_name: name.clone(),
            shard_count: Some(1),
            ..CreateStreamInput::default()
        };
        drop(client.call::<CreateStream>(&create).await);
        let put = PutRecordInput {
            stream_name: Some(name.clone()),
            partition_key: Some("key".to_owned()),
            data: Bytes::from(vec![7; 100_000]),
            ..PutRecordInput::default()
        };
        drop(client.call::<PutRecord>(&put).await);
        let split = SplitShardInput {
            stream_name: Some(name.clone()),
            shard_to_split: "shardId-000000000000".to_owned(),
            new_starting_hash_key: (1_u128 << 127).to_string(),
            ..SplitShardInput::default()
        };
        drop(client.call::<SplitShard>(&split).await);
        // Long values: a catalog snapshot becomes due.
        let tag = |number: u32| (format!("{number:0>128}"), format!("{round:0>256}"));
        let tags: BTreeMap<String, String> = (0..10).map(tag).collect();
        let add = AddTagsToStreamInput {
            stream_name: Some(name),
            tags,
            ..AddTagsToStreamInput::default()
        };
        drop(client.call::<AddTagsToStream>(&add).await);
    }
}

/// Runs a server until it has ended because `victim` died after `polls` polls.
async fn check_death(victim: &'static str, polls: u32) {
    let folder = tempfile::tempdir().unwrap();
    let tasks = DoomedTasks::new(Arc::new(TokioTasks::current()), victim, polls);
    let env = Env {
        tasks: Arc::new(tasks),
        ..Env::real()
    };
    let (tell, told) = oneshot::channel();
    let serving = serve(settings(folder.path()), env, Output(Some(tell)));
    let using = async {
        if let Ok(url) = told.await {
            use_for_ever(&url).await;
        }
        // The task died before the server was ready.
        pending::<()>().await;
    };
    let ended = tokio::select! {
        biased;
        ended = serving => ended,
        () = using => unreachable!("it is used for ever"),
        () = SystemClock::new().sleep(STUCK_AFTER) => panic!("{victim} died and nothing ended"),
    };
    let error = ended.expect_err(victim);
    assert_eq!(status_of_failure(&error), DIED, "{victim}");
    let text = format!("{error:#}");
    let said = format!("the background task {victim} has died: planted");
    assert_eq!(text, said);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_when_a_background_task_dies_then_ends_in_good_order_with_its_name() {
    for (victim, polls) in [
        ("journal-writer", 0),
        ("journal-writer", 20),
        ("journal-keeper", 0),
        ("journal-cleaner", 0),
        ("journal-sorter", 0),
        ("catalog", 0),
        ("catalog", 5),
        ("catalog-snapshot", 0),
        ("fence", 0),
        ("fence", 3),
        ("duties", 0),
        ("accept", 0),
        ("accept", 1),
        ("accept admin", 0),
        ("certificate", 0),
        ("certificate", 1),
    ] {
        check_death(victim, polls).await;
    }
}

#[test]
fn file_when_in_the_data_directory_then_is_found_there_however_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::DirBuilder::new().create(&data).unwrap();
    let inside = data.join("keyring.json");
    RealDisk.open(&inside, OpenMode::CreateNew).unwrap();
    std::os::unix::fs::symlink(&inside, folder.path().join("link")).unwrap();
    for (path, expected) in [
        ("data/audit.log", true),
        ("data/../data/audit.log", true),
        ("link", true),
        ("audit.log", false),
        ("data/../audit.log", false),
        ("missing/audit.log", false),
    ] {
        assert_eq!(is_in(&folder.path().join(path), &data), expected, "{path}");
    }
}
