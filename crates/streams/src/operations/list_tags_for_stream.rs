//! ListTagsForStream: tags by key.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListTagsForStream.html>

use super::{Engine, Handler, OutputOf, Request, paging, tags};
use crate::facts::StreamError;
use crate::target::FoundStream;
use millstream_model::limits;
use millstream_protocol::operations::{ListTagsForStreamInput, ListTagsForStreamOutput};
use millstream_protocol::types::Tag;
use std::sync::Arc;

/// ListTagsForStream.
pub struct ListTagsForStream;

impl Handler for ListTagsForStream {
    type Operation = millstream_protocol::operations::ListTagsForStream;
    type Input = ListTagsForStreamInput;
    type Target = FoundStream;
    type Output = OutputOf<Self>;
    type Error = StreamError;

    async fn handle(
        _: Arc<Engine>,
        request: Request<Self>,
    ) -> Result<ListTagsForStreamOutput, StreamError> {
        let (stream, input) = request.into_parts();
        let after = input.exclusive_start_tag_key;
        let rest = stream
            .tags
            .iter()
            .filter(|(key, _)| Some(*key) > after.as_ref());
        let rest: Vec<Tag> = rest.map(tags::listed).collect();
        let page = paging::page_size(input.limit, limits::TAGS_MAX).min(rest.len());
        let has_more_tags = page < rest.len();
        Ok(ListTagsForStreamOutput {
            tags: rest.into_iter().take(page).collect(),
            has_more_tags,
        })
    }
}
