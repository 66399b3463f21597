//! Flags about what a tool shows; every tool has them, and so has each of its commands.

use crate::terminal::Color;
use clap::Args;

/// What a tool shows.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Messages")]
pub struct Look {
    /// When to use colors; "auto" asks the terminal, NO_COLOR, CLICOLOR and CLICOLOR_FORCE
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = Color::Auto, hide_possible_values = true)]
    pub color: Color,
    /// Show on standard error what is retried, and why
    #[arg(long, short, global = true)]
    pub verbose: bool,
}
