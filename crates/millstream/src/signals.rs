//! The signals that stop a server or a tool: the first gracefully, a later one immediately.

use millstream_env::{Clock, Disk, RealDisk};
use std::future::pending;
use std::io;
use std::path::Path;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Where Linux reports a process's signal masks, and how much of it is read.
const STATUS: &str = "/proc/self/status";
const STATUS_BYTES_MAX: u64 = 64 * 1024;

/// SIGTERM, SIGINT and SIGHUP, caught since this was created.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    /// `None` if the parent had it ignored, as `nohup` does.
    hangup: Option<Signal>,
}

impl Signals {
    /// Starts catching the signals.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub fn catch() -> io::Result<Self> {
        let hangup = if is_ignored(SignalKind::hangup()) {
            None
        } else {
            Some(signal(SignalKind::hangup())?)
        };
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup,
        })
    }

    /// Resolves at the next signal, with its kind.
    pub async fn next(&mut self) -> SignalKind {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            _ = self.terminate.recv() => SignalKind::terminate(),
            _ = self.interrupt.recv() => SignalKind::interrupt(),
            _ = hangup => SignalKind::hangup(),
        }
    }

    /// Resolves at a signal that comes at least `one_wish` after the first, with its kind. Those
    /// before count as the same request: a terminal and a supervisor may both send one.
    pub async fn insist(&mut self, clock: &dyn Clock, one_wish: Duration) -> SignalKind {
        let first = clock.monotonic();
        loop {
            let kind = self.next().await;
            if clock.monotonic().since(first) >= one_wish {
                return kind;
            }
            tracing::info!("already stopping; another signal in a moment exits immediately");
        }
    }
}

/// Whether the process was started with a signal ignored. Where the system does not report it,
/// assumes that it was not.
fn is_ignored(kind: SignalKind) -> bool {
    let status = RealDisk.read_whole(Path::new(STATUS), STATUS_BYTES_MAX);
    status.is_ok_and(|status| is_in_mask(&status, kind))
}

/// Whether `SigIgn`, a mask of sixteen hexadecimal digits, contains a signal.
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
