import java.util.function.Consumer;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisClient;

/**
 * How to connect from Java: AWS's SDK as it is, with AWS_ENDPOINT_URL in the environment.
 *
 * <p>The synchronous client speaks HTTP/1.1, the asynchronous one HTTP/2 from the first byte; both send CBOR.
 * Every operation that the server has is called by each, but that SubscribeToShard is the asynchronous one's
 * alone, and what it did is looked at. It prints a line for each step, and ends with an exception at the first
 * that is not as on AWS.
 */
public final class Session {
    private Session() {}

    public static void main(String[] arguments) {
        System.out.println("the synchronous client");
        try (KinesisClient kinesis = KinesisClient.create()) {
            hold(kinesis, "java-orders", consumer -> {});
        }
        System.out.println("the asynchronous client");
        try (KinesisAsyncClient kinesis = KinesisAsyncClient.create()) {
            String stream = "java-async-orders";
            hold(Waiting.on(kinesis), stream, consumer -> Subscription.hold(kinesis, stream, consumer));
        }
    }

    private static void hold(KinesisClient kinesis, String stream, Consumer<String> subscriber) {
        Streams streams = new Streams(kinesis, stream);
        Records records = new Records(kinesis, stream);
        String arn = streams.create();
        streams.describe(arn);
        streams.tag();
        streams.retain();
        streams.monitor();
        streams.encrypt();
        records.record();
        streams.consume(arn, subscriber);
        records.reshard();
        streams.decrypt();
        streams.refuse();
        streams.remove();
    }
}
