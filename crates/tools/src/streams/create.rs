//! `millstream streams create`.

use super::show;
use crate::manager::{Manager, Wait};
use crate::{Failure, shown};
use millstream_client::Tags;
use millstream_client::types::{StreamMode, StreamModeDetails};

/// Shards of a stream unless said otherwise.
const SHARDS: i32 = 1;

/// `millstream streams create`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The stream's name
    #[arg(value_name = "NAME")]
    name: String,
    /// The number of shards [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
    shards: Option<i32>,
    /// Let the service choose the number of shards
    #[arg(long, conflicts_with = "shards")]
    on_demand: bool,
    /// A tag; may be repeated
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = shown::parse_tag)]
    tags: Vec<(String, String)>,
    /// Wait until it is ACTIVE
    #[arg(long)]
    wait: bool,
}

pub(super) async fn run(args: Args, manager: &Manager<'_>) -> Result<(), Failure> {
    let name = &args.name;
    let create = manager.client.create_stream(name);
    let mut create = match args.on_demand {
        true => create.stream_mode_details(StreamModeDetails {
            stream_mode: StreamMode::OnDemand,
        }),
        false => create.shard_count(args.shards.unwrap_or(SHARDS)),
    };
    if !args.tags.is_empty() {
        create = create.tags(args.tags.into_iter().collect::<Tags>());
    }
    create.await?;
    let stream = match Wait::of_flag(args.wait) {
        Wait::No => manager.summary(name).await?,
        Wait::Yes => {
            let exists = manager.client.wait_until_stream_exists(name);
            manager.until(&format!("creating {name}"), exists).await?
        }
    };
    show(&stream, manager)
}
