//! The interface between the server and an operation.

use crate::target::{Lacking, Named, Target};
use crate::{AnyFact, Engine, Fact, Output};
use millstream_auth::{Authorized, Principal};
use millstream_protocol::Texts;
use std::future::Future;
use std::sync::Arc;

/// An operation's output in the service model's shape.
pub type OutputOf<H> = <<H as Handler>::Operation as millstream_protocol::Operation>::Output;
/// A handler's target, or why there is none.
pub type Found<H> = Result<TargetOf<H>, Lacking<<TargetOf<H> as Target>::Error>>;
type TargetOf<H> = <H as Handler>::Target;

/// One operation: its shapes and its behaviour. One file each in [`crate::operations`].
pub trait Handler: Send + Sync + Sized + 'static {
    /// The operation of the service model.
    type Operation: millstream_protocol::Operation;
    /// The input as the engine decodes it: the model's shape, or one that decodes the same members
    /// into the engine's own memory.
    type Input: millstream_protocol::Shape + Texts + Send + 'static;
    /// The input's resource, resolved before the handler runs.
    type Target: Target;
    /// What the handler answers: the model's shape ([`OutputOf`]), or what stands for it in the
    /// engine's own memory.
    type Output: Output<Shape = OutputOf<Self>>;
    /// What it may return instead.
    type Error: Fact + Into<AnyFact> + From<<Self::Target as Target>::Error> + Send;

    /// Carries the operation out.
    fn handle(
        engine: Arc<Engine>,
        request: Authorized<Self::Input, Self::Target>,
    ) -> impl Future<Output = Result<Self::Output, Self::Error>> + Send + 'static;
}

/// Resolves a request's resource, whatever the shape of the request.
pub fn find<H: Handler>(engine: &Engine, principal: &Principal, request: &impl Texts) -> Found<H> {
    H::Target::find(engine, principal, Named::of(request))
}
