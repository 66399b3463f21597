//! A description of the machine that a run was made on.

use std::path::Path;
use std::process::Command;
use time::OffsetDateTime;
use time::macros::format_description;

/// Today, in UTC.
pub fn date() -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute] UTC");
    let date = OffsetDateTime::now_utc().format(format);
    date.expect("the format has only parts of a date and a time")
}

/// Processor, memory, kernel, file system of the data.
pub fn describe(data: &Path) -> Vec<String> {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let model = field("/proc/cpuinfo", "model name");
    let memory = field("/proc/meminfo", "MemTotal");
    let mounted = said(
        Command::new("findmnt")
            .args(["-no", "SOURCE,FSTYPE,OPTIONS", "-T"])
            .arg(data),
    );
    vec![
        format!(
            "processor: {model}, {} cores, {cores} of them the generator's",
            nproc()
        ),
        format!("memory: {memory}"),
        format!("kernel: {}", said(Command::new("uname").args(["-sr"]))),
        format!("data on: {mounted}"),
        format!("Millstream's tree: {}", commit()),
    ]
}

/// The repository's commit, and whether the working tree differs from it.
fn commit() -> String {
    let folder = env!("CARGO_MANIFEST_DIR");
    let describe = ["-C", folder, "describe", "--always", "--dirty=, changed"];
    said(Command::new("git").args(describe))
}

fn nproc() -> String {
    said(Command::new("nproc").arg("--all"))
}

fn field(file: &str, name: &str) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name));
    let value = line.and_then(|line| line.split_once(':'));
    value.map_or_else(
        || "unknown".to_owned(),
        |(_, value)| value.trim().to_owned(),
    )
}

fn said(command: &mut Command) -> String {
    let output = command.output().map(|output| output.stdout);
    let text = String::from_utf8_lossy(&output.unwrap_or_default())
        .trim()
        .to_owned();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
