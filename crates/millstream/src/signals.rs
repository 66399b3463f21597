//! The signals that stop the server: the first in good order, a later one at once.

use env::Clock;
use std::io;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What comes sooner after the first signal is the same wish: a terminal and a supervisor may both
/// send one.
const ONE_WISH: Duration = Duration::from_secs(1);

/// SIGTERM and SIGINT, caught from when this was made.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Catches the signals from now on.
    ///
    /// # Errors
    /// If the operating system does not let it.
    pub fn catch() -> io::Result<Self> {
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self {
            terminate,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Resolves at the next signal.
    pub async fn next(&mut self) {
        tokio::select! {
            biased;
            _ = self.terminate.recv() => (),
            _ = self.interrupt.recv() => (),
        }
    }

    /// Resolves at a signal that comes at least [`ONE_WISH`] after the first.
    pub async fn insist(&mut self, clock: &dyn Clock) {
        let first = clock.monotonic();
        loop {
            self.next().await;
            if clock.monotonic().since(first) >= ONE_WISH {
                return;
            }
            tracing::info!("already stopping; once more in a second stops at once");
        }
    }
}
