//! The settings file, and how it combines with the command line and the environment.
//!
//! A key of the file becomes the flag of the same name unless the command line or the environment
//! sets it. So a value is validated by the same code, with the same messages, wherever it comes
//! from.

use crate::cli::{self, Cli};
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Command, FromArgMatches};
use millstream_env::{Disk, RealDisk};
use std::ffi::OsString;
use std::fmt::Display;
use std::path::{Path, PathBuf};

/// Maximum size of the settings file.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Parses the command line, the environment and the file that they name.
///
/// # Errors
/// Clap's error, which has its own text and exit status; help and version are reported this way
/// too.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    let mut command = cli::command();
    let matches = command.try_get_matches_from_mut(&arguments)?;
    let Some((name, given)) = matches.subcommand() else {
        return Cli::from_arg_matches(&matches);
    };
    // Not every command reads a file.
    let Ok(Some(path)) = given.try_get_one::<PathBuf>("config") else {
        return Cli::from_arg_matches(&matches);
    };
    let subcommand = command
        .find_subcommand_mut(name)
        .expect("it matched this very command");
    let settings = read(subcommand, path)?;
    let flags = flags(subcommand, settings, path)?;
    check(&arguments[0], name, &flags, path)?;
    let weaker = flags.into_iter().filter(|flag| !is_given(given, &flag.id));
    arguments.extend(weaker.flat_map(|flag| flag.words));
    Cli::from_arg_matches(&cli::command().try_get_matches_from(&arguments)?)
}

/// Validates the whole file, including settings that a flag or a variable overrides.
fn check(
    program: &OsString,
    subcommand: &str,
    flags: &[Flag],
    path: &Path,
) -> Result<(), clap::Error> {
    let subcommand = OsString::from(subcommand);
    let words = flags.iter().flat_map(|flag| &flag.words);
    let alone = [program, &subcommand].into_iter().chain(words);
    match cli::command().try_get_matches_from(alone) {
        Ok(_) => Ok(()),
        Err(error) => {
            let message = format!("in {}: {}", path.display(), one_line(&error));
            Err(cli::command().error(error.kind(), message))
        }
    }
}

/// A setting of the file, in the form of a command-line flag.
struct Flag {
    id: clap::Id,
    words: Vec<OsString>,
}

fn read(command: &mut Command, path: &Path) -> Result<toml::Table, clap::Error> {
    // The error of a file names it.
    let bytes = RealDisk.read_whole(path, FILE_BYTES_MAX);
    let bytes = bytes.map_err(|error| error.to_string());
    let named = |error: &dyn Display| format!("{}: {error}", path.display());
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).map_err(|error| named(&error)));
    let table = text.and_then(|text| text.parse::<toml::Table>().map_err(|error| named(&error)));
    table.map_err(|error| {
        let message = format!("--config {}", error.trim_end());
        command.error(ErrorKind::Io, message)
    })
}

/// The file's settings as flags.
fn flags(
    command: &mut Command,
    settings: toml::Table,
    path: &Path,
) -> Result<Vec<Flag>, clap::Error> {
    let mut flags = Vec::new();
    for (key, value) in settings {
        let refuse = |what: &str| format!("in {}: {key}: {what}", path.display());
        let arg = command
            .get_arguments()
            .find(|arg| arg.get_long() == Some(&key));
        let Some(arg) = arg.filter(|arg| arg.get_id() != "config" && !is_help(arg)) else {
            let message = refuse(&format!("{} has no such setting", command.get_name()));
            return Err(command.error(ErrorKind::UnknownArgument, message));
        };
        let is_list = matches!(arg.get_action(), clap::ArgAction::Append);
        let Some(values) = texts(value, is_list) else {
            let message = refuse(
                "expected a string or a number, or an array of strings if the flag may be repeated",
            );
            return Err(command.error(ErrorKind::InvalidValue, message));
        };
        let words = values.iter().map(|value| format!("--{key}={value}").into());
        flags.push(Flag {
            id: arg.get_id().clone(),
            words: words.collect(),
        });
    }
    Ok(flags)
}

fn is_help(arg: &clap::Arg) -> bool {
    !arg.get_action().takes_values()
}

fn is_given(given: &ArgMatches, id: &clap::Id) -> bool {
    match given.value_source(id.as_str()) {
        Some(source) => matches!(source, ValueSource::CommandLine | ValueSource::EnvVariable),
        None => false,
    }
}

fn texts(value: toml::Value, is_list: bool) -> Option<Vec<String>> {
    if is_list && let toml::Value::Array(values) = value {
        return values.into_iter().map(text).collect();
    }
    text(value).map(|text| vec![text])
}

fn text(value: toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Float(_)
        | toml::Value::Boolean(_)
        | toml::Value::Datetime(_)
        | toml::Value::Array(_)
        | toml::Value::Table(_) => None,
    }
}

/// Clap's message without its prefix and its usage hint.
fn one_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let lines = text.lines().take_while(|line| !line.is_empty());
    let line = lines.map(str::trim).collect::<Vec<_>>().join(" ");
    line.strip_prefix("error: ").unwrap_or(&line).to_owned()
}

#[cfg(test)]
mod fuzzed;
#[cfg(test)]
mod tests;
