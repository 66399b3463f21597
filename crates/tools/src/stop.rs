//! The wish that a tool stops, as the first Ctrl-C expresses it.

use tokio_util::sync::CancellationToken;

/// A wish to stop that tasks look at or wait for. Clones share it.
///
/// A tool that has something to finish (a batch in flight, a checkpoint, a summary) waits for it,
/// finishes and returns. The binary gives the status: 130 after SIGINT, whatever is returned.
#[derive(Clone, Debug, Default)]
pub struct Stop(CancellationToken);

impl Stop {
    /// Expresses the wish.
    pub fn ask(&self) {
        self.0.cancel();
    }

    /// Whether the wish was expressed.
    pub fn is_asked(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Resolves once the wish is expressed.
    pub async fn asked(&self) {
        self.0.cancelled().await;
    }

    /// The result of `work`; `None` if the wish comes first, and then `work` is dropped.
    pub async fn unless_asked<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.asked() => None,
            result = work => Some(result),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{pending, ready};

    #[tokio::test]
    async fn stop_when_asked_for_then_ends_what_waits_in_every_clone() {
        let stop = Stop::default();
        let other = stop.clone();
        assert_eq!(stop.unless_asked(ready(1)).await, Some(1));
        assert!(!stop.is_asked());
        other.ask();
        assert!(stop.is_asked());
        assert_eq!(stop.unless_asked(pending::<u8>()).await, None);
    }
}
