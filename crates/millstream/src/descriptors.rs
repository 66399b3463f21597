//! How many files and sockets the process may have open.
//!
//! Many systems start processes with 1024, for the sake of old programs, and let them ask for more:
//! fewer than the connections that the server takes.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Asks for as many as the system lets the process have.
pub fn raise() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return;
    }
    if let Err(error) = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: maximum,
            maximum,
        },
    ) {
        tracing::warn!(%error, ?current, "cannot raise the number of open files");
    }
}
