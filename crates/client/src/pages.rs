//! Lists that come in pages.

use crate::{Call, Client, Error};
use millstream_protocol::operations::*;
use millstream_protocol::types::{Consumer, Shard, Tag};
use millstream_protocol::{Encode, Operation, Protocol};

/// An operation whose output is a page of a list.
pub trait Paginated: Operation<Input: Sync> {
    /// What is listed.
    type Item: Send;
    /// Makes `input` ask for the page after `output`; `false` if that was the last.
    fn advance(input: &mut Self::Input, output: &Self::Output) -> bool;
    /// The items of a page.
    fn items(output: Self::Output) -> Vec<Self::Item>;
}

/// The pages of a list, from the first.
#[derive(Debug)]
pub struct Pages<O: Paginated> {
    client: Client,
    /// The input of the next page; `None` after the last.
    input: Option<O::Input>,
}

impl<O: Paginated> Call<O> {
    /// The pages, beginning with the one that the call asks for.
    pub fn pages(self) -> Pages<O> {
        let (client, input) = self.into_parts();
        Pages {
            client,
            input: Some(input),
        }
    }
}

impl<O: Paginated> Pages<O> {
    /// The next page; `None` after the last. After an error the same page is asked for again.
    ///
    /// # Errors
    /// As the call's.
    pub async fn next(&mut self) -> Result<Option<O::Output>, Error> {
        let Some(input) = &mut self.input else {
            return Ok(None);
        };
        let page = self.client.call_with_retries::<O>(input).await?;
        let asked = request(input);
        if !O::advance(input, &page) {
            self.input = None;
        } else if request(input) == asked {
            self.input = None;
            let text = "the service names the page before as the next";
            return Err(Error::Transport(text.to_owned()));
        }
        Ok(Some(page))
    }

    /// The items of all pages that are left.
    ///
    /// # Errors
    /// The first page's that failed.
    pub async fn all(mut self) -> Result<Vec<O::Item>, Error> {
        let mut items = Vec::new();
        while let Some(page) = self.next().await? {
            items.extend(O::items(page));
        }
        Ok(items)
    }
}

fn request(input: &impl Encode) -> Vec<u8> {
    let mut request = Vec::new();
    millstream_protocol::encode_request(Protocol::Json, input, &mut request);
    request
}

impl Paginated for ListStreams {
    type Item = String;

    fn advance(input: &mut ListStreamsInput, output: &ListStreamsOutput) -> bool {
        if !output.has_more_streams {
            return false;
        }
        // Servers older than the token continue after a name.
        input.next_token.clone_from(&output.next_token);
        input.exclusive_start_stream_name = match output.next_token {
            Some(_) => None,
            None => output.stream_names.last().cloned(),
        };
        input.next_token.is_some() || input.exclusive_start_stream_name.is_some()
    }

    fn items(output: ListStreamsOutput) -> Vec<String> {
        output.stream_names
    }
}

impl Paginated for ListShards {
    type Item = Shard;

    /// A token stands for the stream and the filter, and is accepted beside neither.
    fn advance(input: &mut ListShardsInput, output: &ListShardsOutput) -> bool {
        let Some(token) = &output.next_token else {
            return false;
        };
        *input = ListShardsInput {
            next_token: Some(token.clone()),
            max_results: input.max_results,
            ..Default::default()
        };
        true
    }

    fn items(output: ListShardsOutput) -> Vec<Shard> {
        output.shards.unwrap_or_default()
    }
}

impl Paginated for ListStreamConsumers {
    type Item = Consumer;

    fn advance(input: &mut ListStreamConsumersInput, output: &ListStreamConsumersOutput) -> bool {
        input.next_token.clone_from(&output.next_token);
        // A token is not accepted beside it.
        input.stream_creation_timestamp = None;
        input.next_token.is_some()
    }

    fn items(output: ListStreamConsumersOutput) -> Vec<Consumer> {
        output.consumers.unwrap_or_default()
    }
}

impl Paginated for DescribeStream {
    type Item = Shard;

    fn advance(input: &mut DescribeStreamInput, output: &DescribeStreamOutput) -> bool {
        let description = &output.stream_description;
        let last = description.shards.last();
        input.exclusive_start_shard_id = last.map(|shard| shard.shard_id.clone());
        description.has_more_shards && last.is_some()
    }

    fn items(output: DescribeStreamOutput) -> Vec<Shard> {
        output.stream_description.shards
    }
}

impl Paginated for ListTagsForStream {
    type Item = Tag;

    fn advance(input: &mut ListTagsForStreamInput, output: &ListTagsForStreamOutput) -> bool {
        let last = output.tags.last();
        input.exclusive_start_tag_key = last.map(|tag| tag.key.clone());
        output.has_more_tags && last.is_some()
    }

    fn items(output: ListTagsForStreamOutput) -> Vec<Tag> {
        output.tags
    }
}
