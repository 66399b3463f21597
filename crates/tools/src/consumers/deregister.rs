//! `millstream consumers deregister`.

use super::{arn_of, consumer};
use crate::Failure;
use crate::manager::{Form, Manager, Wait};
use serde_json::json;

/// `millstream consumers deregister`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The stream, by name or ARN
    #[arg(value_name = "NAME")]
    name: String,
    /// The consumer's name
    #[arg(value_name = "CONSUMER")]
    consumer: String,
    /// Wait until it is gone
    #[arg(long)]
    wait: bool,
}

pub(super) async fn run(args: &Args, manager: &Manager<'_>) -> Result<(), Failure> {
    let (client, name) = (&manager.client, &args.consumer);
    let stream = arn_of(&args.name, manager).await?;
    // A consumer that is registered anew has another ARN: only this one is waited for.
    let arn = consumer(&stream, name, manager).await?.consumer_arn;
    client
        .deregister_stream_consumer()
        .consumer_arn(&arn)
        .await?;
    let status = match Wait::of_flag(args.wait) {
        Wait::No => "DELETING",
        Wait::Yes => {
            let gone = client.wait_until_consumer_not_exists(&arn);
            manager
                .until(&format!("deregistering {name}"), gone)
                .await?;
            "DELETED"
        }
    };
    let output = manager.surroundings.terminal.output();
    match manager.form {
        Form::Text => output.line(format!("{name} is {status}")),
        Form::Json => output.document(&json!({
            "ConsumerName": name, "ConsumerARN": arn, "ConsumerStatus": status,
        })),
    }
}
