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

/// The style of heads of columns.
pub(super) const HEAD: Style = Style::new().bold();

/// The colors of a stream, or none.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Palette {
    is_on: bool,
}

impl Palette {
    /// Whether there are colors.
    pub(super) fn is_on(self) -> bool {
        self.is_on
    }

    /// A text in a style, if the stream has any.
    pub(super) fn paint<T: Display>(self, style: Style, text: T) -> Painted<T> {
        let style = if self.is_on { style } else { Style::new() };
        Painted { style, text }
    }
}

/// A text in a style.
pub(super) struct Painted<T> {
    style: Style,
    text: T,
}

impl<T: Display> Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { style, text } = self;
        write!(f, "{style}{text}{style:#}")
    }
}
