//! Injects one of the plan's faults from time to time, mostly while a chosen operation is in
//! progress.

use super::chronicle::Chronicle;
use super::client::{Client, Stays};
use super::machine::Machine;
use super::node::{Death, NodeNumber};
use super::plan::FaultKind;
use super::producer::Producer;
use super::reach::operations;
use fastrand::Rng;
use millstream_env::{Call, Fault, Tasks};
use std::sync::Arc;
use std::time::Duration;

/// Its own puts carry numbers from here on.
const PRODUCER: u32 = 1_000_000_000;
/// How long a chosen operation is waited for.
const WAIT_MAX: Duration = Duration::from_secs(20);
/// How long the disk may be full.
const FULL_MILLIS_MAX: u64 = 20_000;
/// How long the disk may answer nothing.
const STALL_MILLIS_MAX: u64 = 10_000;
/// How long the network may be slow.
const SLOW_MILLIS_MAX: u64 = 10_000;
/// How long a node may stand still.
const SUSPENDED_MILLIS_MAX: u64 = 40_000;
/// How long appends may be lost.
const LOST_MILLIS_MAX: u64 = 10_000;
/// How many of a thousand are lost meanwhile, at most.
const LOST_PER_MILLE_MAX: u32 = 700;
/// How far the wall clock may be off, in milliseconds.
const JUMP_MILLIS_MAX: i64 = 3_600_000;
/// The calls that faults strike, those that a put makes more often than the others.
const CALLS: [Call; 17] = [
    Call::Write,
    Call::Write,
    Call::Write,
    Call::Write,
    Call::Write,
    Call::Write,
    Call::Write,
    Call::Write,
    Call::Read,
    Call::Read,
    Call::Open,
    Call::Rename,
    Call::Remove,
    Call::List,
    Call::Allocate,
    Call::SetLength,
    Call::Length,
];

/// Whoever wants things to go wrong.
pub(super) struct Nemesis {
    client: Client,
    machine: Arc<Machine>,
    streams: Vec<Arc<Chronicle>>,
    /// How many puts it made itself.
    puts: u32,
    /// How far ahead the wall clock is.
    ahead_millis: i64,
}

impl Nemesis {
    pub(super) fn new(client: Client, streams: Vec<Arc<Chronicle>>) -> Self {
        Self {
            machine: client.machine.clone(),
            client,
            streams,
            puts: 0,
            ahead_millis: 0,
        }
    }

    /// Strikes for as long as the plan says; leaves the world without faults.
    pub(super) async fn run(mut self) {
        let ends = self.machine.plan.faulty;
        while self.client.clock.monotonic().0 < ends {
            let calm = self.machine.plan.calm_max.as_millis() as u64;
            let pause = Duration::from_millis(self.client.rng.u64(100..=calm));
            self.client.clock.sleep(pause).await;
            if let Some(fault) = self.any_fault() {
                let operation = self.wait_for_operation().await;
                self.put();
                let node = self.any_node(operation);
                self.strike(fault, node).await;
            }
        }
        self.machine.disk.cancel_faults();
        self.machine.disk.set_capacity(None);
        self.machine.simulation.set_wall_ahead(0);
        self.machine.stores.settle();
    }

    /// Mostly one at which the operation is under way.
    fn any_node(&mut self, operation: Option<&str>) -> NodeNumber {
        let count = self.machine.nodes.len();
        if count == 1 {
            return 0;
        }
        let found = operation.and_then(|operation| self.machine.where_under_way(operation));
        let any = self.client.rng.usize(..count);
        found.unwrap_or(any)
    }

    /// One of the plan's. Of those that tear writes only about a third does.
    fn any_fault(&mut self) -> Option<FaultKind> {
        let again = self.machine.plan.has(FaultKind::TornWrite) && self.client.rng.u8(..5) == 0;
        match again {
            true => Some(FaultKind::TornWrite),
            false => self.machine.plan.any_fault(&mut self.client.rng),
        }
    }

    /// Mostly until an operation of a kind that chance chooses has begun; says which.
    async fn wait_for_operation(&mut self) -> Option<&'static str> {
        let operation = self.client.rng.choice(operations().collect::<Vec<_>>())?;
        if self.client.rng.u8(..4) == 0 {
            return None;
        }
        let machine = self.machine.clone();
        machine.want(Some(operation));
        let begins = async {
            while machine.where_under_way(operation).is_none() {
                machine.begun.notified().await;
            }
        };
        tokio::select! {
            biased;
            () = begins => {}
            () = self.client.clock.sleep(WAIT_MAX) => {}
        }
        machine.want(None);
        if self.client.rng.bool() {
            let a_moment = Duration::from_micros(self.client.rng.u64(..3_000));
            self.client.clock.sleep(a_moment).await;
        }
        Some(operation)
    }

    /// Gives the disk something to do, and readers something to see: a fault at one of its calls is
    /// to come while the operation is still under way.
    fn put(&mut self) {
        let client = self.client.fork(Stays::Longer);
        let mut producer = Producer::new(client, PRODUCER + self.puts);
        self.puts += 1;
        let nth = self.client.rng.usize(..self.streams.len());
        let stream = self.streams[nth].clone();
        let put = async move {
            producer.put_now(&stream).await;
        };
        self.machine.outside.spawn("poke", Box::pin(put));
        self.machine.alarm.notify_waiters();
    }

    async fn strike(&mut self, fault: FaultKind, node: NodeNumber) {
        let machine = self.machine.clone();
        machine.simulation.note("strike", fault as u64);
        let rng = &mut self.client.rng;
        match fault {
            FaultKind::Crash => self.strike_down(node, Death::Crash),
            FaultKind::PowerLoss => self.strike_down(node, Death::PowerLoss),
            FaultKind::TornWrite => {
                // Something has to be unsynced.
                machine.arm(node, Call::SyncData, nth(rng), Death::TornWrite);
            }
            FaultKind::InputOutput => order(&machine, rng, Fault::EIO),
            FaultKind::NoSpace => order(&machine, rng, Fault::ENOSPC),
            FaultKind::Interrupted => order(&machine, rng, Fault::Errno(4)),
            FaultKind::ShortWrite => {
                let faults = [Fault::Half(5), Fault::Half(28), Fault::Late(5)];
                let fault = faults[rng.usize(..faults.len())];
                machine.disk.fail_nth(Call::Write, nth(rng), fault);
            }
            FaultKind::FailedSync => {
                let is_directory = rng.u8(..5) == 0;
                let call = match is_directory {
                    true => Call::SyncDirectory,
                    false => Call::SyncData,
                };
                machine.disk.fail_nth(call, nth(rng), Fault::EIO);
            }
            FaultKind::FullDisk => {
                machine.count(fault);
                let left = rng.u64(..64 * 1024);
                let used = machine.disk.used_bytes();
                machine.disk.set_capacity(Some(used + left));
                let lasts = Duration::from_millis(rng.u64(..FULL_MILLIS_MAX));
                self.client.clock.sleep(lasts).await;
                machine.disk.set_capacity(None);
            }
            FaultKind::ClockForward => self.jump(fault, 1),
            FaultKind::ClockBack => self.jump(fault, -1),
            FaultKind::DiskStall => {
                machine.count(fault);
                let lasts = Duration::from_millis(rng.u64(..STALL_MILLIS_MAX));
                let until = millstream_env::Monotonic(machine.simulation.now().0 + lasts);
                machine.speed.stall_until(until);
            }
            FaultKind::SlowNetwork => {
                machine.count(fault);
                let lasts = Duration::from_millis(rng.u64(..SLOW_MILLIS_MAX));
                machine.slow_network_for(lasts);
            }
            FaultKind::CutConnection => {
                machine.count(fault);
                machine.cut.notify_waiters();
            }
            FaultKind::LostAppends => {
                machine.count(fault);
                machine.stores.lose_appends(rng.u32(1..LOST_PER_MILLE_MAX));
                let lasts = Duration::from_millis(rng.u64(..LOST_MILLIS_MAX));
                self.client.clock.sleep(lasts).await;
                machine.stores.lose_appends(0);
            }
            FaultKind::Takeover => machine.takeover.notify_one(),
            FaultKind::Suspension => {
                let lasts = Duration::from_millis(rng.u64(..SUSPENDED_MILLIS_MAX));
                machine.suspend(node, lasts);
            }
        }
    }

    /// Lets the wall clock jump in one direction, as far as it may be off.
    fn jump(&mut self, fault: FaultKind, direction: i64) {
        let room = JUMP_MILLIS_MAX - direction * self.ahead_millis;
        if room > 0 {
            self.ahead_millis += direction * self.client.rng.i64(1..=room);
            self.machine.count(fault);
            self.machine.simulation.set_wall_ahead(self.ahead_millis);
        }
    }

    /// Now, or at one of the next disk calls of a node that has a disk.
    fn strike_down(&mut self, node: NodeNumber, death: Death) {
        let rng = &mut self.client.rng;
        if rng.bool() || self.machine.nodes.len() > 1 {
            return self.machine.strike_down(node, death);
        }
        let calls = [Call::Write, Call::SyncData, Call::SyncDirectory, Call::Open];
        let call = calls[rng.usize(..calls.len())];
        self.machine.arm(node, call, nth(rng), death);
    }
}

/// Mostly the next call.
fn nth(rng: &mut Rng) -> u64 {
    match rng.u8(..3) {
        0 => rng.u64(1..4),
        _ => 1,
    }
}

fn order(machine: &Machine, rng: &mut Rng, fault: Fault) {
    let call = CALLS[rng.usize(..CALLS.len())];
    machine.disk.fail_nth(call, nth(rng), fault);
}
