import java.math.BigInteger;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kinesis.KinesisClient;

/** Puts records one after the other, never many more than were seen, until it is closed. */
final class Producer implements AutoCloseable {
    private final KinesisClient kinesis;
    private final String stream;
    private final History history;
    private final Thread thread = new Thread(this::putOn, "producer");
    private volatile boolean closed;
    private volatile Exception failure;

    Producer(KinesisClient kinesis, String stream, History history) {
        this.kinesis = kinesis;
        this.stream = stream;
        this.history = history;
        thread.setDaemon(true);
        thread.start();
    }

    private void putOn() {
        try {
            for (int number = 0; !closed; number++) {
                history.awaitRoom();
                String key = "key-" + number;
                var put = kinesis.putRecord(r -> r.streamName(stream).partitionKey(key).data(SdkBytes.fromUtf8String(key)));
                history.put(put.shardId(), new BigInteger(put.sequenceNumber()));
            }
        } catch (Exception | AssertionError error) {
            failure = new Exception("the producer has failed", error);
        }
    }

    /** Ends when the record that is being put is there. */
    @Override
    public void close() throws Exception {
        closed = true;
        history.close();
        thread.join();
        if (failure != null) {
            throw failure;
        }
    }
}
