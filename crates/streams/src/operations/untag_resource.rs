//! UntagResource: removes tags of a stream or a consumer; missing ones are ignored.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UntagResource.html>

use super::{Engine, Handler, OutputOf, Request, tags};
use crate::catalog::{ChangeTags, Command};
use crate::facts::TagResourceError;
use crate::target::{FoundResource, Needs};
use millstream_protocol::operations::UntagResourceInput;
use std::collections::BTreeMap;
use std::sync::Arc;

/// UntagResource.
pub struct UntagResource;

impl Handler for UntagResource {
    type Operation = millstream_protocol::operations::UntagResource;
    type Input = UntagResourceInput;
    type Target = FoundResource;
    type Output = OutputOf<Self>;
    type Error = TagResourceError;

    async fn handle(engine: Arc<Engine>, request: Request<Self>) -> Result<(), TagResourceError> {
        let (found, input) = request.into_parts();
        found.check_status(Needs::Settled, engine.clock().now())?;
        tags::check_tag_keys(&input.tag_keys, &found.label())?;
        let change = ChangeTags {
            stream: found.stream().id,
            consumer: found.consumer_key(),
            set: BTreeMap::new(),
            removed: input.tag_keys.into_iter().collect(),
        };
        engine
            .change(found.stream(), Command::ChangeTags(change))
            .await?;
        Ok(())
    }
}
