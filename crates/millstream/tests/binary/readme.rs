//! The README's table of settings is what `--help` says: each flag, its variable, its key, its default.

use crate::process::millstream;
use std::collections::BTreeMap;

/// A flag as one of the two describes it.
#[derive(Debug, PartialEq)]
struct Flag {
    commands: &'static [&'static str],
    variable: String,
    key: String,
    /// Only defaults that are values; what depends on other flags is prose.
    default: Option<String>,
}

type Flags = BTreeMap<String, Flag>;

/// The flags that a command's help describes, each with its variable and default.
fn helped(command: &'static str) -> Vec<(String, String, Option<String>)> {
    let output = millstream().args([command, "--help"]).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let paragraphs = help.split("\n      --").skip(1);
    let flags = paragraphs.map(|paragraph| {
        let name = paragraph.split([' ', '\n']).next().unwrap();
        let line = |prefix: &str| {
            let mut lines = paragraph.lines().map(str::trim);
            let line = lines.find_map(|line| line.strip_prefix(prefix)?.strip_suffix(']'));
            line.map(str::to_owned)
        };
        let variable = line("[env: ").unwrap_or_default();
        let variable = variable.trim_end_matches('=').to_owned();
        (format!("--{name}"), variable, line("[default: "))
    });
    flags.collect()
}

fn from_help() -> Flags {
    let (dev, serve) = (helped("dev"), helped("serve"));
    let both = dev.iter().chain(&serve);
    let flags = both.map(|(name, variable, default)| {
        let is_in = |all: &[(String, String, Option<String>)]| all.iter().any(|one| one.0 == *name);
        let commands: &[&str] = match (is_in(&dev), is_in(&serve)) {
            (true, false) => &["dev"],
            (false, true) => &["serve"],
            (_, _) => &["dev", "serve"],
        };
        let key = match name.as_str() {
            "--config" => "–",
            name => name.trim_start_matches('-'),
        };
        let flag = Flag {
            commands,
            variable: variable.clone(),
            key: key.to_owned(),
            default: default.clone(),
        };
        (name.clone(), flag)
    });
    flags.collect()
}

fn from_readme(helped: &Flags) -> Flags {
    let readme = include_str!("../../../../README.md");
    let (_, section) = readme.split_once("\n## Settings\n").unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `--"));
    let flags = rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let bare = |cell: &str| cell.trim_matches('`').to_owned();
        let mut words = cells[1].split(' ');
        let name = bare(words.next().unwrap());
        let commands: &[&str] = match words.next() {
            None => &["dev", "serve"],
            Some("(`dev`)") => &["dev"],
            Some("(`serve`)") => &["serve"],
            Some(other) => panic!("{other} is no command"),
        };
        let is_value = helped.get(&name).is_some_and(|flag| flag.default.is_some());
        let flag = Flag {
            commands,
            variable: bare(cells[2]),
            key: bare(cells[3]),
            default: is_value.then(|| bare(cells[4])),
        };
        (name, flag)
    });
    flags.collect()
}

#[test]
fn readme_when_its_settings_are_held_against_help_then_they_agree() {
    let helped = from_help();
    assert!(helped.len() > 10, "{helped:?}");
    assert_eq!(from_readme(&helped), helped, "left: README, right: --help");
}
