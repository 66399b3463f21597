//! The operator of the process, whom no policy judges: the data is theirs.

/// The proof that something was requested on the process's own command line. It cannot be copied,
/// and nothing from the network may lead to one. Only the binary creates it, which a test of the
/// repository's structure holds.
#[derive(Debug)]
pub struct Operator(());

impl Operator {
    /// The operator's token. Called by the code that has just parsed the command line.
    pub fn from_command_line() -> Self {
        Self(())
    }
}
