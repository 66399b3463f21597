//! What tests hold the code against: tables of the documentation, and AWS's service model.
//!
//! Only for tests: it panics where a page is not what it has to be. It does not read the prose.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

pub mod ask_botocore;
pub mod cbor;
mod counts;
pub mod service_model;

pub use counts::count;

/// What stands under a heading of the third level, up to the next of them.
///
/// # Panics
/// If the page has no such heading.
#[track_caller]
pub fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let found = page.split_once(&format!("\n### {heading}\n"));
    let (_, rest) = found.unwrap_or_else(|| panic!("there is no heading {heading}"));
    rest.split("\n### ").next().unwrap_or_default()
}

/// The first table of a section: the cells of its rows, the head's among them.
pub fn table(section: &str) -> impl Iterator<Item = Vec<&str>> {
    let lines = section.lines().skip_while(|line| !line.starts_with('|'));
    let lines = lines.take_while(|line| line.starts_with('|'));
    // The second line rules the head off.
    let lines = lines.enumerate().filter(|(at, _)| *at != 1);
    lines.map(|(_, line)| line.trim_matches('|').split('|').map(str::trim).collect())
}

/// The rows of the table under a heading, without its head.
#[track_caller]
pub fn rows<'a>(page: &'a str, heading: &str) -> impl Iterator<Item = Vec<&'a str>> {
    table(section(page, heading)).skip(1)
}

/// A field's row in a table of a layout: its name, where it begins, how much it takes.
///
/// # Panics
/// If a row does not begin where the one before ends.
#[track_caller]
pub fn layout<'a>(page: &'a str, heading: &str) -> Vec<(&'a str, usize, usize)> {
    let mut end = 0;
    let row = |cells: Vec<&'a str>| {
        let (begin, size) = (
            cells[1].parse().unwrap(),
            cells[2].parse::<usize>().unwrap(),
        );
        let field = cells[0];
        assert_eq!(
            begin, end,
            "{heading}: {field} begins where the one before ends"
        );
        end += size;
        (field, begin, size)
    };
    rows(page, heading).map(row).collect()
}

/// The bytes of the block of hexadecimal digits under a heading.
///
/// # Panics
/// If there is none.
#[track_caller]
pub fn bytes(page: &str, heading: &str) -> Vec<u8> {
    let block = section(page, heading).split("```").nth(1).unwrap();
    let digits: Vec<char> = block.chars().filter(|c| !c.is_whitespace()).collect();
    let byte = |pair: &[char]| u8::from_str_radix(&String::from_iter(pair), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}
