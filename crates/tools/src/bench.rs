//! `millstream bench`: what an endpoint does, as measured by a load of one's choice.

mod compare;
mod deliveries;
mod drawing;
mod latencies;
mod live;
mod records;
mod report;
mod run;
mod schedule;
mod stream;
mod tally;
mod worker;
mod workload;

use crate::connection::{connect_with, parse_endpoint};
use crate::manager::Form;
use crate::terminal::Progress;
use crate::{Connection, Failure, Look, Surroundings, question};
use clap::ValueHint;
use compare::Compared;
use http::Uri;
use millstream_client::{Client, Retries};
use report::{Ended, Parameters, Report};
use run::{Clients, Finished, measure};
use std::path::PathBuf;
use stream::Stream;
use workload::{Http, LoadFlags, Workload};

/// `millstream bench`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The endpoint, as --endpoint-url
    #[arg(value_name = "ENDPOINT", value_hint = ValueHint::Url, value_parser = parse_endpoint, conflicts_with = "endpoint_url")]
    endpoint: Option<Uri>,
    /// Load this stream, by name or ARN, which stays [default: one that is made, and deleted at the
    /// end]
    #[arg(long, value_name = "NAME")]
    stream: Option<String>,
    /// Shards of the stream that is made [default: 1]
    #[arg(long, value_name = "N", conflicts_with = "stream", value_parser = clap::value_parser!(i32).range(1..))]
    shards: Option<i32>,
    /// Do not ask before AWS is loaded
    #[arg(long, short)]
    yes: bool,
    /// Print one JSON document: parameters, counts, quantiles, and the buckets of the histogram
    #[arg(long)]
    json: bool,
    /// Show the numbers of an earlier run beside, whose --json is in this file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    compare: Option<PathBuf>,
    /// The load.
    #[command(flatten)]
    load: LoadFlags,
    /// The endpoint.
    #[command(flatten)]
    connection: Connection,
    /// What it shows.
    #[command(flatten)]
    pub look: Look,
}

/// Loads the endpoint, and reports what it did.
///
/// # Errors
/// If it could not be measured, or if it failed otherwise than by throttling.
pub async fn run(args: &Args, surroundings: &Surroundings) -> Result<(), Failure> {
    let workload = args.load.workload()?;
    let earlier = match &args.compare {
        None => None,
        Some(path) => Some((path, compare::read(path, surroundings).await?)),
    };
    let clients = clients(args, &workload, surroundings)?;
    if clients.other.is_aws() && !args.yes {
        let host = clients.other.endpoint().host().unwrap_or_default();
        let question = format!("Load AWS ({host})? Requests, records and shards cost money.");
        question::confirm(&question, surroundings).await?;
    }
    let random = &*surroundings.env.random;
    let stream = Stream::new(args.stream.clone(), clients.other.clone(), random);
    let measured = on_stream(args, &workload, &clients, &stream, surroundings).await;
    let spinner = Progress::spinner(&surroundings.terminal, "deleting the stream");
    let deleted = stream.delete().await;
    drop(spinner);
    let (parameters, finished) = match (measured, deleted) {
        (Ok(measured), Ok(())) => measured,
        (Ok((parameters, mut finished)), Err(left)) => {
            match finished.failure {
                Some(_) => say(&left, surroundings),
                None => finished.failure = Some(left),
            }
            (parameters, finished)
        }
        (Err(failure), Ok(())) => return Err(failure),
        (Err(failure), Err(left)) => {
            say(&left, surroundings);
            return Err(failure);
        }
    };
    let mut report = Report::new(parameters, &finished);
    report.compared = earlier.map(|(path, earlier)| Compared::new(&report, &earlier, path));
    report.print(Form::of_flag(args.json), surroundings.terminal.output())?;
    conclude(&report, finished)
}

/// Makes the stream and measures, unless it is stopped before.
async fn on_stream(
    args: &Args,
    workload: &Workload,
    clients: &Clients,
    stream: &Stream,
    surroundings: &Surroundings,
) -> Result<(Parameters, Finished), Failure> {
    let stop = &surroundings.stop;
    let spinner = Progress::spinner(&surroundings.terminal, "preparing the stream");
    let prepare = async {
        stream.create(args.shards.unwrap_or(1)).await?;
        stream.shards().await
    };
    let stopped = || Failure::new("stopped before anything was measured");
    let shards = stop.unless_asked(prepare).await;
    let shards = shards.ok_or_else(stopped)??;
    drop(spinner);
    let parameters = Parameters::of(workload, &clients.other, stream, shards.len());
    let finished = measure(workload, clients, stream, &shards, surroundings).await?;
    Ok((parameters, finished))
}

/// The clients; with connections that are shared, one for each.
fn clients(
    args: &Args,
    workload: &Workload,
    surroundings: &Surroundings,
) -> Result<Clients, Failure> {
    let mut connection = args.connection.clone();
    if let Some(endpoint) = &args.endpoint {
        connection.endpoint_url = Some(endpoint.clone());
    }
    let new = || -> Result<Client, Failure> {
        connect_with(&connection, surroundings, |builder| {
            builder.http_version(workload.http.version())
        })
    };
    let count = match workload.http {
        Http::Http1 => 1,
        Http::Http2 => workload.connections,
    };
    let once = |client: Client| client.with_retries(Retries::none());
    let measured: Result<Vec<Client>, Failure> = (0..count).map(|_| new().map(once)).collect();
    Ok(Clients {
        measured: measured?,
        other: new()?,
    })
}

fn say(failure: &Failure, surroundings: &Surroundings) {
    if let Some(line) = failure.line() {
        surroundings.terminal.say(line);
    }
}

/// What is wrong with a result that has been printed.
fn conclude(report: &Report, finished: Finished) -> Result<(), Failure> {
    let tally = &finished.tally;
    if let Some(failure) = finished.failure {
        return Err(failure);
    }
    let unexpected = tally.failures.unexpected() + tally.refused.unexpected();
    let missing = report.missing_deliveries.unwrap_or(0);
    let what = match (unexpected, missing, report.requests.succeeded) {
        (0, 0, 0) if report.ended == Ended::Done => "no request succeeded".to_owned(),
        (0, 0, _) => return Ok(()),
        (0, missing, _) => format!("records that were put and not received: {missing}"),
        (unexpected, _, _) => {
            format!("requests and records that failed otherwise than by throttling: {unexpected}")
        }
    };
    Err(Failure::found(what))
}
