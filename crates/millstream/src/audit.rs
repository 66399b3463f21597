//! `--audit`: the audit log's lines, on their way to a file or to standard output.
//!
//! One thread writes. What cannot be written is tried again until it can be, a quarter of a second
//! later each time; meanwhile the queue fills, and calls wait ([`millstream_http::Audit`]).
//! A line is handed to the operating system as a whole and in order; it is not synced, so a loss of
//! power may take the last ones. At the end the queue has two seconds to be written.

mod destination;
mod file;

use destination::Destination;
use file::AuditFile;
use millstream_env::{BoxFuture, Env, LineLimit};
use millstream_http::{Audit, Line, Lines};
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

/// The time between two attempts to write the same line.
const RETRY_INTERVAL: Duration = Duration::from_millis(250);
/// Rate limit for log lines about failures to write.
const FAILURES_PER_SECOND: u64 = 1;
/// How long the end of the process waits for the last lines.
const FLUSH_MAX: Duration = Duration::from_secs(2);
/// The name that stands for standard output.
const STANDARD_OUTPUT: &str = "-";

/// Where the audit log goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// To standard output.
    StandardOutput,
    /// To the end of a file.
    File(PathBuf),
}

impl FromStr for Place {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            STANDARD_OUTPUT => Self::StandardOutput,
            path => Self::File(path.into()),
        })
    }
}

impl Place {
    /// The file, if it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::StandardOutput => None,
            Self::File(path) => Some(path),
        }
    }
}

/// Starts to write an audit log. Nothing goes to standard output before `is_free` resolves: the
/// first line there is the server's URL.
///
/// # Errors
/// If the file cannot be opened, or is not one.
pub fn start(
    place: &Place,
    env: &Env,
    is_free: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<Audit> {
    let (audit, lines) = Audit::new();
    let own = env.clone();
    let writing: BoxFuture<()> = match place {
        Place::StandardOutput => Box::pin(async move {
            is_free.await;
            write(lines, destination::standard_output(), own).await;
        }),
        Place::File(path) => Box::pin(write(lines, AuditFile::open(path)?, own)),
    };
    env.tasks.spawn_thread("audit", writing);
    Ok(audit)
}

/// Writes lines for as long as there may be any.
async fn write(mut lines: Lines, mut to: impl Destination, env: Env) {
    let failures = LineLimit::new(FAILURES_PER_SECOND);
    while let Some(line) = lines.next().await {
        write_line(&line, &mut to, &env, &failures).await;
    }
}

async fn write_line(line: &Line, to: &mut impl Destination, env: &Env, failures: &LineLimit) {
    while let Err(error) = to.write(line.bytes()) {
        if let Some(kept_back) = failures.pass(env.clock.monotonic()) {
            tracing::error!(
                %error,
                kept_back,
                "the audit log cannot be written; it is tried again, and calls wait for it"
            );
        }
        env.clock.sleep(RETRY_INTERVAL).await;
    }
}

/// Waits until all lines are written, at the end of the process.
pub async fn flush(audit: &Audit, env: &Env) {
    if !audit.flush(&*env.clock, FLUSH_MAX).await {
        tracing::error!("the last lines of the audit log could not be written");
    }
}

#[cfg(test)]
mod tests;
