//! A `millstream serve` in its own process: started, killed, restarted on the same directory.
//!
//! It is started on any free port, without knowing that it is a test.

use super::DriveError;
use http::Uri;
use millstream_env::Env;
use std::fs::OpenOptions;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use tokio::sync::oneshot;

/// How a server is started.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The `millstream` binary.
    pub binary: PathBuf,
    /// Its data.
    pub data: PathBuf,
    /// Where its log goes, at the end of what earlier processes wrote.
    pub log: PathBuf,
    /// `--segment-size`: small ones fill, roll and are freed while a test runs.
    pub segment_size: &'static str,
    /// `--durability`.
    pub durability: Durability,
    /// `--limits`.
    pub limits: Limits,
}

/// Whether a server throttles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limits {
    /// As on AWS.
    Aws,
    /// Not at all.
    Off,
}

impl Limits {
    fn name(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Off => "off",
        }
    }
}

/// What an acknowledged record survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// The loss of power.
    Fsync,
    /// The end of the process, and nothing else.
    Os,
}

impl Durability {
    fn name(self) -> &'static str {
        match self {
            Self::Fsync => "fsync",
            Self::Os => "os",
        }
    }
}

/// What a process has of the machine's memory, as Linux counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Now.
    pub resident_bytes: u64,
    /// At most, since it started.
    pub peak_bytes: u64,
}

/// A server's process. Killed when dropped.
pub struct Process {
    child: Child,
    /// Kept so that the server never writes to a closed pipe.
    output: Option<BufReader<ChildStdout>>,
}

impl Launch {
    /// Starts a process; [`Process::ready`] tells when it serves.
    #[expect(clippy::disallowed_methods, reason = "the log of a real process")]
    pub fn spawn(&self) -> Result<Process, DriveError> {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)?;
        let mut child = Command::new(&self.binary)
            .env_clear()
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(["--limits", self.limits.name()])
            .args(["--admin-listen", "127.0.0.1:0"])
            .args(["--segment-size", self.segment_size])
            .args(["--durability", self.durability.name()])
            .arg("--data-dir")
            .arg(&self.data)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()?;
        let output = child.stdout.take().map(BufReader::new);
        Ok(Process { child, output })
    }
}

impl Process {
    /// Waits for the line that says where it serves.
    ///
    /// # Errors
    /// If it ends without that line.
    pub async fn ready(&mut self, env: &Env) -> Result<Uri, DriveError> {
        let (done, line) = oneshot::channel();
        let mut output = self.output.take().ok_or(DriveError::NotReady)?;
        let read = env.tasks.run_blocking(Box::new(move || {
            let mut line = String::new();
            let read = output.read_line(&mut line).map(|_| (line, output));
            // The receiver is gone if the run was abandoned.
            let _ = done.send(read);
        }));
        read.await;
        let (line, output) = line.await.map_err(|_| DriveError::NotReady)??;
        self.output = Some(output);
        line.trim_end()
            .parse()
            .ok()
            .filter(|_| line.ends_with('\n'))
            .ok_or(DriveError::NotReady)
    }

    /// The process's id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The memory that it has now, and the most that it ever had.
    ///
    /// # Errors
    /// If it has gone, or the system does not tell.
    pub fn memory(&self) -> Result<Memory, DriveError> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id()))?;
        let bytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let kib = line.and_then(|line| line.split_whitespace().nth(1));
            let kib = kib.and_then(|kib| kib.parse::<u64>().ok());
            kib.map(|kib| kib * 1024).ok_or(DriveError::Ended)
        };
        Ok(Memory {
            resident_bytes: bytes("VmRSS")?,
            peak_bytes: bytes("VmHWM")?,
        })
    }

    /// Kills it with SIGKILL and waits until it is gone.
    pub fn kill(mut self) -> Result<(), DriveError> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to stop, as a supervisor does; it goes on until it has.
    ///
    /// # Errors
    /// If it is gone already.
    pub fn terminate(&self) -> Result<(), DriveError> {
        let id = self.id().to_string();
        let status = Command::new("sh")
            .args(["-c", "kill -TERM \"$1\"", "sh", &id])
            .status()?;
        match status.success() {
            true => Ok(()),
            false => Err(DriveError::Tool {
                program: "kill".to_owned(),
                said: status.to_string(),
            }),
        }
    }

    /// Its status, if it has ended by itself.
    ///
    /// # Errors
    /// If the system does not tell.
    pub fn status(&mut self) -> Result<Option<ExitStatus>, DriveError> {
        Ok(self.child.try_wait()?)
    }

    /// Whether it is gone, by itself or by someone else's hand.
    pub fn has_ended(&mut self) -> Result<bool, DriveError> {
        Ok(self.child.try_wait()?.is_some())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be gone already; a zombie is not left in either case.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
