//! `millstream streams scale`: changes the number of open shards, in steps if need be.

use super::show;
use crate::Failure;
use crate::manager::{Manager, Wait};
use millstream_client::types::ScalingType;

/// `millstream streams scale`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The stream, by name or ARN
    #[arg(value_name = "NAME")]
    name: String,
    /// The number of open shards
    #[arg(value_name = "SHARDS", value_parser = clap::value_parser!(i32).range(1..))]
    shards: i32,
    /// Wait until each step is done and the stream is ACTIVE
    #[arg(long)]
    wait: bool,
}

pub(super) async fn run(args: &Args, manager: &Manager<'_>) -> Result<(), Failure> {
    let (name, client, wait) = (&args.name, &manager.client, Wait::of_flag(args.wait));
    let mut stream = manager.summary(name).await?;
    let steps = steps(stream.open_shard_count, args.shards);
    if steps.len() > 1 {
        let listed: Vec<String> = steps.iter().map(i32::to_string).collect();
        let said = format!(
            "from {} to {} shards takes {} steps ({})",
            stream.open_shard_count,
            args.shards,
            steps.len(),
            listed.join(", ")
        );
        if wait == Wait::No {
            return Err(Failure::usage(said).with_advice(
                "--wait makes one after the other; or scale to the first, and again when the \
                 stream is ACTIVE.",
            ));
        }
        manager.surroundings.terminal.say(said);
    }
    for shards in steps {
        let uniform = ScalingType::UniformScaling;
        client.update_shard_count(name, shards, uniform).await?;
        stream = match wait {
            Wait::No => manager.summary(name).await?,
            Wait::Yes => {
                let what = format!("scaling {name} to {shards} shards");
                let active = client.wait_until_stream_exists(name);
                manager.until(&what, active).await?
            }
        };
    }
    show(&stream, manager)
}

/// The numbers of shards on the way: UpdateShardCount accepts at most twice as many as are open,
/// and at least half as many.
fn steps(open: i32, wanted: i32) -> Vec<i32> {
    let mut steps = Vec::new();
    let mut at = open.max(1);
    while at != wanted {
        at = match wanted > at {
            true => wanted.min(at.saturating_mul(2)),
            false => wanted.max(at - at / 2),
        };
        steps.push(at);
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_when_scaling_far_then_double_or_halve_at_most() {
        for (open, wanted, expected) in [
            (4, 4, &[][..]),
            (4, 8, &[8]),
            (4, 2, &[2]),
            (2, 9, &[4, 8, 9]),
            (9, 2, &[5, 3, 2]),
            (1, i32::MAX, &[]),
        ] {
            let steps = steps(open, wanted);
            match wanted {
                i32::MAX => assert_eq!((steps.len(), steps.last()), (31, Some(&i32::MAX))),
                _ => assert_eq!(steps, expected),
            }
        }
    }
}
