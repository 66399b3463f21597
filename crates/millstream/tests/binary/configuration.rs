//! `docs/configuration.md` lists the flags as `--help` describes them.
//!
//! The list is generated: `MILLSTREAM_WRITE_PAGES=1` rewrites it.

use crate::process::millstream;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

const BEGIN: &str = "<!-- flags: generated from --help -->\n";
const END: &str = "<!-- flags: end -->\n";
const LINE_COLUMNS_MAX: usize = 100;

/// A flag as a command's help describes it.
#[derive(Clone, Debug, PartialEq)]
struct Flag {
    /// The flag and its value, as on the command line.
    usage: String,
    /// The description's paragraphs and lists.
    text: Vec<String>,
    variable: String,
    default: Option<String>,
}

/// The flags in a command's help, in its order.
fn flags_of(command: &str) -> Vec<Flag> {
    let output = millstream().args([command, "--help"]).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let (options, _) = help.split_once("\n  -h, --help").unwrap();
    let flags = options.split("\n      --").skip(1);
    flags.map(Flag::read).collect()
}

impl Flag {
    fn read(help: &str) -> Self {
        let (usage, rest) = help.split_once('\n').unwrap();
        let mut flag = Self {
            usage: format!("--{usage}"),
            text: Vec::new(),
            variable: String::new(),
            default: None,
        };
        let mut paragraph = String::new();
        for line in rest.lines().map(str::trim).chain([""]) {
            let bracketed = |prefix: &str| line.strip_prefix(prefix)?.strip_suffix(']');
            if let Some(variable) = bracketed("[env: ") {
                variable
                    .trim_end_matches('=')
                    .clone_into(&mut flag.variable);
            } else if let Some(default) = bracketed("[default: ") {
                flag.default = Some(default.to_owned());
            } else if line.is_empty() || line.starts_with("- ") {
                flag.text
                    .extend(Some(std::mem::take(&mut paragraph)).filter(|text| !text.is_empty()));
                line.clone_into(&mut paragraph);
            } else {
                let space = if paragraph.is_empty() { "" } else { " " };
                paragraph = paragraph + space + line;
            }
        }
        flag
    }

    fn name(&self) -> &str {
        self.usage.split(' ').next().unwrap()
    }

    fn render(&self, only: Option<&str>, page: &mut String) {
        let only = only.map(|command| format!(" ({command} only)"));
        writeln!(page, "### `{}`{}\n", self.usage, only.unwrap_or_default()).unwrap();
        for (at, text) in self.text.iter().enumerate() {
            let is_item = |text: &String| text.starts_with("- ");
            let continues = self.text.get(at + 1).is_some_and(is_item) && is_item(text);
            let text = text.replace('<', "\\<");
            page.push_str(&wrapped(&text));
            page.push_str(if continues { "\n" } else { "\n\n" });
        }
        let key = self.name().trim_start_matches('-');
        write!(page, "Environment `{}`", self.variable).unwrap();
        if key != "config" {
            write!(page, ", key `{key}`").unwrap();
        }
        if let Some(default) = &self.default {
            write!(page, ", default `{default}`").unwrap();
        }
        page.push_str(".\n\n");
    }
}

/// Wraps text to the page's width; continuation lines of a list item are indented.
fn wrapped(text: &str) -> String {
    let indent = if text.starts_with("- ") { "  " } else { "" };
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().unwrap();
        if !line.trim().is_empty() && line.len() + 1 + word.len() > LINE_COLUMNS_MAX {
            lines.push(format!("{indent}{word}"));
        } else {
            let space = if line.is_empty() { "" } else { " " };
            line.push_str(space);
            line.push_str(word);
        }
    }
    lines.join("\n")
}

/// The list of flags as the page has it.
fn generated() -> String {
    let (dev, serve) = (flags_of("dev"), flags_of("serve"));
    let by_name: BTreeMap<&str, &Flag> = serve.iter().map(|flag| (flag.name(), flag)).collect();
    let mut page = String::new();
    for flag in &dev {
        let same = by_name.get(flag.name());
        assert!(same.is_none_or(|same| *same == flag), "{flag:?}, {same:?}");
        flag.render(same.is_none().then_some("dev"), &mut page);
    }
    let is_shared = |flag: &&Flag| dev.iter().any(|other| other.name() == flag.name());
    for flag in serve.iter().filter(|flag| !is_shared(flag)) {
        flag.render(Some("serve"), &mut page);
    }
    page
}

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md")
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the page is written by hand, on request"
)]
fn configuration_page_when_held_against_help_then_lists_the_flags_as_they_are() {
    let text = std::fs::read_to_string(page()).unwrap();
    let (head, rest) = text.split_once(BEGIN).unwrap();
    let (listed, tail) = rest.split_once(END).unwrap();
    let generated = format!("\n{}", generated());
    assert!(generated.matches("\n### `--").count() > 10, "{generated}");
    if std::env::var_os("MILLSTREAM_WRITE_PAGES").is_some() {
        std::fs::write(page(), [head, BEGIN, &generated, END, tail].concat()).unwrap();
        return;
    }
    assert_eq!(listed, generated, "MILLSTREAM_WRITE_PAGES=1 writes it anew");
}
