//! `millstream consumers`: lists, registers and deregisters the consumers of a stream.

mod deregister;
mod register;

use crate::manager::{Manager, Managing};
use crate::terminal::Table;
use crate::{Failure, Surroundings, shown};
use clap::Subcommand;
use millstream_client::types::Consumer;
use millstream_client::{StreamRef, operations};
use serde_json::Value;

/// `millstream consumers`.
#[derive(Debug, clap::Args)]
#[command(subcommand_negates_reqs = true)]
pub struct Args {
    /// What to do; lists consumers if nothing is said.
    #[command(subcommand)]
    action: Option<Action>,
    /// The stream, by name or ARN
    #[arg(value_name = "NAME", required = true)]
    name: Option<String>,
    /// What it has in common with the others.
    #[command(flatten)]
    pub managing: Managing,
}

/// What to do with consumers.
#[derive(Debug, Subcommand)]
enum Action {
    /// Register a consumer
    ///
    /// Examples:
    ///   millstream consumers register orders billing --wait
    #[command(verbatim_doc_comment)]
    Register(register::Args),
    /// Deregister a consumer
    ///
    /// Its subscriptions end.
    ///
    /// Examples:
    ///   millstream consumers deregister orders billing --wait
    #[command(verbatim_doc_comment)]
    Deregister(deregister::Args),
}

/// Does it.
///
/// # Errors
/// If the endpoint refuses, or something does not happen in time.
pub async fn run(args: Args, surroundings: &Surroundings) -> Result<(), Failure> {
    if args.action.is_some() && args.name.is_some() {
        let failure = Failure::usage("the stream's name stands before another command");
        return Err(failure.with_advice("The command comes first, and then the stream's name."));
    }
    let manager = Manager::new(&args.managing, surroundings)?;
    match args.action {
        None => list(&args.name.unwrap_or_default(), &manager).await,
        Some(Action::Register(args)) => register::run(args, &manager).await,
        Some(Action::Deregister(args)) => deregister::run(&args, &manager).await,
    }
}

async fn list(stream: &str, manager: &Manager<'_>) -> Result<(), Failure> {
    let list = async {
        let arn = arn_of(stream, manager).await?;
        let consumers = manager.client.list_stream_consumers(arn).pages();
        consumers.all().await.map_err(Failure::from)
    };
    // Whoever stops it does not want the rest.
    let Some(consumers) = manager.surroundings.stop.unless_asked(list).await else {
        return Ok(());
    };
    let consumers = consumers?;
    let document: Vec<Value> = consumers.iter().map(shown::json_of).collect();
    manager.show(table(&consumers), &document)
}

/// A table of consumers.
fn table<'a>(consumers: impl IntoIterator<Item = &'a Consumer>) -> Table {
    let mut table = Table::new(&["NAME", "STATUS", "REGISTERED", "ARN"]);
    for consumer in consumers {
        table.row([
            consumer.consumer_name.clone(),
            consumer.consumer_status.to_string(),
            shown::instant(consumer.consumer_creation_timestamp),
            consumer.consumer_arn.clone(),
        ]);
    }
    table
}

/// The ARN of a stream, by which consumers are asked for.
async fn arn_of(stream: &str, manager: &Manager<'_>) -> Result<String, Failure> {
    match StreamRef::from(stream) {
        StreamRef::Arn(arn) => Ok(arn),
        StreamRef::Name(name) => Ok(manager.summary(&name).await?.stream_arn),
    }
}

/// A consumer by name, as it is now.
async fn consumer(
    stream_arn: &str,
    name: &str,
    manager: &Manager<'_>,
) -> Result<Consumer, Failure> {
    let describe = manager.client.describe_stream_consumer();
    let described = describe.stream_arn(stream_arn).consumer_name(name).await?;
    let operations::DescribeStreamConsumerOutput {
        consumer_description: found,
    } = described;
    Ok(Consumer {
        consumer_name: found.consumer_name,
        consumer_arn: found.consumer_arn,
        consumer_status: found.consumer_status,
        consumer_creation_timestamp: found.consumer_creation_timestamp,
    })
}
