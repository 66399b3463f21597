import com.google.common.util.concurrent.ListenableFuture;
import java.math.BigInteger;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import software.amazon.awssdk.auth.credentials.ProfileCredentialsProvider;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.kinesis.producer.KinesisProducer;
import software.amazon.kinesis.producer.KinesisProducerConfiguration;
import software.amazon.kinesis.producer.UserRecordResult;

/**
 * The Kinesis Producer Library as it is, its records read back by the Kinesis Client Library.
 *
 * <p>Records are put aggregated and plain, before and after a shard is split and others are merged. The producer
 * takes a host and a port and speaks TLS alone, here with whatever certificate it is shown; the rest goes to
 * AWS_ENDPOINT_URL, and the leases are in a DynamoDB that AWS_ENDPOINT_URL_DYNAMODB names. The producer has the
 * access key of the environment, who reads back that of the profile `reader`, and who changes shards that of
 * `operator`.
 */
public final class KplSession {
    private static final String STREAM = "kpl-orders";
    /** In the middle of the first of four shards. */
    private static final String MIDDLE = BigInteger.ONE.shiftLeft(125).toString();
    private static final int ROUND = 1000;
    private static final int MINUTES_MAX = 3;

    private KplSession() {}

    public static void main(String[] arguments) throws Exception {
        int status = 1;
        var operator = ProfileCredentialsProvider.create("operator");
        try (KinesisClient kinesis = KinesisClient.builder().credentialsProvider(operator).build()) {
            hold(kinesis);
            status = 0;
        } catch (Exception | AssertionError error) {
            error.printStackTrace();
        }
        // Threads of the library's would go on for a while.
        System.exit(status);
    }

    private static void hold(KinesisClient kinesis) throws Exception {
        kinesis.createStream(r -> r.streamName(STREAM).shardCount(4));
        kinesis.waiter().waitUntilStreamExists(r -> r.streamName(STREAM));
        KinesisProducer aggregating = producer(true);
        KinesisProducer plain = producer(false);
        Check.that("plain, each on its own", put(plain, "plain before"), ROUND);
        // Until it knows the stream's shards it puts each record on its own.
        put(aggregating, "aggregated at first");
        Check.that("aggregated, many together", put(aggregating, "aggregated before") < ROUND / 2, true);

        kinesis.splitShard(r -> r.streamName(STREAM).shardToSplit("shardId-000000000000").newStartingHashKey(MIDDLE));
        kinesis.mergeShards(r -> r.streamName(STREAM).shardToMerge("shardId-000000000001")
                .adjacentShardToMerge("shardId-000000000002"));
        put(aggregating, "aggregated after");
        put(plain, "plain after");
        aggregating.destroy();
        plain.destroy();
        readBack(5 * ROUND);
    }

    private static KinesisProducer producer(boolean aggregates) {
        URI endpoint = URI.create(System.getenv("AWS_ENDPOINT_URL"));
        return new KinesisProducer(new KinesisProducerConfiguration()
                .setKinesisEndpoint(endpoint.getHost())
                .setKinesisPort(endpoint.getPort())
                .setStsEndpoint(endpoint.getHost())
                .setStsPort(endpoint.getPort())
                .setVerifyCertificate(false)
                .setRegion(System.getenv("AWS_REGION"))
                .setTempDirectory("target")
                .setMetricsLevel("none")
                .setAggregationEnabled(aggregates));
    }

    /** Puts a round of records, and answers under how many sequence numbers they are kept. */
    private static int put(KinesisProducer producer, String what) throws Exception {
        List<ListenableFuture<UserRecordResult>> results = new ArrayList<>();
        for (int number = 0; number < ROUND; number++) {
            String data = what + " " + number;
            results.add(producer.addUserRecord(STREAM, data, ByteBuffer.wrap(data.getBytes(StandardCharsets.UTF_8))));
        }
        producer.flush();
        Set<String> numbers = new HashSet<>();
        boolean all = true;
        for (ListenableFuture<UserRecordResult> result : results) {
            UserRecordResult one = result.get(MINUTES_MAX, TimeUnit.MINUTES);
            all &= one.isSuccessful();
            numbers.add(one.getSequenceNumber());
        }
        Check.that(what + ": acknowledged", all, true);
        return numbers.size();
    }

    private static void readBack(int wanted) throws Exception {
        Map<String, Integer> times = new ConcurrentHashMap<>();
        CountDownLatch left = new CountDownLatch(wanted);
        var own = ProfileCredentialsProvider.create("reader");
        Worker worker = new Worker(STREAM, "reader", own, false, () -> new Collector(data -> {
            if (times.merge(data, 1, Integer::sum) == 1) {
                left.countDown();
            }
        }));
        boolean all = left.await(MINUTES_MAX, TimeUnit.MINUTES);
        worker.close();
        Check.that("read back, out of their aggregates", all, true);
        Check.that("nothing else was there", times.size(), wanted);
    }
}
