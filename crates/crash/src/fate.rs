//! What ends the server's lives: a signal, or the loss of power under it.

use super::DriveError;
use super::server::Process;
use super::volume::{Shutdown, Volume};

/// What ends the server's lives.
pub enum Fate {
    /// SIGKILL. What the system has in memory of its files stays.
    Kill,
    /// The power of process and volume is lost, in both ways by turns.
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

    /// Takes it away from the server, and gives it back when the server is gone.
    fn lose(&mut self, process: Process) -> Result<(), DriveError> {
        let shutdown = Shutdown::nth(self.losses);
        self.volume.shut_down(&process, shutdown)?;
        self.losses += 1;
        process.kill()?;
        self.volume.restart()
    }
}

impl Fate {
    /// Ends a life of the server; the next one can begin when this is done.
    pub(super) fn strike(&mut self, process: Process) -> Result<(), DriveError> {
        match self {
            Self::Kill => process.kill(),
            Self::PowerLoss(power) => power.lose(process),
        }
    }
}
