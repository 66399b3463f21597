//! What operations that read a stream, or list what is in it, refuse because of its status.

use crate::Engine;
use crate::catalog::Stream;
use crate::facts::StreamError;
use crate::target::Needs;

/// Rejects a stream that is neither ACTIVE nor UPDATING.
pub(super) fn check_readable(engine: &Engine, stream: &Stream) -> Result<(), StreamError> {
    Needs::Settled.check(stream, engine.clock().now())
}
