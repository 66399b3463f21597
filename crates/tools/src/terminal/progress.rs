//! Progress of long work: a bar with its rate and the time that is left.
//!
//! It is drawn on standard error if that is a terminal, and nowhere otherwise. A bar is taken away
//! when its `Progress` is dropped, however the work ended. It is redrawn while nothing happens, so
//! that the rate of work that stalls goes down.

use super::Terminal;
use indicatif::{HumanCount, ProgressBar, ProgressState, ProgressStyle};
use std::fmt;
use std::time::Duration;

/// How often a bar is redrawn at least.
const REDRAWN_EVERY: Duration = Duration::from_millis(200);

const BYTES: &str =
    "{prefix} [{wide_bar}] {bytes}/{total_bytes}, {binary_bytes_per_sec}, {eta} left {msg}";
const COUNT: &str = "{prefix} [{wide_bar}] {human_pos}/{human_len}, {rate}, {eta} left {msg}";
const BYTES_OF_UNKNOWN: &str = "{spinner} {prefix} {bytes}, {binary_bytes_per_sec} {msg}";
const COUNT_OF_UNKNOWN: &str = "{spinner} {prefix} {human_pos}, {rate} {msg}";
const PICTURE: &str = "{prefix} [{wide_bar}] {percent} %, {eta} left\n{msg}";
const SPINNER: &str = "{spinner} {prefix} {elapsed} {msg}";

/// Work under way.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Work that is measured in bytes, of as many as are given if that is known. `what` comes
    /// before the bar: `checking`.
    pub fn bytes(terminal: &Terminal, what: &str, total: Option<u64>) -> Self {
        let template = if total.is_some() {
            BYTES
        } else {
            BYTES_OF_UNKNOWN
        };
        Self::begin(terminal, what, total, template)
    }

    /// Work that is measured in things, such as records.
    pub fn count(terminal: &Terminal, what: &str, total: Option<u64>) -> Self {
        let template = if total.is_some() {
            COUNT
        } else {
            COUNT_OF_UNKNOWN
        };
        Self::begin(terminal, what, total, template)
    }

    /// Work with more to see than a bar: lines below it, which [`Self::note`] replaces.
    pub fn picture(terminal: &Terminal, what: &str, total: u64) -> Self {
        Self::begin(terminal, what, Some(total), PICTURE)
    }

    /// Work that is not measured: waiting.
    pub fn spinner(terminal: &Terminal, what: &str) -> Self {
        Self::begin(terminal, what, None, SPINNER)
    }

    /// Adds what was done.
    pub fn add(&self, done: u64) {
        self.bar.inc(done);
    }

    /// Says that so much was done before: it does not count for the rate.
    pub fn resume(&self, done: u64) {
        self.bar.set_position(done);
        self.bar.reset_eta();
    }

    /// How much was done.
    pub fn done(&self) -> u64 {
        self.bar.position()
    }

    /// Shows a few words behind the bar, such as how many records were refused.
    pub fn note(&self, words: impl Into<String>) {
        self.bar.set_message(words.into());
    }

    fn begin(terminal: &Terminal, what: &str, total: Option<u64>, template: &str) -> Self {
        let bars = terminal.bars();
        let bar = match total {
            Some(total) => ProgressBar::new(total),
            None => ProgressBar::no_length(),
        };
        let style = ProgressStyle::with_template(template).expect("the template is a constant");
        let style = style.progress_chars("=> ").with_key("rate", write_rate);
        let bar = bars.add(bar.with_prefix(what.to_owned()).with_style(style));
        if !bars.is_hidden() {
            bar.tick();
            bar.enable_steady_tick(REDRAWN_EVERY);
        }
        Self { bar }
    }
}

/// Things in a second, as a whole number.
fn write_rate(state: &ProgressState, to: &mut dyn fmt::Write) {
    let rate = HumanCount(state.per_sec() as u64);
    // It is written into memory.
    let _ = write!(to, "{rate}/s");
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::Recorded;

    #[test]
    fn progress_when_on_a_terminal_then_shows_how_much_how_fast_and_how_long() {
        let recorded = Recorded::on_terminal(80);
        let progress = Progress::bytes(recorded.terminal(), "checking", Some(4096));
        progress.add(1024);
        progress.note("2 damaged");
        recorded.terminal().say("in between");
        let drawn = recorded.drawn();
        for said in ["checking [", "1.00 KiB/4.00 KiB", "/s, ", " left 2 damaged"] {
            assert!(drawn.contains(said), "{said}: {drawn}");
        }
        assert_eq!(progress.done(), 1024);
        assert_eq!(recorded.errors(), "in between\n");
    }

    #[test]
    fn progress_when_the_total_is_unknown_then_shows_how_much() {
        let recorded = Recorded::on_terminal(80);
        let progress = Progress::count(recorded.terminal(), "putting", None);
        progress.add(1200);
        progress.note("");
        let waiting = Progress::spinner(recorded.terminal(), "waiting for orders");
        recorded.terminal().say("");
        let drawn = recorded.drawn();
        assert!(drawn.contains("putting 1,200, "), "{drawn}");
        assert!(drawn.contains("waiting for orders "), "{drawn}");
        drop((progress, waiting));
    }

    #[test]
    fn progress_when_there_is_no_terminal_then_draws_nothing() {
        let recorded = Recorded::in_pipes();
        let progress = Progress::count(recorded.terminal(), "putting", Some(2));
        progress.add(1);
        drop(progress);
        assert_eq!(
            (recorded.drawn(), recorded.errors()),
            (String::new(), String::new())
        );
    }
}
