//! The signals that stop the server: the first in good order, a later one at once.

use crate::bounded_file;
use env::Clock;
use std::future::pending;
use std::io;
use std::path::Path;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What comes sooner after the first signal is the same wish: a terminal and a supervisor may both
/// send one.
const ONE_WISH: Duration = Duration::from_secs(1);
/// What the system tells of a process, and the most that is read of it.
const STATUS: &str = "/proc/self/status";
const STATUS_BYTES_MAX: u64 = 64 * 1024;

/// SIGTERM, SIGINT and SIGHUP, caught from when this was made.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    /// Absent if whoever started the process had it ignored, as `nohup` does.
    hangup: Option<Signal>,
}

impl Signals {
    /// Catches the signals from now on.
    ///
    /// # Errors
    /// If the operating system does not let it.
    pub fn catch() -> io::Result<Self> {
        let hangup = match is_ignored(SignalKind::hangup()) {
            true => None,
            false => Some(signal(SignalKind::hangup())?),
        };
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup,
        })
    }

    /// Resolves at the next signal.
    pub async fn next(&mut self) {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            _ = self.terminate.recv() => (),
            _ = self.interrupt.recv() => (),
            _ = hangup => (),
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

/// Whether the process was started with a signal ignored. Where the system does not tell, it was
/// not.
fn is_ignored(kind: SignalKind) -> bool {
    let status = bounded_file::read(Path::new(STATUS), STATUS_BYTES_MAX);
    status.is_ok_and(|status| is_in_mask(&status, kind))
}

/// Whether `SigIgn`, a mask of sixteen hexadecimal digits, has a signal.
fn is_in_mask(status: &[u8], kind: SignalKind) -> bool {
    let status = String::from_utf8_lossy(status);
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    let bit = kind.as_raw_value() - 1;
    mask.is_some_and(|mask| mask >> bit & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signal_when_the_process_was_started_with_it_ignored_then_is_found_in_the_mask() {
        for (mask, expected) in [
            ("SigIgn:\t0000000000000001", [true, false]),
            ("SigIgn:\t0000000000001000", [false, false]),
            ("SigIgn:\t0000000000004001", [true, true]),
            ("SigIgn:\tnothing", [false, false]),
            ("", [false, false]),
        ] {
            let status = format!("Name:\tmillstream\n{mask}\nSigCgt:\t00000000ffffffff\n");
            let kinds = [SignalKind::hangup(), SignalKind::terminate()];
            let found = kinds.map(|kind| is_in_mask(status.as_bytes(), kind));
            assert_eq!(found, expected, "{mask}");
        }
    }
}
