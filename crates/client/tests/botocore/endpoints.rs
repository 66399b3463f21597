//! Endpoints and regions, compared with botocore's for every region, variant, operation and ARN.

use millstream_client::endpoint::{AccountIdMode, Endpoint, EndpointError, EndpointParams};
use millstream_client::regions::{Region, regions};
use millstream_pages::ask_botocore::ask;
use millstream_protocol::operations::{DescribeStreamConsumerInput, ListTagsForResourceInput};
use serde_json::{Value, json};

const PROGRAM: &str = include_str!("endpoints.py");

/// Resolves a case's parameters as we do.
fn resolve(operation: &str, params: &Value) -> Value {
    let text = |name: &str| params[name].as_str();
    let is_set = |name: &str| params[name].as_bool().unwrap_or_default();
    let params = EndpointParams {
        region: text("Region"),
        use_fips: is_set("UseFIPS"),
        use_dual_stack: is_set("UseDualStack"),
        endpoint: text("Endpoint"),
        account_id: text("AccountId"),
        account_id_mode: match text("AccountIdEndpointMode") {
            None | Some("disabled") => AccountIdMode::Disabled,
            Some("preferred") => AccountIdMode::Preferred,
            Some("required") => AccountIdMode::Required,
            Some(other) => panic!("{other}"),
        },
        stream_id: text("StreamId"),
        stream_arn: text("StreamARN"),
        consumer_arn: text("ConsumerARN"),
        resource_arn: text("ResourceARN"),
        channel_arn: text("ChannelARN"),
        queue_arn: text("QueueARN"),
        ..EndpointParams::of(operation)
    };
    match Endpoint::resolve(&params) {
        Ok(endpoint) => json!({"url": endpoint.uri.to_string().trim_end_matches('/')}),
        Err(error) => json!({"error": error.to_string()}),
    }
}

fn compare(cases: &str, at_least: usize) {
    let mut compared = 0;
    for line in ask(PROGRAM, &[cases]) {
        let case: Value = serde_json::from_str(&line).unwrap();
        let found = resolve(case["of"].as_str().unwrap(), &case["params"]);
        assert_eq!(found, case["answer"], "{line}");
        compared += 1;
    }
    assert!(compared > at_least, "only {compared} were compared");
}

#[test]
fn call_when_of_any_operation_in_any_region_and_variant_then_goes_where_botocore_sends_it() {
    compare("clients", 30_000);
}

#[test]
fn parameters_when_of_any_kind_even_wrong_then_resolve_as_by_aws_rules() {
    compare("rules", 20_000);
}

#[test]
fn regions_when_listed_then_are_those_that_botocore_lists_for_kinesis() {
    let ours = regions().iter().map(|region| {
        let (name, partition) = (region.name(), region.partition());
        json!({"name": name, "partition": partition, "description": region.description()})
    });
    let mut ours: Vec<Value> = ours.collect();
    let listed = ask(PROGRAM, &["regions"]);
    let mut theirs: Vec<Value> = serde_json::from_str(&listed[0]).unwrap();
    let name = |region: &Value| region["name"].as_str().unwrap().to_owned();
    ours.sort_by_key(name);
    theirs.sort_by_key(name);
    assert_eq!(ours, theirs);
    assert_eq!(Region::of("eu-central-1").unwrap().name(), "eu-central-1");
    assert_eq!(Region::of("fips-us-east-1"), None);
    for region in regions() {
        let params = EndpointParams {
            region: Some(region.name()),
            ..EndpointParams::default()
        };
        let endpoint = Endpoint::resolve(&params).unwrap();
        assert_eq!(endpoint.uri.host(), Some(region.endpoint().as_str()));
    }
}

#[test]
fn input_when_it_has_arns_then_they_decide() {
    let stream = "arn:aws:kinesis:us-east-1:123456789012:stream/orders";
    let input = DescribeStreamConsumerInput {
        stream_arn: Some(stream.to_owned()),
        ..DescribeStreamConsumerInput::default()
    };
    let params = EndpointParams::of("DescribeStreamConsumer").read(&input);
    assert_eq!(params.stream_arn, Some(stream));
    assert_eq!(params.consumer_arn, None);
    let input = ListTagsForResourceInput {
        resource_arn: stream.to_owned(),
        ..ListTagsForResourceInput::default()
    };
    let params = EndpointParams::of("ListTagsForResource").read(&input);
    assert_eq!(params.resource_arn, Some(stream));
}

#[test]
fn pseudo_region_when_resolved_then_is_signed_for_the_region_it_stands_for() {
    let resolve = |region| {
        let params = EndpointParams {
            region: Some(region),
            ..EndpointParams::of("ListStreams")
        };
        let endpoint = Endpoint::resolve(&params).unwrap();
        (endpoint.uri.to_string(), endpoint.signing_region.unwrap())
    };
    let fips = "https://kinesis-fips.us-east-1.amazonaws.com/";
    let expected = (fips.to_owned(), "us-east-1".to_owned());
    assert_eq!(resolve("fips-us-east-1"), expected);
    assert_eq!(resolve("us-east-1-fips"), expected);
}

#[test]
fn stream_id_when_it_would_lead_to_another_host_then_is_refused() {
    for id in [
        "evil.example/aaaaaaa-xyz",
        "evil.example#aaaaaaa-xyz",
        "aaaaaaaaaaaaaaaaaaaa-/@x",
    ] {
        let params = EndpointParams {
            region: Some("us-east-1"),
            stream_id: Some(id),
            ..EndpointParams::of("PutRecord")
        };
        let error = Endpoint::resolve(&params).unwrap_err();
        assert_eq!(error.to_string(), "Invalid stream id.");
    }
}

#[test]
fn endpoint_when_not_the_url_of_a_server_then_is_refused() {
    let resolve = |endpoint| {
        let params = EndpointParams {
            region: Some("us-east-1"),
            endpoint: Some(endpoint),
            ..EndpointParams::of("PutRecord")
        };
        Endpoint::resolve(&params)
    };
    for wrong in [
        "",
        "localhost",
        "localhost:4567",
        "/x",
        "http://",
        "ftp://host",
        "http://a b",
        "*",
    ] {
        assert_eq!(resolve(wrong), Err(EndpointError::Url(wrong.to_owned())));
    }
    for right in ["http://localhost:4567", "https://[::1]:1/base", "HTTP://h"] {
        assert!(resolve(right).is_ok(), "{right}");
    }
}
