//! How the server calls an operation.

use crate::{AnyFact, Engine, Fact, Output};
use auth::Authorized;
use std::future::Future;
use std::sync::Arc;

/// What an operation answers, as the service model has it.
pub type OutputOf<H> = <<H as Handler>::Operation as wire::Operation>::Output;

/// One operation: its shapes and what it does. One file each in [`crate::operations`].
pub trait Handler: Send + Sync + 'static {
    /// The operation of the service model.
    type Operation: wire::Operation;
    /// How the engine reads the operation's input: the model's shape, or one that decodes the same
    /// members into the engine's own memory.
    type Input: wire::Shape + Send + 'static;
    /// What the handler answers: the model's shape ([`OutputOf`]), or one that encodes to the same
    /// members straight from the engine's own memory.
    type Output: Output;
    /// What it may answer instead.
    type Error: Fact + Into<AnyFact> + Send;

    /// Carries the operation out.
    fn handle(
        engine: Arc<Engine>,
        request: Authorized<Self::Input>,
    ) -> impl Future<Output = Result<Self::Output, Self::Error>> + Send + 'static;
}
