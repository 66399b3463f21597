//! What the client reads: aggregated records, and the shared files of AWS's tools.

use bytes::Bytes;
use md5::{Digest, Md5};
use millstream_client::aggregation::{Aggregator, UserRecord, deaggregate};
use millstream_client::credentials::{Settings, SettingsError, Sources};
use millstream_client::routing::HashKey;
use millstream_protocol::types::Record;
use std::io;

/// More than any input takes, however often its keys are repeated.
const BYTES_MAX: usize = 1 << 30;

/// Aggregated records, or the messages in them: one that is read is the same when it is made anew,
/// and any other is left whole.
pub(super) fn aggregates(bytes: &[u8]) {
    let whole = record(Bytes::copy_from_slice(bytes));
    check(&whole);
    let digest: [u8; 16] = Md5::digest(bytes).into();
    let parts: [&[u8]; 3] = [&[0xf3, 0x89, 0x9a, 0xc2], bytes, &digest];
    check(&record(parts.concat().into()));
}

fn record(data: Bytes) -> Record {
    Record {
        data,
        ..Record::default()
    }
}

fn check(record: &Record) {
    let users = deaggregate(record);
    if !users.is_aggregated() {
        let data: Vec<Bytes> = users.map(|user| user.data).collect();
        assert!(data.iter().eq([&record.data]), "it is left whole");
        return;
    }
    let users: Vec<UserRecord<'_>> = users.collect();
    let mut aggregator = Aggregator::with_bytes_max(BYTES_MAX);
    for user in &users {
        let hash_key = user.explicit_hash_key.map(HashKey::parse).transpose();
        let (Some(key), Ok(hash_key)) = (user.partition_key, hash_key) else {
            return;
        };
        if aggregator.add(key, hash_key, &user.data).is_err() {
            return;
        }
    }
    let made = aggregator.finish().filter(|made| made.user_records > 1);
    let Some(made) = made else {
        return;
    };
    let anew = self::record(made.data);
    let anew: Vec<UserRecord<'_>> = deaggregate(&anew).collect();
    assert_eq!(anew.len(), users.len());
    for (anew, user) in anew.iter().zip(&users) {
        assert_eq!(anew.partition_key, user.partition_key);
        assert_eq!(anew.hash_key(), user.hash_key());
        assert_eq!(anew.data, user.data);
        assert_eq!(anew.sub_sequence_number, user.sub_sequence_number);
    }
}

/// The config file and, behind a byte 0, the credentials file: they are read, or the line that is
/// wrong is named.
pub(super) fn shared_files(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    let (config, credentials) = text.split_once('\0').unwrap_or((text, ""));
    let texts = [config.to_owned(), credentials.to_owned()];
    let lines = texts.each_ref().map(|text| text.lines().count());
    let file = move |path: &std::path::Path| match path.to_str() {
        Some("~/.aws/config") => Ok(texts[0].clone()),
        Some("~/.aws/credentials") => Ok(texts[1].clone()),
        Some(_) | None => Err(io::ErrorKind::NotFound.into()),
    };
    match Settings::load(&Sources::new(|_| None, file), None) {
        Ok(settings) => assert_eq!(settings.profile, "default"),
        Err(SettingsError::Syntax { path, line, .. }) => {
            let of_config = path.ends_with("config");
            let lines = if of_config { lines[0] } else { lines[1] };
            assert!((1..=lines).contains(&line), "line {line} of {lines}");
        }
        Err(SettingsError::ServicesMissing { .. } | SettingsError::AccountIdMode(_)) => {}
        Err(error @ (SettingsError::File { .. } | SettingsError::ProfileMissing(_))) => {
            panic!("{error}")
        }
    }
}
