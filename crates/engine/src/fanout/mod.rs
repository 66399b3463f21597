//! Enhanced fan-out: a shard's records, pushed to those who subscribed.
//!
//! A [`Subscription`] is asked for its next frame by whoever writes to its client, and only then
//! reads: a client that takes nothing holds one event and slows nobody. [`seat`] knows who may
//! subscribe, and when somebody else has; [`blocks`] keeps encoded records, one copy for all
//! subscribers; [`room`] says how much of them each may hold.

mod blocks;
mod room;
mod seat;
mod subscription;

pub(crate) use blocks::Blocks;
pub(crate) use seat::{Refusal, Seats};
pub(crate) use subscription::Begin;
pub use subscription::Subscription;
