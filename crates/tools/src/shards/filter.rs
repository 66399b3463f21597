//! `--filter`: which shards are listed.

use super::placed::parse_id;
use crate::shown::parse_instant;
use millstream_client::types::{ShardFilter, ShardFilterType};

/// Reads a filter: a type as AWS names it, in small letters, and what it takes after `=`.
///
/// # Errors
/// If it is none.
pub fn parse(text: &str) -> Result<ShardFilter, String> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (text, None),
    };
    let filter = |r#type, shard_id, timestamp| ShardFilter {
        r#type,
        shard_id,
        timestamp,
    };
    let found = ShardFilterType::parse(&name.to_uppercase().replace('-', "_"));
    let found = found.ok_or_else(|| format!("the filters are {}", names()))?;
    match (found, value) {
        (
            ShardFilterType::AtLatest
            | ShardFilterType::AtTrimHorizon
            | ShardFilterType::FromTrimHorizon,
            None,
        ) => Ok(filter(found, None, None)),
        (
            ShardFilterType::AtLatest
            | ShardFilterType::AtTrimHorizon
            | ShardFilterType::FromTrimHorizon,
            Some(_),
        ) => Err(format!("{name} takes no value")),
        (ShardFilterType::AfterShardId, Some(shard)) => {
            Ok(filter(found, Some(parse_id(shard)), None))
        }
        (ShardFilterType::AtTimestamp | ShardFilterType::FromTimestamp, Some(at)) => {
            Ok(filter(found, None, Some(parse_instant(at)?)))
        }
        (ShardFilterType::AfterShardId, None) => Err(format!("{name} takes a shard: {name}=SHARD")),
        (ShardFilterType::AtTimestamp | ShardFilterType::FromTimestamp, None) => {
            Err(format!("{name} takes an instant: {name}=TIME"))
        }
    }
}

fn names() -> String {
    let names = ShardFilterType::ALL.iter();
    let names = names.map(|name| name.as_str().to_lowercase().replace('_', "-"));
    names.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_client::Timestamp;

    #[test]
    fn filter_when_read_then_is_a_type_with_what_it_takes() {
        let at = Some(Timestamp(1_764_511_200_000));
        let shard = Some("shardId-000000000003".to_owned());
        for (text, r#type, shard_id, timestamp) in [
            ("at-latest", ShardFilterType::AtLatest, None, None),
            (
                "from-trim-horizon",
                ShardFilterType::FromTrimHorizon,
                None,
                None,
            ),
            (
                "after-shard-id=3",
                ShardFilterType::AfterShardId,
                shard,
                None,
            ),
            (
                "at-timestamp=2025-11-30T14:00:00Z",
                ShardFilterType::AtTimestamp,
                None,
                at,
            ),
        ] {
            let expected = ShardFilter {
                r#type,
                shard_id,
                timestamp,
            };
            assert_eq!(parse(text), Ok(expected));
        }
        for (text, said) in [
            ("open", "the filters are after-shard-id, "),
            ("at-latest=1", "at-latest takes no value"),
            ("after-shard-id", "takes a shard: after-shard-id=SHARD"),
            ("from-timestamp", "takes an instant: from-timestamp=TIME"),
            ("from-timestamp=now", "an instant is like "),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }
}
