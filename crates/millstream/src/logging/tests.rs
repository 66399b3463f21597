//! What clients say, in lines of either format.

use super::*;
use millstream_env::RequestContext;
use serde_json::Value;

/// Ends a line for some reader, forges the next one, and drives a terminal.
const HOSTILE: &str = "a\n2026-01-01T00:00:00Z ERROR forged\r\u{1b}[2J\u{1b}[31m\u{7}\
                       \u{85}\u{9b}\u{2028}\u{2029}\u{202e}z";

/// The lines of an event that says it in all ways, for a request about it.
fn lines(format: LogFormat, colors: Colors) -> String {
    let queue = Arc::new(LineQueue::new(colors));
    let dispatch = subscriber(format, colors, EnvFilter::new("trace"), &queue);
    tracing::dispatcher::with_default(&dispatch, || {
        let request = RequestContext::new(*b"d2877c0e-0000-4000-8000-000000000000");
        request.run(|| {
            RequestContext::note_resource(&Arc::new(HOSTILE.to_owned()));
            let error = std::io::Error::other(HOSTILE);
            tracing::error!(
                user_agent = HOSTILE,
                stream_name = %HOSTILE,
                request_id = ?HOSTILE,
                error = &error as &dyn std::error::Error,
                "{HOSTILE}"
            );
        });
        tracing::error!("the next line");
    });
    String::from_utf8(queue.drain().concat()).unwrap()
}

fn check(format: LogFormat, colors: Colors) -> String {
    let text = lines(format, colors);
    assert_eq!(text.matches('\n').count(), 2, "{text:?}");
    let is_hidden = |letter: char| {
        let is_color = letter == '\u{1b}' && colors == Colors::With;
        letter.is_control() && letter != '\n' && !is_color
            || "\u{2028}\u{2029}\u{202e}".contains(letter)
    };
    assert!(!text.contains(is_hidden), "{text:?}");
    text
}

#[test]
fn line_when_it_has_what_a_client_said_then_is_one_line_in_either_format() {
    let human = check(LogFormat::Human, Colors::Without);
    assert!(human.contains("forged"), "nothing is left out: {human}");
    let json = check(LogFormat::Json, Colors::Without);
    let first: Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
    for member in ["user_agent", "stream_name", "message", "error"] {
        let said = first[member].as_str().unwrap();
        assert!(
            said.contains("forged") && said.contains('z'),
            "{member}: {said}"
        );
    }
    let colored = check(LogFormat::Human, Colors::With);
    assert!(!colored.contains("\u{1b}[2J"), "{colored:?}");
}
