//! Which characters drawings are made of.

use crate::terminal::Output;

/// A set of characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pen {
    /// Lines and blocks.
    Unicode,
    /// What every program shows.
    Ascii,
}

impl Pen {
    /// ASCII if a person asks for it, and where none reads.
    pub fn new(ascii: bool, output: &Output) -> Self {
        match output.is_terminal() && !ascii {
            true => Self::Unicode,
            false => Self::Ascii,
        }
    }

    /// A drawing in its characters.
    pub fn drawn(self, drawing: impl IntoIterator<Item = char>) -> String {
        let chars = drawing.into_iter();
        match self {
            Self::Unicode => chars.collect(),
            Self::Ascii => chars.map(ascii).collect(),
        }
    }
}

/// What stands for a character of a drawing in ASCII.
fn ascii(c: char) -> char {
    match c {
        '│' => '|',
        '─' => '-',
        '├' | '┼' | '┤' | '╰' | '┴' | '╯' | '╭' | '┬' | '╮' => '+',
        '●' => '*',
        '○' => 'o',
        '█' => '#',
        '·' => '.',
        other => other,
    }
}
