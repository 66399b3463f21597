import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.reactivestreams.Subscriber;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;
import software.amazon.awssdk.services.kinesis.model.SubscribeToShardEvent;
import software.amazon.awssdk.services.kinesis.model.SubscribeToShardEventStream;
import software.amazon.awssdk.services.kinesis.model.SubscribeToShardResponseHandler;

/** What is pushed to a consumer: it asks for one event after the other, and is sent no more. */
final class Subscription implements Subscriber<SubscribeToShardEventStream> {
    private static final int EVENT_SECONDS_MAX = 30;

    private final BlockingQueue<Object> arrived = new LinkedBlockingQueue<>();
    private org.reactivestreams.Subscription source;

    /** Reads what is in the second shard, and then what is put while it listens. */
    static void hold(KinesisAsyncClient kinesis, String stream, String consumer) {
        Subscription subscription = new Subscription();
        var handler = SubscribeToShardResponseHandler.builder()
                .onEventStream(events -> events.subscribe(subscription))
                .onError(subscription.arrived::add)
                .build();
        CompletableFuture<Void> whole = kinesis.subscribeToShard(
                r -> r.consumerARN(consumer).shardId(Records.SECOND)
                        .startingPosition(position -> position.type(ShardIteratorType.TRIM_HORIZON)),
                handler);
        Check.that("SubscribeToShard: what is there", subscription.next(), "two");

        SdkBytes data = SdkBytes.fromUtf8String("pushed");
        kinesis.putRecord(r -> r.streamName(stream).partitionKey("other").explicitHashKey(Records.SECOND_KEY).data(data)).join();
        Check.that("SubscribeToShard: what is put", subscription.next(), "pushed");
        subscription.source.cancel();
        whole.cancel(true);
    }

    /** The data of the first record in the next event that has any; or what came instead. */
    private String next() {
        while (true) {
            Object event = take();
            if (!(event instanceof SubscribeToShardEvent pushed)) {
                return String.valueOf(event);
            }
            source.request(1);
            if (pushed.hasRecords() && !pushed.records().isEmpty()) {
                return pushed.records().get(0).data().asUtf8String();
            }
        }
    }

    private Object take() {
        try {
            return arrived.poll(EVENT_SECONDS_MAX, TimeUnit.SECONDS);
        } catch (InterruptedException nobodyDoes) {
            throw new AssertionError(nobodyDoes);
        }
    }

    @Override
    public void onSubscribe(org.reactivestreams.Subscription source) {
        this.source = source;
        source.request(1);
    }

    @Override
    public void onNext(SubscribeToShardEventStream event) {
        arrived.add(event);
    }

    @Override
    public void onError(Throwable error) {
        arrived.add(error);
    }

    @Override
    public void onComplete() {
        arrived.add("the end");
    }
}
