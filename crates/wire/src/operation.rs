//! What an operation is: its name, what goes in, what comes out, and how it fails.

use crate::decode::Decode;
use crate::encode::Encode;
use crate::reader::{Fault, Reader};
use crate::shape::{Described, Type};
use crate::writer::Writer;
use crate::{ErrorCode, Shape};

/// An operation of the service model. Implemented by one empty type each, in [`crate::operations`].
pub trait Operation: Send + Sync + 'static {
    /// The name, as it stands in `X-Amz-Target` behind the dot.
    const NAME: &'static str;
    /// What the caller sends.
    type Input: Shape + Encode + Send;
    /// What the service answers; `()` where that is nothing at all.
    type Output: Shape + Encode + Send;
    /// The errors that the service model lists for it.
    const ERRORS: &'static [ErrorCode];
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
    /// The shape of what goes in.
    pub input: &'static Type,
    /// The shape of what comes out.
    pub output: &'static Type,
    /// The errors that the service model lists for it.
    pub errors: &'static [ErrorCode],
}

impl Description {
    /// Describes one operation.
    pub const fn of<O: Operation>() -> Self {
        Self {
            name: O::NAME,
            input: <O::Input as Described>::SHAPE,
            output: <O::Output as Described>::SHAPE,
            errors: O::ERRORS,
        }
    }
}
