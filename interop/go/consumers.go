// A registered consumer, and what is pushed to it.

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// More than a subscription may need to be made again.
const attemptsMax = 10

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
	start := &types.StartingPosition{Type: types.ShardIteratorTypeTrimHorizon}
	subscription := &subscription{client: client, consumer: consumer, position: start}
	subscription.open(ctx)
	defer func() { subscription.events.Close() }()
	check("SubscribeToShard: what is there", subscription.next(ctx), "two")

	_, err := client.PutRecord(ctx, &kinesis.PutRecordInput{StreamName: name,
		PartitionKey: aws.String("other"), ExplicitHashKey: aws.String(second), Data: []byte("pushed")})
	must(err)
	check("SubscribeToShard: what is put", subscription.next(ctx), "pushed")
}

// A subscription that is made anew, where the last has left off, whenever it ends: after five minutes at the
// latest, and whenever the connection does. Without TLS this SDK now and then closes a connection itself, when
// the answer begins before it believes that its request is written.
type subscription struct {
	client   *kinesis.Client
	consumer *string
	position *types.StartingPosition
	events   *kinesis.SubscribeToShardEventStream
}

// open subscribes; while an earlier subscription stands in the way, for five seconds, again and again.
func (s *subscription) open(ctx context.Context) {
	for range attemptsMax {
		subscribed, err := s.client.SubscribeToShard(ctx, &kinesis.SubscribeToShardInput{
			ConsumerARN: s.consumer, ShardId: aws.String(secondShard), StartingPosition: s.position})
		if err == nil {
			s.events = subscribed.GetStream()
			return
		}
		var inUse *types.ResourceInUseException
		var tooMany *types.LimitExceededException
		if !errors.As(err, &inUse) && !errors.As(err, &tooMany) {
			must(err)
		}
		time.Sleep(time.Second)
	}
	check("SubscribeToShard: in use", "for ever", "for five seconds")
}

// next answers the data of the first record in the next event that has any.
func (s *subscription) next(ctx context.Context) string {
	for range attemptsMax {
		for event := range s.events.Events() {
			pushed, ok := event.(*types.SubscribeToShardEventStreamMemberSubscribeToShardEvent)
			if !ok || pushed.Value.ContinuationSequenceNumber == nil {
				return fmt.Sprintf("%#v", event)
			}
			s.position = &types.StartingPosition{Type: types.ShardIteratorTypeAfterSequenceNumber,
				SequenceNumber: pushed.Value.ContinuationSequenceNumber}
			if len(pushed.Value.Records) > 0 {
				return string(pushed.Value.Records[0].Data)
			}
		}
		fmt.Println("subscribing again:", s.events.Err())
		s.open(ctx)
	}
	return "nothing"
}
