//! `millstream streams delete`.

use crate::manager::{Form, Manager, Wait};
use crate::{Failure, question};
use millstream_client::StreamRef;
use serde_json::json;

/// `millstream streams delete`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The stream, by name or ARN
    #[arg(value_name = "NAME")]
    name: String,
    /// Deregister its consumers too; without it a stream that has any stays
    #[arg(long)]
    enforce_consumer_deletion: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Wait until it is gone
    #[arg(long)]
    wait: bool,
}

pub(super) async fn run(args: &Args, manager: &Manager<'_>) -> Result<(), Failure> {
    let name = &args.name;
    if !args.yes {
        let question = format!("Delete the stream {name} and all of its records?");
        question::confirm(&question, manager.surroundings).await?;
    }
    let mut delete = manager.client.delete_stream(name);
    if args.enforce_consumer_deletion {
        delete = delete.enforce_consumer_deletion(true);
    }
    delete.await?;
    let status = match Wait::of_flag(args.wait) {
        Wait::No => "DELETING",
        Wait::Yes => {
            let gone = manager.client.wait_until_stream_not_exists(name);
            manager.until(&format!("deleting {name}"), gone).await?;
            "DELETED"
        }
    };
    let output = manager.surroundings.terminal.output();
    match manager.form {
        Form::Text => output.line(format!("{name} is {status}")),
        Form::Json => output.document(&match StreamRef::from(name) {
            StreamRef::Name(name) => json!({"StreamName": name, "StreamStatus": status}),
            StreamRef::Arn(arn) => json!({"StreamARN": arn, "StreamStatus": status}),
        }),
    }
}
