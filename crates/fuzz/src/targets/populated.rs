//! A catalog in which every command finds something to change: streams in both modes and in every
//! status, shards that closed, consumers, tags, policies, settings, data keys.

use millstream_env::Timestamp;
use millstream_model::{AccountId, ConsumerName, HashKey, Region, StreamName};
use millstream_replicated::Machine;
use millstream_store::Offset;
use millstream_streams::testing::{
    AddDataKey, ArnSecond, BeginDelete, BeginReshard, Change, ChangeTags, Command, CompleteReshard,
    ConsumerKey, CreateStream, DeregisterConsumer, Distribution, Division, KeyArn, Mode, Pair,
    Quotas, RaisePeak, RegisterConsumer, Scope, SetCommitment, SetDistribution, SetPolicy,
    SetWarmThroughput, StartEncryption, State, Warmth,
};
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::OnceLock;

/// The time of the first command.
const BEGAN: u64 = 1_700_000_000_000;

/// The ids of its streams, which are the offsets of the commands that make them.
const PROVISIONED: u64 = 0;
const ON_DEMAND: u64 = 1;
const RESHARDED: u64 = 2;
const DELETED: u64 = 3;
const SETTLED: u64 = 4;

/// When the command at an offset of the log was proposed.
pub(super) fn time_of(at: u64) -> Timestamp {
    Timestamp(BEGAN.saturating_add(at.saturating_mul(1_000)))
}

/// The catalog, and the offset of its next command.
pub(super) fn populated() -> &'static (State, u64) {
    static CATALOG: OnceLock<(State, u64)> = OnceLock::new();
    CATALOG.get_or_init(|| {
        let (mut state, mut at) = (State::default(), 0);
        for command in commands() {
            let applied = state.apply(Offset(at), time_of(at), &command);
            assert!(applied.is_ok(), "{command:?}: {:?}", applied.err());
            at += 1;
        }
        (state, at)
    })
}

/// The commands that lead to it.
pub(super) fn commands() -> Vec<Command> {
    let mut commands = vec![
        create("provisioned", Mode::Provisioned, 2),
        create("on-demand", Mode::OnDemand, 4),
        create("resharded", Mode::Provisioned, 2),
        create("deleted", Mode::Provisioned, 1),
        create("settled", Mode::Provisioned, 1),
        Command::AddTokenKey([7; 32].into()),
        register(PROVISIONED, "stays"),
        register(PROVISIONED, "goes"),
        Command::DeregisterConsumer(DeregisterConsumer {
            stream: PROVISIONED,
            name: consumer("goes"),
            transition_ms: 86_400_000,
        }),
    ];
    let split = Change::Split {
        shard: 0,
        at: HashKey(1 << 100),
    };
    commands.extend(reshard(PROVISIONED, split, &[(0, 5)], commands.len()));
    let divide = Change::Divide {
        divisions: vec![Division { shard: 1, parts: 3 }],
    };
    commands.extend(reshard(ON_DEMAND, divide, &[(1, 0)], commands.len()));
    let join = Change::Join {
        pairs: vec![Pair {
            shard: 2,
            adjacent: 3,
        }],
    };
    commands.extend(reshard(ON_DEMAND, join, &[(2, 7), (3, 8)], commands.len()));
    let target = NonZeroU32::MIN.saturating_add(2);
    commands.extend([
        begin(RESHARDED, Change::ScaleInTurn { target }),
        Command::BeginDelete(BeginDelete {
            stream: DELETED,
            takes_consumers: false,
            transition_ms: 0,
        }),
    ]);
    commands.extend(settings());
    let scaled = commands.len() as u64;
    commands.extend([
        create("scaled", Mode::Provisioned, 3),
        begin(scaled, Change::ScaleAtOnce { target }),
    ]);
    let encrypted = commands.len() as u64;
    commands.push(create("encrypted", Mode::Provisioned, 1));
    commands.extend(encryption(encrypted));
    commands
}

/// A stream is encrypted, and has data keys.
fn encryption(stream: u64) -> [Command; 3] {
    let key = || {
        let arn = "arn:aws:kms:us-east-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab";
        KeyArn::parse(arn).unwrap()
    };
    let add = |byte| {
        Command::AddDataKey(AddDataKey {
            stream,
            key: key(),
            ciphertext: vec![byte; 60].into(),
            arrived_ms: 0,
        })
    };
    let start = Command::StartEncryption(StartEncryption {
        stream,
        key_id: "alias/a".to_owned(),
        key: key(),
        transition_ms: 0,
    });
    [start, add(1), add(2)]
}

/// Tags, policies, and what only on-demand streams and their accounts have.
fn settings() -> [Command; 8] {
    let policy = |consumer| {
        Command::SetPolicy(SetPolicy {
            stream: PROVISIONED,
            consumer,
            policy: Some("{}".to_owned().into()),
        })
    };
    // The second in which the command at the offset of its registration was proposed.
    let stays = ConsumerKey {
        name: consumer("stays"),
        arn_s: time_of(6).seconds(),
    };
    [
        Command::ChangeTags(ChangeTags {
            stream: PROVISIONED,
            set: tags(),
            removed: Default::default(),
            consumer: None,
        }),
        policy(None),
        policy(Some(stays)),
        Command::SetDistribution(SetDistribution {
            stream: ON_DEMAND,
            distribution: Distribution::Auto,
        }),
        Command::RaisePeak(RaisePeak {
            stream: ON_DEMAND,
            bytes_per_second: 5_000_000,
            records_per_second: 3_000,
        }),
        Command::SetCommitment(SetCommitment {
            scope: scope(),
            is_enabled: true,
            binds_ms: 86_400_000,
        }),
        Command::SetWarmThroughput(SetWarmThroughput {
            stream: ON_DEMAND,
            warmth: Warmth {
                mibps: 3,
                change: Change::Divide {
                    divisions: Vec::new(),
                },
            },
            transition_ms: 0,
            quotas: Quotas::default(),
        }),
        begin(
            SETTLED,
            Change::Divide {
                divisions: Vec::new(),
            },
        ),
    ]
}

fn scope() -> Scope {
    Scope {
        account: AccountId::zero(),
        region: Region::us_east_1(),
    }
}

fn consumer(name: &str) -> ConsumerName {
    ConsumerName::parse(name).unwrap()
}

fn tags() -> BTreeMap<String, String> {
    BTreeMap::from([("key".to_owned(), "value".to_owned())])
}

fn create(name: &str, mode: Mode, shards: u32) -> Command {
    Command::CreateStream(CreateStream {
        scope: scope(),
        name: StreamName::parse(name).unwrap(),
        mode,
        shards: NonZeroU32::new(shards).unwrap(),
        tags: BTreeMap::new(),
        record_kib_max: 1_024,
        transition_ms: 0,
        quotas: Quotas::default(),
        warm_mibps: None,
        distribution: Distribution::UserPartitionKey,
    })
}

fn register(stream: u64, name: &str) -> Command {
    Command::RegisterConsumer(RegisterConsumer {
        stream,
        name: consumer(name),
        transition_ms: 0,
        quotas: Quotas::default(),
        tags: tags(),
        arn_second: Some(ArnSecond::Registered),
    })
}

fn begin(stream: u64, change: Change) -> Command {
    Command::BeginReshard(BeginReshard {
        stream,
        change,
        transition_ms: 0,
        quotas: Quotas::default(),
        by_service: None,
        remembered: None,
    })
}

/// A reshard from its begin, at an offset of the log, to its end.
fn reshard(stream: u64, change: Change, closes: &[(u32, u64)], at: usize) -> [Command; 2] {
    [
        begin(stream, change),
        Command::CompleteReshard(CompleteReshard {
            stream,
            reshard: at as u64,
            closes: closes.to_vec(),
            arrived_ms: None,
        }),
    ]
}
