//! Counts instructions and samples functions of a running process, with Linux's `perf`.

use anyhow::{Context, ensure};
use rustix::process::{Pid, Signal, kill_process};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long `perf` may take to attach.
const ATTACHING: Duration = Duration::from_millis(300);
/// Samples per second.
const FREQUENCY: &str = "1999";

/// A `perf` that is attached to a process until it is stopped.
pub struct Perf {
    child: Child,
    output: PathBuf,
}

/// The instructions that a process executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instructions {
    /// In its own code and libraries.
    pub user: u64,
    /// In the kernel on its behalf.
    pub kernel: u64,
}

impl Perf {
    /// Starts counting instructions.
    pub async fn count(process: u32, folder: &Path) -> anyhow::Result<Self> {
        let mut command = Command::new("perf");
        command.args(["stat", "-x", ";", "-e", "instructions:u,instructions:k"]);
        Self::start(command, process, folder.join("perf.stat")).await
    }

    /// Starts sampling functions.
    pub async fn sample(process: u32, folder: &Path) -> anyhow::Result<Self> {
        let mut command = Command::new("perf");
        command.args(["record", "--quiet", "-F", FREQUENCY]);
        Self::start(command, process, folder.join("perf.data")).await
    }

    async fn start(mut command: Command, process: u32, output: PathBuf) -> anyhow::Result<Self> {
        command
            .arg("-o")
            .arg(&output)
            .args(["-p", &process.to_string()]);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = command.spawn().context("perf cannot be started")?;
        tokio::time::sleep(ATTACHING).await;
        Ok(Self { child, output })
    }

    /// Stops `perf`, and returns the file that it wrote.
    fn stop(mut self) -> anyhow::Result<PathBuf> {
        let process = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(process.context("a process id")?, Signal::INT)?;
        self.child.wait()?;
        Ok(self.output)
    }

    /// Stops counting.
    pub fn instructions(self) -> anyhow::Result<Instructions> {
        parse(&std::fs::read_to_string(self.stop()?)?)
    }

    /// Stops sampling; returns the functions that took most of the time, each with its share.
    pub fn functions(self, most: usize) -> anyhow::Result<Vec<String>> {
        let data = self.stop()?;
        let mut command = Command::new("perf");
        command.args(["report", "--stdio", "--no-children", "--no-inline"]);
        command.args(["-F", "overhead,dso,sym", "-i"]).arg(data);
        let output = command.stderr(Stdio::null()).output()?;
        ensure!(output.status.success(), "perf cannot report");
        let text = String::from_utf8_lossy(&output.stdout);
        let lines = text.lines().map(str::trim);
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let lines = lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
        Ok(lines.take(most).collect())
    }
}

fn parse(text: &str) -> anyhow::Result<Instructions> {
    let of = |event: &str| {
        let line = text.lines().find(|line| line.contains(event));
        let count = line.and_then(|line| line.split(';').next()?.parse().ok());
        count.with_context(|| format!("perf did not count {event}: {text}"))
    };
    Ok(Instructions {
        user: of("instructions:u")?,
        kernel: of("instructions:k")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_when_perf_wrote_them_then_are_read() {
        let text = "# started\n\n123;;instructions:u;9;100.00;;\n45;;instructions:k;9;100.00;;\n";
        let (user, kernel) = (123, 45);
        assert_eq!(parse(text).unwrap(), Instructions { user, kernel });
    }

    #[test]
    fn counts_when_the_machine_has_no_counters_then_are_an_error() {
        let text = "<not supported>;;instructions:u;0;100.00;;\n";
        assert!(parse(text).is_err());
    }
}
