//! UpdateMaxRecordSize: changes the maximum size of a stream's records, up or down.
//!
//! It holds for puts from the answer on. What is stored stays readable, whatever its size.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateMaxRecordSize.html>

use super::{Engine, Handler, OutputOf, Request};
use crate::catalog::{Command, SetRecordLimit};
use crate::facts::ChangeError;
use crate::target::FoundByArn;
use millstream_model::limits;
use millstream_protocol::operations::UpdateMaxRecordSizeInput;
use std::sync::Arc;

/// UpdateMaxRecordSize.
pub struct UpdateMaxRecordSize;

impl Handler for UpdateMaxRecordSize {
    type Operation = millstream_protocol::operations::UpdateMaxRecordSize;
    type Input = UpdateMaxRecordSizeInput;
    type Target = FoundByArn;
    type Output = OutputOf<Self>;
    type Error = ChangeError;

    async fn handle(engine: Arc<Engine>, request: Request<Self>) -> Result<(), ChangeError> {
        let (FoundByArn(stream), input) = request.into_parts();
        let kib = u32::try_from(input.max_record_size_in_kib);
        let set = SetRecordLimit {
            stream: stream.id,
            kib_max: kib.unwrap_or(limits::RECORD_KIB_DEFAULT),
            transition_ms: engine.settings().transition_ms(),
        };
        engine
            .change(&stream, Command::SetRecordLimit(set))
            .await
            .map(drop)
    }
}
