//! The targets: each a function of any bytes that panics if something is wrong.

mod bodies;
mod catalog;
mod checksums;
mod client;
mod events;
mod inline_tasks;
mod journal;
mod policies;
mod populated;
mod record_files;
mod signatures;
mod times;
mod tokens;
mod values;

/// A function that must hold for any bytes.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name, which is that of its corpus.
    pub name: &'static str,
    /// The function.
    pub run: fn(&[u8]),
}

/// Every target of this crate. Those of settings and of credentials are in the binary, which nobody
/// depends on.
pub const TARGETS: [Target; 15] = [
    target("aggregates", client::aggregates),
    target("arns", values::arns),
    target("cbor-bodies", bodies::cbor),
    target("commands", catalog::commands),
    target("event-frames", events::frames),
    target("event-payloads", events::payloads),
    target("json-bodies", bodies::json),
    target("numbers", values::numbers),
    target("policies", policies::policies),
    target("record-files", record_files::record_files),
    target("segments", journal::segments),
    target("shared-files", client::shared_files),
    target("signatures", signatures::signatures),
    target("snapshots", catalog::snapshots),
    target("tokens", tokens::tokens),
];

const fn target(name: &'static str, run: fn(&[u8])) -> Target {
    Target { name, run }
}
