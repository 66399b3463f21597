//! AddTagsToStream: tags are set, up to fifty a stream.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_AddTagsToStream.html>

use super::{Engine, Handler, OutputOf, Request, shared};
use crate::catalog::{ChangeTags, Command};
use crate::facts::TagStreamError;
use crate::target::Target;
use std::collections::BTreeSet;
use std::sync::Arc;
use wire::operations::AddTagsToStreamInput;

/// AddTagsToStream.
pub struct AddTagsToStream;

impl Handler for AddTagsToStream {
    type Operation = wire::operations::AddTagsToStream;
    type Input = AddTagsToStreamInput;
    type Output = OutputOf<Self>;
    type Error = TagStreamError;

    async fn handle(engine: Arc<Engine>, request: Request<Self>) -> Result<(), TagStreamError> {
        let (principal, input) = request.into_parts();
        let target = Target::new(
            &principal,
            input.stream_name.as_deref(),
            input.stream_arn.as_deref(),
        )?;
        shared::check_new_tags(&input.tags, &target.label())?;
        let stream = engine.find(&target)?;
        let change = ChangeTags {
            stream: stream.id,
            set: input.tags,
            removed: BTreeSet::new(),
        };
        engine.change(&stream, Command::ChangeTags(change)).await?;
        Ok(())
    }
}
