//! What is asked of the endpoint: the operation, the size of its requests, and how many are under
//! way at a time.

use super::schedule::Extent;
use crate::Failure;
use crate::pace::parse_rate;
use clap::ValueEnum;
use millstream_client::HttpVersion;
use std::num::NonZeroU32;
use std::time::Duration;

/// How long to measure, unless said otherwise.
const TIME: Duration = Duration::from_secs(30);
/// How long to warm up before, if a time is measured.
const WARM_UP: Duration = Duration::from_secs(2);
/// The longest time that can be asked for: a week.
const TIME_MAX: Duration = Duration::from_hours(7 * 24);
/// Most requests under way.
const IN_FLIGHT_MAX: i64 = 10_000;
/// Most bytes of records in the requests under way: each is there about three times.
const BYTES_IN_FLIGHT_MAX: u64 = 256 * 1024 * 1024;
/// The largest record that AWS takes.
const RECORD_BYTES_MAX: u64 = 10 * 1024 * 1024;
/// The consumers that a stream of AWS's may have.
const CONSUMERS_MAX: i64 = 20;
/// Most reads under way: a response has up to 10 MiB of records, which are there twice.
const READS_IN_FLIGHT_MAX: u32 = 128;
/// Records of a PutRecords, and of a GetRecords, at most.
const PUT_RECORDS_MAX: u32 = 500;
const GET_RECORDS_MAX: u32 = 10_000;

/// What a request is, and what its latency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Operation {
    /// PutRecord: a record each
    PutRecord,
    /// PutRecords
    PutRecords,
    /// GetRecords, from the oldest record to the newest, over and over
    GetRecords,
    /// From a record's put until a consumer that polls has it
    EndToEnd,
    /// From a record's put until each consumer of enhanced fan-out has it
    Subscribe,
}

impl Operation {
    /// The word on the command line.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::PutRecord => "put-record",
            Self::PutRecords => "put-records",
            Self::GetRecords => "get-records",
            Self::EndToEnd => "end-to-end",
            Self::Subscribe => "subscribe",
        }
    }

    /// Whether records are received while others are put.
    pub(super) fn delivers(self) -> bool {
        match self {
            Self::PutRecord | Self::PutRecords | Self::GetRecords => false,
            Self::EndToEnd | Self::Subscribe => true,
        }
    }
}

/// The version of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Http {
    /// A connection for each request under way
    #[value(name = "1.1")]
    Http1,
    /// Requests share connections
    #[value(name = "2")]
    Http2,
}

impl Http {
    /// As the client has it.
    pub(super) fn version(self) -> HttpVersion {
        match self {
            Self::Http1 => HttpVersion::Http1,
            Self::Http2 => HttpVersion::Http2,
        }
    }

    /// The version.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Http1 => "1.1",
            Self::Http2 => "2",
        }
    }
}

/// The flags about the load.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct LoadFlags {
    /// What to measure: put-record, put-records, get-records, end-to-end (put until received by
    /// polling), subscribe (put until pushed to consumers)
    #[arg(long, value_enum, value_name = "OPERATION", hide_possible_values = true, default_value_t = Operation::PutRecords)]
    operation: Operation,
    /// Bytes of a record's data: 100, 1KiB, 1MiB
    #[arg(long, value_name = "SIZE", default_value = "1KiB", value_parser = parse_size)]
    record_size: u64,
    /// Records of a request [default: 100 for put-records, 1000 at most for get-records, else 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    records: Option<u32>,
    /// Requests that are under way at a time
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=IN_FLIGHT_MAX))]
    in_flight: u32,
    /// How long to measure [default: 30s]
    #[arg(long, value_name = "TIME", value_parser = parse_time, conflicts_with = "requests")]
    duration: Option<Duration>,
    /// How many requests to measure, instead of a time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    requests: Option<u64>,
    /// How long to send before, without measuring [default: 2s, or none with --requests]
    #[arg(long, value_name = "TIME", value_parser = parse_warm_up)]
    warm_up: Option<Duration>,
    /// Begin so many requests a second, whatever the endpoint does [default: as fast as responses
    /// come]
    #[arg(long, value_name = "N/s", value_parser = parse_rate)]
    rate: Option<NonZeroU32>,
    /// Use so many partition keys, evenly [default: a random one for each record]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    keys: Option<u32>,
    /// Give so many percent of the records the same key
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(1..=100))]
    hot_key: Option<u8>,
    /// Consumers that are pushed to, for subscribe [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=CONSUMERS_MAX))]
    consumers: Option<u32>,
    /// How often a shard is polled that has nothing new, for end-to-end [default: 200ms]
    #[arg(long, value_name = "TIME", value_parser = parse_poll)]
    poll_every: Option<Duration>,
    /// Records that are put before get-records reads [default: 1000 for each shard that is made,
    /// none with --stream]
    #[arg(long, value_name = "N")]
    fill: Option<u64>,
    /// The version of HTTP
    #[arg(long, value_enum, value_name = "1.1|2", hide_possible_values = true, default_value_t = Http::Http1)]
    http: Http,
    /// Connections that the requests under way share, for HTTP/2 [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=IN_FLIGHT_MAX))]
    connections: Option<u32>,
}

/// The load.
#[derive(Clone, Copy, Debug)]
pub(super) struct Workload {
    pub(super) operation: Operation,
    pub(super) record_bytes: usize,
    /// Records of a request.
    pub(super) records: u32,
    pub(super) in_flight: u32,
    pub(super) warm_up: Duration,
    pub(super) extent: Extent,
    pub(super) rate: Option<NonZeroU32>,
    pub(super) keys: Option<u32>,
    pub(super) hot_percent: u8,
    pub(super) consumers: u32,
    pub(super) poll_every: Duration,
    pub(super) fill: Option<u64>,
    pub(super) http: Http,
    /// Connections that are shared; each request has its own otherwise.
    pub(super) connections: u32,
}

impl LoadFlags {
    /// The load that they describe.
    ///
    /// # Errors
    /// If they contradict each other.
    pub(super) fn workload(&self) -> Result<Workload, Failure> {
        self.check()?;
        let operation = self.operation;
        let records = self.records.unwrap_or(match operation {
            Operation::PutRecords => 100,
            Operation::GetRecords => 1000,
            Operation::PutRecord | Operation::EndToEnd | Operation::Subscribe => 1,
        });
        let most = match operation {
            Operation::PutRecord => 1,
            Operation::PutRecords | Operation::EndToEnd | Operation::Subscribe => PUT_RECORDS_MAX,
            Operation::GetRecords => GET_RECORDS_MAX,
        };
        if records > most {
            let word = operation.word();
            let what = format!("a request of {word} has {most} records at most");
            return Err(Failure::usage(what).with_advice("Give a smaller --records."));
        }
        let bytes = u64::from(self.in_flight) * u64::from(records) * self.record_size;
        if operation != Operation::GetRecords && bytes > BYTES_IN_FLIGHT_MAX {
            let mib = BYTES_IN_FLIGHT_MAX / 1024 / 1024;
            let what = format!("requests under way may have {mib} MiB of records together");
            let advice = "Give a smaller --in-flight, --records or --record-size.";
            return Err(Failure::usage(what).with_advice(advice));
        }
        let extent = match self.requests {
            Some(requests) => Extent::Requests(requests),
            None => Extent::Time(self.duration.unwrap_or(TIME)),
        };
        let warm_up = match extent {
            Extent::Requests(_) => Duration::ZERO,
            Extent::Time(_) => WARM_UP,
        };
        Ok(Workload {
            operation,
            record_bytes: usize::try_from(self.record_size).unwrap_or(usize::MAX),
            records,
            in_flight: self.in_flight,
            warm_up: self.warm_up.unwrap_or(warm_up),
            extent,
            rate: self.rate,
            keys: self.keys,
            hot_percent: self.hot_key.unwrap_or(0),
            consumers: self.consumers.unwrap_or(1),
            poll_every: self.poll_every.unwrap_or(POLL_EVERY_MIN),
            fill: self.fill,
            http: self.http,
            connections: self.connections.unwrap_or(1),
        })
    }

    /// What the flags allow and makes no sense.
    fn check(&self) -> Result<(), Failure> {
        let operation = self.operation;
        let of_http1 = self.http == Http::Http1;
        for (is_wrong, what) in [
            (
                operation == Operation::GetRecords && self.in_flight > READS_IN_FLIGHT_MAX,
                "128 reads may be under way, as their responses are large",
            ),
            (
                self.consumers.is_some() && operation != Operation::Subscribe,
                "--consumers is about --operation subscribe",
            ),
            (
                self.poll_every.is_some() && operation != Operation::EndToEnd,
                "--poll-every is about --operation end-to-end",
            ),
            (
                self.fill.is_some() && operation != Operation::GetRecords,
                "--fill is about --operation get-records",
            ),
            (
                self.connections.is_some() && of_http1,
                "--connections is about --http 2: with HTTP/1.1, each request under way has its own",
            ),
            (
                operation.delivers() && self.record_size < super::records::STAMP_BYTES as u64,
                "a record that is waited for has 17 bytes at least, which say when it was put",
            ),
        ] {
            if is_wrong {
                return Err(Failure::usage(what));
            }
        }
        Ok(())
    }
}

/// AWS's own limit for all who poll a shard, and the client's.
const POLL_EVERY_MIN: Duration = Duration::from_millis(200);

fn parse_poll(text: &str) -> Result<Duration, String> {
    let time = parse_time(text)?;
    match time >= POLL_EVERY_MIN {
        true => Ok(time),
        false => Err("a shard is polled five times a second at most: 200ms".to_owned()),
    }
}

fn parse_time(text: &str) -> Result<Duration, String> {
    match parse_warm_up(text)? {
        Duration::ZERO => Err("there is no time to measure in".to_owned()),
        time => Ok(time),
    }
}

fn parse_warm_up(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text);
    let time = time.map_err(|error| format!("{error}; write it as 500ms or 2m"))?;
    match time <= TIME_MAX {
        true => Ok(time),
        false => Err("it may be a week at most".to_owned()),
    }
}

/// Parses `100`, `4KiB`, `1MiB`.
fn parse_size(text: &str) -> Result<u64, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit = match unit.trim_start() {
        "" | "B" => 1,
        "KiB" => 1024,
        "MiB" => 1024 * 1024,
        _ => return Err("a size is such as 100, 4KiB or 1MiB".to_owned()),
    };
    let number: Option<u64> = number.parse().ok();
    let bytes = number.and_then(|number| number.checked_mul(unit));
    bytes
        .filter(|bytes| (1..=RECORD_BYTES_MAX).contains(bytes))
        .ok_or_else(|| "a record has from 1 byte to 10MiB".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Only {
        #[command(flatten)]
        load: LoadFlags,
    }

    fn load(words: &[&str]) -> Result<Workload, String> {
        let words = ["bench"].iter().chain(words);
        let only = Only::try_parse_from(words).map_err(|error| error.to_string())?;
        let load = only.load.workload();
        load.map_err(|failure| failure.line().unwrap_or_default())
    }

    #[test]
    fn load_when_little_is_said_then_has_defaults_that_fit_the_operation() {
        let load = |words: &[&str]| load(words).unwrap();
        let usual = load(&[]);
        assert_eq!(usual.operation, Operation::PutRecords);
        assert_eq!((usual.records, usual.record_bytes), (100, 1024));
        assert_eq!((usual.extent, usual.warm_up), (Extent::Time(TIME), WARM_UP));
        let few = load(&["--requests", "5", "--operation", "subscribe"]);
        assert_eq!((few.records, few.warm_up), (1, Duration::ZERO));
        assert_eq!(few.extent, Extent::Requests(5));
        assert_eq!(load(&["--operation", "get-records"]).records, 1000);
        assert_eq!(
            load(&["--record-size", "2MiB", "--records", "1"]).record_bytes,
            2 << 20
        );
        assert_eq!(load(&["--http", "2", "--connections", "3"]).connections, 3);
    }

    #[test]
    fn load_when_it_makes_no_sense_then_is_refused_with_the_reason() {
        for (words, said) in [
            (
                &["--operation", "put-record", "--records", "2"][..],
                "1 records at most",
            ),
            (&["--records", "501"], "500 records at most"),
            (&["--in-flight", "10000"], "256 MiB"),
            (
                &["--operation", "get-records", "--in-flight", "129"],
                "128 reads",
            ),
            (&["--consumers", "2"], "subscribe"),
            (&["--poll-every", "1s"], "end-to-end"),
            (
                &["--operation", "end-to-end", "--poll-every", "100ms"],
                "five times",
            ),
            (&["--fill", "2"], "get-records"),
            (&["--connections", "2"], "--http 2"),
            (
                &["--operation", "end-to-end", "--record-size", "16"],
                "17 bytes",
            ),
            (&["--record-size", "11MiB"], "10MiB"),
            (&["--record-size", "0"], "1 byte"),
            (&["--record-size", "1kb"], "4KiB"),
            (&["--duration", "0s"], "no time"),
            (&["--duration", "8days"], "a week"),
            (&["--duration", "1s", "--requests", "1"], "cannot be used"),
            (&["--hot-key", "101"], "101"),
        ] {
            let refused = load(words).err();
            let refused = refused.unwrap_or_else(|| panic!("{words:?} was accepted"));
            assert!(refused.contains(said), "{words:?}: {refused}");
        }
    }
}
