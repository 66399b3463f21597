//! `millstream man`: manual pages of all commands.

use crate::{Failure, Look, Surroundings};
use clap::{Command, ValueHint};
use clap_mangen::Man;
use millstream_env::{Disk, FileMode, replace_file};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What stands above each page.
const MANUAL: &str = "Millstream";
/// The mode of a page's file: everyone on the machine reads it.
const PAGE_MODE: u32 = 0o644;
/// The mode of a directory that is made for pages.
const FOLDER_MODE: u32 = 0o755;

/// `millstream man`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The command that the page is about [default: millstream itself]
    #[arg(value_name = "COMMAND", conflicts_with = "out")]
    command: Option<String>,
    /// Write the pages of all commands into this directory; created if missing
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    out: Option<PathBuf>,
    /// What it shows.
    #[command(flatten)]
    pub look: Look,
}

/// A page and the name of its file.
struct Page {
    name: String,
    roff: Vec<u8>,
}

/// Prints a page, or writes all.
///
/// # Errors
/// If there is no such command, or something cannot be written.
pub async fn run(args: &Args, surroundings: &Surroundings) -> Result<(), Failure> {
    let pages = pages(&surroundings.program)?;
    if let Some(out) = &args.out {
        let disk = Arc::clone(&surroundings.env.disk);
        return write(&*disk, out, &pages);
    }
    let program = surroundings.program.get_name();
    let name = match &args.command {
        None => format!("{program}.1"),
        Some(command) => format!("{program}-{command}.1"),
    };
    match pages.iter().find(|page| page.name == name) {
        Some(page) => surroundings.terminal.output().bytes(&page.roff),
        None => Err(Failure::usage(format!(
            "there is no page about {}",
            args.command.as_deref().unwrap_or_default()
        ))
        .with_advice(format!("{program} --help lists the commands."))),
    }
}

/// The pages of the program and of all its commands.
fn pages(program: &Command) -> Result<Vec<Page>, Failure> {
    let mut program = program.clone().disable_help_subcommand(true);
    let version = program.get_version().unwrap_or_default();
    let source = format!("{} {version}", program.get_name());
    // Gives commands their full names.
    program.build();
    let mut pages = Vec::new();
    let mut rest = vec![program];
    while let Some(command) = rest.pop() {
        rest.extend(
            command
                .get_subcommands()
                .filter(|sub| !sub.is_hide_set())
                .cloned(),
        );
        let man = Man::new(command).source(source.as_str()).manual(MANUAL);
        let (name, mut roff) = (man.get_filename(), Vec::new());
        man.render(&mut roff)
            .map_err(|error| Failure::new(format!("cannot make {name}: {error}")))?;
        pages.push(Page { name, roff });
    }
    Ok(pages)
}

fn write(disk: &dyn Disk, out: &Path, pages: &[Page]) -> Result<(), Failure> {
    create(disk, out).map_err(|error| Failure::of_file("create", out, &error))?;
    for page in pages {
        let path = out.join(&page.name);
        replace_file(disk, &path, &page.roff, FileMode::Given(PAGE_MODE))
            .map_err(|error| Failure::of_file("write", &path, &error))?;
    }
    Ok(())
}

/// Creates a directory that everyone may enter, unless it is there.
fn create(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    let missing = path
        .ancestors()
        .filter(|level| !level.as_os_str().is_empty());
    let missing = missing.take_while(|level| {
        let listed = disk.list(level);
        listed.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
    });
    let missing: Vec<&Path> = missing.collect();
    disk.create_directory(path)?;
    missing
        .into_iter()
        .try_for_each(|level| disk.set_mode(level, FOLDER_MODE))
}
