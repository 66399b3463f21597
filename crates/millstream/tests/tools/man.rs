//! `millstream man`.

use crate::call::{Call, tool};
use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// The names of the commands, as the help lists them.
fn commands() -> Vec<String> {
    let ran = tool(&["--help"]);
    let (_, list) = ran.done().split_once("\nCommands:\n").unwrap();
    let (list, _) = list.split_once("\n\n").unwrap();
    let names = list.lines().filter_map(|line| {
        let name = line.strip_prefix("  ")?.split(' ').next()?;
        Some(name.to_owned()).filter(|name| !name.is_empty() && name != "help")
    });
    names.collect()
}

fn pages(folder: &Path) -> BTreeMap<String, String> {
    let entries = folder.read_dir().unwrap().map(|entry| entry.unwrap());
    let page = |entry: std::fs::DirEntry| {
        let name = entry.file_name().into_string().unwrap();
        (name, std::fs::read_to_string(entry.path()).unwrap())
    };
    entries.map(page).collect()
}

/// Checks that a formatter has nothing to say about the pages, and that it would.
fn check_with(formatter: &str, flags: &[&str]) {
    let complaints = |roff: &str| {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(roff.as_bytes()).unwrap();
        let mut command = Command::new(formatter);
        let output = command.args(flags).arg(file.path()).output().unwrap();
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    let folder = tempfile::tempdir().unwrap();
    tool(&["man", "--out", folder.path().to_str().unwrap()]).done();
    for (name, page) in pages(folder.path()) {
        assert_eq!(complaints(&page), "", "{name}");
        let broken = format!("{page}\n.nonsense\n");
        assert_ne!(complaints(&broken), "", "{name}: it takes anything");
    }
}

#[test]
fn pages_when_written_then_groff_takes_them() {
    check_with("groff", &["-man", "-Tutf8", "-ww", "-z"]);
}

#[test]
fn pages_when_written_then_mandoc_takes_them() {
    check_with("mandoc", &["-T", "lint", "-W", "error"]);
}

#[test]
fn pages_when_written_then_there_is_one_for_each_command() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("man1");
    let words = ["man", "--out", out.to_str().unwrap()];
    assert_eq!(tool(&words).done(), "");
    // Everyone on the machine reads them.
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&out), 0o755);
    assert_eq!(mode(&out.join("millstream.1")), 0o644);
    let pages = pages(&out);
    let mut expected: Vec<String> = commands();
    assert!(expected.len() > 4, "{expected:?}");
    expected = expected
        .iter()
        .map(|name| format!("millstream-{name}.1"))
        .collect();
    expected.push("millstream.1".to_owned());
    for name in &expected {
        assert!(pages.contains_key(name), "{name}");
    }
    for (name, page) in &pages {
        for part in [
            ".TH ",
            ".SH NAME\n",
            ".SH SYNOPSIS\n",
            ".SH DESCRIPTION\n",
            ".SH OPTIONS\n",
        ] {
            assert!(page.contains(part), "{name} has no {part:?}");
        }
    }
    // Written again over the old ones.
    assert_eq!(tool(&words).done(), "");
    assert_eq!(self::pages(&out), pages);
}

#[test]
fn page_when_asked_for_by_a_commands_name_then_is_printed() {
    let version = env!("CARGO_PKG_VERSION");
    let own = tool(&["man"]);
    assert!(own.done().contains(".TH millstream 1"), "{}", own.text());
    let page = tool(&["man", "serve"]);
    assert!(
        page.done().contains(".TH millstream-serve 1"),
        "{}",
        page.text()
    );
    assert!(
        page.done().contains("millstream serve \\-\\-data\\-dir"),
        "{}",
        page.text()
    );
    let source = format!("\"millstream {version}\" Millstream");
    for page in [&own, &page] {
        assert!(page.text().contains(&source), "{}", page.text());
    }
    let unknown = tool(&["man", "nothing"]);
    let expected =
        "millstream: there is no page about nothing. millstream --help lists the commands.";
    assert_eq!(unknown.failed(2), expected);
}

#[test]
fn pages_when_they_cannot_be_written_then_the_failure_names_the_file() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let out = file.path().join("below");
    let ran = Call::new(&["man", "--out", out.to_str().unwrap()]).run();
    let line = ran.failed(1);
    let expected = format!("millstream: cannot create {}: ", out.display());
    assert!(line.starts_with(&expected), "{line}");
}
