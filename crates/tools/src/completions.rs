//! `millstream completions`: what a shell completes.

use crate::{Failure, Look, Surroundings};
use clap_complete::Shell;

/// `millstream completions`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell
    #[arg(
        value_enum,
        value_name = "bash|zsh|fish|elvish|powershell",
        hide_possible_values = true
    )]
    shell: Shell,
    /// What it shows.
    #[command(flatten)]
    pub look: Look,
}

/// Prints the completions.
///
/// # Errors
/// If standard output cannot be written.
pub fn run(args: &Args, surroundings: &Surroundings) -> Result<(), Failure> {
    let mut program = surroundings.program.as_ref().clone();
    let name = program.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut program, name, &mut script);
    surroundings.terminal.output().bytes(&script)
}
