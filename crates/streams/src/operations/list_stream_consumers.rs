//! ListStreamConsumers: a stream's consumers, by name.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListStreamConsumers.html>

use super::{Engine, Handler, OutputOf, Request, paging};
use crate::catalog::Consumer;
use crate::facts::{ListConsumersError, ListError, ListMember, TokenError};
use crate::target::{FoundStream, Needs};
use crate::token::Kind;
use crate::views;
use millstream_protocol::operations::{ListStreamConsumersInput, ListStreamConsumersOutput};
use minicbor::{Decode, Encode};
use std::sync::Arc;

/// Default and maximum number of consumers in a response.
const PAGE_CONSUMERS: usize = 100;

/// ListStreamConsumers.
pub struct ListStreamConsumers;

/// Where to continue.
#[derive(Clone, Debug, Encode, Decode)]
struct Continuation {
    #[n(0)]
    stream: u64,
    #[n(1)]
    after: String,
}

impl Handler for ListStreamConsumers {
    type Operation = millstream_protocol::operations::ListStreamConsumers;
    type Input = ListStreamConsumersInput;
    type Target = FoundStream;
    type Output = OutputOf<Self>;
    type Error = ListConsumersError;

    async fn handle(
        engine: Arc<Engine>,
        request: Request<Self>,
    ) -> Result<ListStreamConsumersOutput, ListConsumersError> {
        let (stream, input) = request.into_parts();
        let token = input.next_token.as_deref();
        if token.is_some() && input.stream_creation_timestamp.is_some() {
            return Err(ListError::TokenAnd(ListMember::StreamCreationTimestamp).into());
        }
        paging::check_creation(&stream, input.stream_creation_timestamp)?;
        Needs::Settled.check(&stream, engine.clock().now())?;
        let from = token
            .map(|token| {
                engine.tokens().open_next::<Continuation>(
                    Kind::ListStreamConsumers,
                    &stream.scope,
                    token,
                )
            })
            .transpose()?;
        if from.as_ref().is_some_and(|from| from.stream != stream.id) {
            return Err(TokenError::NoNextToken.into());
        }
        let now = engine.clock().now();
        let is_after = |consumer: &&Consumer| {
            from.as_ref()
                .is_none_or(|from| consumer.name.as_str() > from.after.as_str())
        };
        let mut rest = stream.consumers_at(now).filter(is_after).peekable();
        let page: Vec<&Consumer> = rest
            .by_ref()
            .take(paging::page_size(input.max_results, PAGE_CONSUMERS))
            .collect();
        let last = page.last().filter(|_| rest.peek().is_some());
        let next_token = last.map(|last| {
            let next = Continuation {
                stream: stream.id,
                after: last.name.to_string(),
            };
            engine
                .tokens()
                .seal(Kind::ListStreamConsumers, &stream.scope, &next)
        });
        let consumers = page
            .iter()
            .map(|c| views::consumer(&stream, c, now))
            .collect();
        Ok(ListStreamConsumersOutput {
            consumers: Some(consumers),
            next_token,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_pages::cbor::{Page, encoded};

    #[test]
    fn next_token_when_held_against_its_page_then_fits() {
        let mut page = Page::new(include_str!("../../../../docs/formats/tokens.md"));
        let next = Continuation {
            stream: 1,
            after: "reader".to_owned(),
        };
        let expected = [("stream", 1.into()), ("after", "reader".into())];
        page.check_fields("ListStreamConsumers", &encoded(&next), &expected);
    }
}
