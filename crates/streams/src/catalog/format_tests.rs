//! Checks docs/formats/catalog.md: its tables are compared with encoded samples.

use super::command::*;
use super::image::{self, IMAGE_VERSION};
use super::neighbours::Neighbours;
use super::peaks::{Peak, Peaks};
use super::plan::{Change, Division, Opening, Pair, Plan, Planned};
use super::scope::{Distribution, Mode, Scope};
use super::shard::{Closed, Shard, Shards};
use super::state::State;
use super::stream::{Consumer, Deletion, Reshard, Stream};
use super::token_key::{TokenKey, TokenKeyForm};
use encryption::{
    check_commands_of_encryption, check_encryption, check_token_keys, data_keys, encryption,
    wrapped_token_key,
};
use kinds::{command_name, commands};
use millstream_env::Timestamp;
use millstream_model::{AccountId, ConsumerName, HashKey, HashRange, Region, StreamName};
use millstream_pages::cbor::{Page, Value, decode, encoded};
use millstream_replicated::snapshot::{self, Piece, Seal};
use millstream_replicated::{ENVELOPE_VERSION, Envelope};
use millstream_store::batch::RECORD_OVERHEAD_BYTES;
use millstream_store::{Batch, Offset};
use settings::{
    account, check_account, check_commands_of_accounts, check_commands_of_settings, commitment,
    set_commitment, set_mode, set_record_limit, set_warm_throughput, updating,
};
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::Arc;

mod distribution;
mod encryption;
mod kinds;
mod settings;
mod snapshots;

const ELEVEN: NonZeroU32 = NonZeroU32::new(11).unwrap();

const PAGE: &str = include_str!("../../../../docs/formats/catalog.md");

fn scope() -> Scope {
    Scope {
        account: AccountId::parse("123456789012").unwrap(),
        region: Region::parse("eu-west-1").unwrap(),
    }
}

fn name() -> StreamName {
    StreamName::parse("orders").unwrap()
}

fn consumer_name() -> ConsumerName {
    ConsumerName::parse("reader").unwrap()
}

fn tags() -> BTreeMap<String, String> {
    BTreeMap::from([("key".to_owned(), "value".to_owned())])
}

fn names() -> BTreeSet<String> {
    BTreeSet::from(["IncomingBytes".to_owned()])
}

fn list<const N: usize>(values: [Value; N]) -> Value {
    Value::List(values.into())
}

fn quotas() -> Quotas {
    Quotas {
        shards: Some(41),
        on_demand_streams: Some(42),
        creating_streams: Some(43),
        scalings_per_day: Some(44),
        consumers: Some(45),
        creating_consumers: Some(46),
        provisioned_shards: Some(47),
        mode_switches_per_day: Some(48),
        warm_mibps: Some(49),
        stream_shards: Some(50),
    }
}

fn range() -> HashRange {
    HashRange {
        start: HashKey(1 << 64),
        end: HashKey(u128::MAX),
    }
}

/// 16 bytes of each end, big-endian.
fn range_bytes() -> Value {
    let mut bytes = [0xff; 32];
    bytes[..16].copy_from_slice(&[0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    Value::from(&bytes[..])
}

fn shard() -> Shard {
    Shard {
        index: 51,
        range: range(),
        opened: Timestamp(52),
        created_s: 53,
        counter_base: 54,
        parent: Some(45),
        adjacent_parent: Some(46),
        closed: Some(closed()),
    }
}

fn closed() -> Closed {
    Closed {
        at: Timestamp(57),
        end: Some(58),
    }
}

fn planned() -> Planned {
    Planned {
        index: 61,
        range: range(),
        parent: 62,
        adjacent_parent: Some(63),
    }
}

fn plan() -> Plan {
    Plan {
        parents: vec![64, 65],
        created: vec![planned()],
        opening: Some(Opening::InTurn),
    }
}

fn reshard() -> Reshard {
    Reshard {
        id: 66,
        begun: Timestamp(67),
        lasts_ms: 68,
        plan: plan(),
    }
}

fn deletion() -> Deletion {
    Deletion {
        begun: Timestamp(71),
        lasts_ms: 72,
    }
}

fn consumer() -> Consumer {
    Consumer {
        name: consumer_name(),
        created: Timestamp(81),
        creating_ms: 82,
        gone_ms: Some(83),
        arn_s: 84,
        tags: tags(),
        policy: Some("{\"Id\": 85}".to_owned().into()),
    }
}

fn stream() -> Stream {
    Stream {
        id: 91,
        scope: scope(),
        name: name(),
        created: Timestamp(92),
        creating_ms: 93,
        mode: Mode::OnDemand,
        retention_hours: 94,
        record_kib_max: 95,
        tags: tags(),
        shard_metrics: names(),
        shards: Arc::new(Shards::new(vec![shard()])),
        next_shard: 96,
        consumers: vec![consumer()],
        reshard: Some(reshard()),
        deletion: Some(deletion()),
        scalings_ms: vec![97],
        updating: Some(updating()),
        mode_switches_ms: vec![98],
        warm_mibps: Some(99),
        distribution: Distribution::Auto,
        policy: Some("{\"Id\": 98}".to_owned().into()),
        peaks: peaks(),
        encryption: Some(encryption()),
        data_keys: data_keys(),
    }
}

fn peak() -> Peak {
    Peak {
        at: Timestamp(98),
        bytes_per_second: 99,
        records_per_second: 100,
    }
}

fn peaks() -> Peaks {
    let mut peaks = Peaks::default();
    peaks.add(peak());
    peaks
}

fn create_stream() -> CreateStream {
    CreateStream {
        scope: scope(),
        name: name(),
        mode: Mode::OnDemand,
        shards: NonZeroU32::MIN.saturating_add(1),
        tags: tags(),
        record_kib_max: 3,
        transition_ms: 4,
        quotas: quotas(),
        warm_mibps: Some(40),
        distribution: Distribution::Auto,
    }
}

fn begin_delete() -> BeginDelete {
    BeginDelete {
        stream: 5,
        takes_consumers: true,
        transition_ms: 6,
    }
}

fn begin_reshard(change: Change) -> BeginReshard {
    BeginReshard {
        stream: 8,
        change,
        transition_ms: 9,
        quotas: quotas(),
        by_service: Some(true),
        remembered: Some(19),
    }
}

fn raise_peak() -> RaisePeak {
    RaisePeak {
        stream: 36,
        bytes_per_second: 37,
        records_per_second: 38,
    }
}

fn complete_reshard() -> CompleteReshard {
    CompleteReshard {
        stream: 12,
        reshard: 13,
        closes: vec![(14, 15)],
        arrived_ms: Some(18),
    }
}

fn expire_shards() -> ExpireShards {
    ExpireShards {
        stream: 16,
        shards: vec![17],
    }
}

fn set_retention(direction: Direction) -> SetRetention {
    SetRetention {
        stream: 18,
        hours: 19,
        direction,
    }
}

fn set_distribution(distribution: Distribution) -> SetDistribution {
    SetDistribution {
        stream: 26,
        distribution,
    }
}

fn change_tags() -> ChangeTags {
    ChangeTags {
        stream: 20,
        set: tags(),
        removed: names(),
        consumer: Some(consumer_key()),
    }
}

fn consumer_key() -> ConsumerKey {
    ConsumerKey {
        name: consumer_name(),
        arn_s: 36,
    }
}

fn set_policy() -> SetPolicy {
    SetPolicy {
        stream: 37,
        consumer: Some(consumer_key()),
        policy: Some("{\"Id\": 38}".to_owned().into()),
    }
}

fn change_monitoring() -> ChangeMonitoring {
    ChangeMonitoring {
        stream: 21,
        metrics: names(),
        is_enabled: true,
    }
}

fn register_consumer() -> RegisterConsumer {
    RegisterConsumer {
        stream: 22,
        name: consumer_name(),
        transition_ms: 23,
        quotas: quotas(),
        tags: tags(),
        arn_second: Some(ArnSecond::Registered),
    }
}

fn deregister_consumer() -> DeregisterConsumer {
    DeregisterConsumer {
        stream: 24,
        name: consumer_name(),
        transition_ms: 25,
    }
}

#[test]
fn catalog_page_when_held_against_the_encoders_then_fits() {
    let mut page = Page::new(PAGE);
    check_envelope(&mut page);
    check_commands_of_streams(&mut page);
    check_commands_of_reshards(&mut page);
    check_commands_of_consumers(&mut page);
    check_commands_of_settings(&mut page);
    check_commands_of_accounts(&mut page);
    check_commands_of_encryption(&mut page);
    check_parts_of_commands(&mut page);
    check_snapshot(&mut page);
    check_stream(&mut page);
    check_shards(&mut page);
    check_parts_of_streams(&mut page);
    check_encryption(&mut page);
    page.finish();
}

fn check_envelope(page: &mut Page) {
    let envelope = Envelope {
        version: ENVELOPE_VERSION,
        id: [6; 16],
        time: Timestamp(31),
        command: Command::CompleteDelete(32),
    };
    page.check_fields(
        "Envelope",
        &encoded(&envelope),
        &[
            ("version", 1.into()),
            ("id", Value::from(&[6; 16][..])),
            ("time", 31.into()),
            ("command", encoded(&envelope.command)),
        ],
    );
    let commands = commands();
    let samples = commands
        .iter()
        .map(|command| (command_name(command), encoded(command)));
    page.check_cases("Command", &samples.collect::<Vec<_>>());
}

fn check_commands_of_streams(page: &mut Page) {
    let create = [
        ("scope", encoded(&scope())),
        ("name", "orders".into()),
        ("mode", encoded(&Mode::OnDemand)),
        ("shards", 2.into()),
        ("tags", encoded(&tags())),
        ("record_kib_max", 3.into()),
        ("transition_ms", 4.into()),
        ("quotas", encoded(&quotas())),
        ("warm_mibps", 40.into()),
        ("distribution", 1.into()),
    ];
    page.check_fields("CreateStream", &encoded(&create_stream()), &create);
    let delete = [
        ("stream", 5.into()),
        ("takes_consumers", true.into()),
        ("transition_ms", 6.into()),
    ];
    page.check_fields("BeginDelete", &encoded(&begin_delete()), &delete);
    let retention = [
        ("stream", 18.into()),
        ("hours", 19.into()),
        ("direction", 1.into()),
    ];
    let sample = set_retention(Direction::Decrease);
    page.check_fields("SetRetention", &encoded(&sample), &retention);
    let distribution = [("stream", 26.into()), ("distribution", 1.into())];
    let sample = encoded(&set_distribution(Distribution::Auto));
    page.check_fields("SetDistribution", &sample, &distribution);
    let tagging = [
        ("stream", 20.into()),
        ("set", encoded(&tags())),
        ("removed", encoded(&names())),
        ("consumer", encoded(&consumer_key())),
    ];
    page.check_fields("ChangeTags", &encoded(&change_tags()), &tagging);
    let of_stream = ChangeTags {
        consumer: None,
        ..change_tags()
    };
    let before = list([20.into(), encoded(&tags()), encoded(&names())]);
    assert_eq!(encoded(&of_stream), before, "as before consumers had tags");
    let policy = [
        ("stream", 37.into()),
        ("consumer", encoded(&consumer_key())),
        ("policy", "{\"Id\": 38}".into()),
    ];
    page.check_fields("SetPolicy", &encoded(&set_policy()), &policy);
    let monitoring = [
        ("stream", 21.into()),
        ("metrics", encoded(&names())),
        ("is_enabled", true.into()),
    ];
    let sample = encoded(&change_monitoring());
    page.check_fields("ChangeMonitoring", &sample, &monitoring);
}

fn check_commands_of_reshards(page: &mut Page) {
    let change = Change::Scale { target: ELEVEN };
    let begin = [
        ("stream", 8.into()),
        ("change", encoded(&change)),
        ("transition_ms", 9.into()),
        ("quotas", encoded(&quotas())),
        ("by_service", true.into()),
        ("remembered", 19.into()),
    ];
    let sample = begin_reshard(change.clone());
    page.check_fields("BeginReshard", &encoded(&sample), &begin);
    let close = list([14.into(), 15.into()]);
    let complete = [
        ("stream", 12.into()),
        ("reshard", 13.into()),
        ("closes", list([close.clone()])),
        ("arrived_ms", 18.into()),
    ];
    page.check_fields("CompleteReshard", &encoded(&complete_reshard()), &complete);
    page.check_fields("Close", &close, &[("shard", 14.into()), ("end", 15.into())]);
    let expire = [("stream", 16.into()), ("shards", list([17.into()]))];
    page.check_fields("ExpireShards", &encoded(&expire_shards()), &expire);
    let reached = [
        ("stream", 36.into()),
        ("bytes_per_second", 37.into()),
        ("records_per_second", 38.into()),
    ];
    page.check_fields("RaisePeak", &encoded(&raise_peak()), &reached);
    check_changes_of_shards(page, &change);
}

fn check_changes_of_shards(page: &mut Page, scale: &Change) {
    let split = Change::Split {
        shard: 26,
        at: HashKey(27),
    };
    let merge = Change::Merge {
        shard: 28,
        adjacent: 29,
    };
    let mut key = [0; 16];
    key[15] = 27;
    let parts = list([26.into(), Value::from(&key[..])]);
    assert_eq!(encoded(&split), list([0.into(), parts]));
    let parts = list([28.into(), 29.into()]);
    assert_eq!(encoded(&merge), list([1.into(), parts]));
    let division = Division { shard: 1, parts: 2 };
    let pair = Pair {
        shard: 3,
        adjacent: 4,
    };
    let divide = Change::Divide {
        divisions: vec![division],
    };
    let join = Change::Join { pairs: vec![pair] };
    let cases = [
        ("Split", encoded(&split)),
        ("Merge", encoded(&merge)),
        ("Scale", encoded(scale)),
        (
            "ScaleInTurn",
            encoded(&Change::ScaleInTurn { target: ELEVEN }),
        ),
        ("Divide", encoded(&divide)),
        ("Join", encoded(&join)),
        (
            "ScaleAtOnce",
            encoded(&Change::ScaleAtOnce { target: ELEVEN }),
        ),
    ];
    page.check_cases("Change", &cases);
    let fields = [("shard", 1.into()), ("parts", 2.into())];
    page.check_fields("Division", &encoded(&division), &fields);
    let fields = [("shard", 3.into()), ("adjacent", 4.into())];
    page.check_fields("Pair", &encoded(&pair), &fields);
}

fn check_commands_of_consumers(page: &mut Page) {
    let register = [
        ("stream", 22.into()),
        ("name", "reader".into()),
        ("transition_ms", 23.into()),
        ("quotas", encoded(&quotas())),
        ("tags", encoded(&tags())),
        ("arn_second", encoded(&ArnSecond::Registered)),
    ];
    let sample = encoded(&register_consumer());
    page.check_fields("RegisterConsumer", &sample, &register);
    page.check_cases(
        "ArnSecond",
        &[("Registered", encoded(&ArnSecond::Registered))],
    );
    let deregister = [
        ("stream", 24.into()),
        ("name", "reader".into()),
        ("transition_ms", 25.into()),
    ];
    let sample = encoded(&deregister_consumer());
    page.check_fields("DeregisterConsumer", &sample, &deregister);
}

fn check_parts_of_commands(page: &mut Page) {
    let place = [
        ("account", "123456789012".into()),
        ("region", "eu-west-1".into()),
    ];
    page.check_fields("Scope", &encoded(&scope()), &place);
    let key = [("name", "reader".into()), ("arn_s", 36.into())];
    page.check_fields("ConsumerKey", &encoded(&consumer_key()), &key);
    let modes = [
        ("Provisioned", encoded(&Mode::Provisioned)),
        ("OnDemand", encoded(&Mode::OnDemand)),
    ];
    page.check_cases("Mode", &modes);
    let distributions = [
        ("UserPartitionKey", encoded(&Distribution::UserPartitionKey)),
        ("Auto", encoded(&Distribution::Auto)),
    ];
    page.check_cases("Distribution", &distributions);
    let directions = [
        ("Increase", encoded(&Direction::Increase)),
        ("Decrease", encoded(&Direction::Decrease)),
    ];
    page.check_cases("Direction", &directions);
    let limits = [
        ("shards", 41.into()),
        ("on_demand_streams", 42.into()),
        ("creating_streams", 43.into()),
        ("scalings_per_day", 44.into()),
        ("consumers", 45.into()),
        ("creating_consumers", 46.into()),
        ("provisioned_shards", 47.into()),
        ("mode_switches_per_day", 48.into()),
        ("warm_mibps", 49.into()),
        ("stream_shards", 50.into()),
    ];
    page.check_fields("Quotas", &encoded(&quotas()), &limits);
    assert_eq!(encoded(&Quotas::default()), list([]), "absent at the end");
    let consumers_only = Quotas {
        consumers: Some(45),
        ..Quotas::default()
    };
    let nulls = [Value::Null, Value::Null, Value::Null, Value::Null];
    let mut expected = nulls.to_vec();
    expected.push(45.into());
    assert_eq!(
        encoded(&consumers_only),
        Value::List(expected),
        "absent before"
    );
}

/// A state that contains every kind of value.
fn state() -> State {
    let mut neighbours = Neighbours::default();
    neighbours.put(Arc::new(stream()));
    neighbours.remember_deleted(name(), 33);
    neighbours.set_commitment(Some(commitment()));
    State {
        scopes: [(scope(), neighbours)].into_iter().collect(),
        ids: [(91u64, (scope(), name()))].into_iter().collect(),
        token_keys: vec![token_key(), wrapped_token_key()],
    }
}

fn token_key() -> TokenKey {
    TokenKey {
        created_ms: 35,
        form: TokenKeyForm::Plain([8; 32].into()),
    }
}

fn piece(batch: &Batch) -> Piece {
    minicbor::decode(&batch.bytes()[RECORD_OVERHEAD_BYTES..]).unwrap()
}

fn check_snapshot(page: &mut Page) {
    let batches = snapshot::encode(IMAGE_VERSION, Offset(34), &image::encode(&state()));
    let [part, seal] = [0, 1].map(|index| piece(&batches[index]));
    page.check_cases(
        "Piece",
        &[("Part", encoded(&part)), ("Seal", encoded(&seal))],
    );
    let (Piece::Part(bytes), Piece::Seal(seal)) = (part, seal) else {
        panic!("a part and a seal");
    };
    let crc = crc32c::crc32c(&bytes);
    let sealed = [
        ("version", 1.into()),
        ("next", 34.into()),
        ("parts", 1.into()),
        ("crc", u64::from(crc).into()),
    ];
    page.check_fields("Seal", &encoded::<Seal>(&seal), &sealed);
    let deleted = list([encoded(&scope()), "orders".into(), 33.into()]);
    let image = [
        ("streams", list([encoded(&stream())])),
        ("deleted", list([deleted.clone()])),
        (
            "token_keys",
            list([encoded(&token_key()), encoded(&wrapped_token_key())]),
        ),
        ("accounts", list([encoded(&account())])),
    ];
    page.check_fields("Image", &decode(&bytes), &image);
    let fields = [
        ("scope", encoded(&scope())),
        ("name", "orders".into()),
        ("second", 33.into()),
    ];
    page.check_fields("Deleted", &deleted, &fields);
    check_token_keys(page);
    check_account(page);
}

fn check_stream(page: &mut Page) {
    let fields = [
        ("id", 91.into()),
        ("scope", encoded(&scope())),
        ("name", "orders".into()),
        ("created", 92.into()),
        ("creating_ms", 93.into()),
        ("mode", 1.into()),
        ("retention_hours", 94.into()),
        ("record_kib_max", 95.into()),
        ("tags", encoded(&tags())),
        ("shard_metrics", encoded(&names())),
        ("shards", list([encoded(&shard())])),
        ("next_shard", 96.into()),
        ("consumers", list([encoded(&consumer())])),
        ("reshard", encoded(&reshard())),
        ("deletion", encoded(&deletion())),
        ("scalings_ms", list([97.into()])),
        ("updating", encoded(&updating())),
        ("mode_switches_ms", list([98.into()])),
        ("warm_mibps", 99.into()),
        ("distribution", 1.into()),
        ("policy", "{\"Id\": 98}".into()),
        ("peaks", encoded(&peaks())),
        ("encryption", encoded(&encryption())),
        ("data_keys", encoded(&*data_keys())),
    ];
    page.check_fields("Stream", &encoded(&stream()), &fields);
}

fn check_shards(page: &mut Page) {
    let fields = [
        ("index", 51.into()),
        ("range", range_bytes()),
        ("opened", 52.into()),
        ("created_s", 53.into()),
        ("counter_base", 54.into()),
        ("parent", 45.into()),
        ("adjacent_parent", 46.into()),
        ("closed", encoded(&closed())),
    ];
    page.check_fields("Shard", &encoded(&shard()), &fields);
    let end = [("at", 57.into()), ("end", 58.into())];
    page.check_fields("Closed", &encoded(&closed()), &end);
    let to_come = [
        ("index", 61.into()),
        ("range", range_bytes()),
        ("parent", 62.into()),
        ("adjacent_parent", 63.into()),
    ];
    page.check_fields("Planned", &encoded(&planned()), &to_come);
}

fn check_parts_of_streams(page: &mut Page) {
    let registered = [
        ("name", "reader".into()),
        ("created", 81.into()),
        ("creating_ms", 82.into()),
        ("gone_ms", 83.into()),
        ("arn_s", 84.into()),
        ("tags", encoded(&tags())),
        ("policy", "{\"Id\": 85}".into()),
    ];
    page.check_fields("Consumer", &encoded(&consumer()), &registered);
    let begun = [
        ("id", 66.into()),
        ("begun", 67.into()),
        ("lasts_ms", 68.into()),
        ("plan", encoded(&plan())),
    ];
    page.check_fields("Reshard", &encoded(&reshard()), &begun);
    let planning = [
        ("parents", list([64.into(), 65.into()])),
        ("created", list([encoded(&planned())])),
        ("opening", encoded(&Opening::InTurn)),
    ];
    page.check_fields("Plan", &encoded(&plan()), &planning);
    let openings = [
        ("InTurn", encoded(&Opening::InTurn)),
        ("AtOnce", encoded(&Opening::AtOnce)),
    ];
    page.check_cases("Opening", &openings);
    let leaving = [("begun", 71.into()), ("lasts_ms", 72.into())];
    page.check_fields("Deletion", &encoded(&deletion()), &leaving);
    let changed = [("begun", 73.into()), ("lasts_ms", 74.into())];
    page.check_fields("Updating", &encoded(&updating()), &changed);
    let reached = [
        ("at", 98.into()),
        ("bytes_per_second", 99.into()),
        ("records_per_second", 100.into()),
    ];
    page.check_fields("Peak", &encoded(&peak()), &reached);
}
