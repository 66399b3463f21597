//! Streams of different accounts or regions never meet.

use crate::world::{Caller, Start, World, message};
use engine::operations::{DescribeLimits, DescribeStreamSummary, ListShards, ListStreams};
use wire::ErrorCode;
use wire::operations::{
    DescribeLimitsInput, DescribeStreamSummaryInput, ListShardsInput, ListStreamsInput,
};

#[tokio::test]
async fn streams_when_of_another_account_or_region_then_cannot_be_reached_in_any_way() {
    let world = World::without_limits();
    let owner = world.open().await;
    owner.create("s", 2).await.unwrap();
    owner.create("t", 1).await.unwrap();
    owner.put("s", "k", "secret").await.unwrap();
    let iterator = owner.iterator("s", "0", Start::Horizon).await.unwrap();
    let paged = ListShardsInput {
        stream_name: Some("s".to_owned()),
        max_results: Some(1),
        ..ListShardsInput::default()
    };
    let token = owner.call::<ListShards>(paged).await.unwrap().next_token;
    let page = ListStreamsInput {
        limit: Some(1),
        ..ListStreamsInput::default()
    };
    let names = owner.call::<ListStreams>(page).await.unwrap();
    assert!(names.has_more_streams);
    for other in [
        owner.of("222222222222", "us-east-1"),
        owner.of("111111111111", "eu-west-1"),
    ] {
        let put = other.put("s", "k", "x").await.unwrap_err();
        assert_eq!(put.code, ErrorCode::ResourceNotFoundException);
        check_arn(&other).await;
        let stolen = other.get(&iterator).await.unwrap_err();
        assert_eq!(message(&stolen), "Invalid ShardIterator.");
        let more = ListShardsInput {
            next_token: token.clone(),
            ..ListShardsInput::default()
        };
        assert_eq!(
            message(&other.call::<ListShards>(more).await.unwrap_err()),
            "Invalid NextToken."
        );
        let more = ListStreamsInput {
            next_token: names.next_token.clone(),
            ..ListStreamsInput::default()
        };
        assert_eq!(
            message(&other.call::<ListStreams>(more).await.unwrap_err()),
            "Invalid NextToken."
        );
        check_lists_and_counts(&other).await;
        // The same name is free there, and stays apart.
        other.create("s", 1).await.unwrap();
        other.put("s", "k", "own").await.unwrap();
        assert_eq!(other.read_all("s").await, ["own"]);
        // Its iterator's stream is another one, though of the same name.
        assert_eq!(
            message(&other.get(&iterator).await.unwrap_err()),
            "Invalid ShardIterator."
        );
    }
    assert_eq!(owner.read_all("s").await, ["secret"]);
    let limits = owner
        .call::<DescribeLimits>(DescribeLimitsInput {})
        .await
        .unwrap();
    assert_eq!(limits.open_shard_count, 3);
}

async fn check_arn(other: &Caller) {
    let input = DescribeStreamSummaryInput {
        stream_arn: Some("arn:aws:kinesis:us-east-1:111111111111:stream/s".to_owned()),
        ..DescribeStreamSummaryInput::default()
    };
    let error = other
        .call::<DescribeStreamSummary>(input)
        .await
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::ResourceNotFoundException);
    assert_eq!(
        message(&error),
        "Stream s under account 111111111111 not found."
    );
}

async fn check_lists_and_counts(other: &Caller) {
    let all = other
        .call::<ListStreams>(ListStreamsInput::default())
        .await
        .unwrap();
    assert!(all.stream_names.is_empty());
    let limits = other
        .call::<DescribeLimits>(DescribeLimitsInput {})
        .await
        .unwrap();
    assert_eq!(limits.open_shard_count, 0);
}

#[tokio::test]
async fn stream_when_made_anew_under_its_name_then_old_iterators_do_not_reach_it() {
    let world = World::without_limits();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    let number = caller.put("s", "k", "old").await.unwrap().sequence_number;
    let iterator = caller.iterator("s", "0", Start::Horizon).await.unwrap();
    let delete = wire::operations::DeleteStreamInput {
        stream_name: Some("s".to_owned()),
        ..Default::default()
    };
    caller
        .call::<engine::operations::DeleteStream>(delete)
        .await
        .unwrap();
    assert_eq!(
        caller.get(&iterator).await.unwrap_err().code,
        ErrorCode::ResourceNotFoundException
    );
    caller.create("s", 1).await.unwrap();
    let new = caller.put("s", "k", "new").await.unwrap().sequence_number;
    assert!(new > number, "also within the same second");
    assert_eq!(
        caller.get(&iterator).await.unwrap_err().code,
        ErrorCode::ResourceNotFoundException
    );
    let error = caller
        .iterator("s", "0", Start::At(&number))
        .await
        .unwrap_err();
    assert!(
        message(&error).contains("did not come from this stream"),
        "{error}"
    );
    assert_eq!(caller.read_all("s").await, ["new"]);
}
