//! The matcher of patterns: all places that a pattern can have reached, moved on with each
//! character of the text.

use super::Token;

/// The parts of an ARN, the last of which may have colons.
pub(super) const ARN_PARTS: usize = 6;

/// Which letters are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Letters {
    Exact,
    AsciiFolded,
    Folded,
}

/// What colons are in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colons {
    /// Characters as any other.
    Ordinary,
    /// The ends of segments: wildcards match none, except a `*` at the end of its segment.
    EndSegments,
}

/// Whether all of a text matches all of a pattern; `None` if there are no steps left to tell.
pub(super) fn is_match(
    tokens: &[Token],
    text: &str,
    letters: Letters,
    colons: Colons,
    left: &mut usize,
) -> Option<bool> {
    match letters {
        Letters::Folded => {
            let folded: String = text.chars().flat_map(char::to_lowercase).collect();
            let fold = |token: &Token| match token {
                Token::Char(char) => char.to_lowercase().map(Token::Char).collect(),
                Token::One | Token::Many => vec![*token],
            };
            let tokens: Vec<Token> = tokens.iter().flat_map(fold).collect();
            run(&tokens, &folded, char::eq, colons, left)
        }
        Letters::AsciiFolded => run(tokens, text, char::eq_ignore_ascii_case, colons, left),
        Letters::Exact => run(tokens, text, char::eq, colons, left),
    }
}

/// The parts of an ARN's pattern; `None` if it is none.
pub(super) fn arn_parts(tokens: &[Token]) -> Option<[&[Token]; ARN_PARTS]> {
    let parts = tokens.splitn(ARN_PARTS, |token| *token == Token::Char(':'));
    parts.collect::<Vec<_>>().try_into().ok()
}

/// Whether each part of an ARN matches its part of the pattern; `None` if there are no steps left
/// to tell.
pub(super) fn is_arn_match(
    patterns: [&[Token]; ARN_PARTS],
    text: &str,
    left: &mut usize,
) -> Option<bool> {
    let texts: Vec<&str> = text.splitn(ARN_PARTS, ':').collect();
    if texts.len() != ARN_PARTS {
        return Some(false);
    }
    for (pattern, text) in patterns.iter().zip(texts) {
        if !is_match(pattern, text, Letters::Exact, Colons::Ordinary, left)? {
            return Some(false);
        }
    }
    Some(true)
}

/// Runs the pattern over the text. Each place that it looks at takes one of the steps that are
/// left; `None` if there are too few.
pub(super) fn run(
    tokens: &[Token],
    text: &str,
    is_same: impl Fn(&char, &char) -> bool,
    colons: Colons,
    left: &mut usize,
) -> Option<bool> {
    let mut places = Vec::new();
    let mut next = Vec::new();
    enter(tokens, 0, &mut places, left)?;
    for char in text.chars() {
        let ends_segment = char == ':' && colons == Colons::EndSegments;
        for place in places.drain(..) {
            *left = left.checked_sub(1)?;
            let reached = match tokens.get(place) {
                Some(Token::Char(expected)) if is_same(expected, &char) => place + 1,
                Some(Token::One) if !ends_segment => place + 1,
                Some(Token::Many) if !ends_segment || crosses(tokens, place) => place,
                Some(Token::Char(_) | Token::One | Token::Many) | None => continue,
            };
            enter(tokens, reached, &mut next, left)?;
        }
        std::mem::swap(&mut places, &mut next);
        if places.is_empty() {
            return Some(false);
        }
    }
    Some(places.last() == Some(&tokens.len()))
}

/// Notes a place, and those behind it that are reached without a character. Places rise and occur
/// once; with one, all that are reached from it have been noted.
fn enter(tokens: &[Token], place: usize, places: &mut Vec<usize>, left: &mut usize) -> Option<()> {
    for place in place..=tokens.len() {
        *left = left.checked_sub(1)?;
        if places.last() >= Some(&place) {
            break;
        }
        places.push(place);
        if tokens.get(place) != Some(&Token::Many) {
            break;
        }
    }
    Some(())
}

/// Whether a `*` is the last of its segment.
fn crosses(tokens: &[Token], place: usize) -> bool {
    match tokens.get(place + 1) {
        None | Some(Token::Many | Token::Char(':')) => true,
        Some(Token::One | Token::Char(_)) => false,
    }
}
