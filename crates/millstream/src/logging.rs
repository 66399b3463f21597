//! Log lines, on standard error: standard output is for the URL.
//!
//! Logging can fail and nothing else does: nobody waits for standard error, and a panic goes the
//! same way as a line (see [`line_queue`]). Of the lines of one place in the code so many a second
//! are written (see [`per_place`]). A line that is written for a request names it (see
//! [`request_span`]).

pub mod line_queue;
mod per_place;
mod request_span;

use crate::cli::{LogFormat, Shared};
use crate::values;
use anyhow::Context;
use env::{LineLimit, SystemClock};
use line_queue::LineQueue;
use per_place::PerPlace;
use request_span::RequestSpan;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{IsTerminal, Write};
use std::panic::PanicHookInfo;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// What is logged if nobody says otherwise.
const DEFAULT: &str = "info";
/// The variable that other programs in Rust have too.
const USUAL_VARIABLE: &str = "RUST_LOG";
/// How long the end of the process waits for lines to be written.
const FLUSH_MAX: Duration = Duration::from_millis(300);
/// Lines about lost lines, a second.
const LOST_LINES_PER_SECOND: u64 = 1;

/// The log of the process, once it has begun.
#[derive(Clone, Debug)]
pub struct Log(Arc<LineQueue>);

impl Log {
    /// Lines that nobody will read, counted on.
    pub fn lost(&self) -> Arc<AtomicU64> {
        self.0.lost()
    }

    /// Writes the last words of the process, and gives all lines a moment to be written.
    pub fn end(&self, last_words: &str) {
        self.0.push(last_words.as_bytes());
        self.0.flush(FLUSH_MAX);
    }
}

/// Starts logging, for the whole process.
///
/// # Errors
/// If there is no thread for it.
pub fn start(shared: &Shared) -> anyhow::Result<Log> {
    let queue = Arc::new(LineQueue::default());
    let (filter, complaint) = filter(shared.log_level.as_deref());
    let clock = Arc::new(SystemClock::new());
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(Arc::clone(&queue))
        // A line that cannot be made is lost too.
        .log_internal_errors(false)
        .with_ansi(std::io::stderr().is_terminal());
    let registry = tracing_subscriber::registry().with(filter);
    // What may refuse a line comes last, so that it is asked first.
    let per_place = PerPlace::new(clock, Arc::clone(&queue));
    let span = RequestSpan::default();
    match shared.log_format {
        LogFormat::Human => registry.with(lines).with(span).with(per_place).init(),
        LogFormat::Json => {
            let lines = lines.json().flatten_event(true).with_span_list(false);
            registry.with(lines).with(span).with(per_place).init();
        }
    }
    std::panic::set_hook(Box::new(log_panic));
    start_writing(&queue)?;
    if let Some(complaint) = complaint {
        tracing::warn!("{USUAL_VARIABLE}: {complaint}; {DEFAULT} holds");
    }
    Ok(Log(queue))
}

/// It is no task: it begins before there are any, and ends with the process.
#[expect(clippy::disallowed_methods, reason = "no world is there yet")]
fn start_writing(queue: &Arc<LineQueue>) -> anyhow::Result<()> {
    let own = Arc::clone(queue);
    let write = move || {
        let (clock, lines) = (SystemClock::new(), LineLimit::new(LOST_LINES_PER_SECOND));
        own.write_to(std::io::stderr(), |lost| {
            if lines.pass(env::Clock::monotonic(&clock)).is_some() {
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

/// What is logged, and what is wrong with what the environment says.
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

/// A panic is a line like any other: the usual hook waits for standard error.
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

/// Says something on standard error where there is no log.
pub fn say_without_log(text: &str) {
    // It may be closed; the status says it too.
    let _ = writeln!(std::io::stderr(), "{text}");
}
