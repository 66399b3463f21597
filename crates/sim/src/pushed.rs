//! What travels to a subscriber.

use bytes::Bytes;

/// What is pushed to a subscriber. When nothing comes any more without an end, the connection
/// broke.
pub(super) enum Pushed {
    Frame(Bytes),
    /// The last chunk.
    End,
}
