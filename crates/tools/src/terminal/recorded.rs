//! A terminal for tests, which keeps what is written to it.

use super::{Output, Palette, Terminal};
use indicatif::{MultiProgress, ProgressDrawTarget, TermLike};
use parking_lot::Mutex;
use std::io::{self, Write};
use std::sync::Arc;

/// A terminal, and what was written to it.
pub struct Recorded {
    terminal: Terminal,
    output: Bytes,
    errors: Bytes,
    drawn: Bytes,
}

/// How often a bar is drawn at most, in a second: as often as it changes.
const DRAWN_PER_SECOND: u8 = u8::MAX;

impl Recorded {
    /// All streams are one terminal without colors, of so many columns.
    pub fn on_terminal(columns: u16) -> Self {
        Self::new(Some(columns))
    }

    /// No stream is a terminal.
    pub fn in_pipes() -> Self {
        Self::new(None)
    }

    fn new(columns: Option<u16>) -> Self {
        let [output, errors, drawn] = [(); 3].map(|()| Bytes::default());
        let target = match columns {
            None => ProgressDrawTarget::hidden(),
            Some(columns) => {
                let drawn = drawn.clone();
                let screen = Box::new(Screen { columns, drawn });
                ProgressDrawTarget::term_like_with_hz(screen, DRAWN_PER_SECOND)
            }
        };
        let bars = MultiProgress::with_draw_target(target);
        let own = bars.clone();
        let to = Box::new(output.clone());
        let columns = columns.map(usize::from);
        let out = Output::new(to, columns, Palette::default(), own);
        let terminal = Terminal::new(out, Box::new(errors.clone()), Palette::default(), bars);
        Self {
            terminal,
            output,
            errors,
            drawn,
        }
    }

    /// The terminal.
    pub fn terminal(&self) -> &Terminal {
        &self.terminal
    }

    /// What was written to standard output and flushed.
    pub fn output(&self) -> String {
        self.output.text()
    }

    /// The lines on standard error.
    pub fn errors(&self) -> String {
        self.errors.text()
    }

    /// What was drawn of bars, one drawing after the other.
    pub fn drawn(&self) -> String {
        self.drawn.text()
    }
}

#[derive(Clone, Debug, Default)]
struct Bytes(Arc<Mutex<Vec<u8>>>);

impl Bytes {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock()).into_owned()
    }
}

impl Write for Bytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Debug)]
struct Screen {
    columns: u16,
    drawn: Bytes,
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        self.columns
    }

    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn write_line(&self, line: &str) -> io::Result<()> {
        self.write_str(line)?;
        self.write_str("\n")
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.drawn.clone().write_all(text.as_bytes())
    }

    fn clear_line(&self) -> io::Result<()> {
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}
