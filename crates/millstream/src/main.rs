//! The binary: parses the command line and runs the command.
//!
//! The modules are in reading order: [`cli`] declares the flags, [`values`] and [`mod@address`]
//! parse their values, [`config`] merges them with the environment and the file, [`dev`] and
//! [`serve`] turn a command into [`run::Settings`], [`run`] assembles journal, engine and server,
//! with the [`mod@certificate`] and its [`validity`] and the [`mod@audit`] log if there is one. The
//! store is chosen here; everything else is in the crates below. [`self_signed`] is a command of
//! its own, and so are [`mod@check`] and [`repair`], which share [`offline`], the commands of
//! [`mod@credentials`], [`mod@keys`] and [`mod@policy`]. [`foreground`] runs these and the tools,
//! which are in a crate of their own.

mod address;
mod audit;
mod certificate;
mod check;
mod cli;
mod config;
mod credentials;
mod descriptors;
mod dev;
mod foreground;
mod keys;
mod logging;
mod look;
mod offline;
mod policy;
mod repair;
mod run;
mod self_signed;
mod serve;
mod signals;
mod streams;
mod validity;
mod values;

use logging::Log;
use millstream_env::Death;
use millstream_tools::{Failure, Look, Surroundings};
use run::Settings;
use std::process::ExitCode;

/// Exit status: could not start or go on.
const FAILED: u8 = 1;
/// Exit status: an essential task panicked, which is a bug. Acknowledged data is safe.
const DIED: u8 = 70;

fn main() -> ExitCode {
    let cli = match config::parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(error) => {
            // Standard error may be closed; the exit status says it too.
            let _ = error.print();
            return status_of(&error);
        }
    };
    match cli.command {
        cli::Run::Dev(dev) => serve(logging::start(&dev.shared), || dev::settings(dev)),
        cli::Run::Serve(flags) => serve(logging::start(&flags.shared), || serve::settings(flags)),
        cli::Run::Cert(cert) => match self_signed::run(&cert) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(&error, logging::say_without_log),
        },
        cli::Run::Check(flags) => {
            in_foreground(flags.look, async |around| check::run(&flags, around).await)
        }
        cli::Run::Repair(flags) => {
            in_foreground(flags.look, async |around| repair::run(&flags, around).await)
        }
        cli::Run::Credentials(flags) => in_foreground(flags.look, async |around| {
            credentials::command::run(flags, around)
        }),
        cli::Run::Keys(flags) => in_foreground(flags.look, async |around| keys::run(flags, around)),
        cli::Run::Policy(args) => {
            in_foreground(args.look, async |around| policy::run(args, around).await)
        }
        cli::Run::Tool(tool) => in_foreground(*tool.look(), async |around| tool.run(around).await),
    }
}

fn in_foreground(
    look: Look,
    work: impl AsyncFnOnce(&Surroundings) -> Result<(), Failure>,
) -> ExitCode {
    ExitCode::from(foreground::run(look, work).code())
}

/// Runs a server.
fn serve(
    log: anyhow::Result<Log>,
    settings: impl FnOnce() -> Result<Settings, clap::Error>,
) -> ExitCode {
    let log = match log {
        Ok(log) => log,
        Err(error) => return fail(&error, logging::say_without_log),
    };
    let mut settings = match settings() {
        Ok(settings) => settings,
        Err(error) => {
            log.end(&error.to_string());
            return status_of(&error);
        }
    };
    settings.server.log_lines_lost = log.lost();
    match run::run(settings) {
        Ok(()) => {
            log.end("");
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error, |text| log.end(&format!("{text}\n"))),
    }
}

fn fail(error: &anyhow::Error, say: impl FnOnce(&str)) -> ExitCode {
    say(&format!("millstream: {error:#}"));
    ExitCode::from(status_of_failure(error))
}

fn status_of_failure(error: &anyhow::Error) -> u8 {
    match error.downcast_ref::<Death>() {
        Some(_) => DIED,
        None => FAILED,
    }
}

fn status_of(error: &clap::Error) -> ExitCode {
    u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
}
