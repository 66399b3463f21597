//! Cuts off the carrier of a response from outside, whatever its client does: an HTTP/2 stream or
//! an HTTP/1 connection.
//!
//! Hyper does not poll a body while its client takes nothing, so the body itself cannot end it.
//! Dropping the task that writes it can: the stream is then reset, or the connection closed, and
//! everything queued in it is released.

use std::sync::Arc;
use tokio::sync::Notify;

tokio::task_local! {
    static OWN: Cut;
}

/// A handle that cuts off its stream or connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cut(Arc<Notify>);

impl Cut {
    /// Runs a stream (from its request to the end of its response) or a connection until it ends or
    /// is cut off.
    pub(crate) async fn run(stream: impl Future<Output = ()>) {
        let cut = Self::default();
        let stream = OWN.scope(cut.clone(), stream);
        tokio::select! {
            biased;
            () = stream => (),
            () = cut.0.notified() => (),
        }
    }

    /// The handle of the current stream or connection, if there is one.
    pub(crate) fn own() -> Option<Self> {
        OWN.try_with(Self::clone).ok()
    }

    /// Cuts it off.
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
