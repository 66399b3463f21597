//! What a tool has around it.

use crate::Stop;
use crate::terminal::Terminal;
use clap::Command;
use millstream_env::Env;
use std::fmt;
use std::sync::Arc;

/// What a tool has around it. Clones share everything.
#[derive(Clone)]
pub struct Surroundings {
    /// Clocks, files, tasks, chance.
    pub env: Env,
    /// Standard input, output and error.
    pub terminal: Terminal,
    /// The wish that it stops.
    pub stop: Stop,
    /// Environment variables.
    pub variables: Variables,
    /// The whole command line of the binary.
    pub program: Arc<Command>,
}

/// Environment variables, looked up by name. One that is empty counts as absent, as in AWS's SDKs.
#[derive(Clone)]
pub struct Variables(Arc<LookUp>);

type LookUp = dyn Fn(&str) -> Option<String> + Send + Sync;

impl Variables {
    /// The variables of the process.
    pub fn of_process() -> Self {
        Self::new(|name| std::env::var(name).ok())
    }

    /// Variables that a function knows.
    pub fn new(look_up: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(look_up))
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    /// The value of the first of these variables that has one.
    pub fn first(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.get(name))
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Variables")
    }
}
