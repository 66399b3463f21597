//! Sources of settings, and their precedence.

use crate::process::{Running, Stopped, millstream, refused};
use rustix::process::Signal;
use std::process::Command;

/// The message with which a command line is rejected.
fn refusal(command: &mut Command) -> String {
    let Stopped { status, log, .. } = refused(command);
    assert_eq!(status.code(), Some(2), "{log}");
    log
}

#[test]
fn environment_when_it_has_settings_then_beats_the_file_and_is_beaten_by_flags() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.toml");
    let settings = b"listen = \"127.0.0.2:0\"\n";
    std::io::Write::write_all(&mut std::fs::File::create_new(&file).unwrap(), settings).unwrap();
    let with_file = || {
        let mut command = millstream();
        command.arg("dev").env("MILLSTREAM_CONFIG", &file);
        command
    };
    let with_variable = || {
        let mut command = with_file();
        command.env("MILLSTREAM_LISTEN", "127.0.0.3:0");
        command
    };
    for (mut command, host) in [(with_file(), "127.0.0.2"), (with_variable(), "127.0.0.3")] {
        let server = Running::start(&mut command);
        assert!(server.url.contains(host), "{}", server.url);
    }
    let server = Running::start(with_variable().args(["--listen", "127.0.0.1:0"]));
    assert!(server.url.contains("127.0.0.1"), "{}", server.url);
    server.signal(Signal::TERM);
    assert_eq!(server.wait().status.code(), Some(0));
}

#[test]
fn environment_when_it_lists_streams_then_they_are_parted_at_commas() {
    let log = refusal(millstream().arg("dev").env("MILLSTREAM_STREAM", "a:1,b:x"));
    assert!(log.contains("--stream") && log.contains("b:x"), "{log}");
}

#[test]
fn serve_when_unsafe_then_is_refused_before_anything_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut command = millstream();
    let command = command
        .args(["serve", "--listen", "0.0.0.0:0", "--data-dir"])
        .arg(&data);
    assert!(refusal(command).contains("without --credentials <FILE>"));
    assert!(!data.exists());
}

#[test]
fn serve_when_it_has_no_folder_then_names_the_flag_and_its_command() {
    let log = refusal(millstream().arg("serve"));
    assert!(log.contains("--data-dir <FOLDER> is missing"), "{log}");
    assert!(log.contains("Usage: millstream serve [OPTIONS]"), "{log}");
}

#[test]
fn help_when_asked_for_then_names_every_flag_with_its_variable() {
    for run in ["dev", "serve"] {
        let output = millstream().args([run, "--help"]).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        let help = String::from_utf8(output.stdout).unwrap();
        for said in [
            "--listen",
            "MILLSTREAM_LISTEN",
            "--config",
            "Examples:",
            "durability fsync",
        ] {
            assert!(help.contains(said), "{said}\n{help}");
        }
    }
}

/// The answer to a request without any authentication.
fn unsigned(server: &Running) -> String {
    let address = server.url.strip_prefix("http://").unwrap();
    let address = address.trim_end_matches('/');
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let request = "POST / HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-amz-json-1.1\r\n\
                   x-amz-target: Kinesis_20131202.ListStreams\r\nconnection: close\r\n\
                   content-length: 2\r\n\r\n{}";
    std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
    let mut answer = String::new();
    std::io::Read::read_to_string(&mut stream, &mut answer).unwrap();
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

#[test]
fn strict_auth_when_on_then_refuses_what_is_not_signed_and_otherwise_serves_it() {
    const REFUSED: &str = r#"{"__type":"MissingAuthenticationTokenException","message":"Missing Authentication Token"}"#;
    let listen = ["--listen", "127.0.0.1:0"];
    let server = Running::start(millstream().arg("dev").args(listen));
    assert!(unsigned(&server).starts_with(r#"{"StreamNames":[]"#));
    drop(server);
    let server = Running::start(millstream().args(["dev", "--strict-auth"]).args(listen));
    assert_eq!(unsigned(&server), REFUSED);
    drop(server);
    let folder = tempfile::tempdir().unwrap();
    let mut serve = millstream();
    let serve = serve
        .args(["serve", "--admin-listen", "127.0.0.1:0", "--data-dir"])
        .arg(folder.path())
        .args(listen)
        .env("MILLSTREAM_STRICT_AUTH", "on");
    assert_eq!(unsigned(&Running::start(serve)), REFUSED);
}
