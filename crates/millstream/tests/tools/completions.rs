//! `millstream completions`.

use crate::call::{Call, tool, tool_with_input};
use crate::server::server;
use std::io::Write;
use std::process::Command;

/// Each shell, and how it checks a script without running it.
const SHELLS: [(&str, &[&str]); 5] = [
    ("bash", &["bash", "-n"]),
    ("zsh", &["zsh", "-n"]),
    ("fish", &["fish", "--no-execute"]),
    ("elvish", &["elvish", "-compileonly"]),
    ("powershell", &[]),
];

/// Whether a shell takes a script for one of its own; `None` if the machine lacks the shell.
fn is_accepted(checker: &[&str], script: &str) -> Option<bool> {
    let (shell, flags) = checker.split_first()?;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(script.as_bytes()).unwrap();
    let mut command = Command::new(shell);
    let output = command.args(flags).arg(file.path()).output();
    output.ok().map(|output| output.status.success())
}

#[test]
fn completions_when_printed_then_their_shell_accepts_them() {
    for (shell, checker) in SHELLS {
        let ran = tool(&["completions", shell]);
        let script = ran.done();
        for word in ["millstream", "completions", "serve", "data-dir", "color"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
        let accepted = is_accepted(checker, script);
        assert_ne!(accepted, Some(false), "{shell}");
        if accepted.is_some() {
            let accepted = is_accepted(checker, "if (");
            assert_eq!(accepted, Some(false), "{shell} accepts anything");
        }
    }
}

/// Completes words with bash's own machinery.
fn completed(words: &[&str]) -> Vec<String> {
    let ran = tool(&["completions", "bash"]);
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let last = words.len() - 1;
    let script = format!(
        "{}\nCOMP_WORDS=({})\nCOMP_CWORD={last}\n_millstream millstream '{}' '{}'\n\
         printf '%s\\n' \"${{COMPREPLY[@]}}\"\n",
        ran.done(),
        quoted.join(" "),
        words[last],
        words[last - 1],
    );
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(script.as_bytes()).unwrap();
    let output = Command::new("bash").arg(file.path()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said, "");
    let replies = String::from_utf8(output.stdout).unwrap();
    replies.lines().map(str::to_owned).collect()
}

#[test]
fn bash_when_it_completes_then_knows_commands_flags_and_values() {
    for (words, expected) in [
        (&["millstream", "se"][..], "serve"),
        (&["millstream", "compl"], "completions"),
        (&["millstream", "dev", "--lim"], "--limits"),
        (&["millstream", "dev", "--limits", "o"], "off"),
        (&["millstream", "man", "--color", "al"], "always"),
    ] {
        assert_eq!(completed(words), [expected], "{words:?}");
    }
}

#[test]
fn completions_when_the_shell_is_unknown_or_missing_then_the_shells_are_listed() {
    for words in [&["completions", "csh"][..], &["completions"]] {
        let ran = tool(words);
        assert_eq!(ran.status.code(), Some(2));
        assert_eq!(ran.stdout, b"");
        for (shell, _) in SHELLS {
            assert!(ran.stderr.contains(shell), "{}", ran.stderr);
        }
    }
}

#[test]
fn tool_when_it_reads_no_input_then_does_not_care_about_it_nor_about_settings_of_servers() {
    let expected = tool(&["completions", "bash"]);
    let with_input = tool_with_input(&["completions", "bash"], "not read\n");
    assert_eq!(with_input.done(), expected.done());
    let call = Call::new(&["completions", "bash"]);
    let call = call.env("MILLSTREAM_COLOR", "purple");
    let call = call.env("MILLSTREAM_CONFIG", "/nowhere").to(&server());
    assert_eq!(call.run().done(), expected.done());
}
