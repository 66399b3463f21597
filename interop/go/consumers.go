// A registered consumer, and what is pushed to it.

package main

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// consume registers a consumer, has records pushed to it, and deregisters it.
func consume(ctx context.Context, client *kinesis.Client, arn *string) {
	registered, err := client.RegisterStreamConsumer(ctx,
		&kinesis.RegisterStreamConsumerInput{StreamARN: arn, ConsumerName: aws.String("audit")})
	must(err)
	consumer := registered.Consumer.ConsumerARN
	described, err := client.DescribeStreamConsumer(ctx, &kinesis.DescribeStreamConsumerInput{ConsumerARN: consumer})
	must(err)
	check("RegisterStreamConsumer, DescribeStreamConsumer", described.ConsumerDescription.ConsumerStatus, "ACTIVE")
	listed, err := client.ListStreamConsumers(ctx, &kinesis.ListStreamConsumersInput{StreamARN: arn})
	must(err)
	check("ListStreamConsumers", *listed.Consumers[0].ConsumerARN, *consumer)

	subscribe(ctx, client, consumer)

	_, err = client.DeregisterStreamConsumer(ctx, &kinesis.DeregisterStreamConsumerInput{ConsumerARN: consumer})
	must(err)
	listed, err = client.ListStreamConsumers(ctx, &kinesis.ListStreamConsumersInput{StreamARN: arn})
	must(err)
	check("DeregisterStreamConsumer", len(listed.Consumers), 0)
}

// subscribe reads what is in the second shard, and then what is put while it listens.
func subscribe(ctx context.Context, client *kinesis.Client, consumer *string) {
	subscribed, err := client.SubscribeToShard(ctx, &kinesis.SubscribeToShardInput{
		ConsumerARN: consumer, ShardId: aws.String(secondShard),
		StartingPosition: &types.StartingPosition{Type: types.ShardIteratorTypeTrimHorizon}})
	must(err)
	events := subscribed.GetStream()
	defer events.Close()
	check("SubscribeToShard: what is there", next(events), "two")

	_, err = client.PutRecord(ctx, &kinesis.PutRecordInput{StreamName: name,
		PartitionKey: aws.String("other"), ExplicitHashKey: aws.String(second), Data: []byte("pushed")})
	must(err)
	check("SubscribeToShard: what is put", next(events), "pushed")
}

// next answers the data of the records in the first event that has any.
func next(events *kinesis.SubscribeToShardEventStream) string {
	for event := range events.Events() {
		pushed, ok := event.(*types.SubscribeToShardEventStreamMemberSubscribeToShardEvent)
		if !ok || pushed.Value.ContinuationSequenceNumber == nil {
			return fmt.Sprintf("%#v", event)
		}
		if len(pushed.Value.Records) > 0 {
			return string(pushed.Value.Records[0].Data)
		}
	}
	return fmt.Sprint("the end: ", events.Err())
}
