//! What an operation is: its name, what goes in, what comes out, and how it fails.

use crate::decode::Decode;
use crate::encode::Encode;
use crate::reader::{Fault, Reader};
use crate::shape::{Described, Type};
use crate::writer::Writer;
use crate::{ErrorCode, Shape};

/// An operation of the service model. Implemented by one empty type each, in [`crate::operations`].
pub trait Operation: Row + Send + Sync + 'static {
    /// The name, as it stands in `X-Amz-Target` behind the dot.
    const NAME: &'static str;
    /// What the caller sends.
    type Input: Shape + Encode + Send;
    /// What the service answers; `()` where that is nothing at all.
    type Output: Shape + Encode + Send;
    /// The errors that the service model lists for it.
    const ERRORS: &'static [ErrorCode];
}

/// What an operation's row of the table says. Implemented by the table alone.
pub trait Row {
    /// Whether it changes anything.
    const EFFECT: Effect;
    /// What kind of resource a policy names for it.
    const RESOURCE: ResourceKind;
    /// How often AWS lets it be called, where AWS says so.
    const RATE: Option<Rate>;
}

/// Whether an operation changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It changes nothing, and may be dropped half-way.
    Reads,
    /// It may change something, and runs to its end once it has begun.
    Writes,
}

/// What kind of resource an operation works on, as a policy names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceKind {
    /// No resource of its own: `*` in a policy.
    Account,
    /// A stream, by its ARN.
    Stream,
    /// A registered consumer of a stream, by its ARN.
    Consumer,
}

/// How often an operation may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// So many calls …
    pub calls: u32,
    /// … in such a time …
    pub period: Period,
    /// … by all who share one of these.
    pub scope: Scope,
}

/// What a rate's calls are counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// Every second.
    Second,
    /// The last 24 hours at any moment.
    Day,
}

/// What has a rate of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// An account, in a region.
    Account,
    /// A stream.
    Stream,
    /// A shard.
    Shard,
    /// A consumer on a shard.
    ConsumerAndShard,
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

/// An operation, described for those who walk all of them.
#[derive(Clone, Copy, Debug)]
pub struct Description {
    /// The name.
    pub name: &'static str,
    /// Whether it changes anything.
    pub effect: Effect,
    /// What kind of resource a policy names for it.
    pub resource: ResourceKind,
    /// How often AWS lets it be called, where AWS says so.
    pub rate: Option<Rate>,
    /// The shape of what goes in.
    pub input: &'static Type,
    /// The shape of what comes out.
    pub output: &'static Type,
    /// The errors that the service model lists for it.
    pub errors: &'static [ErrorCode],
}

impl Description {
    /// Describes one operation, which the table calls `name`.
    ///
    /// # Panics
    /// If its own file calls it otherwise; in a constant, that does not compile.
    pub const fn of<O: Operation>(name: &str) -> Self {
        assert!(is_same(name, O::NAME), "the table has another name for it");
        Self {
            name: O::NAME,
            effect: O::EFFECT,
            resource: O::RESOURCE,
            rate: O::RATE,
            input: <O::Input as Described>::SHAPE,
            output: <O::Output as Described>::SHAPE,
            errors: O::ERRORS,
        }
    }
}

impl Effect {
    /// Whether the operation runs to its end once it has begun.
    pub const fn is_write(self) -> bool {
        matches!(self, Self::Writes)
    }
}

/// Whether two texts are the same, where no trait can be asked.
const fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut place = 0;
    while place < one.len() && place < other.len() && one[place] == other[place] {
        place += 1;
    }
    place == one.len() && place == other.len()
}
