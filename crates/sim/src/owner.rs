//! Whoever says which node owns the shards, as a catalog of many nodes will: it gives each owner an
//! epoch of its own, higher than all before.
//!
//! The owner claims the logs that there are then; those that are made later belong to nobody until
//! the next one comes. An owner that ends or stands still loses them, and so does one whose time
//! the nemesis thinks has come: that one goes on, and must be fenced.

use super::machine::Machine;
use super::plan::FaultKind;
use super::server::Server;
use millstream_store::Epoch;
use std::sync::Arc;
use std::time::Duration;

/// Between two looks at the owner.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long an owner may take to claim the logs.
const CLAIMS_WITHIN: Duration = Duration::from_secs(5);

/// Lets there be an owner for ever.
pub(super) async fn keep_owner(machine: Arc<Machine>) {
    let clock = machine.outside.clock();
    let mut owner: Option<Arc<Server>> = None;
    let mut epoch = Epoch::default();
    loop {
        let is_wanted = tokio::select! {
            biased;
            () = machine.takeover.notified() => true,
            () = clock.sleep(LOOK_EVERY) => false,
        };
        let is_well = owner.as_ref().is_some_and(|owner| is_well(owner));
        if is_well && !is_wanted {
            continue;
        }
        let Some(next) = successor(&machine, owner.as_deref()) else {
            continue;
        };
        epoch = Epoch(epoch.0 + 1);
        machine.remember(format!("node {} owns the shards, {epoch:?}", next.node));
        if is_well && let Some(fenced) = &owner {
            machine.count_at(FaultKind::Takeover, fenced.node);
        }
        tokio::select! {
            biased;
            // One that ends meanwhile is found out by the next look.
            _ = next.own_shards(epoch) => {}
            () = clock.sleep(CLAIMS_WITHIN) => {}
        }
        owner = Some(next);
    }
}

fn is_well(server: &Server) -> bool {
    server.is_alive() && server.is_awake()
}

/// The node after the owner's, or the next one that is well.
fn successor(machine: &Machine, owner: Option<&Server>) -> Option<Arc<Server>> {
    let count = machine.nodes.len();
    let first = owner.map_or(0, |owner| owner.node + 1);
    let mut numbers = (first..first + count).map(|number| number % count);
    numbers.find_map(|number| machine.server_at(number).filter(|server| is_well(server)))
}
