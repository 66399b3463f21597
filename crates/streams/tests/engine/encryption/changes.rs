//! Records from before, during and after encryption and changes of its key.

use super::{Locked, SEALED, nonce};
use crate::fanout::Pushed;
use crate::world::{START, Start, message, text, until};
use bytes::Bytes;
use millstream_protocol::ErrorCode;
use millstream_protocol::operations::{CreateStreamInput, PutRecordInput, PutRecordsInput};
use millstream_protocol::types::{
    EncryptionType, PutRecordsRequestEntry, RecordDistributionStrategy, StreamMode,
    StreamModeDetails,
};
use millstream_streams::operations::{CreateStream, PutRecord, PutRecords};
use std::time::Duration;

const SHARD: &str = "shardId-000000000000";
const KMS: Option<EncryptionType> = Some(EncryptionType::Kms);

#[tokio::test]
async fn records_when_put_before_during_and_after_changes_of_the_key_then_are_all_read() {
    let locked = Locked::new();
    let caller = locked.world.open().await;
    caller.create("s", 1).await.unwrap();
    let mut put = Vec::new();
    for (step, encrypted) in [None, KMS, KMS, None, KMS].into_iter().enumerate() {
        match step {
            1 => caller.encrypt("s", &locked.a).await,
            2 => caller.encrypt("s", &locked.b).await,
            3 => caller.encrypt_no_more("s", &locked.b).await,
            4 => caller.encrypt("s", &locked.a).await,
            _ => {}
        }
        for nth in 0..2 {
            locked.pass(Duration::from_secs(1)).await;
            let data = format!("{step}.{nth}");
            let answer = caller.put("s", "key", &data).await.unwrap();
            assert_eq!(answer.encryption_type, encrypted, "{data}");
            put.push((data, answer.sequence_number, encrypted));
        }
    }
    for restarted in [false, true] {
        let caller = match restarted {
            false => caller.clone(),
            true => locked.world.open().await,
        };
        let (records, _) = caller.read("s", SHARD, Start::Horizon).await;
        let read = records.iter().map(|record| {
            assert_eq!(record.partition_key.as_deref(), Some("key"));
            let number = record.sequence_number.clone();
            (text(record), number, record.encryption_type)
        });
        assert_eq!(read.collect::<Vec<_>>(), put);
        // Positions need nothing of what is encrypted.
        for (at, (data, number, _)) in put.iter().enumerate() {
            let (from, _) = caller.read("s", SHARD, Start::At(number)).await;
            assert_eq!((from.len(), text(&from[0])), (put.len() - at, data.clone()));
            let (from, _) = caller.read("s", SHARD, Start::After(number)).await;
            assert_eq!(from.len(), put.len() - at - 1);
        }
        let now = locked.world.env.clock.now();
        let (from, _) = caller.read("s", SHARD, Start::Time(now)).await;
        assert_eq!(from.len(), 1, "the one that was put last");
    }
    let [log] = caller.shard_logs()[..] else {
        panic!("one shard has one log");
    };
    let stored = caller.stored(log).await;
    let sealed: Vec<bool> = stored.iter().map(|record| record[0] == SEALED).collect();
    let expected: Vec<bool> = put
        .iter()
        .map(|(.., encrypted)| encrypted.is_some())
        .collect();
    assert_eq!(sealed, expected);
    // Each change of the key has its data key, and the first one goes on with the first key.
    let data_keys = stored.iter().filter(|record| record[0] == SEALED);
    let data_keys: Vec<u32> = data_keys.map(|record| nonce(record).0).collect();
    assert_eq!(data_keys, [1, 1, 2, 2, 3, 3]);
}

#[tokio::test]
async fn records_when_many_at_once_then_are_sealed_and_read_with_and_without_keys() {
    let locked = Locked::new();
    let caller = locked.world.open().await;
    let input = CreateStreamInput {
        stream_name: "auto".to_owned(),
        stream_mode_details: Some(StreamModeDetails {
            stream_mode: StreamMode::OnDemand,
        }),
        record_distribution_strategy: Some(RecordDistributionStrategy::Auto),
        ..CreateStreamInput::default()
    };
    caller.call::<CreateStream>(input).await.unwrap();
    caller.encrypt("auto", &locked.a).await;
    let record = |index: usize| PutRecordsRequestEntry {
        data: Bytes::from(vec![index as u8; index * 3]),
        explicit_hash_key: None,
        partition_key: index.is_multiple_of(2).then(|| format!("key-{index}")),
    };
    let records: Vec<_> = (0..500).map(record).collect();
    let input: PutRecordsInput = PutRecordsInput {
        records: records.clone(),
        stream_name: Some("auto".to_owned()),
        stream_arn: None,
        stream_id: None,
        dry_run: None,
    };
    let mut body = Vec::new();
    millstream_protocol::encode(millstream_protocol::Protocol::Cbor, &input, &mut body);
    let input = millstream_protocol::decode(millstream_protocol::Protocol::Cbor, &body).unwrap();
    let answer = caller.call::<PutRecords>(input).await.unwrap();
    assert_eq!(
        (answer.failed_record_count, answer.encryption_type),
        (Some(0), KMS)
    );
    let mut read = Vec::new();
    for shard in caller.shards("auto").await {
        let (records, _) = caller.read("auto", &shard.shard_id, Start::Horizon).await;
        assert!(records.iter().all(|record| record.encryption_type == KMS));
        read.extend(records.into_iter().map(|it| (it.data, it.partition_key)));
    }
    let mut expected: Vec<_> = records
        .into_iter()
        .map(|it| (it.data, it.partition_key))
        .collect();
    read.sort();
    expected.sort();
    assert_eq!(read, expected);
}

#[tokio::test]
async fn records_when_their_shards_are_split_and_merged_then_are_all_read() {
    let locked = Locked::new();
    let caller = locked.encrypted().await;
    let mut put = Vec::new();
    let producer = async |key: &'static str| {
        let mut put = Vec::new();
        for nth in 0..40 {
            let data = format!("{key}{nth}");
            caller.put("s", key, &data).await.unwrap();
            put.push(data);
            tokio::task::yield_now().await;
        }
        put
    };
    let splits = async {
        for (shard, at) in [("0", 1 << 127), ("1", 1 << 126), ("2", 3 << 126)] {
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            caller.split("s", shard, at).await.unwrap();
        }
    };
    let (a, b, ()) = tokio::join!(producer("a"), producer("b"), splits);
    put.extend(a.into_iter().chain(b));
    let mut read = caller.read_all("s").await;
    read.sort();
    put.sort();
    assert_eq!(read, put);
}

#[tokio::test]
async fn subscribers_when_records_are_encrypted_then_are_pushed_them_and_told_so() {
    let locked = Locked::new();
    let caller = locked.encrypted().await;
    let arns = [
        caller.consumer("s", "one").await,
        caller.consumer("s", "two").await,
    ];
    caller.put("s", "key", "sealed").await.unwrap();
    caller.encrypt_no_more("s", &locked.a).await;
    caller.put("s", "key", "plain").await.unwrap();
    for arn in &arns {
        let mut subscriber = caller.subscribe(arn, SHARD, Start::Horizon).await;
        let pushed = subscriber.next().await;
        let Pushed::Event(event) = pushed else {
            panic!("{pushed:?}");
        };
        let pushed = event
            .records
            .iter()
            .map(|it| (text(it), it.encryption_type));
        let expected = [("sealed".to_owned(), KMS), ("plain".to_owned(), None)];
        assert_eq!(pushed.collect::<Vec<_>>(), expected);
    }
}

#[tokio::test]
async fn record_when_of_the_largest_size_then_is_sealed_and_read() {
    let locked = Locked::new();
    let caller = locked.encrypted().await;
    let data = Bytes::from(vec![7; 1024 * 1024 - 3]);
    let input = PutRecordInput {
        stream_name: Some("s".to_owned()),
        partition_key: Some("key".to_owned()),
        data: data.clone(),
        ..PutRecordInput::default()
    };
    caller.call::<PutRecord>(input).await.unwrap();
    let (records, _) = caller.read("s", SHARD, Start::Horizon).await;
    assert_eq!((records.len(), &records[0].data), (1, &data));
}

#[tokio::test]
async fn server_when_it_has_no_key_service_then_serves_what_is_not_encrypted() {
    let mut locked = Locked::new();
    let caller = locked.encrypted().await;
    caller.put("s", "key", "sealed").await.unwrap();
    caller.create("plain", 1).await.unwrap();
    caller.engine.shutdown().await;
    locked.world.settings.keys = None;
    let caller = locked.world.open().await;
    caller.put("plain", "key", "served").await.unwrap();
    assert_eq!(caller.read_all("plain").await, ["served"]);
    let put = caller.put("s", "key", "refused").await.unwrap_err();
    assert_eq!(
        put.code,
        ErrorCode::KMSNotFoundException,
        "{}",
        message(&put)
    );
    let iterator = caller.iterator("s", SHARD, Start::Horizon).await.unwrap();
    let got = caller.get(&iterator).await.unwrap_err();
    assert_eq!(got.code, ErrorCode::KMSNotFoundException);
}

#[tokio::test]
async fn stream_when_deleted_and_made_anew_then_has_other_data_keys() {
    let locked = Locked::new();
    let caller = locked.encrypted().await;
    let before = locked.keys.calls().generate;
    caller.put("s", "key", "first").await.unwrap();
    caller.delete("s").await;
    let is_gone = async || {
        locked.pass(Duration::from_secs(1)).await;
        caller.create("s", 1).await.is_ok()
    };
    until(is_gone).await;
    caller.encrypt("s", &locked.a).await;
    caller.put("s", "key", "second").await.unwrap();
    assert_eq!(caller.read_all("s").await, ["second"]);
    assert_eq!(locked.keys.calls().generate - before, 2);
}

/// Records arrive no earlier than the one in front of them, whatever the clock says by then.
#[tokio::test]
async fn data_key_when_the_clock_was_ahead_before_then_stays_as_long_as_its_records() {
    let locked = Locked::new();
    let caller = locked.world.open().await;
    caller.create("s", 1).await.unwrap();
    let day = Duration::from_hours(24);
    locked.world.clock.set_wall(START.plus(4 * day));
    caller.put("s", "key", "plain").await.unwrap();
    locked.world.clock.set_wall(START);
    caller.encrypt("s", &locked.a).await;
    let mut expected = vec!["plain"];
    for data in ["first", "second", "third", "fourth"] {
        caller.put("s", "key", data).await.unwrap();
        caller.engine.sweep().await;
        expected.push(data);
        locked.pass(day).await;
    }
    caller.engine.sweep().await;
    // A data key that is missing is waited for.
    let reading = caller.read_all("s");
    let (read, ()) = tokio::join!(reading, locked.pass(Duration::from_secs(10)));
    assert_eq!(read, expected);
}
