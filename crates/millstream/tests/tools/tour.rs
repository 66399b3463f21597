//! The tour of the tools, as its reader pastes it into a shell.

use crate::server::{binary, server};
use std::path::Path;
use std::process::Command;

const PAGE: &str = include_str!("../../../../docs/guide/tour.md");

/// The commands under a mark of the page.
fn session() -> &'static str {
    let (_, marked) = PAGE.split_once("<!-- session: tools -->\n```sh\n").unwrap();
    marked.split_once("\n```").unwrap().0
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a folder for a shell")]
fn tour_when_pasted_into_a_shell_then_ends_without_an_error() {
    let server = server();
    let folder = tempfile::tempdir().unwrap();
    let tools = folder.path().join("bin");
    std::fs::create_dir(&tools).unwrap();
    std::os::unix::fs::symlink(Path::new(&binary()), tools.join("millstream")).unwrap();
    let path = format!("{}:/usr/bin:/bin", tools.display());
    let session = session().replace("http://127.0.0.1:4567", &server.url);
    let mut shell = Command::new("bash");
    shell.args(["-euo", "pipefail", "-c", &session]);
    shell
        .env_clear()
        .env("PATH", path)
        .current_dir(folder.path());
    let output = shell.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let shown = String::from_utf8(output.stdout).unwrap();
    let of_customer = shown.lines().filter(|line| line.contains("\"c-42\""));
    assert_eq!(of_customer.count(), 1, "{shown}");
    assert!(shown.lines().any(|line| line.trim() == "1000"), "{shown}");
}
