//! docs/formats/event-stream.md shows frames as bytes: they are those that are written.

use super::*;

const PAGE: &str = include_str!("../../../../docs/formats/event-stream.md");

/// The bytes of a section.
fn bytes_in(section: &str) -> Vec<u8> {
    let (_, rest) = PAGE.split_once(&format!("\n### {section}\n")).unwrap();
    let text = rest.split("```").nth(1).unwrap();
    let digits: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    let byte = |pair: &[char]| u8::from_str_radix(&String::from_iter(pair), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

#[test]
fn frames_when_written_then_are_the_bytes_of_the_page() {
    let written = |frame: Frame| frame.parts.concat();
    let initial = Frame::initial_response(Protocol::Json);
    assert_eq!(written(initial), bytes_in("Initial response"));
    let error = Error::new(ErrorCode::ResourceInUseException, "why");
    let exception = Frame::exception(Protocol::Json, &error);
    assert_eq!(written(exception), bytes_in("Exception"));
}
