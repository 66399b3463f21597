//! The stream of a run: one that is made for it and deleted after it, or one that stays.

use super::records::Maker;
use super::schedule::Turn;
use super::workload::{Operation, Workload};
use crate::terminal::Progress;
use crate::{Failure, Surroundings};
use millstream_client::producer::{Producer, ProducerRecord, ProducerSettings, Receipt};
use millstream_client::types::{ShardFilter, ShardFilterType};
use millstream_client::{Client, Error, ErrorCode, WaitError};
use millstream_env::Random;
use std::sync::atomic::{AtomicBool, Ordering};

/// Records for each shard of a stream that is made to be read.
const FILL_PER_SHARD: u64 = 1000;
/// Records whose outcome is waited for together.
const FILL_RECORDS_AHEAD: u64 = 1000;

/// The stream of a run.
pub(super) struct Stream {
    pub(super) name: String,
    pub(super) is_made: bool,
    /// Whether there is something to delete, as far as is known.
    may_exist: AtomicBool,
    /// A client that tries again, for everything that is not measured.
    client: Client,
}

impl Stream {
    /// The stream of a name, which stays; or one that [`Self::create`] makes.
    pub(super) fn new(name: Option<String>, client: Client, random: &dyn Random) -> Self {
        Self {
            is_made: name.is_none(),
            may_exist: AtomicBool::new(false),
            name: name.unwrap_or_else(|| own_name(random)),
            client,
        }
    }

    /// Makes it, and waits until it is ACTIVE; one that stays must be there.
    ///
    /// # Errors
    /// If the endpoint refuses, or it does not become ACTIVE.
    pub(super) async fn create(&self, shards: i32) -> Result<(), Failure> {
        if !self.is_made {
            self.client.describe_stream_summary(&self.name).await?;
            return Ok(());
        }
        self.may_exist.store(true, Ordering::Relaxed);
        let create = self.client.create_stream(&self.name).shard_count(shards);
        if let Err(error) = create.await {
            let may_exist = !error.was_not_applied();
            self.may_exist.store(may_exist, Ordering::Relaxed);
            return Err(error.into());
        }
        let active = self.client.wait_until_stream_exists(&self.name).await;
        let late = |error: &WaitError| Failure::new(error.to_string());
        active.map_err(|error| match error {
            WaitError::Call(error) => error.into(),
            WaitError::TimedOut { .. } | _ => late(&error),
        })?;
        Ok(())
    }

    /// Its open shards.
    ///
    /// # Errors
    /// If they cannot be listed, or there are none.
    pub(super) async fn shards(&self) -> Result<Vec<String>, Failure> {
        let open = ShardFilter {
            r#type: ShardFilterType::AtLatest,
            shard_id: None,
            timestamp: None,
        };
        let list = self.client.list_shards(&self.name).shard_filter(open);
        let listed = list.pages().all().await?;
        if listed.is_empty() {
            let name = &self.name;
            return Err(Failure::new(format!("the stream {name} has no open shard")));
        }
        Ok(listed.into_iter().map(|shard| shard.shard_id).collect())
    }

    /// Puts the records that are read later.
    ///
    /// # Errors
    /// If any is not stored.
    pub(super) async fn fill(
        &self,
        workload: &Workload,
        maker: &Maker,
        shards: usize,
        surroundings: &Surroundings,
    ) -> Result<(), Failure> {
        let is_read = workload.operation == Operation::GetRecords;
        let usual = match is_read && self.is_made {
            true => FILL_PER_SHARD * shards as u64,
            false => 0,
        };
        let mut left = workload.fill.unwrap_or(usual);
        if left == 0 {
            return Ok(());
        }
        let progress = Progress::count(&surroundings.terminal, "filling", Some(left));
        let producer = Producer::new(&self.client, &self.name, ProducerSettings::default());
        let turn = Turn {
            from: surroundings.env.clock.monotonic(),
            is_counted: false,
        };
        while left > 0 {
            let some = left.min(FILL_RECORDS_AHEAD);
            let mut receipts: Vec<Receipt> = Vec::new();
            for record in maker.records(u32::try_from(some).unwrap_or(u32::MAX), turn) {
                let record = ProducerRecord {
                    data: record.data,
                    partition_key: record.partition_key,
                    explicit_hash_key: None,
                };
                receipts.push(producer.put(record).await.map_err(not_filled)?);
            }
            for receipt in receipts {
                receipt.await.map_err(not_filled)?;
                progress.add(1);
            }
            left -= some;
        }
        Ok(())
    }

    /// Deletes it, if it was made; also one that may have been made although that failed.
    ///
    /// # Errors
    /// If it may still be there. The failure names it.
    pub(super) async fn delete(&self) -> Result<(), Failure> {
        if !self.may_exist.load(Ordering::Relaxed) {
            return Ok(());
        }
        let deleted = match self.try_delete().await {
            Err(error) if error.code() == Some(ErrorCode::ResourceInUseException) => {
                // It is being made; what becomes of that shows when it is deleted.
                let _ = self.client.wait_until_stream_exists(&self.name).await;
                self.try_delete().await
            }
            deleted => deleted,
        };
        deleted.map_err(|error| {
            let name = &self.name;
            Failure::new(format!("the stream {name} may still be there: {error}")).with_advice(
                format!("Delete it: millstream streams delete {name} --enforce-consumer-deletion"),
            )
        })
    }

    async fn try_delete(&self) -> Result<(), Error> {
        let delete = self.client.delete_stream(&self.name);
        match delete.enforce_consumer_deletion(true).await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some(ErrorCode::ResourceNotFoundException) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn not_filled(error: impl std::fmt::Display) -> Failure {
    Failure::new(format!("the records to be read are not stored: {error}"))
}

/// A name that no other stream or consumer has.
pub(super) fn own_name(random: &dyn Random) -> String {
    let mut bytes = [0; 8];
    random.fill(&mut bytes);
    format!("millstream-bench-{:016x}", u64::from_be_bytes(bytes))
}
