//! `--verbose`: what the client says about retries, on standard error.

use super::Terminal;
use std::io::{self, Write};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// What is shown of the client and the tools.
const FILTER: &str = "millstream_client=debug,millstream_tools=debug";

/// Shows the messages of this process from now on. Without it there are none.
pub(super) fn show(terminal: &Terminal) {
    let own = terminal.clone();
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(move || Lines(own.clone()))
        .with_target(false)
        .with_ansi(terminal.palette().is_on());
    let registry = tracing_subscriber::registry().with(EnvFilter::new(FILTER));
    // There is one already only in tests.
    let _ = registry.with(lines).try_init();
}

/// Writes each message beside the bars.
struct Lines(Terminal);

impl Write for Lines {
    fn write(&mut self, message: &[u8]) -> io::Result<usize> {
        self.0.say(String::from_utf8_lossy(message).trim_end());
        Ok(message.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
