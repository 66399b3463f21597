package main

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// consume registers a consumer, looks at it, and deregisters it.
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

	_, err = client.DeregisterStreamConsumer(ctx, &kinesis.DeregisterStreamConsumerInput{ConsumerARN: consumer})
	must(err)
	listed, err = client.ListStreamConsumers(ctx, &kinesis.ListStreamConsumersInput{StreamARN: arn})
	must(err)
	check("DeregisterStreamConsumer", len(listed.Consumers), 0)
}
