//! Exit statuses and pipes, of every tool alike.

use crate::call::{Call, tool};
use rustix::process::Signal;

#[test]
fn tool_when_its_reader_goes_away_then_ends_without_a_word_and_as_sigpipe_would_end_it() {
    let mut started = Call::new(&["completions", "zsh"]).start();
    started.stop_reading();
    let ran = started.end();
    // It may have written everything into the pipe before.
    let code = ran.status.code();
    assert!(code == Some(141) || code == Some(0), "{code:?}");
    assert_eq!(ran.stderr, "");
}

#[test]
fn tool_when_its_output_cannot_be_written_then_fails_with_the_reason() {
    let full = ["-c", "\"$0\" man > /dev/full"];
    let output = std::process::Command::new("sh")
        .args(full)
        .arg(crate::server::binary())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    let expected =
        "millstream: cannot write standard output: No space left on device (os error 28).\n";
    assert_eq!(said, expected);
}

#[test]
fn tool_when_called_wrongly_then_ends_with_status_2_and_no_output() {
    for words in [
        &["man", "--nothing"][..],
        &["nothing"],
        &["completions", "a", "b"],
    ] {
        let ran = tool(words);
        assert_eq!(ran.status.code(), Some(2), "{words:?}");
        assert_eq!(ran.stdout, b"");
        assert!(ran.stderr.contains("--help"), "{}", ran.stderr);
    }
}

#[test]
fn message_when_it_goes_to_a_terminal_then_is_colored_unless_the_person_wants_none() {
    let call = || Call::new(&["man", "--nothing"]);
    for (variable, is_colored) in [("OTHER", true), ("NO_COLOR", false)] {
        let call = call().env("TERM", "xterm").env(variable, "1");
        let (ran, messages) = call.run_with_screen_for_messages(80);
        assert_eq!((ran.status.code(), ran.text()), (Some(2), ""));
        assert_eq!(messages.contains("\u{1b}["), is_colored, "{messages:?}");
        assert!(messages.contains("--nothing"), "{messages:?}");
    }
    assert!(!call().run().stderr.contains('\u{1b}'));
}

/// Other than a tool: stopping is how a server ends.
#[test]
fn server_when_interrupted_then_is_done() {
    let mut started = Call::new(&["dev", "--listen", "127.0.0.1:0"]).start();
    assert!(started.line().starts_with("http://127.0.0.1:"));
    started.signal(Signal::INT);
    assert_eq!(started.end().status.code(), Some(0));
}
