//! Tests of what is put for a record: hash keys, and aggregated records.

use super::*;
use millstream_client::types::{HashKeyRange, Shard};

const HALF: u128 = 1 << 127;
const LOWER: HashRange = HashRange {
    start: HashKey(7),
    end: HashKey(HALF - 1),
};
const UPPER: HashRange = HashRange {
    start: HashKey(HALF),
    end: HashKey::MAX,
};
// MD5("a") begins with 0c, MD5("b") with 92, MD5("c") with 4a, MD5("e") with e1.

fn targets(starts: &[u128]) -> Targets {
    let ends = starts.iter().skip(1).map(|start| start - 1);
    let shards: Vec<Shard> = (starts.iter().zip(ends.chain([u128::MAX])))
        .map(|(start, end)| Shard {
            shard_id: format!("from-{start}"),
            hash_key_range: HashKeyRange {
                starting_hash_key: start.to_string(),
                ending_hash_key: end.to_string(),
            },
            ..Shard::default()
        })
        .collect();
    Targets {
        placing: Placing::Keys,
        router: Router::new(&shards).unwrap(),
        record_bytes_max: 1024,
    }
}

fn origin(range: HashRange) -> Origin {
    Origin {
        placing: Placing::Keys,
        range,
    }
}

fn record(key: Option<&str>, data: &[u8]) -> Record {
    Record {
        data: data.to_vec().into(),
        partition_key: key.map(str::to_owned),
        ..Record::default()
    }
}

fn aggregate(users: &[(&str, Option<u128>, &str)]) -> Record {
    let mut aggregator = Aggregator::new();
    for (key, hash_key, data) in users {
        let hash_key = hash_key.map(HashKey);
        aggregator.add(key, hash_key, data.as_bytes()).unwrap();
    }
    record(Some("a"), &aggregator.finish().unwrap().data)
}

/// The user records of a copy as text.
fn users(copy: &Copy) -> Vec<String> {
    let stored = record(copy.record.partition_key.as_deref(), &copy.record.data);
    let text = |user: UserRecord<'_>| {
        let data = str::from_utf8(&user.data).unwrap().to_owned();
        format!("{}={data}", user.partition_key.unwrap())
    };
    deaggregate(&stored).map(text).collect()
}

#[test]
fn record_when_its_key_is_not_of_its_shard_then_gets_the_first_hash_key_of_the_shard() {
    let targets = targets(&[0]);
    let by_service = Origin {
        placing: Placing::Service,
        range: UPPER,
    };
    for (key, origin, expected) in [
        (Some("a"), origin(LOWER), None),
        (Some("a"), origin(UPPER), Some(HALF.to_string())),
        (Some("b"), origin(UPPER), None),
        (Some("b"), origin(LOWER), Some("7".to_owned())),
        (None, origin(UPPER), None),
        (Some("a"), by_service, None),
    ] {
        let [copy] = &targets.copies(&record(key, b"data"), origin)[..] else {
            panic!("{key:?}");
        };
        assert_eq!(copy.record.explicit_hash_key, expected, "{key:?}");
        assert_eq!(copy.record.partition_key.as_deref(), key);
        let keys: Vec<u128> = key.map(digest).into_iter().collect();
        assert_eq!((&*copy.record.data, &copy.keys), (&b"data"[..], &keys));
    }
}

#[test]
fn aggregate_when_a_shard_of_the_target_owns_it_then_is_copied_as_it_is() {
    let stored = aggregate(&[("c", None, "1"), ("a", None, "2"), ("c", None, "3")]);
    for starts in [&[0][..], &[0, HALF]] {
        let copies = targets(starts).copies(&stored, origin(LOWER));
        let [copy] = &copies[..] else {
            panic!("{copies:?}");
        };
        assert_eq!(copy.record.data, stored.data);
        assert_eq!(copy.record.partition_key.as_deref(), Some("a"));
        let first = digest("c").to_string();
        assert_eq!(copy.record.explicit_hash_key, Some(first));
        assert_eq!(copy.keys, [digest("a"), digest("c")]);
        assert_eq!(copy.shard.as_deref(), Some("from-0"));
    }
}

#[test]
fn aggregate_when_the_target_is_finer_then_is_parted_in_order_with_its_hash_keys() {
    let upper = Some(HALF + 1);
    let stored = aggregate(&[
        ("a", None, "1"),
        ("b", None, "2"),
        ("a", None, "3"),
        ("c", upper, "4"),
        ("e", None, "5"),
    ]);
    let copies = targets(&[0, HALF, HALF / 2 * 3]).copies(&stored, origin(HashRange::ALL));
    let parts: Vec<_> = copies.iter().map(users).collect();
    let expected = [&["a=1", "a=3"][..], &["b=2", "c=4"], &["e=5"]];
    let expected: Vec<Vec<String>> = expected
        .iter()
        .map(|users| users.iter().map(|&user| user.to_owned()).collect())
        .collect();
    let mut sorted = parts.clone();
    sorted.sort();
    assert_eq!(sorted, expected, "{parts:?}");
    for copy in &copies {
        let hash_key = match &*users(copy)[0] {
            "a=1" => Some(digest("a").to_string()),
            "b=2" => Some(digest("b").to_string()),
            _ => None,
        };
        assert_eq!(copy.record.explicit_hash_key, hash_key);
        assert_eq!(copy.shard.is_some(), hash_key.is_some());
    }
    let data = &copies.iter().find(|copy| copy.keys.len() == 2).unwrap();
    let stored = record(Some("a"), &data.record.data);
    let explicit: Vec<_> = deaggregate(&stored)
        .map(|user| user.explicit_hash_key.map(str::to_owned))
        .collect();
    assert_eq!(explicit, [None, upper.map(|key| key.to_string())]);
}

#[test]
fn aggregate_when_too_large_for_a_part_then_is_parted_again_and_nothing_is_lost() {
    let long = "x".repeat(900);
    let all = [("a", &*long), ("b", "2"), ("a", &*long), ("c", "3")];
    let own: Vec<_> = all.iter().map(|(key, data)| (*key, None, *data)).collect();
    let targets = Targets {
        record_bytes_max: 940,
        ..targets(&[0, HALF])
    };
    let copies = targets.copies(&aggregate(&own), origin(HashRange::ALL));
    let mut found: Vec<_> = copies.iter().flat_map(users).collect();
    found.sort();
    let mut expected: Vec<_> = all.map(|(key, data)| format!("{key}={data}")).to_vec();
    expected.sort();
    assert_eq!(found, expected);
    assert!(copies.len() > 2);
}

#[test]
fn aggregate_when_the_target_distributes_records_then_each_is_put_on_its_own() {
    let stored = aggregate(&[("a", None, "1"), ("a", Some(9), "2")]);
    let targets = Targets {
        placing: Placing::Service,
        ..targets(&[0])
    };
    let copies = targets.copies(&stored, origin(HashRange::ALL));
    let found: Vec<_> = copies.iter().flat_map(users).collect();
    assert_eq!(found, ["a=1", "a=2"]);
    let hash_keys: Vec<_> = copies
        .iter()
        .map(|copy| copy.record.explicit_hash_key.as_deref())
        .collect();
    assert_eq!(hash_keys, [None, Some("9")]);
}

#[test]
fn aggregate_when_a_user_record_is_of_another_shard_then_is_copied_like_any_other() {
    let stored = aggregate(&[("a", None, "1"), ("b", None, "2")]);
    for (range, hash_key) in [(LOWER, None), (UPPER, Some(HALF.to_string()))] {
        let copies = targets(&[0, HALF]).copies(&stored, origin(range));
        let [copy] = &copies[..] else {
            panic!("{copies:?}");
        };
        assert_eq!(copy.record.data, stored.data);
        assert_eq!(copy.record.explicit_hash_key, hash_key);
        let mut keys = [digest("a"), digest("b")];
        keys.sort_unstable();
        assert_eq!((&copy.keys[..], &copy.shard), (&keys[..], &None));
    }
}
