//! Patterns: texts with wildcards and policy variables.
//!
//! A variable stands for what the request has, character by character: a wildcard in there is none.
//! Matching takes a bounded number of steps for each character of the text and each of the pattern,
//! whatever both are.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>

mod matcher;
#[cfg(test)]
mod tests;

use super::fault::Fault;
use super::key::{Found, Global, Key, Keys};
use super::language::Version;
use matcher::{ARN_PARTS, Colons, Letters, arn_parts, is_arn_match, is_match};
use std::borrow::Cow;

/// What wildcards are in a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wildcards {
    /// `*` is any number of characters, `?` is one.
    Special,
    /// Characters as any other.
    Literal,
}

/// How a text is compared with a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// Character by character.
    Text,
    /// Capitals do not matter.
    AnyCase,
    /// ASCII capitals do not matter: names of actions.
    Action,
    /// As an ARN in a statement's `Resource`: a `*` matches colons only at the end of a segment.
    Resource,
    /// As an ARN in a condition: each of its six parts by itself.
    Arn,
}

/// The outcome of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Matched {
    Yes,
    No,
    /// A variable has no value, and nothing is like it.
    Null,
    /// A variable is unknown, or its value is.
    Unclear,
}

/// A character of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Char(char),
    One,
    Many,
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Token(Token),
    /// A variable, unless its key is unknown.
    Variable {
        key: Option<Key>,
        default: Option<Box<str>>,
    },
}

/// A pattern.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pattern(Parts);

#[derive(Clone, Debug, PartialEq)]
enum Parts {
    /// Everything.
    All,
    Fixed(Box<[Token]>),
    Open(Box<[Part]>),
}

impl Pattern {
    /// The pattern of a text. What is wrong with it is noted; such a pattern fits nothing for sure.
    pub(super) fn read(
        text: &str,
        wildcards: Wildcards,
        version: Version,
        fault: &mut Option<Fault>,
    ) -> Self {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let has_variables = version == Version::V2012;
            if let Some(inner) = rest.strip_prefix("${").filter(|_| has_variables) {
                let Some((name, after)) = inner.split_once('}') else {
                    note(fault, text);
                    parts.push(unknown());
                    break;
                };
                parts.push(variable(name).unwrap_or_else(|| {
                    note(fault, &format!("${{{name}}}"));
                    unknown()
                }));
                rest = after;
                continue;
            }
            let token = match (first, wildcards) {
                ('*', Wildcards::Special) => Token::Many,
                ('?', Wildcards::Special) => Token::One,
                _ => Token::Char(first),
            };
            // Two stars in a row are like any more of them, which would take steps for nothing.
            let has_two = matches!(
                parts.as_slice(),
                [.., Part::Token(Token::Many), Part::Token(Token::Many)]
            );
            if token != Token::Many || !has_two {
                parts.push(Part::Token(token));
            }
            rest = &rest[first.len_utf8()..];
        }
        Self(Parts::of(parts))
    }

    /// Whether a text matches. It is unclear if that takes more steps than there are.
    pub(super) fn matches(&self, text: &str, how: How, keys: &dyn Keys) -> Matched {
        if keys.steps_left() == 0 {
            return Matched::Unclear;
        }
        let tokens = match &self.0 {
            Parts::All if how != How::Arn => return Matched::Yes,
            Parts::All => Cow::Borrowed(&[Token::Many][..]),
            Parts::Fixed(tokens) => Cow::Borrowed(&**tokens),
            Parts::Open(parts) => match filled(parts, keys) {
                Ok(tokens) => Cow::Owned(tokens),
                Err(not_filled) => return not_filled,
            },
        };
        let is_no_arn = how == How::Arn && arn_parts(&tokens).is_none();
        if is_no_arn {
            return Matched::Unclear;
        }
        let mut left = keys.steps_left();
        let is_so = is_so(&tokens, text, how, &mut left);
        keys.set_steps_left(is_so.map_or(0, |_| left));
        match is_so {
            Some(true) => Matched::Yes,
            Some(false) => Matched::No,
            None => Matched::Unclear,
        }
    }

    /// Whether it can be an ARN's: it has six parts, or may have by its variables.
    pub(super) fn is_arn(&self) -> bool {
        match &self.0 {
            Parts::All => false,
            Parts::Open(_) => true,
            Parts::Fixed(tokens) => {
                let colons = tokens.iter().filter(|token| **token == Token::Char(':'));
                colons.count() + 1 >= ARN_PARTS
            }
        }
    }
}

/// Whether a text matches a pattern without variables; `None` if that cannot be told.
fn is_so(tokens: &[Token], text: &str, how: How, left: &mut usize) -> Option<bool> {
    // What it takes to look at the pattern as a whole.
    *left = left.checked_sub(tokens.len())?;
    match how {
        How::Text => is_match(tokens, text, Letters::Exact, Colons::Ordinary, left),
        How::Action => is_match(tokens, text, Letters::AsciiFolded, Colons::Ordinary, left),
        How::AnyCase => is_match(tokens, text, Letters::Folded, Colons::Ordinary, left),
        How::Resource => is_match(tokens, text, Letters::Exact, Colons::EndSegments, left),
        How::Arn => is_arn_match(arn_parts(tokens)?, text, left),
    }
}

impl Parts {
    fn of(parts: Vec<Part>) -> Self {
        let tokens = parts.iter().map(|part| match part {
            Part::Token(token) => Some(*token),
            Part::Variable { .. } => None,
        });
        match tokens.collect::<Option<Box<[Token]>>>() {
            Some(tokens) if !tokens.is_empty() && tokens.iter().all(|one| *one == Token::Many) => {
                Self::All
            }
            Some(tokens) => Self::Fixed(tokens),
            None => Self::Open(parts.into()),
        }
    }
}

fn note(fault: &mut Option<Fault>, given: &str) {
    let given = given.to_owned();
    fault.get_or_insert(Fault::Variable { given });
}

fn unknown() -> Part {
    let (key, default) = (None, None);
    Part::Variable { key, default }
}

/// A variable's key, and its default if there is one; or a character that would mean something
/// else.
fn variable(text: &str) -> Option<Part> {
    if let "*" | "?" | "$" = text {
        return text.chars().next().map(Token::Char).map(Part::Token);
    }
    let (name, default) = match text.split_once(',') {
        None => (text, None),
        Some((name, rest)) => {
            let inner = rest.trim_start().strip_prefix('\'')?.strip_suffix('\'')?;
            (name, Some(inner.into()))
        }
    };
    let key = Key::parse(name)?;
    let has_one_value = key != Key::Global(Global::TagKeys);
    has_one_value.then_some(Part::Variable {
        key: Some(key),
        default,
    })
}

/// The pattern with its variables' values. One that cannot be told weighs more than one that is
/// not there, whichever comes first.
fn filled(parts: &[Part], keys: &dyn Keys) -> Result<Vec<Token>, Matched> {
    let mut tokens = Vec::with_capacity(parts.len());
    let mut has_null = false;
    for part in parts {
        let (key, default) = match part {
            Part::Token(token) => {
                tokens.push(*token);
                continue;
            }
            Part::Variable { key, default } => (key.as_ref(), default.as_deref()),
        };
        let value = match keys.find(key.ok_or(Matched::Unclear)?) {
            Found::One(value) => Some(value),
            Found::Absent => default.map(Cow::Borrowed),
            Found::Many(_) | Found::Unclear => return Err(Matched::Unclear),
        };
        has_null |= value.is_none();
        tokens.extend(
            value
                .iter()
                .flat_map(|value| value.chars())
                .map(Token::Char),
        );
    }
    if has_null {
        Err(Matched::Null)
    } else {
        Ok(tokens)
    }
}
