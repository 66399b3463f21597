//! The binary: reads what it is told, and runs it.
//!
//! The modules stand in reading order: [`cli`] declares the flags, [`values`] and [`mod@address`] parse
//! their values, [`config`] joins them with the environment and the file, [`dev`] and [`serve`] turn a
//! command into [`run::Settings`], [`run`] puts journal, engine and server together, with the
//! [`mod@certificate`] and its [`validity`] if there is one. The store is chosen here; all else is in the crates below. [`self_signed`] is a
//! command of its own.

mod address;
mod certificate;
mod cli;
mod config;
mod descriptors;
mod dev;
mod logging;
mod run;
mod self_signed;
mod serve;
mod signals;
mod streams;
mod validity;
mod values;

use std::process::ExitCode;

fn main() -> ExitCode {
    match config::parse(std::env::args_os()).and_then(run) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) => {
            eprintln!("millstream: {error:#}");
            ExitCode::FAILURE
        }
        Err(error) => {
            // Standard error may be closed; the status says it too.
            let _ = error.print();
            u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
        }
    }
}

/// Runs a command. The outer error is a wrong command line, the inner one what went wrong.
fn run(cli: cli::Cli) -> Result<anyhow::Result<()>, clap::Error> {
    match cli.command {
        cli::Run::Dev(dev) => {
            logging::start(&dev.shared);
            dev::settings(dev).map(run::run)
        }
        cli::Run::Serve(serve) => {
            logging::start(&serve.shared);
            serve::settings(serve).map(run::run)
        }
        cli::Run::Cert(cert) => Ok(self_signed::run(&cert)),
    }
}
