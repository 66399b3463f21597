//! Where settings come from, and which place wins.

use crate::process::{Running, Stopped, millstream, refused};
use rustix::process::Signal;
use std::process::Command;

/// The complaint about a command line that is refused.
fn refusal(command: &mut Command) -> String {
    let Stopped { status, log, .. } = refused(command);
    assert_eq!(status.code(), Some(2), "{log}");
    log
}

#[test]
fn environment_when_it_has_settings_then_beats_the_file_and_is_beaten_by_flags() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.toml");
    let settings = b"listen = \"from-file\"\ntransition-time = \"from-file\"\n";
    std::io::Write::write_all(&mut std::fs::File::create_new(&file).unwrap(), settings).unwrap();
    let with_file = || {
        let mut command = millstream();
        command.arg("dev").env("MILLSTREAM_CONFIG", &file);
        command
    };
    let log = refusal(with_file().env("MILLSTREAM_TRANSITION_TIME", "0s"));
    assert!(
        log.contains("--listen") && log.contains("from-file"),
        "{log}"
    );
    let log = refusal(with_file().env("MILLSTREAM_LISTEN", "from-environment"));
    assert!(
        log.contains("--listen") && log.contains("from-environment"),
        "{log}"
    );
    let flags = ["--listen", "127.0.0.1:0", "--transition-time", "0s"];
    let server = Running::start(with_file().env("MILLSTREAM_LISTEN", "wrong").args(flags));
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
    assert!(refusal(command).contains("--auth off"));
    assert!(!data.exists());
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
