//! Help, of every command alike.

use crate::call::{Call, tool};

/// Widest line of any help, on a terminal of any width.
const COLUMNS_MAX: usize = 100;

/// The names of the commands and of their own commands: the words that lead to each help.
pub fn commands() -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut rest = vec![Vec::new()];
    while let Some(words) = rest.pop() {
        for name in listed(&help(&words)) {
            rest.push([words.as_slice(), &[name]].concat());
        }
        found.push(words);
    }
    found
}

fn help(words: &[String]) -> String {
    let words = words.iter().map(String::as_str).chain(["--help"]);
    let words: Vec<&str> = words.collect();
    tool(&words).done().to_owned()
}

/// The commands that a help lists.
fn listed(help: &str) -> Vec<String> {
    let Some((_, list)) = help.split_once("\nCommands:\n") else {
        return Vec::new();
    };
    let list = list.split("\n\n").next().unwrap();
    let names = list.lines().filter_map(|line| {
        let name = line.strip_prefix("  ")?.split(' ').next()?;
        Some(name.to_owned()).filter(|name| !name.is_empty() && name != "help")
    });
    names.collect()
}

#[test]
fn help_when_asked_for_then_fits_has_examples_and_says_what_the_status_means() {
    let commands = commands();
    assert!(commands.len() > 5, "{commands:?}");
    for words in commands {
        let help = help(&words);
        let longest = help
            .lines()
            .max_by_key(|line| line.chars().count())
            .unwrap();
        assert!(
            longest.chars().count() <= COLUMNS_MAX,
            "{words:?}: {longest}"
        );
        // Its own commands have them.
        let has_commands = !listed(&help).is_empty();
        assert!(has_commands || help.contains("\nExamples:\n"), "{words:?}");
        let is_cert = words == ["cert"];
        let is_part = words.len() > 1;
        assert!(
            is_cert || is_part || help.contains("\nExit status"),
            "{words:?}"
        );
    }
}

const PAGE: &str = include_str!("../../../../docs/guide/tools.md");
/// Commands that are described elsewhere.
const NO_TOOLS: [&str; 3] = ["dev", "serve", "cert"];

#[test]
fn tool_when_it_is_in_the_help_then_has_a_section_of_the_guide() {
    let commands = listed(&help(&[]));
    let tools = commands
        .iter()
        .filter(|name| !NO_TOOLS.contains(&name.as_str()));
    let mut tools: Vec<&str> = tools.map(String::as_str).collect();
    let sections = PAGE.lines().filter_map(|line| line.strip_prefix("## "));
    let mut sections: Vec<&str> = sections.skip(1).collect();
    tools.sort_unstable();
    sections.sort_unstable();
    assert_eq!(tools, sections, "left: commands, right: sections");
}

/// The command line of an example, up to what the shell makes of its output.
fn words_of(example: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in example.chars() {
        match (quote, c) {
            (Some(end), c) if c == end => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '>' | '|' | '<' | '&' | ';' | '$') => break,
            (None, ' ') => words.push(String::new()),
            (Some(_) | None, c) => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The examples of a help that begin with the binary.
fn examples(help: &str) -> Vec<&str> {
    let Some((_, examples)) = help.split_once("\nExamples:\n") else {
        return Vec::new();
    };
    let lines = examples.lines().take_while(|line| line.starts_with("  "));
    let lines = lines
        .map(str::trim)
        .filter(|line| line.starts_with("millstream "));
    lines.collect()
}

#[test]
fn example_when_it_is_in_a_help_then_its_command_and_flags_exist() {
    let mut count = 0;
    for command in commands() {
        for example in examples(&help(&command)) {
            // Help is printed once the words before it are known.
            let words = words_of(example);
            let words = words[1..].iter().map(String::as_str).chain(["--help"]);
            let words: Vec<&str> = words.collect();
            let ran = tool(&words);
            assert_eq!(ran.status.code(), Some(0), "{example}\n{}", ran.stderr);
            count += 1;
        }
    }
    assert!(count > 10, "only {count} examples");
}

#[test]
fn help_when_on_a_terminal_then_is_as_wide_as_it() {
    for columns in [60_u16, 100, 200] {
        let ran = Call::new(&["man", "--help"]).run_on_screen(columns);
        let text = ran.text().replace("\u{1b}[1m", "").replace("\u{1b}[4m", "");
        let text = text.replace("\u{1b}[0m", "");
        let longest = text.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(
            longest <= usize::from(columns).min(COLUMNS_MAX),
            "{columns}: {text}"
        );
        assert_eq!(ran.status.code(), Some(0));
    }
}
