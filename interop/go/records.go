// Records and the shards that they are in.

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

const (
	firstShard  = "shardId-000000000000"
	secondShard = "shardId-000000000001"
	// The first hash key of the second shard, and one in the middle of the first.
	second = "170141183460469231731687303715884105728"
	middle = "85070591730234615865843651857942052864"
)

// record puts records and reads them back; those with hash key 0 are in the first shard.
func record(ctx context.Context, client *kinesis.Client) {
	first, err := client.PutRecord(ctx, &kinesis.PutRecordInput{StreamName: name,
		PartitionKey: aws.String("customer"), ExplicitHashKey: aws.String("0"), Data: []byte{0, 255, 10}})
	must(err)
	check("PutRecord", *first.ShardId, firstShard)

	put, err := client.PutRecords(ctx, &kinesis.PutRecordsInput{StreamName: name, Records: []types.PutRecordsRequestEntry{
		{PartitionKey: aws.String("customer"), ExplicitHashKey: aws.String("0"), Data: []byte("one")},
		{PartitionKey: aws.String("other"), ExplicitHashKey: aws.String(second), Data: []byte("two")},
	}})
	must(err)
	check("PutRecords", []any{*put.FailedRecordCount, *put.Records[0].ShardId, *put.Records[1].ShardId},
		[]any{0, firstShard, secondShard})

	records := read(ctx, client, firstShard, types.ShardIteratorTypeTrimHorizon, nil)
	check("GetShardIterator, GetRecords", fmt.Sprintf("%q %q", records[0].Data, records[1].Data), `"\x00\xff\n" "one"`)
	check("sequence numbers", *records[0].SequenceNumber, *first.SequenceNumber)
	check("arrival times", time.Since(*records[0].ApproximateArrivalTimestamp).Abs() < time.Minute, true)
	later := read(ctx, client, firstShard, types.ShardIteratorTypeAtTimestamp, aws.Time(time.Now().Add(-time.Hour)))
	check("AT_TIMESTAMP", len(later), 2)
}

func read(ctx context.Context, client *kinesis.Client, shard string, kind types.ShardIteratorType, at *time.Time) []types.Record {
	iterator, err := client.GetShardIterator(ctx, &kinesis.GetShardIteratorInput{
		StreamName: name, ShardId: &shard, ShardIteratorType: kind, Timestamp: at})
	must(err)
	answer, err := client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: iterator.ShardIterator})
	must(err)
	check("MillisBehindLatest", *answer.MillisBehindLatest, 0)
	return answer.Records
}

// reshard splits a shard, merges its children and doubles the stream.
func reshard(ctx context.Context, client *kinesis.Client) {
	_, err := client.SplitShard(ctx, &kinesis.SplitShardInput{
		StreamName: name, ShardToSplit: aws.String(firstShard), NewStartingHashKey: aws.String(middle)})
	must(err)
	open := openShards(ctx, client)
	check("SplitShard, ListShards", len(open), 3)
	check("children", children(ctx, client, firstShard), []string{*open[1].ShardId, *open[2].ShardId})

	_, err = client.MergeShards(ctx, &kinesis.MergeShardsInput{
		StreamName: name, ShardToMerge: open[1].ShardId, AdjacentShardToMerge: open[2].ShardId})
	must(err)
	check("MergeShards", len(openShards(ctx, client)), 2)

	updated, err := client.UpdateShardCount(ctx, &kinesis.UpdateShardCountInput{
		StreamName: name, TargetShardCount: aws.Int32(4), ScalingType: types.ScalingTypeUniformScaling})
	must(err)
	check("UpdateShardCount", []any{*updated.TargetShardCount, len(openShards(ctx, client))}, []any{4, 4})
}

func openShards(ctx context.Context, client *kinesis.Client) []types.Shard {
	listed, err := client.ListShards(ctx, &kinesis.ListShardsInput{StreamName: name,
		ShardFilter: &types.ShardFilter{Type: types.ShardFilterTypeAtLatest}})
	must(err)
	return listed.Shards
}

// children reads a closed shard to its end, and answers which shards follow it.
func children(ctx context.Context, client *kinesis.Client, shard string) []string {
	start, err := client.GetShardIterator(ctx, &kinesis.GetShardIteratorInput{
		StreamName: name, ShardId: &shard, ShardIteratorType: types.ShardIteratorTypeTrimHorizon})
	must(err)
	var found []string
	for iterator := start.ShardIterator; iterator != nil; {
		answer, err := client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: iterator})
		must(err)
		for _, child := range answer.ChildShards {
			found = append(found, *child.ShardId)
		}
		iterator = answer.NextShardIterator
	}
	return found
}
