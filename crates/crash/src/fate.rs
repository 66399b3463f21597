//! Causes of the server's death: a signal, or power loss.

use super::DriveError;
use super::server::Process;
use super::volume::{Shutdown, Volume};

/// A cause of the server's death.
pub enum Fate {
    /// SIGKILL. The page cache survives.
    Kill,
    /// Process and volume lose power, alternating between both kinds of shutdown.
    PowerLoss(Power),
}

/// The power of a volume.
pub struct Power {
    volume: Volume,
    losses: u64,
}

impl Power {
    /// The power of `volume`.
    pub fn of(volume: Volume) -> Self {
        Self { volume, losses: 0 }
    }

    /// Cuts the server's power, and restores it once the server is gone.
    fn lose(&mut self, process: Process) -> Result<(), DriveError> {
        let shutdown = Shutdown::nth(self.losses);
        self.volume.shut_down(&process, shutdown)?;
        self.losses += 1;
        process.kill()?;
        self.volume.restart()
    }
}

impl Fate {
    /// Ends a life of the server; the next one can begin afterwards.
    pub(super) fn strike(&mut self, process: Process) -> Result<(), DriveError> {
        match self {
            Self::Kill => process.kill(),
            Self::PowerLoss(power) => power.lose(process),
        }
    }
}
