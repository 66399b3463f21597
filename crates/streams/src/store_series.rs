//! A store's own series, converted for the registry.
//!
//! The store names and documents them; here they are only encoded, in the given order.

use millstream_store::metrics::{Distribution, Value};
use millstream_store::{LogStore, Metric};
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder};
use prometheus_client::metrics::MetricType;
use std::fmt;

/// A series without labels.
type NoLabels = [(&'static str, &'static str); 0];

/// Encodes the store's current metrics.
pub(crate) fn encode(store: &dyn LogStore, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    store
        .metrics()
        .iter()
        .try_for_each(|metric| encode_metric(metric, encoder))
}

fn encode_metric(metric: &Metric, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let Metric { name, help, value } = metric;
    let kind = match value {
        Value::Counter(_) | Value::Counters { .. } => MetricType::Counter,
        Value::Gauge(_) => MetricType::Gauge,
        Value::Histogram(_) => MetricType::Histogram,
    };
    let mut encoder = encoder.encode_descriptor(name, help, None, kind)?;
    match value {
        Value::Counter(count) => encode_count(&mut encoder, *count),
        Value::Counters { label, counts } => counts.iter().try_for_each(|(of, count)| {
            let labels = [(*label, *of)];
            encode_count(&mut encoder.encode_family(&labels)?, *count)
        }),
        Value::Gauge(now) => encoder.encode_gauge(&i64::try_from(*now).unwrap_or(i64::MAX)),
        Value::Histogram(distribution) => {
            let Distribution { buckets, sum } = distribution;
            let count = distribution.count();
            encoder.encode_histogram::<NoLabels>(*sum, count, buckets, None)
        }
    }
}

fn encode_count(encoder: &mut MetricEncoder<'_>, count: u64) -> fmt::Result {
    encoder.encode_counter::<NoLabels, _, u64>(&count, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_store::metrics::Histogram;
    use prometheus_client::collector::Collector;
    use prometheus_client::encoding::text;
    use prometheus_client::registry::Registry;

    #[derive(Debug)]
    struct Told(Vec<Metric>);

    impl Collector for Told {
        fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
            let mut metrics = self.0.iter();
            metrics.try_for_each(|metric| encode_metric(metric, &mut encoder))
        }
    }

    fn page(name: &'static str, value: Value) -> String {
        let help = "What it is";
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Told(vec![Metric { name, help, value }])));
        let mut page = String::new();
        text::encode(&mut page, &registry).unwrap();
        page
    }

    #[test]
    fn numbers_when_encoded_then_are_series_of_their_kind() {
        let counters = Value::Counters {
            label: "cache",
            counts: vec![("newest", 3), ("windows", 0)],
        };
        let hits = "# HELP hits What it is\n# TYPE hits counter\n\
                    hits_total{cache=\"newest\"} 3\nhits_total{cache=\"windows\"} 0\n# EOF\n";
        assert_eq!(page("hits", counters), hits);
        let calls = "# HELP calls What it is\n# TYPE calls counter\ncalls_total 7\n# EOF\n";
        assert_eq!(page("calls", Value::Counter(7)), calls);
        let bytes = "# HELP bytes What it is\n# TYPE bytes gauge\nbytes 9\n# EOF\n";
        assert_eq!(page("bytes", Value::Gauge(9)), bytes);
    }

    #[test]
    fn histogram_when_encoded_then_its_buckets_add_up_to_its_count() {
        let histogram = Histogram::of_numbers(1);
        for number in [1, 2, u64::from(u32::MAX)] {
            histogram.observe(number);
        }
        let page = page("sizes", Value::Histogram(histogram.distribution()));
        for line in [
            "sizes_sum 4294967298.0\n",
            "sizes_count 3\n",
            "sizes_bucket{le=\"1.0\"} 1\n",
            "sizes_bucket{le=\"2.0\"} 2\n",
            "sizes_bucket{le=\"+Inf\"} 3\n",
        ] {
            assert!(page.contains(line), "{line} in {page}");
        }
    }
}
