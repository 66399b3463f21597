//! The tests that need only a store, once more over one that behaves like Kafka: requests get lost
//! or arrive late, and leaders forget.
//!
//! Not here: `budget` and `growth`, which count instructions and would count those of the cluster's
//! model; `hostile`, which ends before any store is asked; `cold_reads`, `slow_subscribers`,
//! `damage` and `space`, which are about a disk of the server's own.

mod store;
#[path = "../world.rs"]
mod world;

#[path = "../catalog.rs"]
mod catalog;
#[path = "../clock.rs"]
mod clock;
#[path = "../crash.rs"]
mod crash;
#[path = "../distribution.rs"]
mod distribution;
#[path = "../fanout/mod.rs"]
mod fanout;
#[path = "../metrics.rs"]
mod metrics;
#[path = "../older.rs"]
mod older;
#[path = "../outcomes.rs"]
mod outcomes;
#[path = "../positions.rs"]
mod positions;
#[path = "../reshard.rs"]
mod reshard;
#[path = "../retention.rs"]
mod retention;
#[path = "../scopes.rs"]
mod scopes;
#[path = "../throttle.rs"]
mod throttle;
