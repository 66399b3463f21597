//! Log lines, on standard error: standard output is reserved for the URL.
//!
//! Logging may fail without consequences: no task waits for standard error, and panics take the
//! same path (see [`line_queue`]). Lines are rate-limited per call site (see [`per_place`]). Lines
//! that are written for a request name it (see [`request_span`]). Whatever a line says, it is one
//! line (see [`one_line`]).

pub mod line_queue;
mod one_line;
mod per_place;
mod request_span;

use crate::cli::{LogFormat, Shared};
use crate::values;
use anyhow::Context;
use line_queue::LineQueue;
use millstream_env::{LineLimit, SystemClock};
use one_line::Colors;
use per_place::PerPlace;
use request_span::RequestSpan;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{IsTerminal, Write};
use std::panic::PanicHookInfo;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tracing::Dispatch;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The default filter.
const DEFAULT: &str = "info";
/// The variable that Rust programs use by convention.
const USUAL_VARIABLE: &str = "RUST_LOG";
/// How long the process waits for pending lines when it ends.
const FLUSH_MAX: Duration = Duration::from_millis(300);
/// Rate limit for lines about lost lines.
const LOST_LINES_PER_SECOND: u64 = 1;

/// The process's log, once started.
#[derive(Clone, Debug)]
pub struct Log(Arc<LineQueue>);

impl Log {
    /// A running count of lost lines.
    pub fn lost(&self) -> Arc<AtomicU64> {
        self.0.lost()
    }

    /// Writes the last line of the process, and gives pending lines a moment to be written.
    pub fn end(&self, last_words: &str) {
        self.0.push(last_words.as_bytes());
        self.0.flush(FLUSH_MAX);
    }
}

/// Starts logging for the whole process.
///
/// # Errors
/// If its thread cannot be started.
pub fn start(shared: &Shared) -> anyhow::Result<Log> {
    let colors = match std::io::stderr().is_terminal() {
        true => Colors::With,
        false => Colors::Without,
    };
    let queue = Arc::new(LineQueue::new(colors));
    let (filter, complaint) = filter(shared.log_level.as_deref());
    subscriber(shared.log_format, colors, filter, &queue).init();
    std::panic::set_hook(Box::new(log_panic));
    start_writing(&queue)?;
    if let Some(complaint) = complaint {
        tracing::warn!("{USUAL_VARIABLE}: {complaint}; using {DEFAULT}");
    }
    Ok(Log(queue))
}

/// What makes lines of events, and puts them into a queue.
fn subscriber(
    format: LogFormat,
    colors: Colors,
    filter: EnvFilter,
    queue: &Arc<LineQueue>,
) -> Dispatch {
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(Arc::clone(queue))
        // A line that cannot be formatted counts as lost.
        .log_internal_errors(false)
        .with_ansi(colors == Colors::With);
    let registry = tracing_subscriber::registry().with(filter);
    // Filters that reject lines go last, so that they are asked first.
    let per_place = PerPlace::new(Arc::new(SystemClock::new()), Arc::clone(queue));
    let span = RequestSpan::default();
    match format {
        LogFormat::Human => Dispatch::new(registry.with(lines).with(span).with(per_place)),
        LogFormat::Json => {
            let lines = lines.json().flatten_event(true).with_span_list(false);
            Dispatch::new(registry.with(lines).with(span).with(per_place))
        }
    }
}

/// Starts the writer thread. It is not a task: it starts before the runtime and ends with the
/// process.
#[expect(clippy::disallowed_methods, reason = "no world is there yet")]
fn start_writing(queue: &Arc<LineQueue>) -> anyhow::Result<()> {
    let own = Arc::clone(queue);
    let write = move || {
        let (clock, lines) = (SystemClock::new(), LineLimit::new(LOST_LINES_PER_SECOND));
        own.write_to(std::io::stderr(), |lost| {
            if lines.pass(millstream_env::Clock::monotonic(&clock)).is_some() {
                tracing::warn!(
                    lost,
                    "log lines were lost since the start: they could not be written, or too many of one \
                     kind came at once"
                );
            }
        });
    };
    let thread = std::thread::Builder::new().name("log".to_owned());
    drop(thread.spawn(write).context("cannot start the log")?);
    Ok(())
}

/// The filter, and what is wrong with the one in the environment.
fn filter(level: Option<&str>) -> (EnvFilter, Option<String>) {
    if let Some(level) = level {
        return (EnvFilter::new(level), None);
    }
    let usual = std::env::var_os(USUAL_VARIABLE).unwrap_or_default();
    let usual = usual.to_string_lossy();
    if usual.trim().is_empty() {
        return (EnvFilter::new(DEFAULT), None);
    }
    match values::parse_log_level(&usual) {
        Ok(usual) => (EnvFilter::new(usual), None),
        Err(complaint) => (EnvFilter::new(DEFAULT), Some(complaint)),
    }
}

/// Logs a panic as an ordinary line: the default hook would block on standard error.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let location = panic.location().map(ToString::to_string);
    let backtrace = Backtrace::capture();
    let backtrace =
        (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
    tracing::error!(
        thread = thread.name(),
        location,
        panic = panic.payload_as_str(),
        backtrace,
        "a bug: this should not have happened"
    );
}

/// Writes to standard error directly, where there is no log.
pub fn say_without_log(text: &str) {
    // It may be closed; the exit status says it too.
    let _ = writeln!(std::io::stderr(), "{text}");
}

#[cfg(test)]
mod tests;
