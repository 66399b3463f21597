//! What operations that read a stream, or list what is in it, refuse because of its status.

use crate::Engine;
use crate::catalog::{Status, Stream};
use crate::facts::StreamError;

/// Rejects a stream that is neither ACTIVE nor UPDATING.
pub(super) fn check_readable(engine: &Engine, stream: &Stream) -> Result<(), StreamError> {
    match stream.status_at(engine.clock().now()) {
        Status::Active | Status::Updating => Ok(()),
        status @ (Status::Creating | Status::Deleting) => {
            let stream = stream.label();
            Err(StreamError::NotReadable { stream, status })
        }
    }
}
