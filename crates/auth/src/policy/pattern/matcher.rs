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

/// Whether all of a text matches all of a pattern.
pub(super) fn is_match(tokens: &[Token], text: &str, letters: Letters, colons: Colons) -> bool {
    match letters {
        Letters::Folded => {
            let folded: String = text.chars().flat_map(char::to_lowercase).collect();
            let fold = |token: &Token| match token {
                Token::Char(char) => char.to_lowercase().map(Token::Char).collect(),
                Token::One | Token::Many => vec![*token],
            };
            let tokens: Vec<Token> = tokens.iter().flat_map(fold).collect();
            run(&tokens, &folded, char::eq, colons, || ())
        }
        Letters::AsciiFolded => run(tokens, text, char::eq_ignore_ascii_case, colons, || ()),
        Letters::Exact => run(tokens, text, char::eq, colons, || ()),
    }
}

/// Whether each part of an ARN matches its part of the pattern; `None` if the pattern is no ARN's.
pub(super) fn is_arn_match(tokens: &[Token], text: &str) -> Option<bool> {
    let patterns: Vec<&[Token]> = tokens
        .splitn(ARN_PARTS, |token| *token == Token::Char(':'))
        .collect();
    let texts: Vec<&str> = text.splitn(ARN_PARTS, ':').collect();
    let whole = |parts| parts == ARN_PARTS;
    whole(patterns.len()).then(|| {
        let mut pairs = patterns.iter().zip(&texts);
        let fits = |(pattern, text): (&&[Token], &&str)| {
            is_match(pattern, text, Letters::Exact, Colons::Ordinary)
        };
        whole(texts.len()) && pairs.all(fits)
    })
}

/// Runs the pattern over the text, and calls `tick` for each place that it looks at.
pub(super) fn run(
    tokens: &[Token],
    text: &str,
    is_same: impl Fn(&char, &char) -> bool,
    colons: Colons,
    mut tick: impl FnMut(),
) -> bool {
    let mut places = Vec::new();
    let mut next = Vec::new();
    enter(tokens, 0, &mut places, &mut tick);
    for char in text.chars() {
        let ends_segment = char == ':' && colons == Colons::EndSegments;
        for place in places.drain(..) {
            tick();
            let reached = match tokens.get(place) {
                Some(Token::Char(expected)) if is_same(expected, &char) => place + 1,
                Some(Token::One) if !ends_segment => place + 1,
                Some(Token::Many) if !ends_segment || crosses(tokens, place) => place,
                Some(Token::Char(_) | Token::One | Token::Many) | None => continue,
            };
            enter(tokens, reached, &mut next, &mut tick);
        }
        std::mem::swap(&mut places, &mut next);
        if places.is_empty() {
            return false;
        }
    }
    places.last() == Some(&tokens.len())
}

/// Notes a place, and those behind it that are reached without a character. Places rise and occur
/// once; with one, all that are reached from it have been noted.
fn enter(tokens: &[Token], place: usize, places: &mut Vec<usize>, tick: &mut impl FnMut()) {
    for place in place..=tokens.len() {
        tick();
        if places.last() >= Some(&place) {
            return;
        }
        places.push(place);
        if tokens.get(place) != Some(&Token::Many) {
            return;
        }
    }
}

/// Whether a `*` is the last of its segment.
fn crosses(tokens: &[Token], place: usize) -> bool {
    match tokens.get(place + 1) {
        None | Some(Token::Many | Token::Char(':')) => true,
        Some(Token::One | Token::Char(_)) => false,
    }
}
