//! The format of AWS's shared files: sections of settings, comments, continued lines.
//!
//! The rules are those of AWS's SDKs. A line that begins with `#` or `;` is a comment. Behind a
//! section's name a comment may follow directly, behind a value only after white space; a continued
//! line has none. Names of settings are in lower case. Two things are as in botocore, whose parser
//! is Python's: a section's name may be in quotation marks, and an indented comment is a comment.

use super::error::SyntaxProblem;

const SPACE: [char; 2] = [' ', '\t'];
const COMMENT: [char; 2] = ['#', ';'];

/// A section as it stands in the file, names unchecked.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) header: String,
    pub(super) settings: Vec<(String, String)>,
}

/// Parses a file. An error comes with the number of its line.
pub(super) fn parse(text: &str) -> Result<Vec<Section>, (usize, SyntaxProblem)> {
    let mut sections: Vec<Section> = Vec::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (at, line) in text.lines().enumerate() {
        let located = |problem| (at + 1, problem);
        let content = line.trim_matches(SPACE);
        if content.is_empty() || content.starts_with(COMMENT) {
            continue;
        }
        if line.starts_with('[') {
            let header = header(line).map_err(located)?.to_owned();
            sections.push(Section {
                header,
                settings: Vec::new(),
            });
            continue;
        }
        let section = sections.last_mut();
        let section = section.ok_or_else(|| located(SyntaxProblem::OutsideSection))?;
        if line.starts_with(SPACE) {
            continue_setting(section, line).map_err(located)?;
        } else {
            let (name, value) = setting(line).map_err(located)?;
            section
                .settings
                .push((name.to_ascii_lowercase(), value.to_owned()));
        }
    }
    Ok(sections)
}

/// The settings nested in a value: the lines below `name =`.
pub(super) fn nested(value: &str) -> impl Iterator<Item = (&str, &str)> {
    let below = value.strip_prefix('\n').unwrap_or_default();
    below.split('\n').filter_map(|line| setting(line).ok())
}

fn header(line: &str) -> Result<&str, SyntaxProblem> {
    let end = quoted_end(line).unwrap_or_else(|| line.find(COMMENT).unwrap_or(line.len()));
    let line = line[..end].trim_matches(SPACE);
    let header = line
        .strip_prefix('[')
        .and_then(|line| line.strip_suffix(']'));
    let header = header.ok_or(SyntaxProblem::SectionUnclosed)?;
    Ok(header.trim_matches(SPACE))
}

/// The end of a header whose name is in quotation marks, between which comments do not begin.
fn quoted_end(line: &str) -> Option<usize> {
    let open = line.find(['"', '\''])?;
    let quote = &line[open..=open];
    let close = open + 1 + line[open + 1..].find(quote)?;
    let rest = &line[close + 1..];
    let spaces = rest.len() - rest.trim_start_matches(SPACE).len();
    rest[spaces..]
        .starts_with(']')
        .then_some(close + 1 + spaces + 1)
}

fn setting(line: &str) -> Result<(&str, &str), SyntaxProblem> {
    let (name, value) = without_comment(line)
        .split_once('=')
        .ok_or(SyntaxProblem::EqualsMissing)?;
    let name = name.trim_matches(SPACE);
    if name.is_empty() {
        return Err(SyntaxProblem::NameMissing);
    }
    Ok((name, value.trim_matches(SPACE)))
}

/// The line up to a comment, which white space precedes.
fn without_comment(line: &str) -> &str {
    let comment = line
        .match_indices(COMMENT)
        .find(|(at, _)| line[..*at].ends_with(SPACE));
    comment.map_or(line, |(at, _)| &line[..at])
}

fn continue_setting(section: &mut Section, line: &str) -> Result<(), SyntaxProblem> {
    let last = section.settings.last_mut();
    let (_, value) = last.ok_or(SyntaxProblem::ContinuesNothing)?;
    let line = line.trim_matches(SPACE);
    if value.is_empty() || value.starts_with('\n') {
        setting(line)?;
    }
    value.push('\n');
    value.push_str(line);
    Ok(())
}
