// How to connect from Go: AWS's SDK as it is, with AWS_ENDPOINT_URL in the environment.
//
// Every operation that the server has is called once, and what it did is looked at. It prints a line for
// each step, and ends with an error at the first that is not as on AWS.
package main

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

const (
	stream  = "go-orders"
	waitMax = 30 * time.Second
)

var name = aws.String(stream)

func main() {
	log.SetFlags(0)
	ctx := context.Background()
	settings, err := config.LoadDefaultConfig(ctx)
	must(err)
	client := kinesis.NewFromConfig(settings)

	arn := create(ctx, client)
	describe(ctx, client, arn)
	tag(ctx, client)
	retain(ctx, client)
	monitor(ctx, client)
	encrypt(ctx, client)
	record(ctx, client)
	consume(ctx, client, arn)
	reshard(ctx, client)
	decrypt(ctx, client)
	refuse(ctx, client)
	remove(ctx, client)
}

// must ends the program at an error that should not be.
func must(err error) {
	if err != nil {
		log.Fatalf("not ok: %v", err)
	}
}

// check says that a step went as it should, or ends the program.
func check(what string, got, wanted any) {
	if fmt.Sprint(got) != fmt.Sprint(wanted) {
		log.Fatalf("not ok: %s: %v instead of %v", what, got, wanted)
	}
	fmt.Println("ok:", what)
}
