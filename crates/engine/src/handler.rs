//! How the server calls an operation.

use crate::target::{Lacking, Named, Target};
use crate::{AnyFact, Engine, Fact, Output};
use auth::{Authorized, Principal};
use std::future::Future;
use std::sync::Arc;
use wire::Texts;

/// What an operation answers, as the service model has it.
pub type OutputOf<H> = <<H as Handler>::Operation as wire::Operation>::Output;
/// What was found for a handler, or why there is nothing.
pub type Found<H> = Result<TargetOf<H>, Lacking<<TargetOf<H> as Target>::Error>>;
type TargetOf<H> = <H as Handler>::Target;

/// One operation: its shapes and what it does. One file each in [`crate::operations`].
pub trait Handler: Send + Sync + Sized + 'static {
    /// The operation of the service model.
    type Operation: wire::Operation;
    /// How the engine reads the operation's input: the model's shape, or one that decodes the same
    /// members into the engine's own memory.
    type Input: wire::Shape + Texts + Send + 'static;
    /// What the input is about, which is found before the handler runs.
    type Target: Target;
    /// What the handler answers: the model's shape ([`OutputOf`]), or what stands for it in the
    /// engine's own memory.
    type Output: Output<Shape = OutputOf<Self>>;
    /// What it may answer instead.
    type Error: Fact + Into<AnyFact> + From<<Self::Target as Target>::Error> + Send;

    /// Carries the operation out.
    fn handle(
        engine: Arc<Engine>,
        request: Authorized<Self::Input, Self::Target>,
    ) -> impl Future<Output = Result<Self::Output, Self::Error>> + Send + 'static;
}

/// Finds what a request is about, in whatever form the request is.
pub fn find<H: Handler>(engine: &Engine, principal: &Principal, request: &impl Texts) -> Found<H> {
    H::Target::find(engine, principal, Named::of(request))
}
