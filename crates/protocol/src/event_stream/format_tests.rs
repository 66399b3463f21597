//! docs/formats/event-stream.md shows frames as bytes: these tests compare them with encoded ones.

use super::*;

const PAGE: &str = include_str!("../../../../docs/formats/event-stream.md");

#[test]
fn frames_when_written_then_are_the_bytes_of_the_page() {
    let written = |frame: Frame| frame.parts.concat();
    let initial = Frame::initial_response(Protocol::Json);
    assert_eq!(
        written(initial),
        millstream_pages::bytes(PAGE, "Initial response")
    );
    let error = Error::new(ErrorCode::ResourceInUseException, "why");
    let exception = Frame::exception(Protocol::Json, &error);
    assert_eq!(
        written(exception),
        millstream_pages::bytes(PAGE, "Exception")
    );
}
