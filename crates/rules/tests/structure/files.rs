//! What every source file looks like.

use crate::{files, packages, root, text};
use std::path::Path;

/// Maximum number of lines of a file, without its tests.
const LINES_MAX: usize = 800;
/// Maximum number of characters per line; rustfmt does not check comments.
pub const COLUMNS_MAX: usize = 100;

fn sources() -> Vec<std::path::PathBuf> {
    let found = files(&root().join("crates"), "rs");
    assert!(found.len() > 200, "the search found the sources");
    found
}

#[test]
fn source_when_it_opens_then_says_what_it_is() {
    for path in sources() {
        let text = text(&path);
        assert!(
            text.starts_with("//! "),
            "{} opens without //!",
            path.display()
        );
    }
}

#[test]
fn source_when_it_grows_then_is_parted_before_it_has_800_lines() {
    for path in sources() {
        let text = text(&path);
        let code = text
            .split("\n#[cfg(test)]\nmod ")
            .next()
            .unwrap_or_default();
        let lines = code.lines().count();
        assert!(lines <= LINES_MAX, "{} has {lines} lines", path.display());
    }
}

#[test]
fn comment_when_it_is_no_table_then_has_at_most_100_columns() {
    let is_comment = |line: &&str| line.trim_start().starts_with("//");
    let is_row = |line: &&str| line.trim_start_matches(['/', '!', ' ']).starts_with('|');
    for path in sources() {
        let text = text(&path);
        let comments = text
            .lines()
            .filter(|line| is_comment(line) && !is_row(line));
        let too_long = comments.filter(|line| line.chars().count() > COLUMNS_MAX);
        let too_long: Vec<&str> = too_long.collect();
        assert!(too_long.is_empty(), "{}: {too_long:#?}", path.display());
    }
}

#[test]
fn crate_when_it_is_of_the_workspace_then_keeps_its_lints() {
    for package in packages() {
        let manifest = package["manifest_path"].as_str().unwrap_or_default();
        let text = text(Path::new(manifest));
        assert!(text.contains("\n[lints]\nworkspace = true\n"), "{manifest}");
    }
}

#[test]
fn lint_when_it_is_put_off_then_by_expect_alone() {
    // Concatenated, so that this file is not reported.
    let allow = ["#[", "allow("].concat();
    let allow_here = ["#![", "allow("].concat();
    for path in sources() {
        let text = text(&path);
        let is_there = text.contains(&allow) || text.contains(&allow_here);
        assert!(!is_there, "{} allows a lint", path.display());
    }
}

/// The settings of a part of a file, without what is disallowed: the bench is out in the real
/// world.
fn settings(path: &str, from: &str) -> Vec<String> {
    let text = text(&root().join(path));
    let (_, part) = text.split_once(from).expect("the part is there");
    let lines = part
        .lines()
        .take_while(|line| !line.starts_with("[profile"));
    let is_setting = |line: &&str| {
        line.starts_with(|first: char| first.is_ascii_lowercase())
            && !line.starts_with("disallowed")
    };
    lines.filter(is_setting).map(str::to_owned).collect()
}

#[test]
fn bench_when_it_is_linted_then_as_strictly_as_the_workspace() {
    let files = [("Cargo.toml", "lints.rust]"), ("clippy.toml", "")];
    for (file, from) in files {
        let own = settings(file, from);
        assert!(own.len() > 1, "{file} has settings");
        assert_eq!(settings(&format!("bench/{file}"), from), own, "{file}");
    }
}

/// Such a test can only be left out by its name, where the machine lacks what it needs.
#[test]
fn test_when_it_needs_more_of_the_machine_then_stands_in_the_runners_list() {
    let runner = text(&root().join("test"));
    let mut found = 0;
    for path in files(&root().join("crates/crash/tests/process"), "rs") {
        let text = text(&path);
        if !text.contains("Volume::make(") && !text.contains("use crate::strace") {
            continue;
        }
        let names = text
            .lines()
            .filter_map(|line| line.strip_prefix("async fn "));
        let names = names.filter_map(|line| line.split_once('(').map(|(name, _)| name));
        for name in names.filter(|name| name.contains("_when_")) {
            assert!(runner.contains(&format!("\n{name} ")), "{name}");
            found += 1;
        }
    }
    assert!(found > 8, "only {found} were found");
}
