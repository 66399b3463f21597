//! AWS's complaints about base64 that `protocol` cannot decode.

/// AWS's text for what is wrong with invalid base64.
pub(super) fn complaint(text: &str) -> String {
    let length = text.chars().count();
    if !length.is_multiple_of(4) {
        return format!(
            "Base64 encoded length is expected a multiple of 4 bytes but found: {length}"
        );
    }
    match foreign_character(text) {
        Some(foreign) => format!("Invalid Base64 character: '{foreign}'"),
        None => "Invalid last non-pad Base64 character dectected".to_owned(),
    }
}

/// The first character outside the alphabet, or the first padding character that is not at the end.
fn foreign_character(text: &str) -> Option<char> {
    let bytes = text.as_bytes();
    let is_inside = |place: usize| bytes.get(place + 1).is_some_and(|next| *next != b'=');
    let is_foreign = |(place, byte): &(usize, &u8)| match byte {
        b'=' => is_inside(*place),
        b'+' | b'/' => false,
        _ => !byte.is_ascii_alphanumeric(),
    };
    // Everything before it is ASCII, so a character starts here.
    let (place, _) = bytes.iter().enumerate().find(is_foreign)?;
    text[place..].chars().next()
}
