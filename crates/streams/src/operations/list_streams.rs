//! ListStreams: the names of an account and region, in order.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListStreams.html>

use super::{Engine, Handler, OutputOf, Request, paging};
use crate::catalog::{Scope, Stream};
use crate::facts::TokenError;
use crate::token::Kind;
use crate::views;
use millstream_protocol::operations::{ListStreamsInput, ListStreamsOutput};
use millstream_protocol::types::StreamSummary;
use std::sync::Arc;

/// Default and maximum number of streams in a response.
const PAGE_STREAMS: usize = 100;

/// ListStreams.
pub struct ListStreams;

impl Handler for ListStreams {
    type Operation = millstream_protocol::operations::ListStreams;
    type Input = ListStreamsInput;
    type Target = Scope;
    type Output = OutputOf<Self>;
    type Error = TokenError;

    /// If both are given, NextToken wins: botocore's paginator repeats the first page's
    /// ExclusiveStartStreamName.
    async fn handle(
        engine: Arc<Engine>,
        request: Request<Self>,
    ) -> Result<ListStreamsOutput, TokenError> {
        let (scope, input) = request.into_parts();
        let after: Option<String> = match &input.next_token {
            Some(token) => Some(
                engine
                    .tokens()
                    .open_next(Kind::ListStreams, &scope, token)?,
            ),
            None => input.exclusive_start_stream_name,
        };
        let state = engine.state().clone();
        // No name is empty, so all names sort after it.
        let after = after.unwrap_or_default();
        let mut rest = state.streams_after(&scope, &after).peekable();
        let page: Vec<&Arc<Stream>> = rest
            .by_ref()
            .take(paging::page_size(input.limit, PAGE_STREAMS))
            .collect();
        let has_more = rest.peek().is_some();
        let last = page
            .last()
            .filter(|_| has_more)
            .map(|stream| stream.name.to_string());
        let now = engine.clock().now();
        let summary = |stream: &&Arc<Stream>| StreamSummary {
            stream_name: stream.name.to_string(),
            stream_arn: stream.arn().to_string(),
            stream_status: views::status(stream.status_at(now)),
            stream_mode_details: Some(views::mode(stream.mode)),
            stream_creation_timestamp: Some(views::timestamp(stream.created)),
        };
        Ok(ListStreamsOutput {
            stream_names: page.iter().map(|stream| stream.name.to_string()).collect(),
            has_more_streams: has_more,
            next_token: last.map(|last| engine.tokens().seal(Kind::ListStreams, &scope, &last)),
            stream_summaries: Some(page.iter().map(summary).collect()),
        })
    }
}
