//! Which records a tail shows.

use glob::Pattern;
use millstream_client::aggregation::UserRecord;
use serde_json::Value;
use serde_json_path::JsonPath;

/// A pattern of partition keys.
pub(super) type KeyPattern = Pattern;
/// A query of JSON.
pub(super) type PathQuery = JsonPath;

/// Reads a pattern.
pub(super) fn parse_key(text: &str) -> Result<KeyPattern, String> {
    Pattern::new(text).map_err(|error| error.to_string())
}

/// Reads a JSONPath.
pub(super) fn parse_path(text: &str) -> Result<PathQuery, String> {
    JsonPath::parse(text).map_err(|error| error.to_string())
}

/// The records that are wanted: of any of these keys, and with data in which the query finds
/// something.
pub(super) struct Selection {
    keys: Vec<KeyPattern>,
    query: Option<PathQuery>,
}

impl Selection {
    pub(super) fn new(keys: Vec<KeyPattern>, query: Option<PathQuery>) -> Self {
        Self { keys, query }
    }

    /// Whether a record is wanted. One without a key has none of the keys.
    pub(super) fn has(&self, record: &UserRecord<'_>) -> bool {
        let matches = |pattern: &Pattern| {
            let key = record.partition_key;
            key.is_some_and(|key| pattern.matches(key))
        };
        if !self.keys.is_empty() && !self.keys.iter().any(matches) {
            return false;
        }
        let Some(query) = &self.query else {
            return true;
        };
        let data: Result<Value, _> = serde_json::from_slice(&record.data);
        data.is_ok_and(|data| !query.query(&data).is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_client::aggregation::deaggregate;
    use millstream_client::types::Record;

    fn has(keys: &[&str], query: Option<&str>, key: Option<&str>, data: &str) -> bool {
        let keys = keys.iter().map(|key| parse_key(key).unwrap()).collect();
        let query = query.map(|query| parse_path(query).unwrap());
        let record = Record {
            data: data.to_owned().into(),
            partition_key: key.map(str::to_owned),
            ..Record::default()
        };
        let record = deaggregate(&record).next().unwrap();
        Selection::new(keys, query).has(&record)
    }

    #[test]
    fn record_when_its_key_matches_any_pattern_then_is_wanted() {
        for (keys, key, expected) in [
            (&[][..], Some("a"), true),
            (&[], None, true),
            (&["a"], Some("a"), true),
            (&["a"], Some("A"), false),
            (&["a"], Some("ab"), false),
            (&["a*"], Some("ab/c"), true),
            (&["customer-[0-4]?"], Some("customer-42"), true),
            (&["customer-[0-4]?"], Some("customer-52"), false),
            (&["[*]"], Some("*"), true),
            (&["[*]"], Some("x"), false),
            (&["x", "y"], Some("y"), true),
            (&["*"], None, false),
        ] {
            assert_eq!(has(keys, None, key, ""), expected, "{keys:?} {key:?}");
        }
        assert!(parse_key("[").is_err());
    }

    #[test]
    fn record_when_the_path_finds_something_in_it_then_is_wanted() {
        let order = r#"{"order": {"total": 120, "items": [{"sku": "a"}]}, "none": null}"#;
        for (query, data, expected) in [
            ("$.order", order, true),
            ("$.none", order, true),
            ("$.other", order, false),
            ("$[?@.total > 100]", order, true),
            ("$[?@.total > 200]", order, false),
            ("$..[?@.sku == 'a']", order, true),
            ("$", "7", true),
            ("$", "no JSON", false),
            ("$", "", false),
        ] {
            assert_eq!(
                has(&[], Some(query), Some("k"), data),
                expected,
                "{query} {data}"
            );
        }
        assert!(parse_path("order").is_err());
        // Both must be satisfied.
        assert!(!has(&["other"], Some("$"), Some("k"), "7"));
        assert!(!has(&["k"], Some("$.a"), Some("k"), "7"));
    }
}
