//! Standard input, output and error: nothing else of the tools touches them.
//!
//! Results go to [`Output`]; messages and bars go to standard error. Neither waits for the other: a
//! bar is taken away while a line is written, if both are on the same terminal.

mod amounts;
mod color;
mod foreign;
mod messages;
mod output;
mod progress;
#[cfg(test)]
mod recorded;
mod table;

pub use amounts::{byte_size, counted};
pub use color::Color;
pub use output::Output;
pub use progress::Progress;
#[cfg(test)]
pub use recorded::Recorded;
pub use table::Table;

use color::Palette;
use indicatif::{MultiProgress, ProgressDrawTarget};
use parking_lot::Mutex;
use std::fmt;
use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::Arc;

/// The streams of a process. Clones share them.
#[derive(Clone)]
pub struct Terminal(Arc<Streams>);

struct Streams {
    output: Output,
    errors: Mutex<Box<dyn Write + Send>>,
    palette: Palette,
    bars: MultiProgress,
}

impl Terminal {
    /// The streams of this process.
    pub fn of_process(color: Color) -> Self {
        let (stdout, stderr) = (io::stdout(), io::stderr());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let bars = MultiProgress::with_draw_target(match stderr.is_terminal() && !is_dumb {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        });
        let output = Output::of_process(stdout, color, bars.clone());
        let palette = color.palette(&stderr);
        Self::new(output, Box::new(stderr), palette, bars)
    }

    fn new(
        output: Output,
        errors: Box<dyn Write + Send>,
        palette: Palette,
        bars: MultiProgress,
    ) -> Self {
        Self(Arc::new(Streams {
            output,
            errors: Mutex::new(errors),
            palette,
            bars,
        }))
    }

    /// Shows what the client says about retries, from now on.
    pub fn show_messages(&self) {
        messages::show(self);
    }

    fn bars(&self) -> &MultiProgress {
        &self.0.bars
    }

    /// Standard output.
    pub fn output(&self) -> &Output {
        &self.0.output
    }

    /// Whether standard error is a terminal, on which progress is drawn.
    pub fn draws(&self) -> bool {
        !self.0.bars.is_hidden()
    }

    /// The colors of standard error.
    fn palette(&self) -> Palette {
        self.0.palette
    }

    /// Writes a line to standard error. It may be closed; the exit status says it too.
    pub fn say(&self, line: impl fmt::Display) {
        self.0.bars.suspend(|| {
            let _ = writeln!(self.0.errors.lock(), "{line}");
        });
    }

    /// Standard input, to be read off the tasks that must not block.
    pub fn input(&self) -> impl BufRead + Send + use<> {
        io::BufReader::new(io::stdin())
    }

    /// Whether a person types the input.
    pub fn is_input_typed(&self) -> bool {
        io::stdin().is_terminal()
    }
}
