//! Colors: whether there are any, and which.

use anstream::{AutoStream, ColorChoice, stream::RawStream};
use anstyle::Style;
use clap::ValueEnum;
use std::fmt::{self, Display};

/// When to use colors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal that has them, unless NO_COLOR or CLICOLOR=0 says otherwise
    #[default]
    Auto,
    /// Also into files and pipes
    Always,
    /// Not at all
    Never,
}

impl Color {
    /// The colors of a stream.
    pub(super) fn palette<S: RawStream>(self, stream: &S) -> Palette {
        let is_on = match self {
            Self::Auto => AutoStream::choice(stream) != ColorChoice::Never,
            Self::Always => true,
            Self::Never => false,
        };
        Palette { is_on }
    }
}

/// The colors of a stream, or none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Palette {
    is_on: bool,
}

impl Palette {
    /// Whether there are colors.
    pub fn is_on(self) -> bool {
        self.is_on
    }

    /// A text in a style, if the stream has any.
    pub fn paint<T: Display>(self, style: Style, text: T) -> Painted<T> {
        let style = if self.is_on { style } else { Style::new() };
        Painted { style, text }
    }
}

/// A text in a style.
pub struct Painted<T> {
    style: Style,
    text: T,
}

impl<T: Display> Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { style, text } = self;
        write!(f, "{style}{text}{style:#}")
    }
}

/// The styles of the tools, by meaning.
pub mod styles {
    use anstyle::{AnsiColor, Style};

    /// Heads of columns.
    pub const HEAD: Style = Style::new().bold();
    /// Names of streams, shards and keys.
    pub const NAME: Style = AnsiColor::Cyan.on_default();
    /// What is as it should be.
    pub const GOOD: Style = AnsiColor::Green.on_default();
    /// What needs attention.
    pub const WARN: Style = AnsiColor::Yellow.on_default();
    /// What is wrong.
    pub const BAD: Style = AnsiColor::Red.on_default();
    /// What matters less.
    pub const FAINT: Style = Style::new().dimmed();
}
