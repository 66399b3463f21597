//! The interface between the server and an operation.

use crate::call_rates::{Call, Reached, named_stream, rate_of};
use crate::facts::CallRefused;
use crate::target::{Lacking, Named, Target};
use crate::{AnyFact, Engine, Fact, Output};
use millstream_auth::{Across, Authorized, Principal};
use millstream_protocol::{Operation as _, Period, Rate, Row as _, Texts};
use std::future::Future;
use std::sync::Arc;

/// An operation's output in the service model's shape.
pub type OutputOf<H> = <<H as Handler>::Operation as millstream_protocol::Operation>::Output;
/// A handler's target, or why there is none.
pub type Found<H> = Result<TargetOf<H>, Lacking<<TargetOf<H> as Target>::Error>>;
type TargetOf<H> = <H as Handler>::Target;

/// Where an operation's calls are counted, for the rate in the table of operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Before the operation begins.
    AtTheGate,
    /// By a budget of its own, which also counts what it moves.
    ByItsBudget,
}

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
    /// Where its calls are counted.
    const COUNTED: Counted = Counted::AtTheGate;

    /// The maximum size of the records that its target takes, if it takes any.
    fn record_bytes_max(_: &Self::Target) -> Option<u64> {
        None
    }

    /// Carries the operation out.
    fn handle(
        engine: Arc<Engine>,
        request: Authorized<Self::Input, Self::Target>,
    ) -> impl Future<Output = Result<Self::Output, Self::Error>> + Send + 'static;
}

/// Counts a call that is about to begin: one above AWS's rate is refused, and nothing is done.
///
/// # Errors
/// Why it may not begin.
#[inline]
pub fn count<H: Handler>(
    engine: &Engine,
    request: &Authorized<H::Input, H::Target>,
) -> Result<(), CallRefused> {
    let rates = engine.call_rates();
    // Decided at compile time: nothing is left of it for those with budgets of their own.
    match const { rate_at_the_gate::<H>() } {
        Some(rate) if rates.apply() => {
            let subject = request.found().subject();
            rates.take(Call {
                operation: H::Operation::NAME,
                rate,
                principal: request.principal(),
                stream: named_stream(subject.resource),
                // Whatever is there has tags, if only none.
                reached: subject.tags.map_or(Reached::No, |_| Reached::Yes),
                shard: request.input().text("ShardId"),
            })
        }
        Some(_) | None => Ok(()),
    }
}

/// The rate that is taken before the operation begins.
const fn rate_at_the_gate<H: Handler>() -> Option<Rate> {
    match H::COUNTED {
        Counted::AtTheGate => rate_of(H::Operation::RATES, Period::Second),
        Counted::ByItsBudget => None,
    }
}

/// Resolves a request's resource, whatever the shape of the request.
pub fn find<H: Handler>(
    engine: &Engine,
    principal: &Principal,
    across: Across,
    request: &impl Texts,
) -> Found<H> {
    H::Target::find(engine, principal, Named::of(request, across))
}
