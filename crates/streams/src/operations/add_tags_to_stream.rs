//! AddTagsToStream: sets tags, up to fifty per stream.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_AddTagsToStream.html>

use super::{Engine, Handler, OutputOf, Request, tags};
use crate::catalog::{ChangeTags, Command};
use crate::facts::TagStreamError;
use crate::target::{FoundStream, Needs};
use millstream_protocol::operations::AddTagsToStreamInput;
use std::collections::BTreeSet;
use std::sync::Arc;

/// AddTagsToStream.
pub struct AddTagsToStream;

impl Handler for AddTagsToStream {
    type Operation = millstream_protocol::operations::AddTagsToStream;
    type Input = AddTagsToStreamInput;
    type Target = FoundStream;
    type Output = OutputOf<Self>;
    type Error = TagStreamError;

    async fn handle(engine: Arc<Engine>, request: Request<Self>) -> Result<(), TagStreamError> {
        let (stream, input) = request.into_parts();
        Needs::Settled.check(&stream, engine.clock().now())?;
        tags::check_new_tags(&input.tags, &stream.label().into())?;
        let change = ChangeTags {
            stream: stream.id,
            consumer: None,
            set: input.tags,
            removed: BTreeSet::new(),
        };
        engine.change(&stream, Command::ChangeTags(change)).await?;
        Ok(())
    }
}
