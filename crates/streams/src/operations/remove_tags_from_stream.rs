//! RemoveTagsFromStream: removes tags; missing ones are ignored.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_RemoveTagsFromStream.html>

use super::{Engine, Handler, OutputOf, Request, tags};
use crate::catalog::{ChangeTags, Command};
use crate::facts::TagStreamError;
use crate::target::{FoundStream, Needs};
use millstream_protocol::operations::RemoveTagsFromStreamInput;
use std::collections::BTreeMap;
use std::sync::Arc;

/// RemoveTagsFromStream.
pub struct RemoveTagsFromStream;

impl Handler for RemoveTagsFromStream {
    type Operation = millstream_protocol::operations::RemoveTagsFromStream;
    type Input = RemoveTagsFromStreamInput;
    type Target = FoundStream;
    type Output = OutputOf<Self>;
    type Error = TagStreamError;

    async fn handle(engine: Arc<Engine>, request: Request<Self>) -> Result<(), TagStreamError> {
        let (stream, input) = request.into_parts();
        Needs::Settled.check(&stream, engine.clock().now())?;
        tags::check_tag_keys(&input.tag_keys, &stream.label().into())?;
        let removed = input.tag_keys.into_iter().collect();
        let change = ChangeTags {
            stream: stream.id,
            consumer: None,
            set: BTreeMap::new(),
            removed,
        };
        engine.change(&stream, Command::ChangeTags(change)).await?;
        Ok(())
    }
}
