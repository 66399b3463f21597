//! TagResource: sets tags of a stream or a consumer, up to fifty.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_TagResource.html>

use super::{Engine, Handler, OutputOf, Request, tags};
use crate::catalog::{ChangeTags, Command};
use crate::facts::TagResourceError;
use crate::target::{FoundResource, Needs};
use millstream_protocol::operations::TagResourceInput;
use std::collections::BTreeSet;
use std::sync::Arc;

/// TagResource.
pub struct TagResource;

impl Handler for TagResource {
    type Operation = millstream_protocol::operations::TagResource;
    type Input = TagResourceInput;
    type Target = FoundResource;
    type Output = OutputOf<Self>;
    type Error = TagResourceError;

    async fn handle(engine: Arc<Engine>, request: Request<Self>) -> Result<(), TagResourceError> {
        let (found, input) = request.into_parts();
        found.check_status(Needs::Settled, engine.clock().now())?;
        tags::check_new_tags(&input.tags, &found.label())?;
        let change = ChangeTags {
            stream: found.stream().id,
            consumer: found.consumer_key(),
            set: input.tags,
            removed: BTreeSet::new(),
        };
        engine
            .change(found.stream(), Command::ChangeTags(change))
            .await?;
        Ok(())
    }
}
