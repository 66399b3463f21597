//! The runner: all contestants side by side, taking turns in short rounds.
//!
//! Interference from other load on the machine affects all contestants alike, and only ratios
//! within a round are compared. The order within a round rotates from round to round.

use crate::case::{self, Case, Contestant};
use crate::cores::Cores;
use crate::load::{self, Measured, Source, Span, Target};
use crate::results::{Found, Results};
use crate::server::{Kind, Places, Seat, Server};
use crate::setup::{self, Setup, Streams};
use crate::workload::{Operation, Workload};
use crate::{disk, machine, nats, usage};
use anyhow::Context;
use bytes::Bytes;
use rustix::fs::{Advice, fadvise};
use std::collections::BTreeMap;
use std::path::Path;

/// The parameters of a run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Rounds of Millstream, the floor, the disk and ferrokinesis.
    pub rounds: usize,
    /// Rounds of the other peers.
    pub yardstick_rounds: usize,
    /// The length of a turn.
    pub span: Span,
    /// Only cases whose id contains one of these; all if empty.
    pub only: Vec<String>,
    /// Whether only Millstream, the floor and the disk take part.
    pub without_peers: bool,
}

impl Plan {
    fn wants(&self, case: &Case) -> bool {
        self.only.is_empty() || self.only.iter().any(|part| case.id.contains(part))
    }

    fn cases(&self) -> Vec<Case> {
        let cases = case::all().into_iter();
        cases.filter(|case| self.wants(case)).collect()
    }

    fn is_out(&self, kind: Kind) -> bool {
        let is_ours = kind.is_millstream() || kind.is_floor() || kind == Kind::Disk;
        self.without_peers && !is_ours
    }

    fn describe(&self) -> Vec<String> {
        vec![format!(
            "{} rounds ({} of the peers other than ferrokinesis in memory); a turn is {} ms after {} ms of warm-up",
            self.rounds,
            self.yardstick_rounds,
            self.span.measured.as_millis(),
            self.span.warm_up.as_millis()
        )]
    }
}

/// A run in progress.
pub struct Run {
    plan: Plan,
    places: Places,
    cores: Cores,
    servers: BTreeMap<Seat, Server>,
    absent: BTreeMap<Kind, String>,
}

impl Run {
    /// A run that has not started.
    pub fn new(plan: Plan, places: Places, cores: Cores) -> Self {
        Self {
            plan,
            places,
            cores,
            servers: BTreeMap::new(),
            absent: BTreeMap::new(),
        }
    }

    /// Starts all servers, runs every case, stops all servers.
    pub async fn run(mut self) -> anyhow::Result<Results> {
        let load_before = usage::load_average();
        let cases = self.plan.cases();
        anyhow::ensure!(!cases.is_empty(), "there is no such case");
        self.start_all(&cases).await?;
        let mut found = Vec::new();
        for case in cases {
            eprintln!("{}", case.title);
            let rounds = self.run_case(&case).await;
            let rounds = rounds.with_context(|| case.id.clone())?;
            found.push(Found { case, rounds });
        }
        let absent = self.absent.iter();
        Ok(Results {
            date: machine::date(),
            machine: machine::describe(&self.places.data),
            method: self.plan.describe(),
            load_average: [load_before, usage::load_average()],
            absent: absent
                .map(|(kind, why)| format!("{}: {why}", kind.name()))
                .collect(),
            cases: found,
        })
    }

    /// The selected cases.
    pub fn cases(&self) -> Vec<Case> {
        self.plan.cases()
    }

    /// The process of a server.
    pub fn process(&self, seat: Seat) -> Option<u32> {
        self.servers.get(&seat).map(Server::process)
    }

    /// Starts all servers that take part in one of the cases.
    pub async fn start_all(&mut self, cases: &[Case]) -> anyhow::Result<()> {
        let contestants = cases.iter().flat_map(|case| &case.contestants);
        for seat in contestants.map(|contestant| contestant.seat) {
            let kind = seat.kind;
            let is_known = self.servers.contains_key(&seat) || self.absent.contains_key(&kind);
            if is_known || kind == Kind::Disk || self.plan.is_out(kind) {
                continue;
            }
            match self.start(seat).await {
                Ok(server) => {
                    self.servers.insert(seat, server);
                }
                Err(error) => {
                    eprintln!("{} is absent: {error:#}", kind.name());
                    self.absent.insert(kind, format!("{error:#}"));
                }
            }
        }
        let is_absent = self.absent.keys().any(|kind| kind.is_millstream());
        anyhow::ensure!(!is_absent, "without Millstream there is nothing to compare");
        Ok(())
    }

    async fn start(&self, seat: Seat) -> anyhow::Result<Server> {
        let server = Server::start(seat, &self.places, &self.cores)?;
        if seat.kind == Kind::Nats {
            nats::prepare(server.address).await?;
        }
        Ok(server)
    }

    async fn run_case(&mut self, case: &Case) -> anyhow::Result<Vec<Vec<Option<Measured>>>> {
        let mut sources = Vec::new();
        for contestant in &case.contestants {
            sources.push(self.prepare(contestant).await?);
        }
        let mut rounds = vec![vec![None; self.plan.rounds]; case.contestants.len()];
        for round in 0..self.plan.rounds {
            for turn in 0..case.contestants.len() {
                let index = (turn + round) % case.contestants.len();
                let contestant = &case.contestants[index];
                let sits_out =
                    contestant.kind().is_yardstick() && round >= self.plan.yardstick_rounds;
                if let Some(sources) = sources[index].as_ref().filter(|_| !sits_out) {
                    let measured = self.turn(contestant, sources).await;
                    let measured = measured.with_context(|| contestant.name())?;
                    eprintln!("  {:32} {:10.1}/s", contestant.name(), measured.rate());
                    rounds[index][round] = Some(measured);
                }
            }
        }
        Ok(rounds)
    }

    /// The source for each connection of a contestant; `None` if it does not take part.
    pub async fn prepare(
        &mut self,
        contestant: &Contestant,
    ) -> anyhow::Result<Option<Vec<Source>>> {
        let Contestant { seat, workload } = contestant;
        let kind = &seat.kind;
        if *kind == Kind::Disk {
            return Ok(Some(Vec::new()));
        }
        let Some(server) = self.servers.get(seat) else {
            return Ok(None);
        };
        let is_floor = kind.is_floor();
        if *kind == Kind::Nats || is_floor && !workload.operation.reads() {
            return Ok(Some(setup::puts(workload)));
        }
        if is_floor {
            return Ok(Some(self.prepare_floor(*seat, workload).await?));
        }
        let streams = match *kind == Kind::MillstreamEncrypted {
            true => Streams::Encrypted,
            false => Streams::Plain,
        };
        let setup = Setup::new(server.address, streams)?;
        let prepared = setup.prepare(workload).await;
        if kind.is_millstream() && workload.operation == Operation::GetRecordsCold {
            self.forget(*seat).await?;
        }
        match prepared {
            Ok(sources) => Ok(Some(sources)),
            Err(error) if kind.is_millstream() => Err(error),
            Err(error) => {
                let why = format!("{} failed to prepare: {error:#}", contestant.name());
                eprintln!("  {why}");
                self.absent.entry(*kind).or_insert(why);
                Ok(None)
            }
        }
    }

    /// Restarts a server, so that its caches are empty.
    async fn forget(&mut self, seat: Seat) -> anyhow::Result<()> {
        if let Some(server) = self.servers.remove(&seat) {
            server.stop()?;
        }
        let server = self.start(seat).await?;
        self.servers.insert(seat, server);
        Ok(())
    }

    /// Gives the floor Millstream's responses, or only the first of them, so that it responds with
    /// the same bytes.
    async fn prepare_floor(&self, seat: Seat, workload: &Workload) -> anyhow::Result<Vec<Source>> {
        let millstream = &self.servers[&Kind::Millstream.into()];
        let floor = &self.servers[&seat];
        let setup = Setup::new(millstream.address, Streams::Plain)?;
        let sources = setup.prepare(workload).await?;
        let client = |server: &Server| {
            let client = setup::client(server.address);
            client.protocol(workload.protocol.into()).build()
        };
        let (millstream, floor) = (client(millstream)?, client(floor)?);
        floor.make_request("Forget", Bytes::new()).await?;
        let is_one_enough = seat.kind == Kind::FloorOneAnswer;
        let wanted = if is_one_enough { 1 } else { usize::MAX };
        let mut prepared = 0;
        let action = workload.operation.name();
        for source in &sources {
            let mut left = Some(source.first_read()?);
            while let Some(body) = left.filter(|_| prepared < wanted) {
                let answer = millstream.make_request(action, body.bytes).await?;
                floor.make_request("Prepare", answer.clone()).await?;
                prepared += 1;
                left = source.next_read(workload, &answer)?;
            }
        }
        let first = sources.first().context("a workload has connections")?;
        Ok(vec![
            Source::Tail(first.first_read()?);
            workload.connections
        ])
    }

    /// Runs a contestant's load for one turn.
    pub async fn turn(
        &self,
        contestant: &Contestant,
        sources: &[Source],
    ) -> anyhow::Result<Measured> {
        let Contestant { seat, workload } = contestant;
        let kind = seat.kind;
        let span = self.plan.span;
        if kind == Kind::Disk {
            return disk::run(&self.places.data.join("disk"), workload, span).await;
        }
        let server = &self.servers[seat];
        let process = server.process();
        let target = Target {
            address: server.address,
            process: Some(process),
        };
        if kind == Kind::Nats {
            return load::until_quiet(process, nats::run(&target, workload, span)).await;
        }
        if workload.operation == Operation::GetRecordsCold {
            forget_pages(&server.data)?;
        }
        let load = load::run(&target, workload, sources.to_vec(), span);
        load::until_quiet(process, load).await
    }
}

/// Evicts the synced files from the page cache.
fn forget_pages(folder: &Path) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            forget_pages(&path)?;
        } else {
            fadvise(std::fs::File::open(path)?, 0, None, Advice::DontNeed)?;
        }
    }
    Ok(())
}
