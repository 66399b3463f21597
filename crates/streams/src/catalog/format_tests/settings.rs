//! Samples of the settings of streams and accounts, and of the commands that change them.

use super::*;
use crate::catalog::account::{Account, Commitment};
use crate::catalog::stream::Updating;

pub(super) fn updating() -> Updating {
    Updating {
        begun: Timestamp(73),
        lasts_ms: 74,
    }
}

pub(super) fn set_mode() -> SetMode {
    SetMode {
        stream: 1201,
        mode: Mode::OnDemand,
        transition_ms: 1202,
        quotas: quotas(),
        warmth: Some(warmth()),
        remembered: Some(1203),
    }
}

pub(super) fn warmth() -> Warmth {
    Warmth {
        mibps: 1301,
        change: Change::Scale {
            target: NonZeroU32::MIN.saturating_add(1301),
        },
    }
}

pub(super) fn set_warm_throughput() -> SetWarmThroughput {
    SetWarmThroughput {
        stream: 1303,
        warmth: warmth(),
        transition_ms: 1304,
        quotas: quotas(),
    }
}

pub(super) fn set_record_limit() -> SetRecordLimit {
    SetRecordLimit {
        stream: 1501,
        kib_max: 1502,
        transition_ms: 1503,
    }
}

pub(super) fn set_commitment() -> SetCommitment {
    SetCommitment {
        scope: scope(),
        is_enabled: true,
        binds_ms: 1601,
    }
}

pub(super) fn commitment() -> Commitment {
    Commitment {
        started: Timestamp(101),
        earliest_end: Timestamp(102),
        end_ms: Some(103),
    }
}

pub(super) fn account() -> Account {
    Account {
        scope: scope(),
        commitment: Some(commitment()),
    }
}

pub(super) fn check_commands_of_settings(page: &mut Page) {
    let mode = [
        ("stream", 1201.into()),
        ("mode", encoded(&Mode::OnDemand)),
        ("transition_ms", 1202.into()),
        ("quotas", encoded(&quotas())),
        ("warmth", encoded(&warmth())),
        ("remembered", 1203.into()),
    ];
    page.check_fields("SetMode", &encoded(&set_mode()), &mode);
    let throughput = [
        ("mibps", 1301.into()),
        ("change", encoded(&warmth().change)),
    ];
    page.check_fields("Warmth", &encoded(&warmth()), &throughput);
    let warm = [
        ("stream", 1303.into()),
        ("warmth", encoded(&warmth())),
        ("transition_ms", 1304.into()),
        ("quotas", encoded(&quotas())),
    ];
    let sample = encoded(&set_warm_throughput());
    page.check_fields("SetWarmThroughput", &sample, &warm);
    let record_limit = [
        ("stream", 1501.into()),
        ("kib_max", 1502.into()),
        ("transition_ms", 1503.into()),
    ];
    let sample = encoded(&set_record_limit());
    page.check_fields("SetRecordLimit", &sample, &record_limit);
}

pub(super) fn check_commands_of_accounts(page: &mut Page) {
    let commitment = [
        ("scope", encoded(&scope())),
        ("is_enabled", true.into()),
        ("binds_ms", 1601.into()),
    ];
    let sample = encoded(&set_commitment());
    page.check_fields("SetCommitment", &sample, &commitment);
}

pub(super) fn check_account(page: &mut Page) {
    let settings = [
        ("scope", encoded(&scope())),
        ("commitment", encoded(&commitment())),
    ];
    page.check_fields("Account", &encoded(&account()), &settings);
    let times = [
        ("started", 101.into()),
        ("earliest_end", 102.into()),
        ("end_ms", 103.into()),
    ];
    page.check_fields("Commitment", &encoded(&commitment()), &times);
}

/// What earlier versions wrote has fewer fields.
#[test]
fn snapshot_when_of_an_earlier_version_then_lacks_only_what_came_later() {
    let empty = [0x83, 0x80, 0x80, 0x80];
    assert_eq!(image::decode(&empty).unwrap(), State::default());
    let plain = Stream {
        updating: None,
        mode_switches_ms: Vec::new(),
        warm_mibps: None,
        distribution: Distribution::UserPartitionKey,
        policy: None,
        peaks: Peaks::default(),
        encryption: None,
        data_keys: Arc::default(),
        ..stream()
    };
    let present = minicbor::to_vec(&plain).unwrap();
    // Arrays of 18 and of 16 values; the last two are null and an empty list.
    let values = present.strip_prefix(&[0x92]).unwrap();
    let values = values.strip_suffix(&[0xf6, 0x80]).unwrap();
    let former = [&[0x90], values].concat();
    assert_eq!(minicbor::decode::<Stream>(&former).unwrap(), plain);
}
