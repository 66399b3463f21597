//! Log lines, on standard error: standard output is for the URL.

use crate::cli::{LogFormat, Shared};
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// What is logged if nobody says otherwise.
const DEFAULT: &str = "info";

/// Starts logging, for the whole process.
pub fn start(shared: &Shared) {
    let filter = match &shared.log_level {
        Some(level) => EnvFilter::new(level),
        None => EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT)),
    };
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match shared.log_format {
        LogFormat::Human => lines.init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
}
