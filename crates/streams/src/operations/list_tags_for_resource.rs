//! ListTagsForResource: all tags of a stream or a consumer, by key.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListTagsForResource.html>

use super::{Engine, Handler, OutputOf, Request, tags};
use crate::facts::FindResourceError;
use crate::target::{FoundResource, Needs};
use millstream_protocol::operations::{ListTagsForResourceInput, ListTagsForResourceOutput};
use std::sync::Arc;

/// ListTagsForResource.
pub struct ListTagsForResource;

impl Handler for ListTagsForResource {
    type Operation = millstream_protocol::operations::ListTagsForResource;
    type Input = ListTagsForResourceInput;
    type Target = FoundResource;
    type Output = OutputOf<Self>;
    type Error = FindResourceError;

    async fn handle(
        engine: Arc<Engine>,
        request: Request<Self>,
    ) -> Result<ListTagsForResourceOutput, FindResourceError> {
        let (found, _) = request.into_parts();
        found.check_status(Needs::Settled, engine.clock().now())?;
        let listed = found.tags().iter().map(tags::listed).collect();
        Ok(ListTagsForResourceOutput { tags: Some(listed) })
    }
}
