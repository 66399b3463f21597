//! ListShards: shards by id, all or those that match a filter.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListShards.html>

use super::{Engine, Handler, OutputOf, Request, paging};
use crate::catalog::{Shard, Stream};
use crate::facts::{
    FilterMember, ListError, ListMember, ListShardsError, PositionError, ShardError, TokenError,
};
use crate::target::{FoundStream, Lacking, Named, Needs, StreamRef, Target, scope_of};
use crate::token::Kind;
use crate::views;
use millstream_auth::{Across, Principal, Resource, Subject};
use millstream_env::Timestamp;
use millstream_model::{ShardId, StreamName};
use millstream_protocol::operations::{ListShardsInput, ListShardsOutput};
use millstream_protocol::types::{ShardFilter, ShardFilterType};
use minicbor::{Decode, Encode};
use std::sync::Arc;

/// Default and maximum number of shards per page, on every page. A request may ask for ten times as
/// many; it gets this many, as AWS documents it.
const PAGE_SHARDS: usize = 1_000;

/// ListShards.
pub struct ListShards;

/// Which shards are listed, and where the page starts.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Listing {
    #[n(0)]
    stream: u64,
    #[n(1)]
    name: String,
    #[n(2)]
    after: Option<u32>,
    #[n(3)]
    which: Which,
}

/// A filter, with its times resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
enum Which {
    /// All that still have records, or may get some.
    #[n(0)]
    All,
    /// Those that are open.
    #[n(1)]
    Open,
    /// Those that were open at a time.
    #[n(2)]
    OpenAt(#[n(0)] u64),
    /// Those that were open at a time or later.
    #[n(3)]
    OpenSince(#[n(0)] u64),
}

impl Handler for ListShards {
    type Operation = millstream_protocol::operations::ListShards;
    type Input = ListShardsInput;
    type Target = Listed;
    type Output = OutputOf<Self>;
    type Error = ListShardsError;

    async fn handle(
        engine: Arc<Engine>,
        request: Request<Self>,
    ) -> Result<ListShardsOutput, ListShardsError> {
        let scope = scope_of(request.principal());
        let (listed, input) = request.into_parts();
        let (stream, mut listing) = match listed {
            Listed::First(stream) => {
                paging::check_creation(&stream, input.stream_creation_timestamp)?;
                Needs::Settled.check(&stream, engine.clock().now())?;
                let listing = beginning(&engine, &stream, &input)?;
                (stream, listing)
            }
            Listed::Next(opened) => {
                check_beside_token(&input)?;
                let (stream, listing) = opened.map_err(Lacking::into_why)?;
                Needs::Settled.check(&stream, engine.clock().now())?;
                (stream, listing)
            }
        };
        let page = paging::page_size(input.max_results, PAGE_SHARDS);
        let rest = stream
            .shards
            .all()
            .iter()
            .filter(|shard| listing.has(shard));
        let mut shards: Vec<&Shard> = rest.take(page + 1).collect();
        let has_more = shards.len() > page;
        shards.truncate(page);
        listing.after = shards.last().map(|shard| shard.index).or(listing.after);
        let next_token = has_more.then(|| engine.tokens().seal(Kind::ListShards, &scope, &listing));
        let shards = shards.into_iter().map(views::shard).collect();
        Ok(ListShardsOutput {
            shards: Some(shards),
            next_token,
        })
    }
}

impl Listing {
    fn has(&self, shard: &Shard) -> bool {
        let closed = shard.closed.map(|closed| closed.at.0);
        Some(shard.index) > self.after
            && match self.which {
                Which::All => true,
                Which::Open => closed.is_none(),
                Which::OpenAt(at) => shard.opened.0 <= at && closed.is_none_or(|end| end >= at),
                Which::OpenSince(at) => closed.is_none_or(|end| end >= at),
            }
    }
}

/// What is listed.
#[derive(Debug)]
pub enum Listed {
    /// A stream, from its first page.
    First(FoundStream),
    /// A token's content, with its stream. Members that may not accompany a token are reported
    /// before anything that is wrong with it.
    Next(Result<(FoundStream, Listing), Lacking<ListShardsError>>),
}

impl Target for Listed {
    type Error = ListShardsError;

    fn find(
        engine: &Engine,
        principal: &Principal,
        named: Named<'_>,
    ) -> Result<Self, Lacking<ListShardsError>> {
        if let Some(token) = named.next_token {
            return Ok(Self::Next(going_on(engine, principal, named.across, token)));
        }
        if named.stream_name.is_none() && named.stream_arn.is_none() {
            return Err(Lacking::nothing(ListError::NothingNamed));
        }
        let stream = FoundStream::find(engine, principal, named);
        stream.map(Self::First).map_err(Lacking::widen)
    }

    fn resource(&self) -> Resource<'_> {
        match self {
            Self::First(stream) | Self::Next(Ok((stream, _))) => stream.resource(),
            Self::Next(Err(lacking)) => lacking.resource(),
        }
    }

    fn subject(&self) -> Subject<'_> {
        match self {
            Self::First(stream) | Self::Next(Ok((stream, _))) => stream.subject(),
            Self::Next(Err(lacking)) => lacking.subject(),
        }
    }
}

/// The first page.
fn beginning(
    engine: &Engine,
    stream: &Stream,
    input: &ListShardsInput,
) -> Result<Listing, ListShardsError> {
    let (filter_after, which) = filter(engine, stream, input.shard_filter.as_ref())?;
    let start = input.exclusive_start_shard_id.as_deref();
    let start = start.map(|text| shard_index(stream, text)).transpose()?;
    Ok(Listing {
        stream: stream.id,
        name: stream.name.to_string(),
        after: start.max(filter_after),
        which,
    })
}

/// The token determines the stream and where to go on: AWS rejects whatever else says it.
fn check_beside_token(input: &ListShardsInput) -> Result<(), ListError> {
    if input.stream_name.is_some() {
        return Err(ListError::TokenAnd(ListMember::StreamName));
    }
    if input.stream_arn.is_some() {
        return Err(ListError::TokenAnd(ListMember::StreamArn));
    }
    if input.exclusive_start_shard_id.is_some() {
        return Err(ListError::TokenAnd(ListMember::ExclusiveStartShardId));
    }
    if input.stream_creation_timestamp.is_some() {
        return Err(ListError::TokenAnd(ListMember::StreamCreationTimestamp));
    }
    Ok(())
}

/// A later page.
fn going_on(
    engine: &Engine,
    principal: &Principal,
    across: Across,
    token: &str,
) -> Result<(FoundStream, Listing), Lacking<ListShardsError>> {
    let scope = scope_of(principal);
    let listing = engine
        .tokens()
        .open_next::<Listing>(Kind::ListShards, &scope, token);
    let listing = listing.map_err(Lacking::nothing)?;
    let name = StreamName::parse(&listing.name);
    let name = name.map_err(|_| Lacking::nothing(TokenError::NoNextToken))?;
    // A token is its caller's own, and may be about a stream of another account, which it cannot
    // be accompanied by the ARN of.
    let state = engine.state();
    if across == Across::ByPolicy
        && let Some(stream) = state.stream_by_id(listing.stream)
        && stream.scope.region == scope.region
    {
        return Ok((Arc::clone(stream), listing));
    }
    let meant = StreamRef::own(scope, name);
    let stream = meant.find_in(&state).map_err(Lacking::widen)?;
    if stream.id == listing.stream {
        Ok((stream, listing))
    } else {
        Err(Lacking::stream(meant.arn(), TokenError::NoNextToken))
    }
}

fn filter(
    engine: &Engine,
    stream: &Stream,
    filter: Option<&ShardFilter>,
) -> Result<(Option<u32>, Which), ListShardsError> {
    let Some(filter) = filter else {
        return Ok((None, Which::All));
    };
    let kind = filter.r#type;
    let needs = |member| ListError::FilterNeeds { kind, member };
    let now = engine.clock().now();
    let horizon = engine.horizons().cutoff(stream);
    check_members(filter)?;
    let time = || match filter.timestamp {
        None => Err(ListShardsError::from(needs(FilterMember::Timestamp))),
        Some(time) if time.0 > now.0 as i64 => {
            let (given, latest) = (Timestamp(time.0 as u64), now);
            Err(PositionError::MomentInFuture { given, latest }.into())
        }
        // Nothing is before the trim horizon: what was open there counts.
        Some(time) => Ok(Timestamp(u64::try_from(time.0).unwrap_or(0)).max(horizon)),
    };
    // Nor was there anything before the stream.
    let existing = |time: Timestamp| time.max(stream.created).0;
    Ok(match kind {
        ShardFilterType::AfterShardId => {
            let text = filter.shard_id.as_deref();
            let text = text.ok_or_else(|| needs(FilterMember::ShardId))?;
            (Some(shard_index(stream, text)?), Which::All)
        }
        ShardFilterType::AtTrimHorizon => (None, Which::OpenAt(existing(horizon))),
        ShardFilterType::FromTrimHorizon => (None, Which::OpenSince(existing(horizon))),
        ShardFilterType::AtLatest => (None, Which::Open),
        ShardFilterType::AtTimestamp => (None, Which::OpenAt(existing(time()?))),
        ShardFilterType::FromTimestamp => (None, Which::OpenSince(existing(time()?))),
    })
}

fn check_members(filter: &ShardFilter) -> Result<(), ListError> {
    let kind = filter.r#type;
    let takes_no = |member| Err(ListError::FilterTakesNo { kind, member });
    let takes_shard = kind == ShardFilterType::AfterShardId;
    let takes_time = matches!(
        kind,
        ShardFilterType::AtTimestamp | ShardFilterType::FromTimestamp
    );
    if filter.shard_id.is_some() && !takes_shard {
        return takes_no(FilterMember::ShardId);
    }
    if filter.timestamp.is_some() && !takes_time {
        return takes_no(FilterMember::Timestamp);
    }
    Ok(())
}

fn shard_index(stream: &Stream, text: &str) -> Result<u32, ShardError> {
    let id = ShardId::parse(text).map_err(|_| ShardError::NoId {
        id: text.to_owned(),
        stream: stream.label(),
    })?;
    Ok(id.index())
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_pages::cbor::{Page, encoded};

    #[test]
    fn next_token_when_held_against_its_page_then_fits() {
        let mut page = Page::new(include_str!("../../../../docs/formats/tokens.md"));
        let which = Which::OpenSince(4);
        let listing = Listing {
            stream: 1,
            name: "orders".to_owned(),
            after: Some(2),
            which,
        };
        let expected = [
            ("stream", 1.into()),
            ("name", "orders".into()),
            ("after", 2.into()),
            ("which", encoded(&which)),
        ];
        page.check_fields("ListShards", &encoded(&listing), &expected);
        let cases = [
            ("All", encoded(&Which::All)),
            ("Open", encoded(&Which::Open)),
            ("OpenAt", encoded(&Which::OpenAt(5))),
            ("OpenSince", encoded(&which)),
        ];
        page.check_cases("Which", &cases);
    }
}
