//! How many files and sockets the process may have open.
//!
//! Many systems start processes with 1024, for the sake of old programs, and let them ask for more:
//! fewer than the connections that the server takes.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors that are kept for the journal's files and the process itself.
const KEPT: u64 = 256;
/// Where there are few, connections get this share: what cannot be served can be tried again, what
/// cannot be written stops everybody.
const FEW_SHARE: u64 = 4;

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
    for_connections(have)
}

/// How many of so many descriptors connections may take; absent means without limit.
fn for_connections(have: Option<u64>) -> usize {
    let have = have.unwrap_or(u64::MAX);
    usize::try_from(have.saturating_sub(KEPT).max(have / FEW_SHARE)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_when_descriptors_are_few_then_leave_some_for_files() {
        let cases = [
            (Some(64), 16),
            (Some(300), 75),
            (Some(512), 256),
            (Some(1024), 768),
            (Some(1 << 20), (1 << 20) - 256),
            (None, usize::MAX - 256),
        ];
        for (have, connections) in cases {
            assert_eq!(for_connections(have), connections, "{have:?}");
        }
    }
}
