//! The engine's behaviour, through its operations, over an in-memory store and a manual clock.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(
    clippy::duplicate_mod,
    reason = "tests that need nothing but a store run over two of them"
)]

mod counted;
mod interposed;
mod store;
mod world;

mod account;
mod budget;
mod catalog;
mod clock;
mod cold_reads;
mod crash;
mod damage;
mod distribution;
mod encryption;
mod fanout;
mod gated_disk;
mod growth;
mod hostile;
mod inspecting;
mod metrics;
mod mode;
mod older;
mod on_kafka_like;
mod outcomes;
mod policies;
mod positions;
mod record_size;
mod reshard;
mod retention;
mod scaling;
mod scopes;
mod slow_subscribers;
mod space;
mod tags;
mod throttle;
mod token_keys;
mod two_nodes;
mod warm_throughput;
