//! The limit on open files and sockets of the process.
//!
//! Many systems start processes with a soft limit of 1024, for compatibility, and allow them to
//! raise it. The default is below the number of connections that the server accepts.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors reserved for the journal's files and the process itself.
const KEPT: u64 = 256;
/// Where descriptors are scarce, connections get this fraction of them: a refused connection can be
/// retried, a failed write stops the server.
const FEW_SHARE: u64 = 4;

/// Raises the limit as far as the system allows. Returns how many descriptors connections may use,
/// so that idle clients never keep the journal from opening a file.
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

/// The share of `have` descriptors that connections may use; `None` means no limit.
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
