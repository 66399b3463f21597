//! Creates a stream, fills it, reads it, deletes it, and creates another with the same name. On
//! demand, the service may distribute the records, from the beginning or from some time on.
//!
//! Each incarnation has a history of its own, so that a record of an earlier one is a phantom. Over
//! two nodes it has a name of its own, too: a node that stood still carries out what its client has
//! long given up, and a stream of the same name would come or go by that.

use super::chronicle::Chronicle;
use super::client::{Capacity, Client, Settled, Stays};
use super::plan::Layout;
use super::producer::{Distribution, Producer};
use super::reader::Follower;
use super::server::Server;
use millstream_judge::History;
use millstream_protocol::ErrorCode;
use millstream_protocol::operations::{
    self, DeleteStreamInput, UpdateStreamRecordDistributionStrategyInput,
};
use millstream_protocol::types::{RecordDistributionStrategy, StreamStatus};
use parking_lot::Mutex;
use std::sync::Arc;

/// The histories of the incarnations that were read to their ends.
pub(super) type Finished = Arc<Mutex<Vec<(String, History)>>>;

/// Someone whose stream comes and goes.
pub(super) struct Tenant {
    client: Client,
    name: String,
    number: u32,
    finished: Finished,
}

impl Tenant {
    /// A tenant with a number that no producer or consumer has.
    pub(super) fn new(client: Client, number: u32, finished: Finished) -> Self {
        Self {
            client,
            name: format!("tenant-{number}"),
            number,
            finished,
        }
    }

    /// Comes and goes until the work is over.
    pub(super) async fn run(mut self) {
        let mut incarnation = 0;
        loop {
            if self.client.machine.plan.layout == Layout::TwoNodes {
                self.name = format!("tenant-{}-{incarnation}", self.number);
            }
            let Some(capacity) = self.appear().await else {
                return;
            };
            let stream = Arc::new(Chronicle::new(self.name.clone()));
            if self.live(&stream, capacity, incarnation).await.is_none() {
                return;
            }
            let name = format!("tenant-{}-{incarnation}", self.number);
            self.finished.lock().push((name, stream.history()));
            if self.vanish().await.is_none() {
                return;
            }
            incarnation += 1;
        }
    }

    /// Until there is a stream.
    async fn appear(&mut self) -> Option<Capacity> {
        let capacity = match self.client.rng.u8(..4) {
            0 => Capacity::OnDemand(RecordDistributionStrategy::UserPartitionKey),
            1 => Capacity::OnDemand(RecordDistributionStrategy::Auto),
            _ => Capacity::Shards(self.client.rng.i32(1..4)),
        };
        loop {
            let server = self.client.server().await?;
            let answer = self.client.create(&server, &self.name, capacity).await;
            if let Err(failure) = &answer {
                let expected = [
                    // An attempt before this one may have been carried out.
                    ErrorCode::ResourceInUseException,
                    ErrorCode::LimitExceededException,
                ];
                self.client
                    .complain_unless("CreateStream", failure, &expected);
            }
            match self.client.until_settled(&self.name).await? {
                Settled::Active => return Some(capacity),
                Settled::Gone if answer.is_ok() => {
                    let what = format!("{} was created and is gone", self.name);
                    self.client.machine.complain(what);
                }
                Settled::Gone => {}
            }
            self.client.pause().await;
        }
    }

    /// Puts some records and reads them all.
    async fn live(
        &mut self,
        stream: &Arc<Chronicle>,
        capacity: Capacity,
        incarnation: u32,
    ) -> Option<()> {
        let number = self.number * 10_000 + incarnation;
        let mut producer = Producer::new(self.client.fork(Stays::ForTheWork), number);
        if let Capacity::OnDemand(strategy) = capacity {
            producer.set_distribution(by(strategy));
        }
        for _ in 0..self.client.rng.usize(1..12) {
            let server = self.client.server().await?;
            if matches!(capacity, Capacity::OnDemand(_)) && self.client.rng.u8(..4) == 0 {
                self.redistribute(&server, &mut producer).await;
            }
            let server = self.client.server().await?;
            producer.put_any(&server, stream).await;
            self.client.think().await;
        }
        let follower = Follower::new(self.client.fork(Stays::ForTheWork), stream.clone(), number);
        let is_drained = follower.drain().await;
        is_drained.then_some(())
    }

    /// Until there is no stream.
    async fn vanish(&mut self) -> Option<()> {
        loop {
            let server = self.client.server().await?;
            self.delete(&server).await;
            self.client.pause().await;
            loop {
                let server = self.client.server().await?;
                match self.client.describe(&server, &self.name).await {
                    Ok(None) => return Some(()),
                    // The attempt was not carried out.
                    Ok(Some(found)) if found.stream_status == StreamStatus::Active => break,
                    Ok(Some(_)) | Err(_) => self.client.pause().await,
                }
            }
        }
    }

    /// Changes how records are assigned to shards, and lets the producer know.
    async fn redistribute(&mut self, server: &Server, producer: &mut Producer) {
        let strategy = match self.client.rng.bool() {
            true => RecordDistributionStrategy::Auto,
            false => RecordDistributionStrategy::UserPartitionKey,
        };
        let Ok(Some(found)) = self.client.describe(server, &self.name).await else {
            return;
        };
        let input = UpdateStreamRecordDistributionStrategyInput {
            stream_arn: found.stream_arn,
            stream_id: None,
            record_distribution_strategy: strategy,
        };
        let call = self
            .client
            .call::<operations::UpdateStreamRecordDistributionStrategy>(server, &input);
        let answer = call.await.1;
        if let Err(failure) = &answer {
            // A clock that is set back finds the stream in creation again.
            let expected = [ErrorCode::ResourceInUseException];
            self.client
                .complain_unless("another distribution", failure, &expected);
        }
        match answer {
            // A node that stood still goes by the one before.
            Ok(()) if self.client.machine.plan.layout == Layout::OneNode => {
                producer.change_distribution(by(strategy));
            }
            Err(failure) if failure.was_not_applied() => {}
            // It may be changed later, whatever was changed before.
            Ok(()) | Err(_) => producer.set_distribution(Distribution::Unknown),
        }
    }

    async fn delete(&mut self, server: &Server) {
        let input = DeleteStreamInput {
            stream_name: Some(self.name.clone()),
            ..DeleteStreamInput::default()
        };
        let call = self.client.call::<operations::DeleteStream>(server, &input);
        if let Err(failure) = call.await.1 {
            // An attempt before this one may have been carried out.
            let expected = [
                ErrorCode::ResourceNotFoundException,
                ErrorCode::ResourceInUseException,
            ];
            self.client
                .complain_unless("DeleteStream", &failure, &expected);
        }
    }
}

/// What a producer knows of a strategy that is in effect.
fn by(strategy: RecordDistributionStrategy) -> Distribution {
    match strategy {
        RecordDistributionStrategy::Auto => Distribution::ByService,
        RecordDistributionStrategy::UserPartitionKey => Distribution::ByKeysYet,
    }
}
