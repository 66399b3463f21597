//! Ends one stream of an HTTP/2 connection from outside, whatever its client does.
//!
//! Hyper asks a body for nothing while there is no window for what it has, so the body itself cannot say
//! that it is over. What can be dropped is the task that writes it: the stream is reset then, and what
//! waited in it is let go. HTTP/1 has no need of this: there the timers of the connection do it.

use std::sync::Arc;
use tokio::sync::Notify;

tokio::task_local! {
    static OWN: Cut;
}

/// Cuts the stream that it belongs to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cut(Arc<Notify>);

impl Cut {
    /// Runs a stream, from its request to the end of its answer, until it is over or cut.
    pub(crate) async fn run(stream: impl Future<Output = ()>) {
        let cut = Self::default();
        let stream = OWN.scope(cut.clone(), stream);
        tokio::select! {
            biased;
            () = stream => (),
            () = cut.0.notified() => (),
        }
    }

    /// That of the stream whose request asks; there is none over HTTP/1.
    pub(crate) fn own() -> Option<Self> {
        OWN.try_with(Self::clone).ok()
    }

    /// Cuts it.
    pub(crate) fn cut(&self) {
        self.0.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;

    #[tokio::test]
    async fn stream_when_cut_then_ends_though_it_waits_for_ever() {
        Cut::run(async {
            Cut::own().unwrap().cut();
            pending().await
        })
        .await;
        assert!(Cut::own().is_none());
    }
}
