//! The one who started the process, whom no policy judges: the data is theirs.

/// The proof that something was asked for on the process's own command line. It cannot be copied,
/// and nothing that came over the network may lead to one: only the binary makes it, which a test
/// of the repository's structure holds.
#[derive(Debug)]
pub struct Operator(());

impl Operator {
    /// For whoever has just read the command line.
    pub fn from_command_line() -> Self {
        Self(())
    }
}
