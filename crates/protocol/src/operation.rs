//! The trait of operations: name, input, output, errors.

use crate::decode::Decode;
use crate::encode::Encode;
use crate::reader::{Fault, Reader};
use crate::shape::{Described, Type};
use crate::writer::Writer;
use crate::{ErrorCode, Shape, Texts};

/// What precedes the dot, and an operation's name, in `X-Amz-Target`.
pub const TARGET_PREFIX: &str = "Kinesis_20131202";

/// An operation of the service model. Each is an empty type in [`crate::operations`].
pub trait Operation: Row + Send + Sync + 'static {
    /// The name, as it follows the dot in `X-Amz-Target`.
    const NAME: &'static str;
    /// The request.
    type Input: Shape + Encode + Texts + Send;
    /// The response; `()` if its body is empty.
    type Output: Shape + Encode + Send;
    /// The errors that the service model lists for it.
    const ERRORS: &'static [ErrorCode];
}

/// An operation's row in the table. Implemented by the table alone.
pub trait Row {
    /// Whether it changes state.
    const EFFECT: Effect;
    /// The kind of resource that a policy names for it.
    const RESOURCE: ResourceKind;
    /// How often AWS lets it be called: one limit at least.
    const RATES: &'static [Rate];
}

/// Whether an operation changes state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It changes nothing, and may be dropped at any point.
    Reads,
    /// It may change state, and runs to completion once begun.
    Writes,
}

/// The kind of resource that an operation works on, as a policy names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceKind {
    /// No specific resource: `*` in a policy.
    Account,
    /// A stream, by its ARN.
    Stream,
    /// A registered consumer of a stream, by its ARN.
    Consumer,
    /// A stream or a registered consumer, by its ARN.
    StreamOrConsumer,
}

/// A rate limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Number of calls …
    pub calls: u32,
    /// … per period …
    pub period: Period,
    /// … and scope.
    pub scope: Scope,
    /// Where it is from.
    pub source: Source,
}

/// The period of a rate limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// Every second.
    Second,
    /// A rolling window of 24 hours, in which changes are counted instead of calls.
    Day,
}

/// The scope of a rate limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// An account in a region.
    Account,
    /// A stream.
    Stream,
    /// A shard.
    Shard,
    /// A shard, where records are counted instead of calls.
    ShardRecords,
    /// A consumer on a shard.
    ConsumerAndShard,
}

/// The source of a rate limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// AWS's documentation.
    Documented,
    /// None: AWS documents no rate, or not per what. It is like that of similar operations.
    Assumed,
}

impl Described for () {
    const SHAPE: &'static Type = &Type::structure("Unit", &[]);
}

impl Decode for () {
    fn decode<'de, R: Reader<'de>>(reader: &mut R, _: &'static Type) -> Result<Self, Fault> {
        reader.skip()
    }
}

impl Encode for () {
    /// Writes nothing, not even an empty object: the body stays empty.
    fn encode<W: Writer>(&self, _: &mut W) {}
}

/// A description of an operation, for code that handles all of them.
#[derive(Clone, Copy, Debug)]
pub struct Description {
    /// The name.
    pub name: &'static str,
    /// Whether it changes state.
    pub effect: Effect,
    /// The kind of resource that a policy names for it.
    pub resource: ResourceKind,
    /// How often AWS lets it be called.
    pub rates: &'static [Rate],
    /// The shape of the input.
    pub input: &'static Type,
    /// The shape of the output.
    pub output: &'static Type,
    /// The errors that the service model lists for it.
    pub errors: &'static [ErrorCode],
}

impl Description {
    /// Describes an operation that the table calls `name`.
    ///
    /// # Panics
    /// If its own file has another name for it; in a constant this fails to compile.
    pub const fn of<O: Operation>(name: &str) -> Self {
        assert!(is_same(name, O::NAME), "the table has another name for it");
        Self {
            name: O::NAME,
            effect: O::EFFECT,
            resource: O::RESOURCE,
            rates: O::RATES,
            input: <O::Input as Described>::SHAPE,
            output: <O::Output as Described>::SHAPE,
            errors: O::ERRORS,
        }
    }
}

impl Effect {
    /// Whether the operation runs to completion once begun.
    pub const fn is_write(self) -> bool {
        matches!(self, Self::Writes)
    }
}

/// Compares two texts in a constant, where traits are not available.
const fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut place = 0;
    while place < one.len() && place < other.len() && one[place] == other[place] {
        place += 1;
    }
    place == one.len() && place == other.len()
}
