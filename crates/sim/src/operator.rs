//! Whoever keeps a node's server running: starts it, and starts it again when it has ended or takes
//! no writes any more, as a supervisor with a readiness probe does.

use super::machine::Machine;
use super::node::NodeNumber;
use super::server::Server;
use fastrand::Rng;
use std::sync::Arc;
use std::time::Duration;

/// Between two looks at whether it takes writes.
const PROBE_EVERY: Duration = Duration::from_millis(500);
/// After a start that failed.
const RETRY_AFTER: Duration = Duration::from_millis(700);
/// From an end to the next start, at most, in milliseconds.
const RESTART_MILLIS_MAX: u64 = 2_000;
/// How long a server that is to stop may take.
const STOP_WITHIN: Duration = Duration::from_secs(20);

/// Keeps a node's server running for ever.
pub(super) async fn operate(machine: Arc<Machine>, number: NodeNumber, mut rng: Rng) {
    let clock = machine.outside.clock();
    loop {
        match machine.start(number).await {
            Ok(server) => {
                watch(&machine, &server, &mut rng).await;
                let pause = Duration::from_millis(rng.u64(..RESTART_MILLIS_MAX));
                clock.sleep(pause).await;
            }
            Err(error) => {
                if tells_of_damage(&error) {
                    machine.complain(format!("the server does not start: {error}"));
                }
                clock.sleep(RETRY_AFTER).await;
            }
        }
    }
}

/// No bit was ever flipped, so nothing can be damaged.
fn tells_of_damage(error: &str) -> bool {
    ["damage", "missing", "not known", "refuse"]
        .iter()
        .any(|word| error.contains(word))
}

/// Resolves when the server has ended, by itself or because it took no writes.
async fn watch(machine: &Machine, server: &Server, rng: &mut Rng) {
    let clock = machine.outside.clock();
    while server.is_alive() {
        tokio::select! {
            biased;
            () = machine.nodes[server.node].fell.notified() => {}
            () = clock.sleep(PROBE_EVERY) => {
                if !server.is_writable() {
                    stop(machine, server, rng).await;
                }
            }
        }
    }
}

/// Politely or not.
async fn stop(machine: &Machine, server: &Server, rng: &mut Rng) {
    if rng.bool() {
        tokio::select! {
            biased;
            () = server.shutdown() => {}
            () = machine.outside.clock().sleep(STOP_WITHIN) => {}
        }
    }
    machine.stop(server.node);
}
