//! Start, use, stop, start again.

use crate::calls::{client, put};
use crate::process::{Running, binary, millstream, refused};
use millstream_protocol::operations::{CreateStream, CreateStreamInput};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::Signal;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

pub fn dev(folder: &Path) -> Command {
    let mut command = millstream();
    command
        .env("TMPDIR", folder)
        .env("MILLSTREAM_LISTEN", "127.0.0.1:0")
        .arg("dev");
    command
}

fn entries(folder: &Path) -> usize {
    folder.read_dir().unwrap().count()
}

#[tokio::test]
async fn dev_when_told_to_stop_then_leaves_nothing_behind() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let folder = tempfile::tempdir().unwrap();
        let server = Running::start(dev(folder.path()).args(["--stream", "orders:2"]));
        assert!(
            server.url.starts_with("http://127.0.0.1:"),
            "{}",
            server.url
        );
        assert_eq!(entries(folder.path()), 1);
        assert!(
            put(&server.url, "orders")
                .await
                .shard_id
                .starts_with("shardId-00000000000")
        );
        server.signal(signal);
        let stopped = server.wait();
        assert_eq!(stopped.status.code(), Some(0), "{}", stopped.log);
        assert_eq!(
            stopped.output, "",
            "the URL is all that standard output gets"
        );
        assert!(
            stopped.log.contains("is removed when the server stops"),
            "{}",
            stopped.log
        );
        assert_eq!(entries(folder.path()), 0);
    }
}

#[tokio::test]
async fn dev_when_given_a_folder_then_finds_its_streams_again() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("a/b");
    let start = || {
        let mut command = dev(folder.path());
        Running::start(
            command
                .arg("--data-dir")
                .arg(&data)
                .args(["--stream", "orders"]),
        )
    };
    let server = start();
    let first = put(&server.url, "orders").await.sequence_number;
    server.signal(Signal::TERM);
    let stopped = server.wait();
    assert_eq!(stopped.status.code(), Some(0), "{}", stopped.log);
    assert!(stopped.log.contains("which is kept"), "{}", stopped.log);

    let server = start();
    let second = put(&server.url, "orders").await.sequence_number;
    assert!(
        (second.len(), &second) > (first.len(), &first),
        "{first} {second}"
    );
    server.signal(Signal::TERM);
    assert_eq!(server.wait().status.code(), Some(0));
}

#[test]
fn server_when_its_place_is_taken_then_says_so_and_ends_with_1() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let first = Running::start(dev(folder.path()).arg("--data-dir").arg(&data));
    let address = first.url.strip_prefix("http://").unwrap();

    let port_taken = refused(dev(folder.path()).args(["--listen", address]));
    let folder_taken = refused(dev(folder.path()).arg("--data-dir").arg(&data));
    for (stopped, said) in [
        (port_taken, address),
        (folder_taken, data.to_str().unwrap()),
    ] {
        assert_eq!(stopped.status.code(), Some(1));
        let complaint = stopped.log.lines().last().unwrap();
        assert!(
            complaint.starts_with("millstream: ") && complaint.contains(said),
            "{complaint}"
        );
    }
    first.signal(Signal::TERM);
    assert_eq!(first.wait().status.code(), Some(0));
}

#[test]
fn server_when_its_folder_is_somebody_elses_then_says_so_and_makes_nothing_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("home/photos");
    std::fs::DirBuilder::new()
        .recursive(true)
        .create(&data)
        .unwrap();
    let home = data.parent().unwrap();
    let stopped = refused(dev(folder.path()).arg("--data-dir").arg(home));
    assert_eq!(stopped.status.code(), Some(1));
    let complaint = stopped.log.lines().last().unwrap();
    let said = [
        home.to_str().unwrap(),
        "photos",
        "an empty directory is expected, or one with a journal",
    ];
    assert!(
        said.iter().all(|said| complaint.contains(said)),
        "{complaint}"
    );
    assert_eq!(entries(home), 1);
}

#[tokio::test]
async fn serve_when_on_loopback_then_warns_serves_and_keeps_its_data() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = millstream();
    let any = "127.0.0.1:0";
    command.args([
        "serve",
        "--listen",
        any,
        "--admin-listen",
        any,
        "--log-format",
        "json",
    ]);
    let server = Running::start(command.arg("--data-dir").arg(folder.path()));
    let create = CreateStreamInput {
        stream_name: "orders".to_owned(),
        ..CreateStreamInput::default()
    };
    client(&server.url)
        .call::<CreateStream>(&create)
        .await
        .unwrap();
    put(&server.url, "orders").await;
    server.signal(Signal::TERM);
    let stopped = server.wait();
    assert_eq!(stopped.status.code(), Some(0), "{}", stopped.log);
    for said in [
        "any credentials are accepted",
        "survives power loss (fsync)",
        "operator's pages",
    ] {
        assert!(stopped.log.contains(said), "{said}\n{}", stopped.log);
    }
    assert!(
        stopped.log.lines().all(|line| line.starts_with('{')),
        "{}",
        stopped.log
    );
    assert!(entries(folder.path()) > 0);
}

#[test]
fn serve_when_opening_takes_long_then_is_alive_and_not_ready() {
    let folder = tempfile::tempdir().unwrap();
    // Opening a pipe blocks until its other end is open.
    let manifest = folder.path().join("MANIFEST");
    mknodat(CWD, &manifest, FileType::Fifo, Mode::RUSR, 0).unwrap();
    let mut command = millstream();
    let any = "127.0.0.1:0";
    command.args(["serve", "--listen", any, "--admin-listen", any]);
    let mut server = Running::begin(command.arg("--data-dir").arg(folder.path()));
    let admin = server.log_after("operator's pages on http://");
    let get = |path: &str| {
        let mut connection = TcpStream::connect(&admin).unwrap();
        // A timeout that turns a hanging test into a failure.
        let patience = Some(Duration::from_secs(10));
        connection.set_read_timeout(patience).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        connection.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        answer
    };
    let healthy = get("/healthz");
    assert!(healthy.starts_with("HTTP/1.1 200"), "{healthy}");
    let ready = get("/readyz");
    assert!(
        ready.starts_with("HTTP/1.1 503") && ready.ends_with("\r\n\r\nstarting\n"),
        "{ready}"
    );
    server.signal(Signal::TERM);
    let stopped = server.wait();
    assert_eq!(stopped.status.code(), Some(0), "{}", stopped.log);
    let said = "stopping before it was ready";
    assert!(stopped.log.contains(said), "{}", stopped.log);
}

#[test]
fn dev_when_started_with_hangups_ignored_then_goes_on_after_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("sh");
    command
        .env_clear()
        .env("MILLSTREAM_LISTEN", "127.0.0.1:0")
        .env("TMPDIR", folder.path())
        .args(["-c", "trap '' HUP; exec \"$0\" dev"])
        .arg(binary());
    let server = Running::start(&mut command);
    server.signal(Signal::HUP);
    server.signal(Signal::TERM);
    let stopped = server.wait();
    assert_eq!(stopped.status.code(), Some(0), "{}", stopped.log);
    assert!(!stopped.log.contains("already stopping"), "{}", stopped.log);
}

#[test]
fn serve_when_it_may_open_few_files_then_takes_few_connections_and_closes_those_above() {
    const FILES: u32 = 300;
    // A quarter, where descriptors are scarce.
    const CONNECTIONS: usize = FILES as usize / 4;
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("sh");
    command
        .env_clear()
        .env("MILLSTREAM_LISTEN", "127.0.0.1:0")
        .env("TMPDIR", folder.path())
        .args(["-c", &format!("ulimit -n {FILES}; exec \"$0\" dev")])
        .arg(binary());
    let server = Running::start(&mut command);
    let address = server.url.strip_prefix("http://").unwrap();
    let connect = || TcpStream::connect(address).unwrap();
    let mut taken: Vec<TcpStream> = (0..CONNECTIONS).map(|_| connect()).collect();
    let mut above = connect();
    assert_eq!(above.read(&mut [0]).unwrap_or(0), 0, "it is closed");
    for stream in [0, CONNECTIONS - 1] {
        let stream = &mut taken[stream];
        stream
            .write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            .unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 403");
    }
}
