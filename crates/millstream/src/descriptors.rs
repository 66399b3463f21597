//! How many files and sockets the process may have open.
//!
//! Many systems start processes with 1024, for the sake of old programs, and let them ask for more:
//! fewer than the connections that the server takes.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors that are kept for the journal's files and the process itself.
const KEPT: u64 = 256;

/// Asks for as many as the system lets the process have; answers how many of them connections may
/// take, so that idle clients never keep the journal from opening a file.
pub fn raise() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = Rlimit {
        current: maximum,
        maximum,
    };
    let have = match setrlimit(Resource::Nofile, wanted) {
        Ok(()) => maximum,
        Err(error) => {
            tracing::warn!(%error, ?current, "cannot raise the number of open files");
            current
        }
    };
    // Absent means without limit.
    let have = have.unwrap_or(u64::MAX);
    usize::try_from(have.saturating_sub(KEPT).max(have / 2)).unwrap_or(usize::MAX)
}
