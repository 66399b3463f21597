//! `millstream consumers register`.

use super::{arn_of, consumer, table};
use crate::manager::{Manager, Wait};
use crate::{Failure, shown};
use millstream_client::Tags;

/// `millstream consumers register`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The stream, by name or ARN
    #[arg(value_name = "NAME")]
    name: String,
    /// The consumer's name
    #[arg(value_name = "CONSUMER")]
    consumer: String,
    /// A tag; may be repeated
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = shown::parse_tag)]
    tags: Vec<(String, String)>,
    /// Wait until it is ACTIVE
    #[arg(long)]
    wait: bool,
}

pub(super) async fn run(args: Args, manager: &Manager<'_>) -> Result<(), Failure> {
    let (client, name) = (&manager.client, &args.consumer);
    let stream = arn_of(&args.name, manager).await?;
    let mut register = client.register_stream_consumer(&stream, name);
    if !args.tags.is_empty() {
        register = register.tags(args.tags.into_iter().collect::<Tags>());
    }
    let mut registered = register.await?.consumer;
    if Wait::of_flag(args.wait) == Wait::Yes {
        let active = client.wait_until_consumer_active(&registered.consumer_arn);
        manager
            .until(&format!("registering {name}"), active)
            .await?;
        registered = consumer(&stream, name, manager).await?;
    }
    manager.show(table([&registered]), &shown::json_of(&registered))
}
