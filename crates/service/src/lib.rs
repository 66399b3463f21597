//! From a request's body to an answer's body: which operation it is, and its way to its end.
//!
//! It stands between the engine, which knows streams and no protocol, and whatever takes requests
//! in: the HTTP server, or a simulated world. [`Calls`] carries an operation out by its row in the
//! table of `dispatch`: decode, authorize, constraints, the engine's handler, encode. `detached`
//! lets a change run to its end, `wait` limits how long it is waited for. `encode` makes a [`Body`]
//! of what the engine answers. AWS's words are only here: `explain` has those for a request that
//! `protocol` rejects, `words` those for what the engine says in facts.
//!
//! It knows no sockets and no HTTP beyond a request's head, which `auth` reads; no files and no
//! clock but [`millstream_env::Clock`].

mod body;
mod calls;
mod caught;
mod decode;
mod detached;
mod dispatch;
mod encode;
mod explain;
mod tags;
mod violation_text;
mod wait;
mod words;

pub use body::Body;
pub use calls::{Begun, Calls, MUTATION_MAX, Settings, Waiter};
pub use caught::GivenUp;
pub use decode::{Typed, decode_types};
pub use detached::OUTLIVING_MAX;
pub use dispatch::{Failed, Operation, Served, find, operations, unknown, unless_malformed};
pub use encode::{Encoder, Frames, Pieces};
pub use explain::{SHOWN_BODY_BYTES_MAX, Shown, Violation, show, show_some};
pub use wait::{Progress, SpareTimer, Wait};
pub use words::say;
