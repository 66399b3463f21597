//! Ends what carries an answer from outside, whatever its client does: one stream of an HTTP/2
//! connection, or an HTTP/1 connection.
//!
//! Hyper asks a body for nothing while its client takes nothing, so the body itself cannot say that
//! it is over. What can be dropped is the task that writes it: the stream is reset then, or the
//! connection closed, and what waited in it is let go.

use std::sync::Arc;
use tokio::sync::Notify;

tokio::task_local! {
    static OWN: Cut;
}

/// Cuts the stream or the connection that it belongs to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cut(Arc<Notify>);

impl Cut {
    /// Runs a stream, from its request to the end of its answer, or a connection, until it is over
    /// or cut.
    pub(crate) async fn run(stream: impl Future<Output = ()>) {
        let cut = Self::default();
        let stream = OWN.scope(cut.clone(), stream);
        tokio::select! {
            biased;
            () = stream => (),
            () = cut.0.notified() => (),
        }
    }

    /// That of the stream or connection whose request asks, if it is served over one.
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
