//! `millstream completions`.

use crate::call::{Call, tool, tool_with_input};
use crate::server::server;
use std::io::Write;
use std::process::Command;

const SHELLS: [&str; 5] = ["bash", "zsh", "fish", "elvish", "powershell"];

#[test]
fn completions_when_printed_then_name_commands_and_flags() {
    for shell in SHELLS {
        let ran = tool(&["completions", shell]);
        let script = ran.done();
        for word in ["millstream", "completions", "serve", "data-dir", "color"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

/// Checks that a shell takes its completions for a script of its own, and not anything. Elvish does
/// so only in its own editor.
fn check_with(shell: &str, flag: &str) {
    let is_accepted = |script: &str| {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(script.as_bytes()).unwrap();
        let mut command = Command::new(shell);
        let output = command.arg(flag).arg(file.path()).output().unwrap();
        output.status.success()
    };
    let ran = tool(&["completions", shell]);
    assert!(is_accepted(ran.done()));
    assert!(!is_accepted("if ("), "it accepts anything");
}

#[test]
fn completions_when_for_bash_then_it_accepts_them() {
    check_with("bash", "-n");
}

#[test]
fn completions_when_for_zsh_then_it_accepts_them() {
    check_with("zsh", "-n");
}

#[test]
fn completions_when_for_fish_then_it_accepts_them() {
    check_with("fish", "--no-execute");
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
        for shell in SHELLS {
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
