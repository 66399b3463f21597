//! How an answer leaves: an operation's output is handed to the transport piece by piece, and every
//! byte stays charged until the transport has let go of it.
//!
//! One idea carries the types here: *taken is not written*. [`body::AnswerBody`] is what hyper asks
//! for pieces. A piece is [`parts::Parts`], which own what they hold. Of an answer that is known
//! whole, [`pieces::Delivery`] counts the parts that are out; of a subscription, [`slot::Slot`]
//! holds the one event that is being written. `cut` ends a delivery from outside.

pub(crate) mod body;
pub(crate) mod cut;
pub(crate) mod events;
pub(crate) mod parts;
pub(crate) mod pieces;
pub(crate) mod slot;
