//! The bench: runs the same load on Millstream, its peers and the floor, and compares them.
//!
//! The modules are in reading order: a [`workload`] describes the requests, [`requests`] and
//! [`signer`] build them, [`connection`] sends them, [`load`] measures; [`setup`] prepares streams.
//! [`floor`] is the minimum that a server must do. [`http`] starts servers, [`case`] lists the
//! comparisons, [`compare`] runs the contestants in turns, [`results`], [`report`] and [`plot`]
//! present the results.

mod usage;
mod workload;

mod connection;
mod requests;
mod signer;
mod signing_cost;
mod verifying_cost;

mod disk;
mod load;
mod nats;
mod setup;

mod floor;

mod fan_out;
mod overload;
mod stalled;

mod case;
mod compare;
mod cores;
mod machine;
mod perf;
mod plot;
mod profile;
mod report;
mod results;
mod server;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use compare::{Plan, Run};
use cores::Cores;
use load::{Span, Target};
use server::Places;
use setup::{Setup, Streams};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use workload::Workload;

/// Measures Millstream beside its peers and the floor
#[derive(Debug, Parser)]
#[command(name = "bench", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Put one load on one server, and say what came out
    Load(Load),
    /// Say what signing costs the generator
    Sign,
    /// Say what verifying a signature costs the server, beyond hashing the body
    Verify,
    /// Serve as the floor
    Floor(floor::Floor),
    /// Run all cases side by side, and write the results
    Compare(Compare),
    /// Profile Millstream and the floor in all cases, and write a page about it
    Profile(Profile),
    /// Measure how long records take to subscribers, and write a table into a page
    FanOut(FanOut),
    /// Measure what a subscriber notices of 2 000 that take nothing, and print it
    Stalled(Stalled),
    /// Measure goodput under overload, and what a quiet producer notices of hot ones, and print it
    Overload(Overload),
    /// Write the results of a run into a page, and draw them
    Report(Report),
}

#[derive(Debug, Args)]
struct Load {
    /// The server
    #[arg(long, default_value = "127.0.0.1:4567", value_name = "ADDRESS:PORT")]
    server: SocketAddr,
    /// Its process, to count its processor time
    #[arg(long, value_name = "PID")]
    process: Option<u32>,
    /// Milliseconds that are not counted
    #[arg(long, default_value_t = 500)]
    warm_up_ms: u64,
    /// Milliseconds that are
    #[arg(long, default_value_t = 3000)]
    measured_ms: u64,
    /// The server is the floor: there is no stream to make
    #[arg(long)]
    floor: bool,
    #[command(flatten)]
    workload: Workload,
}

#[derive(Debug, Args)]
struct Compare {
    #[command(flatten)]
    ground: Ground,
    /// The file for the results
    #[arg(long, value_name = "FILE")]
    results: PathBuf,
    /// Rounds of Millstream, the floor, the disk and ferrokinesis in memory
    #[arg(long, default_value_t = 15)]
    rounds: usize,
    /// Rounds of everyone else
    #[arg(long, default_value_t = 3)]
    yardstick_rounds: usize,
    /// Milliseconds of a turn that are not counted
    #[arg(long, default_value_t = 60)]
    warm_up_ms: u64,
    /// Milliseconds of a turn that are
    #[arg(long, default_value_t = 250)]
    measured_ms: u64,
    /// Leave the peers out
    #[arg(long)]
    without_peers: bool,
}

/// The binaries, data and cores of a run.
#[derive(Debug, Args)]
struct Ground {
    /// The binary of Millstream
    #[arg(long, value_name = "FILE")]
    millstream: PathBuf,
    /// The folder for everyone's data, emptied at the end
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    /// Only cases with this in their id; may be repeated
    #[arg(long, value_name = "TEXT")]
    only: Vec<String>,
    /// Let the generator and the servers share all cores
    #[arg(long)]
    share_cores: bool,
}

#[derive(Debug, Args)]
struct Profile {
    #[command(flatten)]
    ground: Ground,
    /// The page, which has a place for the table of instructions
    #[arg(long, value_name = "FILE")]
    page: PathBuf,
    /// The file for the functions of each case
    #[arg(long, value_name = "FILE")]
    functions: PathBuf,
}

#[derive(Debug, Args)]
struct FanOut {
    /// The binary of Millstream
    #[arg(long, value_name = "FILE")]
    millstream: PathBuf,
    /// The page, which has a place for the table; printed if there is none
    #[arg(long, value_name = "FILE")]
    page: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Stalled {
    /// The binary of Millstream
    #[arg(long, value_name = "FILE")]
    millstream: PathBuf,
}

#[derive(Debug, Args)]
struct Overload {
    /// The binary of Millstream
    #[arg(long, value_name = "FILE")]
    millstream: PathBuf,
}

#[derive(Debug, Args)]
struct Report {
    /// The file with the results
    #[arg(long, value_name = "FILE")]
    results: PathBuf,
    /// The page, which has a place for them
    #[arg(long, value_name = "FILE")]
    page: PathBuf,
    /// The folder for the plots
    #[arg(long, value_name = "FOLDER")]
    plots: PathBuf,
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Load(load) => on_one_thread(run_load(load)),
        Command::Sign => signing_cost::print(),
        Command::Verify => verifying_cost::print(),
        Command::Floor(floor) => floor::run(floor),
        Command::Compare(compare) => on_one_thread(run_compare(compare)),
        Command::Profile(profile) => on_one_thread(run_profile(profile)),
        Command::FanOut(fan_out) => on_one_thread(run_fan_out(fan_out)),
        Command::Stalled(stalled) => on_one_thread(run_stalled(stalled)),
        Command::Overload(overload) => on_one_thread(run_overload(overload)),
        Command::Report(report) => run_report(&report),
    }
}

fn on_one_thread<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build()?.block_on(work)
}

fn span(warm_up_ms: u64, measured_ms: u64) -> Span {
    Span {
        warm_up: Duration::from_millis(warm_up_ms),
        measured: Duration::from_millis(measured_ms),
    }
}

async fn run_load(load: Load) -> anyhow::Result<()> {
    let sources = if load.floor {
        setup::puts(&load.workload)
    } else {
        Setup::new(load.server, Streams::Plain)?
            .prepare(&load.workload)
            .await?
    };
    let target = Target {
        address: load.server,
        process: load.process,
    };
    let span = span(load.warm_up_ms, load.measured_ms);
    let measured = load::run(&target, &load.workload, sources, span).await?;
    println!("{:.1} requests/s", measured.rate());
    for (quantile, nanos) in load::QUANTILES.iter().zip(&measured.latency_nanos) {
        println!("{:>8} % {:10.3} ms", quantile * 100.0, *nanos as f64 / 1e6);
    }
    println!("{} errors {:?}", measured.errors, measured.first_error);
    println!(
        "processor: generator {:.1} µs, server {:.1?} µs a request",
        measured.client_micros, measured.server_micros
    );
    Ok(())
}

fn run_report(report: &Report) -> anyhow::Result<()> {
    let results = serde_json::from_slice(&std::fs::read(&report.results)?)?;
    let page = std::fs::read_to_string(&report.page)?;
    std::fs::write(&report.page, report::fill(&page, &results)?)?;
    plot::draw(&results, &report.plots)
}

async fn run_compare(compare: Compare) -> anyhow::Result<()> {
    let folder = data_folder(&compare.ground)?;
    let plan = Plan {
        rounds: compare.rounds,
        yardstick_rounds: compare.yardstick_rounds,
        span: span(compare.warm_up_ms, compare.measured_ms),
        only: compare.ground.only.clone(),
        without_peers: compare.without_peers,
    };
    let run = new_run(plan, compare.ground, folder.path())?;
    let results = run.run().await?;
    std::fs::write(&compare.results, serde_json::to_vec(&results)?)?;
    Ok(())
}

async fn run_profile(profile: Profile) -> anyhow::Result<()> {
    let folder = data_folder(&profile.ground)?;
    let plan = Plan {
        rounds: 1,
        yardstick_rounds: 0,
        // There is no warm-up: perf records the beginning, too.
        span: span(0, 1000),
        only: profile.ground.only.clone(),
        without_peers: true,
    };
    let run = new_run(plan, profile.ground, folder.path())?;
    let profiles = profile::run(run, folder.path()).await?;
    std::fs::write(&profile.functions, profiles.functions)?;
    let page = std::fs::read_to_string(&profile.page)?;
    std::fs::write(
        &profile.page,
        report::fill_instructions(&page, &profiles.instructions)?,
    )?;
    Ok(())
}

async fn run_fan_out(fan_out: FanOut) -> anyhow::Result<()> {
    let data = tempfile::Builder::new().prefix("bench-").tempdir()?;
    let cores = Cores::apart()?;
    cores.enter_generator()?;
    let places = places(fan_out.millstream, data.path());
    let server = server::Server::start(server::Kind::Millstream.into(), &places, &cores)?;
    let table = fan_out::table(&fan_out::measure(server.address).await?);
    server.stop()?;
    print!("{table}");
    if let Some(page) = fan_out.page {
        let text = std::fs::read_to_string(&page)?;
        std::fs::write(&page, report::fill_fan_out(&text, &table)?)?;
    }
    Ok(())
}

async fn run_stalled(stalled: Stalled) -> anyhow::Result<()> {
    let data = tempfile::Builder::new().prefix("bench-").tempdir()?;
    let cores = Cores::apart()?;
    cores.enter_generator()?;
    let places = places(stalled.millstream, data.path());
    let server = server::Server::start(server::Kind::Millstream.into(), &places, &cores)?;
    let found = stalled::measure(&server).await?;
    server.stop()?;
    print!("{}", stalled::table(&found));
    Ok(())
}

async fn run_overload(overload: Overload) -> anyhow::Result<()> {
    let data = tempfile::Builder::new().prefix("bench-").tempdir()?;
    let cores = Cores::apart()?;
    cores.enter_generator()?;
    let unlimited = places(overload.millstream, data.path());
    let limited = Places {
        limits: server::Limits::Aws,
        data: data.path().join("limited"),
        ..unlimited.clone()
    };
    let server = server::Server::start(server::Kind::Millstream.into(), &unlimited, &cores)?;
    let rates = overload::goodput(&server).await?;
    server.stop()?;
    let server = server::Server::start(server::Kind::Millstream.into(), &limited, &cores)?;
    let neighbours = overload::neighbours(&server).await?;
    server.stop()?;
    print!("{}", overload::table(&rates, &neighbours));
    Ok(())
}

fn places(millstream: PathBuf, data: &Path) -> Places {
    Places {
        millstream,
        peers: PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/peers")),
        data: data.to_owned(),
        limits: server::Limits::Off,
    }
}

fn data_folder(ground: &Ground) -> anyhow::Result<tempfile::TempDir> {
    let mut folder = tempfile::Builder::new();
    let folder = folder.prefix("bench-");
    let folder = match &ground.data_dir {
        Some(parent) => folder.tempdir_in(parent),
        None => folder.tempdir(),
    };
    folder.context("no folder for data")
}

fn new_run(plan: Plan, ground: Ground, data: &Path) -> anyhow::Result<Run> {
    let cores = if ground.share_cores {
        Cores::together()?
    } else {
        Cores::apart()?
    };
    cores.enter_generator()?;
    Ok(Run::new(plan, places(ground.millstream, data), cores))
}
