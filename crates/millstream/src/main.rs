//! The binary: reads what it is told, and runs it.
//!
//! The modules stand in reading order: [`cli`] declares the flags, [`values`] parses their values,
//! [`config`] joins them with the environment and the file, [`dev`] and [`serve`] turn a command into
//! [`run::Settings`], [`run`] puts journal, engine and server together. The store is chosen here; all
//! else is in the crates below.

mod cli;
mod config;
mod descriptors;
mod dev;
mod logging;
mod run;
mod serve;
mod signals;
mod streams;
mod values;

use std::process::ExitCode;

fn main() -> ExitCode {
    match config::parse(std::env::args_os()).and_then(settings) {
        Ok(settings) => start(settings),
        Err(error) => {
            // Standard error may be closed; the status says it too.
            let _ = error.print();
            u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
        }
    }
}

fn settings(cli: cli::Cli) -> Result<run::Settings, clap::Error> {
    let shared = cli.command.shared();
    logging::start(shared.log_format, shared.log_level.as_deref());
    match cli.command {
        cli::Run::Dev(dev) => Ok(dev::settings(dev)),
        cli::Run::Serve(serve) => serve::settings(serve),
    }
}

fn start(settings: run::Settings) -> ExitCode {
    match run::run(settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("millstream: {error:#}");
            ExitCode::FAILURE
        }
    }
}
