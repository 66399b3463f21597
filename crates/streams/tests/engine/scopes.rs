//! Streams of different accounts or regions never meet.

use super::world::{Caller, Start, World, message, text};
use millstream_protocol::ErrorCode;
use millstream_protocol::operations::{
    AddTagsToStreamInput, DeleteStreamInput, DescribeLimitsInput, DescribeStreamSummaryInput,
    EnableEnhancedMonitoringInput, ListShardsInput, ListStreamsInput, RegisterStreamConsumerInput,
};
use millstream_protocol::types::MetricsName;
use millstream_streams::Settings;
use millstream_streams::operations::{
    AddTagsToStream, DeleteStream, DescribeLimits, DescribeStreamSummary, EnableEnhancedMonitoring,
    ListShards, ListStreams, RegisterStreamConsumer,
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
async fn stream_when_made_anew_then_old_iterators_read_it_and_old_numbers_are_foreign() {
    let world = World::without_limits();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    let number = caller.put("s", "k", "old").await.unwrap().sequence_number;
    let iterator = caller.iterator("s", "0", Start::Horizon).await.unwrap();
    let delete = millstream_protocol::operations::DeleteStreamInput {
        stream_name: Some("s".to_owned()),
        ..Default::default()
    };
    caller
        .call::<millstream_streams::operations::DeleteStream>(delete)
        .await
        .unwrap();
    assert_eq!(
        caller.get(&iterator).await.unwrap_err().code,
        ErrorCode::ResourceNotFoundException
    );
    caller.create("s", 1).await.unwrap();
    let new = caller.put("s", "k", "new").await.unwrap().sequence_number;
    assert!(new > number, "also within the same second");
    let read = caller.get(&iterator).await.unwrap();
    assert_eq!(read.records.iter().map(text).collect::<String>(), "new");
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

#[tokio::test]
async fn stream_when_on_its_way_out_then_takes_no_consumers_tags_or_metrics() {
    let transition_time = std::time::Duration::from_secs(2);
    let world = World::new(Settings {
        transition_time,
        ..Settings::default()
    });
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    let name = Some("s".to_owned());
    let delete = DeleteStreamInput {
        stream_name: name.clone(),
        ..Default::default()
    };
    caller.call::<DeleteStream>(delete).await.unwrap();
    let register = RegisterStreamConsumerInput {
        stream_arn: "arn:aws:kinesis:us-east-1:111111111111:stream/s".to_owned(),
        consumer_name: "c".to_owned(),
        ..Default::default()
    };
    let tags = [("a".to_owned(), "b".to_owned())].into();
    let tags = AddTagsToStreamInput {
        stream_name: name.clone(),
        tags,
        ..Default::default()
    };
    let metrics = EnableEnhancedMonitoringInput {
        stream_name: name,
        shard_level_metrics: vec![MetricsName::All],
        ..Default::default()
    };
    let registered = caller.call::<RegisterStreamConsumer>(register).await;
    let monitored = caller.call::<EnableEnhancedMonitoring>(metrics).await;
    let unready = "not ACTIVE or UPDATING, instead in state DELETING";
    for (refused, text) in [
        (registered.map(drop), unready),
        (caller.call::<AddTagsToStream>(tags).await, unready),
        (monitored.map(drop), "not ACTIVE, instead in state DELETING"),
    ] {
        let error = refused.unwrap_err();
        assert_eq!(error.code, ErrorCode::ResourceInUseException);
        assert!(message(&error).ends_with(text), "{error}");
    }
}
