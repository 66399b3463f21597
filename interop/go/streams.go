// Streams, from their creation to their end, and what is refused.

package main

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// The key of the service itself.
var key = aws.String("alias/aws/kinesis")

// create makes the stream, with two shards, and answers its ARN.
func create(ctx context.Context, client *kinesis.Client) *string {
	_, err := client.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: name, ShardCount: aws.Int32(2)})
	must(err)
	waiter := kinesis.NewStreamExistsWaiter(client)
	described, err := waiter.WaitForOutput(ctx, &kinesis.DescribeStreamInput{StreamName: name}, waitMax)
	must(err)
	check("CreateStream, DescribeStream", len(described.StreamDescription.Shards), 2)
	return described.StreamDescription.StreamARN
}

func describe(ctx context.Context, client *kinesis.Client, arn *string) {
	described, err := client.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamARN: arn})
	must(err)
	summary := described.StreamDescriptionSummary
	check("DescribeStreamSummary", []any{*summary.StreamName, *summary.OpenShardCount}, []any{stream, 2})

	var names []string
	pages := kinesis.NewListStreamsPaginator(client, &kinesis.ListStreamsInput{Limit: aws.Int32(1)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		must(err)
		names = append(names, page.StreamNames...)
	}
	check("ListStreams", names, []string{stream})

	limits, err := client.DescribeLimits(ctx, &kinesis.DescribeLimitsInput{})
	must(err)
	check("DescribeLimits", *limits.OpenShardCount, 2)
}

func tag(ctx context.Context, client *kinesis.Client) {
	tags := map[string]string{"team": "sales", "stage": "test"}
	_, err := client.AddTagsToStream(ctx, &kinesis.AddTagsToStreamInput{StreamName: name, Tags: tags})
	must(err)
	_, err = client.RemoveTagsFromStream(ctx, &kinesis.RemoveTagsFromStreamInput{StreamName: name, TagKeys: []string{"stage"}})
	must(err)
	listed, err := client.ListTagsForStream(ctx, &kinesis.ListTagsForStreamInput{StreamName: name})
	must(err)
	check("AddTagsToStream, RemoveTagsFromStream, ListTagsForStream",
		[]any{len(listed.Tags), *listed.Tags[0].Key, *listed.Tags[0].Value}, []any{1, "team", "sales"})
}

func retain(ctx context.Context, client *kinesis.Client) {
	_, err := client.IncreaseStreamRetentionPeriod(ctx,
		&kinesis.IncreaseStreamRetentionPeriodInput{StreamName: name, RetentionPeriodHours: aws.Int32(48)})
	must(err)
	check("IncreaseStreamRetentionPeriod", retention(ctx, client), 48)
	_, err = client.DecreaseStreamRetentionPeriod(ctx,
		&kinesis.DecreaseStreamRetentionPeriodInput{StreamName: name, RetentionPeriodHours: aws.Int32(24)})
	must(err)
	check("DecreaseStreamRetentionPeriod", retention(ctx, client), 24)
}

func retention(ctx context.Context, client *kinesis.Client) int32 {
	described, err := client.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: name})
	must(err)
	return *described.StreamDescriptionSummary.RetentionPeriodHours
}

func monitor(ctx context.Context, client *kinesis.Client) {
	metrics := []types.MetricsName{types.MetricsNameIncomingBytes}
	enabled, err := client.EnableEnhancedMonitoring(ctx,
		&kinesis.EnableEnhancedMonitoringInput{StreamName: name, ShardLevelMetrics: metrics})
	must(err)
	check("EnableEnhancedMonitoring", enabled.DesiredShardLevelMetrics, metrics)
	disabled, err := client.DisableEnhancedMonitoring(ctx,
		&kinesis.DisableEnhancedMonitoringInput{StreamName: name, ShardLevelMetrics: metrics})
	must(err)
	check("DisableEnhancedMonitoring", len(disabled.DesiredShardLevelMetrics), 0)
}

// encrypt has what is put from now on encrypted, by a key that is there without being made.
func encrypt(ctx context.Context, client *kinesis.Client) {
	_, err := client.StartStreamEncryption(ctx,
		&kinesis.StartStreamEncryptionInput{StreamName: name, EncryptionType: types.EncryptionTypeKms, KeyId: key})
	must(err)
	check("StartStreamEncryption", encryption(ctx, client), []any{types.EncryptionTypeKms, *key})
}

func decrypt(ctx context.Context, client *kinesis.Client) {
	_, err := client.StopStreamEncryption(ctx,
		&kinesis.StopStreamEncryptionInput{StreamName: name, EncryptionType: types.EncryptionTypeKms, KeyId: key})
	must(err)
	check("StopStreamEncryption", encryption(ctx, client), []any{types.EncryptionTypeNone, ""})
}

// encryption waits until the stream is active, and answers how it is encrypted.
func encryption(ctx context.Context, client *kinesis.Client) []any {
	waiter := kinesis.NewStreamExistsWaiter(client)
	must(waiter.Wait(ctx, &kinesis.DescribeStreamInput{StreamName: name}, waitMax))
	described, err := client.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: name})
	must(err)
	summary := described.StreamDescriptionSummary
	return []any{summary.EncryptionType, aws.ToString(summary.KeyId)}
}

// refuse asks for what is refused: errors arrive as the SDK's types.
func refuse(ctx context.Context, client *kinesis.Client) {
	_, err := client.PutRecord(ctx, &kinesis.PutRecordInput{
		StreamName: aws.String("none"), PartitionKey: aws.String("key"), Data: []byte("lost")})
	var missing *types.ResourceNotFoundException
	check("ResourceNotFoundException", errors.As(err, &missing), true)

	_, err = client.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: name, ShardCount: aws.Int32(1)})
	var taken *types.ResourceInUseException
	check("ResourceInUseException", errors.As(err, &taken), true)

	_, err = client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: aws.String("made-up")})
	var invalid *types.InvalidArgumentException
	check("InvalidArgumentException", errors.As(err, &invalid), true)
}

func remove(ctx context.Context, client *kinesis.Client) {
	_, err := client.DeleteStream(ctx, &kinesis.DeleteStreamInput{StreamName: name})
	must(err)
	waiter := kinesis.NewStreamNotExistsWaiter(client)
	must(waiter.Wait(ctx, &kinesis.DescribeStreamInput{StreamName: name}, waitMax))
	check("DeleteStream", "gone", "gone")
}
